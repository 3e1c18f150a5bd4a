"""What is left of a comparison: a break, or something that may wait."""

from collections.abc import Collection
from uuid import UUID

from banyan.reconciliation.model import Break, BreakKind, Line
from banyan.reconciliation.rules.names import is_ours, spoken
from banyan.reconciliation.rules.words import about, amount
from banyan.reconciliation.rules.work import Work


def find_breaks(work: Work, held: Collection[str] = ()) -> None:
    """Sort what is open into breaks and what waits; chargebacks that are only ``held`` wait, and so
    does their fee, which the provider may tell with them."""
    explained: set[UUID] = set()
    waited_for: set[UUID] = set()
    for line in work.right.values():
        if _is_held(line, held):
            work.outcome.waiting.append(line)
            continue
        suspect = _suspect(work, line)
        if suspect is not None and _may_be_part(work, line, suspect[0]):
            waited_for.add(suspect[0].line_id)
            work.outcome.waiting.append(line)
            continue
        found = _of_right(work, line)
        if found is None:
            work.outcome.waiting.append(line)
            continue
        work.outcome.breaks.append(found)
        if found.other is not None:
            explained.add(found.other.line_id)
    for line in work.left.values():
        if line.line_id in explained:
            continue
        if line.line_id in waited_for or _is_held(line, held) or _may_wait(work, line):
            work.outcome.waiting.append(line)
        else:
            work.outcome.breaks.append(_of_left(work, line))


def _is_held(line: Line, held: Collection[str]) -> bool:
    return line.type in ("chargeback", "dispute_fee") and line.reference in held


def _of_left(work: Work, line: Line) -> Break:
    days = _age(work, line)
    if work.comparison == "operations":
        reason = f"{about(line)} is not in the provider's report after {days} days."
        return Break("missing_at_provider", line, reason, abs(line.net_minor))
    reason = f"{about(line)} is not on the bank's statement after {days} days."
    return Break("missing_at_bank", line, reason, abs(line.net_minor))


def _of_right(work: Work, line: Line) -> Break | None:
    """Why a line of the right side stands alone; None while it may wait."""
    suspect = _suspect(work, line)
    if suspect is not None:
        return _differing(suspect[1], line, suspect[0])
    names = work.names(line)
    exact = names[:1] if work.comparison == "operations" else names
    for name in exact:
        if name in work.seen:
            reason = f"{about(line)} came before: {spoken(line, name[1])} is matched already."
            return Break("duplicate", line, reason, abs(line.net_minor), work.seen[name])
    if work.comparison == "settlements":
        return _stranger_at_bank(work, line)
    if names and not _is_about_ours(work, line):
        reason = f"{about(line)} names {spoken(line, names[0][1])}, which nobody here knows."
        return Break("unknown_reference", line, reason, abs(line.net_minor))
    if _may_wait(work, line):
        return None
    reason = f"{about(line)} is in the provider's report, and not in our books."
    return Break("missing_in_books", line, reason, abs(line.net_minor))


def _suspect(work: Work, line: Line) -> tuple[Line, BreakKind] | None:
    """The open line that it names and differs from."""
    suspect = work.suspects.get(line.line_id)
    return suspect if suspect is not None and suspect[0].line_id in work.left else None


def _may_be_part(work: Work, line: Line, whole: Line) -> bool:
    """Whether the rest of an amount, or its fee, may be told by a line that is yet to come."""
    if line.currency != whole.currency or not _may_wait(work, line):
        return False
    is_less = abs(line.gross_minor) < abs(whole.gross_minor)
    return is_less or (line.gross_minor == whole.gross_minor and line.fee_minor < whole.fee_minor)


def _stranger_at_bank(work: Work, line: Line) -> Break | None:
    at_risk = abs(line.net_minor)
    if line.key:
        reason = f"{about(line)} names {line.key}, which no report has."
        return Break("unknown_reference", line, reason, at_risk)
    if _may_wait(work, line):
        return None
    if line.type == "bank_fee":
        reason = f"{about(line)} was charged by the bank, and is not in our books."
        return Break("missing_in_books", line, reason, at_risk)
    reason = f"{about(line)} is on the bank's statement, and in no provider's report."
    return Break("missing_at_provider", line, reason, at_risk)


def _differing(kind: BreakKind, line: Line, other: Line) -> Break:
    if kind == "currency_differs":
        reason = f"{about(line)}, where {other.gross} was expected; no rate joins the two."
        return Break(kind, line, reason, abs(other.net_minor), other)
    is_fee = kind == "fee_differs"
    expected = other.fee_minor if is_fee else other.gross_minor
    given = line.fee_minor if is_fee else line.gross_minor
    what = "fee" if is_fee else "amount"
    reason = f"{about(line)}: the {what} is {amount(given, line)}, not {amount(expected, other)}."
    at_risk = abs(other.net_minor - line.net_minor)
    if other.currency != line.currency:
        at_risk = abs(other.net_minor)
    return Break(kind, line, reason, at_risk, other)


def _is_about_ours(work: Work, line: Line) -> bool:
    """Whether it is about something of ours, though not about a line that is open."""
    names = work.names(line)
    return (
        line.group in work.groups
        or any(is_ours(name) for _, name in names)
        or any(work.is_known(name) for name in names)
    )


def _may_wait(work: Work, line: Line) -> bool:
    return _age(work, line) <= work.tolerances.of(line).wait_days


def _age(work: Work, line: Line) -> int:
    return (work.today - line.on).days
