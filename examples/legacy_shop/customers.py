"""Customers of the shop, as browsers are: they look around, fill carts, log in, buy, and complain.

Each customer keeps its cookies and knows what the shop has always answered: the prices as legacy
rounds them, what is in its own cart, whether it is logged in, which orders are its own. Whatever
would strike a person or break an app is a ``Complaint``; a shop that is being migrated must cause
none. ``python -m examples.legacy_shop.customers http://127.0.0.1:8081`` sends some and tells.
"""

import argparse
import asyncio
import hashlib
import json
import random
import re
import signal
import sqlite3
import ssl
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import httpx

from examples.legacy_shop.pages import CSS, instalment, money
from examples.legacy_shop.seed import CUSTOMERS, email_of, password_of

_TLS = ssl.create_default_context()
_TIMEOUT_S = 15
_PHOTO_BYTES = 200_000
_REPORT_S = 0.5
_LEAVE_S = 2.0
"""Once told to, customers finish their visits; not longer than this."""

_WORDS = ("model", "Telefonia", "classic", "B", "informatica a", "esporte", "0", "_a%c")

_PRODUCT = re.compile(
    r'<div class="product"><a href="/p/([^"]+)">([^<]+)</a>\s*<b class="price">([^<]+)</b>\s*'
    r"<i>([^<]+)</i>"
)
_LINE = re.compile(r'<a href="/p/([^"]+)">[^<]*</a></td><td class="quantity">(\d+)</td>')
_CSRF = re.compile(r'name="csrf" value="([^"]+)"')
_CART = re.compile(r'id="cart" href="/cart">Cart \((\d+)\)<')
_ACCOUNT = re.compile(r'id="account" href="/account">Hello, ([^<]+)<')
_TOTAL = re.compile(r'id="total">([^<]+)<')
_FLASH = re.compile(r'<p class="flash">([^<]+)</p>')
_ORDERS = re.compile(r'href="/orders">(\d+) orders<')
_TITLE = re.compile(r"<h1>([^<]*)</h1>")


@dataclass(frozen=True, slots=True)
class Product:
    sku: str
    name: str
    description: str
    category: str
    price: float


@dataclass(frozen=True, slots=True)
class Goods:
    """What the shop sells, and how many orders each customer has had."""

    products: dict[str, Product]
    categories: dict[str, str]
    orders: dict[int, int]

    @staticmethod
    def read(database: Path) -> "Goods":
        connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
        try:
            rows = connection.execute(
                "select sku, name, description, slug, price from products p"
                " join categories c on c.id = category_id join prices on product_id = p.id"
                " order by p.id"
            )
            products = {row[0]: Product(*row) for row in rows}
            categories = dict(connection.execute("select slug, title from categories"))
            orders = dict(
                connection.execute("select user_id, count(*) from orders group by user_id")
            )
        finally:
            connection.close()
        return Goods(products, categories, orders)

    def search(self, words: str) -> int:
        pattern = "".join({"%": ".*", "_": "."}.get(c) or re.escape(c) for c in words)
        like = re.compile(pattern, re.IGNORECASE | re.ASCII | re.DOTALL).search
        found = [p for p in self.products.values() if like(p.name) or like(p.description)]
        return min(len(found), 200)


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something that a customer noticed."""

    customer: int
    step: str
    what: str
    at_s: float

    def __str__(self) -> str:
        return f"customer {self.customer}, {self.step}: {self.what}"


@dataclass
class Tally:
    """What all customers did and saw.

    ``seconds`` has how long each request took, by its kind; ``photos`` the digest of the last photo
    that the shop said it has, by customer.
    """

    requests: int = 0
    orders: int = 0
    visits: int = 0
    complaints: list[Complaint] = field(default_factory=list[Complaint])
    seconds: dict[str, list[float]] = field(default_factory=dict[str, list[float]])
    statuses: Counter[int] = field(default_factory=Counter[int])
    photos: dict[int, str] = field(default_factory=dict[int, str])

    def took(self, kind: str, status: int, seconds: float) -> None:
        self.requests += 1
        self.statuses[status] += 1
        self.seconds.setdefault(kind, []).append(seconds)

    def quantile_ms(self, share: float) -> float:
        every = sorted(s for kind in self.seconds.values() for s in kind)
        return 1000 * every[min(len(every) - 1, int(share * len(every)))] if every else 0.0


class Noticed(Exception):
    """What a customer saw is not what it should be; the visit is over."""


class Customer:
    """One person with one browser, who comes back for visit after visit."""

    def __init__(self, number: int, url: str, goods: Goods, tally: Tally, pause_s: float) -> None:
        self.number = number
        self._goods = goods
        self._tally = tally
        self._pause_s = pause_s
        self._dice = random.Random(number)
        self._url = url
        self._step = "begin"
        self._name = f"Customer {number}"
        self._orders: int | None = goods.orders.get(number, 0)
        self._begin()

    def _begin(self) -> None:
        self._http = httpx.AsyncClient(
            base_url=self._url,
            verify=_TLS,
            timeout=_TIMEOUT_S,
            headers={"user-agent": "Mozilla/5.0 (a customer)", "accept-encoding": "identity"},
        )
        self._cart: dict[str, int] = {}
        self._is_logged_in = False

    async def close(self) -> None:
        await self._http.aclose()

    async def visit(self) -> None:
        """Come once, and note what is wrong; never raises but when cancelled."""
        self._tally.visits += 1
        try:
            await self._css_tag()
            await self._browse()
            if self._dice.random() < 0.7:
                await self._use_the_app()
            if self._dice.random() < 0.7:
                await self._fill_the_cart()
                if not self._is_logged_in:
                    await self._log_in()
                await self._buy()
                await self._look_at_orders()
            if self._dice.random() < 0.2:
                await self._send_a_photo()
            if self._dice.random() < 0.1:
                await self._watch_the_stock()
            if self._is_logged_in and self._dice.random() < 0.3:
                await self._log_out()
        except Noticed as noticed:
            self._complain(str(noticed))
            await self._start_over()
        except (httpx.HTTPError, LookupError, TypeError, ValueError) as error:
            self._complain(f"{type(error).__name__} {error}")  # no answer, or not what an app reads
            await self._start_over()

    def _complain(self, what: str) -> None:
        self._tally.complaints.append(
            Complaint(self.number, self._step, what[:500], time.monotonic())
        )

    async def _start_over(self) -> None:
        """A new browser: one fault is one complaint, not the beginning of a hundred."""
        await self._http.aclose()
        self._orders = None  # the last order may have been taken
        self._begin()

    # Steps

    async def _browse(self) -> None:
        await self._page("/", "home", "Today at Loja Boa")
        category = self._dice.choice(sorted(self._goods.categories))
        page = await self._page(f"/c/{category}", "category", self._goods.categories[category])
        expected = [p.sku for p in self._goods.products.values() if p.category == category]
        self._expect("products of the category", self._listed(page), expected[:20])
        await self._look_at(self._dice.choice(expected))
        for _ in range(2):
            await self._look_for(self._dice.choice(_WORDS))
        await self._css_tag()
        if self._dice.random() < 0.1:
            await self._odd_corners()

    async def _look_for(self, words: str) -> None:
        found = self._goods.search(words)
        page = await self._page("/search", "search", f"{found} found for {words}", q=words)
        listed = self._listed(page)
        self._expect("number of products found", len(listed), min(found, 20))
        if found > 20:
            page = await self._page(
                "/search", "search", f"{found} found for {words}", q=words, page="2"
            )
            self._expect(
                "products of page 2 that page 1 had", set(listed) & {*self._listed(page)}, set()
            )

    async def _odd_corners(self) -> None:
        """What is strange about this shop has always been so."""
        await self._page("/search", "search", "Error", q=" ")
        await self._page("/p/nothing-here", "product", "Error")
        answer = await self._send("GET", "/c/no-such", "category")
        self._expect("redirect for an unknown category", answer.headers.get("location"), "/")
        self._expect("status of it", answer.status_code, 302)
        await self._page("/", "home", "Today at Loja Boa", flash="There is no category no-such")
        answer = await self._send("GET", "/api/products", "api", params={"page": "999"})
        self._expect("status beyond the last page", answer.status_code, 299)
        answer = await self._send("GET", "/about", "about")
        self._expect("the shop's story", "São Paulo" in answer.text, True)
        again = await self._send(
            "GET", "/static/shop.css", "css", headers={"if-none-match": await self._css_tag()}
        )
        self._expect("status of what the browser has", again.status_code, 304)
        answer = await self._send("HEAD", "/", "home")
        self._expect("status of a HEAD", answer.status_code, 200)
        self._expect("body of a HEAD", answer.content, b"")

    async def _css_tag(self) -> str:
        answer = await self._send("GET", "/static/shop.css", "css")
        self._expect("the style sheet", answer.text, CSS)
        return answer.headers["etag"]

    async def _look_at(self, sku: str) -> str:
        product = self._goods.products[sku]
        page = await self._page(f"/p/{sku}", "product", product.name)
        for text in (money(product.price), instalment(product.price)):
            self._expect(f"{text!r} on the page", text in page, True)
        return page

    async def _fill_the_cart(self) -> None:
        for _ in range(self._dice.randint(1, 3)):
            sku = self._dice.choice(sorted(self._goods.products))
            page = await self._look_at(sku)
            quantity = self._dice.randint(1, 3)
            await self._post("/cart/add", page, {"sku": sku, "quantity": str(quantity)}, "/cart")
            self._cart[sku] = self._cart.get(sku, 0) + quantity
            await self._look_at_cart("It is in your cart")
        if len(self._cart) > 1 and self._dice.random() < 0.3:
            page = await self._look_at_cart()
            sku = next(iter(self._cart))
            await self._post("/cart/remove", page, {"sku": sku}, "/cart")
            del self._cart[sku]
            await self._look_at_cart("Removed")

    async def _look_at_cart(self, flash: str | None = None) -> str:
        page = await self._page("/cart", "cart", "Your cart", flash=flash)
        lines = {sku: int(quantity) for sku, quantity in _LINE.findall(page)}
        self._expect("the cart", lines, self._cart)
        if self._cart:
            self._expect("the total", _first(_TOTAL, page), money(self._total(_LINE.findall(page))))
        return page

    def _total(self, lines: list[tuple[str, str]]) -> float:
        total = 0.0
        for sku, quantity in lines:
            total += self._goods.products[sku].price * int(quantity)
        return total

    async def _log_in(self) -> None:
        page = await self._page("/login", "login", "Log in", next="/checkout")
        form = {
            "email": email_of(self.number),
            "password": password_of(self.number),
            "next": "/checkout",
        }
        await self._post("/login", page, form, "/checkout")
        self._is_logged_in = True
        await self._page("/checkout", "checkout", "Check out", flash=f"Welcome back, {self._name}")

    async def _buy(self) -> None:
        page = await self._page("/checkout", "checkout", "Check out")
        lines = _LINE.findall(page)
        self._expect("what is bought", {sku: int(n) for sku, n in lines}, self._cart)
        total = money(self._total(lines))
        self._expect("the total", _first(_TOTAL, page), total)
        instalments = self._dice.randint(1, 4)
        answer = await self._post("/checkout", page, {"instalments": str(instalments)}, None)
        place = answer.headers.get("location", "")
        if not place.startswith("/orders/LB-"):
            raise Noticed(
                f"the order led to {place!r}, {unquote(answer.headers.get('set-cookie', ''))}"
            )
        self._cart = {}
        if self._orders is not None:
            self._orders += 1
        self._tally.orders += 1
        number = place.removeprefix("/orders/")
        page = await self._page(place, "order", f"Order {number}", flash="Thank you for your order")
        self._expect("the total of the order", _first(_TOTAL, page), total)
        self._expect("the lines of the order", _LINE.findall(page), lines)
        page = await self._page("/orders", "orders", "Your orders")
        self._expect("the order in the list", f'href="/orders/{number}"' in page, True)

    async def _look_at_orders(self) -> None:
        page = await self._page("/account", "account", "Your account")
        seen = int(_first(_ORDERS, page) or -1)
        self._expect("orders", seen, seen if self._orders is None else self._orders)
        self._orders = seen
        answer = await self._send("GET", "/api/orders", "api")
        self._expect("orders by the app", len(answer.json()["orders"]), self._orders)

    async def _log_out(self) -> None:
        page = await self._page("/account", "account", "Your account")
        await self._post("/logout", page, {}, "/")
        self._is_logged_in = False
        await self._page("/", "home", "Today at Loja Boa", flash="See you soon")

    async def _use_the_app(self) -> None:
        page, size = self._dice.randint(1, 10), self._dice.choice((5, 10, 20))
        answer = await self._send(
            "GET", "/api/products", "api", params={"page": str(page), "per_page": str(size)}
        )
        self._expect("status of the app's list", answer.status_code, 200)
        for row in answer.json()["products"]:
            self._is_product(row)
        for _ in range(2):
            sku = self._dice.choice(sorted(self._goods.products))
            answer = await self._send("GET", f"/api/products/{sku}", "api")
            self._is_product(answer.json())
        answer = await self._send("GET", "/api/cart", "api")
        content = answer.json()
        lines = [(row["sku"], str(row["quantity"])) for row in content["items"]]
        self._expect("the app's cart", {sku: int(n) for sku, n in lines}, self._cart)
        self._expect("the app's total", content["total"], self._total(lines))

    def _is_product(self, row: dict[str, Any]) -> None:
        product = self._goods.products[row["sku"]]
        self._expect("the app's price", row["price"], product.price)
        self._expect("the app's instalment", row["instalment"], round(product.price / 4, 2))
        self._expect("the app's taxed price", row["price_with_tax"], product.price * 1.12)
        self._expect("the app's text", row["description"], product.description)

    async def _send_a_photo(self) -> None:
        if not self._is_logged_in:
            return
        page = await self._page("/account", "account", "Your account")
        photo = self._dice.randbytes(self._dice.randint(1, _PHOTO_BYTES))
        self._tally.photos.pop(self.number, None)  # until it is answered, nobody knows
        answer = await self._send(
            "POST",
            "/account/photo",
            "photo",
            content=photo,
            headers={"x-csrf-token": _first(_CSRF, page), "content-type": "image/jpeg"},
        )
        self._expect("status of the upload", answer.status_code, 201)
        digest = hashlib.sha256(photo).hexdigest()
        self._expect("what the shop has stored", answer.text, f"{len(photo)} {digest}\n")
        self._tally.photos[self.number] = digest

    async def _watch_the_stock(self) -> None:
        answer = await self._send(
            "GET", "/events/stock", "stock", params={"sku": "x", "count": "2"}
        )
        events = [json.loads(line[6:]) for line in answer.text.splitlines() if line[:6] == "data: "]
        self._expect("stock events", [event["left"] for event in events], [40, 39])

    # Asking and checking

    async def _page(
        self, path: str, kind: str, title: str, *, flash: str | None = None, **query: str
    ) -> str:
        """A page of HTML, with what stands on every page checked."""
        answer = await self._send("GET", path, kind, params=query)
        if answer.status_code != 200:
            raise Noticed(f"{path} was answered {answer.status_code} {answer.text[:200]}")
        page = unescape(answer.text)
        self._expect("title", _first(_TITLE, page), title)
        self._expect("items in the cart", _first(_CART, page), str(sum(self._cart.values())))
        who = self._name if self._is_logged_in else ""
        self._expect("who is logged in", _first(_ACCOUNT, page), who)
        self._expect("message", _first(_FLASH, page), flash or "")
        if not page.rstrip().endswith("</html>"):
            raise Noticed(f"{path} ends with {page[-80:]!r}")
        return page

    def _listed(self, page: str) -> list[str]:
        """The products on a page, each checked."""
        rows = _PRODUCT.findall(page)
        for sku, name, price, parts in rows:
            product = self._goods.products[sku]
            told = (product.name, money(product.price), instalment(product.price))
            self._expect(f"what is said of {sku}", (name, price, parts), told)
        return [row[0] for row in rows]

    async def _post(
        self, path: str, page: str, form: dict[str, str], leads_to: str | None
    ) -> httpx.Response:
        token = _first(_CSRF, page)
        answer = await self._send("POST", path, path.strip("/"), data={"csrf": token, **form})
        self._expect(f"status of POST {path}", answer.status_code, 302)
        if leads_to is not None:
            self._expect(f"where POST {path} led", answer.headers.get("location"), leads_to)
        return answer

    async def _send(self, method: str, path: str, kind: str, **more: Any) -> httpx.Response:
        self._step = f"{method} {path}"
        if self._pause_s:
            await asyncio.sleep(self._dice.expovariate(1 / self._pause_s))
        started = time.perf_counter()
        answer = await self._http.request(method, path, **more)
        self._tally.took(kind, answer.status_code, time.perf_counter() - started)
        if answer.status_code >= 500:
            raise Noticed(f"answered {answer.status_code}: {answer.text[:200]}")
        return answer

    def _expect(self, what: str, seen: object, expected: object) -> None:
        if seen != expected:
            raise Noticed(f"{what}: {seen!r}, not {expected!r}")


def _first(pattern: re.Pattern[str], page: str) -> str:
    found = pattern.search(page)
    return found[1] if found else ""


async def drive(
    url: str,
    goods: Goods,
    tally: Tally,
    *,
    customers: int = 20,
    pause_s: float = 0.2,
    until: Callable[[], bool],
    first: int = 1,
) -> None:
    """Let ``customers`` visit over and over until told to stop; numbers from ``first`` on."""
    assert first - 1 + customers <= CUSTOMERS, "each customer is another person"

    async def come_and_go(number: int) -> None:
        customer = Customer(number, url, goods, tally, pause_s)
        try:
            while not until():
                await customer.visit()
        finally:
            await customer.close()

    async with asyncio.TaskGroup() as group:
        for number in range(first, first + customers):
            group.create_task(come_and_go(number))


async def _report(tally: Tally, path: Path) -> None:
    """Write down twice a second how it goes, for who reads it from another process."""
    while True:
        write_report(tally, path)
        await asyncio.sleep(_REPORT_S)


def write_report(tally: Tally, path: Path) -> None:
    """What was seen since the beginning, as JSON; the file is whole whenever it is read."""
    content = {
        "requests": tally.requests,
        "visits": tally.visits,
        "orders": tally.orders,
        "complaints": [str(complaint) for complaint in tally.complaints],
        "photos": tally.photos,
        "ms": {
            kind: [round(1000 * seconds, 2) for seconds in every]
            for kind, every in tally.seconds.items()
        },
    }
    new = path.with_suffix(".new")
    new.write_text(json.dumps(content))
    new.replace(path)


async def _run(given: argparse.Namespace) -> Tally:
    tally, stopped = Tally(), asyncio.Event()
    loop = asyncio.get_running_loop()
    driving = asyncio.create_task(
        drive(
            given.url,
            Goods.read(given.database),
            tally,
            customers=given.customers,
            pause_s=given.pause_s,
            until=stopped.is_set,
        )
    )

    def leave() -> None:
        stopped.set()
        loop.call_later(_LEAVE_S, driving.cancel)

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, leave)
    if given.seconds:
        loop.call_later(given.seconds, stopped.set)
    reporting = given.report and asyncio.create_task(_report(tally, given.report))
    try:
        await driving
    except asyncio.CancelledError:
        if not stopped.is_set():
            raise
    if reporting:
        reporting.cancel()
        write_report(tally, given.report)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.legacy_shop.customers")
    parser.add_argument("url")
    parser.add_argument("--database", type=Path, default=Path("legacy_shop.db"))
    parser.add_argument("--customers", type=int, default=20)
    parser.add_argument("--pause-s", type=float, default=0.2, help="mean pause before each request")
    parser.add_argument("--seconds", type=float, default=0, help="0: until Ctrl-C")
    parser.add_argument("--report", type=Path, help="keep writing what was seen to this file")
    tally = asyncio.run(_run(parser.parse_args()))
    say = sys.stdout.write
    say(f"{tally.visits} visits, {tally.requests} requests, {tally.orders} orders, ")
    say(f"p50 {tally.quantile_ms(0.5):.1f} ms, p99 {tally.quantile_ms(0.99):.1f} ms\n")
    say(f"{len(tally.complaints)} complaints\n")
    for complaint in tally.complaints[:10]:
        say(f"  {complaint}\n")


if __name__ == "__main__":
    main()
