"""From what the data plane reported to windows that can be judged."""

from collections import Counter
from collections.abc import Iterable

from banyan.gateway import SAFE_METHODS, Attempt, bucket_of
from banyan.migration.model.evidence import ArmWindow, Window


def windows_of(
    attempts: Iterable[Attempt],
    *,
    began_at_us: int,
    ended_at_us: int,
    compared: int = 0,
    diverged: int = 0,
    is_whole: bool = True,
    is_ejected: bool = False,
) -> tuple[Window, ...]:
    """One window of a route's reads, and one of its writes where there were any.

    The caller chooses ``attempts`` that may be set against each other: customers drawn by lot, or
    shadows of the same requests. Legacy's answers in the candidate's place are left out of legacy's
    arm, since requests on which the candidate failed are no fair sample. Such an answer counts against
    the candidate instead where its own attempt was cut short, because it hung or was slower than the
    plan lets it be. What was compared stands in the window of the reads.
    """
    of_group: dict[str, list[Attempt]] = {"reads": [], "writes": []}
    for attempt in attempts:
        of_group["reads" if attempt.method in SAFE_METHODS else "writes"].append(attempt)
    found: list[Window] = []
    for group, members in of_group.items():
        if not members and group != "reads":
            continue
        legacy, candidate = _sides(members)
        found.append(
            Window(
                began_at_us=began_at_us,
                ended_at_us=ended_at_us,
                legacy=legacy,
                candidate=candidate,
                compared=compared if group == "reads" else 0,
                diverged=diverged if group == "reads" else 0,
                is_whole=is_whole,
                is_ejected=is_ejected,
                group=group,
            )
        )
    return tuple(found)


def _sides(attempts: list[Attempt]) -> tuple[ArmWindow, ArmWindow]:
    """Legacy and candidate."""
    fell_back = {each.request_id for each in attempts if _is_fall_back(each)}
    legacy = [
        each
        for each in attempts
        if each.arm == "legacy" and not each.is_censored and not _is_fall_back(each)
    ]
    candidate = [
        each
        for each in attempts
        if each.arm == "candidate" and not (each.is_censored and each.request_id not in fell_back)
    ]
    return _arm(legacy), _arm(candidate)


def _is_fall_back(attempt: Attempt) -> bool:
    return attempt.arm == "legacy" and attempt.assigned == "candidate" and attempt.number > 1


def _arm(attempts: list[Attempt]) -> ArmWindow:
    """Censored attempts among them are those that legacy overtook."""
    failed = [each for each in attempts if each.is_error or each.is_censored]
    known = {each.customer for each in attempts if each.customer}
    is_known = all(each.customer for each in attempts)
    return ArmWindow(
        attempts=len(attempts),
        errors=len(failed),
        buckets=Counter(
            bucket_of(each.duration_us)
            for each in attempts
            if not each.is_error and not each.is_censored
        ),
        customers=len(known) if is_known else 0,
        failing=Counter(each.customer for each in failed) if is_known else {},
    )
