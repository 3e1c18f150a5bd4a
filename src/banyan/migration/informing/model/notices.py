"""What teams are told, and how it reaches them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from banyan.kernel import IdKind

NOTICE = IdKind("mno")

Channel = Literal["email", "webhook"]
DeliveryState = Literal["waiting", "delivered", "not_sent", "undelivered"]
"""``not_sent``: the channel isn't set up here; ``undelivered``: every try failed."""


@dataclass(frozen=True, slots=True)
class NoticeDraft:
    """A message: a title, and sentences for people; ``facts`` are for programs."""

    kind: str
    title: str
    lines: Sequence[str]
    route: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict[str, Any])


@dataclass(frozen=True, slots=True)
class Notice:
    """A message to one team; ``source`` is the event or the week that it tells of."""

    marketplace_id: UUID
    notice_id: UUID
    plan_id: UUID
    team: str
    source: str
    kind: str
    route: str
    title: str
    lines: list[str]
    facts: dict[str, Any]
    written_at: datetime


@dataclass(frozen=True, slots=True)
class Delivery:
    """A notice on its way by one channel. ``due_at`` is when it is tried next."""

    marketplace_id: UUID
    notice_id: UUID
    channel: Channel
    address: str
    state: DeliveryState
    attempts: int
    why: str
    due_at: datetime | None
    delivered_at: datetime | None


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try. ``answer`` is what the other side said, or what went wrong."""

    notice_id: UUID
    channel: Channel
    attempt: int
    is_delivered: bool
    answer: str
    took_ms: int
    tried_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a try. ``is_set_up`` False: there is nothing here to send by; no try was made."""

    is_delivered: bool
    answer: str
    took_ms: int = 0
    is_set_up: bool = True
