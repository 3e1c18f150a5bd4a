"""Every template renders from its record, escapes what people typed, and holds no inline code."""

import re
from dataclasses import replace

import pytest

from banyan.console.render import page_html, plain_html
from tests.console.samples import BASE, ORDER_VIEW, PAGES, SamplePage, SignInView, frame
from tests.console.samples_migration import MIGRATION_PAGES


@pytest.mark.parametrize("page", [*PAGES, *MIGRATION_PAGES], ids=lambda page: page.path)
def test_a_page_renders_within_the_policy(page: SamplePage) -> None:
    html = page_html(page.template, page.frame, page.view)
    assert html.count("<h1") == 1
    assert not re.search(r"<[^>]+\s(style|on\w+)=", html), "inline style or handler"
    assert all("src=" in script for script in re.findall(r"<script[^>]*>", html))
    assert "<style" not in html
    for form in re.findall(r'<form[^>]*method="post".*?</form>', html, flags=re.DOTALL):
        assert 'name="csrf"' in form
    ids = re.findall(r'\sid="([^"]+)"', html)
    assert len(ids) == len(set(ids)), "an id stands twice"


def test_what_others_typed_is_escaped() -> None:
    view = replace(ORDER_VIEW, summary='<script>alert("x")</script>', external_id="<b>")
    html = page_html("orders/order.html", frame("Order <x>", "orders"), view)
    assert "<script>alert" not in html
    assert "<title>Order &lt;x&gt;" in html


def test_a_viewer_is_offered_no_action_on_a_case() -> None:
    shell = frame("Order", "orders")
    viewer = replace(shell, person=replace(shell.person, permissions=frozenset({"view"})))
    assert "/resolve" in page_html("orders/order.html", shell, ORDER_VIEW)
    assert "/resolve" not in page_html("orders/order.html", viewer, ORDER_VIEW)


def test_a_sandbox_is_marked_and_a_live_marketplace_is_not() -> None:
    page = next(page for page in PAGES if page.path == f"{BASE}/orders")
    assert 'class="sandbox-line"' in page_html(page.template, page.frame, page.view)
    live = frame("Orders", "orders", is_live=True)
    assert 'class="sandbox-line"' not in page_html(page.template, live, page.view)


def test_the_sign_in_page_asks_for_a_password_or_offers_the_link() -> None:
    assert 'type="password"' in plain_html("signing_in/sign_in.html", SignInView())
    by_link = plain_html("signing_in/sign_in.html", SignInView(link_token="t"))
    assert 'type="password"' not in by_link
    assert 'name="token" value="t"' in by_link
