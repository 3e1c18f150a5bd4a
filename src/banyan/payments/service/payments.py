"""Payments: made, authenticated, captured, voided, released to sellers."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from banyan import ledger
from banyan.kernel import Page, derived_id, id_of_cursor, page_of
from banyan.ledger import Transfer
from banyan.parties import SELLER
from banyan.payments.errors import (
    PaymentIdReused,
    PaymentNotFound,
    PaymentNotReady,
)
from banyan.payments.model import (
    OPEN,
    PAYMENT,
    TAKEN,
    WITH_BUYER,
    Attempt,
    Authentication,
    Holdback,
    Payment,
    PaymentDraft,
    PaymentSplit,
    PaymentState,
    Route,
)
from banyan.payments.rules import EXPIRY_GRACE, check_draft, choose_authentication
from banyan.payments.rules.routing import Wanted
from banyan.payments.service import bookings, news
from banyan.payments.service.attempts import (
    authorization_id,
    give_back_intent,
    intend,
    intent_for_payment,
)
from banyan.payments.service.holdbacks import hold_back_of
from banyan.payments.service.payouts import schedule_payouts
from banyan.payments.service.refunds import refund
from banyan.payments.service.routing import (
    check_taken,
    load_router,
    no_provider,
    save_probes,
)
from banyan.payments.store import attempts as attempts_store
from banyan.payments.store import payments as store
from banyan.payments.store.payments import NewPayment
from banyan.runtime import Event, Json, Transaction

_AUTHENTICATED: frozenset[PaymentState] = frozenset({*OPEN, "authorized", "capturing", *TAKEN})
"""Where a payment stands whose authentication has been completed."""


async def create_payments(tx: Transaction, drafts: Sequence[PaymentDraft]) -> list[Payment]:
    """Make payments and have them authorized; the outcome of each comes as an event.

    An id that was used for the same content changes nothing. ``InvalidPayment``, ``MethodNotUsable``,
    ``UnknownToken``, ``ProviderMissing``, ``PaymentIdReused``: then nothing at all is made.
    """
    drafts = [replace(one, country=one.country or tx.marketplace.country) for one in drafts]
    made = {one.payment_id for one in await store.find_payments(tx, [d.payment_id for d in drafts])}
    unmade = [draft for draft in drafts if draft.payment_id not in made]
    wanted = [Wanted(draft.amount, draft.method, draft.country) for draft in unmade]
    router = await load_router(tx, wanted)
    new, routes = list[NewPayment](), dict[UUID, Route]()
    for draft, one in zip(unmade, wanted, strict=True):
        check_draft(draft)
        check_taken(tx, one, router)
        route = router.route(one, authorization_id(draft.payment_id, 1))
        if route is None:
            raise no_provider(one, livemode=tx.livemode)
        routes[draft.payment_id] = route
        new.append(NewPayment(draft, route.provider, _authentication(tx, draft)))
    fresh = set(await store.insert_payments(tx, new))
    await store.insert_splits(tx, [draft for draft in drafts if draft.payment_id in fresh])
    payments = await store.lock_payments(tx, [draft.payment_id for draft in drafts])
    _check_same(drafts, payments)
    await save_probes(tx, router)
    await intend(
        tx,
        [
            intent_for_payment(payment, "authorize", routes[payment.payment_id])
            for payment in payments
            if payment.payment_id in fresh
        ],
    )
    return payments


def _authentication(tx: Transaction, draft: PaymentDraft) -> Authentication:
    return choose_authentication(
        draft.method,
        draft.amount,
        country=draft.country,
        merchant_country=tx.marketplace.country,
        risk=draft.risk,
    ).authentication


async def complete_authentication(tx: Transaction, payment_id: UUID) -> Payment:
    """Go on after the buyer has been at the payment's ``action_url``; repeating changes nothing.

    ``PaymentNotFound``; ``PaymentNotReady`` once it has expired or never needed it.
    """
    [payment] = await _lock(tx, [payment_id])
    expires_at = payment.action_expires_at
    if expires_at is not None and payment.state in _AUTHENTICATED:
        return payment
    if payment.state != "requires_action" or expires_at is None or tx.now >= expires_at:
        raise _not_ready(payment, "can't be authenticated")
    payment = replace(payment, state="authorizing", action_url=None)
    await store.save_payments(tx, [payment])
    await intend(tx, [intent_for_payment(payment, "authenticate")])
    return payment


async def expire_with_buyers(tx: Transaction, payment_ids: Collection[UUID]) -> None:
    """Give up on buyers who did not authenticate or pay in time, and tell the provider so.

    Should the money arrive all the same, it goes back: hence the reason to void. Who has time left,
    such as at the provider that was tried next, keeps it.
    """
    payments = await store.lock_payments(tx, payment_ids)
    expired = [_expired(one) for one in payments if _is_overdue(one, tx.now)]
    await store.save_payments(tx, expired)
    await intend(tx, [intent_for_payment(payment, "void") for payment in expired])
    await tx.record_all([_expiry(payment) for payment in expired])


def _is_overdue(payment: Payment, now: datetime) -> bool:
    until = payment.action_expires_at
    if until is None or not (payment.state in WITH_BUYER or payment.state in OPEN):
        return False
    return now >= (until + EXPIRY_GRACE if payment.state == "awaiting_payment" else until)


def _expired(payment: Payment) -> Payment:
    if payment.state != "awaiting_payment":
        code, reason = "authentication_expired", "The buyer did not authenticate in time."
        return replace(
            payment, state="declined", decline_code=code, void_reason=reason, action_url=None
        )
    reason = "The buyer did not pay in time."
    return replace(payment, state="expired", decline_code="expired", void_reason=reason)


def _expiry(payment: Payment) -> Event:
    what = "expired" if payment.state == "expired" else "authentication_expired"
    return news.about_payment(what, payment, payment.void_reason or "")


async def return_late_payments(tx: Transaction, payment_ids: Collection[UUID]) -> None:
    """Give back money that arrived after its payment had been given up."""
    for payment in await store.lock_payments(tx, payment_ids):
        if payment.state in TAKEN and payment.void_reason is not None and payment.left.minor:
            await refund(
                tx,
                payment.payment_id,
                amount=None,
                refund_id=derived_id(payment.payment_id, "late"),
                reason=payment.void_reason,
                by=tx.cause.actor or tx.cause.id,
            )


async def give_back(tx: Transaction, taken_id: UUID) -> None:
    """Have a provider give back what it took by this attempt, though we pay by another one.

    Repeating it while that is under way, or done, changes nothing.
    """
    taken = await attempts_store.find_attempt(tx, taken_id)
    assert taken is not None, "attempts are never deleted"
    assert taken.payment_id is not None, "it took a buyer's money"
    await store.lock_payments(tx, [taken.payment_id])
    before = await attempts_store.select_give_backs(tx, taken_id)
    if not before or before[0].outcome == "declined":
        await intend(tx, [give_back_intent(taken, len(before) + 1, tx.now)])


async def capture_payments(tx: Transaction, payment_ids: Collection[UUID]) -> list[Payment]:
    """Take what was authorized. ``PaymentNotReady`` for one that isn't; then none is captured."""
    captured, intents = list[Payment](), list[Attempt]()
    for payment in await _lock(tx, payment_ids):
        if payment.state == "authorized":
            captured.append(replace(payment, state="capturing"))
            intents.append(intent_for_payment(payment, "capture"))
        elif payment.state == "capturing" or payment.state in TAKEN:
            captured.append(payment)
        else:
            raise _not_ready(payment, "can't be captured")
    await store.save_payments(tx, captured)
    await intend(tx, intents)
    return captured


async def void_payments(
    tx: Transaction, payment_ids: Collection[UUID], reason: str
) -> list[Payment]:
    """Give back what was authorized, or will be: a void waits for an outcome that is still open.

    Repeating it, or voiding what was declined, changes nothing. ``PaymentNotReady`` once it is
    being captured: refund it then.
    """
    voided, intents = list[Payment](), list[Attempt]()
    for payment in await _lock(tx, payment_ids):
        if payment.state == "capturing" or payment.state in TAKEN:
            raise _not_ready(payment, "can't be voided; refund it")
        if payment.state == "authorized" or payment.state in WITH_BUYER:
            voided.append(replace(payment, state="voiding", void_reason=reason, action_url=None))
            intents.append(intent_for_payment(payment, "void"))
        elif payment.state in OPEN:
            voided.append(replace(payment, void_reason=payment.void_reason or reason))
        else:
            voided.append(payment)
    await store.save_payments(tx, voided)
    await intend(tx, intents)
    return voided


async def release(tx: Transaction, payment_ids: Collection[UUID]) -> list[Payment]:
    """Make the sellers' parts available for payouts; repeating it changes nothing.

    What is held back by a seller's schedule and terms becomes available later, by itself.

    ``PaymentNotReady`` for a payment whose money has not been taken.
    """
    payments = await _lock(tx, payment_ids)
    splits = await splits_of(tx, payment_ids)
    for payment in payments:
        if payment.state not in TAKEN:
            raise _not_ready(payment, "can't be released")
    released = [replace(p, released_at=tx.now) for p in payments if p.released_at is None]
    parts = [split for payment in released for split in splits[payment.payment_id]]
    held_back = await hold_back_of(tx, parts) if parts else []
    transfers, events = list[Transfer](), list[Event]()
    for payment in released:
        shares = splits[payment.payment_id]
        kept = [h for h in held_back if h.payment_id == payment.payment_id] if held_back else []
        transfers += bookings.release(payment, shares, kept)
        events.append(_released(payment, shares, kept))
    await store.save_payments(tx, released)
    await schedule_payouts(tx, {split.seller_id for split in parts})
    await tx.record_all(events)
    await ledger.post_or_refuse(tx, transfers)
    return payments


async def get_payment(tx: Transaction, payment_id: UUID) -> Payment:
    payment = await store.find_payment(tx, payment_id)
    if payment is None:
        raise PaymentNotFound(f"There is no payment {PAYMENT.text(payment_id)}.")
    return payment


async def find_payment(tx: Transaction, payment_id: UUID) -> Payment | None:
    return await store.find_payment(tx, payment_id)


async def list_payments(
    tx: Transaction,
    *,
    state: PaymentState | None = None,
    subject: str | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> Page[Payment]:
    """Payments, the newest first."""
    rows = await store.select_payments(
        tx, state=state, subject=subject, after=id_of_cursor(cursor), limit=limit + 1
    )
    return page_of(rows, limit, lambda payment: payment.payment_id)


async def payments_of(tx: Transaction, subject: str) -> list[Payment]:
    """The payments for an order, the newest first."""
    return await store.select_payments(tx, state=None, subject=subject, after=None, limit=100)


async def splits_of(
    tx: Transaction, payment_ids: Collection[UUID]
) -> dict[UUID, list[PaymentSplit]]:
    """The sellers' parts of each payment."""
    splits: dict[UUID, list[PaymentSplit]] = {payment_id: [] for payment_id in payment_ids}
    for split in await store.select_splits(tx, payment_ids):
        splits[split.payment_id].append(split)
    return splits


async def _lock(tx: Transaction, payment_ids: Collection[UUID]) -> list[Payment]:
    payments = await store.lock_payments(tx, payment_ids)
    missing = set(payment_ids) - {payment.payment_id for payment in payments}
    if missing:
        raise PaymentNotFound(f"There is no payment {PAYMENT.text(min(missing))}.")
    return payments


def _check_same(drafts: Sequence[PaymentDraft], payments: Sequence[Payment]) -> None:
    by_id = {payment.payment_id: payment for payment in payments}
    for draft in drafts:
        payment = by_id[draft.payment_id]
        known = (payment.subject, payment.buyer_id, payment.amount, payment.method)
        if known != (draft.subject, draft.buyer_id, draft.amount, draft.method):
            raise PaymentIdReused(
                f"{PAYMENT.text(draft.payment_id)} is a payment of {payment.amount} "
                f"for {payment.subject}."
            )


def _released(payment: Payment, splits: list[PaymentSplit], holdbacks: Sequence[Holdback]) -> Event:
    released: Json = [
        {
            "seller": SELLER.text(split.seller_id),
            "amount": {"amount": split.left_minor.seller, "currency": split.currency},
            "held_back": {
                "amount": sum(
                    holdback.amount_minor
                    for holdback in holdbacks
                    if holdback.seller_id == split.seller_id
                ),
                "currency": split.currency,
            },
        }
        for split in splits
    ]
    reason = "The sellers' parts are available for payouts."
    return news.about_payment("released", payment, reason, released=released)


def _not_ready(payment: Payment, what: str) -> PaymentNotReady:
    name = PAYMENT.text(payment.payment_id)
    return PaymentNotReady(f"Payment {name} is {payment.state} and {what}.")
