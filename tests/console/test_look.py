"""How values are shown."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import banyan.console
from banyan.console.look import Tone, amount, distance, money, state_pill, took, when, words
from banyan.kernel import Money
from banyan.orders import OrderState

NOW = datetime(2018, 3, 14, 21, 6, 11, tzinfo=UTC)
CSS = (Path(banyan.console.__file__).parent / "static" / "console.css").read_text()


@pytest.mark.parametrize(
    ("value", "with_sign", "digits"),
    [
        (Money.of(118990, "BRL"), "R$1,189.90", "1,189.90"),
        (Money.of(-2279, "BRL"), "\u2212R$22.79", "\u221222.79"),
        (Money.of(1500, "JPY"), "¥1,500", "1,500"),
        (Money.of(1234567, "KWD"), "KWD\u00a01,234.567", "1,234.567"),
        (Money.zero("EUR"), "€0.00", "0.00"),
    ],
)
def test_money_has_its_currencys_decimals_and_a_real_minus(
    value: Money, with_sign: str, digits: str
) -> None:
    assert money(value) == with_sign
    assert amount(value) == digits


def test_nothing_is_a_dash() -> None:
    assert money(None) == amount(None) == str(when(None)) == "\u2013"


@pytest.mark.parametrize(
    ("duration", "text"),
    [
        (timedelta(milliseconds=14), "14 ms"),
        (timedelta(seconds=3.21), "3.2 s"),
        (timedelta(seconds=59), "59 s"),
        (timedelta(minutes=11, seconds=40), "11 min"),
        (timedelta(hours=4), "4 h"),
        (timedelta(days=1), "1 day"),
        (timedelta(days=9), "9 days"),
    ],
)
def test_durations_are_short(duration: timedelta, text: str) -> None:
    assert took(duration) == text


def test_instants_tell_the_second_on_hover() -> None:
    assert str(when(NOW)) == (
        '<time datetime="2018-03-14T21:06:11Z" title="2018-03-14 21:06:11 UTC">'
        "14 Mar 2018, 21:06</time>"
    )
    assert ">in 11 min<" in distance(NOW + timedelta(minutes=11), NOW)
    assert ">3 days ago<" in distance(NOW - timedelta(days=3), NOW)


def test_states_are_told_in_words_and_colours() -> None:
    assert words("requires_action") == "Requires action"
    assert state_pill("in_review").tone is Tone.WAIT
    assert state_pill("settled").tone is Tone.GO
    assert state_pill("declined").tone is Tone.LOST
    assert state_pill("something_new").label == "Something new"


def test_every_state_of_an_order_that_needs_a_look_has_a_colour() -> None:
    calm = {OrderState.PLACED, OrderState.CANCELLED, OrderState.REFUNDED}
    assert {state for state in OrderState if state_pill(state).tone is Tone.IDLE} == calm


TEXT_ON_GROUND = [
    ("ink", "ground"),
    ("ink", "panel"),
    ("ink", "raised"),
    ("ink-2", "ground"),
    ("ink-2", "panel"),
    ("ink-2", "idle-soft"),
    ("ink-3", "ground"),
    ("ink-3", "panel"),
    ("ink-3", "raised"),
    ("go", "ground"),
    ("go", "panel"),
    ("go", "go-soft"),
    ("go-ink", "go"),
    ("wait", "panel"),
    ("wait", "wait-soft"),
    ("lost", "panel"),
    ("lost", "lost-soft"),
    ("info", "panel"),
    ("info", "info-soft"),
]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT_ON_GROUND)
def test_text_is_readable_on_its_ground(text: str, ground: str, scheme: str) -> None:
    """WCAG 2.2, 1.4.3: at least 4.5 to 1."""
    assert contrast(token(text, scheme), token(ground, scheme)) >= 4.5


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("line", ["field-line", "go"])
def test_the_edges_of_fields_and_of_focus_are_seen(line: str, scheme: str) -> None:
    """WCAG 2.2, 1.4.11: at least 3 to 1."""
    for ground in ("panel", "ground", "raised"):
        assert contrast(token(line, scheme), token(ground, scheme)) >= 3


def token(name: str, scheme: str) -> str:
    found = re.search(rf"--{name}: light-dark\((#\w+), (#\w+)\)", CSS)
    assert found is not None, f"there is no token {name}"
    return found[1 if scheme == "light" else 2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted((luminance(one), luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
