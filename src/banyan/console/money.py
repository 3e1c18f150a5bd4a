"""Payments, payouts and disputes: lists, one payment, and an order's statement."""

from collections.abc import Mapping, Sequence
from typing import TypeVar, get_args
from uuid import UUID

from banyan.console.links import subject_href
from banyan.console.look import money, state_pill, words
from banyan.console.statements import held, movements
from banyan.console.story import timeline
from banyan.console.views.frame import Choice, Crumb, Fact, Pages
from banyan.console.views.money import MoneyLine, MoneyListView, PaymentView
from banyan.console.views.orders import AttemptLine, Statement
from banyan.console.visit import Shown, Visit
from banyan.kernel import LIMIT_DEFAULT
from banyan.parties import SELLER, Seller, sellers_by_id
from banyan.payments import (
    DISPUTE,
    PAYMENT,
    PAYOUT,
    REFUND,
    Attempt,
    Dispute,
    DisputeState,
    Payment,
    PaymentState,
    Payout,
    PayoutState,
    Refund,
    attempts_of,
    get_payment,
    list_disputes,
    list_payments,
    list_payouts,
    list_refunds,
    movements_of,
)
from banyan.runtime import events_of

State = TypeVar("State", bound=str)

_PAYMENT_STATES: Sequence[PaymentState] = get_args(PaymentState)
_PAYOUT_STATES: Sequence[PayoutState] = get_args(PayoutState)
_DISPUTE_STATES: Sequence[DisputeState] = get_args(DisputeState)


async def show_payments(visit: Visit) -> Shown:
    state = _state(visit, _PAYMENT_STATES)
    page = await list_payments(
        visit.tx, state=state, limit=LIMIT_DEFAULT, cursor=visit.query.get("cursor")
    )
    view = MoneyListView(
        title="Payments",
        about="One an order: what its buyer authorizes and we capture.",
        tabs=_tabs(visit, "payments", _PAYMENT_STATES, state),
        subject_label="Order",
        note_label="Method",
        at_label="Created",
        lines=tuple(_payment_line(visit, payment) for payment in page.data),
        pages=_pages(visit, page.next_cursor),
        empty_title="No payments yet",
        empty_text="The first order that passes its checks makes the first payment. Place one:",
        is_filtered=state is not None,
        more_href=visit.href("payments/status"),
        more_label="Status",
    )
    return Shown("payments/list.html", "Payments", "payments", view, live_subjects=None)


async def show_payouts(visit: Visit) -> Shown:
    state = _state(visit, _PAYOUT_STATES)
    page = await list_payouts(
        visit.tx, state=state, limit=LIMIT_DEFAULT, cursor=visit.query.get("cursor")
    )
    sellers = await sellers_by_id(visit.tx, [payout.seller_id for payout in page.data])
    view = MoneyListView(
        title="Payouts",
        about="What sellers have available goes out with the daily batch.",
        tabs=_tabs(visit, "payouts", _PAYOUT_STATES, state),
        subject_label="Seller",
        note_label="To",
        at_label="Created",
        lines=tuple(payout_line(visit, payout, sellers) for payout in page.data),
        pages=_pages(visit, page.next_cursor),
        empty_title="No payouts yet",
        empty_text="Once an order is settled its seller's share is available, and goes out with the "
        "next daily batch. Orders that are delivered settle by themselves. Place one:",
        is_filtered=state is not None,
        more_href=visit.href("payouts/batches"),
        more_label="Batches",
    )
    return Shown("payments/list.html", "Payouts", "payouts", view, live_subjects=None)


async def show_disputes(visit: Visit) -> Shown:
    state = _state(visit, _DISPUTE_STATES)
    page = await list_disputes(
        visit.tx, state=state, limit=LIMIT_DEFAULT, cursor=visit.query.get("cursor")
    )
    view = MoneyListView(
        title="Disputes",
        about="A buyer objects at the bank: the money is held until the bank has decided.",
        tabs=_tabs(visit, "disputes", _DISPUTE_STATES, state),
        subject_label="Order",
        note_label="Reason",
        at_label="Opened",
        lines=tuple(_dispute_line(visit, dispute) for dispute in page.data),
        pages=_pages(visit, page.next_cursor),
        empty_title="No disputes",
        empty_text="None has been opened. In the sandbox a token of the provider's list causes one; "
        "use it in an order's payment_method:",
        is_filtered=state is not None,
    )
    return Shown("payments/list.html", "Disputes", "disputes", view, live_subjects=None)


async def show_payment(visit: Visit) -> Shown:
    payment = await get_payment(visit.tx, PAYMENT.parse(visit.path("payment_id")))
    text = PAYMENT.text(payment.payment_id)
    refunds = await list_refunds(visit.tx, payment_id=payment.payment_id, limit=LIMIT_DEFAULT)
    disputes = await list_disputes(visit.tx, payment_id=payment.payment_id, limit=LIMIT_DEFAULT)
    events = await events_of(visit.tx, text)
    for refund in refunds.data:
        events += await events_of(visit.tx, REFUND.text(refund.refund_id))
    view = PaymentView(
        payment_id=text,
        amount=payment.amount,
        state=state_pill(payment.state),
        order=payment.subject,
        order_href=subject_href(visit.base, payment.subject),
        created_at=payment.created_at,
        facts=tuple(_facts(payment)),
        attempts=attempt_lines(await attempts_of(visit.tx, payment.payment_id)),
        refunds=tuple(_refund_line(refund) for refund in refunds.data),
        disputes=tuple(_dispute_line(visit, dispute) for dispute in disputes.data),
        statement=await statement(visit, payment.subject, payment.currency),
        timeline=timeline(events, visit.base),
    )
    crumbs = (Crumb("Payments", visit.href("payments")), Crumb(text))
    return Shown(
        "payments/payment.html", f"Payment {text}", "payments", view, crumbs, live_subjects=(text,)
    )


async def statement(visit: Visit, subject: str, currency: str) -> Statement:
    """The money of one order, from the ledger's legs about it."""
    legs = await movements_of(visit.tx, subject)
    waiting = held(legs, currency)
    note = (
        f"{money(waiting)} is held at the buyer's bank and not taken yet." if waiting.minor else ""
    )
    href = visit.href("ledger/transfers", subject=subject) if legs else ""
    return Statement(currency, movements(legs, currency), href, note)


def attempt_lines(attempts: Sequence[Attempt]) -> tuple[AttemptLine, ...]:
    return tuple(
        AttemptLine(
            operation=words(attempt.operation),
            provider=attempt.provider,
            outcome=state_pill(attempt.outcome or attempt.state),
            note=_said(attempt),
            at=attempt.sent_at or attempt.created_at,
        )
        for attempt in attempts
    )


def payout_line(visit: Visit, payout: Payout, sellers: Mapping[UUID, Seller]) -> MoneyLine:
    seller = SELLER.text(payout.seller_id)
    known = sellers.get(payout.seller_id)
    failure = f": {words(payout.failure_code).lower()}" if payout.failure_code else ""
    exchanged = f", for {money(payout.source)} at {payout.rate:f}" if payout.source else ""
    return MoneyLine(
        id=PAYOUT.text(payout.payout_id),
        href=visit.href(f"payouts/{PAYOUT.text(payout.payout_id)}"),
        state=state_pill(payout.state),
        amount=payout.amount,
        subject=known.name if known else seller,
        subject_href=visit.href(f"sellers/{seller}"),
        note=f"{payout.masked_destination}{exchanged}{failure}",
        at=payout.created_at,
    )


def _payment_line(visit: Visit, payment: Payment) -> MoneyLine:
    text = PAYMENT.text(payment.payment_id)
    return MoneyLine(
        id=text,
        href=visit.href(f"payments/{text}"),
        state=state_pill(payment.state),
        amount=payment.amount,
        subject=payment.subject,
        subject_href=subject_href(visit.base, payment.subject),
        note=f"{words(payment.method_type)}, {payment.provider}",
        at=payment.created_at,
    )


def _dispute_line(visit: Visit, dispute: Dispute) -> MoneyLine:
    text = DISPUTE.text(dispute.dispute_id)
    return MoneyLine(
        id=text,
        href=visit.href(f"disputes/{text}"),
        state=state_pill(dispute.state),
        amount=dispute.amount,
        subject=dispute.subject,
        subject_href=subject_href(visit.base, dispute.subject),
        note=f"{words(dispute.stage)}. {words(dispute.reason)}",
        at=dispute.opened_at,
    )


def _refund_line(refund: Refund) -> MoneyLine:
    return MoneyLine(
        id=REFUND.text(refund.refund_id),
        href="",
        state=state_pill(refund.state),
        amount=refund.amount,
        subject="",
        subject_href="",
        note=f"{refund.reason} Asked by {refund.requested_by}."
        if refund.requested_by
        else refund.reason,
        at=refund.created_at,
    )


def _facts(payment: Payment) -> list[Fact]:
    facts = [
        Fact("Payment", PAYMENT.text(payment.payment_id)),
        Fact("Provider", payment.provider),
        Fact("Method", words(payment.method_type)),
        Fact("Instalments", str(payment.installments)),
        Fact("Captured", money(payment.captured)),
        Fact("Refunded", money(payment.refunded)),
        Fact("Provider's fee", money(payment.fee)),
    ]
    if payment.settled:
        facts.append(Fact("Settled by the provider", money(payment.settled)))
    if payment.provider_reference:
        facts.append(Fact("Provider's reference", payment.provider_reference))
    if payment.liability:
        facts.append(Fact("Liable for fraud", words(payment.liability)))
    if payment.instructions and payment.action_expires_at:
        facts.append(Fact("Buyer may pay until", f"{payment.action_expires_at:%d %b %Y, %H:%M}"))
    if payment.decline_code:
        facts.append(Fact("Declined because", words(payment.decline_code)))
    if payment.released_at:
        facts.append(Fact("Released to sellers", f"{payment.released_at:%d %b %Y, %H:%M}"))
    return facts


def _said(attempt: Attempt) -> str:
    """What the provider answered, how often it had to be asked, and why it was chosen."""
    tries = f"asked {attempt.tries} times" if attempt.tries > 1 else ""
    code = words(attempt.code) if attempt.code else ""
    why = str(attempt.routing["reason"]) if attempt.routing else ""
    return " · ".join(part for part in (code, attempt.note, tries, why) if part)


def _state(visit: Visit, states: Sequence[State]) -> State | None:
    return next((state for state in states if state == visit.query.get("state")), None)


def _tabs(visit: Visit, area: str, states: Sequence[str], chosen: str | None) -> tuple[Choice, ...]:
    every = Choice("", "All", visit.href(area), is_chosen=chosen is None)
    return (
        every,
        *(
            Choice(state, words(state), visit.href(area, state=state), is_chosen=state == chosen)
            for state in states
        ),
    )


def _pages(visit: Visit, next_cursor: str | None) -> Pages:
    return Pages(
        first_href=visit.again(cursor=None) if visit.query.get("cursor") else "",
        next_href=visit.again(cursor=next_cursor) if next_cursor else "",
    )
