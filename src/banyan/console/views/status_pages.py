"""Status pages of migrations, for readers without an account."""

from dataclasses import dataclass

from banyan.console.look import Pill
from banyan.migration.informing import MilestoneStatus, RouteStatus, StatusPage


@dataclass(frozen=True, slots=True)
class RouteLine:
    route: RouteStatus
    pill: Pill
    percent: str
    """Of the customers, served by the new platform."""


@dataclass(frozen=True, slots=True)
class MilestoneLine:
    milestone: MilestoneStatus
    pill: Pill


@dataclass(frozen=True, slots=True)
class StatusView:
    page: StatusPage
    routes: tuple[RouteLine, ...]
    milestones: tuple[MilestoneLine, ...]
    calendar_href: str
    feed_href: str
    json_href: str
