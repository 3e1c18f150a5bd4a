"""Plain records of what teams are shown and told."""

from banyan.migration.informing.model.documents import Document, DocumentName, Item, Tick
from banyan.migration.informing.model.links import LINK, StatusLink
from banyan.migration.informing.model.notices import (
    NOTICE,
    Attempt,
    Channel,
    Delivery,
    DeliveryState,
    Notice,
    NoticeDraft,
    Outcome,
)
from banyan.migration.informing.model.status import (
    ChangeLine,
    FreezeStatus,
    Incident,
    MilestoneStatus,
    NextStep,
    RouteChange,
    RouteStatus,
    Snapshot,
    Standing,
    StatusPage,
)

__all__ = [
    "LINK",
    "NOTICE",
    "Attempt",
    "ChangeLine",
    "Channel",
    "Delivery",
    "DeliveryState",
    "Document",
    "DocumentName",
    "FreezeStatus",
    "Incident",
    "Item",
    "MilestoneStatus",
    "NextStep",
    "Notice",
    "NoticeDraft",
    "Outcome",
    "RouteChange",
    "RouteStatus",
    "Snapshot",
    "Standing",
    "StatusLink",
    "StatusPage",
    "Tick",
]
