"""The report as a page that prints to A4: its style inside, no script, nothing from elsewhere."""

from dataclasses import dataclass
from functools import cache
from math import log10
from pathlib import Path
from typing import TYPE_CHECKING

from banyan.kernel import plural
from banyan.migration.model.report import Comparison, Estimate, Report
from banyan.migration.rules.report.routes import faster, more_errors
from banyan.migration.rules.words import count, duration, percent

if TYPE_CHECKING:
    from jinja2 import Template

_TEMPLATES = Path(__file__).parents[2] / "templates"
WIDTH, LEFT, ROW = 640, 64, 30
_ROOM = WIDTH - LEFT - 20


@dataclass(frozen=True, slots=True)
class Mark:
    """A quantile of one side in the picture: its place, the ends of its interval, what it says."""

    side: str
    name: str
    y: float
    x: float
    low: float
    high: float
    text: str


@dataclass(frozen=True, slots=True)
class Picture:
    """Latencies of both sides on one logarithmic axis; all places in units of the drawing."""

    height: int
    marks: tuple[Mark, ...]
    ticks: tuple[tuple[float, str], ...]
    names: tuple[tuple[float, str], ...]


def report_page(report: Report, back_href: str = "") -> str:
    """HTML. What people have written (titles) is escaped. ``back_href`` is a link that isn't printed."""
    return _template().render(
        report=report,
        back_href=back_href,
        picture=picture_of,
        width=WIDTH,
        left=LEFT,
        interval=_interval,
        span=_span,
        faster=faster,
        more_errors=more_errors,
        duration=duration,
        percent=percent,
        count=count,
    )


def picture_of(comparison: Comparison) -> Picture | None:
    """Each quantile in two rows, before above after; None where there is only one side."""
    before, after = comparison.before, comparison.after
    names = list(comparison.latency)
    if before is None or after is None or not names:
        return None
    sides = (("before", before.latency), ("after", after.latency))
    values = [
        value
        for _, latency in sides
        for name in names
        for value in (latency[name].value, latency[name].low, latency[name].high)
        if value
    ]
    low, high = log10(min(values) / 1.3), log10(max(values) * 1.3)

    def x(us: float) -> float:
        return round(LEFT + _ROOM * (log10(us) - low) / (high - low), 1)

    marks: list[Mark] = []
    for row, name in enumerate(names):
        for offset, (side, latency) in enumerate(sides):
            one = latency[name]
            y = 14 + row * ROW + offset * 11
            ends = (x(one.low or one.value), x(one.high or one.value))
            text = f"{name} {side}: {duration(one.value)}"
            marks.append(Mark(side, name, y, x(one.value), *ends, text))
    return Picture(
        height=len(names) * ROW + 30,
        marks=tuple(marks),
        ticks=tuple((x(us), duration(us)) for us in _round_values(low, high)),
        names=tuple((20 + row * ROW, name) for row, name in enumerate(names)),
    )


def _round_values(low: float, high: float) -> list[float]:
    """Figures of 1, 3 and 10 within the axis."""
    exact = [digit * 10.0**power for power in range(9) for digit in (1, 3)]
    return [us for us in exact if low <= log10(us) <= high]


def _interval(found: Estimate, kind: str) -> str:
    """The ends of an estimate; nothing where there are none."""
    if found.low is None or found.high is None:
        return ""
    if kind == "share":
        return f"{percent(found.low)} to {percent(found.high)}"
    if kind == "rate":
        return f"{count(found.low)} to {count(found.high)}"
    return f"{duration(found.low)} to {duration(found.high)}"


def _span(comparison: Comparison, first: str, second: str) -> str:
    """From when to when both states were seen."""
    parts = [
        f"{name}: {figures.from_at:%Y-%m-%d %H:%M} to {figures.until_at:%Y-%m-%d %H:%M}, "
        f"{plural(figures.minutes, 'minute')} with traffic"
        for name, figures in ((first, comparison.before), (second, comparison.after))
        if figures is not None
    ]
    return "; ".join(parts)


@cache
def _template() -> "Template":
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # only who shows a report

    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES), autoescape=True, undefined=StrictUndefined,
        trim_blocks=True, lstrip_blocks=True,
    )  # fmt: skip
    return environment.get_template("report.html")
