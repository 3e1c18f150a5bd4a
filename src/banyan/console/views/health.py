"""How the machine is, for people."""

from dataclasses import dataclass
from datetime import datetime

from banyan.console.views.home import HealthLine


@dataclass(frozen=True, slots=True)
class QueueLine:
    """Jobs of one kind."""

    kind: str
    due: int
    waiting: int
    failed: int
    last_error: str


@dataclass(frozen=True, slots=True)
class HealthView:
    is_well: bool
    sentence: str
    lines: tuple[HealthLine, ...]
    queues: tuple[QueueLine, ...]
    read_at: datetime


@dataclass(frozen=True, slots=True)
class AuditLine:
    """One privileged action of one person."""

    at: datetime
    actor: str
    action: str
    subject: str
    subject_href: str
    note: str


@dataclass(frozen=True, slots=True)
class AuditView:
    lines: tuple[AuditLine, ...]
