"""Steps 1 to 3: what lines name."""

from collections.abc import Sequence

from banyan.reconciliation.model import Line
from banyan.reconciliation.rules.groups import (
    amount_of,
    are_same_but_fees,
    closest,
    components,
    grouped,
    net,
    ways_to_add,
)
from banyan.reconciliation.rules.names import Prefixes, is_operation, spoken
from banyan.reconciliation.rules.verdicts import Agreement
from banyan.reconciliation.rules.work import Work

_CHARGEBACKS = ("chargeback", "chargeback_reversal")


def match_named(work: Work) -> None:
    """One line names one other."""
    for line in list(work.right.values()):
        named = _candidates(work, line)
        if named is None:
            continue
        name, candidates = named
        other = closest(line, candidates)
        verdict = work.judge([other], [line])
        if isinstance(verdict, Agreement):
            work.take(
                [other], [line], verdict, "reference", 100, f"Both name {spoken(other, name)}"
            )
        elif len(candidates) == 1:
            work.suspects[line.line_id] = (other, verdict)


def _candidates(work: Work, line: Line) -> tuple[str, list[Line]] | None:
    """The open lines that a line names, by the first of its names that is known.

    Once a name is known, or is a whole one of ours, a less exact one must not take what belongs to
    another line.
    """
    for name in work.names(line):
        candidates = [one for one in work.index.get(name, ()) if one.line_id in work.left]
        if candidates:
            return name[1], candidates
        if work.is_known(name) or is_operation(name[1]):
            return None
    return None


def match_sums(work: Work) -> None:
    """Lines that name the same thing add up to the same."""

    def links(line: Line) -> list[str]:
        names = [name for _, name in work.names(line)]
        return [*names, f"group {line.group}"] if line.group else names

    unrepeated = [line for line in work.right.values() if not _is_repeated(work, line)]
    for left, right in components(list(work.left.values()), unrepeated, links):
        for some, others in ways_to_add(left, right):
            still = [line for line in some if line.line_id in work.left]
            there = [line for line in others if line.line_id in work.right]
            if len(still) == len(some) and len(there) == len(others):
                _take_sum(work, still, there)
        rest = [line for line in left if line.line_id in work.left]
        other_rest = [line for line in right if line.line_id in work.right]
        if rest and other_rest and are_same_but_fees(rest, other_rest):
            _take_sum(work, rest, other_rest)


def _take_sum(work: Work, left: Sequence[Line], right: Sequence[Line]) -> None:
    verdict = work.judge(left, right)
    if not isinstance(verdict, Agreement):
        if net(left) != net(right) or left[0].currency != right[0].currency:
            if len(left) == 1 and len(right) == 1 and left[0].type == right[0].type:
                work.suspects.setdefault(right[0].line_id, (left[0], verdict))
            return
        verdict = Agreement("reference", 95, "the same sum, net of fees")
    what = left[0].group or right[0].group or left[0].batch or left[0].key
    reason = f"All of {what} ({len(left)} here, {len(right)} there)"
    work.take(left, right, verdict, "sum_by_reference", 95, reason)


def _is_repeated(work: Work, line: Line) -> bool:
    """Whether what it names is matched, or an operation that we lack: it is part of nothing else."""
    names = work.names(line)
    if work.comparison == "settlements" or not names:
        return False
    return names[0] in work.seen or (is_operation(names[0][1]) and names[0] not in work.index)


def match_taken_back(work: Work) -> None:
    """A chargeback that came back, of which our books have the fee at most: the dispute was won."""
    named = grouped(
        (line for line in work.right.values() if line.type in _CHARGEBACKS and line.reference),
        lambda line: (line.reference, line.currency),
    )
    fees = grouped(
        (line for line in work.left.values() if line.type == "dispute_fee"),
        lambda line: (line.reference, line.currency),
    )
    agreement = Agreement("reference", 100, "the provider has given back what it took")
    for name, lines in named.items():
        if sum(line.gross_minor for line in lines):
            continue
        own = fees.get(name, []) if net(lines) else []
        if net(lines) == net(own):
            reason = f"All of {name[0]} ({len(own)} here, {len(lines)} there)"
            work.take(own, lines, agreement, "sum_by_reference", 95, reason)


def match_shortened(work: Work) -> None:
    """A cut-off name begins the names of open lines of the same amount."""
    unknown = [line for line in work.right.values() if _is_unknown(work, line)]
    wanted = {amount_of(line) for line in unknown}
    same = grouped((line for line in work.left.values() if amount_of(line) in wanted), amount_of)
    prefixes = {amount: Prefixes(lines) for amount, lines in same.items()}
    for line in unknown:
        among = prefixes.get(amount_of(line))
        if among is not None:
            _take_shortened(work, line, among)


def _take_shortened(work: Work, line: Line, among: Prefixes) -> None:
    for _, name in work.names(line):
        found = [one for one in among.find(name) if one.line_id in work.left]
        if found:
            confidence = 90 if len(found) == 1 else 75
            agreement = Agreement("reference", 100, "the same amount")
            reason = f"{spoken(line, name)} begins the name of one"
            other = closest(line, found)
            work.take([other], [line], agreement, "shortened_reference", confidence, reason)
            return


def _is_unknown(work: Work, line: Line) -> bool:
    names = work.names(line)
    return bool(names) and not any(work.is_known(name) for name in names)
