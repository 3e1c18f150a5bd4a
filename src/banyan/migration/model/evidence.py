"""What the judge is given: counts of one route over a short while."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class ArmWindow:
    """One side of a route: attempts that are not censored, failures, and how long answers took.

    ``buckets`` counts durations by ``gateway.bucket_of``, failures left out. ``customers`` is how
    many different ones made the attempts (0: not known), ``failing`` those that met failures, with how
    many: one customer who tries again twenty times is one misfortune, not twenty.
    """

    attempts: int = 0
    errors: int = 0
    buckets: Mapping[int, int] = field(default_factory=dict[int, int])
    customers: int = 0
    failing: Mapping[int, int] = field(default_factory=dict[int, int])


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """What was seen of one route since the window before.

    ``compared`` answers of both sides, ``diverged`` of them beyond noise and what was accepted.
    ``is_whole`` is false when reports are known to be missing: nothing may then be concluded in the
    candidate's favour. ``ejected``: the candidate was taken out of rotation for its failures.
    ``group`` holds apart what may not be set against each other: the sides are compared only within
    a group (reads go to both while writes still go to legacy).
    """

    began_at_us: int
    ended_at_us: int
    legacy: ArmWindow = ArmWindow()
    candidate: ArmWindow = ArmWindow()
    compared: int = 0
    diverged: int = 0
    is_whole: bool = True
    is_ejected: bool = False
    group: str = "reads"
