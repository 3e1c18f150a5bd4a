"""From what the sinks counted to windows that can be judged: which attempts are set against which."""

from banyan.gateway import ArmCounts, RouteCounts
from banyan.migration.model.evidence import ArmWindow, Window
from banyan.migration.model.plan import Phase
from banyan.migration.rules.latency import merged


def windows_of(
    counts: RouteCounts,
    phase: Phase,
    *,
    compared: int = 0,
    diverged: int = 0,
    is_ejected: bool = False,
) -> tuple[Window, ...]:
    """One window of a route's reads, and one of its writes where there were any.

    In shadow the candidate's shadows stand against what legacy's customers got; while both serve,
    customers drawn by lot against each other; after cutover the customers at the candidate against
    legacy's (reverse) shadows. Writes go to one side at a time, so theirs has no other side but the
    baseline of before. What was compared stands in the window of the reads.
    """
    legacy, candidate = _arm(counts.legacy), _with_overtaken(counts)
    if phase is Phase.SHADOW:
        candidate = _arm(counts.shadow_candidate)
    elif phase is Phase.CANDIDATE:
        legacy = _both(legacy, _arm(counts.shadow_legacy))
    reads = Window(
        began_at_us=counts.began_at_us,
        ended_at_us=counts.ended_at_us,
        legacy=legacy,
        candidate=candidate,
        fall_backs=counts.fall_backs,
        compared=compared,
        diverged=diverged,
        is_whole=counts.is_whole,
        is_ejected=is_ejected,
    )
    if not counts.writes_legacy.attempts and not counts.writes_candidate.attempts:
        return (reads,)
    writes = Window(
        began_at_us=counts.began_at_us,
        ended_at_us=counts.ended_at_us,
        legacy=_arm(counts.writes_legacy),
        candidate=_arm(counts.writes_candidate),
        is_whole=counts.is_whole,
        is_ejected=is_ejected,
        group="writes",
    )
    return reads, writes


def _arm(counts: ArmCounts) -> ArmWindow:
    return ArmWindow(counts.attempts, counts.errors, counts.buckets)


def _with_overtaken(counts: RouteCounts) -> ArmWindow:
    """The candidate's attempts, with those that legacy overtook.

    Legacy answers in its place after an error or when it is slower than the plan lets it be; the
    second cuts its attempt short, so that it counts nowhere. A candidate that hangs would look like
    one without traffic.
    """
    arm = _arm(counts.candidate)
    overtaken = min(counts.candidate.censored, max(0, counts.fall_backs - arm.errors))
    return ArmWindow(arm.attempts + overtaken, arm.errors + overtaken, arm.buckets)


def _both(one: ArmWindow, other: ArmWindow) -> ArmWindow:
    return ArmWindow(
        one.attempts + other.attempts,
        one.errors + other.errors,
        merged(one.buckets, other.buckets),
    )
