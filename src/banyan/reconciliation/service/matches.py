"""Matches: made by a run or by hand, with what they prove booked; undone, with it taken back."""

from collections.abc import Sequence
from uuid import UUID

from banyan import payments
from banyan.kernel import BanyanError, Money, Page, derived_id, id_of_cursor, new_id, page_of
from banyan.payments import Settlement
from banyan.reconciliation.errors import (
    LineNotFound,
    LineNotOpen,
    LinesDontMatch,
    MatchNotActive,
    MatchNotFound,
)
from banyan.reconciliation.model import (
    COMPARED,
    LINE,
    MATCH,
    Break,
    BreakKind,
    Comparison,
    Line,
    Match,
    Proposal,
    StoredLine,
)
from banyan.reconciliation.rules import Tolerances, grouped
from banyan.reconciliation.rules.words import about
from banyan.reconciliation.service import news
from banyan.reconciliation.service.imports import RUN_JOB
from banyan.reconciliation.store import imports as imports_store
from banyan.reconciliation.store import lines as lines_store
from banyan.reconciliation.store import matches as store
from banyan.runtime import JobDraft, Transaction

BY_RULE = "reconciliation"


async def make_matches(
    tx: Transaction, comparison: Comparison, proposals: Sequence[Proposal], *, by: str = BY_RULE
) -> tuple[list[Match], list[Break]]:
    """Match lines, and book what that proves: settlements, conversions, tolerated differences.

    Where that can't be booked, the lines stay open, and are a break that says why.
    """
    matches, lines_of = list[Match](), list[list[UUID]]()
    refused = list[Break]()
    for proposal in proposals:
        match_id = new_id(tx.now)
        settlements = _settlements(comparison, match_id, proposal)
        refusal = await _book(tx, settlements)
        if refusal is not None:
            refused.append(_unbooked(proposal, refusal))
            continue
        matches.append(_match(tx, comparison, match_id, proposal, settlements, by))
        lines_of.append([line.line_id for line in proposal.lines])
    match_ids = [
        match.match_id for match, line_ids in zip(matches, lines_of, strict=True) for _ in line_ids
    ]
    matched = [line_id for line_ids in lines_of for line_id in line_ids]
    await store.insert_matches(tx, matches)
    await store.insert_match_lines(tx, match_ids, matched)
    await lines_store.put_in_matches(tx, matched, match_ids)
    await tx.record_all(
        [
            news.match_made(match, [LINE.text(line_id) for line_id in line_ids])
            for match, line_ids in zip(matches, lines_of, strict=True)
        ]
    )
    return matches, refused


async def _book(tx: Transaction, settlements: Sequence[Settlement]) -> BanyanError | None:
    """All of them, or none and why not."""
    if not settlements:
        return None
    try:
        async with tx.savepoint():
            for settlement in settlements:
                await payments.settle(tx, settlement)
    except BanyanError as refusal:
        if refusal.retryable:
            raise
        return refusal
    return None


def _unbooked(proposal: Proposal, refusal: BanyanError) -> Break:
    one, other = proposal.lines[0], proposal.lines[-1]
    kind: BreakKind = "amount_differs" if one.currency == other.currency else "currency_differs"
    reason = f"{about(other)} fits, but can't be booked: {refusal.detail}"
    return Break(kind, other, reason, abs(one.net_minor), one if one is not other else None)


async def match_by_hand(
    tx: Transaction, line_ids: Sequence[UUID], *, note: str, by: str, is_write_off: bool = False
) -> Match:
    """Say that lines are one thing, or that a line is given up, because a person knows.

    What the two sides differ by is booked as a difference; it is bounded by the tolerance's
    ``write_off_minor``. ``LineNotFound``, ``LineNotOpen``, ``LinesDontMatch``.
    """
    await imports_store.lock_runs(tx)
    lines = await lines_store.lock_lines(tx, line_ids)
    missing = set(line_ids) - {line.line_id for line in lines}
    if missing:
        raise LineNotFound(f"There is no line {LINE.text(min(missing))}.")
    taken = [line for line in lines if line.match_id is not None]
    if taken:
        raise LineNotOpen(f"{LINE.text(taken[0].line_id)} is matched already; undo that first.")
    tolerances = Tolerances(await store.select_tolerances(tx))
    comparison, proposal = _by_hand(lines, tolerances, note, is_write_off=is_write_off)
    matches, refused = await make_matches(tx, comparison, [proposal], by=by)
    if refused:
        raise LinesDontMatch(refused[0].reason)
    [match] = matches
    await tx.enqueue(JobDraft(RUN_JOB, "run"))
    return match


def _by_hand(
    lines: Sequence[StoredLine], tolerances: Tolerances, note: str, *, is_write_off: bool
) -> tuple[Comparison, Proposal]:
    comparison = lines[0].comparison
    if any(line.comparison != comparison for line in lines):
        raise LinesDontMatch(
            "Match lines of books and provider, or settlements of provider and bank."
        )
    first, second = COMPARED[comparison]
    left = tuple(line for line in lines if line.side == first)
    right = tuple(line for line in lines if line.side == second)
    if not is_write_off and not (left and right):
        raise LinesDontMatch("Match lines of two sides; give a line up by resolving its case.")
    if len({line.currency for line in lines}) != 1:
        raise LinesDontMatch("The lines are in several currencies; which rate holds is not known.")
    if len({line.source for line in lines if line.side != "bank"}) > 1:
        raise LinesDontMatch("The lines are of several providers; match each one's by itself.")
    difference = sum(line.net_minor for line in left) - sum(line.net_minor for line in right)
    limit = tolerances.of(lines[0]).write_off_minor
    if abs(difference) > limit:
        currency = lines[0].currency
        apart, most = Money.of(difference, currency), Money.of(limit, currency)
        raise LinesDontMatch(f"The two sides are {apart} apart; at most {most} may be given up.")
    rule = "written_off" if is_write_off else "by_hand"
    return comparison, Proposal(left, right, rule, 100, note, difference)


async def undo_match(tx: Transaction, match_id: UUID, *, reason: str, by: str) -> Match:
    """Take a match apart, and back what it has booked. Its lines are open again.

    A run doesn't make it again by itself; a person may, by hand. Once more changes nothing.
    ``MatchNotFound``; ``MatchNotActive`` if it was undone for another reason.
    """
    await imports_store.lock_runs(tx)
    match = await get_match(tx, match_id)
    if not match.is_active:
        if match.undone_reason != reason:
            raise MatchNotActive(f"{match.undone_by} has undone it: {match.undone_reason}")
        return match
    undone = await store.mark_undone(tx, match_id, by, reason)
    assert undone is not None, "runs are locked"
    line_ids = (await store.line_ids_of(tx, [match_id]))[match_id]
    lines = await lines_store.lock_lines(tx, line_ids)
    await lines_store.take_out_of_match(tx, match_id)
    await tx.record(news.match_undone(undone, [LINE.text(line_id) for line_id in line_ids]))
    await tx.enqueue(JobDraft(RUN_JOB, "run"))
    if match.settlement_id is not None:
        for source in _sources(lines):
            await payments.unsettle(tx, _settlement_id(match_id, source))
    return undone


async def get_match(tx: Transaction, match_id: UUID) -> Match:
    found = await store.find_match(tx, match_id)
    if found is None:
        raise MatchNotFound(f"There is no match {MATCH.text(match_id)}.")
    return found


async def lines_of(tx: Transaction, match_id: UUID) -> list[StoredLine]:
    """The lines that a match has, or had."""
    ids = await store.line_ids_of(tx, [match_id])
    return await lines_store.lines_by_id(tx, ids.get(match_id, []))


async def list_matches(
    tx: Transaction,
    *,
    comparison: Comparison | None = None,
    is_active: bool | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[Match]:
    """Matches, the newest first."""
    rows = await store.select_matches(
        tx,
        comparison=comparison,
        is_active=is_active,
        after=id_of_cursor(cursor),
        limit=limit + 1,
    )
    return page_of(rows, limit, lambda match: match.match_id)


def _match(
    tx: Transaction,
    comparison: Comparison,
    match_id: UUID,
    proposal: Proposal,
    booked: Sequence[Settlement],
    by: str,
) -> Match:
    return Match(
        marketplace_id=tx.marketplace_id,
        match_id=match_id,
        comparison=comparison,
        rule=proposal.rule,
        confidence=proposal.confidence,
        reason=proposal.reason,
        difference_minor=proposal.difference_minor,
        currency=proposal.lines[0].currency,
        settlement_id=booked[0].settlement_id if booked else None,
        made_at=tx.now,
        made_by=by,
        undone_at=None,
        undone_by=None,
        undone_reason=None,
    )


def _settlements(comparison: Comparison, match_id: UUID, proposal: Proposal) -> list[Settlement]:
    """What a match proves about the provider's balance.

    Of operations: a conversion, if the provider keeps the money in another currency, or a
    difference. Of settlements: what left the balance, and what reached the bank. Nothing if the
    bank's line is a payout or debit of our own.
    """
    subject = MATCH.text(match_id)
    left, right = proposal.left, proposal.right
    if not left and proposal.rule == "reference":
        return []  # a payout or debit of our own, which payments have booked
    if comparison == "operations":
        source = proposal.lines[0].source
        settlement_id = _settlement_id(match_id, source)
        if left and right and left[0].currency != right[0].currency:
            return [
                Settlement(
                    settlement_id=settlement_id,
                    provider=source,
                    taken=_net(left),
                    arrived=_net(right),
                    arrives_at="provider",
                    subject=subject,
                )
            ]
        if not proposal.difference_minor:
            return []
        currency = proposal.lines[0].currency
        given_up = Money.of(proposal.difference_minor, currency)
        return [
            Settlement(
                settlement_id=settlement_id,
                provider=source,
                taken=given_up,
                arrived=Money.zero(currency),
                subject=subject,
            )
        ]
    return _paid_to_bank(match_id, left, right, subject)


def _paid_to_bank(
    match_id: UUID, left: Sequence[Line], right: Sequence[Line], subject: str
) -> list[Settlement]:
    """One settlement for each provider: the last one bears what did not arrive."""
    by_source = grouped(left, lambda line: line.source) or {"": []}
    currency = (right or left)[0].currency
    arrived = sum(line.net_minor for line in right)
    settlements = list[Settlement]()
    for place, (source, lines) in enumerate(by_source.items(), start=1):
        taken = _net(lines) if lines else Money.zero(currency)
        share = arrived if place == len(by_source) else taken.minor
        arrived -= share
        settlements.append(
            Settlement(
                settlement_id=_settlement_id(match_id, source),
                provider=source,
                taken=taken,
                arrived=Money.of(share, currency),
                subject=subject,
            )
        )
    return settlements


def _sources(lines: Sequence[StoredLine]) -> list[str]:
    """The providers that a match has booked for; none if only the bank's lines are in it."""
    return sorted({line.source for line in lines if line.side != "bank"}) or [""]


def _settlement_id(match_id: UUID, source: str) -> UUID:
    return derived_id(match_id, "settlement", source)


def _net(lines: Sequence[Line]) -> Money:
    return Money.of(sum(line.net_minor for line in lines), lines[0].currency)
