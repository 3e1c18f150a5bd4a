"""What the judge is asked about, and what it answers."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from banyan.migration.model.bounds import Bounds
from banyan.migration.model.plan import Phase

VerdictKind: TypeAlias = Literal["advance", "hold", "rollback"]
GateState: TypeAlias = Literal["pass", "wait", "fail"]
GateName: TypeAlias = Literal[
    "reports",
    "ejection",
    "errors",
    "latency",
    "fall_back",
    "divergence",
    "requests",
    "compared",
    "time",
    "data",
    "rehearsal",
    "approval",
    "held",
    "freeze",
    "notice",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Situation:
    """Where a route stands and what people and other parts have said: all but what was measured.

    ``data_missing`` names data sets that the bounds ask for and that are not verified, with why.
    ``rehearsal_missing`` says what is wrong with the rehearsal ("none yet", "43 days old"), '' nothing.
    ``is_approved``: a person has said yes to the phase that comes next; ``stays_in_phase``: no phase
    comes next, but a further weight, to which nobody has to say yes. ``frozen_why`` is the freeze
    window that is open now. ``notice_until_us``: when those who were told may be taken by surprise no
    more; None: they have not been told. ``notice_us`` 0: nobody has to be told.
    ``is_candidate_asked`` is false where no request of the route can reach the candidate in this phase
    (a route of writes only, before its cutover): then only a person can say that it goes on.
    ``is_legacy_asked_after_write``: customers who have just written at legacy read there, too.
    """

    phase: Phase
    bounds: Bounds
    now_us: int
    entered_at_us: int
    step: int = 0
    next_step: str = ""
    """What an advance would do, in words: "5 % of customers", "phase candidate"."""
    data_missing: Mapping[str, str] = field(default_factory=dict[str, str])
    rehearsal_missing: str = ""
    is_approved: bool = False
    stays_in_phase: bool = False
    held_why: str = ""
    frozen_why: str = ""
    notice_us: int = 0
    notice_until_us: int | None = None
    is_candidate_asked: bool = True
    is_legacy_asked_after_write: bool = False
    window_age_max_us: int = 60_000_000
    """Evidence whose last window ended longer ago than this is stale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One condition: whether it holds, in a sentence with its numbers, and the numbers."""

    name: GateName
    state: GateState
    sentence: str
    numbers: Mapping[str, float | int | str | None] = field(
        default_factory=dict[str, float | int | str | None]
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Go on, wait or go back, why, and what comes next: ``sentence`` is for a person in a hurry."""

    kind: VerdictKind
    sentence: str
    gates: tuple[Gate, ...]

    def find(self, name: GateName) -> Gate | None:
        """One gate; None where the phase doesn't have it."""
        return next((gate for gate in self.gates if gate.name == name), None)

    def waits_only_for(self, *names: GateName) -> bool:
        """Whether nothing but these gates is in the way: the time to announce, or to ask a person."""
        waiting = {gate.name for gate in self.gates if gate.state != "pass"}
        return bool(waiting) and waiting <= set(names)
