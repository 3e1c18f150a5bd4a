"""Events as people read them."""

from dataclasses import dataclass
from datetime import date, datetime

from banyan.console.look import Tone
from banyan.console.views.frame import Choice, Pages


@dataclass(frozen=True, slots=True)
class Meta:
    """Small type under a decision: a version, how long it took, a link that proves it."""

    text: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class TimelineItem:
    at: datetime
    title: str
    tone: Tone
    reason: str = ""
    meta: tuple[Meta, ...] = ()


@dataclass(frozen=True, slots=True)
class TimelineDay:
    on: date
    items: tuple[TimelineItem, ...]


@dataclass(frozen=True, slots=True)
class EventLine:
    position: int
    type: str
    title: str
    tone: Tone
    reason: str
    subject: str
    subject_href: str
    href: str
    cause: str
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class EventsView:
    types: tuple[Choice, ...]
    subject: str
    events: tuple[EventLine, ...]
    pages: Pages
    is_filtered: bool


@dataclass(frozen=True, slots=True)
class EventView:
    line: EventLine
    sequence: int
    recorded_at: datetime
    payload: str
    cause: str
