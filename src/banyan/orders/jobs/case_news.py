"""What people decided: the journey goes on from there."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from banyan import operations, payments
from banyan.operations import Case
from banyan.orders import rules, service, store
from banyan.orders.jobs import checking
from banyan.orders.jobs.loading import lock_orders_of, payload_of, text
from banyan.orders.jobs.pricing import price_orders
from banyan.orders.model import Order, OrderState
from banyan.runtime import Job, JobDraft, Json, Transaction

Payload = dict[str, Json]


async def follow_cases(tx: Transaction, jobs: Sequence[Job]) -> None:
    """Carry out the resolutions of cases about orders."""
    for job in jobs:
        payload = payload_of(job)
        follow = _BY_RESOLUTION.get((text(payload, "kind"), text(payload, "resolution")))
        if follow is _approve and text(payload, "queue") == "compliance":
            follow = _comply
        orders = await lock_orders_of(tx, [text(payload, "subject")]) if follow else {}
        for order in orders.values():
            assert follow is not None, "no order without it"
            why = _in_words(payload)
            await tx.record(service.news("decided", order, why))
            await follow(tx, order, why)
        by_case = _BY_CASE.get((text(payload, "kind"), text(payload, "resolution")))
        if by_case is not None:
            await by_case(tx, await operations.get_case(tx, _case_of(job)))


async def _approve(tx: Transaction, order: Order, _why: str) -> None:
    if rules.can_become(order, OrderState.CHECKED):
        lines = await service.lines_of(tx, [order.order_id])
        priced = await price_orders(tx, [order], lines)
        await checking.begin_payments(tx, [(one, "normal") for one in priced])


async def _comply(tx: Transaction, order: Order, _why: str) -> None:
    if rules.can_become(order, OrderState.CHECKED):
        await checking.go_on_after_compliance(tx, order)


async def _decline(tx: Transaction, order: Order, why: str) -> None:
    if rules.can_become(order, OrderState.DECLINED):
        await service.end_order(tx, order, OrderState.DECLINED, why)


async def _cancel(tx: Transaction, order: Order, why: str) -> None:
    if rules.can_become(order, OrderState.CANCELLED):
        await service.end_order(tx, order, OrderState.CANCELLED, why)


async def _match_again(tx: Transaction, order: Order, why: str) -> None:
    if rules.can_become(order, OrderState.PLACED):
        await store.update_state(tx, [order.order_id], OrderState.PLACED)
        await tx.record(service.news("rematched", replace(order, state="placed"), why))
        await tx.enqueue(JobDraft("order.match", str(order.order_id)))


async def _more_time_to_ship(tx: Transaction, order: Order, _why: str) -> None:
    if order.state == OrderState.CONFIRMED:
        settings = await service.get_settings(tx)
        again_at = tx.now + timedelta(days=settings.ship_within_days)
        await tx.enqueue(JobDraft("order.ship_late", str(order.order_id), due_at=again_at))


async def _more_time_to_arrive(tx: Transaction, order: Order, _why: str) -> None:
    if order.state == OrderState.SHIPPED:
        settings = await service.get_settings(tx)
        again_at = tx.now + timedelta(days=settings.lost_after_days)
        await tx.enqueue(JobDraft("order.lost", str(order.order_id), due_at=again_at))


async def _arrived(tx: Transaction, order: Order, _why: str) -> None:
    if rules.can_become(order, OrderState.DELIVERED):
        await service.deliver_order(tx, order.order_id)


async def _refund(tx: Transaction, order: Order, why: str) -> None:
    await service.return_money(tx, order, why)


async def _void_again(tx: Transaction, order: Order, why: str) -> None:
    await service.return_money(tx, order, why)


def _case_of(job: Job) -> UUID:
    return operations.CASE.parse(str(job.payload["subject"]))


async def _give_back(tx: Transaction, asked: Case) -> None:
    """Only what the other provider took; the payment that the order is paid by stays."""
    await payments.give_back(tx, payments.ATTEMPT.parse(str(asked.evidence["attempt"])))


async def _refund_again(tx: Transaction, asked: Case) -> None:
    """Send the very refund that failed once more; one that was sent otherwise meanwhile stays so."""
    refund_id = payments.REFUND.parse(str(asked.evidence["refund"]))
    refund = await payments.get_refund(tx, refund_id)
    payment = await payments.get_payment(tx, refund.payment_id)
    if refund.state == "failed" and payment.left >= refund.amount:
        await payments.send_refund_again(tx, refund_id)


async def _nothing(_tx: Transaction, _order: Order, _why: str) -> None:
    """The decision is on the timeline; nothing else has to move."""


_BY_CASE: dict[tuple[str, str], Callable[[Transaction, Case], Awaitable[None]]] = {
    ("order.refund_failed", "refund_again"): _refund_again,
    ("order.taken_elsewhere", "give_back"): _give_back,
}
"""What is done with what the case itself names."""

_BY_RESOLUTION: dict[tuple[str, str], Callable[[Transaction, Order, str], Awaitable[None]]] = {
    ("order.review", "approve"): _approve,
    ("order.review", "decline"): _decline,
    ("order.unmatched", "match_again"): _match_again,
    ("order.unmatched", "cancel"): _cancel,
    ("order.ship_late", "more_time"): _more_time_to_ship,
    ("order.ship_late", "cancel"): _cancel,
    ("order.lost", "more_time"): _more_time_to_arrive,
    ("order.lost", "arrived"): _arrived,
    ("order.lost", "refund"): _refund,
    ("order.payment_unknown", "keep_waiting"): _nothing,
    ("order.payment_unknown", "cancel"): _cancel,
    ("order.refund_failed", "refund_again"): _nothing,
    ("order.refund_failed", "settle_by_hand"): _nothing,
    ("order.taken_elsewhere", "give_back"): _nothing,
    ("order.taken_elsewhere", "settle_by_hand"): _nothing,
    ("order.void_failed", "void_again"): _void_again,
    ("order.void_failed", "settle_by_hand"): _nothing,
}


def _in_words(payload: Payload) -> str:
    decided = text(payload, "resolution").replace("_", " ")
    note = text(payload, "note")
    said = f"{text(payload, 'by') or 'Somebody'} decided: {decided}."
    return f"{said} {note}" if note else said
