"""Steps 4 and 5: amounts and dates, for lines that name nothing."""

from bisect import bisect_left, bisect_right
from collections.abc import Container, Iterator, Mapping, Sequence
from datetime import date, timedelta
from uuid import UUID

from banyan.reconciliation.model import Line
from banyan.reconciliation.rules.groups import amount_of, grouped, kind_of
from banyan.reconciliation.rules.verdicts import Agreement
from banyan.reconciliation.rules.work import Work

_PARTS_MAX = 12
"""Batches that one bank line is taken to pay when it names none."""


def match_equal(work: Work) -> None:
    """Equal amounts, in the order of their dates, not too far apart."""
    nameless = grouped(_nameless(work), amount_of)
    same = grouped((one for one in _unclaimed(work) if amount_of(one) in nameless), amount_of)
    for amount, right in nameless.items():
        left = same.get(amount, [])
        confidence = 85 if len(left) == 1 and len(right) == 1 else 75
        for one, other in _paired(work, left, right):
            agreement = Agreement("reference", 100, "the same amount")
            reason = f"The same type, {_days_apart(one, other)} days apart"
            work.take([one], [other], agreement, "amount_and_date", confidence, reason)


def _paired(work: Work, left: Sequence[Line], right: Sequence[Line]) -> Iterator[tuple[Line, Line]]:
    """Both in the order of dates: the most pairs that are near enough."""
    place = other = 0
    while place < len(left) and other < len(right):
        days = timedelta(days=work.tolerances.of(left[place]).days)
        if left[place].on < right[other].on - days:
            place += 1
        elif right[other].on < left[place].on - days:
            other += 1
        else:
            yield left[place], right[other]
            place, other = place + 1, other + 1


def match_near(work: Work) -> None:
    """Amounts within the tolerance, if only one line is that near."""
    left = [one for one in _unclaimed(work) if work.tolerances.of(one).amount_minor]
    sorted_by_amount = {
        kind: sorted(lines, key=_gross) for kind, lines in grouped(left, kind_of).items()
    }
    for line in _nameless(work):
        near = list(_near(work, line, sorted_by_amount.get(kind_of(line), ())))
        if len(near) == 1:
            verdict = work.judge(near, [line])
            if isinstance(verdict, Agreement):
                reason = f"The only one that near, {_days_apart(near[0], line)} days apart"
                work.take(near, [line], verdict, "amount_and_date", 70, reason)


def _near(work: Work, line: Line, among: Sequence[Line]) -> Iterator[Line]:
    widest = max((work.tolerances.of(one).amount_minor for one in among), default=0)
    start = bisect_left(among, line.gross_minor - widest, key=_gross)
    end = bisect_right(among, line.gross_minor + widest, key=_gross)
    for one in among[start:end]:
        days = work.tolerances.of(one).days
        if one.line_id in work.left and _days_apart(one, line) <= days:
            yield one


def match_sums(work: Work) -> None:
    """A bank line pays several batches, or several lines pay one batch in parts.

    Only if there is one way to add them up.
    """
    batches = grouped(work.left.values(), _account)
    for line in _nameless(work):
        runs = list(_runs(work, line, batches, work.left))
        if len(runs) == 1:
            _take_run(work, runs[0], [line], f"{len(runs[0])} batches add up to it")
    payments = grouped(_nameless(work), _account)
    for line in list(work.left.values()):
        runs = list(_runs(work, line, payments, work.right))
        if len(runs) == 1:
            _take_run(work, [line], runs[0], f"{len(runs[0])} bank lines add up to it")


def _take_run(work: Work, left: Sequence[Line], right: Sequence[Line], reason: str) -> None:
    agreement = Agreement("reference", 100, "the same sum")
    work.take(left, right, agreement, "sum_of_amounts", 70, reason)


def _runs(
    work: Work,
    line: Line,
    others: Mapping[tuple[str, str], Sequence[Line]],
    still_open: Container[UUID],
) -> Iterator[list[Line]]:
    """Neighbours in time, of one source and the line's currency, that add up to it."""
    days = timedelta(days=work.tolerances.of(line).days)
    for (_, currency), lines in others.items():
        if currency != line.currency:
            continue
        first = bisect_left(lines, line.on - days, key=_on)
        last = bisect_right(lines, line.on + days, key=_on)
        near = [one for one in lines[first:last] if one.line_id in still_open]
        for start in range(len(near)):
            total = near[start].net_minor
            for end in range(start + 1, min(start + _PARTS_MAX, len(near))):
                total += near[end].net_minor
                if total == line.net_minor:
                    yield near[start : end + 1]


def _nameless(work: Work) -> list[Line]:
    return [line for line in work.right.values() if work.is_nameless(line)]


def _unclaimed(work: Work) -> list[Line]:
    """Open lines of the left side that no line of the right names."""
    claimed: set[UUID] = {other.line_id for other, _ in work.suspects.values()}
    return [line for line in work.left.values() if line.line_id not in claimed]


def _days_apart(one: Line, other: Line) -> int:
    return abs((one.on - other.on).days)


def _account(line: Line) -> tuple[str, str]:
    return line.source, line.currency


def _on(line: Line) -> date:
    return line.on


def _gross(line: Line) -> int:
    return line.gross_minor
