"""The pages work without a way to the outside, and say what each problem means."""

import re
import shutil

import httpx
import pytest

from banyan.kernel import BanyanError
from banyan.runtime.http import all_errors, status_of
from tests.runtime.http import shop

CHROMIUM = shutil.which("chromium")


async def test_the_reference_names_nothing_outside(shop_client: httpx.AsyncClient) -> None:
    for path in ("/docs", "/docs/errors", "/docs/start.js", "/docs/style.css"):
        answer = await shop_client.get(path)
        assert answer.status_code == 200
        assert not re.search(r"https?://|//[a-z]", answer.text), path
        policy = answer.headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "'unsafe-eval'" not in policy
        assert "script-src 'self';" in policy


async def test_without_a_script_the_operations_are_listed(shop_client: httpx.AsyncClient) -> None:
    page = (await shop_client.get("/docs")).text
    for operation in shop.operations():
        assert operation.summary in page
        assert operation.path in page


async def test_the_script_is_packed_and_kept(shop_client: httpx.AsyncClient) -> None:
    source = re.search(r"/docs/scalar.js\?v=\w+", (await shop_client.get("/docs")).text)
    assert source is not None
    answer = await shop_client.get(source[0], headers={"Accept-Encoding": "gzip"})
    assert answer.headers["content-encoding"] == "gzip"
    assert "immutable" in answer.headers["cache-control"]
    assert int(answer.headers["content-length"]) < 2_000_000
    plain = await shop_client.get(source[0], headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert plain.content == answer.content


async def test_every_problem_has_an_entry_with_advice(shop_client: httpx.AsyncClient) -> None:
    page = (await shop_client.get("/docs/errors")).text
    errors = all_errors(shop.operations())
    assert shop.ItemNotFound in errors
    for error in errors:
        assert f'id="{error.code}"' in page
        assert 400 <= status_of(error) < 600
    assert "Look the item&#x27;s id up" in page
    assert BanyanError not in errors


@pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed")
def test_in_a_browser_nothing_outside_is_asked_for(served: str) -> None:
    """The reference is drawn, within the content security policy, from this server alone."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    asked: list[str] = []
    complaints: list[str] = []
    with playwright.sync_playwright() as started:
        browser = started.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console",
            lambda message: complaints.append(message.text) if message.type == "error" else None,
        )
        page.goto(f"{served}/docs")
        page.get_by_text("Create an item").first.wait_for(timeout=30_000)
        page.goto(f"{served}/docs/errors#item_not_found")
        page.get_by_text("No such item").wait_for()
        browser.close()
    assert complaints == []
    assert [url for url in asked if not url.startswith((served, "data:"))] == []
