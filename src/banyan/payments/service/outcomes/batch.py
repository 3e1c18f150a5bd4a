"""What a batch of answers is about, and what it leads to."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from banyan.ledger import Transfer
from banyan.operations import withdraw_cases
from banyan.payments.model import (
    DEBIT,
    PAYOUT,
    Attempt,
    Debit,
    Dispute,
    DisputeAnswer,
    Exchange,
    Operation,
    Payment,
    PaymentSplit,
    Payout,
    ProviderRate,
    Refund,
    Reversal,
    Route,
)
from banyan.payments.rules import PENDING_POLL
from banyan.payments.service import bookings, exchanges
from banyan.payments.service.attempts import authorization_id, intend, intent_for_payment
from banyan.payments.service.bank_cases import withdraw_silence
from banyan.payments.service.debts import debits_ended
from banyan.payments.service.payouts import schedule_payouts, stop_failed
from banyan.payments.service.routing import (
    Router,
    count_outcomes,
    load_router,
    save_probes,
    wanted_of,
)
from banyan.payments.store import answers as answers_store
from banyan.payments.store import attempts as store
from banyan.payments.store import debts as debts_store
from banyan.payments.store import disputes as disputes_store
from banyan.payments.store import payments as payments_store
from banyan.payments.store import payouts as payouts_store
from banyan.payments.store import refunds as refunds_store
from banyan.runtime import Event, JobDraft, Transaction

TAKING: frozenset[Operation] = frozenset({"authorize", "authenticate", "capture", "late"})
"""The operations after which a payment may be captured."""


_REFUSED = ("declined", "unavailable")


@dataclass(slots=True, kw_only=True)
class Batch:
    """The records that a batch of answers is about, and what the answers lead to."""

    now: datetime
    payments: dict[UUID, Payment]
    splits: dict[UUID, list[PaymentSplit]]
    refunds: dict[UUID, Refund]
    reversals: dict[UUID, list[Reversal]]
    payouts: dict[UUID, Payout]
    debits: dict[UUID, Debit]
    answers: dict[UUID, DisputeAnswer]
    disputes: dict[UUID, Dispute]
    transfers: list[Transfer] = field(default_factory=list[Transfer])
    exchanges: list[Exchange] = field(default_factory=list[Exchange])
    events: list[Event] = field(default_factory=list[Event])
    intents: list[Attempt] = field(default_factory=list[Attempt])
    timers: list[JobDraft] = field(default_factory=list[JobDraft])
    undone: list[Reversal] = field(default_factory=list[Reversal])
    held_again: list[Reversal] = field(default_factory=list[Reversal])
    failed_payouts: list[Payout] = field(default_factory=list[Payout])
    unpaid_sellers: set[UUID] = field(default_factory=set[UUID])
    ended_debits: list[Debit] = field(default_factory=list[Debit])
    router: Router | None = None
    tried: dict[UUID, list[str]] = field(default_factory=dict[UUID, list[str]])
    polls: list[Attempt] = field(default_factory=list[Attempt])
    later: list[tuple[timedelta, Payment, Route]] = field(
        default_factory=list[tuple[timedelta, Payment, Route]]
    )
    learned: list[tuple[Payment, bool]] = field(default_factory=list[tuple[Payment, bool]])

    def payment_of(self, attempt: Attempt) -> Payment:
        assert attempt.payment_id is not None, "only payouts and debits have no payment"
        return self.payments[attempt.payment_id]

    def next_route(self, payment: Payment) -> Route | None:
        """The next provider for a payment that was declined or could not be asked for."""
        assert self.router is not None, "it is loaded with every such answer"
        tried = set(self.tried[payment.payment_id])
        attempt_id = authorization_id(payment.payment_id, payment.ordinal + 1)
        return self.router.route(wanted_of(payment), attempt_id, tried)

    def book(self, payment: Payment, transfer: Transfer, told: ProviderRate | None = None) -> None:
        """A step that moves the provider's money, and what is exchanged for it."""
        self.transfers.append(transfer)
        self.exchanges += bookings.exchanges_of(payment, [transfer], self.now, told)

    def put(self, payment: Payment) -> None:
        self.payments[payment.payment_id] = payment


async def load_batch(tx: Transaction, attempts: Sequence[Attempt]) -> Batch:
    payment_ids = {attempt.payment_id for attempt in attempts if attempt.payment_id is not None}
    captured = {a.subject_id for a in attempts if a.operation in TAKING}
    refused = {a.subject_id for a in attempts if a.operation in TAKING and a.outcome in _REFUSED}
    refund_ids = {
        attempt.subject_id
        for attempt in attempts
        if attempt.payment_id is not None and attempt.operation in ("refund", "payout", "return")
    }
    answer_ids = [a.subject_id for a in attempts if a.operation in ("contest", "accept")]
    bank_ids = [attempt.subject_id for attempt in attempts if attempt.payment_id is None]
    payments = await payments_store.lock_payments(tx, payment_ids) if payment_ids else []
    splits = await payments_store.select_splits(tx, captured) if captured else []
    refunds = await refunds_store.refunds_by_id(tx, refund_ids) if refund_ids else []
    held = [refund.reversal_id for refund in refunds]
    reversals = await refunds_store.select_reversals(tx, held) if held else []
    answers = await answers_store.answers_by_id(tx, answer_ids) if answer_ids else []
    dispute_ids = {answer.dispute_id for answer in answers}
    disputes = await disputes_store.disputes_by_id(tx, dispute_ids) if dispute_ids else []
    payouts = await payouts_store.lock_payouts(tx, bank_ids) if bank_ids else []
    debits = await debts_store.lock_debits(tx, bank_ids) if bank_ids else []
    wanted = [wanted_of(payment) for payment in payments if payment.payment_id in refused]
    return Batch(
        now=tx.now,
        router=await load_router(tx, wanted) if refused else None,
        tried=await store.tried_providers(tx, refused) if refused else {},
        payments={payment.payment_id: payment for payment in payments},
        splits={id_: [s for s in splits if s.payment_id == id_] for id_ in captured},
        refunds={refund.refund_id: refund for refund in refunds},
        reversals={
            refund.refund_id: [r for r in reversals if r.reversal_id == refund.reversal_id]
            for refund in refunds
        },
        payouts={payout.payout_id: payout for payout in payouts},
        debits={debit.debit_id: debit for debit in debits},
        answers={answer.answer_id: answer for answer in answers},
        disputes={dispute.dispute_id: dispute for dispute in disputes},
    )


async def write_batch(tx: Transaction, batch: Batch) -> None:
    await payments_store.save_payments(tx, list(batch.payments.values()))
    if batch.undone:
        await payments_store.add_to_reversed(tx, batch.undone, -1)
    if batch.held_again:
        await refunds_store.insert_reversals(tx, batch.held_again)
    for refund in batch.refunds.values():
        await refunds_store.save_refund(tx, refund)
    for answer in batch.answers.values():
        await answers_store.finish_answer(tx, answer.answer_id, answer.state)
    for dispute in batch.disputes.values():
        await disputes_store.save_dispute(tx, dispute)
    await _write_payouts(tx, batch)
    await intend(tx, batch.intents)
    await intend(tx, batch.polls, after=PENDING_POLL)
    for after, payment, route in batch.later:
        await intend(tx, [intent_for_payment(payment, "authorize", route)], after=after)
    if batch.router is not None:
        await save_probes(tx, batch.router)
    await count_outcomes(tx, batch.learned)
    await tx.enqueue_all(batch.timers)
    await tx.record_all(batch.events)
    await exchanges.post_all(tx, batch.transfers, batch.exchanges)


async def _write_payouts(tx: Transaction, batch: Batch) -> None:
    """What became of money on its way to sellers, and of what they owed."""
    if batch.payouts:
        await payouts_store.finish_payouts(tx, list(batch.payouts.values()))
    if batch.failed_payouts:
        await stop_failed(tx, batch.failed_payouts)
    await schedule_payouts(tx, batch.unpaid_sellers)
    if batch.ended_debits:
        await debts_store.finish_debits(tx, batch.ended_debits)
        await debits_ended(tx, batch.ended_debits)
    ended = [*batch.payouts.values(), *batch.ended_debits]
    by_file = {one.batch_id for one in ended if one.rail == "bank" and one.batch_id is not None}
    if by_file:
        await withdraw_silence(tx, sorted(by_file))
    await withdraw_cases(
        tx,
        [PAYOUT.text(it.payout_id) for it in batch.payouts.values()]
        + [DEBIT.text(it.debit_id) for it in batch.ended_debits],
        kinds=["payout.unknown", "debit.unknown"],
    )
