"""Orders: the list with its filter, one order's page, cancelling and refunding."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

from starlette.responses import RedirectResponse, Response

from banyan.console.cases import case_card
from banyan.console.journey import steps
from banyan.console.links import subject_href
from banyan.console.look import DASH, money, state_pill, words
from banyan.console.model import Permission
from banyan.console.money import attempt_lines, statement
from banyan.console.story import reason_of, timeline
from banyan.console.views.frame import Choice, Crumb, Fact, Pages
from banyan.console.views.orders import (
    OrderAction,
    OrderFilter,
    OrderItem,
    OrderLine,
    OrdersView,
    OrderView,
)
from banyan.console.visit import Done, Shown, Visit
from banyan.kernel import LIMIT_DEFAULT, IdKind, InvalidId, InvalidRequest, Money, Page, new_id
from banyan.operations import CASE, Case, cases_of
from banyan.orders import (
    ORDER,
    Line,
    Order,
    OrderState,
    can_become,
    cancel_order,
    get_order,
    lines_of,
    list_orders,
    refund_order,
)
from banyan.orders import OrderFilter as Wanted
from banyan.parties import (
    BUYER,
    SELLER,
    Buyer,
    BuyerFilter,
    Seller,
    SellerFilter,
    get_buyer,
    list_buyers,
    list_sellers,
    sellers_by_id,
)
from banyan.payments import PAYMENT, TAKEN, Payment, attempts_of, find_payment
from banyan.runtime import StoredEvent, events_of

_BUYERS_ORDERS = 100


class FilterFault(InvalidRequest):
    """What was typed into the filter can't be understood; the page says so."""

    code = "invalid_filter"
    title = "Invalid filter"


async def show_orders(visit: Visit) -> Shown:
    chosen = OrderFilter(
        query=visit.query.get("q", "").strip()[:120],
        state=visit.query.get("state", ""),
        seller=visit.query.get("seller", "").strip()[:80],
        region=visit.query.get("region", "").strip()[:40],
        since=visit.query.get("since", ""),
        until=visit.query.get("until", ""),
    )
    fault = ""
    page: Page[Order] = Page([], None)
    cursor = visit.query.get("cursor")
    try:
        wanted = await _wanted(visit, chosen)
        page = await list_orders(visit.tx, wanted, limit=LIMIT_DEFAULT, cursor=cursor)
    except InvalidRequest as refusal:
        fault = refusal.detail
    states = [Choice("", "Any state", is_chosen=not chosen.state)]
    states += [Choice(state, words(state), is_chosen=state == chosen.state) for state in OrderState]
    view = OrdersView(
        filter=chosen,
        states=tuple(states),
        orders=await order_lines(visit, page.data),
        pages=Pages(
            first_href=visit.again(cursor=None) if cursor else "",
            next_href=visit.again(cursor=page.next_cursor) if page.next_cursor else "",
        ),
        fault=fault,
    )
    live = () if cursor else None
    return Shown("orders/list.html", "Orders", "orders", view, live_subjects=live)


async def search(visit: Visit) -> Response:
    """An id goes to its page; anything else is looked for among the orders."""
    query = visit.query.get("q", "").strip()[:120]
    href = subject_href(visit.base, query)
    return RedirectResponse(href or visit.href("orders", q=query), 303)


async def show_order(visit: Visit) -> Shown:
    order = await get_order(visit.tx, ORDER.parse(visit.path("order_id")))
    lines = (await lines_of(visit.tx, [order.order_id]))[order.order_id]
    sellers = await sellers_by_id(visit.tx, [line.seller_id for line in lines if line.seller_id])
    buyer = await get_buyer(visit.tx, order.buyer_id)
    payment = await find_payment(visit.tx, order.payment_id)
    cases = await cases_of(visit.tx, order.reference)
    own_events = await events_of(visit.tx, order.reference)
    events = await _events_around(visit, order, cases, own_events)
    names = {SELLER.text(seller.seller_id): seller.name for seller in sellers.values()}
    case = next((case for case in cases if case.is_open), None)
    payment_id = PAYMENT.text(order.payment_id)
    attempts = await attempts_of(visit.tx, order.payment_id)
    view = OrderView(
        now=visit.tx.now,
        order_id=order.reference,
        external_id=order.external_id or "",
        total=order.total,
        currency=order.currency,
        state=state_pill(order.state),
        summary=_summary(order, lines, sellers.values()),
        placed_at=order.placed_at,
        promised_on=order.promised_at.date() if order.promised_at else None,
        steps=steps(order, own_events),
        actions=tuple(_actions(visit, order, payment)),
        case=case_card(visit, case) if case else None,
        timeline=timeline(events, visit.base, names),
        timeline_href=visit.href(f"orders/{order.reference}/events.json"),
        items=tuple(_item(visit, order, line, names) for line in lines),
        statement=await statement(visit, order.reference, order.currency),
        buyer=await _buyer_facts(visit, buyer),
        buyer_href=visit.href("orders", q=BUYER.text(buyer.buyer_id)),
        attempts=attempt_lines(attempts),
        payment_href=visit.href(f"payments/{payment_id}") if payment else "",
    )
    crumbs = (Crumb("Orders", visit.href("orders")), Crumb(order.reference))
    subjects = (order.reference, payment_id)
    title = f"Order {order.external_id or order.reference}"
    return Shown("orders/order.html", title, "orders", view, crumbs, live_subjects=subjects)


async def cancel(visit: Visit) -> Done:
    order_id = ORDER.parse(visit.path("order_id"))
    order = await cancel_order(visit.tx, order_id, reason=_reason(visit))
    await visit.audit("order.cancel", order.reference, _reason(visit))
    return Done(visit.href(f"orders/{order.reference}"), "cancelled")


async def refund(visit: Visit) -> Done:
    order = await get_order(visit.tx, ORDER.parse(visit.path("order_id")))
    asked = Money.parse(visit.form.get("amount", "").strip().replace(",", ""), order.currency)
    await refund_order(
        visit.tx, order.order_id, refund_id=new_id(), amount=asked, reason=_reason(visit)
    )
    await visit.audit("order.refund", order.reference, f"{asked}: {_reason(visit)}")
    return Done(visit.href(f"orders/{order.reference}"), "refunded")


async def order_lines(visit: Visit, orders: Sequence[Order]) -> tuple[OrderLine, ...]:
    """Rows of any list of orders."""
    lines = await lines_of(visit.tx, [order.order_id for order in orders])
    seller_ids = {line.seller_id for of_one in lines.values() for line in of_one if line.seller_id}
    sellers = await sellers_by_id(visit.tx, seller_ids)
    return tuple(_line(visit, order, lines[order.order_id], sellers.values()) for order in orders)


def _line(
    visit: Visit, order: Order, lines: Sequence[Line], sellers: Iterable[Seller]
) -> OrderLine:
    own = {line.seller_id for line in lines}
    named = [seller for seller in sellers if seller.seller_id in own]
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    return OrderLine(
        order_id=order.reference,
        href=visit.href(f"orders/{order.reference}"),
        external_id=order.external_id or "",
        state=state_pill(order.state),
        total=order.total,
        what=f"{_product(lines[0].product)}{more}",
        seller=", ".join(seller.name for seller in named[:2]),
        seller_href=visit.href(f"sellers/{SELLER.text(named[0].seller_id)}") if named else "",
        buyer=BUYER.text(order.buyer_id),
        region=f"{order.region}, {order.country}",
        placed_at=order.placed_at,
    )


async def _wanted(visit: Visit, chosen: OrderFilter) -> Wanted:
    """What the filter asks of orders; ``FilterFault`` says what can't be understood."""
    if chosen.state and chosen.state not in OrderState.__members__.values():
        raise FilterFault(f"{chosen.state[:40]!r} is not a state of an order.")
    buyer_id = _id_in(BUYER, chosen.query)
    external_id = chosen.query if chosen.query and buyer_id is None else None
    if external_id is not None:
        known = BuyerFilter(external_id=external_id)
        found = (await list_buyers(visit.tx, known, limit=1)).data
        buyer_id = found[0].buyer_id if found else None
    until = _day(chosen.until, "to")
    return Wanted(
        states=[OrderState(chosen.state)] if chosen.state else None,
        buyer_id=buyer_id,
        seller_id=await _seller_id(visit, chosen.seller) if chosen.seller else None,
        region=chosen.region or None,
        external_id=external_id if buyer_id is None else None,
        placed_from=_day(chosen.since, "from"),
        placed_until=until + timedelta(days=1) if until else None,
    )


async def _seller_id(visit: Visit, text: str) -> UUID:
    known = _id_in(SELLER, text)
    if known is not None:
        return known
    found = (await list_sellers(visit.tx, SellerFilter(name=text), limit=2)).data
    if not found:
        raise FilterFault(f"No seller's name contains {text!r}.")
    if len(found) > 1:
        raise FilterFault(f"Several sellers' names contain {text!r}; give more of it, or the id.")
    return found[0].seller_id


def _id_in(kind: IdKind, text: str) -> UUID | None:
    if not text.startswith(f"{kind.prefix}_"):
        return None
    try:
        return kind.parse(text)
    except InvalidId:
        return None


def _day(text: str, name: str) -> datetime | None:
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise FilterFault(f"Placed {name}: give a day as 2018-03-14.") from None


async def _events_around(
    visit: Visit, order: Order, cases: Sequence[Case], own: list[StoredEvent]
) -> list[StoredEvent]:
    """The order's events, those of its cases, and of its payment what the order's don't repeat."""
    told = {reason_of(event) for event in own}
    payment = await events_of(visit.tx, PAYMENT.text(order.payment_id))
    events = own + [event for event in payment if reason_of(event) not in told]
    for case in cases:
        events += await events_of(visit.tx, CASE.text(case.case_id))
    return events


def _summary(order: Order, lines: Sequence[Line], sellers: Iterable[Seller]) -> str:
    count = sum(line.quantity for line in lines)
    items = f"{count} item{'s' if count != 1 else ''}"
    names = ", ".join(seller.name for seller in sellers)
    return f"{items}{f' from {names}' if names else ''}, to {order.region}, {order.country}"


def _item(visit: Visit, order: Order, line: Line, names: Mapping[str, str]) -> OrderItem:
    seller = SELLER.text(line.seller_id) if line.seller_id else ""
    price = line.unit_price_minor
    return OrderItem(
        what=_product(line.product),
        seller=names.get(seller, "no seller yet"),
        seller_href=visit.href(f"sellers/{seller}") if seller else "",
        quantity=line.quantity,
        total=None if price is None else Money.of(price, order.currency) * line.quantity,
    )


def _product(reference: str) -> str:
    """The platform's own reference, shortened if it is a long machine's one."""
    return f"{reference[:12]}…" if len(reference) > 24 and " " not in reference else reference


async def _buyer_facts(visit: Visit, buyer: Buyer) -> tuple[Fact, ...]:
    wanted = Wanted(buyer_id=buyer.buyer_id)
    page = await list_orders(visit.tx, wanted, limit=_BUYERS_ORDERS)
    totals = [order.total for order in page.data if order.total]
    spent: dict[str, Money] = {}
    for total in totals:
        code = total.currency.code
        spent[code] = spent.get(code, Money.zero(code)) + total
    href = visit.href("orders", q=BUYER.text(buyer.buyer_id))
    return (
        Fact("Buyer", buyer.external_id or BUYER.text(buyer.buyer_id)),
        Fact("Place", ", ".join(part for part in (buyer.region, buyer.country) if part)),
        Fact("State", words(buyer.status)),
        Fact("Orders", f"{len(page.data)}{'+' if page.has_more else ''}", href),
        Fact("Ordered in all", ", ".join(money(total) for total in spent.values()) or DASH),
        Fact("Known since", f"{buyer.created_at:%d %b %Y}"),
    )


def _actions(visit: Visit, order: Order, payment: Payment | None) -> list[OrderAction]:
    """What this person may do with the order as it stands."""
    href = visit.href(f"orders/{order.reference}")
    actions: list[OrderAction] = []
    is_paid = payment is not None and payment.state in TAKEN and payment.left.minor > 0
    if is_paid and visit.may(Permission.MOVE_MONEY):
        assert payment is not None, "it is paid"
        question = (
            "The buyer gets the money back; the sellers' shares are taken back in proportion."
        )
        left = str(payment.left.decimal)
        actions.append(OrderAction("Refund", f"{href}/refund", question, "Refund", left))
    if can_become(order, OrderState.CANCELLED) and visit.may(Permission.ACT_ON_ORDERS):
        question = "The buyer's money is released or refunded, and the units go back on sale."
        actions.append(
            OrderAction("Cancel", f"{href}/cancel", question, "Cancel the order", is_danger=True)
        )
    return actions


def _reason(visit: Visit) -> str:
    reason = visit.form.get("reason", "").strip()[:200]
    if not reason:
        raise FilterFault("Give a reason: it is written into the order's timeline.")
    return reason
