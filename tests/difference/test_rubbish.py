"""Nothing that a side may answer raises, or takes for ever."""

import gzip
import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banyan.difference import Answer, Asked, compare, compare_values, comparing
from tests.difference.answers import answer

UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
HOW = comparing(key=b"k", numbers=1e-6, hosts=["shop"])
KINDS = ["application/json", "text/html", "application/xml", "text/plain", "image/png", "", "x;charset=q",
         "text/html; charset=utf-7", "text/html; charset=rot13", "application/json; charset=\0"]  # fmt: skip

BODIES = st.binary(max_size=80) | st.text(max_size=80).map(lambda text: text.encode("utf-8", "surrogatepass")) | st.lists(
    st.sampled_from(['{"a":', "[", "]", "}", "1", '"', "<p>", "</p>", "<", ">", "&", "&#0;", "<!--", "\0", "<?xml", "<![CDATA["]),
    max_size=20,
).map(lambda parts: "".join(parts).encode())  # fmt: skip
HEADERS = st.lists(
    st.tuples(
        st.sampled_from(["set-cookie", "location", "content-type", "cache-control", "vary", "date"]),
        st.text(max_size=40) | st.sampled_from(["a=1; expires=x", "http://[::", "//", "=;=", "Max-Age=9e9"]),
    ),
    max_size=4,
).map(tuple)  # fmt: skip
ANSWERS = st.builds(
    lambda status, kind, headers, body, is_cut: Answer(
        status, (("content-type", kind), *headers), body, is_cut
    ),
    st.sampled_from([200, 204, 302, 500, 0]),
    st.sampled_from(KINDS),
    HEADERS,
    BODIES,
    st.booleans(),
)


@given(ANSWERS, ANSWERS, st.none() | ANSWERS)
@settings(UNHURRIED, max_examples=300)
def test_nothing_raises(left: Answer, right: Answer, again: Answer | None) -> None:
    asked = Asked("GET", "/x?é=\0", (("host", "shop"),))
    for one in compare(left, right, again, HOW, asked=asked).differences:
        for text in (one.path, one.pattern, one.legacy, one.candidate):
            assert "\0" not in (text or "")
            (text or "").encode()  # no lone surrogate
        assert len(one.pattern) <= 400


@given(ANSWERS)
@UNHURRIED
def test_an_answer_does_not_differ_from_itself(one: Answer) -> None:
    found = compare(one, one, one, HOW)
    assert (found.differences, found.baseline) == ((), frozenset())


@given(ANSWERS, ANSWERS)
@UNHURRIED
def test_what_differs_one_way_differs_the_other(left: Answer, right: Answer) -> None:
    there = compare(left, right, None, HOW).differences
    assert len(there) == len(compare(right, left, None, HOW).differences)


def _deep(mark: str, end: str, depth: int) -> bytes:
    return (mark * depth + end * depth).encode()


def _hostile(size: int) -> dict[str, tuple[bytes, bytes, str]]:
    """Pairs of about this many bytes."""
    rows = [{"id": n, "v": n * 7} for n in range(size // 25)]
    changed = [*rows[:5], {"id": 5, "v": 0}, *rows[6:]]
    entities = b"".join(
        b'<!ENTITY a%d "%b">' % (n, b"&a%d;" % (n - 1) * 10 if n else b"x" * 10) for n in range(10)
    )
    many = size // 10
    return {
        "deep lists": (_deep("[", "]", 100_000), _deep("[", "]", 99_999), "application/json"),
        "rather deep lists": (_deep("[", "]", 900), _deep("[", "]", 899), "application/json"),
        "deep objects": (_deep('{"a":', "}", 400), _deep('{"a":', "}", 399), "application/json"),
        "deep page": (b"<div>" * many + b"x", b"<div>" * many + b"y", "text/html"),
        "rows": (json.dumps(rows).encode(), json.dumps(changed).encode(), "application/json"),
        "nothing in common": (
            json.dumps([n * 2 for n in range(many)]).encode(),
            json.dumps([n * 2 + 1 for n in range(many)]).encode(),
            "application/json",
        ),
        "one long text": (b"a" * size, b"a" * (size - 1) + b"b", "text/plain"),
        "many lines": (b"a\n" * (size // 2), b"b\n" * (size // 2), "text/plain"),
        "one long number": (b"[%b]" % (b"9" * size), b"[%b]" % (b"8" * size), "application/json"),
        "many equal items": (b"<li>a</li>" * many, b"<li>b</li>" * (many - 9), "text/html"),
        "many attributes": (
            b"<p %b>" % b" ".join(b"a%d=1" % n for n in range(many)),
            b"<p %b>" % b" ".join(b"a%d=2" % n for n in range(many)),
            "text/html",
        ),
        "bytes": (b"\0" * size, b"\0" * (size - 1) + b"\1", "image/png"),
        "not decoded": (gzip.compress(b"{}"), gzip.compress(b"[]"), "application/json"),
        "an entity bomb": (
            b"<!DOCTYPE a [%b]><a>&a9;</a>" % entities, b"<a>b</a>", "application/xml"
        ),
    }  # fmt: skip


SOME, MUCH = _hostile(200_000), _hostile(5_000_000)


@pytest.mark.parametrize("name", SOME)
def test_what_is_hostile_ends(name: str) -> None:
    _compare(*SOME[name], wait_s=60)


@pytest.mark.slow
@pytest.mark.parametrize("name", MUCH)
def test_much_that_is_hostile_ends(name: str) -> None:
    _compare(*MUCH[name], wait_s=120)


def _compare(left: bytes, right: bytes, kind: str, *, wait_s: int) -> None:
    with ThreadPoolExecutor(1) as pool:
        found = pool.submit(compare, answer(left, kind), answer(right, kind), None, HOW)
        assert not found.result(timeout=wait_s).is_same


def test_many_cookies_are_compared() -> None:
    cookies = [("set-cookie", f"c{n}={n}") for n in range(5_000)]
    found = compare(answer("", "", *cookies), answer(), None, HOW)
    assert (len(found.differences), found.is_whole) == (200, False)


def test_values_may_contain_themselves_but_not_be_endless() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert compare_values(endless, endless).is_same
    assert not compare_values(endless, []).is_same
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ValueError, match="nested too deeply"):
        compare_values(deep, [])
