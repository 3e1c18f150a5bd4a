"""The two shops answer alike, and their customers have nothing to complain about."""

import re
from collections.abc import Mapping

import httpx
import pytest
from lxml import html

from examples.legacy_shop.customers import Goods, Tally, drive
from examples.legacy_shop.seed import email_of, password_of
from tests.examples.conftest import Legacy, Replacement

VISITS = 24
_NOISE = (
    (re.compile(rb"Generated at [-0-9: ]+"), b"Generated at TIME"),
    (re.compile(rb'"(generated_at|at)": "[-0-9: ]+"'), b'"at": "TIME"'),
    (re.compile(rb'name="csrf" value="[0-9a-f]+"'), b'name="csrf" value="TOKEN"'),
    (re.compile(rb"Bought at [-0-9: ]+"), b"Bought at TIME"),
)
_HEADERS = ("content-type", "location", "cache-control", "last-modified")


def _canonical(answer: httpx.Response) -> tuple[object, ...]:
    """What a customer gets, without what differs between two answers of one shop."""
    body = answer.content
    for pattern, word in _NOISE:
        body = pattern.sub(word, body)
    if answer.headers.get("content-type", "").startswith("text/html; charset=utf-8") and body:
        body = _tree(body)
    cookies = [
        re.sub("sid=[0-9a-f]+", "sid=SID", text) for text in answer.headers.get_list("set-cookie")
    ]
    headers = {name: answer.headers.get(name) for name in _HEADERS}
    return answer.status_code, headers, sorted(cookies), body


def _tree(body: bytes) -> bytes:
    """The page, white space put together as browsers do."""
    root = html.document_fromstring(body.decode())
    parts: list[str] = []
    for element in root.iter():
        words = " ".join((element.text or "").split()), " ".join((element.tail or "").split())
        attributes = sorted((name, value) for name, value in element.items())
        parts.append(f"<{element.tag} {attributes}>{words[0]}|{words[1]}")
    return "\n".join(parts).encode()


ASKED: list[tuple[str, Mapping[str, str]]] = [
    ("/", {}),
    ("/c/telefonia", {}),
    ("/c/esporte_lazer", {"page": "2"}),
    ("/c/esporte_lazer", {"page": "99"}),
    ("/c/no-such", {}),
    ("/search", {"q": "model"}),
    ("/search", {"q": "model", "page": "3"}),
    ("/search", {"q": "_a%c"}),
    ("/search", {"q": "<b>&\"'"}),
    ("/search", {"q": "a b+c"}),
    ("/search", {"q": "  "}),
    ("/search", {}),
    ("/p/nothing", {}),
    ("/static/shop.css", {}),
    ("/login", {}),
    ("/login", {"next": "/orders"}),
    ("/account", {}),
    ("/cart", {}),
    ("/checkout", {}),
    ("/orders", {}),
    ("/orders/LB-000001", {}),
    ("/api/products", {}),
    ("/api/products", {"page": "2", "per_page": "100"}),
    ("/api/products", {"page": "999"}),
    ("/api/products/nothing", {}),
    ("/api/cart", {}),
    ("/api/orders", {}),
    ("/events/stock", {"sku": "x", "count": "3"}),
    ("/health", {}),
    ("/nothing-here", {}),
]


async def test_both_answer_alike(legacy: Legacy, replacement: Replacement) -> None:
    skus = list(Goods.read(legacy.database).products)
    product_paths = [path for sku in skus[:40] for path in (f"/p/{sku}", f"/api/products/{sku}")]
    asked = [*ASKED, *((path, {}) for path in product_paths)]
    async with (
        httpx.AsyncClient(base_url=legacy.url) as old,
        httpx.AsyncClient(base_url=replacement.url) as new,
    ):
        for path, query in asked:
            answers = [await side.get(path, params=query) for side in (old, new)]
            assert _canonical(answers[1]) == _canonical(answers[0]), (path, query)
            old.cookies.clear()
            new.cookies.clear()


async def test_a_customer_goes_from_one_to_the_other_in_mid_visit(
    legacy: Legacy, replacement: Replacement
) -> None:
    """Cart, login, message and forms of one are good at the other."""
    sku = next(iter(Goods.read(legacy.database).products))
    async with httpx.AsyncClient() as browser:

        async def post(side: str, path: str, page: httpx.Response, **form: str) -> httpx.Response:
            found = re.search(r'name="csrf" value="([0-9a-f]+)"', page.text)
            assert found is not None, page.text
            answer = await browser.post(side + path, data={"csrf": found[1], **form})
            assert answer.status_code == 302, answer.text
            return answer

        old, new = legacy.url, replacement.url
        await post(old, "/cart/add", await browser.get(f"{new}/p/{sku}"), sku=sku)
        page = await browser.get(f"{new}/cart")
        assert "It is in your cart" in page.text
        await post(new, "/cart/add", page, sku=sku)
        page = await browser.get(f"{old}/cart")
        assert "Cart (2)" in page.text
        page = await browser.get(f"{new}/login")
        await post(old, "/login", page, email=email_of(7), password=password_of(7))
        assert "Welcome back, Customer 7" in (await browser.get(f"{new}/account")).text
        assert _canonical(await browser.get(f"{new}/orders")) == _canonical(
            await browser.get(f"{old}/orders")
        )
        placed = await post(new, "/checkout", await browser.get(f"{old}/checkout"), instalments="3")
        place = placed.headers["location"]
        assert "Thank you for your order" in (await browser.get(old + place)).text
        assert _canonical(await browser.get(new + place)) == _canonical(
            await browser.get(old + place)
        )
    [order] = (await replacement.api.get("/v1/orders")).json()["data"]
    assert (order["lines"][0]["product"], order["lines"][0]["quantity"]) == (sku, 2)


async def _complaints(url: str, legacy: Legacy) -> Tally:
    tally = Tally()
    goods = Goods.read(legacy.database)
    await drive(
        url, goods, tally, customers=8, pause_s=0, until=lambda: tally.visits >= VISITS, first=50
    )
    return tally


async def test_nobody_complains_about_legacy(legacy: Legacy) -> None:
    tally = await _complaints(legacy.url, legacy)
    assert tally.complaints == []
    assert tally.orders > VISITS / 8
    assert tally.requests > 3 * VISITS


async def test_nobody_complains_about_the_replacement(
    legacy: Legacy, replacement: Replacement
) -> None:
    tally = await _complaints(replacement.url, legacy)
    assert tally.complaints == []
    orders = (await replacement.api.get("/v1/orders", params={"limit": 100})).json()["data"]
    assert len(orders) == tally.orders > VISITS / 8


@pytest.mark.parametrize(
    ("regression", "words"), [("rounding", "instalment|what is said|interest"), ("errors", "answered 500")]
)  # fmt: skip
async def test_customers_notice_a_bad_release(
    legacy: Legacy, replacement: Replacement, regression: str, words: str
) -> None:
    async with httpx.AsyncClient(base_url=replacement.url) as shop:
        refused = await shop.put("/_shop/regressions", json=["no such"])
        assert refused.status_code == 422
        assert (await shop.put("/_shop/regressions", json=[regression])).json() == [regression]
    tally = await _complaints(replacement.url, legacy)
    assert tally.complaints
    assert re.search(words, str(tally.complaints[0])), tally.complaints[0]
