"""What must hold in a phase, in plain numbers: criteria of plan, route and defaults made one."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from banyan.migration.model.plan import Phase

MINUTE_US = 60_000_000
HOUR_US = 60 * MINUTE_US


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """The criteria of one route in one phase; shares and increases are parts of one.

    ``requests_min`` counts attempts at the candidate, ``compared_min`` pairs of answers (0: the route
    isn't compared), ``time_min_us`` runs from when the route came to this phase and step.
    ``errors_increase_max`` is added to legacy's error rate, ``latency_increase_max`` is a part of
    legacy's quantile. ``confidence`` is that of one phase and step, all its tests together.
    ``fall_back_after_us``: when legacy is asked as well, None: never.
    """

    requests_min: int = 1_000
    compared_min: int = 200
    time_min_us: int = 15 * MINUTE_US
    errors_increase_max: float = 0.005
    latency_increase_max: float = 0.25
    latency_floor_us: int = 20_000
    divergence_max: float = 0.005
    confidence: float = 0.99
    data: tuple[str, ...] = ()
    rehearsed: bool = False
    approval: bool = False
    fall_back_after_us: int | None = None


DEFAULT_BOUNDS: Mapping[Phase, Bounds] = MappingProxyType(
    {
        Phase.LEGACY: Bounds(requests_min=0, compared_min=0, time_min_us=0),
        Phase.SHADOW: Bounds(requests_min=500, compared_min=500, time_min_us=30 * MINUTE_US),
        Phase.CANARY: Bounds(requests_min=1_000, time_min_us=30 * MINUTE_US),
        Phase.RAMP: Bounds(),
        Phase.CANDIDATE: Bounds(
            requests_min=10_000, compared_min=1_000, time_min_us=24 * HOUR_US, approval=True
        ),
        Phase.RETIRED: Bounds(requests_min=0, compared_min=0, time_min_us=0),
    }
)
"""What holds where neither plan nor route says anything."""
