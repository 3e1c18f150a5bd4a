"""What the data plane reports: one record for each attempt, each request, each captured pair."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from banyan.comparison import Answer

Arm: TypeAlias = Literal["legacy", "candidate"]
Role: TypeAlias = Literal["primary", "legacy", "candidate"]

AWAITED_MS = 10_000
"""A side that was sent the whole request and said nothing for so long has failed, whoever gave up."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of one request at one side, whether or not its answer reached the customer.

    ``assigned`` is the side that the customer's weight chose, ``arm`` the one that was asked: they
    differ when legacy answers in the candidate's place. ``status`` 0 means that no whole answer
    came; ``is_censored`` that the client left or another attempt won within ``AWAITED_MS``, so that
    nothing is known of it. ``flags`` are Envoy's response flags. ``customer`` is a hash of the identity, 0 if unknown.
    ``is_shadow``: the answer went to no customer.
    """

    started_at_us: int
    route: str
    method: str
    arm: Arm
    assigned: Arm
    status: int
    duration_us: int
    is_censored: bool
    flags: str
    request_id: str
    customer: int
    number: int = 1
    is_shadow: bool = False

    @property
    def is_error(self) -> bool:
        """A failure of the side: no answer, or a 5xx."""
        return not self.is_censored and (self.status == 0 or self.status >= 500)


@dataclass(frozen=True, slots=True)
class Served:
    """What a customer got in the end."""

    started_at_us: int
    route: str
    method: str
    assigned: Arm
    answered_by: Arm
    status: int
    duration_us: int
    is_censored: bool
    attempts: int
    request_id: str
    customer: int


@dataclass(frozen=True, slots=True)
class Exchange:
    """One captured request with the answers of both sides.

    ``primary`` went to the customer and came from ``primary_arm``. The other two are shadows;
    None where one is not there (yet, or ever): the noise baseline may be missing, the pair not.
    """

    request_id: str
    route: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    primary_arm: Arm
    primary: Answer
    legacy: Answer | None
    candidate: Answer | None
    captured_at_us: int = 0


@dataclass(frozen=True, slots=True)
class SinkState:
    """Whether the reports are whole: what Envoy says it has written beside what arrived."""

    written: int
    arrived: int
    dropped: int

    @property
    def is_whole(self) -> bool:
        return self.dropped == 0 and self.written <= self.arrived
