"""The report on a route: which minutes are before, which after, and what to say of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from banyan.migration.model.report import (
    Capacity,
    Comparison,
    Costs,
    Estimate,
    Measurement,
    RouteReport,
)
from banyan.migration.model.standing import Minute
from banyan.migration.rules.report.capacity import capacity_of
from banyan.migration.rules.report.figures import compared, figures_of
from banyan.migration.rules.words import duration, percent

BEFORE = ("legacy", "shadow")
BOTH = ("canary", "ramp")
AFTER = ("candidate", "retired")
_HOUR_S = 3_600
_MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class RouteSubject:
    """A route to report on: its name, title and the phase that it stands in."""

    route: str
    title: str
    phase: str


def on_route(
    subject: RouteSubject,
    minutes: Sequence[Minute],
    measurement: Measurement | None,
    costs: Costs | None,
) -> RouteReport:
    """The report on one route, out of its minutes and its newest measurement."""
    customers = compared(
        figures_of(_of(minutes, "served", BEFORE)), figures_of(_of(minutes, "served", AFTER))
    )
    sides = _side_by_side(minutes)
    capacity = None if measurement is None else capacity_of(measurement)
    return RouteReport(
        route=subject.route,
        title=subject.title or subject.route,
        phase=subject.phase,
        sentence=_sentence(customers, sides, capacity),
        customers=customers,
        sides=sides,
        capacity=capacity,
        cost=None if costs is None else _cost(capacity, costs),
    )


def _of(minutes: Sequence[Minute], side: str, phases: tuple[str, ...]) -> list[Minute]:
    return [minute for minute in minutes if minute.side == side and minute.phase in phases]


def _side_by_side(minutes: Sequence[Minute]) -> Comparison:
    """Both sides in minutes in which both answered: the same hours, the same kind of customers."""
    legacy, candidate = _of(minutes, "legacy", BOTH), _of(minutes, "candidate", BOTH)
    shared = {one.minute for one in legacy if one.requests}
    shared &= {one.minute for one in candidate if one.requests}
    return compared(
        figures_of(one for one in legacy if one.minute in shared),
        figures_of(one for one in candidate if one.minute in shared),
    )


def _cost(capacity: Capacity | None, costs: Costs) -> tuple[Decimal, Decimal] | None:
    """Of a million requests, each side at its capacity."""
    if capacity is None or not capacity.legacy.value or not capacity.candidate.value:
        return None

    def of(per_hour: Decimal, per_second: float) -> Decimal:
        millions = Decimal(per_second) * _HOUR_S / _MILLION
        return (per_hour / millions).quantize(Decimal("0.01"))

    return (
        of(costs.legacy_per_hour, capacity.legacy.value),
        of(costs.candidate_per_hour, capacity.candidate.value),
    )


def _sentence(customers: Comparison, sides: Comparison, capacity: Capacity | None) -> str:
    """The route in a breath: what customers got, or what the sides do while both serve."""
    said = _said(customers, "Customers: ")
    if not said:
        said = _said(sides, "Side by side, candidate after legacy: ")
    if not said:
        missing = "before" if customers.before is None else "after"
        said = f"Nothing to compare yet: no minute of {missing} was seen."
    if capacity is not None and not capacity.candidate.value:
        said += " Even alone its requests take longer than legacy's at its limit."
    elif capacity is not None and capacity.legacy.value:
        more = "at least " if capacity.is_client_bound else ""
        times = capacity.candidate.value / capacity.legacy.value
        said += f" {more.capitalize()}{times:.1f} times the requests at the same latency."
    return said


def _said(comparison: Comparison, who: str) -> str:
    before, after = comparison.before, comparison.after
    if before is None or after is None:
        return ""
    parts = [
        f"{name} {duration(before.latency[name].value)} to {duration(after.latency[name].value)}, "
        f"{faster(found)}"
        for name, found in comparison.latency.items()
        if name != "p90"
    ]
    parts.append(
        f"errors {percent(before.error_rate.value)} to {percent(after.error_rate.value)}"
        f"{', ' + more_errors(comparison.errors) if comparison.errors else ''}"
    )
    return f"{who}{'; '.join(parts)}."


def faster(found: Estimate) -> str:
    """A ratio of latencies in words; one that may as well be none is called that."""
    if found.low is None or found.high is None:
        return "seen too briefly to tell"
    if found.low < 1 < found.high:
        return "no clear difference"
    if found.value < 1:
        return f"{1 / found.value:.3g} times faster ({1 / found.high:.3g} to {1 / found.low:.3g})"
    return f"{found.value:.3g} times slower ({found.low:.3g} to {found.high:.3g})"


def more_errors(found: Estimate) -> str:
    """A difference of error rates in words."""
    if found.low is None or found.high is None:
        return "seen too briefly to tell"
    if found.low <= 0 <= found.high:
        return "no clear difference"
    word = "fewer" if found.value < 0 else "more"
    low, high = sorted((abs(found.low), abs(found.high)))
    return f"{percent(low)} to {percent(high)} {word}"
