"""How values are shown: money, instants, counts, and the colour of a state.

Times are UTC, the marketplace's own. A minus is a real minus sign, so that columns line up.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import TypeAlias

from babel.numbers import format_decimal
from markupsafe import Markup, escape

from banyan.kernel import Money, plural

_Text: TypeAlias = "Callable[[datetime], str]"
MINUS = "\u2212"
DASH = "\u2013"


class Tone(StrEnum):
    """What a colour means; each is also a shape, and never stands without a word."""

    IDLE = "idle"
    GO = "go"
    WAIT = "wait"
    LOST = "lost"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Pill:
    """A state in one word."""

    label: str
    tone: Tone = Tone.IDLE


_TONES: dict[Tone, frozenset[str]] = {
    Tone.GO: frozenset(
        {"settled", "delivered", "captured", "active", "succeeded", "paid", "won", "resolved"}
    ),
    Tone.INFO: frozenset(
        {"matched", "checked", "authorized", "confirmed", "shipped", "capturing", "processing"}
        | {"sending", "submitted", "handed_over"}
    ),
    Tone.WAIT: frozenset(
        {
            "in_review",
            "requires_action",
            "awaiting_payment",
            "unknown",
            "unmatched",
            "open",
            "under_review",
            "needs_destination",
            "disputed",
            "paused",
        }
    ),
    Tone.LOST: frozenset(
        {"declined", "expired", "charged_back", "capture_failed", "failed", "returned", "lost"}
        | {"suspended", "blocked", "refused"}
    ),
}


def state_pill(state: str) -> Pill:
    """The pill of any state of any resource; a state that is not listed is grey."""
    tone = next((tone for tone, states in _TONES.items() if state in states), Tone.IDLE)
    return Pill(words(state), tone)


def words(code: str) -> str:
    """``requires_action`` as people say it: ``Requires action``."""
    return code.replace("_", " ").replace(".", " ").strip().capitalize()


def money(value: Money | None) -> str:
    """With the currency's sign, or its code if it has none: ``R$1,189.90``; a dash for None."""
    if value is None:
        return DASH
    text = Money(abs(value.minor), value.currency).format("en")
    code = value.currency.code
    if text.startswith(code):
        text = f"{code}\u00a0{text.removeprefix(code)}"
    return f"{MINUS}{text}" if value.minor < 0 else text


def amount(value: Money | None) -> str:
    """Digits only, for columns whose heading names the currency: ``1,189.90``."""
    if value is None:
        return DASH
    digits = value.currency.exponent
    pattern = "#,##0" + ("." + "0" * digits if digits else "")
    text = format_decimal(abs(value.decimal), format=pattern, locale="en")
    return f"{MINUS}{text}" if value.minor < 0 else text


def count(value: int | None) -> str:
    if value is None:
        return DASH
    text = f"{abs(value):,}"
    return f"{MINUS}{text}" if value < 0 else text


def per_mille(value: float | None) -> str:
    """A rate with one decimal, such as human touches per 1,000 orders."""
    return DASH if value is None else f"{value:,.1f}"


def day_of(at: datetime | date) -> str:
    return f"{at.day} {at:%b %Y}"


def when(at: datetime | None) -> Markup:
    """``14 Mar 2018, 21:06`` as a <time> element that tells the second on hover."""
    return _time(at, lambda known: f"{day_of(known)}, {known:%H:%M}")


def clock(at: datetime | None) -> Markup:
    """``21:06:11``: within a day that is named nearby."""
    return _time(at, lambda known: f"{known:%H:%M:%S}")


def distance(at: datetime | None, now: datetime) -> Markup:
    """``in 11 min`` or ``3 days ago``, with the instant on hover."""
    return _time(at, lambda known: _distance(known - now))


def took(duration: timedelta) -> str:
    """``14 ms``, ``3.2 s``, ``11 min``, ``4 h``, ``9 days``."""
    seconds = abs(duration.total_seconds())
    if seconds < 1:
        return f"{round(seconds * 1000)} ms"
    for size, unit in ((86_400, "day"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            whole = int(seconds // size)
            plural = "s" if unit == "day" and whole != 1 else ""
            return f"{whole} {unit}{plural}"
    return f"{seconds:.1f} s" if seconds < 10 else f"{int(seconds)} s"


def _distance(away: timedelta) -> str:
    if abs(away) < timedelta(seconds=1):
        return "now"
    return f"in {took(away)}" if away > timedelta(0) else f"{took(away)} ago"


def _time(at: datetime | None, text: "_Text") -> Markup:
    if at is None:
        return escape(DASH)
    element = '<time datetime="{}" title="{}">{}</time>'
    return Markup(element).format(  # noqa: S704 - a constant; its arguments are escaped
        f"{at:%Y-%m-%dT%H:%M:%SZ}", f"{at:%Y-%m-%d %H:%M:%S} UTC", escape(text(at))
    )


FILTERS = {
    "amount": amount,
    "clock": clock,
    "count": count,
    "day_of": day_of,
    "money": money,
    "per_mille": per_mille,
    "plural": plural,
    "state_pill": state_pill,
    "took": took,
    "when": when,
    "words": words,
}
