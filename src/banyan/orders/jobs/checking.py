"""matched → checked: compliance, then fraud; and the payment is begun."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from banyan import compliance, fraud, operations, parties, payments
from banyan.compliance import ComplianceDecision, ComplianceRequest
from banyan.fraud import FraudDecision, FraudRequest
from banyan.kernel import Money
from banyan.operations import CaseDraft
from banyan.orders import service, store
from banyan.orders.jobs.loading import lock_orders_in
from banyan.orders.jobs.pricing import PricedOrder, price_orders
from banyan.orders.model import Line, Order, OrderState
from banyan.runtime import Event, Job, Transaction

REVIEW = ("approve", "decline")


async def check_orders(tx: Transaction, jobs: Sequence[Job]) -> None:
    """Let orders pass, stop them for a person, or decline them."""
    orders = await lock_orders_in(tx, jobs, {OrderState.MATCHED})
    if not orders:
        return
    lines = await service.lines_of(tx, [order.order_id for order in orders])
    priced = {one.order.order_id: one for one in await price_orders(tx, orders, lines)}
    orders = [one.order for one in priced.values()]
    if not orders:
        return
    buyers = await parties.buyers_by_id(tx, {order.buyer_id for order in orders})
    passed = await _comply(tx, orders, lines, buyers)
    await _pay_if_clear(tx, [priced[order.order_id] for order in passed], buyers)


async def go_on_after_compliance(tx: Transaction, order: Order) -> None:
    """A person lets an order pass that compliance held: nobody has looked at fraud yet."""
    lines = await service.lines_of(tx, [order.order_id])
    priced = await price_orders(tx, [order], lines)
    buyers = await parties.buyers_by_id(tx, {order.buyer_id})
    await _pay_if_clear(tx, priced, buyers)


async def _pay_if_clear(
    tx: Transaction, priced: Sequence[PricedOrder], buyers: Mapping[UUID, parties.Buyer]
) -> None:
    by_id = {one.order.order_id: one for one in priced}
    clear = await _assess(tx, [one.order for one in priced], buyers)
    await begin_payments(tx, [(by_id[order.order_id], risk) for order, risk in clear])


async def _comply(
    tx: Transaction,
    orders: Sequence[Order],
    lines: Mapping[UUID, list[Line]],
    buyers: Mapping[UUID, parties.Buyer],
) -> list[Order]:
    """The orders that compliance allows; the others are held or declined."""
    seller_ids = {line.seller_id for own in lines.values() for line in own if line.seller_id}
    sellers = await parties.sellers_by_id(tx, seller_ids)
    requests = [
        ComplianceRequest(
            subject_id=order.order_id,
            buyer=buyers[order.buyer_id],
            sellers=tuple(
                sellers[seller_id]
                for seller_id in dict.fromkeys(line.seller_id for line in lines[order.order_id])
                if seller_id is not None
            ),
            amount=_total(order),
            ship_to_country=order.country,
        )
        for order in orders
    ]
    started_s = time.perf_counter()
    decisions = await compliance.check(tx, requests)
    took_ms = _share_ms(started_s, len(orders))
    allowed: list[Order] = []
    events: list[Event] = []
    for order, decision in zip(orders, decisions, strict=True):
        if decision.outcome == "allow":
            allowed.append(order)
            events.append(
                service.news(
                    "compliance_passed",
                    order,
                    decision.reason,
                    version=decision.version,
                    took_ms=took_ms,
                )
            )
    await tx.record_all(events)
    for order, decision in zip(orders, decisions, strict=True):
        if decision.outcome == "hold":
            await _stop(tx, order, "compliance", decision, {"codes": list(decision.codes)})
        elif decision.outcome == "deny":
            await service.end_order(tx, order, OrderState.DECLINED, decision.reason)
    return allowed


async def _assess(
    tx: Transaction, orders: Sequence[Order], buyers: Mapping[UUID, parties.Buyer]
) -> list[tuple[Order, payments.Risk]]:
    """The orders that fraud lets through, with their risk; the others are stopped or declined.

    Where the buyer should be challenged and the method can do it, the payment does it.
    """
    requests = [
        FraudRequest(
            subject_id=order.order_id,
            order=order.reference,
            buyer=buyers[order.buyer_id],
            amount=_total(order),
            fingerprint=order.payment_fingerprint,
            ship_to_country=order.country,
            ship_to_region=order.region,
            placed_at=order.placed_at,
        )
        for order in orders
    ]
    started_s = time.perf_counter()
    decisions = await fraud.assess(tx, requests) if requests else []
    took_ms = _share_ms(started_s, len(orders))
    clear: list[tuple[Order, payments.Risk]] = [
        (order, risk)
        for order, decision in zip(orders, decisions, strict=True)
        if (risk := _risk(order, decision)) is not None
    ]
    await tx.record_all(
        [
            service.news(
                "fraud_passed" if decision.outcome == "allow" else "fraud_flagged",
                order,
                decision.reason,
                outcome=decision.outcome,
                score_bp=decision.score_bp,
                version=decision.version,
                took_ms=took_ms,
            )
            for order, decision in zip(orders, decisions, strict=True)
        ]
    )
    for order, decision in zip(orders, decisions, strict=True):
        if decision.outcome == "deny":
            await service.end_order(tx, order, OrderState.DECLINED, decision.reason)
        elif _risk(order, decision) is None:
            signals = {signal.name: signal.detail for signal in decision.signals}
            await _stop(tx, order, "fraud", decision, {"signals": signals})
    return clear


def _risk(order: Order, decision: FraudDecision) -> payments.Risk | None:
    """The risk that a payment is begun with; None if it isn't begun."""
    if decision.outcome == "allow":
        return "normal"
    is_card = payments.METHODS[order.payment_type].family == "card"
    return "high" if decision.outcome == "challenge" and is_card else None


async def _stop(
    tx: Transaction,
    order: Order,
    queue: str,
    decision: ComplianceDecision | FraudDecision,
    evidence: dict[str, object],
) -> None:
    """Hold an order until a person has decided."""
    await store.update_state(tx, [order.order_id], OrderState.IN_REVIEW)
    await tx.record(service.news("held", replace(order, state="in_review"), decision.reason))
    settings = await service.get_settings(tx)
    await operations.open_cases(
        tx,
        [
            CaseDraft(
                key=f"{order.reference}/{queue}",
                queue=queue,
                kind="order.review",
                subject=order.reference,
                title=f"A person has to decide: {queue}",
                reason=decision.reason,
                due_at=tx.now + timedelta(hours=settings.review_hours),
                resolutions=REVIEW,
                at_risk=order.total,
                evidence={"version": decision.version, **evidence},
            )
        ],
    )


async def begin_payments(
    tx: Transaction, orders: Sequence[tuple[PricedOrder, payments.Risk]]
) -> None:
    """checked: freeze what each seller is owed, and ask the provider for the money."""
    if not orders:
        return
    drafts = [
        payments.PaymentDraft(
            payment_id=one.order.payment_id,
            subject=one.order.reference,
            buyer_id=one.order.buyer_id,
            amount=_total(one.order),
            method=one.order.method,
            country=one.order.country,
            risk=risk,
            splits=one.splits,
        )
        for one, risk in orders
    ]
    await payments.create_payments(tx, drafts)
    await store.update_state(tx, [one.order.order_id for one, _ in orders], OrderState.CHECKED)
    await tx.record_all(
        [
            service.news(
                "checked",
                replace(one.order, state="checked"),
                f"Asking for {one.order.total}.",
                payment=payments.PAYMENT.text(one.order.payment_id),
            )
            for one, _ in orders
        ]
    )


def _total(order: Order) -> Money:
    assert order.total is not None, "the order is matched"
    return order.total


def _share_ms(started_s: float, count: int) -> float:
    """What one of ``count`` orders took, in milliseconds."""
    return round((time.perf_counter() - started_s) * 1000 / max(1, count), 2)
