"""The gateway: Envoy in front of a legacy platform and its candidates, and what it reports.

Knows nothing of plans: it is told a ``GatewaySpec`` and tells what it saw.
"""

from banyan.gateway.dataplane import (
    DataPlane,
    check_spec,
    data_plane,
    find_envoy,
    places_of,
    unreached,
)
from banyan.gateway.errors import ConfigurationRefused, GatewayError, GatewayUnusable
from banyan.gateway.model import (
    ARMS,
    BP,
    SAFE_METHODS,
    Applied,
    Arm,
    ArmCounts,
    Attempt,
    Cookies,
    DataPlaneStatus,
    Exchange,
    FallBack,
    GatewaySpec,
    Identity,
    PathMatch,
    Places,
    Role,
    RouteCounts,
    RouteSpec,
    Served,
    Shadow,
    SinkState,
    Upstream,
    Written,
)
from banyan.gateway.rules import render, route_of
from banyan.gateway.rules.latency import bucket_of, bucket_us
from banyan.gateway.sinks import CaptureCounts, Seen, Sinks

__all__ = [
    "ARMS",
    "BP",
    "SAFE_METHODS",
    "Applied",
    "Arm",
    "ArmCounts",
    "Attempt",
    "CaptureCounts",
    "ConfigurationRefused",
    "Cookies",
    "DataPlane",
    "DataPlaneStatus",
    "Exchange",
    "FallBack",
    "GatewayError",
    "GatewaySpec",
    "GatewayUnusable",
    "Identity",
    "PathMatch",
    "Places",
    "Role",
    "RouteCounts",
    "RouteSpec",
    "Seen",
    "Served",
    "Shadow",
    "SinkState",
    "Sinks",
    "Upstream",
    "Written",
    "bucket_of",
    "bucket_us",
    "check_spec",
    "data_plane",
    "find_envoy",
    "places_of",
    "render",
    "route_of",
    "unreached",
]
