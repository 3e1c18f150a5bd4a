"""Whether a set may be relied on, and why; how long a backfill will take."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from banyan.movement.model import (
    DataSet,
    DataStanding,
    Polling,
    Progress,
    ReturnStanding,
    SetPhase,
    SetPlan,
)
from banyan.movement.rules.plan import reverse_of

SILENT_AFTER = timedelta(seconds=60)
"""A mover that hasn't been heard of for so long is taken to be dead."""

FRESH = timedelta(seconds=3)
"""What a mover says of its lag holds for so long; it says it each second."""

_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


def seconds_of(text: str) -> float:
    """Of a duration such as ``30s``, which the plan's check has let pass."""
    unit = "ms" if text.endswith("ms") else text[-1]
    return int(text.removesuffix(unit)) * _UNITS[unit]


def progress_of(data_set: DataSet, now: datetime) -> Progress | None:
    if data_set.began_at is None:
        return None
    until = data_set.backfilled_at or data_set.seen_at or now
    took_s = max((until - data_set.began_at).total_seconds(), 0.001)
    done, total = data_set.rows_done, data_set.rows_total
    if data_set.backfilled_at is not None:
        return Progress(done, total, 1.0, done / took_s, 0.0)
    rate = done / took_s if done else None
    share = None if not total else min(done / total, 0.999)
    left_s = (total - done) / rate if total and rate and total > done else None
    return Progress(done, total, share, rate, left_s)


def standing_of(
    data_set: DataSet, plan: SetPlan, counts: Mapping[str, int], now: datetime
) -> DataStanding:
    """Judge a set; ``counts`` are its open findings by kind."""
    is_back = data_set.phase == SetPhase.REVERSING
    differing = sum(counts.get(kind, 0) for kind in ("missing", "extra", "differs"))
    stuck, conflicts = counts.get("stuck", 0), counts.get("conflict", 0)
    against = _against(data_set, plan, now, differing=differing, stuck=stuck, conflicts=conflicts)
    lag_rows = data_set.lag_back_rows if is_back else data_set.lag_rows
    lag_s = data_set.lag_back_s if is_back else data_set.lag_s
    sentence = (
        f"{data_set.name} is not verified: {against}."
        if against
        else f"{data_set.name} is verified: {data_set.verified_rows:,} rows alike at "
        f"{data_set.verified_at:%Y-%m-%d %H:%M:%S} UTC, {lag_rows or 0:,} changes under way."
    )
    return DataStanding(
        set_id=data_set.set_id,
        name=data_set.name,
        phase=data_set.phase,
        is_verified=not against,
        sentence=sentence,
        lag_rows=lag_rows,
        lag_s=lag_s,
        rows=data_set.verified_rows,
        differing=differing,
        stuck=stuck,
        conflicts=conflicts,
        verified_at=data_set.verified_at,
        progress=progress_of(data_set, now),
    )


def _against(
    data_set: DataSet,
    plan: SetPlan,
    now: datetime,
    *,
    differing: int,
    stuck: int,
    conflicts: int,
) -> str:
    """The first thing that stands against relying on the set; empty: nothing."""
    if data_set.phase == SetPhase.WAITING:
        return "it hasn't begun"
    if data_set.phase == SetPhase.BACKFILLING:
        return f"it is being filled, {_done(data_set)}"
    if data_set.seen_at is None or now - data_set.seen_at > SILENT_AFTER:
        return "its mover isn't running"
    if data_set.failure:
        return f"its mover is stopped ({data_set.failure})"
    rows = _rows_against(differing=differing, stuck=stuck, conflicts=conflicts)
    return rows or _foreign_against(data_set) or _time_against(data_set, plan, now)


def _foreign_against(data_set: DataSet) -> str:
    if data_set.phase == SetPhase.REVERSING or not data_set.lag_back_rows:
        return ""
    return f"{data_set.lag_back_rows:,} rows that others wrote at the target haven't been judged"


def _rows_against(*, differing: int, stuck: int, conflicts: int) -> str:
    if stuck:
        return f"{stuck:,} rows can't be written"
    if differing:
        return f"{differing:,} rows differ"
    if conflicts:
        return f"{conflicts:,} rows were changed on both sides and wait for a decision"
    return ""


def _time_against(data_set: DataSet, plan: SetPlan, now: datetime) -> str:
    if data_set.phase == SetPhase.REVERSING and reverse_of(plan) is None:
        return "it was cut over without a way back, and nothing compares it any more"
    if data_set.verified_at is None:
        return "its rows haven't all been compared yet"
    age_s = (now - data_set.verified_at).total_seconds()
    if age_s > seconds_of(plan.verify.age_max):
        return f"the last comparison is {age_s:,.0f} s old (at most {plan.verify.age_max})"
    is_back = data_set.phase == SetPhase.REVERSING
    lag_rows = data_set.lag_back_rows if is_back else data_set.lag_rows
    lag_s = data_set.lag_back_s if is_back else data_set.lag_s
    if lag_rows and lag_s is None:
        return f"{lag_rows:,} changes wait, nobody knows since when"
    if lag_s is not None and lag_s > seconds_of(plan.verify.lag_max):
        return f"it lags {lag_s:,.1f} s behind (at most {plan.verify.lag_max})"
    return ""


def _done(data_set: DataSet) -> str:
    of = f" of about {data_set.rows_total:,}" if data_set.rows_total else ""
    return f"{data_set.rows_done:,}{of} rows"


def unknown_of(data_set: DataSet, plan: SetPlan, now: datetime) -> str:
    """Why nobody knows what of a set that was cut over hasn't come back; empty: it is known."""
    back = reverse_of(plan)
    if data_set.phase != SetPhase.REVERSING or back is None:
        return ""
    if back.changes == "none":
        return f"What was written to {data_set.name} isn't carried back."
    if isinstance(back.changes, Polling):
        return f"{data_set.name} is polled: nobody knows what hasn't come back yet."
    if data_set.seen_at is None or now - data_set.seen_at > FRESH:
        return f"The mover of {data_set.name} hasn't been heard of in the last {FRESH.seconds} s."
    if data_set.lag_back_rows is None:
        return f"Nobody knows how many changes of {data_set.name} are still on their way back."
    return ""


def return_of(
    standings: Sequence[DataStanding],
    not_reversed: Sequence[str],
    unknown: Mapping[str, str] = MappingProxyType({}),
) -> ReturnStanding:
    """Whether going back to the source loses nothing.

    ``not_reversed`` names the sets whose changes at the target aren't carried back, ``unknown``
    those of which nobody knows whether they have all come back, and why.
    """
    listed = list(standings)
    for name in not_reversed:
        return ReturnStanding(False, f"What was written to {name} isn't carried back.", listed)
    for one in standings:
        if one.phase != SetPhase.REVERSING:
            continue
        if not one.is_verified:
            return ReturnStanding(False, one.sentence, listed)
        if one.name in unknown:
            return ReturnStanding(False, unknown[one.name], listed)
        if one.lag_rows:
            why = f"{one.lag_rows:,} changes of {one.name} are still on their way back."
            return ReturnStanding(False, why, listed)
    return ReturnStanding(True, "Nothing would be lost: the source has every write.", listed)
