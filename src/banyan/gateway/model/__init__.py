"""What the gateway is told, and what it tells: plain records."""

from banyan.gateway.model.places import Places
from banyan.gateway.model.records import (
    AWAITED_MS,
    Arm,
    Attempt,
    Exchange,
    Role,
    Served,
    SinkState,
)
from banyan.gateway.model.reports import ArmCounts, RouteCounts, Written
from banyan.gateway.model.spec import (
    ARMS,
    BP,
    SAFE_METHODS,
    Cookies,
    FallBack,
    GatewaySpec,
    Identity,
    PathMatch,
    RouteSpec,
    Shadow,
    Upstream,
)
from banyan.gateway.model.state import Applied, DataPlaneStatus

__all__ = [
    "ARMS",
    "AWAITED_MS",
    "BP",
    "SAFE_METHODS",
    "Applied",
    "Arm",
    "ArmCounts",
    "Attempt",
    "Cookies",
    "DataPlaneStatus",
    "Exchange",
    "FallBack",
    "GatewaySpec",
    "Identity",
    "PathMatch",
    "Places",
    "Role",
    "RouteCounts",
    "RouteSpec",
    "Served",
    "Shadow",
    "SinkState",
    "Upstream",
    "Written",
]
