"""A rehearsal: faults put into the candidate, phase by phase, and what came of each."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal, TypeAlias
from uuid import UUID

from msgspec import Struct

FORMAT = "banyan.rehearsal/1"

RehearsedPhase: TypeAlias = Literal["shadow", "canary", "ramp", "candidate"]
PHASES: tuple[RehearsedPhase, ...] = ("shadow", "canary", "ramp", "candidate")
"""In ``legacy`` nobody asks the candidate, and in ``retired`` nothing stands behind it."""


class Fault(StrEnum):
    """What is wrong with the candidate. ``none`` shows that nothing is rolled back for nothing."""

    NONE = "none"
    ERROR_500 = "error_500"
    HANG = "hang"
    SLOW = "slow"
    RESET = "reset"
    WRONG_BODY = "wrong_body"
    TRUNCATED = "truncated"
    CRASH = "crash"
    WRONG_COOKIE = "wrong_cookie"
    SLOW_DATABASE = "slow_database"
    DEAD_CONTROL_PLANE = "dead_control_plane"


SILENT = frozenset({Fault.WRONG_BODY, Fault.WRONG_COOKIE})
"""Faults with status 200: no proxy can tell them from answers, so they have to be compared."""


class Cell(Struct, frozen=True, kw_only=True):
    """One fault in one phase of one route. Instants are milliseconds since the fault began, or since
    the control plane was back where that was dead.

    ``requests`` of customers while the fault lasted, ``errors`` among them (no whole answer, or a 5xx
    that legacy didn't give). ``differences``: answers that are neither legacy's nor the sound
    candidate's, beyond noise. ``noticed_ms``: when the judge first said that something is wrong;
    ``rolled_back_ms``: when the data plane sent nobody to the candidate any more.
    """

    fault: Fault
    phase: RehearsedPhase
    route: str
    requests: int
    errors: int
    differences: int
    slowest_ms: int
    noticed_ms: int | None
    rolled_back_ms: int | None
    verdict: str
    example: str = ""
    """One error or difference, in a sentence."""
    has_passed: bool
    sentence: str


class RouteResult(Struct, frozen=True, kw_only=True):
    """What a rehearsal says of a route. ``paths`` were asked for; none: it wasn't rehearsed."""

    route: str
    fingerprint: str
    paths: tuple[str, ...]
    has_passed: bool
    sentence: str


class Evidence(Struct, frozen=True, kw_only=True):
    """All that is signed. Numbers are whole, so that its canonical form is one for everybody."""

    format: str = FORMAT
    rehearsal_id: str
    plan: str
    plan_version: int
    plan_sha256: str
    """Of the plan's file as it was applied."""
    changed: tuple[str, ...]
    """What was changed about the plan to rehearse it, in sentences."""
    legacy: str
    candidates: dict[str, str]
    customers: int
    began_at: str
    ended_at: str
    by: str
    software: str
    faults: tuple[Fault, ...]
    phases: tuple[RehearsedPhase, ...]
    cells: tuple[Cell, ...]
    routes: tuple[RouteResult, ...]
    has_passed: bool


@dataclass(frozen=True, slots=True)
class SigningKey:
    """One of a marketplace's: the public half, and the private one as the vault sealed it."""

    key_id: str
    public_key: bytes
    sealed: bytes
    made_at: datetime


@dataclass(frozen=True, slots=True)
class StoredRehearsal:
    plan_id: UUID
    rehearsal_id: UUID
    plan_version: int
    has_passed: bool
    began_at: datetime
    ended_at: datetime
    recorded_by: str
    recorded_at: datetime
    key_id: str


@dataclass(frozen=True, slots=True)
class RehearsedRoute:
    """The newest word of a rehearsal about a route."""

    rehearsal_id: UUID
    route: str
    fingerprint: str
    has_passed: bool
    ended_at: datetime
    sentence: str
