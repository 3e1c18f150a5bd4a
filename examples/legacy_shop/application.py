"""The shop itself: paths, and what is done on each. Queries are written where they are needed."""

import hashlib
import json
import re
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any
from urllib.parse import quote

from examples.legacy_shop import pages
from examples.legacy_shop.database import Database, Row
from examples.legacy_shop.server import StartResponse
from examples.legacy_shop.web import (
    ZONE,
    Request,
    Response,
    csrf_token,
    is_csrf_token,
    json_response,
    now_text,
    redirect,
)

PAGE = 20
FEATURED = 12
FOUND_MAX = 200
_STOCK_EVENTS_MAX = 3600

Handler = Callable[..., Response]


class LegacyShop:
    """A WSGI application over a database that ``seed`` has made."""

    def __init__(self, database: Database, stock_pause_s: float = 1.0) -> None:
        self._db = database
        self._stock_pause_s = stock_pause_s
        self._paths: list[tuple[str, re.Pattern[str], Handler]] = [
            (method, re.compile(path), handler)
            for method, path, handler in (
                ("GET", r"/", self.home),
                ("GET", r"/c/([^/]+)", self.category),
                ("GET", r"/p/([^/]+)", self.product),
                ("POST", r"/p/([^/]+)/reviews", self.review),
                ("GET", r"/search", self.search),
                ("GET", r"/about", self.about),
                ("GET", r"/static/shop\.css", self.css),
                ("GET", r"/login", self.login_page),
                ("POST", r"/login", self.login),
                ("POST", r"/logout", self.logout),
                ("GET", r"/account", self.account),
                ("POST", r"/account/photo", self.photo),
                ("GET", r"/cart", self.cart),
                ("POST", r"/cart/add", self.add_to_cart),
                ("POST", r"/cart/remove", self.remove_from_cart),
                ("GET", r"/checkout", self.checkout_page),
                ("POST", r"/checkout", self.checkout),
                ("GET", r"/orders", self.orders),
                ("GET", r"/orders/([^/]+)", self.order),
                ("GET", r"/api/products", self.api_products),
                ("GET", r"/api/products/([^/]+)", self.api_product),
                ("GET", r"/api/cart", self.api_cart),
                ("GET", r"/api/orders", self.api_orders),
                ("GET", r"/events/stock", self.stock),
                ("GET", r"/health", self.health),
            )
        ]

    def __call__(self, environment: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        before = self._db.queries
        request = Request.of(environment)
        try:
            response = self._answer(request)
        except Exception as error:  # the shop of old shows its faults to whoever sees them
            response = Response(
                "500 Internal Server Error", f"<h1>Oops</h1><pre>{error!r}</pre>".encode()
            )
        headers = [("X-Powered-By", "LojaBoa/2.3"), *response.all_headers()]
        headers.append(("X-QUERIES", str(self._db.queries - before)))
        start(response.status, headers)
        return [response.body] if isinstance(response.body, bytes) else response.body

    def _answer(self, request: Request) -> Response:
        method = "GET" if request.method == "HEAD" else request.method
        allowed: list[str] = []
        for known, path, handler in self._paths:
            found = path.fullmatch(request.path)
            if found and known == method:
                self._recognise(request)
                if method == "POST" and not self._is_genuine(request):
                    return self._page(
                        request, "Error", pages.error("Form expired"), "403 Forbidden"
                    )
                return handler(request, *found.groups())
            if found:
                allowed.append(known)
        if allowed:
            return Response("405 Nope", b"", headers=[("Allow", ", ".join(allowed))])
        self._recognise(request)
        return self._page(request, "Not found", pages.error(f"No {request.path}"), "404 Not Found")

    def _recognise(self, request: Request) -> None:
        request.sid = request.cookies.get("sid", "")
        if request.sid:
            session = self._db.one("select user_id from sessions where sid = ?", request.sid)
            if session:
                request.user = self._db.one("select * from users where id = ?", session["user_id"])

    def _is_genuine(self, request: Request) -> bool:
        token = request.form.get("csrf") or request.headers.get("x-csrf-token", "")
        return is_csrf_token(self._secret(), request.sid, token)

    def _secret(self) -> str:
        row = self._db.the("select value from settings where name = 'secret'")
        return row["value"]

    def _token(self, request: Request) -> str:
        if not request.sid:
            request.sid = secrets.token_hex(16)
        return csrf_token(self._secret(), request.sid)

    # Pages

    def _page(
        self, request: Request, title: str, body: str | Iterator[str], status: str = "200 OK"
    ) -> Response:
        """A whole page; one whose body comes in parts is sent in chunks."""
        top = pages.head(
            title,
            user=request.user,
            cart=self._cart_count(request),
            flash=request.flash,
            categories=self._db.all("select slug, title from categories order by title"),
        )
        bottom = pages.foot(now_text())
        content: bytes | Iterable[bytes]
        if isinstance(body, str):
            content = (top + body + bottom).encode()
        else:
            content = (part.encode() for part in (top, *body, bottom))
        response = Response(status, content, headers=[("Cache-Control", "private, max-age=0")])
        if request.flash:
            response.forget("flash")
        if not request.cookies.get("sid"):
            response.cookie("sid", request.sid or secrets.token_hex(16), "HttpOnly")
        return response

    def home(self, request: Request) -> Response:
        rows = self._db.all("select * from products order by id limit ?", FEATURED)
        body = "".join(pages.product_line(self._whole(row)) for row in rows)
        return self._page(request, "Today at Loja Boa", body)

    def category(self, request: Request, slug: str) -> Response:
        category = self._db.one("select * from categories where slug = ?", slug)
        if category is None:
            return redirect("/", f"There is no category {slug}")
        rows = self._db.all(
            "select * from products where category_id = ? order by id", category["id"]
        )
        return self._listing(request, category["title"], rows)

    def search(self, request: Request) -> Response:
        words = request.query.get("q", "").strip()
        if not words:
            return self._page(request, "Error", pages.error("Tell us what you look for"))
        like = f"%{words}%"
        rows = self._db.all(
            "select * from products where name like ? or description like ? order by id limit ?",
            like, like, FOUND_MAX,
        )  # fmt: skip
        return self._listing(request, f"{len(rows)} found for {words}", rows, words)

    def _listing(self, request: Request, title: str, rows: list[Row], query: str = "") -> Response:
        count = max(1, -(-len(rows) // PAGE))
        page = min(max(request.number("page", 1), 1), count)
        shown = [self._whole(row) for row in rows[(page - 1) * PAGE : page * PAGE]]
        return self._page(
            request, title, pages.listing(shown, quote(request.path), page, count, query)
        )

    def product(self, request: Request, sku: str) -> Response:
        row = self._db.one("select * from products where sku = ?", sku)
        if row is None:
            return self._page(request, "Error", pages.error("Product not found"))
        row, reviews = self._whole(row), []
        for review in self._db.all(
            "select * from reviews where product_id = ? and is_public order by id", row["id"]
        ):
            author = self._db.one("select name from users where id = ?", review["user_id"])
            reviews.append({**review, **(author or {"name": "?"})})
        may_review = request.user is not None
        body = pages.product(row, reviews, self._token(request), may_review=may_review)
        response = self._page(request, row["name"], body)
        on_sale_at = datetime.fromisoformat(row["created_at"]).replace(tzinfo=ZONE)
        response.headers.append(("Last-modified", _http_date(on_sale_at)))
        return response

    def _whole(self, row: Row) -> Row:
        """A product with its price, seller and stars: three queries each, wherever it is shown."""
        price = self._db.the("select price from prices where product_id = ?", row["id"])
        seller = self._db.the("select * from sellers where id = ?", row["seller_id"])
        stars = self._db.the(
            "select avg(score) as stars from reviews where product_id = ? and is_public", row["id"]
        )
        more = {"seller": seller["name"], "city": seller["city"], "state": seller["state"]}
        return {**row, **price, **stars, **more}

    def review(self, request: Request, sku: str) -> Response:
        row = self._db.one("select id from products where sku = ?", sku)
        score = request.form.get("score", "")
        if request.user is None or row is None or score not in {"1", "2", "3", "4", "5"}:
            return redirect("/", "That review can't be")
        self._db.run(
            "insert into reviews (product_id, user_id, score, body, created_at, is_public)"
            " values (?, ?, ?, ?, ?, 0)",
            row["id"], request.user["id"], int(score), request.form.get("body", "")[:2000], now_text(),
        )  # fmt: skip
        return redirect(f"/p/{sku}", "Thank you, we will read it first")

    def about(self, request: Request) -> Response:
        return _unchanging(request, pages.ABOUT.encode("latin-1"), "text/html; charset=iso-8859-1")

    def css(self, request: Request) -> Response:
        response = _unchanging(request, pages.CSS.encode(), "text/css")
        response.headers.append(("Cache-Control", "public, max-age=3600"))
        return response

    def health(self, request: Request) -> Response:
        del request
        return Response("200 OK", b"ok\n", "text/plain")

    # Customers

    def login_page(self, request: Request) -> Response:
        following = request.query.get("next", "/account")
        return self._page(request, "Log in", pages.login(self._token(request), following))

    def login(self, request: Request) -> Response:
        """A wrong password is told with status 200, as it always was."""
        user = self._db.one("select * from users where email = ?", request.form.get("email", ""))
        given = request.form.get("password", "")
        if (
            user is None
            or user["password"] != hashlib.sha1((user["salt"] + given).encode()).hexdigest()
        ):
            return self._page(request, "Error", pages.error("Wrong e-mail or password"))
        sid = secrets.token_hex(16)
        self._db.run("insert into sessions values (?, ?, ?)", sid, user["id"], now_text())
        following = request.form.get("next", "/account")
        to = following if following.startswith("/") and following[1:2] != "/" else "/account"
        return redirect(to, f"Welcome back, {user['name']}").cookie("sid", sid, "HttpOnly")

    def logout(self, request: Request) -> Response:
        self._db.run("delete from sessions where sid = ?", request.sid)
        return redirect("/", "See you soon").forget("sid")

    def account(self, request: Request) -> Response:
        if request.user is None:
            return redirect("/login?next=/account")
        count = self._db.the(
            "select count(*) as n from orders where user_id = ?", request.user["id"]
        )
        body = pages.account(request.user, count["n"], self._token(request))
        return self._page(request, "Your account", body)

    def photo(self, request: Request) -> Response:
        if request.user is None:
            return Response("403 Log In First", b"log in first\n", "text/plain")
        digest, size = hashlib.sha256(), 0
        while part := request.body.read(65_536):
            digest.update(part)
            size += len(part)
        self._db.run(
            "insert or replace into photos values (?, ?, ?, ?)",
            request.user["id"], size, digest.hexdigest(), now_text(),
        )  # fmt: skip
        return Response("201 Created", f"{size} {digest.hexdigest()}\n".encode(), "text/plain")

    # The cart

    def _cart_count(self, request: Request) -> int:
        row = self._db.the(
            "select coalesce(sum(quantity), 0) as n from cart_items where cart_id = ?",
            request.cookies.get("cart", ""),
        )
        return row["n"]

    def _cart(self, request: Request) -> tuple[list[Row], float]:
        rows: list[Row] = []
        total = 0.0
        for item in self._db.all(
            "select * from cart_items where cart_id = ? order by added_at, product_id",
            request.cookies.get("cart", ""),
        ):
            row = self._db.the("select sku, name from products where id = ?", item["product_id"])
            rows.append({**item, **row})
            total += item["price"] * item["quantity"]
        return rows, total

    def cart(self, request: Request) -> Response:
        rows, total = self._cart(request)
        return self._page(request, "Your cart", pages.cart(rows, total, self._token(request)))

    def add_to_cart(self, request: Request) -> Response:
        row = self._db.one("select id from products where sku = ?", request.form.get("sku", ""))
        quantity = request.form.get("quantity", "1")
        if row is None or not quantity.isdigit() or not 0 < int(quantity) < 100:
            return redirect("/cart", "That can't be put into the cart")
        price = self._db.the("select price from prices where product_id = ?", row["id"])
        cart = request.cookies.get("cart") or secrets.token_hex(12)
        self._db.run(
            "insert into cart_items values (?, ?, ?, ?, ?) on conflict (cart_id, product_id)"
            " do update set quantity = quantity + excluded.quantity",
            cart, row["id"], int(quantity), price["price"], now_text(),
        )  # fmt: skip
        response = redirect("/cart", "It is in your cart")
        if not request.cookies.get("cart"):
            response.cookie("cart", cart, "Max-Age=2592000")
        return response

    def remove_from_cart(self, request: Request) -> Response:
        row = self._db.one("select id from products where sku = ?", request.form.get("sku", ""))
        self._db.run(
            "delete from cart_items where cart_id = ? and product_id = ?",
            request.cookies.get("cart", ""), row["id"] if row else 0,
        )  # fmt: skip
        return redirect("/cart", "Removed")

    # Orders

    def checkout_page(self, request: Request) -> Response:
        rows, total = self._cart(request)
        if request.user is None:
            return redirect("/login?next=/checkout", "Log in to buy")
        if not rows:
            return redirect("/cart", "Your cart is empty")
        body = pages.checkout(rows, total, self._token(request), request.user)
        return self._page(request, "Check out", body)

    def checkout(self, request: Request) -> Response:
        rows, total = self._cart(request)
        if request.user is None or not rows:
            return redirect("/cart", "There is nothing to buy")
        instalments = int(request.form.get("instalments", "1")[:1] or 1)
        with self._db.transaction():
            order = self._db.run(
                "insert into orders (user_id, total, instalments, status, created_at)"
                " values (?, ?, ?, 'received', ?)",
                request.user["id"], total, instalments, now_text(),
            )  # fmt: skip
            number = f"LB-{order:06d}"
            self._db.run("update orders set number = ? where id = ?", number, order)
            for row in rows:
                self._db.run(
                    "insert into order_items values (?, ?, ?, ?)",
                    order, row["product_id"], row["quantity"], row["price"],
                )  # fmt: skip
            self._db.run(
                "delete from cart_items where cart_id = ?", request.cookies.get("cart", "")
            )
        return redirect(f"/orders/{number}", "Thank you for your order").forget("cart")

    def orders(self, request: Request) -> Response:
        if request.user is None:
            return redirect("/login?next=/orders")
        rows = [self._with_items(row) for row in self._orders(request.user["id"])]
        return self._page(request, "Your orders", pages.orders(rows))

    def _orders(self, user: int) -> list[Row]:
        return self._db.all("select * from orders where user_id = ? order by id desc", user)

    def _with_items(self, row: Row) -> Row:
        count = self._db.the(
            "select sum(quantity) as items from order_items where order_id = ?", row["id"]
        )
        return {**row, **count}

    def order(self, request: Request, number: str) -> Response:
        if request.user is None:
            return redirect(f"/login?next=/orders/{quote(number)}")
        row = self._db.one(
            "select * from orders where number = ? and user_id = ?", number, request.user["id"]
        )
        if row is None:
            return redirect("/orders", "That order isn't yours")
        items: list[Row] = []
        for item in self._db.all(
            "select * from order_items where order_id = ? order by rowid", row["id"]
        ):
            product = self._db.one(
                "select sku, name from products where id = ?", item["product_id"]
            )
            items.append({**item, **(product or {})})
        return self._page(request, f"Order {number}", pages.order(row, items))

    # The interface for the app of 2014

    def api_products(self, request: Request) -> Response:
        size = min(max(request.number("per_page", PAGE), 1), 100)
        page = max(request.number("page", 1), 1)
        rows = self._db.all(
            "select * from products order by id limit ? offset ?", size, (page - 1) * size
        )
        total = self._db.the("select count(*) as n from products")
        content = {
            "page": page,
            "total": total["n"],
            "products": [_api_product(self._whole(row)) for row in rows],
            "generated_at": now_text(),
        }
        return json_response(content, "200 OK" if rows else "299 Nothing There")

    def api_product(self, request: Request, sku: str) -> Response:
        del request
        row = self._db.one("select * from products where sku = ?", sku)
        if row is None:
            return json_response({"error": "not found", "sku": sku}, "404 Not Found")
        return json_response(_api_product(self._whole(row)))

    def api_cart(self, request: Request) -> Response:
        rows, total = self._cart(request)
        items = [
            {"sku": row["sku"], "quantity": row["quantity"], "price": row["price"]} for row in rows
        ]
        return json_response({"items": items, "total": total})

    def api_orders(self, request: Request) -> Response:
        if request.user is None:
            return json_response({"error": "log in"}, "401 Unauthorized")
        names = ("number", "total", "instalments", "status", "created_at")
        rows = [{name: row[name] for name in names} for row in self._orders(request.user["id"])]
        return json_response({"orders": rows})

    def stock(self, request: Request) -> Response:
        """Server-sent events: how many of a product are left, for as long as somebody listens."""
        sku = request.query.get("sku", "")
        count = min(request.number("count", _STOCK_EVENTS_MAX), _STOCK_EVENTS_MAX)
        headers = [("Cache-Control", "no-cache")]
        return Response("200 OK", self._stock(sku, count), "text/event-stream", headers)

    def _stock(self, sku: str, count: int) -> Iterator[bytes]:
        for number in range(count):
            if number:
                time.sleep(self._stock_pause_s)
            event = json.dumps({"sku": sku, "left": 40 - number % 40, "at": now_text()})
            yield f"id: {number}\nevent: stock\ndata: {event}\n\n".encode()


def _api_product(row: Row) -> Row:
    """The price as it is stored, a quarter of it as it comes out."""
    return {
        "sku": row["sku"],
        "name": row["name"],
        "description": row["description"],
        "price": row["price"],
        "instalment": round(row["price"] / 4, 2),
        "price_with_tax": row["price"] * 1.12,
        "seller": row["seller"],
        "stars": row["stars"],
        "created_at": row["created_at"],
    }


def _unchanging(request: Request, content: bytes, content_type: str) -> Response:
    tag = f'"{hashlib.sha1(content).hexdigest()[:16]}"'
    headers = [("ETag", tag), ("Last-Modified", "Mon, 07 Mar 2011 12:00:00 GMT")]
    if request.headers.get("if-none-match") == tag:
        return Response("304 Not Modified", b"", content_type, headers)
    return Response("200 OK", content, content_type, headers)


def _http_date(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)
