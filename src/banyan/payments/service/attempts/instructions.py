"""What providers are told."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from banyan.payments.model import ATTEMPT, PAYMENT, Attempt, Payment
from banyan.payments.providers import Instruction
from banyan.payments.store import answers as answers_store
from banyan.payments.store import attempts as attempts_store
from banyan.payments.store import debts as debts_store
from banyan.payments.store import disputes as disputes_store
from banyan.payments.store import payments as payments_store
from banyan.payments.store import payouts as payouts_store
from banyan.payments.store import refunds as refunds_store
from banyan.runtime import Transaction


async def instruction_of(tx: Transaction, attempt: Attempt) -> Instruction:
    """What the provider was told, or is to be told."""
    return (await instructions_for(tx, [attempt]))[attempt.attempt_id]


async def instructions_for(
    tx: Transaction, attempts: Collection[Attempt]
) -> dict[UUID, Instruction]:
    """What to tell providers, by attempt."""
    payment_ids = {attempt.payment_id for attempt in attempts if attempt.payment_id}
    subject_ids = {attempt.subject_id for attempt in attempts if attempt.payment_id is None}
    payments = {p.payment_id: p for p in await payments_store.find_payments(tx, payment_ids)}
    destinations = await _destinations(tx, subject_ids) if subject_ids else {}
    return {
        attempt.attempt_id: _instruct(attempt, payment=payments[attempt.payment_id])
        if attempt.payment_id
        else _instruct(attempt, destination=destinations[attempt.subject_id])
        for attempt in attempts
        if attempt.operation not in ("contest", "accept")
    } | {
        **await _instruct_answers(
            tx, [a for a in attempts if a.operation in ("contest", "accept")]
        ),
        **await _instruct_payouts_to_buyers(
            tx, [a for a in attempts if a.operation == "payout" and a.payment_id]
        ),
        **await _instruct_give_backs(
            tx, [a for a in attempts if a.operation == "give_back"], payments
        ),
    }


async def _instruct_answers(
    tx: Transaction, attempts: Sequence[Attempt]
) -> dict[UUID, Instruction]:
    """What to tell about disputes: by the provider's name of it, with our evidence."""
    if not attempts:
        return {}
    found = await answers_store.answers_by_id(tx, [attempt.subject_id for attempt in attempts])
    answers = {answer.answer_id: answer for answer in found}
    about = await disputes_store.disputes_by_id(tx, [answer.dispute_id for answer in found])
    disputes = {dispute.dispute_id: dispute for dispute in about}
    return {
        attempt.attempt_id: replace(
            _instruct(attempt),
            payment=PAYMENT.text(disputes[answer.dispute_id].payment_id),
            subject=disputes[answer.dispute_id].subject,
            reference=disputes[answer.dispute_id].provider_reference,
            evidence={str(kind): text for kind, text in answer.evidence.items()},
        )
        for attempt in attempts
        for answer in [answers[attempt.subject_id]]
    }


async def _instruct_payouts_to_buyers(
    tx: Transaction, attempts: Sequence[Attempt]
) -> dict[UUID, Instruction]:
    """What to tell about refunds that go to an account which the buyer has named."""
    if not attempts:
        return {}
    refunds = await refunds_store.refunds_by_id(tx, [attempt.subject_id for attempt in attempts])
    by_id = {refund.refund_id: refund for refund in refunds}
    return {
        attempt.attempt_id: replace(
            _instruct(attempt, destination=by_id[attempt.subject_id].destination or ""),
            payment=PAYMENT.text(by_id[attempt.subject_id].payment_id),
            subject=by_id[attempt.subject_id].subject,
        )
        for attempt in attempts
    }


async def _instruct_give_backs(
    tx: Transaction, attempts: Sequence[Attempt], payments: Mapping[UUID, Payment]
) -> dict[UUID, Instruction]:
    """What to tell about money that is in no book of ours: to the provider it is a refund."""
    if not attempts:
        return {}
    found = await attempts_store.find_attempts(tx, [attempt.subject_id for attempt in attempts])
    taken = {attempt.attempt_id: attempt for attempt in found}
    return {
        attempt.attempt_id: replace(
            _instruct(attempt, payment=payments[attempt.payment_id]),
            operation="refund",
            reference=str((taken[attempt.subject_id].answer or {}).get("reference", "")),
        )
        for attempt in attempts
        if attempt.payment_id
    }


async def _destinations(tx: Transaction, subject_ids: Collection[UUID]) -> dict[UUID, str]:
    """The bank accounts that payouts go to, and debits come from."""
    payouts = await payouts_store.find_payouts(tx, subject_ids)
    debits = await debts_store.find_debits(tx, subject_ids)
    return {
        **{payout.payout_id: payout.destination for payout in payouts},
        **{debit.debit_id: debit.destination for debit in debits},
    }


def _instruct(
    attempt: Attempt, *, payment: Payment | None = None, destination: str = ""
) -> Instruction:
    base = Instruction(
        marketplace_id=attempt.marketplace_id,
        key=ATTEMPT.text(attempt.attempt_id),
        operation=attempt.operation,
        payment="",
        amount=attempt.amount,
        destination=destination,
    )
    if payment is None:
        return base
    method = payment.method
    is_current = attempt.provider == payment.provider
    return replace(
        base,
        payment=PAYMENT.text(payment.payment_id),
        subject=payment.subject,
        reference=payment.provider_reference or "" if is_current else "",
        method=replace(method, token=method.token_for(attempt.provider), tokens={}),
        country=payment.country or "",
        authentication=payment.authentication,
    )
