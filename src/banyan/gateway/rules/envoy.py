"""Words of Envoy's configuration that stand in many places."""

from ipaddress import ip_address
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

TYPE = "type.googleapis.com/"
HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"

NAMESPACE = "banyan"
"""Of our metadata on routes, hosts and requests."""

ID_HEADER = "x-banyan-id"
"""A name of our own for each request, the same on the mirrored ones; no side ever sees it."""

INNER_ID = ":banyan-id"
INNER_CUSTOMER = ":banyan-customer"
INNER_NEW = ":banyan-new"
INNER_WROTE = ":banyan-wrote"
"""The request's name again; 15 hexadecimal digits by which a customer's side is drawn; the cookie that the
answer shall bring; that the customer has just written at legacy. HTTP/1 has no such headers: Envoy sends them to no side, no customer can send
them, and still routes and logs find them on the request."""

ROLE_HEADER = "x-banyan-role"
ROUTE_HEADER = "x-banyan-route"
FORWARDED_HEADER = "x-banyan-forwarded-for"
"""Envoy adds itself to ``X-Forwarded-For`` of a mirrored request; this keeps what the side shall see."""

ATTEMPT_HEADER = "x-banyan-attempt"
"""Which attempt it is; seen by our own filters only."""

FIRST_HEADER = "x-banyan-first"
"""On the answer to a first attempt: how many there are by now, the arm of the last one, the status."""

LEGACY = "legacy"
LEGACY_BEHIND = "legacy.behind"
"""Legacy as it is asked in a candidate's place."""

EDGE_FILTER = "banyan.edge"
"""The filter that every request of a customer's passes; the edge's routes have words for it."""

NAMELESS = "nameless.invalid"
"""The host of a request of HTTP/1.0 that names none, until the filter gives it legacy's address. In the
listener itself that address would, when it changes, end customers' connections."""

CAPTURE = "banyan.capture"
"""The filter that hands requests and answers to the capture service, on routes that ask for it."""


def seconds(milliseconds: int) -> str:
    return f"{milliseconds / 1000:.3f}s"


def extension(name: str, kind: str, **config: object) -> Json:
    return {"name": name, "typed_config": {"@type": TYPE + kind, **config}}


def set_header(name: str, value: str) -> Json:
    """A mutation that leaves one header of this name."""
    return {
        "append": {
            "header": {"key": name, "value": value},
            "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
        }
    }


def address_of(address: str) -> Json:
    """Where to listen: ``unix:/path``, for this user only, or ``host:port`` (``[::1]:80``)."""
    found = target_of(address)
    if "pipe" in found:
        found["pipe"]["mode"] = 0o600
    return found


def target_of(address: str) -> Json:
    """Where to connect to."""
    if address.startswith("unix:"):
        return {"pipe": {"path": address.removeprefix("unix:")}}
    host, _, port = address.rpartition(":")
    return socket_address(host.strip("[]"), int(port))


def socket_address(host: str, port: int) -> Json:
    both = {"ipv4_compat": True} if host == "::" else {}
    return {"socket_address": {"address": host, "port_value": port, **both}}


def is_name(host: str) -> bool:
    """Whether a host has to be looked up."""
    try:
        ip_address(host)
    except ValueError:
        return True
    return False


def watched(folder: str, name: str) -> Json:
    return {
        "path_config_source": {
            "path": f"{folder}/{name}.json",
            "watched_directory": {"path": folder},
        },
        "resource_api_version": "V3",
        "initial_fetch_timeout": "0s",
    }
