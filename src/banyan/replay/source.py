"""Reads the orders of the Olist data set, or an extract of it, from a folder.

Each table is one file: ``orders.csv``, ``orders.csv.gz`` or ``orders.parquet``, or under the name
that Kaggle gives it (``olist_orders_dataset.csv``). Columns that aren't named here are not read.
Money is decimal BRL and becomes whole centavos. The times name no zone; they are read as UTC.
"""

import csv
import gzip
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib import import_module
from pathlib import Path
from typing import TypeVar

from banyan.kernel import InvalidMoney, Money
from banyan.replay.errors import InvalidSource, SourceNotFound

CURRENCY = "BRL"

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Seller:
    seller_id: str
    city: str
    state: str


@dataclass(frozen=True, slots=True)
class Buyer:
    """A person under a pseudonym that stays the same over all of their orders."""

    buyer_id: str
    state: str


@dataclass(frozen=True, slots=True)
class Item:
    """One unit of a product in an order."""

    product_id: str
    category: str
    seller_id: str
    price: Money
    freight: Money


@dataclass(frozen=True, slots=True)
class Payment:
    """How the largest part of an order was paid."""

    type: str
    """``credit_card``, ``boleto``, ``voucher``, ``debit_card`` or ``not_defined``."""
    instalments: int
    value: Money


@dataclass(frozen=True, slots=True)
class Review:
    score: int
    """1 (worst) to 5."""
    written_on: date | None


@dataclass(frozen=True, slots=True)
class Order:
    """An order as it really went; ``None`` for what did not happen or is not known."""

    order_id: str
    status: str
    buyer: Buyer
    items: tuple[Item, ...]
    payment: Payment | None
    purchased_at: datetime
    approved_at: datetime | None
    shipped_at: datetime | None
    delivered_at: datetime | None
    promised_at: datetime | None
    review: Review | None

    @property
    def was_late(self) -> bool:
        """Delivered after the day that it was promised for."""
        if self.delivered_at is None or self.promised_at is None:
            return False
        return self.delivered_at.date() > self.promised_at.date()


@dataclass(frozen=True, slots=True)
class Source:
    """A whole data set: the orders by time of purchase, and the sellers by id."""

    orders: tuple[Order, ...]
    sellers: dict[str, Seller]


def read_source(folder: Path) -> Source:
    """All orders in ``folder``; ``SourceNotFound`` or ``InvalidSource`` say what is wrong with it."""
    if not folder.is_dir():
        raise SourceNotFound(f"{folder} is not a folder; give one that holds orders.csv.")
    buyers = {row.text("customer_id"): _buyer(row) for row in _rows(folder, "customers")}
    sellers = {row.text("seller_id"): _seller(row) for row in _rows(folder, "sellers")}
    items = _items(folder, sellers)
    payments = _payments(folder)
    reviews = _reviews(folder)

    def order(row: "_Row") -> Order:
        order_id = row.text("order_id")
        buyer = buyers.get(row.text("customer_id"))
        if buyer is None:
            raise row.invalid("customer_id", "is in no row of the customers")
        return Order(
            order_id=order_id,
            status=row.text("order_status"),
            buyer=buyer,
            items=tuple(items[order_id]),
            payment=payments.get(order_id),
            purchased_at=row.instant("order_purchase_timestamp"),
            approved_at=row.maybe("order_approved_at", _Row.instant),
            shipped_at=row.maybe("order_delivered_carrier_date", _Row.instant),
            delivered_at=row.maybe("order_delivered_customer_date", _Row.instant),
            promised_at=row.maybe("order_estimated_delivery_date", _Row.instant),
            review=reviews.get(order_id),
        )

    orders = [order(row) for row in _rows(folder, "orders")]
    orders.sort(key=lambda order: (order.purchased_at, order.order_id))
    return Source(tuple(orders), sellers)


def _seller(row: "_Row") -> Seller:
    return Seller(row.text("seller_id"), row.text("seller_city"), row.text("seller_state"))


def _buyer(row: "_Row") -> Buyer:
    return Buyer(row.text("customer_unique_id"), row.text("customer_state"))


def _items(folder: Path, sellers: Mapping[str, Seller]) -> dict[str, list[Item]]:
    categories = {
        row.text("product_id"): row.maybe("product_category_name", _Row.text)
        for row in _rows(folder, "products")
    }
    items: dict[str, list[Item]] = defaultdict(list)
    for row in _rows(folder, "order_items"):
        product_id, seller_id = row.text("product_id"), row.text("seller_id")
        if seller_id not in sellers:
            raise row.invalid("seller_id", "is in no row of the sellers")
        item = Item(
            product_id=product_id,
            category=categories.get(product_id) or "outros",
            seller_id=seller_id,
            price=row.money("price"),
            freight=row.money("freight_value"),
        )
        items[row.text("order_id")].append(item)
    return items


def _payments(folder: Path) -> dict[str, Payment]:
    """The largest payment of each order: there it may be paid in several parts."""
    largest: dict[str, Payment] = {}
    for row in _rows(folder, "order_payments"):
        order_id = row.text("order_id")
        payment = Payment(
            type=row.text("payment_type"),
            instalments=row.number("payment_installments"),
            value=row.money("payment_value"),
        )
        if order_id not in largest or largest[order_id].value < payment.value:
            largest[order_id] = payment
    return largest


def _reviews(folder: Path) -> dict[str, Review]:
    """The last review of each order that has one."""
    reviews: dict[str, Review] = {}
    for row in _rows(folder, "reviews"):
        review = Review(row.number("review_score"), row.maybe("review_creation_date", _Row.day))
        order_id = row.text("order_id")
        before = reviews.get(order_id)
        if before is None or (before.written_on or date.min) <= (review.written_on or date.min):
            reviews[order_id] = review
    return reviews


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a file, and where it stands, for a sentence that helps."""

    path: Path
    number_in_file: int
    values: dict[str, str]

    def text(self, column: str) -> str:
        value = self.values.get(column)
        if value is None:
            raise InvalidSource(f"{self.path} has no column {column}.")
        if not value:
            raise self.invalid(column, "is empty")
        return value

    def maybe(self, column: str, read: "Callable[[_Row, str], T]") -> T | None:
        """What ``read`` makes of the column, or None where it is empty."""
        return None if self.values.get(column) == "" else read(self, column)

    def number(self, column: str) -> int:
        text = self.text(column)
        if not (text.isascii() and text.isdigit() and len(text) < 10):
            raise self.invalid(column, f"is {text[:40]!r}, not a whole number")
        return int(text)

    def money(self, column: str) -> Money:
        text = self.text(column)
        try:
            amount = Money.parse(text, CURRENCY)
        except InvalidMoney as refusal:
            raise self.invalid(column, f"is not an amount: {refusal.detail}") from None
        if amount < Money.zero(CURRENCY):
            raise self.invalid(column, f"is negative: {amount}")
        return amount

    def instant(self, column: str) -> datetime:
        text = self.text(column)
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            raise self.invalid(column, f"is {text[:40]!r}, not a time") from None
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)

    def day(self, column: str) -> date:
        return self.instant(column).date()

    def invalid(self, column: str, what: str) -> InvalidSource:
        return InvalidSource(f"{self.path}, row {self.number_in_file}: {column} {what}.")


_KAGGLE = {
    "customers": "olist_customers_dataset",
    "order_items": "olist_order_items_dataset",
    "order_payments": "olist_order_payments_dataset",
    "orders": "olist_orders_dataset",
    "products": "olist_products_dataset",
    "reviews": "olist_order_reviews_dataset",
    "sellers": "olist_sellers_dataset",
}


def _rows(folder: Path, table: str) -> Iterator[_Row]:
    path = _find(folder, table)
    read = _read_parquet if path.suffix == ".parquet" else _read_csv
    for number, values in enumerate(read(path), start=1):
        yield _Row(path, number, values)


def _find(folder: Path, table: str) -> Path:
    for name in (table, _KAGGLE[table]):
        for ending in (".csv", ".csv.gz", ".parquet"):
            path = folder / (name + ending)
            if path.is_file():
                return path
    raise SourceNotFound(f"{folder} has no {table}.csv (nor .csv.gz, nor .parquet).")


def _read_csv(path: Path) -> Iterator[dict[str, str]]:
    opened = gzip.open if path.suffix == ".gz" else open
    try:
        with opened(path, "rt", encoding="utf-8-sig", newline="") as file:
            for row in csv.DictReader(file, restval=""):
                yield {name: value.strip() for name, value in row.items() if name}
    except (OSError, EOFError, UnicodeDecodeError, csv.Error) as error:
        raise InvalidSource(f"{path} can't be read: {error}.") from None


def _read_parquet(path: Path) -> Iterator[dict[str, str]]:
    """Rows as a CSV file would have them. The text of a float is the shortest that names it."""
    try:
        parquet = import_module("pyarrow.parquet")
    except ImportError:
        raise InvalidSource(
            f"To read {path.name}, install pyarrow (pip install pyarrow) or save it as CSV."
        ) from None
    try:
        batches = parquet.ParquetFile(path).iter_batches()
        for batch in batches:
            for row in batch.to_pylist():
                yield {name: "" if value is None else str(value) for name, value in row.items()}
    except (OSError, ValueError) as error:
        raise InvalidSource(f"{path} can't be read: {error}.") from None
