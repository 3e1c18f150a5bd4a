"""What only a real browser can tell: layout, the policy, keys, colours, charts."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.console.samples import BASE, ORDER, PAGES

pytestmark = pytest.mark.slow

WIDTHS = (390, 1440)


@dataclass
class Window:
    """A page in a browser, and what went wrong in it."""

    page: Any
    base: str
    faults: list[str] = field(default_factory=list[str])

    def open(self, path: str) -> None:
        answer = self.page.goto(self.base + path)
        assert answer.status == 200, path

    def evaluate(self, script: str) -> Any:
        return self.page.evaluate(script)


@pytest.fixture
def window(chromium: Any, preview_url: str) -> Iterator[Callable[..., Window]]:
    contexts: list[Any] = []

    def make(width: int = 1440, scheme: str = "light", **options: Any) -> Window:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=scheme, **options
        )
        contexts.append(context)
        made = Window(context.new_page(), preview_url)
        made.page.on("console", lambda said: _note(made, said))
        made.page.on("pageerror", lambda error: made.faults.append(f"error: {error}"))
        made.page.on("request", lambda request: _outside(made, request.url))
        return made

    yield make
    for context in contexts:
        context.close()


def _note(window: Window, said: Any) -> None:
    if said.type in ("error", "warning"):
        window.faults.append(f"{said.type}: {said.text}")


def _outside(window: Window, url: str) -> None:
    if not url.startswith((window.base, "data:", "blob:")):
        window.faults.append(f"request to {url}")


@pytest.mark.parametrize("width", WIDTHS)
def test_pages_fit_and_keep_the_policy(window: Callable[..., Window], width: int) -> None:
    """No horizontal scroll, no error or policy violation in the console, no request elsewhere."""
    for scheme in ("light", "dark"):
        shown = window(width, scheme)
        for path in [page.path for page in PAGES] + ["/console/sign-in"]:
            shown.open(path)
            beyond = shown.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert beyond <= 0, f"{path} is {beyond} px too wide at {width}"
        assert shown.faults == []


def test_colours_follow_the_system_until_a_person_chooses(window: Callable[..., Window]) -> None:
    grounds: dict[str, str] = {}
    for scheme in ("light", "dark"):
        shown = window(scheme=scheme)
        shown.open(BASE)
        grounds[scheme] = shown.evaluate("getComputedStyle(document.body).backgroundColor")
    assert grounds["light"] != grounds["dark"]
    chosen = window(scheme="light")
    chosen.page.route("**/console/theme", lambda route: route.fulfill(status=200, body=""))
    chosen.open(BASE)
    chosen.page.click(".side .theme button[value=dark]")
    chosen.page.wait_for_selector(":root[data-theme=dark]")
    assert chosen.evaluate("getComputedStyle(document.body).backgroundColor") == grounds["dark"]


def test_keys_lead_everywhere(window: Callable[..., Window]) -> None:
    shown = window()
    shown.open(f"{BASE}/orders")
    shown.page.keyboard.press("/")
    assert shown.evaluate("document.activeElement.id") == "search"
    shown.page.keyboard.type("?")
    assert not shown.evaluate("document.getElementById('shortcuts').open"), "typed, not pressed"
    shown.page.locator("h1").click()
    shown.page.keyboard.press("?")
    assert shown.evaluate("document.getElementById('shortcuts').open")
    shown.page.keyboard.press("Escape")
    shown.page.keyboard.press("j")
    shown.page.keyboard.press("Enter")
    shown.page.wait_for_url(f"**/orders/{ORDER}")
    shown.page.keyboard.press("g")
    shown.page.keyboard.press("l")
    shown.page.wait_for_url("**/ledger")
    assert shown.faults == []


def test_the_first_tab_skips_the_navigation_and_focus_is_visible(
    window: Callable[..., Window],
) -> None:
    shown = window()
    shown.open(f"{BASE}/orders")
    shown.page.keyboard.press("Tab")
    assert shown.evaluate("document.activeElement.textContent") == "Skip to the content"
    for _ in range(12):
        shown.page.keyboard.press("Tab")
        outline = shown.evaluate(
            "(e => getComputedStyle(e).outlineStyle + getComputedStyle(e.closest('tr') || e)"
            ".outlineStyle)(document.activeElement)"
        )
        assert "solid" in outline or "auto" in outline


def test_the_navigation_is_reachable_on_a_telephone(window: Callable[..., Window]) -> None:
    shown = window(390)
    shown.open(f"{BASE}/orders")
    assert not shown.page.locator("#nav-narrow").is_visible()
    shown.page.click(".top-bar summary >> nth=0")
    shown.page.click("#nav-narrow >> text=Ledger")
    shown.page.wait_for_url("**/ledger")


def test_the_chart_is_drawn_from_its_table_and_narrows(window: Callable[..., Window]) -> None:
    shown = window()
    shown.open(BASE)
    shown.page.wait_for_selector(".js-plotly-plot .barlayer path")
    rows = shown.evaluate("document.querySelectorAll('#chart-data tbody tr').length")
    bars = "document.querySelectorAll('.js-plotly-plot .barlayer .point').length"
    assert shown.evaluate(bars) == rows
    shown.page.click("[data-days='14']")
    begin, end = shown.evaluate("document.querySelector('.chart-plot').layout.xaxis.range")
    assert begin[:10] < end[:10]
    titles = shown.evaluate(
        "[...document.querySelectorAll('.ytitle, .y2title')].map(t => t.textContent)"
    )
    assert titles == ["Orders", "Placed, BRL"]
    assert shown.faults == []


def test_pages_read_without_script(window: Callable[..., Window]) -> None:
    shown = window(java_script_enabled=False)
    shown.open(BASE)
    assert shown.page.locator("#chart-data").is_visible()
    shown.open(f"{BASE}/orders/{ORDER}")
    assert shown.page.locator("text=Approve").first.is_visible()


def test_a_table_that_holds_all_its_rows_is_sorted(window: Callable[..., Window]) -> None:
    shown = window()
    shown.open(f"{BASE}/ledger")
    shown.page.click("th >> text=Credit balances")
    column = "[...document.querySelectorAll('[data-sortable] tbody tr')].map(r => r.cells[3].textContent)"
    values = [_number(text) for text in shown.evaluate(column)]
    assert values == sorted(values)
    shown.page.click("th >> text=Credit balances")
    assert [_number(text) for text in shown.evaluate(column)] == sorted(values, reverse=True)


def test_motion_stops_for_who_wants_none(window: Callable[..., Window]) -> None:
    shown = window(reduced_motion="reduce")
    shown.open(f"{BASE}/cases")
    assert shown.evaluate(
        "[...document.querySelectorAll('*')].every(e => getComputedStyle(e).animationName === 'none')"
    )


def test_on_paper_an_order_is_a_record_without_controls(window: Callable[..., Window]) -> None:
    shown = window()
    shown.open(f"{BASE}/orders/{ORDER}")
    shown.page.emulate_media(media="print")
    for hidden in (".side", ".search", ".actions", ".choices"):
        assert not shown.page.locator(hidden).first.is_visible(), hidden
    for kept in ("#steps", "#timeline", "#money-title"):
        assert shown.page.locator(kept).is_visible(), kept


def _number(text: str) -> float:
    return float(re.sub(r"[^\d.\u2212]", "", text).replace("\u2212", "-") or 0)


def test_figures_of_tiles_stand_under_their_labels(window: Callable[..., Window]) -> None:
    shown = window()
    shown.open(BASE)
    lefts = shown.evaluate(
        """[...document.querySelector('.tile').children].map((one) => {
          const words = document.createRange();
          words.selectNodeContents(one);
          return words.getBoundingClientRect().left;
        })"""
    )
    assert max(lefts) - min(lefts) < 1


def test_the_chosen_tab_is_in_view_on_a_phone(window: Callable[..., Window]) -> None:
    shown = window(390)
    shown.open(f"{BASE}/migration/shop/notices")
    right = shown.evaluate(
        "document.querySelector('.tabs [aria-current]').getBoundingClientRect().right"
    )
    assert right <= 390
