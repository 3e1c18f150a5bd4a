"""Makes the shop's database from real orders: the 300 products of ``examples/olist`` sold most.

``python -m examples.legacy_shop.seed shop.db``, in place of what is there.

The data set names no product: a name is made of its category and the beginning of its id. Customers
are made up, their past orders are real ones. The same folder gives the same database.
"""

import csv
import hashlib
import secrets
import sqlite3
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

PRODUCTS = 300
CUSTOMERS = 400
OLIST = Path(__file__).parents[1] / "olist"
_SCHEMA = Path(__file__).with_name("schema.sql")
_WORDS = ("Sturdy and well made.", "A classic.", "Sold by the thousand.", "Light, and lasts long.")


def email_of(number: int) -> str:
    return f"customer{number:04d}@lojaboa.example"


def password_of(number: int) -> str:
    return f"senha-{number:04d}"


def seed(database: Path, source: Path) -> None:
    """Make the database at ``database``, in place of one that is there."""
    for old in (database, *(database.with_name(database.name + end) for end in ("-wal", "-shm"))):
        old.unlink(missing_ok=True)
    connection = sqlite3.connect(database)
    try:
        connection.execute("pragma journal_mode = wal")
        connection.executescript(_SCHEMA.read_text())
        with connection:
            _fill(connection, source)
    finally:
        connection.close()


def _fill(connection: sqlite3.Connection, source: Path) -> None:
    secret = secrets.token_hex(16)
    connection.execute("insert into settings values ('secret', ?)", (secret,))
    items = list(_rows(source, "order_items"))
    sold = Counter(row["product_id"] for row in items)
    chosen = sorted(sold, key=lambda sku: (-sold[sku], sku))[:PRODUCTS]
    first = {row["product_id"]: row for row in reversed(items)}
    category_of = {
        row["product_id"]: row["product_category_name"] or "outros"
        for row in _rows(source, "products")
    }
    slugs = sorted({category_of[sku] for sku in chosen})
    for number, slug in enumerate(slugs, 1):
        title = slug.replace("_", " ").title()
        connection.execute("insert into categories values (?, ?, ?)", (number, slug, title))
    sellers = _fill_sellers(connection, source, {first[sku]["seller_id"] for sku in chosen})
    purchases = {row["order_id"]: row for row in _rows(source, "orders")}
    for number, sku in enumerate(chosen, 1):
        row, slug = first[sku], category_of[sku]
        connection.execute(
            "insert into products values (?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                sku[:12],
                f"{slug.replace('_', ' ').title()} {sku[:6].upper()}",
                f"{_WORDS[number % len(_WORDS)]} Model {sku[6:12]}.  ",
                slugs.index(slug) + 1,
                sellers[row["seller_id"]],
                purchases[row["order_id"]]["order_purchase_timestamp"],
            ),
        )
        connection.execute("insert into prices values (?, ?)", (number, float(row["price"])))
    _fill_customers(connection, source)
    _fill_photos(connection)
    _fill_history(connection, source, {sku: n for n, sku in enumerate(chosen, 1)}, items, purchases)


def _fill_sellers(connection: sqlite3.Connection, source: Path, wanted: set[str]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for row in _rows(source, "sellers"):
        if row["seller_id"] in wanted:
            code = row["seller_id"]
            numbers[code] = len(numbers) + 1
            city = row["seller_city"].title()
            connection.execute(
                "insert into sellers values (?, ?, ?, ?, ?)",
                (numbers[code], code, f"{city} {code[:6]}", city, row["seller_state"]),
            )
    return numbers


def _fill_customers(connection: sqlite3.Connection, source: Path) -> None:
    people = _rows(source, "customers")
    for number in range(1, CUSTOMERS + 1):
        row = next(people)
        salt = f"{number:08x}"
        connection.execute(
            "insert into users values (?, ?, ?, ?, ?, ?, ?, ?)",
            (
                number,
                email_of(number),
                f"Customer {number}",
                row["customer_city"].title(),
                row["customer_state"],
                salt,
                hashlib.sha1((salt + password_of(number)).encode()).hexdigest(),
                "2018-01-31 09:00:00",
            ),
        )


def _fill_photos(connection: sqlite3.Connection) -> None:
    """Every third customer has sent one."""
    for number in range(3, CUSTOMERS + 1, 3):
        photo = b"a photo of %d" % number
        connection.execute(
            "insert into photos values (?, ?, ?, ?)",
            (number, len(photo), hashlib.sha256(photo).hexdigest(), "2018-02-28 18:30:00"),
        )


def _fill_history(
    connection: sqlite3.Connection,
    source: Path,
    numbers: dict[str, int],
    items: list[dict[str, str]],
    purchases: dict[str, dict[str, str]],
) -> None:
    """Past orders of what the shop sells, and their reviews, dealt out to the customers in turn."""
    lines: dict[str, list[dict[str, str]]] = {}
    for row in items:
        lines.setdefault(row["order_id"], []).append(row)
    scores = {row["order_id"]: row for row in _rows(source, "reviews")}
    turn = 0
    for order_id, rows in lines.items():
        if any(row["product_id"] not in numbers for row in rows):
            continue
        user, turn = turn % CUSTOMERS + 1, turn + 1
        bought_at = purchases[order_id]["order_purchase_timestamp"]
        total = sum(float(row["price"]) for row in rows)
        connection.execute(
            "insert into orders values (?, ?, ?, ?, 1, 'delivered', ?)",
            (turn, f"LB-{turn:06d}", user, total, bought_at),
        )
        for row in rows:
            connection.execute(
                "insert into order_items values (?, ?, 1, ?)",
                (turn, numbers[row["product_id"]], float(row["price"])),
            )
        if order_id in scores:
            score = int(scores[order_id]["review_score"])
            connection.execute(
                "insert into reviews (product_id, user_id, score, body, created_at)"
                " values (?, ?, ?, ?, ?)",
                (numbers[rows[0]["product_id"]], user, score, f"{score} of 5 ", bought_at),
            )


def _rows(source: Path, table: str) -> Iterator[dict[str, str]]:
    with (source / f"{table}.csv").open(newline="") as file:
        yield from csv.DictReader(file)


if __name__ == "__main__":
    seed(Path(sys.argv[1]), OLIST)
