"""Who was told, and by which ways."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from banyan.console.look import Pill
from banyan.console.views.frame import Choice, Pages
from banyan.console.views.migration.shared import PlanHead


@dataclass(frozen=True, slots=True)
class WayLine:
    """How a notice stands with one channel."""

    channel: str
    address: str
    state: Pill
    note: str


@dataclass(frozen=True, slots=True)
class NoticeLine:
    notice_id: str
    again_href: str
    title: str
    team: str
    lines: Sequence[str]
    ways: tuple[WayLine, ...]
    at: datetime
    can_send_again: bool


@dataclass(frozen=True, slots=True)
class LinkLine:
    link_id: str
    title: str
    team: str
    state: Pill
    by: str
    at: datetime
    revoke_href: str


@dataclass(frozen=True, slots=True)
class NoticesView:
    head: PlanHead
    sentence: str
    teams: tuple[Choice, ...]
    notices: tuple[NoticeLine, ...]
    pages: Pages
    links: tuple[LinkLine, ...]
    link_href: str
    link_teams: tuple[Choice, ...]
    new_url: str
    """Of a link that was just made; shown this once."""
