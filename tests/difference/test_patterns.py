"""Patterns that others write end in time, or are refused with a sentence."""

import threading

import pytest

from banyan.difference import IgnoreRule, InvalidRule, compare, comparing
from banyan.difference.rules.patterns import WINDOW, safe_pattern
from tests.difference.answers import json_


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+b",
        "(a*)*",
        "(a|a)*b",
        "(a|ab)+c",
        "(?:x?){20}y",
        ".*.*.*x",
        r"\w+\w+\w+!",
        "a.*b.*c.*d",
        r"(\d+)\1",
        "(?=a)b",
        "(?<!a)b",
        "a?" * 30 + "a" * 30,
        "(a|b|cc)" * 6 + "x+",
        "",
        "x*",
        "(",
        "[",
        "a" * 501,
        "(?P<n>a)(?(n)b|c)",
        "a{1,20}{1,20}{1,20}",
    ],
)
def test_what_could_take_for_ever_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidRule):
        comparing(ignore=[IgnoreRule(pattern=pattern)])


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d+)?)?Z", "2018-03-01T12:00:00.5Z"),
        ("csrf=[a-z0-9]+", "csrf=abc1"),
        ("[a-f0-9]{32}", "0" * 32),
        ('"nonce": *"[^"]+"', '"nonce": "x"'),
        (r"v\d+\.\d+\.\d+", "v1.22.3"),
        (r"(?i)session-\w+", "SESSION-a"),
        ("generated in .*ms", "generated in 12 ms"),
        (r"(?:GET|POST) /\S+", "GET /x"),
        (r"/static/[\w.-]+\.[0-9a-f]{8}\.js", "/static/a.b-c.01234567.js"),
        (r"^Served by .+$", "Served by web-1"),
    ],
)
def test_what_people_write_is_taken(pattern: str, text: str) -> None:
    assert safe_pattern(pattern).search(text)


@pytest.mark.parametrize("pattern", [r"\w+@\w+", "generated in .*ms", r"[a-z]+\d+x", ".*b"])
def test_what_is_taken_ends_on_the_worst_text(pattern: str) -> None:
    text = json_('{"a": "' + "a" * WINDOW + '"}')
    other = json_('{"a": "' + "a" * (WINDOW - 1) + '1"}')
    how = comparing(ignore=[IgnoreRule(pattern=pattern)])
    done = threading.Thread(target=compare, args=(text, other, None, how), daemon=True)
    done.start()
    done.join(20)
    assert not done.is_alive()


def test_a_refusal_says_what_to_write_instead() -> None:
    with pytest.raises(InvalidRule, match="could take for ever: a repeat within a repeat"):
        safe_pattern("(a+)+b")
