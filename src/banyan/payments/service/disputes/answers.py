"""What we answer in a dispute: decided by a person or by the rule, with the order's own evidence.

The rule decides at once where that is plain, else a case asks a person; what nobody has decided by the
deadline is decided by the rule, and says so. The decision is written down first; a job then
freezes the evidence and has it handed in.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias
from uuid import UUID

from banyan import operations
from banyan.kernel import derived_id
from banyan.operations import Case, CaseDraft
from banyan.payments.errors import DisputeNotAnswerable, DisputeNotFound
from banyan.payments.model import (
    DISPUTE,
    PAYMENT,
    Appraisal,
    Decision,
    Dispute,
    DisputeAnswer,
    EvidenceKind,
    Payment,
    Purchase,
)
from banyan.payments.rules import (
    appraise,
    decide_at_deadline,
    decide_at_once,
    decide_by,
    gather,
    page,
)
from banyan.payments.service.attempts import intend, intent_for_answer
from banyan.payments.service.disputes.reading import get_dispute_settings
from banyan.payments.service.refunds import refund
from banyan.payments.store import answers as answers_store
from banyan.payments.store import disputes as store
from banyan.payments.store import payments as payments_store
from banyan.payments.store import refunds as refunds_store
from banyan.runtime import JobDraft, Transaction

PurchaseOf: TypeAlias = Callable[[Transaction, str], Awaitable[Purchase | None]]
"""What an order (a payment's ``subject``) says about itself; None if it is nothing that is known."""

CASE_KIND = "dispute.answer"
_RULE = "rule"
_UNTOLD_DEADLINE = timedelta(days=5)
"""For a provider that names no deadline: shorter than those of the networks."""


async def nothing_bought(_tx: Transaction, _subject: str) -> Purchase | None:
    """For marketplaces without orders: payments alone have to do as evidence."""
    return None


async def review(tx: Transaction, dispute_id: UUID, purchase_of: PurchaseOf) -> None:
    """Decide on a dispute at once where the rule does, else ask a person."""
    payment, dispute = await _lock(tx, dispute_id)
    if not dispute.is_answerable or dispute.decision is not None:
        return
    evidence, appraisal = await _appraise(tx, payment, dispute, purchase_of, {})
    dispute = replace(dispute, strength=appraisal.strength)
    await store.save_dispute(tx, dispute)
    settings = await get_dispute_settings(tx)
    answers = await answers_store.answers_of(tx, dispute_id)
    was_refused = any(
        answer.state == "refused" and answer.stage == dispute.stage for answer in answers
    )
    verdict = decide_at_once(dispute, appraisal.strength, settings, was_refused=was_refused)
    if verdict is not None:
        await answer_dispute(tx, dispute_id, verdict.decision, by=_RULE, reason=verdict.reason)
        return
    due_at = decide_by(dispute.respond_by or tx.now + _UNTOLD_DEADLINE, tx.now, settings)
    await operations.open_cases(tx, [_case(dispute, evidence, appraisal, due_at)])
    if not was_refused:  # else the rule would hand in again and again what is turned away
        await tx.enqueue(JobDraft("dispute.decide", str(dispute_id), due_at=due_at))


async def decide_overdue(tx: Transaction, dispute_id: UUID, purchase_of: PurchaseOf) -> None:
    """Decide by the rule what nobody has decided in time."""
    payment, dispute = await _lock(tx, dispute_id)
    if not dispute.is_answerable or dispute.decision is not None:
        return
    _, appraisal = await _appraise(tx, payment, dispute, purchase_of, {})
    verdict = decide_at_deadline(dispute, appraisal.strength)
    await answer_dispute(tx, dispute_id, verdict.decision, by=_RULE, reason=verdict.reason)


async def answer_dispute(
    tx: Transaction,
    dispute_id: UUID,
    decision: Decision,
    *,
    by: str,
    reason: str,
    extra: Mapping[EvidenceKind, str] | None = None,
) -> Dispute:
    """Decide how a dispute is answered; the answer itself is sent by a job.

    ``extra`` is evidence that the order doesn't have, such as letters. Repeating the decision changes
    nothing. ``DisputeNotFound``, ``DisputeNotAnswerable``.
    """
    payment, dispute = await _lock(tx, dispute_id)
    if dispute.decision == decision:
        return dispute
    _check_answerable(dispute, decision)
    dispute = replace(
        dispute,
        decision=decision,
        decided_by=by,
        decision_reason=reason,
        revision=dispute.revision + 1,
    )
    await store.save_dispute(tx, dispute)
    await tx.cancel_job("dispute.decide", str(dispute_id))
    await _resolve_case(tx, dispute, decision, by=by, reason=reason)
    if decision == "refund":
        await _refund(tx, payment, dispute, by=by)
        return dispute
    key = f"{dispute_id}/{dispute.challenge}"
    payload = {"dispute": str(dispute_id), "extra": {str(k): v for k, v in (extra or {}).items()}}
    await tx.enqueue(JobDraft("dispute.answer", key, payload))
    return dispute


async def send_answer(
    tx: Transaction,
    dispute_id: UUID,
    extra: Mapping[EvidenceKind, str],
    purchase_of: PurchaseOf,
) -> None:
    """Freeze what is answered, with the evidence as it is now, and have the provider told."""
    payment, dispute = await _lock(tx, dispute_id)
    kind = dispute.decision
    if not dispute.is_answerable or kind is None or kind == "refund":
        return  # the bank has decided meanwhile
    evidence, appraisal = await _appraise(tx, payment, dispute, purchase_of, extra)
    is_contest = kind == "contest"
    answer = DisputeAnswer(
        marketplace_id=tx.marketplace_id,
        answer_id=derived_id(dispute_id, kind, dispute.challenge),
        dispute_id=dispute_id,
        challenge=dispute.challenge,
        kind=kind,
        stage=dispute.stage,
        state="sending",
        strength=appraisal.strength if is_contest else None,
        missing=list(appraisal.missing) if is_contest else [],
        evidence=evidence if is_contest else {},
        page=page(dispute, DISPUTE.text(dispute_id), evidence, appraisal, tx.now)
        if is_contest
        else "",
        made_by=dispute.decided_by or "",
        created_at=tx.now,
    )
    if await answers_store.insert_answer(tx, answer):
        await store.save_dispute(tx, replace(dispute, strength=appraisal.strength))
        await intend(tx, [intent_for_answer(dispute, answer)])


async def answer_resolved(tx: Transaction, case: Case) -> None:
    """Carry out what a person has decided; what was decided otherwise meanwhile stays so."""
    if case.kind != CASE_KIND or case.resolution is None:
        return
    dispute_id = DISPUTE.parse(str(case.evidence["dispute"]))
    _, dispute = await _lock(tx, dispute_id)
    decision = _DECISIONS[case.resolution]
    if case_key(dispute) == case.key and dispute.is_answerable and dispute.decision is None:
        reason = case.note or f"{case.resolved_by} decided so."
        await answer_dispute(tx, dispute_id, decision, by=case.resolved_by or "", reason=reason)


def case_key(dispute: Dispute) -> str:
    """One question for each time that an answer is due."""
    return f"{DISPUTE.text(dispute.dispute_id)}/{dispute.challenge}"


_DECISIONS: dict[str, Decision] = {"contest": "contest", "accept": "accept", "refund": "refund"}


def _case(
    dispute: Dispute,
    evidence: Mapping[EvidenceKind, str],
    appraisal: Appraisal,
    due_at: datetime,
) -> CaseDraft:
    what = "A bank asks about a payment" if dispute.stage == "inquiry" else "A payment is disputed"
    offered = ("contest", "refund") if dispute.stage == "inquiry" else ("contest", "accept")
    return CaseDraft(
        key=case_key(dispute),
        queue="payments",
        kind=CASE_KIND,
        subject=dispute.subject,
        title=f"{what}: {dispute.category.replace('_', ' ')}",
        reason=f"{dispute.reason} {appraisal.reason}",
        due_at=due_at,
        resolutions=offered,
        at_risk=dispute.amount,
        evidence={
            "dispute": DISPUTE.text(dispute.dispute_id),
            "payment": PAYMENT.text(dispute.payment_id),
            "stage": dispute.stage,
            "category": dispute.category,
            "reason_code": dispute.reason_code,
            "respond_by": dispute.respond_by and dispute.respond_by.isoformat(),
            "borne_by": f"{dispute.bearer}. {dispute.bearer_reason}",
            "strength": appraisal.strength,
            "missing": list(appraisal.missing),
            "evidence": dict(evidence),
        },
    )


async def _appraise(
    tx: Transaction,
    payment: Payment,
    dispute: Dispute,
    purchase_of: PurchaseOf,
    extra: Mapping[EvidenceKind, str],
) -> tuple[dict[EvidenceKind, str], Appraisal]:
    evidence = gather(
        payment,
        await purchase_of(tx, payment.subject),
        await refunds_store.refunds_of(tx, payment.payment_id),
        is_authenticated=payment.liability == "issuer",
        extra=extra,
    )
    return evidence, appraise(dispute.category, evidence)


async def _resolve_case(
    tx: Transaction, dispute: Dispute, decision: Decision, *, by: str, reason: str
) -> None:
    """Close the open question, if there is one, with what was decided elsewhere."""
    for case in await operations.cases_of(tx, dispute.subject):
        if case.is_open and case.key == case_key(dispute) and decision in case.resolutions:
            await operations.resolve_case(
                tx, case.case_id, decision, note=reason, actor=by, by_person=by != _RULE
            )


async def _refund(tx: Transaction, payment: Payment, dispute: Dispute, *, by: str) -> None:
    """Settle an inquiry by giving the buyer what is asked about, or what is left of it."""
    amount = min(dispute.amount, payment.left)
    if amount.minor:
        refund_id = derived_id(dispute.dispute_id, "refund", dispute.challenge)
        reason = f"Settles the bank's question: {dispute.reason}"[:500]
        await refund(tx, payment.payment_id, amount, refund_id, reason, by, reason_code="dispute")


def _check_answerable(dispute: Dispute, decision: Decision) -> None:
    name = DISPUTE.text(dispute.dispute_id)
    if not dispute.is_answerable:
        raise DisputeNotAnswerable(f"Dispute {name} is {dispute.state} ({dispute.stage}).")
    if dispute.decision is not None:
        raise DisputeNotAnswerable(f"{dispute.decided_by} decided to {dispute.decision} {name}.")
    if decision == "refund" and dispute.stage != "inquiry":
        raise DisputeNotAnswerable(
            f"The bank has taken the money of {name} already; a refund would give it twice."
        )


async def _lock(tx: Transaction, dispute_id: UUID) -> tuple[Payment, Dispute]:
    """The dispute, read after its payment was locked."""
    found = await store.find_dispute(tx, dispute_id)
    if found is None:
        raise DisputeNotFound(f"There is no dispute {DISPUTE.text(dispute_id)}.")
    [payment] = await payments_store.lock_payments(tx, [found.payment_id])
    [dispute] = await store.disputes_by_id(tx, [dispute_id])
    return payment, dispute
