"""What a migration has changed: figures before and after, each with how sure it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, TypeAlias

QuantileName: TypeAlias = Literal["p50", "p90", "p99"]
QUANTILES: Mapping[QuantileName, float] = {"p50": 0.5, "p90": 0.9, "p99": 0.99}


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and the interval that it lies in with 95 %; both ends None: too little was seen."""

    value: float
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What was seen of one route in one state; latencies in µs, rates a second."""

    minutes: int
    from_at: datetime
    until_at: datetime
    requests: int
    errors: int
    error_rate: Estimate
    latency: Mapping[QuantileName, Estimate]
    per_second: float
    per_second_max: float
    fall_back_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two states beside each other. ``latency`` holds ratios (0.5: twice as fast), ``errors`` the
    difference of the rates. What can't be said is None."""

    before: Figures | None
    after: Figures | None
    latency: Mapping[QuantileName, Estimate]
    errors: Estimate | None


@dataclass(frozen=True, slots=True)
class LoadPoint:
    """What a side did under so many concurrent requests, each sent as the one before was answered."""

    concurrency: int
    requests: int
    errors: int
    per_second: float
    p50_us: int
    p99_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadRun:
    """One side under rising load, once. ``is_client_bound``: what sent the load was the limit."""

    side: Literal["legacy", "candidate"]
    points: tuple[LoadPoint, ...]
    is_client_bound: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """A load measurement of one route: rounds of both sides, taking turns."""

    route: str
    paths: tuple[str, ...]
    measured_at: datetime
    by: str
    runs: tuple[LoadRun, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Capacity:
    """Requests a second at the same latency: p99 within ``limit_us``, which is legacy's own at the
    load where it gives nearly all it can. The interval spans the rounds."""

    limit_us: int
    legacy: Estimate
    candidate: Estimate
    is_client_bound: bool
    measured_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """What a side costs an hour, as the operator says; for a route, its share of that."""

    legacy_per_hour: Decimal
    candidate_per_hour: Decimal
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteReport:
    """One route. ``customers``: what they got before (legacy, shadow) and after (candidate, retired);
    ``sides``: both sides in the same minutes, while customers were at both. ``cost`` is that of a
    million requests at the capacity measured, legacy's and the candidate's."""

    route: str
    title: str
    phase: str
    sentence: str
    customers: Comparison
    sides: Comparison
    capacity: Capacity | None
    cost: tuple[Decimal, Decimal] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """Before and after, route by route."""

    plan: str
    title: str
    made_at: datetime
    routes: tuple[RouteReport, ...]
    costs: Costs | None
