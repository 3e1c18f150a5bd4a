"""What Envoy is started with: who it is, where its folder is, and the services it reports to."""

from banyan.gateway.model import Places
from banyan.gateway.rules.envoy import (
    HTTP_OPTIONS,
    TYPE,
    Json,
    address_of,
    is_name,
    target_of,
    watched,
)

REPORTS = "banyan.reports"
CAPTURES = "banyan.captures"


def bootstrap(name: str, places: Places) -> Json:
    return {
        **_common(name, places),
        "dynamic_resources": {
            "lds_config": watched(places.xds, "listeners"),
            "cds_config": watched(places.xds, "clusters"),
        },
        "static_resources": {"clusters": services(places)},
    }


def whole(name: str, places: Places, listeners: list[Json], clusters: list[Json]) -> Json:
    """Everything in one file, which ``envoy --mode validate`` reads to the end."""
    return {
        **_common(name, places),
        "static_resources": {
            "listeners": [_untyped(listener) for listener in listeners],
            "clusters": services(places) + [_untyped(cluster) for cluster in clusters],
        },
    }


def services(places: Places) -> list[Json]:
    """The clusters of our own services. A slow one costs reports, never a customer's request."""
    return [
        # Envoy holds what can't be sent of a log in memory, up to its buffer, then drops and counts it.
        _service(REPORTS, places.reports, requests_max=1_024),
        _service(CAPTURES, places.capture, requests_max=1_024),
    ]


def _common(name: str, places: Places) -> Json:
    return {
        "node": {"id": name, "cluster": "banyan"},
        "admin": {"address": address_of(places.admin), "ignore_global_conn_limit": True},
        "layered_runtime": {
            "layers": [
                {
                    "name": "banyan",
                    "static_layer": {
                        # What legacy was given it is given still: a `#` is its to refuse.
                        "envoy.reloadable_features.http_reject_path_with_fragment": False,
                    },
                }
            ]
        },
    }


def _service(name: str, address: str, *, requests_max: int) -> Json:
    host = address.rpartition(":")[0].strip("[]")
    by_name = not address.startswith("unix:") and is_name(host)
    limits = {
        "max_connections": 64,
        "max_pending_requests": requests_max,
        "max_requests": requests_max,
        "max_retries": 0,
    }
    return {
        "name": name,
        "type": "STRICT_DNS" if by_name else "STATIC",
        "connect_timeout": "1s",
        "circuit_breakers": {"thresholds": [limits]},
        "typed_extension_protocol_options": {
            HTTP_OPTIONS: {
                "@type": TYPE + HTTP_OPTIONS,
                "explicit_http_config": {"http2_protocol_options": {}},
            }
        },
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": target_of(address)}}]}],
        },
    }


def _untyped(resource: Json) -> Json:
    return {key: value for key, value in resource.items() if key != "@type"}
