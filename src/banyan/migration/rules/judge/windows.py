"""From what the data plane reported to windows that can be judged."""

from collections import Counter
from collections.abc import Iterable

from banyan.gateway import SAFE_METHODS, Attempt
from banyan.migration.model.evidence import ArmWindow, Window
from banyan.migration.rules.latency import bucket_of


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
    """The windows of one route's attempts, one for reads and one for writes if there are any.

    Legacy's answers in the candidate's place are left out of legacy's arm: requests on which the
    candidate failed are no fair sample. Such an answer counts against the candidate instead where its
    own attempt was cut short, because it hung or was slower than the plan lets it be. What was
    compared, and whether the reports are whole, stands in the window of the reads.
    """
    of_group: dict[str, list[Attempt]] = {"reads": [], "writes": []}
    for attempt in attempts:
        of_group["reads" if attempt.method in SAFE_METHODS else "writes"].append(attempt)
    return tuple(
        _window(
            group,
            members,
            began_at_us,
            ended_at_us,
            compared=compared if group == "reads" else 0,
            diverged=diverged if group == "reads" else 0,
            is_whole=is_whole,
            is_ejected=is_ejected,
        )
        for group, members in of_group.items()
        if members or group == "reads"
    )


def _window(
    group: str,
    attempts: list[Attempt],
    began_at_us: int,
    ended_at_us: int,
    *,
    compared: int,
    diverged: int,
    is_whole: bool,
    is_ejected: bool,
) -> Window:
    fell_back = {a.request_id for a in attempts if _is_fall_back(a)}
    legacy = [a for a in attempts if a.arm == "legacy" and not a.is_censored]
    candidate = [a for a in attempts if a.arm == "candidate"]
    overtaken = {a.request_id for a in candidate if a.is_censored} & fell_back
    return Window(
        began_at_us=began_at_us,
        ended_at_us=ended_at_us,
        legacy=_arm([a for a in legacy if not _is_fall_back(a)], set()),
        candidate=_arm(
            [a for a in candidate if not a.is_censored or a.request_id in overtaken], overtaken
        ),
        fall_backs=len(fell_back),
        compared=compared,
        diverged=diverged,
        is_whole=is_whole,
        is_ejected=is_ejected,
        group=group,
    )


def _is_fall_back(attempt: Attempt) -> bool:
    return attempt.arm == "legacy" and attempt.assigned == "candidate" and attempt.number > 1


def _arm(attempts: list[Attempt], overtaken: set[str]) -> ArmWindow:
    failed = [a for a in attempts if a.is_error or a.request_id in overtaken]
    answered = [a for a in attempts if not (a.is_error or a.request_id in overtaken)]
    return ArmWindow(
        attempts=len(attempts),
        errors=len(failed),
        buckets=Counter(bucket_of(a.duration_us) for a in answered),
        customers=len({a.customer for a in attempts}),
        failing=Counter(a.customer for a in failed),
    )
