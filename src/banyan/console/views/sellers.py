"""Sellers: whom the marketplace owes, and what they offer."""

from dataclasses import dataclass
from datetime import datetime

from banyan.console.look import Pill
from banyan.console.views.frame import Choice, Fact, Pages
from banyan.console.views.money import MoneyLine
from banyan.console.views.orders import OrderLine
from banyan.console.views.payouts import FundsCard
from banyan.kernel import Money


@dataclass(frozen=True, slots=True)
class SellerLine:
    seller_id: str
    href: str
    name: str
    state: Pill
    place: str
    quality: int
    """Percent, 0 to 100."""
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SellersView:
    query: str
    states: tuple[Choice, ...]
    sellers: tuple[SellerLine, ...]
    pages: Pages
    is_filtered: bool


@dataclass(frozen=True, slots=True)
class Balance:
    """One of a seller's accounts; ``href`` leads to its entries."""

    label: str
    amount: Money
    note: str
    href: str


@dataclass(frozen=True, slots=True)
class OfferLine:
    offer_id: str
    product: str
    price: Money
    lead_time: str
    capacity: str
    state: Pill


@dataclass(frozen=True, slots=True)
class SellerView:
    line: SellerLine
    facts: tuple[Fact, ...]
    balances: tuple[Balance, ...]
    funds: tuple[FundsCard, ...]
    offers: tuple[OfferLine, ...]
    orders: tuple[OrderLine, ...]
    orders_href: str
    payouts: tuple[MoneyLine, ...]
