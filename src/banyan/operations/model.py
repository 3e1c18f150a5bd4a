"""Records of operations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Literal
from uuid import UUID

from banyan.kernel import IdKind, Money

CASE = IdKind("cas")


class CaseState(StrEnum):
    OPEN = "open"
    RESOLVED = "resolved"
    WITHDRAWN = "withdrawn"
    """Nobody needs to decide any more, such as when the order was cancelled meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseDraft:
    """A question for a person. ``key`` makes it one question, however often it is asked."""

    key: str
    queue: str
    kind: str
    subject: str
    title: str
    reason: str
    due_at: datetime
    resolutions: tuple[str, ...]
    at_risk: Money | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Case:
    """A question and, once a person has answered, its resolution."""

    marketplace_id: UUID
    case_id: UUID
    key: str
    queue: str
    kind: str
    subject: str
    title: str
    reason: str
    evidence: dict[str, Any]
    at_risk_minor: int | None
    currency: str | None
    resolutions: list[str]
    state: Literal["open", "resolved", "withdrawn"]
    owner: str | None
    opened_at: datetime
    due_at: datetime
    resolution: str | None
    note: str | None
    resolved_by: str | None
    by_person: bool | None
    closed_at: datetime | None

    @property
    def at_risk(self) -> Money | None:
        if self.at_risk_minor is None or self.currency is None:
            return None
        return Money.of(self.at_risk_minor, self.currency)

    @property
    def is_open(self) -> bool:
        return self.state == CaseState.OPEN


@dataclass(frozen=True, slots=True)
class CaseCounts:
    """How many cases wait, and how many of them are past their deadline."""

    open: int
    overdue: int
