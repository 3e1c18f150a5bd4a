"""Headers and cookies are compared by what they make a browser do."""

import pytest

from banyan.difference import Answer, Asked, IgnoreRule, compare, comparing
from tests.difference.answers import answer

ASKED = Asked("GET", "/shop/basket?x=1", (("host", "shop.example"),))
DATE = ("date", "Thu, 01 Mar 2018 12:00:00 GMT")


def differ(left: Answer, right: Answer, **how: object) -> list[tuple[str, str]]:
    found = compare(left, right, how=comparing(**how), asked=ASKED)  # type: ignore[arg-type]
    return [(d.path, d.kind) for d in found.differences]


def to(location: str) -> Answer:
    return answer("", "", ("location", location), status=302)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("/a?b=1", "http://shop.example/a?b=1"),
        ("https://shop.example:443/a", "/a"),
        ("a", "/shop/a"),
        ("?y=2", "/shop/basket?y=2"),
        ("//shop.example/a", "/a"),
        ("/login?next=/a", "/login?next=%2Fa"),
        ("http://legacy.internal:8001/a", "http://candidate.internal/a"),
        ("http://SHOP.example", "/"),
    ],
)
def test_locations_that_lead_to_the_same_place(left: str, right: str) -> None:
    hosts = ["legacy.internal:8001", "candidate.internal"]
    assert differ(to(left), to(right), hosts=hosts) == []


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("/a", "/b"),
        ("/a", "/a?b=1"),
        ("/a", "http://else.example/a"),
        ("/a#x", "/a"),
        ("/a", "http://["),
    ],
)
def test_locations_that_lead_elsewhere(left: str, right: str) -> None:
    assert differ(to(left), to(right)) == [("header:location", "changed")]


def test_what_a_redirection_says_is_seen_by_nobody() -> None:
    left = Answer(302, (("location", "/a"),), b"<p>moved</p>")
    assert differ(left, to("/a")) == []


def setting(*cookies: str) -> Answer:
    return answer("", "", DATE, *(("set-cookie", cookie) for cookie in cookies))


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        ("sid=a; Path=/; HttpOnly", "sid=b; path=/; httponly", []),
        ("a=1; Max-Age=3600", "a=1; Expires=Thu, 01 Mar 2018 13:00:00 GMT", []),
        ("a=1; Max-Age=3600", "a=1; Expires=Thu, 01-Mar-2018 13:00:00 GMT", []),
        ("a=; Max-Age=0", "a=gone; Expires=Thu, 01 Jan 1970 00:00:00 GMT", []),
        ("a=1; Domain=.shop.example", "a=1; Domain=shop.example", []),
        ("a=1; Path=/", "a=1; Path=/x", [("cookie:a@path", "changed")]),
        ("a=1; Secure", "a=1", [("cookie:a@secure", "changed")]),
        ("a=1", "a=1; HttpOnly", [("cookie:a@httponly", "changed")]),
        ("a=1; SameSite=Lax", "a=1; SameSite=None", [("cookie:a@samesite", "changed")]),
        ("a=1; Max-Age=3600", "a=1", [("cookie:a@lifetime", "changed")]),
        ("a=1; Domain=x.de", "a=1", [("cookie:a@domain", "changed")]),
        ("a=1", "a=; Max-Age=0", [("cookie:a", "changed")]),
        ("a=1", "a=", [("cookie:a@value", "emptied")]),
        ("a=1", "b=1", [("cookie:a", "missing"), ("cookie:b", "extra")]),
        ("nonsense", ";;;", []),
    ],
)  # fmt: skip
def test_cookies(left: str, right: str, found: list[tuple[str, str]]) -> None:
    assert differ(setting(left), setting(right)) == found


def test_a_deleted_cookie_is_called_so() -> None:
    [one] = compare(setting("cart=5"), setting("cart=; Max-Age=0")).differences
    assert (one.legacy, one.candidate) == ("set to 5", "deleted")


def test_values_of_cookies_count_where_that_is_said() -> None:
    assert differ(setting("lang=de"), setting("lang=en")) == []
    assert differ(setting("lang=de"), setting("lang=en"), cookie_values=["lang"]) == [
        ("cookie:lang@value", "changed")
    ]


def test_rules_leave_out_headers_cookies_and_the_status() -> None:
    left = answer("x", "text/plain", ("etag", "1"), ("set-cookie", "a=1; Path=/"))
    right = answer("x", "text/plain", ("etag", "2"), ("set-cookie", "a=1"), status=201)
    headers = ["etag", "set-cookie"]
    assert len(differ(left, right, headers=headers)) == 3
    rules = [IgnoreRule(path=path) for path in ("header:ETag", "cookie:a", "status")]
    assert differ(left, right, headers=headers, ignore=rules) == []
    only = [IgnoreRule(path="header:etag", pattern="^9$")]
    assert len(differ(left, right, headers=headers, ignore=only)) == 3


@pytest.mark.parametrize(
    ("name", "left", "right", "is_same"),
    [
        ("cache-control", "no-store, max-age=0", "Max-Age=0,no-store", True),
        ("cache-control", "no-store", "private", False),
        ("vary", "Cookie, Accept", "accept,cookie", True),
        ("content-type", "text/html; charset=utf-8", "text/html;charset=UTF-8", True),
        ("content-type", "application/json", "application/json; charset=utf-8", True),
        ("content-type", "text/html", "text/html; charset=utf-8", False),
    ],
)
def test_headers_by_their_meaning(name: str, left: str, right: str, is_same: bool) -> None:
    one, two = answer("", "", (name, left)), answer("", "", (name, right))
    assert (differ(one, two) == []) == is_same


def test_lists_of_several_headers_are_one_set() -> None:
    two = answer("", "", ("vary", "Cookie"), ("vary", "Accept"))
    assert differ(two, answer("", "", ("vary", "Accept, Cookie"))) == []


def test_bodies_of_different_kinds_or_none() -> None:
    page, data = answer("<p>x", "text/html"), answer("{}", "application/json")
    headers = ["set-cookie"]
    assert differ(page, data, headers=headers) == [("body", "type")]
    assert differ(page, answer(), headers=headers) == [("body", "missing")]
    assert differ(answer(), page, headers=headers) == [("body", "extra")]
    assert differ(page, data, headers=headers, body="none") == []


def test_texts_by_line_and_all_else_by_byte() -> None:
    left, right = answer("a\nb\nc\n", "text/plain"), answer("a\r\nX\r\nb  \r\nc", "text/plain")
    assert differ(left, right) == [("line 2", "extra")]
    one, two = answer(b"\0" * 50, "image/png"), answer(b"\0" * 40 + b"\1" * 10, "image/png")
    [found] = compare(one, two).differences
    assert found.legacy is not None
    assert found.legacy.startswith("50 bytes, sha256 ")
    assert found.legacy.endswith("first difference at byte 40")


def test_a_head_has_no_body() -> None:
    found = compare(answer("a", "text/plain"), answer("", "text/plain"), asked=Asked("HEAD", "/"))
    assert found.is_same
