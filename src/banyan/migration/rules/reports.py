"""What the data plane reported, as the judge and the history want it."""

from collections.abc import Iterable
from datetime import datetime

from banyan.gateway import ArmCounts, Attempt, RouteCounts
from banyan.migration.model.plan import Phase
from banyan.migration.model.standing import Minute
from banyan.migration.rules.latency import merged


def fair_attempts(phase: Phase, attempts: Iterable[Attempt]) -> list[Attempt]:
    """The attempts in which the sides may be set against each other.

    While customers are at both sides, theirs: who asks which was drawn by lot. In ``shadow`` the
    mirrored ones, of which both sides got the same. In ``candidate`` what customers asked the
    candidate, beside what legacy made of the mirrored ones.
    """
    if phase in (Phase.CANARY, Phase.RAMP):
        return [each for each in attempts if not each.is_shadow]
    if phase == Phase.CANDIDATE:
        return [each for each in attempts if not each.is_shadow or each.arm == "legacy"]
    return [each for each in attempts if each.is_shadow]


def minutes_of_counts(phase: Phase, counts: RouteCounts, minute: datetime) -> list[Minute]:
    """What one tick adds to a minute of a route.

    The sides' minutes are of reads: writes go to one side at a time, and would make the two unlike.
    """
    sides = {
        "legacy": counts.legacy,
        "candidate": counts.candidate,
        "served": _both(counts.served, counts.served_writes),
    }
    return [
        Minute(
            route=counts.route,
            side=side,  # pyright: ignore[reportArgumentType]
            phase=phase,
            minute=minute,
            requests=arm.attempts,
            errors=arm.errors,
            fall_backs=counts.fall_backs if side == "served" else 0,
            buckets={str(bucket): count for bucket, count in sorted(arm.buckets.items())},
        )
        for side, arm in sides.items()
        if arm.attempts or (side == "served" and counts.fall_backs)
    ]


def plus(one: Minute | None, other: Minute) -> Minute:
    """Two parts of a minute as one."""
    if one is None:
        return other
    buckets = dict(one.buckets)
    for bucket, count in other.buckets.items():
        buckets[bucket] = buckets.get(bucket, 0) + count
    return Minute(
        route=one.route,
        side=one.side,
        phase=one.phase,
        minute=one.minute,
        requests=one.requests + other.requests,
        errors=one.errors + other.errors,
        fall_backs=one.fall_backs + other.fall_backs,
        buckets=buckets,
    )


def _both(one: ArmCounts, other: ArmCounts) -> ArmCounts:
    return ArmCounts(
        attempts=one.attempts + other.attempts,
        errors=one.errors + other.errors,
        censored=one.censored + other.censored,
        buckets=merged(one.buckets, other.buckets),
    )
