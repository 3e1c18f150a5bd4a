"""Everyone informed: status pages, notices to teams, the calendar, summaries and runbooks.

Reads plans, where routes stand and what happened to them; keeps links, notices, their deliveries
and the ticked boxes of runbooks. ``docs/status-pages.md`` tells how it is used.
"""

from banyan.migration.informing.api import operations, status_view
from banyan.migration.informing.errors import (
    ItemNotFound,
    LinkNotFound,
    NoticeNotFound,
    TeamNotFound,
)
from banyan.migration.informing.jobs import jobs
from banyan.migration.informing.model import (
    LINK,
    NOTICE,
    Delivery,
    Document,
    DocumentName,
    MilestoneStatus,
    Notice,
    RouteStatus,
    Snapshot,
    StatusLink,
    StatusPage,
)
from banyan.migration.informing.rules.calendar import calendar
from banyan.migration.informing.rules.documents import document
from banyan.migration.informing.rules.feeds import atom
from banyan.migration.informing.rules.retries import may_send_again
from banyan.migration.informing.rules.saying import served_sentence
from banyan.migration.informing.rules.status import status_page
from banyan.migration.informing.service.documents import read_document, tick_item
from banyan.migration.informing.service.links import (
    create_link,
    list_links,
    open_link,
    revoke_link,
)
from banyan.migration.informing.service.notices import NoticeTold, list_notices, send_again
from banyan.migration.informing.service.reading import (
    read_status,
    snapshot_of,
    snapshot_of_plan,
)
from banyan.migration.informing.service.secrets import reveal_secret
from banyan.migration.informing.service.telling import served_since, tell_of_event

__all__ = [
    "LINK",
    "NOTICE",
    "Delivery",
    "Document",
    "DocumentName",
    "ItemNotFound",
    "LinkNotFound",
    "MilestoneStatus",
    "Notice",
    "NoticeNotFound",
    "NoticeTold",
    "RouteStatus",
    "Snapshot",
    "StatusLink",
    "StatusPage",
    "TeamNotFound",
    "atom",
    "calendar",
    "create_link",
    "document",
    "jobs",
    "list_links",
    "list_notices",
    "may_send_again",
    "open_link",
    "operations",
    "read_document",
    "read_status",
    "reveal_secret",
    "revoke_link",
    "send_again",
    "served_sentence",
    "served_since",
    "snapshot_of",
    "snapshot_of_plan",
    "status_page",
    "status_view",
    "tell_of_event",
    "tick_item",
]
