"""Whether a set may be relied on, and why; how long a backfill will take."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from banyan.kernel import plural
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

SETTLES = timedelta(seconds=2)
"""After a return, requests that were under way at the target still end there for so long; what a mover
says before proves nothing."""

RETURN_TAKES = timedelta(minutes=2)
"""For so long at least the target's writes are carried back after a return: a request that was under
way may commit late. What is written there afterwards isn't the customers' any more."""

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
        else f"{data_set.name} is verified: {plural(data_set.verified_rows, 'row')} alike at "
        f"{data_set.verified_at:%Y-%m-%d %H:%M:%S} UTC, {plural(lag_rows or 0, 'change')} under way."
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
    if data_set.turned_at is not None:
        many = plural(
            data_set.lag_back_rows, "change of the new side is", "changes of the new side are"
        )
        return f"{many} still on the way back"
    many = plural(data_set.lag_back_rows, "row", "rows")
    return f"{many} that others wrote at the target not judged yet"


def _rows_against(*, differing: int, stuck: int, conflicts: int) -> str:
    if stuck:
        return f"{plural(stuck, 'row')} can't be written"
    if differing:
        return plural(differing, "row differs", "rows differ")
    if conflicts:
        return plural(
            conflicts,
            "row was changed on both sides and waits for a decision",
            "rows were changed on both sides and wait for a decision",
        )
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
        return f"{plural(lag_rows, 'change waits', 'changes wait')}, nobody knows since when"
    if lag_s is not None and lag_s > seconds_of(plan.verify.lag_max):
        return f"it lags {lag_s:,.1f} s behind (at most {plan.verify.lag_max})"
    return ""


def _done(data_set: DataSet) -> str:
    of = f" of about {data_set.rows_total:,}" if data_set.rows_total else ""
    return f"{data_set.rows_done:,}{of} rows"


def one_way_of(data_set: DataSet, plan: SetPlan) -> str:
    """Why what is written to a set that was cut over never comes back; empty: it is carried back."""
    back = reverse_of(plan)
    if data_set.phase != SetPhase.REVERSING:
        return ""
    if back is None or back.changes == "none":
        return f"What was written to {data_set.name} isn't carried back."
    if isinstance(back.changes, Polling):
        return f"{data_set.name} is polled: nobody knows what hasn't come back yet."
    return ""


def late_until(data_set: DataSet, plan: SetPlan) -> datetime | None:
    """Until when what the source writes late is looked for, before anything flows back to it.

    A polled source can't tell the mover's own rows from its application's: there the way back waits
    until requests that were under way at the cutover have ended, and their rows were seen. None: it
    doesn't wait.
    """
    changes, back = plan.changes, reverse_of(plan)
    if data_set.phase != SetPhase.REVERSING or not isinstance(changes, Polling):
        return None
    if back is None or back.changes == "none" or isinstance(back.changes, Polling):
        return None  # nobody could tell which of the target's rows are newer
    assert data_set.turned_at is not None, "it was cut over"
    wait_s = seconds_of(changes.overlap) + seconds_of(changes.every)
    return data_set.turned_at + timedelta(seconds=wait_s)


def refusal_of(data_set: DataSet, plan: SetPlan, counts: Mapping[str, int], now: datetime) -> str:
    """Why going back loses something, or leaves the source behind for long; empty: it doesn't.

    A few changes that are still on their way are no reason: they arrive after the return. That
    somebody carries them is believed until a mover is taken to be dead, since one that was killed is
    there again within seconds, and customers mustn't wait for it at a candidate that fails.
    """
    if data_set.phase != SetPhase.REVERSING:
        return ""
    if one_way := one_way_of(data_set, plan):
        return one_way
    name = data_set.name
    if stuck := counts.get("stuck", 0):
        return f"{plural(stuck, 'row')} of {name} can't be written."
    if differing := sum(counts.get(kind, 0) for kind in ("missing", "extra", "differs")):
        return plural(differing, f"row of {name} differs.", f"rows of {name} differ.")
    if data_set.seen_at is None:
        return f"The mover of {name} was never heard of."
    silent_s = (now - data_set.seen_at).total_seconds()
    late_max_s = max(seconds_of(plan.verify.lag_max), SILENT_AFTER.seconds)
    if silent_s > late_max_s:
        why = f" ({data_set.failure})" if data_set.failure else ""
        return f"The mover of {name} hasn't been heard of for {silent_s:,.0f} s{why}."
    waits_until = late_until(data_set, plan)
    is_waiting = waits_until is not None and now < waits_until  # a return ends that
    if (data_set.lag_back_s or 0.0) > late_max_s and not is_waiting:
        return (
            f"What was written to {name} comes back {data_set.lag_back_s:,.1f} s late (at most "
            f"{late_max_s:,.0f} s)."
        )
    return ""


def under_way_of(data_set: DataSet, plan: SetPlan, now: datetime) -> str:
    """What of a set that was cut over isn't known to be back at the source; empty: it all is."""
    if data_set.phase != SetPhase.REVERSING or one_way_of(data_set, plan):
        return ""
    if data_set.seen_at is None or now - data_set.seen_at > FRESH:
        return f"The mover of {data_set.name} hasn't been heard of in the last {FRESH.seconds} s."
    return _coming_of(data_set)


def is_returning(data_set: DataSet, plan: SetPlan) -> bool:
    """Whether a set was given back, and what is written at its target still is carried to the source."""
    back = reverse_of(plan)
    if data_set.phase != SetPhase.FOLLOWING or data_set.turned_at is None:
        return False
    return not (back is None or back.changes == "none" or isinstance(back.changes, Polling))


def unreturned_of(
    data_set: DataSet, plan: SetPlan, stuck_back: int, *, settles: timedelta = SETTLES
) -> str:
    """What the new side took of a set that was given back, and the source lacks; empty: nothing.

    ``stuck_back`` rows can't be written at the source. Once everything was seen to be there, a mover
    that stops changes nothing. Nothing is awaited where nothing is carried back.
    """
    if not is_returning(data_set, plan):
        return ""
    assert data_set.turned_at is not None, "it was given back"
    if stuck_back:
        return f"{plural(stuck_back, 'row')} of {data_set.name} can't be written at the source."
    if data_set.seen_at is None or data_set.seen_at < data_set.turned_at + settles:
        return f"The mover of {data_set.name} hasn't been heard of since it was given back."
    return _coming_of(data_set)


def _coming_of(data_set: DataSet) -> str:
    if data_set.lag_back_rows is None:
        return f"Nobody knows how many changes of {data_set.name} are still on their way back."
    if data_set.lag_back_rows:
        of = f"of {data_set.name}"
        many = plural(data_set.lag_back_rows, f"change {of} is", f"changes {of} are")
        return f"{many} still on the way back."
    return ""


def return_of(
    standings: Sequence[DataStanding],
    one_way: Sequence[str],
    refusals: Sequence[str],
    under_way: Sequence[str],
) -> ReturnStanding:
    """Whether going back to the source loses nothing; each of the others is a list of sentences."""
    listed = list(standings)
    for refusal in (*one_way, *refusals):
        return ReturnStanding(False, refusal, listed, refusal=refusal, is_one_way=bool(one_way))
    for sentence in under_way:
        return ReturnStanding(False, sentence, listed)
    return ReturnStanding(True, "Nothing would be lost: the source has every write.", listed)
