"""Figures of a route in one state, out of its minutes; and two states compared."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta

from banyan.migration.model.report import (
    QUANTILES,
    Comparison,
    Estimate,
    Figures,
    QuantileName,
)
from banyan.migration.model.standing import Minute
from banyan.migration.rules.report.intervals import difference, quantile, ratio, share


def figures_of(minutes: Iterable[Minute]) -> Figures | None:
    """What minutes of one route and side come to; None if nothing happened in them."""
    seen = [minute for minute in minutes if minute.requests]
    if not seen:
        return None
    histograms = [_numbered(minute.buckets) for minute in seen]
    requests = [minute.requests for minute in seen]
    errors = [minute.errors for minute in seen]
    latency: dict[QuantileName, Estimate] = {}
    for name, part in QUANTILES.items():
        estimate = quantile(histograms, part)
        if estimate is not None:
            latency[name] = estimate
    by_minute: dict[datetime, int] = {}
    for minute in seen:
        by_minute[minute.minute] = by_minute.get(minute.minute, 0) + minute.requests
    return Figures(
        minutes=len(by_minute),
        from_at=min(by_minute),
        until_at=max(by_minute) + timedelta(minutes=1),
        requests=sum(requests),
        errors=sum(errors),
        error_rate=share(errors, requests),
        latency=latency,
        per_second=sum(requests) / len(by_minute) / 60,
        per_second_max=max(by_minute.values()) / 60,
        fall_back_share=sum(minute.fall_backs for minute in seen) / sum(requests),
    )


def compared(before: Figures | None, after: Figures | None) -> Comparison:
    """Two states: latency as a ratio, errors as a difference."""
    if before is None or after is None:
        return Comparison(before=before, after=after, latency={}, errors=None)
    latency: dict[QuantileName, Estimate] = {}
    for name in QUANTILES:
        if name in before.latency and name in after.latency:
            found = ratio(before.latency[name], after.latency[name])
            if found is not None:
                latency[name] = found
    return Comparison(
        before=before,
        after=after,
        latency=latency,
        errors=difference(before.error_rate, after.error_rate),
    )


def _numbered(buckets: Mapping[str, int]) -> dict[int, int]:
    return {int(bucket): count for bucket, count in buckets.items()}
