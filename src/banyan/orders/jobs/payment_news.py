"""What payments report: authorized → confirmed, and every way in which it goes wrong."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Literal

from banyan import operations, payments
from banyan.kernel import Money
from banyan.operations import CaseDraft
from banyan.orders import rules, service, store
from banyan.orders.jobs.loading import lock_orders_of, money_in, payload_of, text
from banyan.orders.model import Order, OrderState
from banyan.runtime import Job, JobDraft, Json, Transaction

Payload = dict[str, Json]


async def follow_payments(tx: Transaction, jobs: Sequence[Job]) -> None:
    """Move the orders that the news are about, in the order in which it happened."""
    news = [(str(job.payload["type"]), payload_of(job)) for job in jobs]
    orders = await lock_orders_of(tx, (text(payload, "order") for _, payload in news))
    await _authorized(tx, _about(orders, news, "payment.authorized"))
    await _captured(tx, _about(orders, news, "payment.captured"))
    for event_type, payload in news:
        follow = _ONE_BY_ONE.get(event_type)
        reference = text(payload, "order")
        if follow is not None and reference in orders:
            [order] = (await lock_orders_of(tx, [reference])).values()
            await follow(tx, order, payload)


def _about(
    orders: dict[str, Order], news: Sequence[tuple[str, Payload]], wanted: str
) -> list[tuple[Order, Payload]]:
    return [
        (orders[text(payload, "order")], payload)
        for event_type, payload in news
        if event_type == wanted and text(payload, "order") in orders
    ]


async def _authorized(tx: Transaction, news: Sequence[tuple[Order, Payload]]) -> None:
    """Take the money of orders that still want it; a stopped order's payment is voided already."""
    ready = [(o, p) for o, p in news if o.state == OrderState.CHECKED]
    if not ready:
        return
    await store.update_state(tx, [order.order_id for order, _ in ready], OrderState.AUTHORIZED)
    await payments.capture_payments(tx, [order.payment_id for order, _ in ready])
    await tx.record_all(
        [
            service.news(
                "authorized",
                replace(order, state="authorized"),
                text(payload, "reason"),
                provider=text(payload, "provider"),
            )
            for order, payload in ready
        ]
    )


async def _captured(tx: Transaction, news: Sequence[tuple[Order, Payload]]) -> None:
    """The money is there: the sellers may ship."""
    stopped = [o for o, _ in news if o.state == OrderState.CANCELLED]
    for order in stopped:
        await service.return_money(tx, order, "The order was cancelled meanwhile.")
    paid = [(o, p) for o, p in news if o.state in (OrderState.AUTHORIZED, OrderState.CHECKED)]
    if not paid:
        return
    ship_by_at = rules.ship_by(tx.now, await service.get_settings(tx))
    await store.update_confirmed(tx, [order.order_id for order, _ in paid], ship_by_at)
    await tx.record_all(
        [
            service.news(
                "confirmed",
                replace(order, state="confirmed"),
                text(payload, "reason"),
                ship_by_at=ship_by_at.isoformat(),
            )
            for order, payload in paid
        ]
    )
    await tx.enqueue_all(
        JobDraft("order.ship_late", str(order.order_id), due_at=ship_by_at) for order, _ in paid
    )


async def _declined(tx: Transaction, order: Order, payload: Payload) -> None:
    if rules.can_become(order, OrderState.DECLINED):
        await service.end_order(tx, order, OrderState.DECLINED, text(payload, "reason"))


async def _challenged(tx: Transaction, order: Order, payload: Payload) -> None:
    await tx.record(service.news("authentication_required", order, text(payload, "reason")))


async def _awaiting(tx: Transaction, order: Order, payload: Payload) -> None:
    await tx.record(service.news("awaiting_payment", order, text(payload, "reason")))


async def _rerouted(tx: Transaction, order: Order, payload: Payload) -> None:
    await tx.record(service.news("payment_rerouted", order, text(payload, "reason")))


async def _unknown(tx: Transaction, order: Order, payload: Payload) -> None:
    """The provider owes an answer; nobody tries elsewhere meanwhile."""
    reason = text(payload, "reason")
    await tx.record(service.news("payment_unknown", order, reason))
    await _ask(
        tx,
        order,
        "payment_unknown",
        title="The provider has not said what became of a payment",
        key=_facts(payload, "attempt", "why"),
        reason=reason,
        resolutions=("keep_waiting", "cancel"),
        at_risk=order.total,
        evidence={fact: text(payload, fact) for fact in ("payment", "operation", "attempt")},
    )


async def _taken_elsewhere(tx: Transaction, order: Order, payload: Payload) -> None:
    """Another provider than the payment's has the buyer's money as well: that money goes back."""
    reason = text(payload, "reason")
    await tx.record(service.news("taken_elsewhere", order, reason))
    await _ask(
        tx,
        order,
        "taken_elsewhere",
        title="Another provider has taken the buyer's money as well",
        key=_facts(payload, "attempt", "tries"),
        reason=reason,
        resolutions=("give_back", "settle_by_hand"),
        at_risk=money_in(payload),
        evidence={
            "payment": text(payload, "payment"),
            "attempt": text(payload, "attempt"),
            "provider": text(payload, "taken_by"),
        },
    )


async def _given_back(tx: Transaction, order: Order, payload: Payload) -> None:
    await tx.record(service.news("given_back", order, text(payload, "reason")))


async def _void_failed(tx: Transaction, order: Order, payload: Payload) -> None:
    """The buyer's money stays reserved. What a buyer may still pay by transfer goes back by itself."""
    reason = text(payload, "reason")
    await tx.record(service.news("void_failed", order, reason))
    payment = await payments.find_payment(tx, order.payment_id)
    if payment is None or payment.state == "awaiting_payment":
        return
    await _ask(
        tx,
        order,
        "void_failed",
        title="The buyer's money is still reserved",
        key=_facts(payload, "attempt"),
        reason=reason,
        resolutions=("void_again", "settle_by_hand"),
        at_risk=money_in(payload),
        evidence={"payment": text(payload, "payment")},
    )


def _facts(payload: Payload, *facts: str) -> str:
    """What makes a question about an order another one than those before it."""
    return "/".join(str(payload.get(fact, "")) for fact in facts)


async def _ask(
    tx: Transaction,
    order: Order,
    what: str,
    *,
    title: str,
    key: str,
    reason: str,
    resolutions: tuple[str, ...],
    at_risk: Money | None,
    evidence: dict[str, Json],
) -> None:
    """A case for a person; once for each ``key``."""
    settings = await service.get_settings(tx)
    case = CaseDraft(
        key=f"{order.reference}/{what}/{key}",
        queue="payments",
        kind=f"order.{what}",
        subject=order.reference,
        title=title,
        reason=reason,
        due_at=tx.now + timedelta(hours=settings.review_hours),
        resolutions=resolutions,
        at_risk=at_risk,
        evidence=evidence,
    )
    await operations.open_cases(tx, [case])


async def _refunded(tx: Transaction, order: Order, payload: Payload) -> None:
    amount = money_in(payload)
    await store.update_refunded(tx, order.order_id, amount.minor)
    payment = await payments.find_payment(tx, order.payment_id)
    is_whole = payment is not None and payment.state == "refunded"
    if is_whole and rules.can_become(order, OrderState.REFUNDED):
        if order.shipped_at is None:
            await service.release_capacity(tx, [order])
        await store.update_state(tx, [order.order_id], OrderState.REFUNDED)
        await operations.withdraw_cases(tx, [order.reference])
        order = replace(order, state="refunded")
    what = "refunded" if is_whole else "partially_refunded"
    await tx.record(
        service.news(what, order, f"{amount} back to the buyer. {text(payload, 'reason')}")
    )


async def _refund_cancelled(tx: Transaction, order: Order, payload: Payload) -> None:
    await _count_lines(tx, payload)
    await tx.record(service.news("refund_cancelled", order, text(payload, "reason")))


async def _refund_sent_again(tx: Transaction, order: Order, payload: Payload) -> None:
    await _count_lines(tx, payload)
    await tx.record(service.news("refund_sent_again", order, text(payload, "reason")))


async def _refund_needs_destination(tx: Transaction, order: Order, payload: Payload) -> None:
    await tx.record(service.news("refund_needs_destination", order, text(payload, "reason")))


async def _refund_returned(tx: Transaction, order: Order, payload: Payload) -> None:
    """The buyer doesn't have it after all; it will be sent another way."""
    await store.update_refunded(tx, order.order_id, -money_in(payload).minor)
    await tx.record(service.news("refund_returned", order, text(payload, "reason")))


async def _count_lines(tx: Transaction, payload: Payload) -> None:
    """Count the units of a refund, or not, by how it stands: its news may pass each other."""
    refund_id = payments.REFUND.parse(text(payload, "refund"))
    refund = await payments.get_refund(tx, refund_id)
    is_undone = refund.state in ("failed", "cancelled")
    await store.undo_refunded_lines(tx, refund_id, is_undone=is_undone)


async def _refund_failed(tx: Transaction, order: Order, payload: Payload) -> None:
    await _count_lines(tx, payload)
    reason = text(payload, "reason")
    await tx.record(service.news("refund_failed", order, reason))
    await _ask(
        tx,
        order,
        "refund_failed",
        title="A refund did not reach the buyer",
        key=_facts(payload, "refund", "sending"),
        reason=reason,
        resolutions=("refund_again", "settle_by_hand"),
        at_risk=money_in(payload),
        evidence={"refund": text(payload, "refund")},
    )


async def _disputed(tx: Transaction, order: Order, payload: Payload) -> None:
    """The settlement waits. An order that has ended stays as it is; its timeline tells."""
    reason = text(payload, "reason")
    if order.state == OrderState.DISPUTED or not rules.can_become(order, OrderState.DISPUTED):
        await tx.record(service.news("disputed", order, reason))
        return
    is_over = order.state == OrderState.CHARGED_BACK
    resumes_as = rules.stage_of(order) if is_over else OrderState(order.state)
    await tx.cancel_job("order.settle", str(order.order_id))
    await store.update_disputed(tx, order.order_id, resumes_as)
    await tx.record(service.news("disputed", replace(order, state="disputed"), reason))


async def _dispute_won(tx: Transaction, order: Order, payload: Payload) -> None:
    """Go on from where the order stood; a delivered one is settled after all."""
    if order.state not in (OrderState.DISPUTED, OrderState.CHARGED_BACK):
        return
    await _resume(tx, order, "dispute_won", text(payload, "reason"))


async def _dispute_lost(tx: Transaction, order: Order, payload: Payload) -> None:
    """The end of an order, unless its sellers keep money: then they get it in the usual way."""
    if order.state != OrderState.DISPUTED:
        return
    reason = text(payload, "reason")
    payment = await payments.get_payment(tx, order.payment_id)
    if payment.left.minor or text(payload, "borne_by") != "seller":
        await _resume(tx, order, "dispute_lost", reason)
        return
    await store.update_state(tx, [order.order_id], OrderState.CHARGED_BACK)
    await operations.withdraw_cases(tx, [order.reference])
    charged_back = replace(order, state="charged_back", resumes_as=None)
    await tx.record(service.news("charged_back", charged_back, reason))


async def _resume(
    tx: Transaction, order: Order, what: Literal["dispute_won", "dispute_lost"], reason: str
) -> None:
    stage = order.stage if order.resumes_as else rules.stage_of(order)
    await store.update_state(tx, [order.order_id], stage)
    resumed = replace(order, state=stage, resumes_as=None)
    await tx.record(service.news(what, resumed, reason))
    if resumed.state == OrderState.DELIVERED:
        await service.schedule_settlement(tx, resumed)


async def _bank_asks(tx: Transaction, order: Order, payload: Payload) -> None:
    await tx.record(service.news("dispute_inquiry", order, text(payload, "reason")))


async def _bank_is_content(tx: Transaction, order: Order, payload: Payload) -> None:
    await tx.record(service.news("dispute_inquiry_closed", order, text(payload, "reason")))


async def _dispute_escalated(tx: Transaction, order: Order, payload: Payload) -> None:
    await tx.record(service.news("dispute_escalated", order, text(payload, "reason")))


async def _dispute_contested(tx: Transaction, order: Order, payload: Payload) -> None:
    await tx.record(service.news("dispute_contested", order, text(payload, "reason")))


_ONE_BY_ONE: dict[str, Callable[[Transaction, Order, Payload], Awaitable[None]]] = {
    "payment.declined": _declined,
    "payment.capture_failed": _declined,
    "payment.authentication_expired": _declined,
    "payment.expired": _declined,
    "payment.awaiting_payment": _awaiting,
    "payment.processing": _awaiting,
    "payment.rerouted": _rerouted,
    "payment.requires_action": _challenged,
    "payment.unknown": _unknown,
    "payment.taken_elsewhere": _taken_elsewhere,
    "payment.given_back": _given_back,
    "payment.void_failed": _void_failed,
    "refund.succeeded": _refunded,
    "refund.failed": _refund_failed,
    "refund.cancelled": _refund_cancelled,
    "refund.sent_again": _refund_sent_again,
    "refund.needs_destination": _refund_needs_destination,
    "refund.returned": _refund_returned,
    "dispute.inquiry_opened": _bank_asks,
    "dispute.inquiry_closed": _bank_is_content,
    "dispute.opened": _disputed,
    "dispute.reopened": _disputed,
    "dispute.escalated": _dispute_escalated,
    "dispute.contested": _dispute_contested,
    "dispute.won": _dispute_won,
    "dispute.lost": _dispute_lost,
}

FOLLOWED = ("payment.authorized", "payment.captured", *_ONE_BY_ONE)
"""The news that move orders."""
