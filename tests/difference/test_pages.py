"""Pages are compared as a browser sees them."""

import pytest

from banyan.difference import IgnoreRule, InvalidRule, compare, comparing
from tests.difference.answers import answer, html

SHOP = """<!doctype html><html><head><title>Shop</title></head><body>
<div id="main"><h1>Basket</h1>
<ul class="items list"><li data-id="1">Tea <b>2 &euro;</b></li><li data-id="2">Cup</li></ul>
<form action="/pay" method="post"><input type="hidden" name="csrf" value="{token}"><br>
<input type="checkbox" checked name="gift"><textarea name="note">a
 b</textarea></form>
<script nonce="{nonce}">var n = {n};</script></div></body></html>"""


def page(token: str = "a1", nonce: str = "b2", n: int = 1) -> str:
    return SHOP.format(token=token, nonce=nonce, n=n)


def differ(left: str, right: str, *rules: IgnoreRule, **how: object) -> list[tuple[str, str]]:
    read = comparing(ignore=rules, **how)  # type: ignore[arg-type]
    return [(d.path, d.kind) for d in compare(html(left), html(right), how=read).differences]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("<br>", "<br/>"),
        ("&euro;", "€"),
        ("&euro;", "&#8364;"),
        ('class="items list"', "class='list  items'"),
        ('type="hidden" name="csrf"', 'name="csrf" type="hidden"'),
        ("checked name", 'checked="checked" name'),
        ("\n<ul", "\n\n   <ul"),
        ("</li>", ""),
        ("<li ", "<LI "),
        ("<h1>", "<!-- a comment --><h1>"),
        ('action="/pay"', 'action="http://shop.example/pay"'),
    ],
)
def test_other_writing_of_the_same_page(old: str, new: str) -> None:
    assert old in page()
    assert differ(page(), page().replace(old, new), hosts=["shop.example"]) == []


def test_a_tbody_that_may_be_left_out_means_nothing() -> None:
    left = "<table><tr><td>1</td></tr></table>"
    right = "<table><tbody><tr><td>1</td></tr></tbody></table>"
    assert differ(left, right) == []


@pytest.mark.parametrize(
    ("old", "new", "path", "kind"),
    [
        ("Basket", "Cart", "div#main > h1", "changed"),
        ("2 &euro;", "3 &euro;", "div#main > ul.items > li:nth-of-type(1) > b", "changed"),
        ('<li data-id="2">Cup</li>', "", "div#main > ul.items > li:nth-of-type(2)", "missing"),
        ("<h1>", "<p>New</p><h1>", "div#main > p", "extra"),
        ('value="a1"', 'value="zz"', 'div#main > form > input[name="csrf"] @value', "changed"),
        ('value="a1"', 'value=""', 'div#main > form > input[name="csrf"] @value', "emptied"),
        (" checked", "", 'div#main > form > input[name="gift"] @checked', "missing"),
        ("var n = 1", "var n = 2", "div#main > script", "changed"),
        ("a\n b", "a b", 'div#main > form > textarea[name="note"]', "changed"),
        ('action="/pay"', 'action="http://else/pay"', "div#main > form @action", "changed"),
        ("<title>Shop", "<title>", "head > title", "missing"),
    ],
)
def test_what_differs_is_named_by_a_selector(old: str, new: str, path: str, kind: str) -> None:
    assert differ(page(), page().replace(old, new)) == [(path, kind)]


def test_an_element_that_moved_is_one_difference() -> None:
    left = "<ul><li>a</li><li>b</li><li>c</li></ul>"
    right = "<ul><li>c</li><li>a</li><li>b</li></ul>"
    assert [kind for _, kind in differ(left, right)] == ["moved"]


@pytest.mark.parametrize(
    "path",
    [
        "input[name=csrf]",
        'form > input[name="csrf"]',
        "#main input[type='hidden']",
        "input[name^=cs]",
        "input[value]:nth-of-type(1)",
        "input[name=csrf]@value",
        "p, input[name$=srf]@value",
        "*[name*=sr]",
    ],
)
def test_a_selector_leaves_out_what_it_names(path: str) -> None:
    assert differ(page("a"), page("b"), IgnoreRule(path=path)) == []
    assert differ(page("a", n=1), page("b", n=2), IgnoreRule(path=path)) == [
        ("div#main > script", "changed")
    ]


@pytest.mark.parametrize("path", [".list li.x", "form input", "div > input[name=csrf]", "a"])
def test_a_selector_leaves_in_what_it_does_not_name(path: str) -> None:
    found = differ(page("a"), page("b"), IgnoreRule(path=path))
    assert len(found) == (0 if path == "form input" else 1)


@pytest.mark.parametrize("path", ["", ">", "li:hover", "a[", "a > > b", "li::before", "..", "a,"])
def test_a_selector_that_is_not_understood_is_refused(path: str) -> None:
    with pytest.raises(InvalidRule):
        comparing(ignore=[IgnoreRule(path=path)])


def test_a_selector_may_be_limited_by_a_pattern() -> None:
    rule = IgnoreRule(path="script", pattern=r"^var n = \d+;$")
    assert differ(page(n=1), page(n=2), rule) == []
    broken = page().replace("var n = 1;", "alert()")
    assert differ(page(), broken, rule) == [("div#main > script", "changed")]


def test_tokens_that_differ_between_two_answers_of_legacy_are_noise() -> None:
    one, again, other = html(page("a", "n1")), html(page("b", "n2")), html(page("c", "n3"))
    found = compare(one, other, again)
    assert found.is_same
    assert {d.pattern for d in found.noise} == {
        'div#main > form > input[name="csrf"] @value',
        "div#main > script @nonce",
    }
    lost = html(page("", "n4"))
    assert [d.kind for d in compare(one, lost, again).differences] == ["emptied"]
    wrong = html(page("d", "n5").replace("Tea", "Tee"))
    assert [d.candidate for d in compare(one, wrong, again).differences] == ["Tee"]


def test_encodings_are_undone() -> None:
    text = "<p>Größe: 5 €</p>"
    plain = html(text)
    for encoding in ("utf-16", "cp1252", "utf-8-sig"):
        kind = f"text/html; charset={encoding.removesuffix('-sig')}"
        other = answer(text.encode(encoding), kind)
        found = compare(plain, other).differences
        assert [d.path for d in found] in (["header:content-type"], []), encoding
    meta = '<meta charset="windows-1252"><p>Größe: 5 €</p>'
    assert compare(
        answer(meta.encode("cp1252"), "text/html"), answer(meta.encode("cp1252"), "text/html")
    ).is_same
    left = answer(meta.encode("cp1252"), "text/html")
    right = answer(meta.replace(": 5", ": 6").encode("cp1252"), "text/html")
    assert [d.candidate for d in compare(left, right).differences] == ["Größe: 6 €"]


def test_of_cut_pages_only_what_both_have_is_compared() -> None:
    items = "".join(f"<li>Item {n}</li>" for n in range(300))
    left, right = f"<ul>{items}</ul>", f"<h1>x</h1><ul>{items}</ul>"
    assert compare(html(left[:2000], is_cut=True), html(left[:1800], is_cut=True)).is_same
    assert not compare(html(left[:2000], is_cut=True), html(right)).is_whole


def test_xml_is_a_tree_too_and_expands_nothing() -> None:
    def feed(title: str, head: str = "") -> str:
        return f'<?xml version="1.0" encoding="utf-8"?>{head}<feed><title>{title}</title></feed>'

    bomb = '<!DOCTYPE x [<!ENTITY a "AAAA"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;">]>'
    kind = "application/atom+xml"
    assert compare(answer(feed("A"), kind), answer(feed(" A "), kind)).is_same
    found = compare(answer(feed("A"), kind), answer(feed("B"), kind)).differences
    assert [(d.path, d.kind) for d in found] == [("feed:root > title", "changed")]
    assert not compare(answer(feed("A"), kind), answer(feed("&c;", bomb), kind)).is_same
    assert not compare(answer(feed("A"), kind), answer("<feed><title>A", kind)).is_same
