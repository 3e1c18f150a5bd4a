"""What the sinks tell: counts of each route over a short while, and whether they are whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ArmCounts:
    """Attempts at one side that are not censored, failures among them, and how long answers took.

    ``buckets`` counts durations by ``bucket_of``, failures left out. ``censored`` attempts say
    nothing of the side: the client left, or the other side was quicker.
    """

    attempts: int = 0
    errors: int = 0
    censored: int = 0
    buckets: Mapping[int, int] = field(default_factory=dict[int, int])


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteCounts:
    """What arrived about one route since the counts before.

    ``legacy`` and ``candidate`` are the first attempts of customers' requests with safe methods, by
    the side that the weight chose: the two groups that may be compared with one another. An attempt
    at legacy because the candidate failed is a fall-back and in neither of them, since it was not
    drawn by lot. Other methods (``writes_…``) all go to one side, so they stand apart too.
    ``shadow_…`` are attempts whose answers no customer got. ``served`` is what customers with safe
    methods got in the end, errors included, whoever answered.

    ``is_whole``: of what Envoy had written until a moment before ``ended_at_us`` all has arrived
    and none was lost. When false, ``lost`` tells how many entries are known to be missing for good.
    """

    route: str
    began_at_us: int
    ended_at_us: int
    legacy: ArmCounts = ArmCounts()
    candidate: ArmCounts = ArmCounts()
    writes_legacy: ArmCounts = ArmCounts()
    writes_candidate: ArmCounts = ArmCounts()
    shadow_legacy: ArmCounts = ArmCounts()
    shadow_candidate: ArmCounts = ArmCounts()
    served: ArmCounts = ArmCounts()
    served_writes: ArmCounts = ArmCounts()
    fall_backs: int = 0
    is_whole: bool = True
    lost: int = 0


@dataclass(frozen=True, slots=True)
class Written:
    """One reading of Envoy's own counters of log entries, all logs together.

    ``epoch`` names the run of Envoy (its counters begin at 0 with it): pid and start time.
    The reading was asked for at ``asked_at_us`` and had come at ``told_at_us`` (Unix time, µs).
    """

    epoch: str
    written: int
    dropped: int
    asked_at_us: int
    told_at_us: int
