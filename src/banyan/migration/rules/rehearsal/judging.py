"""What has to come of each fault, and whether it did."""

from collections.abc import Sequence
from dataclasses import dataclass

from banyan.kernel import plural
from banyan.migration.model.rehearsal import (
    SILENT,
    Cell,
    Fault,
    RehearsedPhase,
    RouteResult,
)

_WORDS = {
    Fault.NONE: "a sound candidate",
    Fault.ERROR_500: "errors (500)",
    Fault.HANG: "a candidate that hangs",
    Fault.SLOW: "a slow candidate",
    Fault.RESET: "connections reset",
    Fault.WRONG_BODY: "wrong answers",
    Fault.TRUNCATED: "answers cut short",
    Fault.CRASH: "a crashed candidate",
    Fault.WRONG_COOKIE: "cookies that it doesn't own",
    Fault.SLOW_DATABASE: "a slow database",
    Fault.DEAD_CONTROL_PLANE: "errors while the control plane is dead",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of one route while a fault lasted."""

    fault: Fault
    phase: RehearsedPhase
    route: str
    requests: int
    errors: int
    differences: int
    slowest_ms: int
    noticed_ms: int | None
    rolled_back_ms: int | None
    verdict: str
    example: str = ""
    unsound: str = ""
    """What the judge had against the route before the fault, which then wasn't put in."""
    has_gateway_died: bool = False
    """Whether another Envoy serves than when it began: that one's connections were lost."""


def verdict_on(seen: Seen, *, rollback_ms_max: int) -> Cell:
    """Whether a fault did no harm and was acted upon.

    Customers see no error, ever, and Envoy lives on. They see no difference either, but where an answer is wrong and looks
    right: the share of customers in that phase sees those until the judge has compared enough of them,
    so there the way back is what counts. In ``shadow`` nobody may see anything, and the judge has to
    notice. Where customers are on the candidate, the route has to go back within ``rollback_ms_max``.
    A sound candidate has to be left alone.
    """
    has_passed, sentence = _judged(seen, rollback_ms_max)
    return Cell(
        fault=seen.fault,
        phase=seen.phase,
        route=seen.route,
        requests=seen.requests,
        errors=seen.errors,
        differences=seen.differences,
        slowest_ms=seen.slowest_ms,
        noticed_ms=seen.noticed_ms,
        rolled_back_ms=seen.rolled_back_ms,
        verdict=seen.verdict,
        example=seen.example,
        has_passed=has_passed,
        sentence=sentence,
    )


def result_of(
    route: str,
    fingerprint: str,
    paths: Sequence[str],
    cells: Sequence[Cell],
    *,
    is_complete: bool = True,
) -> RouteResult:
    """What all cells of a route say together; a part of all faults and phases never passes."""
    failed = [cell for cell in cells if not cell.has_passed]
    if not paths:
        sentence = "Not rehearsed: no path of it is known; name some in the file of requests."
    elif not cells:
        sentence = "Not rehearsed."
    elif failed:
        first = failed[0]
        more = f" ({len(failed) - 1} more)" if len(failed) > 1 else ""
        sentence = f"In {first.phase}, {_WORDS[first.fault]}: {first.sentence}{more}"
    elif not is_complete:
        sentence = "What was tried went well, but not all faults in all phases were."
    else:
        requests = sum(cell.requests for cell in cells)
        slowest = max((cell.rolled_back_ms or 0 for cell in cells), default=0)
        sentence = (
            f"All faults in all phases: {plural(requests, 'request')} without an error;"
            f" back within {slowest / 1_000:.1f} s."
        )
    return RouteResult(
        route=route,
        fingerprint=fingerprint,
        paths=tuple(paths),
        has_passed=bool(paths) and bool(cells) and not failed and is_complete,
        sentence=sentence,
    )


def words_of(fault: Fault) -> str:
    return _WORDS[fault]


def _judged(seen: Seen, rollback_ms_max: int) -> tuple[bool, str]:
    harm = _harm(seen)
    if harm:
        return False, harm
    if seen.fault == Fault.NONE:
        if seen.rolled_back_ms is not None:
            return False, f"It was rolled back without a fault: {seen.verdict}"
        if seen.noticed_ms is not None:
            return False, f"The judge found fault where none was: {seen.verdict}"
        return True, f"{plural(seen.requests, 'request')}, all as they should be."
    if seen.phase == "shadow":
        if seen.noticed_ms is None:
            return False, f"Nobody noticed. The judge said: {seen.verdict or 'nothing'}"
        return True, f"Noticed after {_s(seen.noticed_ms)}; no customer was concerned."
    return _serving(seen, rollback_ms_max)


def _harm(seen: Seen) -> str:
    """What fails a trial whatever the judge did; '' nothing."""
    if seen.has_gateway_died:
        return f"The gateway's Envoy died while it lasted. {seen.example}".rstrip()
    if not seen.requests:
        return "No customer asked for anything while it lasted."
    if seen.errors:
        return f"{seen.errors} of {seen.requests} customers' requests failed. {seen.example}"
    may_differ = seen.fault in SILENT and seen.phase != "shadow"
    if seen.differences and not may_differ:
        return (
            f"{seen.differences} of {seen.requests} answers were neither legacy's nor the"
            f" candidate's. {seen.example}"
        )
    if seen.unsound:
        return f"Without any fault the judge says already: {seen.unsound[:500]}"
    return ""


def _serving(seen: Seen, rollback_ms_max: int) -> tuple[bool, str]:
    saw = f"; {seen.differences} customers' requests saw it" if seen.differences else ""
    if seen.rolled_back_ms is None:
        if seen.fault == Fault.SLOW_DATABASE and seen.noticed_ms is not None:
            return True, f"Noticed after {_s(seen.noticed_ms)} and held; customers were served."
        return False, f"It was not rolled back. The judge said: {seen.verdict or 'nothing'}"
    if seen.rolled_back_ms > rollback_ms_max:
        return False, (
            f"Rolled back only after {_s(seen.rolled_back_ms)}; {_s(rollback_ms_max)} is allowed{saw}."
        )
    return True, f"Rolled back after {_s(seen.rolled_back_ms)}{saw}."


def _s(milliseconds: int) -> str:
    return f"{milliseconds / 1_000:.1f} s"
