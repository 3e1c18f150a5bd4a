"""The overview of a marketplace."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from banyan.console.cases import case_line
from banyan.console.health import health_lines
from banyan.console.look import Tone, count, money, per_mille
from banyan.console.orders import order_lines
from banyan.console.views.home import DayFigures, HomeView, Tile
from banyan.console.visit import Shown, Visit
from banyan.kernel import Money
from banyan.operations import case_counts, human_touches, list_cases
from banyan.orders import DayOfOrders, OrderFilter, counts_by_state, list_orders, orders_by_day
from banyan.payments import Summary, summary
from banyan.runtime import backlog

_DAYS = 800
_LATEST = 8
_NEEDS = 5


async def show_home(visit: Visit) -> Shown:
    tx = visit.tx
    currency = tx.marketplace.currency
    today = tx.now.replace(hour=0, minute=0, second=0, microsecond=0)
    days = await orders_by_day(tx, today - timedelta(days=_DAYS))
    own_days = [day for day in days if day.currency == currency]
    sums = {one.currency: one for one in await summary(tx)}
    orders = sum((await counts_by_state(tx)).values())
    touches = await human_touches(tx)
    cases = await list_cases(tx, limit=_NEEDS)
    latest = await list_orders(tx, OrderFilter(), limit=_LATEST)
    view = HomeView(
        now=tx.now,
        tiles=(
            *_day_tiles(visit, own_days, today),
            *_money_tiles(visit, sums.get(currency)),
            _touches_tile(visit, touches, orders),
        ),
        currency=currency,
        days=tuple(_figures(visit, own_days)),
        needs=tuple(case_line(visit, case) for case in cases.data),
        needs_total=(await case_counts(tx)).open,
        health=await health_lines(visit, await backlog(tx)),
        latest=await order_lines(visit, latest.data),
    )
    return Shown("home/home.html", "Overview", "home", view, live_subjects=None, has_chart=True)


def _day_tiles(visit: Visit, days: Sequence[DayOfOrders], today: datetime) -> tuple[Tile, Tile]:
    """Orders and money of the marketplace's day, beside the day before."""
    currency = visit.tx.marketplace.currency
    by_day = {day.day: day for day in days}
    now, before = by_day.get(today), by_day.get(today - timedelta(days=1))
    href = visit.href("orders", since=f"{today:%Y-%m-%d}", until=f"{today:%Y-%m-%d}")
    orders, orders_before = (day.orders if day else 0 for day in (now, before))
    placed, placed_before = (
        Money.of(day.total_minor if day else 0, currency) for day in (now, before)
    )
    return (
        Tile("Orders today", count(orders), href, f"{count(orders_before)} the day before"),
        Tile("Placed today", money(placed), href, f"{money(placed_before)} the day before"),
    )


def _money_tiles(visit: Visit, sums: Summary | None) -> tuple[Tile, ...]:
    if sums is None:
        zero = money(Money.zero(visit.tx.marketplace.currency))
        note = "with the first captured payment"
        return (
            Tile("Taken from buyers", zero, visit.href("payments"), note),
            Tile("Owed to sellers", zero, visit.href("ledger", prefix="seller")),
        )
    balanced = "ledger and payments agree" if sums.is_balanced else "ledger and payments differ"
    return (
        Tile(
            "Taken from buyers",
            money(sums.taken),
            visit.href("payments"),
            f"commission {money(sums.commission)}",
        ),
        Tile(
            "Owed to sellers",
            money(sums.owed_to_sellers),
            visit.href("ledger", prefix="seller"),
            balanced,
            Tone.GO if sums.is_balanced else Tone.LOST,
        ),
    )


def _touches_tile(visit: Visit, touches: int, orders: int) -> Tile:
    rate = 1000 * touches / orders if orders else None
    note = f"{count(touches)} in {count(orders)} orders"
    href = visit.href("cases", show="resolved")
    return Tile("Human touches per 1,000", per_mille(rate), href, note)


def _figures(visit: Visit, days: Sequence[DayOfOrders]) -> list[DayFigures]:
    return [
        DayFigures(
            on=day.day.date(),
            orders=day.orders,
            placed=Money.of(day.total_minor, day.currency),
            href=visit.href("orders", since=f"{day.day:%Y-%m-%d}", until=f"{day.day:%Y-%m-%d}"),
        )
        for day in days
    ]
