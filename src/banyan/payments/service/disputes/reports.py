"""Where the provider says that a dispute stands, and what follows from it.

Stages may be told late, twice, out of order, or not at all: what counts is the answer to a look-up,
and among look-ups the one that began last.
"""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from banyan import operations
from banyan.kernel import derived_id
from banyan.operations import CaseDraft
from banyan.payments.errors import PaymentNotReady
from banyan.payments.model import PAYMENT, TAKEN, Dispute, Payment, ProviderRate
from banyan.payments.providers import DisputeReport
from banyan.payments.rules import category_of, state_of
from banyan.payments.service import news
from banyan.payments.service.disputes.answers import CASE_KIND, case_key
from banyan.payments.service.disputes.books import book
from banyan.payments.store import disputes as store
from banyan.payments.store import payments as payments_store
from banyan.runtime import JobDraft, Transaction

FOREIGN_KIND = "payment.dispute_currency"
_FOREIGN_WITHIN = timedelta(days=1)


async def apply_report(tx: Transaction, report: DisputeReport, *, seen: int | None = None) -> None:
    """Bring a dispute to where the provider says that it stands, whatever we have seen before.

    ``seen`` is the ``revision_of`` the dispute when the look-up began. If the dispute has changed
    meanwhile, the report may be older than what we know: then we look again.
    """
    [payment] = await payments_store.lock_payments(tx, [PAYMENT.parse(report.payment)]) or [None]
    if payment is None or payment.state not in TAKEN:
        raise PaymentNotReady(f"{report.payment} is disputed before it is booked as captured.")
    dispute_id = derived_id(payment.payment_id, "dispute", report.reference)
    if {report.amount.currency.code, report.fee.currency.code} != {payment.currency}:
        await operations.open_cases(tx, [_foreign_case(tx, payment, dispute_id, report)])
        return
    known = await store.find_dispute(tx, dispute_id)
    before = known or _unheard_of(tx, payment, dispute_id, report)
    told = _told(tx, before, report)
    if told == before:
        return
    if seen is not None and seen != before.revision:
        await look_again(tx, before)
        return
    if known is None:
        await store.insert_dispute(tx, before)
    told = replace(told, revision=before.revision + 1)
    _, dispute = await book(tx, payment, before, told, _rate_of(report))
    await _record(tx, known, dispute)
    await _see_to_answers(tx, before, dispute)


def _rate_of(report: DisputeReport) -> ProviderRate | None:
    """The rate at which the provider gives it back; None if it hasn't told."""
    return None if report.settled is None else ProviderRate(report.amount, report.settled)


async def revision_of(tx: Transaction, provider: str, reference: str) -> int:
    """How often a dispute has changed so far; zero if nobody here has heard of it."""
    return await store.find_revision(tx, provider, reference) or 0


async def look_again(tx: Transaction, dispute: Dispute) -> None:
    """Have the provider asked once more."""
    key = f"{dispute.dispute_id}/{dispute.revision}"
    hint = {"provider": dispute.provider, "key": None, "dispute": dispute.provider_reference}
    await tx.enqueue(JobDraft("payment.look_up", key, hint))


def _foreign_case(
    tx: Transaction, payment: Payment, dispute_id: UUID, report: DisputeReport
) -> CaseDraft:
    """Asked once for every stage and state: what it means for our books is no rule's to say."""
    return CaseDraft(
        key=f"{FOREIGN_KIND}/{dispute_id}/{report.stage}/{report.state}",
        queue="payments",
        kind=FOREIGN_KIND,
        subject=payment.subject,
        title="A dispute is in another currency than its payment",
        reason=(
            f"{payment.provider} says that {report.amount} (fee {report.fee}) of a payment in "
            f"{payment.currency} is disputed: {report.stage.replace('_', ' ')}, {report.state}. "
            "Nothing was booked."
        ),
        due_at=report.respond_by or tx.now + _FOREIGN_WITHIN,
        resolutions=("settle_by_hand", "ask_provider"),
        at_risk=report.amount,
        evidence={
            "payment": PAYMENT.text(payment.payment_id),
            "reference": report.reference,
            "stage": report.stage,
            "state": report.state,
        },
    )


def _unheard_of(
    tx: Transaction, payment: Payment, dispute_id: UUID, report: DisputeReport
) -> Dispute:
    """A dispute before anything of it has happened here."""
    return Dispute(
        marketplace_id=tx.marketplace_id,
        dispute_id=dispute_id,
        payment_id=payment.payment_id,
        subject=payment.subject,
        provider=payment.provider,
        provider_reference=report.reference,
        state="won",
        stage="inquiry",
        amount_minor=report.amount.minor,
        held_minor=0,
        fee_minor=0,
        recharged_minor=0,
        currency=payment.currency,
        reason=report.reason,
        reason_code=report.reason_code,
        category=category_of(report.reason_code),
        respond_by=None,
        booked="free",
        round=0,
        moves=0,
        revision=0,
        challenge=0,
        bearer="seller",
        bearer_reason="",
        decision=None,
        decided_by=None,
        decision_reason=None,
        strength=None,
        opened_at=tx.now,
        closed_at=None,
    )


def _told(tx: Transaction, before: Dispute, report: DisputeReport) -> Dispute:
    """The dispute as it is reported, in our words; the same record if that is no news."""
    is_same_stage = before.stage == report.stage
    state = state_of(
        report.stage,
        report.state,
        is_contested=before.decision == "contest",
        is_same_stage=is_same_stage,
    )
    is_closed = state in ("won", "lost")
    is_news = before.revision == 0 or state != before.state
    told = replace(
        before,
        state=state,
        stage=report.stage,
        amount_minor=report.amount.minor,
        fee_minor=report.fee.minor,
        reason=report.reason,
        reason_code=report.reason_code,
        category=category_of(report.reason_code),
        respond_by=report.respond_by if state == "open" else before.respond_by,
        closed_at=(tx.now if is_news else before.closed_at) if is_closed else None,
    )
    is_due_again = told.is_answerable and (
        not is_same_stage or before.state in ("won", "lost") or before.revision == 0
    )
    if not is_due_again:
        return told
    return replace(
        told,
        challenge=before.challenge + 1,
        decision=None,
        decided_by=None,
        decision_reason=None,
        strength=None,
    )


async def _record(tx: Transaction, before: Dispute | None, dispute: Dispute) -> None:
    events = list[news.Event]()
    was_open = before is not None and before.closed_at is None
    is_open = dispute.closed_at is None
    is_inquiry = dispute.stage == "inquiry"
    if before is None:
        what = "inquiry_opened" if is_inquiry else "opened"
        events.append(news.about_dispute(what, dispute, dispute.reason))
    elif before.stage == "inquiry" and not is_inquiry and before.round == 0:
        events.append(news.about_dispute("opened", dispute, dispute.reason))
    elif not was_open and (is_open or dispute.state == "lost" != before.state):
        reason = f"The bank has come back to it ({dispute.stage}): {dispute.reason}"
        events.append(news.about_dispute("reopened", dispute, reason))
    elif is_open and before.stage != dispute.stage:
        reason = f"It has gone on to {dispute.stage.replace('_', ' ')}: {dispute.reason}"
        events.append(news.about_dispute("escalated", dispute, reason))
    elif before.amount_minor != dispute.amount_minor:
        reason = f"{dispute.amount} in place of {before.amount} is disputed."
        events.append(news.about_dispute("changed", dispute, reason))
    if not is_open and (before is None or before.state != dispute.state or was_open):
        events.append(_closed(dispute))
    await tx.record_all(events)


def _closed(dispute: Dispute) -> news.Event:
    if dispute.state == "lost":
        reason = f"The dispute was lost; {dispute.amount} goes back to the buyer. "
        return news.about_dispute("lost", dispute, reason + dispute.bearer_reason)
    if dispute.stage == "inquiry":
        reason = "The bank's question is settled; no money has moved."
        return news.about_dispute("inquiry_closed", dispute, reason)
    reason = f"The dispute was won; {dispute.amount} goes back to where it came from."
    return news.about_dispute("won", dispute, reason)


async def _see_to_answers(tx: Transaction, before: Dispute, dispute: Dispute) -> None:
    """Ask for a decision where one has become due; take the question back where none is any more."""
    if before.challenge and (before.challenge != dispute.challenge or not dispute.is_answerable):
        await operations.withdraw_cases(
            tx, [before.subject], kinds=[CASE_KIND], keys=[case_key(before)]
        )
    if before.challenge != dispute.challenge or before.respond_by != dispute.respond_by:
        await tx.cancel_job("dispute.decide", str(dispute.dispute_id))
    if dispute.is_answerable and dispute.decision is None:
        await tx.enqueue(JobDraft("dispute.review", str(dispute.dispute_id)))
