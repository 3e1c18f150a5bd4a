"""What goes in and out."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from banyan.runtime.http import ListQuery

Team = Annotated[str, Meta(pattern="^([a-z][a-z0-9_-]{0,39})?$", examples=["checkout"])]


class StatusNextView(Struct, kw_only=True):
    sentence: str
    earliest_at: datetime | None
    is_announced: bool


class StatusRouteView(Struct, kw_only=True):
    """`share_bp`: of the customers, served by the new platform, in hundredths of a percent."""

    route: str
    title: str
    phase: str
    share_bp: int
    sentence: str
    is_held: bool
    since: datetime | None
    next: StatusNextView
    owner: str
    dependents: list[str]


class StatusMilestoneView(Struct, kw_only=True):
    name: str
    on: date
    about: str
    standing: Literal["done", "on_time", "at_risk", "late"]
    sentence: str
    reached: int
    routes: int


class StatusFreezeView(Struct, kw_only=True):
    start: datetime
    end: datetime
    why: str
    is_on: bool


class StatusIncidentView(Struct, kw_only=True):
    route: str
    title: str
    at: datetime
    sentence: str
    noticed: str


class StatusChangeView(Struct, kw_only=True):
    key: str
    at: datetime
    title: str
    sentence: str
    route: str
    kind: str


class MigrationStatusView(Struct, kw_only=True):
    """A migration as outsiders may see it: no addresses, no people, no figures of the judge."""

    object: Literal["migration_status"] = "migration_status"
    plan: str
    title: str
    team: str | None
    headline: str
    routes: list[StatusRouteView]
    milestones: list[StatusMilestoneView]
    freezes: list[StatusFreezeView]
    incidents: list[StatusIncidentView]
    changes: list[StatusChangeView]
    updated_at: datetime


class ReadStatus(Struct, kw_only=True, forbid_unknown_fields=True):
    team: Annotated[Team, Meta(description="Only what this team owns or depends on.")] = ""


class CreateStatusLink(Struct, kw_only=True, forbid_unknown_fields=True):
    """A link for whoever shall read the page; without `team` it shows the whole plan."""

    team: Team = ""
    title: Annotated[str, Meta(max_length=120, description="Who it is for.")] = ""


class StatusLinkView(Struct, kw_only=True):
    """A link to a status page. `url` is shown once, when it is made."""

    object: Literal["status_link"] = "status_link"
    id: str
    livemode: bool
    team: str | None
    title: str
    url: str | None
    created_by: str
    created_at: datetime
    revoked_at: datetime | None


class DeliveryView(Struct, kw_only=True):
    channel: Literal["email", "webhook"]
    address: str
    state: Literal["waiting", "delivered", "not_sent", "undelivered"]
    attempts: list["AttemptView"]
    why: str
    due_at: datetime | None
    delivered_at: datetime | None


class AttemptView(Struct, kw_only=True):
    attempt: int
    is_delivered: bool
    answer: str
    took_ms: int
    tried_at: datetime


class NoticeView(Struct, kw_only=True):
    """What a team was told, and how it reached it."""

    object: Literal["migration_notice"] = "migration_notice"
    id: str
    livemode: bool
    team: str
    kind: str
    route: str | None
    title: str
    lines: list[str]
    facts: dict[str, Any]
    written_at: datetime
    deliveries: list[DeliveryView]


class ListNotices(ListQuery, kw_only=True, forbid_unknown_fields=True):
    team: Team | None = None
    route: Annotated[str, Meta(pattern="^[a-z][a-z0-9_-]{0,39}$")] | None = None


class RevealSecret(Struct, kw_only=True, forbid_unknown_fields=True):
    rotate: Annotated[
        bool, Meta(description="Make a new one; for a day webhooks carry both signatures.")
    ] = False


class TeamSecretView(Struct, kw_only=True):
    """What a team's webhooks are signed with (Standard Webhooks)."""

    object: Literal["webhook_secret"] = "webhook_secret"
    team: str
    secret: str


class BoxView(Struct, kw_only=True):
    item: int
    text: str
    is_done: bool
    by: str | None
    at: datetime | None


class RunbookView(Struct, kw_only=True):
    """The boxes of a runbook or a roll-back procedure."""

    object: Literal["migration_document"] = "migration_document"
    route: str
    document: Literal["runbook", "rollback"]
    items: list[BoxView]


class TickItem(Struct, kw_only=True, forbid_unknown_fields=True):
    """`text` is what the box says; the tick is refused if that has changed."""

    item: Annotated[int, Meta(ge=0, le=999)]
    text: Annotated[str, Meta(min_length=1, max_length=2_000)]
    is_done: bool = True
