"""Pages on real data: what they show, who may do what, and that nothing crosses a boundary."""

import re
from uuid import UUID

import pytest

from banyan.operations import list_cases
from banyan.orders import ORDER, Order
from banyan.parties import SELLER
from banyan.payments import PAYMENT
from tests.console.conftest import PASSWORD, Console
from tests.orders.market import Market

BASE = "/console/sandbox"
AREAS = ("", "/orders", "/cases", "/sellers", "/payments", "/payments/status", "/payouts", "/payouts/batches", "/disputes", "/invoices",
         "/reconciliation", "/reconciliation/lines", "/ledger", "/ledger/transfers",
         "/ledger/periods", "/events")  # fmt: skip


@pytest.mark.parametrize("area", AREAS)
async def test_every_area_shows_an_empty_state_and_then_data(
    console: Console, market: Market, area: str
) -> None:
    browser = await console.enter("viewer")
    await browser.open(f"/console/live{area}")
    assert browser.status == 200
    assert "sandbox-line" not in browser.page
    order = await market.place()
    await market.ship_and_deliver(order)
    await browser.open(BASE + area)
    assert browser.status == 200
    assert "sandbox-line" in browser.page


async def test_the_order_page_tells_the_whole_story(console: Console, confirmed: Order) -> None:
    browser = await console.enter("viewer")
    page = await browser.open(f"{BASE}/orders/{confirmed.reference}")
    for text in ("R$104.90", "Casa Aurora", "Matched to Casa Aurora", "Compliance passed",
                 "Fraud check passed", "Buyer paid", "Sellers receive", "shop-1", "joana"):  # fmt: skip
        assert text in page, text
    assert page.count('<li class="done">') == 5
    events = await browser.client.get(f"{BASE}/orders/{confirmed.reference}/events.json")
    assert [event["type"] for event in events.json()][:2] == ["order.placed", "order.matched"]


async def test_money_on_the_order_page_adds_up(
    console: Console, market: Market, confirmed: Order
) -> None:
    await market.ship_and_deliver(confirmed)
    browser = await console.enter("viewer")
    page = await browser.open(f"{BASE}/orders/{confirmed.reference}")
    money = page[page.index('id="money-title"') :]
    lines = re.findall(
        r'<tr( class="total")?>\s*<td><span>([^<]+)</span>.*?<td class="amount">([^<]+)</td>',
        money[: money.index("</table>")],
        re.DOTALL,
    )
    sums, running = [], 0.0
    for total, _, text in lines:
        value = float(text.replace(",", "").replace("\u2212", "-"))
        if total:
            sums.append((running, value))
            running = 0.0
        else:
            running += value
    assert len(sums) == 2
    assert all(computed == pytest.approx(shown) for computed, shown in sums)


async def test_search_takes_ids_to_their_page_and_finds_orders_by_other_names(
    console: Console, market: Market, confirmed: Order
) -> None:
    browser = await console.enter("viewer")
    payment, seller = PAYMENT.text(confirmed.payment_id), SELLER.text(market.seller_id)
    for query, path in (
        (confirmed.reference, f"{BASE}/orders/{confirmed.reference}"),
        (payment, f"{BASE}/payments/{payment}"),
        (seller, f"{BASE}/sellers/{seller}"),
    ):
        await browser.open(f"{BASE}/search?q={query}")
        assert (browser.status, browser.path) == (200, path)
    for query in ("shop-1", "joana"):
        page = await browser.open(f"{BASE}/search?q={query}")
        assert confirmed.reference in page
    page = await browser.open(f"{BASE}/search?q=nothing-like-it")
    assert "No order matches" in page


@pytest.mark.parametrize(
    ("query", "is_found"),
    [
        ("state=confirmed", True),
        ("state=settled", False),
        ("seller=aurora", True),
        ("region=SP", True),
        ("region=RJ", False),
        ("since=2018-03-01&until=2018-03-01", True),
        ("since=2018-03-02", False),
        ("until=2018-02-28", False),
    ],
)
async def test_orders_are_filtered(
    console: Console, confirmed: Order, query: str, *, is_found: bool
) -> None:
    browser = await console.enter("viewer")
    page = await browser.open(f"{BASE}/orders?{query}")
    assert (f'data-key="{confirmed.reference}"' in page) is is_found


@pytest.mark.parametrize(
    "query",
    ["state=flying", "seller=nobody", "since=yesterday", "cursor=abc", "since=2018-13-40"],
)
async def test_a_filter_that_makes_no_sense_is_told(console: Console, query: str) -> None:
    browser = await console.enter("viewer")
    page = await browser.open(f"{BASE}/orders?{query}")
    assert browser.status == 200
    assert 'role="alert"' in page


@pytest.mark.parametrize(
    "path",
    [
        f"{BASE}/orders/ord_nonsense",
        f"{BASE}/orders/{ORDER.text(UUID(int=7))}",
        f"{BASE}/payments/{ORDER.text(UUID(int=7))}",
        f"{BASE}/ledger/accounts/no:such/BRL",
        f"{BASE}/ledger/transfers/x",
        f"{BASE}/events/0",
        f"{BASE}/events/first",
        f"{BASE}/events/99999999999999999999999",
        "/console/nowhere",
        "/console/nowhere/orders",
        "/console/a/b/c/d",
    ],
)
async def test_what_is_not_there_is_said_so(console: Console, path: str) -> None:
    browser = await console.enter("viewer")
    await browser.open(path)
    assert browser.status in (400, 404)
    assert "<h1>" in browser.page


async def test_an_address_without_a_marketplace_leads_to_the_first_one(console: Console) -> None:
    browser = await console.enter("viewer")
    await browser.open("/console/orders?state=placed")
    assert browser.path == "/console/live/orders?state=placed"
    await browser.open("/")
    assert browser.path == "/console/live"


async def test_another_marketplaces_order_is_not_there(console: Console, confirmed: Order) -> None:
    browser = await console.enter("admin")
    await browser.open(f"/console/live/orders/{confirmed.reference}")
    assert browser.status == 404
    page = await browser.open("/console/live/orders")
    assert confirmed.reference not in page


async def test_a_person_takes_and_decides_a_case_and_the_order_goes_on(
    console: Console, market: Market, unmatched: Order
) -> None:
    browser = await console.enter("operator")
    await browser.open(f"{BASE}/orders/{unmatched.reference}")
    case = re.search(rf'action="({BASE}/cases/cas_\w+)/assign"', browser.page)
    assert case is not None
    page = await browser.submit(f"{case[1]}/assign", {})
    assert "Assigned to you." in page
    assert "assigned to you" in page
    page = await browser.submit(
        f"{case[1]}/resolve", {"resolution": "cancel", "note": "nobody has one"}
    )
    assert browser.path == f"{BASE}/orders/{unmatched.reference}?done=resolved"
    await market.run()
    assert (await market.get(unmatched)).state == "cancelled"
    async with market.database.transaction(market.marketplace_id) as tx:
        closed = (await list_cases(tx, is_open=False, limit=5)).data
    assert closed[0].resolved_by == "operator@example.com"
    admin = await console.enter("admin")
    audit = await admin.open("/console/audit")
    assert "Case resolve" in audit
    assert "cancel: nobody has one" in audit


async def test_a_refund_asks_for_an_amount_and_a_reason(
    console: Console, market: Market, confirmed: Order
) -> None:
    browser = await console.enter("finance")
    here = f"{BASE}/orders/{confirmed.reference}"
    await browser.open(here)
    await browser.submit(f"{here}/refund", {"amount": "1.999", "reason": "broken"})
    assert browser.status == 400
    await browser.open(here)
    await browser.submit(f"{here}/refund", {"amount": "10.00", "reason": " "})
    assert browser.status == 400
    await browser.open(here)
    await browser.submit(f"{here}/refund", {"amount": "10.00", "reason": "a chip in the glaze"})
    assert browser.status == 200
    await market.run()
    assert (await market.get(confirmed)).refunded_minor == 1000
    assert "a chip in the glaze" in await browser.open(here)


@pytest.mark.parametrize("role", ["viewer", "analyst", "finance", "engineer"])
async def test_a_role_without_the_permission_can_not_cancel(
    console: Console, market: Market, confirmed: Order, role: str
) -> None:
    browser = await console.enter(role)
    here = f"{BASE}/orders/{confirmed.reference}"
    await browser.open(here)
    assert f"{here}/cancel" not in browser.page
    csrf = re.search(r'name="csrf" value="(\w+)"', browser.page)
    assert csrf is not None
    await browser.post(f"{here}/cancel", {"csrf": csrf[1], "reason": "because"})
    assert browser.status == 403
    assert (await market.get(confirmed)).state == "confirmed"


async def test_a_form_needs_the_token_of_this_session_and_this_site(
    console: Console, market: Market, confirmed: Order
) -> None:
    mine, other = await console.enter("operator"), await console.enter("admin")
    here = f"{BASE}/orders/{confirmed.reference}"
    theirs = re.search(r'name="csrf" value="(\w+)"', await other.open(here))
    own = re.search(r'name="csrf" value="(\w+)"', await mine.open(here))
    assert own is not None
    assert theirs is not None
    for fields, headers in (
        ({}, {}),
        ({"csrf": ""}, {}),
        ({"csrf": theirs[1]}, {}),
        ({"csrf": own[1]}, {"sec-fetch-site": "cross-site"}),
        ({"csrf": own[1], "padding": "x" * 20_000}, {}),
    ):
        await mine.post(f"{here}/cancel", {**fields, "reason": "because"}, **headers)
        assert mine.status == 403
    assert (await market.get(confirmed)).state == "confirmed"
    assert (await mine.client.get(f"{here}/cancel")).status_code == 404


async def test_nothing_is_shown_to_who_has_not_signed_in(
    console: Console, confirmed: Order
) -> None:
    stranger = console.visit()
    paths = [BASE + area for area in AREAS] + ["/console", "/console/health", "/console/audit"]
    for path in paths:
        await stranger.open(path)
        assert stranger.path.startswith("/console/sign-in?next="), path
    assert (await stranger.client.get(f"{BASE}/live")).status_code == 401
    answer = await stranger.client.post(f"{BASE}/orders/{confirmed.reference}/cancel")
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/sign-in")


async def test_signing_in_comes_back_to_the_page_and_never_leaves_the_site(
    console: Console,
) -> None:
    await console.enter("viewer")
    for wanted, reached in (
        (f"{BASE}/cases", f"{BASE}/cases"),
        ("https://evil.example/console", "/console/live"),
        ("//evil.example/console/", "/console/live"),
        ("/console/\\evil.example", "/console/live"),
    ):
        browser = console.visit()
        await browser.open(f"/console/sign-in?next={wanted}")
        await browser.submit(
            "/console/sign-in", {"email": "viewer@example.com", "password": PASSWORD}
        )
        assert (browser.status, browser.path) == (200, reached)


async def test_signing_out_ends_the_session(console: Console) -> None:
    browser = await console.enter("viewer")
    token = browser.client.cookies["banyan_session"]
    await browser.open(BASE)
    await browser.submit("/console/sign-out", {})
    assert browser.path == "/console/sign-in"
    await browser.open(BASE)
    assert browser.path.startswith("/console/sign-in")
    again = console.visit()
    again.client.cookies.set("banyan_session", token)
    await again.open(BASE)
    assert again.path.startswith("/console/sign-in")


async def test_a_wrong_password_says_so_and_keeps_the_address(console: Console) -> None:
    browser = console.visit()
    await browser.open("/console/sign-in")
    page = await browser.submit("/console/sign-in", {"email": "a@b.c", "password": "wrong"})
    assert browser.status == 401
    assert 'role="alert"' in page
    assert 'value="a@b.c"' in page


async def test_cookies_and_headers_are_strict(console: Console) -> None:
    browser = await console.enter("viewer")
    answer = await browser.client.get(BASE)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = console.visit()
    await again.open("/console/sign-in")
    fields = {**again._hidden("/console/sign-in")}
    signed_in = await again.client.post(
        "/console/sign-in",
        data={**fields, "email": "viewer@example.com", "password": PASSWORD},
    )
    cookie = signed_in.headers["set-cookie"]
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/console" in cookie


async def test_colours_are_remembered(console: Console) -> None:
    browser = await console.enter("viewer")
    assert 'data-theme="auto"' in await browser.open(BASE)
    page = await browser.submit("/console/theme", {"theme": "dark"})
    assert 'data-theme="dark"' in page
    assert browser.path == BASE


async def test_assets_may_be_kept_for_good_and_come_zipped(console: Console) -> None:
    browser = await console.enter("viewer")
    page = await browser.open(BASE)
    assets = set(re.findall(r'"(/console/static/[^"]+)"', page))
    assert any("plotly" in asset for asset in assets)
    for asset in assets:
        answer = await browser.client.get(asset)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]
        assert answer.headers["content-encoding"] == "gzip"
    assert (await browser.client.get("/console/static/console.py")).status_code == 404
    assert "plotly" not in await browser.open(f"{BASE}/orders")
