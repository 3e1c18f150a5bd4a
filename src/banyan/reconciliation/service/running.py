"""A run: collect our books, compare, match, and bring breaks up to date. In one transaction."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from banyan import payments
from banyan.reconciliation.model import (
    Break,
    Comparison,
    Outcome,
    Proposal,
    Run,
    StoredLine,
)
from banyan.reconciliation.rules import Tolerances, compare, grouped
from banyan.reconciliation.rules.words import about, amount
from banyan.reconciliation.service.bank_payments import LOOK_BACK, take_bank_payments
from banyan.reconciliation.service.breaks import check_statements, settle_breaks
from banyan.reconciliation.service.collecting import collect
from banyan.reconciliation.service.matches import make_matches
from banyan.reconciliation.store import imports as imports_store
from banyan.reconciliation.store import lines as lines_store
from banyan.reconciliation.store import matches as store
from banyan.runtime import Transaction


async def run(tx: Transaction) -> Run:
    """Reconcile everything that is open. Once more without news changes nothing."""
    await imports_store.lock_runs(tx)
    collected = await collect(tx)
    lines = await lines_store.select_open(tx)
    tolerances = Tolerances(await store.select_tolerances(tx))
    undone = await store.undone_sets(tx)
    outcomes: list[tuple[Comparison, Outcome]] = [
        ("operations", await _operations(tx, lines_of, tolerances))
        for lines_of in grouped(_of(lines, "operations"), lambda line: line.source).values()
    ]
    settled = _of(lines, "settlements")
    own = await take_bank_payments(tx, [line for line in settled if line.side == "bank"])
    taken = {line.line_id for line in own.lines}
    others = [line for line in settled if line.line_id not in taken]
    outcomes.append(("settlements", own))
    outcomes.append(("settlements", await _settlements(tx, others, tolerances)))
    matched, waiting = 0, 0
    breaks = await _unbalanced(tx)
    for comparison, outcome in outcomes:
        proposals, strange = _without_strangers(outcome.proposals, tx.marketplace.currency)
        agreed, objections = _without_undone(proposals, undone)
        matches, refused = await make_matches(tx, comparison, agreed)
        matched += len(matches)
        waiting += len(outcome.waiting)
        breaks += [*outcome.breaks, *strange, *objections, *refused]
    by_id = {line.line_id: line for line in lines}
    matched_ids = {one.line.line_id for one in breaks} - by_id.keys()  # of wrong batches
    by_id |= {line.line_id: line for line in await lines_store.lines_by_id(tx, matched_ids)}
    opened, closed = await settle_breaks(tx, breaks, by_id, tolerances)
    await check_statements(tx)
    return Run(collected, matched, opened, closed, waiting)


def _of(lines: Iterable[StoredLine], comparison: Comparison) -> list[StoredLine]:
    return [line for line in lines if line.comparison == comparison]


async def _operations(
    tx: Transaction, lines: Sequence[StoredLine], tolerances: Tolerances
) -> Outcome:
    """Books against the report of one provider."""
    right = [line for line in lines if line.side == "provider"]
    names = {name for line in right for name in (line.key, line.reference) if name}
    matched = await lines_store.select_matched_named(tx, "books", names) if names else []
    return compare(
        "operations",
        [line for line in lines if line.side == "books"],
        right,
        today=tx.now.date(),
        tolerances=tolerances,
        matched=[line for line in matched if line.source == lines[0].source],
        held=await payments.held_chargebacks(tx, lines[0].source),
    )


async def _settlements(
    tx: Transaction, lines: Sequence[StoredLine], tolerances: Tolerances
) -> Outcome:
    """What providers have paid against what the bank has received."""
    right = [line for line in lines if line.side == "bank"]
    oldest = min((line.on for line in right), default=tx.now.date())
    matched = await lines_store.select_matched_settlements(tx, oldest - LOOK_BACK)
    return compare(
        "settlements",
        [line for line in lines if line.side == "provider"],
        right,
        today=tx.now.date(),
        tolerances=tolerances,
        matched=matched if right else [],
    )


def _without_strangers(
    proposals: Sequence[Proposal], own: str
) -> tuple[list[Proposal], list[Break]]:
    """A conversion between two currencies that are not our own has no value in ours: a break."""
    agreed = list[Proposal]()
    strange = list[Break]()
    for proposal in proposals:
        one, other = proposal.lines[0], proposal.lines[-1]
        if one.currency == other.currency or own in (one.currency, other.currency):
            agreed.append(proposal)
            continue
        reason = f"{about(other)}, where {one.gross} was expected; neither is in {own}."
        strange.append(Break("currency_differs", other, reason, abs(one.net_minor), one))
    return agreed, strange


def _without_undone(
    proposals: Sequence[Proposal], undone: dict[frozenset[UUID], str]
) -> tuple[list[Proposal], list[Break]]:
    """What a person took apart stays apart, and is a break of its lines until it is matched by hand."""
    agreed = list[Proposal]()
    objections = list[Break]()
    for proposal in proposals:
        why = undone.get(frozenset(line.line_id for line in proposal.lines))
        if why is None:
            agreed.append(proposal)
            continue
        for line in proposal.lines:
            reason = f"{about(line)} was matched, and that was undone by {why}"
            objections.append(Break("amount_differs", line, reason, abs(line.net_minor)))
    return agreed, objections


async def _unbalanced(tx: Transaction) -> list[Break]:
    """Settlements that don't pay what their batch adds up to."""
    totals = dict(await lines_store.unbalanced_batches(tx, tx.now.date() - LOOK_BACK))
    lines = await lines_store.lines_by_id(tx, totals) if totals else []
    return [
        Break(
            "amount_differs",
            line,
            f"{about(line)}: its batch {line.batch} adds up to {amount(totals[line.line_id], line)}.",
            abs(totals[line.line_id] - line.net_minor),
        )
        for line in lines
    ]
