"""Everyone informed: status pages, notices to teams, the calendar, summaries and runbooks.

Reads plans, where routes stand and what happened to them; keeps links, notices, their deliveries
and the ticked boxes of runbooks. ``docs/status-pages.md`` tells how it is used.
"""

from banyan.migration.informing.api import operations
from banyan.migration.informing.errors import (
    ItemNotFound,
    LinkNotFound,
    NoticeNotFound,
    PlanNotApplied,
    RouteNotInPlan,
    TeamNotFound,
)
from banyan.migration.informing.jobs import jobs
from banyan.migration.informing.model import (
    LINK,
    NOTICE,
    Delivery,
    Document,
    DocumentName,
    Notice,
    Snapshot,
    StatusLink,
    StatusPage,
)
from banyan.migration.informing.rules.documents import document
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
    get_plan,
    read_calendar,
    read_feed,
    read_status,
    snapshot_of,
    snapshot_of_plan,
)
from banyan.migration.informing.service.secrets import reveal_secret
from banyan.migration.informing.service.telling import Divergences

__all__ = [
    "LINK",
    "NOTICE",
    "Delivery",
    "Divergences",
    "Document",
    "DocumentName",
    "ItemNotFound",
    "LinkNotFound",
    "Notice",
    "NoticeNotFound",
    "NoticeTold",
    "PlanNotApplied",
    "RouteNotInPlan",
    "Snapshot",
    "StatusLink",
    "StatusPage",
    "TeamNotFound",
    "create_link",
    "document",
    "get_plan",
    "jobs",
    "list_links",
    "list_notices",
    "open_link",
    "operations",
    "read_calendar",
    "read_document",
    "read_feed",
    "read_status",
    "reveal_secret",
    "revoke_link",
    "send_again",
    "served_sentence",
    "snapshot_of",
    "snapshot_of_plan",
    "status_page",
    "tick_item",
]
