"""The tables that both shops work on while the migration lasts: sessions, carts, customers, orders.

Legacy's database stays the one place for them until they are moved, so that a customer finds cart
and login again whichever shop answers. Each page asks it once or twice, not sixty times.
"""

import hashlib
import secrets
import sqlite3
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

Row = dict[str, Any]

ZONE = ZoneInfo("America/Sao_Paulo")
_BUSY_S = 20


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who asks: the session and the cart that the cookies name."""

    sid: str
    cart: str
    user: Row | None
    cart_count: int


@dataclass(slots=True)
class Content:
    """What changes only with a release: texts, categories, and the key that signs forms."""

    secret: str
    categories: list[Row]
    products: dict[str, Row] = field(default_factory=dict[str, Row])


class Shared:
    """Legacy's database file."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
        self._connection.row_factory = sqlite3.Row
        self._connection.execute("pragma synchronous = normal")

    def close(self) -> None:
        self._connection.close()

    def content(self) -> Content:
        [secret] = self._all("select value from settings where name = 'secret'")
        products = self._all(
            "select p.id, p.sku, p.name, p.description, p.created_at, c.slug as category, price,"
            " s.code as seller_code, s.name as seller, s.city, s.state"
            " from products p join categories c on c.id = category_id"
            " join sellers s on s.id = seller_id join prices on product_id = p.id order by p.id"
        )
        return Content(
            secret=secret["value"],
            categories=self._all("select slug, title from categories order by title"),
            products={row["sku"]: row for row in products},
        )

    def visitor(self, sid: str, cart: str) -> Visitor:
        [count] = self._all(
            "select coalesce(sum(quantity), 0) as n from cart_items where cart_id = ?", cart
        )
        user = self._all(
            "select u.* from sessions s join users u on u.id = s.user_id where sid = ?", sid
        )
        return Visitor(sid, cart, user[0] if user else None, count["n"])

    def stars(self) -> dict[int, float]:
        """The mean score of every product that has one."""
        rows = self._all(
            "select product_id, avg(score) as stars from reviews where is_public group by product_id"
        )
        return {row["product_id"]: row["stars"] for row in rows}

    def reviews(self, product: int) -> list[Row]:
        return self._all(
            "select r.*, coalesce(u.name, '?') as name from reviews r"
            " left join users u on u.id = r.user_id where product_id = ? and is_public order by r.id",
            product,
        )

    def add_review(self, product: int, user: int, score: int, body: str) -> None:
        self._connection.execute(
            "insert into reviews (product_id, user_id, score, body, created_at, is_public)"
            " values (?, ?, ?, ?, ?, 0)",
            (product, user, score, body, now_text()),
        )

    def cart(self, cart: str) -> list[Row]:
        return self._all(
            "select i.*, sku, name from cart_items i join products p on p.id = i.product_id"
            " where cart_id = ? order by added_at, product_id",
            cart,
        )

    def add_to_cart(self, cart: str, product: int, quantity: int, price: float) -> None:
        self._connection.execute(
            "insert into cart_items values (?, ?, ?, ?, ?) on conflict (cart_id, product_id)"
            " do update set quantity = quantity + excluded.quantity",
            (cart, product, quantity, price, now_text()),
        )

    def remove_from_cart(self, cart: str, product: int) -> None:
        self._connection.execute(
            "delete from cart_items where cart_id = ? and product_id = ?", (cart, product)
        )

    def log_in(self, email: str, password: str) -> tuple[str, Row] | None:
        """A new session, if the password is right."""
        found = self._all("select * from users where email = ?", email)
        if not found:
            return None
        [user] = found
        if user["password"] != hashlib.sha1((user["salt"] + password).encode()).hexdigest():
            return None
        sid = secrets.token_hex(16)
        self._connection.execute(
            "insert into sessions values (?, ?, ?)", (sid, user["id"], now_text())
        )
        return sid, user

    def log_out(self, sid: str) -> None:
        self._connection.execute("delete from sessions where sid = ?", (sid,))

    def add_order(self, user: int, cart: str, rows: list[Row], instalments: int) -> str:
        """Make the order of a cart and empty it; its number."""
        total = cart_total(rows)
        with self._transaction():
            order = self._connection.execute(
                "insert into orders (user_id, total, instalments, status, created_at)"
                " values (?, ?, ?, 'received', ?)",
                (user, total, instalments, now_text()),
            ).lastrowid
            number = f"LB-{order:06d}"
            self._connection.execute("update orders set number = ? where id = ?", (number, order))
            self._connection.executemany(
                "insert into order_items values (?, ?, ?, ?)",
                [(order, row["product_id"], row["quantity"], row["price"]) for row in rows],
            )
            self._connection.execute("delete from cart_items where cart_id = ?", (cart,))
        return number

    def orders(self, user: int) -> list[Row]:
        return self._all(
            "select o.*, (select sum(quantity) from order_items where order_id = o.id) as items"
            " from orders o where user_id = ? order by id desc",
            user,
        )

    def order(self, user: int, number: str) -> tuple[Row, list[Row]] | None:
        found = self._all("select * from orders where number = ? and user_id = ?", number, user)
        if not found:
            return None
        items = self._all(
            "select i.*, sku, name from order_items i left join products p on p.id = i.product_id"
            " where order_id = ? order by i.rowid",
            found[0]["id"],
        )
        return found[0], items

    def _all(self, query: str, *values: Any) -> list[Row]:
        return [dict(row) for row in self._connection.execute(query, values)]

    @contextmanager
    def _transaction(self) -> Generator[None]:
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")


def cart_total(rows: list[Row]) -> float:
    """Added up as legacy does, one binary float after the other."""
    total = 0.0
    for row in rows:
        total += row["price"] * row["quantity"]
    return total


def now_text() -> str:
    return datetime.now(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def csrf_token(secret: str, sid: str) -> str:
    salt = secrets.token_hex(8)
    return salt + _signature(secret, sid, salt)


def is_csrf_token(secret: str, sid: str, token: str) -> bool:
    return bool(sid) and secrets.compare_digest(
        token[16:].encode(), _signature(secret, sid, token[:16]).encode()
    )


def _signature(secret: str, sid: str, salt: str) -> str:
    return hashlib.sha256(f"{secret}:{sid}:{salt}".encode()).hexdigest()[:32]
