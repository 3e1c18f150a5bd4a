"""The shop's pages: what legacy's customers know, answered from memory and one or two queries."""

import asyncio
import hashlib
import json
import secrets
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import format_datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus, unquote

import httpx
from jinja2 import Environment, FileSystemLoader
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from examples.new_shop import prices
from examples.new_shop.catalogue import Catalogue, with_stars
from examples.new_shop.marketplace import Marketplace, OrderRefused
from examples.new_shop.photos import Photos
from examples.new_shop.regressions import Planted, Regressions
from examples.new_shop.shared import (
    ZONE,
    Row,
    Shared,
    Visitor,
    cart_total,
    csrf_token,
    is_csrf_token,
    now_text,
)

PAGE = 20
FEATURED = 12
PLAIN = {"Content-Type": "text/plain"}
DRY_RUN = "x-banyan-dry-run"
_STOCK_EVENTS_MAX = 3600
_RELOAD_S = 30
_FORM_BYTES_MAX = 100_000
_CSS = """body { font: 14px Verdana, sans-serif; color: #222; margin: 1em }
#top a { margin-right: 1em }
#nav li { display: inline }
.price { color: #a00 }
.flash { background: #ffc }
.error { color: red }
"""
_ABOUT = """<html><head><title>Sobre - Loja Boa</title></head><body>
<h1>Sobre nós</h1>
<p>A Loja Boa nasceu em São Paulo, em 2009, vendendo café e pão de açúcar.   </p>
<p>Atenção: preços em reais (R$). Dúvidas? Ligue já.</p>
</body></html>
"""


class NewShop:
    """One process of the shop."""

    def __init__(
        self,
        shared: Shared,
        photos: Photos,
        marketplace: Marketplace,
        stock_pause_s: float = 1.0,
    ) -> None:
        self.shared = shared
        self.photos = photos
        self.marketplace = marketplace
        self.regressions = Regressions()
        self.catalogue: Catalogue
        self._secret = ""
        self._stock_pause_s = stock_pause_s
        self._templates = Environment(
            loader=FileSystemLoader(Path(__file__).with_name("templates")), autoescape=True
        )
        self._templates.filters.update(
            money=prices.money, plus=quote_plus, in_four=self._instalment
        )

    async def load(self) -> None:
        """Read texts and offers anew."""
        content = self.shared.content()
        self._secret = content.secret
        self.catalogue = Catalogue(content, await self.marketplace.offers())

    async def keep_fresh(self) -> None:
        """Follow the offers; while the marketplace can't be reached, what is known serves on."""
        while True:
            await asyncio.sleep(_RELOAD_S)
            try:
                await self.load()
            except Exception:
                continue

    def _instalment(self, price: float) -> float:
        return prices.instalment(price, is_exact="rounding" in self.regressions.on)

    # What every page needs

    def visitor(self, request: Request) -> Visitor:
        cookies = request.cookies
        return self.shared.visitor(cookies.get("sid", ""), cookies.get("cart", ""))

    def page(
        self, request: Request, template: str, title: str, *, status: int = 200, **values: Any
    ) -> Response:
        self.regressions.maybe_fail()
        visitor = values.pop("visitor", None) or self.visitor(request)
        sid = visitor.sid or secrets.token_hex(16)
        flash = unquote(request.cookies.get("flash", ""))
        text = self._templates.get_template(f"{template}.html").render(
            title=title, visitor=visitor, flash=flash, categories=self.catalogue.categories,
            now=now_text(), token=lambda: csrf_token(self._secret, sid), **values,
        )  # fmt: skip
        response = Response(
            text, status, {"Cache-Control": "private, max-age=0"}, "text/html; charset=utf-8"
        )
        if flash:
            forget(response, "flash")
        if not visitor.sid:
            set_cookie(response, "sid", sid, "HttpOnly")
        return response

    def error(self, request: Request, message: str, status: int = 200) -> Response:
        return self.page(request, "base", "Error", status=status, error=message)

    async def form(self, request: Request) -> dict[str, str] | None:
        """What was filled in; None if the form isn't one of ours."""
        body = await request.body()
        form = dict(parse_qsl(body[:_FORM_BYTES_MAX].decode("utf-8", "replace")))
        token = form.get("csrf") or request.headers.get("x-csrf-token", "")
        return form if is_csrf_token(self._secret, request.cookies.get("sid", ""), token) else None

    # Catalogue

    async def home(self, request: Request) -> Response:
        rows = with_stars(self.catalogue.rows[:FEATURED], self.shared.stars())
        return self.page(request, "listing", "Today at Loja Boa", rows=rows)

    async def category(self, request: Request) -> Response:
        slug = request.path_params["slug"]
        title = self.catalogue.title(slug)
        if title is None:
            return redirect("/", f"There is no category {slug}")
        return self._listing(request, title, self.catalogue.of_category(slug))

    async def search(self, request: Request) -> Response:
        await self.regressions.maybe_wait()
        words = request.query_params.get("q", "").strip()
        if not words:
            return self.error(request, "Tell us what you look for")
        rows = self.catalogue.search(words)
        return self._listing(request, f"{len(rows)} found for {words}", rows, words)

    def _listing(self, request: Request, title: str, rows: list[Row], query: str = "") -> Response:
        pages = max(1, -(-len(rows) // PAGE))
        page = min(max(number(request, "page", 1), 1), pages)
        shown = with_stars(rows[(page - 1) * PAGE : page * PAGE], self.shared.stars())
        return self.page(
            request, "listing", title,
            rows=shown, page=page, pages=pages, path=quote(request.url.path), query=query,
        )  # fmt: skip

    async def product(self, request: Request) -> Response:
        row = self.catalogue.find(request.path_params["sku"])
        if row is None:
            return self.error(request, "Product not found")
        reviews = self.shared.reviews(row["id"])
        response = self.page(request, "product", row["name"], row=row, reviews=reviews)
        on_sale_at = datetime.fromisoformat(row["created_at"]).replace(tzinfo=ZONE)
        response.headers["Last-Modified"] = format_datetime(on_sale_at.astimezone(UTC), usegmt=True)
        return response

    async def review(self, request: Request) -> Response:
        form = await self.form(request)
        if form is None:
            return self.error(request, "Form expired", 403)
        row = self.catalogue.find(request.path_params["sku"])
        user, score = self.visitor(request).user, form.get("score", "")
        if user is None or row is None or score not in {"1", "2", "3", "4", "5"}:
            return redirect("/", "That review can't be")
        if not is_dry_run(request):
            self.shared.add_review(row["id"], user["id"], int(score), form.get("body", "")[:2000])
        return redirect(f"/p/{row['sku']}", "Thank you, we will read it first")

    async def about(self, request: Request) -> Response:
        """In UTF-8, for once: browsers show the same."""
        return unchanging(request, _ABOUT.encode(), "text/html; charset=utf-8")

    async def css(self, request: Request) -> Response:
        response = unchanging(request, _CSS.encode(), "text/css")
        response.headers["Cache-Control"] = "public, max-age=3600"
        return response

    async def health(self, _: Request) -> Response:
        return Response("ok\n", headers=PLAIN)

    # Customers

    async def login_page(self, request: Request) -> Response:
        following = request.query_params.get("next", "/account")
        return self.page(request, "login", "Log in", following=following)

    async def login(self, request: Request) -> Response:
        form = await self.form(request)
        if form is None:
            return self.error(request, "Form expired", 403)
        entered = self.shared.log_in(form.get("email", ""), form.get("password", ""))
        if entered is None:
            return self.error(request, "Wrong e-mail or password")
        sid, user = entered
        following = form.get("next", "/account")
        to = following if following.startswith("/") and following[1:2] != "/" else "/account"
        return set_cookie(redirect(to, f"Welcome back, {user['name']}"), "sid", sid, "HttpOnly")

    async def logout(self, request: Request) -> Response:
        if await self.form(request) is None:
            return self.error(request, "Form expired", 403)
        self.shared.log_out(request.cookies.get("sid", ""))
        return forget(redirect("/", "See you soon"), "sid")

    async def account(self, request: Request) -> Response:
        visitor = self.visitor(request)
        if visitor.user is None:
            return redirect("/login?next=/account")
        count = len(self.shared.orders(visitor.user["id"]))
        return self.page(request, "account", "Your account", visitor=visitor, count=count)

    async def photo(self, request: Request) -> Response:
        visitor = self.visitor(request)
        token = request.headers.get("x-csrf-token", "")
        if not is_csrf_token(self._secret, visitor.sid, token):
            return self.error(request, "Form expired", 403)
        if visitor.user is None:
            return Response("log in first\n", 403, PLAIN)
        digest, size = hashlib.sha256(), 0
        async for part in request.stream():
            digest.update(part)
            size += len(part)
        if not is_dry_run(request):
            self.photos.keep(visitor.user["id"], size, digest.hexdigest())
        return Response(f"{size} {digest.hexdigest()}\n", 201, PLAIN)

    # The cart

    async def cart(self, request: Request) -> Response:
        rows = self.shared.cart(request.cookies.get("cart", ""))
        return self.page(request, "cart", "Your cart", rows=rows, total=cart_total(rows))

    async def add_to_cart(self, request: Request) -> Response:
        form = await self.form(request)
        if form is None:
            return self.error(request, "Form expired", 403)
        row, quantity = self.catalogue.find(form.get("sku", "")), form.get("quantity", "1")
        if row is None or not quantity.isdigit() or not 0 < int(quantity) < 100:
            return redirect("/cart", "That can't be put into the cart")
        cart = request.cookies.get("cart") or secrets.token_hex(12)
        if not is_dry_run(request):
            self.shared.add_to_cart(cart, row["id"], int(quantity), row["price"])
        response = redirect("/cart", "It is in your cart")
        if not request.cookies.get("cart"):
            set_cookie(response, "cart", cart, "Max-Age=2592000")
        return response

    async def remove_from_cart(self, request: Request) -> Response:
        form = await self.form(request)
        if form is None:
            return self.error(request, "Form expired", 403)
        row = self.catalogue.find(form.get("sku", ""))
        if row is not None and not is_dry_run(request):
            self.shared.remove_from_cart(request.cookies.get("cart", ""), row["id"])
        return redirect("/cart", "Removed")

    # Orders

    async def checkout_page(self, request: Request) -> Response:
        visitor = self.visitor(request)
        rows = self.shared.cart(visitor.cart)
        if visitor.user is None:
            return redirect("/login?next=/checkout", "Log in to buy")
        if not rows:
            return redirect("/cart", "Your cart is empty")
        return self.page(
            request, "checkout", "Check out", visitor=visitor, rows=rows, total=cart_total(rows)
        )

    async def checkout(self, request: Request) -> Response:
        """The marketplace takes the order first: it knows a cart that it has seen before."""
        form = await self.form(request)
        if form is None:
            return self.error(request, "Form expired", 403)
        visitor = self.visitor(request)
        user, rows = visitor.user, self.shared.cart(visitor.cart)
        if user is None or not rows:
            return redirect("/cart", "There is nothing to buy")
        instalments = int(form.get("instalments", "1")[:1] or 1)
        if is_dry_run(request):
            return forget(redirect("/orders/LB-000000", "Thank you for your order"), "cart")
        try:
            await self.marketplace.order(
                customer=user["id"], state=user["state"], cart=visitor.cart,
                lines={row["sku"]: row["quantity"] for row in rows}, instalments=instalments,
            )  # fmt: skip
        except (OrderRefused, httpx.TransportError):
            return redirect("/checkout", "Your order could not be taken. Try again")
        order = self.shared.add_order(user["id"], visitor.cart, rows, instalments)
        return forget(redirect(f"/orders/{order}", "Thank you for your order"), "cart")

    async def orders(self, request: Request) -> Response:
        visitor = self.visitor(request)
        if visitor.user is None:
            return redirect("/login?next=/orders")
        rows = self.shared.orders(visitor.user["id"])
        return self.page(request, "orders", "Your orders", visitor=visitor, rows=rows)

    async def order(self, request: Request) -> Response:
        visitor, wanted = self.visitor(request), request.path_params["number"]
        if visitor.user is None:
            return redirect(f"/login?next=/orders/{quote(wanted)}")
        found = self.shared.order(visitor.user["id"], wanted)
        if found is None:
            return redirect("/orders", "That order isn't yours")
        row, items = found
        return self.page(request, "order", f"Order {wanted}", visitor=visitor, row=row, rows=items)

    # JSON, number for number as the app of 2014 reads it

    async def api_products(self, request: Request) -> Response:
        self.regressions.maybe_fail()
        size = min(max(number(request, "per_page", PAGE), 1), 100)
        page = max(number(request, "page", 1), 1)
        rows = self.catalogue.rows[(page - 1) * size : page * size]
        content = {
            "page": page,
            "total": len(self.catalogue.rows),
            "products": [self._api(row) for row in with_stars(rows, self.shared.stars())],
            "generated_at": now_text(),
        }
        return json_response(content, 200 if rows else 299)

    async def api_product(self, request: Request) -> Response:
        self.regressions.maybe_fail()
        sku = request.path_params["sku"]
        row = self.catalogue.find(sku)
        if row is None:
            return json_response({"error": "not found", "sku": sku}, 404)
        [row] = with_stars([row], self.shared.stars())
        return json_response(self._api(row))

    def _api(self, row: Row) -> Row:
        return {
            "sku": row["sku"],
            "name": row["name"],
            "description": row["description"],
            "price": row["price"],
            "instalment": self._instalment(row["price"]),
            "price_with_tax": row["price"] * 1.12,
            "seller": row["seller"],
            "stars": row["stars"],
            "created_at": row["created_at"],
        }

    async def api_cart(self, request: Request) -> Response:
        rows = self.shared.cart(request.cookies.get("cart", ""))
        items = [
            {"sku": row["sku"], "quantity": row["quantity"], "price": row["price"]} for row in rows
        ]
        return json_response({"items": items, "total": cart_total(rows)})

    async def api_orders(self, request: Request) -> Response:
        user = self.visitor(request).user
        if user is None:
            return json_response({"error": "log in"}, 401)
        names = ("number", "total", "instalments", "status", "created_at")
        rows = [{name: row[name] for name in names} for row in self.shared.orders(user["id"])]
        return json_response({"orders": rows})

    async def stock(self, request: Request) -> Response:
        sku = request.query_params.get("sku", "")
        count = min(number(request, "count", _STOCK_EVENTS_MAX), _STOCK_EVENTS_MAX)
        headers = {"Content-Type": "text/event-stream", "Cache-Control": "no-cache"}
        return StreamingResponse(self._stock(sku, count), 200, headers)

    async def _stock(self, sku: str, count: int) -> AsyncIterator[bytes]:
        for turn in range(count):
            if turn:
                await asyncio.sleep(self._stock_pause_s)
            event = json.dumps({"sku": sku, "left": 40 - turn % 40, "at": now_text()})
            yield f"id: {turn}\nevent: stock\ndata: {event}\n\n".encode()

    # Not for customers: the gateway sends no request here

    async def put_regressions(self, request: Request) -> Response:
        try:
            self.regressions.put(await request.json())
        except ValueError as error:
            return json_response({"error": str(error)}, 422)
        return json_response(sorted(self.regressions.on))


def application(shop: NewShop) -> Starlette:
    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        async with shop.marketplace:
            await shop.load()
            fresh = asyncio.create_task(shop.keep_fresh())
            yield
            fresh.cancel()
        shop.shared.close()
        shop.photos.close()

    async def failed(_: Request, __: Exception) -> Response:
        return Response("<h1>Oops</h1>", 500, media_type="text/html")

    async def not_found(request: Request, _: Exception) -> Response:
        message = f"No {request.url.path}"
        return shop.page(request, "base", "Not found", status=404, error=message)

    def get(path: str, handler: Callable[..., Any]) -> Route:
        return Route(path, handler, methods=["GET"])

    def post(path: str, handler: Callable[..., Any]) -> Route:
        return Route(path, handler, methods=["POST"])

    return Starlette(
        routes=[
            get("/", shop.home),
            get("/c/{slug}", shop.category),
            get("/p/{sku}", shop.product),
            post("/p/{sku}/reviews", shop.review),
            get("/search", shop.search),
            get("/about", shop.about),
            get("/static/shop.css", shop.css),
            get("/login", shop.login_page),
            post("/login", shop.login),
            post("/logout", shop.logout),
            get("/account", shop.account),
            post("/account/photo", shop.photo),
            get("/cart", shop.cart),
            post("/cart/add", shop.add_to_cart),
            post("/cart/remove", shop.remove_from_cart),
            get("/checkout", shop.checkout_page),
            post("/checkout", shop.checkout),
            get("/orders", shop.orders),
            get("/orders/{number}", shop.order),
            get("/api/products", shop.api_products),
            get("/api/products/{sku}", shop.api_product),
            get("/api/cart", shop.api_cart),
            get("/api/orders", shop.api_orders),
            get("/events/stock", shop.stock),
            get("/health", shop.health),
            Route("/_shop/regressions", shop.put_regressions, methods=["PUT"]),
        ],
        exception_handlers={404: not_found, Planted: failed},
        lifespan=lifespan,
    )


def is_dry_run(request: Request) -> bool:
    return DRY_RUN in request.headers


def redirect(to: str, flash: str = "") -> Response:
    response = Response(b"", 302, {"Location": to}, "text/html; charset=utf-8")
    return set_cookie(response, "flash", flash) if flash else response


def set_cookie(response: Response, name: str, value: str, *attributes: str) -> Response:
    text = "; ".join((f"{name}={quote(value)}", "Path=/", *attributes))
    response.headers.append("Set-Cookie", text)
    return response


def forget(response: Response, name: str) -> Response:
    return set_cookie(response, name, "", "Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Max-Age=0")


def json_response(content: object, status: int = 200) -> Response:
    return Response(json.dumps(content), status, media_type="application/json; charset=utf-8")


def unchanging(request: Request, content: bytes, content_type: str) -> Response:
    tag = f'"{hashlib.sha1(content).hexdigest()[:16]}"'
    headers = {
        "Content-Type": content_type,
        "ETag": tag,
        "Last-Modified": "Mon, 07 Mar 2011 12:00:00 GMT",
    }
    if request.headers.get("if-none-match") == tag:
        return Response(b"", 304, headers)
    return Response(content, 200, headers)


def number(request: Request, name: str, otherwise: int) -> int:
    text = request.query_params.get(name, "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else otherwise
