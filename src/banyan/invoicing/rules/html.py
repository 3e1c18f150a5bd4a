"""Documents as pages that print to A4: HTML with its style inside, and nothing from elsewhere."""

from datetime import date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, cast

from babel.core import Locale
from babel.dates import format_date
from babel.numbers import format_percent
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from banyan.invoicing.rules.periods import day_of
from banyan.invoicing.rules.wording import words_in
from banyan.kernel import Money

_TEMPLATES = Path(__file__).parents[1] / "templates"


def html_of(content: dict[str, Any]) -> str:
    """The page of a document. What people have written is escaped."""
    words = words_in(content["language"])
    language, currency = content["language"], content["currency"]

    def money(minor: int) -> str:
        return Money.of(minor, currency).format(language)

    def day(text: str) -> str:
        return format_date(date.fromisoformat(text), "long", language)

    def country(code: str) -> str:
        names = cast("dict[str, str]", Locale.parse(language).territories)
        return names.get(code, code)

    def percent(rate_bp: int) -> str:
        return format_percent(rate_bp / 10_000, "#,##0.## %", language)

    period = content["period"]
    zone = period["time_zone"]
    last = datetime.fromisoformat(period["until"]) - timedelta(microseconds=1)
    return (
        _environment()
        .get_template("document.html")
        .render(
            document=content,
            words=words,
            money=money,
            country=country,
            day=day,
            percent=percent,
            first=day(day_of(datetime.fromisoformat(period["from"]), zone).isoformat()),
            last=day(day_of(last, zone).isoformat()),
            missing=", ".join(words.names[name] for name in content["missing"]),
        )
    )


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
