"""What the gateway is told, and what it tells: plain records."""

from banyan.gateway.model.records import (
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

__all__ = [
    "ARMS",
    "BP",
    "SAFE_METHODS",
    "Arm",
    "ArmCounts",
    "Attempt",
    "Cookies",
    "Exchange",
    "FallBack",
    "GatewaySpec",
    "Identity",
    "PathMatch",
    "Role",
    "RouteCounts",
    "RouteSpec",
    "Served",
    "Shadow",
    "SinkState",
    "Upstream",
    "Written",
]
