"""From what was seen minute by minute to the figures and the chart of a route."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from banyan.console.look import DASH
from banyan.console.views.migration import LatencyMinute, SideLine
from banyan.gateway import bucket_us
from banyan.migration import Minute

SERIES = ("Legacy p50", "Candidate p50", "Legacy p99", "Candidate p99")
_SIDES = (("served", "Customers"), ("legacy", "Legacy"), ("candidate", "Candidate"))


def quantile_ms(buckets: Mapping[str, int], part: float) -> float | None:
    """The quantile of a histogram of the gateway's buckets, in ms; None of an empty one."""
    count = sum(buckets.values())
    if not count:
        return None
    rank, seen = max(1, round(part * count + 0.5)), 0
    for bucket in sorted(map(int, buckets)):
        seen += buckets[str(bucket)]
        if seen >= min(rank, count):
            return bucket_us(bucket) / 1000
    return None


def shown_ms(value: float | None) -> str:
    if value is None:
        return DASH
    return f"{value:,.0f} ms" if value >= 10 else f"{value:.1f} ms"


def sides_of(minutes: Sequence[Minute]) -> tuple[SideLine, ...]:
    """Customers, legacy and candidate, each over all of these minutes; sides not seen left out."""
    lines: list[SideLine] = []
    for side, label in _SIDES:
        of_side = [one for one in minutes if one.side == side]
        requests = sum(one.requests for one in of_side)
        if not requests:
            continue
        errors = sum(one.errors for one in of_side)
        buckets = _merged(of_side)
        lines.append(
            SideLine(
                side=label,
                requests=requests,
                errors=errors,
                error_share=f"{100 * errors / requests:.3g} %",
                p50=shown_ms(quantile_ms(buckets, 0.5)),
                p90=shown_ms(quantile_ms(buckets, 0.9)),
                p99=shown_ms(quantile_ms(buckets, 0.99)),
            )
        )
    return tuple(lines)


def latency_minutes(minutes: Sequence[Minute]) -> tuple[LatencyMinute, ...]:
    """The newest first, in the order of ``SERIES``."""
    by_minute: dict[datetime, list[Minute]] = {}
    for one in minutes:
        if one.side != "served":
            by_minute.setdefault(one.minute, []).append(one)
    return tuple(
        LatencyMinute(at, f"{at:%Y-%m-%dT%H:%M:%SZ}", _values(by_minute[at]))
        for at in sorted(by_minute, reverse=True)
    )


def _values(minutes: Sequence[Minute]) -> tuple[str, ...]:
    sides = {
        side: _merged(one for one in minutes if one.side == side)
        for side in ("legacy", "candidate")
    }
    return tuple(
        "" if found is None else f"{found:.2f}"
        for part in (0.5, 0.99)
        for found in (quantile_ms(sides["legacy"], part), quantile_ms(sides["candidate"], part))
    )


def _merged(minutes: Iterable[Minute]) -> dict[str, int]:
    whole: dict[str, int] = {}
    for one in minutes:
        for bucket, count in one.buckets.items():
            whole[bucket] = whole.get(bucket, 0) + count
    return whole
