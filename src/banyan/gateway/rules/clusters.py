"""The sides as Envoy knows them.

Every route has clusters of its own for its candidate, so that one route's failures take the candidate
out of that route only. Legacy is one cluster for all, and a second one where it answers in a
candidate's place: its endpoint says so, and reports tell the two apart without a header that would
have to travel.
"""

from banyan.gateway.model import GatewaySpec, Places, RouteSpec, Upstream
from banyan.gateway.rules.envoy import (
    ATTEMPT_HEADER,
    FIRST_HEADER,
    HTTP_OPTIONS,
    LEGACY,
    LEGACY_BEHIND,
    NAMESPACE,
    TYPE,
    Json,
    extension,
    is_name,
    seconds,
    set_header,
    socket_address,
    target_of,
)
from banyan.gateway.rules.lua import buffering

CLUSTER = TYPE + "envoy.config.cluster.v3.Cluster"
BUFFER_BYTES = 4_194_304
HEADERS_MAX = 1_000
HEADERS_KB_MAX = 512
IDLE_MS = 1_000
"""Kept shorter than servers keep theirs (2 s and up): a request sent on a connection that the server
is just closing would be lost."""

CONNECT_MS = 10_000
CONNECT_CANDIDATE_MS = 1_000
SHADOW_REQUESTS_MAX = 64
_MANY = 1_000_000
PRESERVE_CASE = extension(
    "preserve_case",
    "envoy.extensions.http.header_formatters.preserve_case.v3.PreserveCaseFormatterConfig",
    forward_reason_phrase=True,
    formatter_type_on_envoy_headers="PROPER_CASE",
)
H2_OFFERS = [{"prefix": "h2", "ignore_case": True}, {"prefix": "TLS/", "ignore_case": True}]
"""Upgrades that are offered and never meant: Apache and curl send them along."""


def clusters(spec: GatewaySpec, places: Places) -> list[Json]:
    by_name = {upstream.name: upstream for upstream in spec.candidates}
    made = [
        _side(LEGACY, spec.legacy, places, arm="legacy"),
        _side(LEGACY_BEHIND, spec.legacy, places, arm="legacy", assigned="candidate"),
        *_shadowed("legacy", "", spec.legacy, places),
    ]
    used = {route.candidate for route in spec.routes if route.candidate is not None}
    for name in sorted(used):
        upstream = by_name[name]
        made.append(_side(plain_cluster(name), upstream, places, arm="candidate"))
        made += _shadowed("candidate", name, upstream, places)
    for route in spec.routes:
        if not has_fall_back(route):
            continue
        assert route.candidate is not None
        assert route.fall_back is not None
        made.append(_candidate(route, by_name[route.candidate], places))
        made.append(_composite(route, route.fall_back.buffer_bytes_max))
    return made


def has_fall_back(route: RouteSpec) -> bool:
    return route.candidate is not None and not route.is_retired and route.fall_back is not None


def plain_cluster(upstream: str) -> str:
    return f"plain.{upstream}"


def candidate_cluster(route: RouteSpec) -> str:
    return f"candidate.{route.name}"


def composite_cluster(route: RouteSpec) -> str:
    return f"fallback.{route.name}"


def shadow_cluster(arm: str, upstream: str = "") -> str:
    return f"shadow.{arm}.{upstream}" if upstream else f"shadow.{arm}"


def loop_cluster(arm: str, upstream: str = "") -> str:
    return f"loop.{shadow_cluster(arm, upstream)}"


def _side(
    name: str, upstream: Upstream, places: Places, *, arm: str, assigned: str | None = None
) -> Json:
    return {
        "@type": CLUSTER,
        "name": name,
        "connect_timeout": seconds(CONNECT_MS),
        "circuit_breakers": _breakers(_MANY, retries=0),
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        "typed_extension_protocol_options": {HTTP_OPTIONS: _http_options()},
        **_tls(upstream, places),
        **_endpoints(name, upstream, {"arm": arm, "assigned": assigned or arm}),
    }


def _shadowed(arm: str, name: str, upstream: Upstream, places: Places) -> list[Json]:
    """A side as shadows ask it, and the way there: one each, so that who hangs keeps nobody else waiting."""
    side = _side(shadow_cluster(arm, name), upstream, places, arm=arm)
    breakers = _breakers(SHADOW_REQUESTS_MAX, retries=0)
    return [{**side, "circuit_breakers": breakers}, _loop(loop_cluster(arm, name), places)]


def _candidate(route: RouteSpec, upstream: Upstream, places: Places) -> Json:
    """The candidate of one route; taken out for a while after failures in a row."""
    return {
        **_side(candidate_cluster(route), upstream, places, arm="candidate"),
        "connect_timeout": seconds(CONNECT_CANDIDATE_MS),
        "common_lb_config": {"healthy_panic_threshold": {"value": 0}},
        "outlier_detection": {
            "consecutive_5xx": 5,
            "consecutive_gateway_failure": 5,
            "enforcing_consecutive_gateway_failure": 100,
            "interval": "1s",
            "base_ejection_time": "10s",
            "max_ejection_time": "30s",
            "max_ejection_percent": 100,
        },
    }


def _composite(route: RouteSpec, buffer_bytes_max: int) -> Json:
    """The candidate, then legacy. Limits and filters work here only, not on what it is made of."""
    filters: list[Json] = []
    if buffer_bytes_max > 0:
        filters.append(
            extension(
                "banyan.buffer",
                "envoy.extensions.filters.http.lua.v3.Lua",
                default_source_code={"inline_string": buffering(buffer_bytes_max)},
            )
        )
    filters += _first_attempt()
    parts = [{"name": candidate_cluster(route)}, {"name": LEGACY_BEHIND}]
    return {
        "@type": CLUSTER,
        "name": composite_cluster(route),
        "connect_timeout": seconds(CONNECT_CANDIDATE_MS),
        "lb_policy": "CLUSTER_PROVIDED",
        "cluster_type": extension(
            "envoy.clusters.composite",
            "envoy.extensions.clusters.composite.v3.ClusterConfig",
            clusters=parts,
        ),
        "circuit_breakers": _breakers(_MANY, retries=_MANY),
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        "typed_extension_protocol_options": {HTTP_OPTIONS: _http_options(filters)},
    }


def _first_attempt() -> list[Json]:
    """The answer to a first attempt is marked as such, so that the router can tell what to ask anew.

    What Envoy says of host and attempt is always of the last one. Which one a filter belongs to is
    known on the way in only, and has to be decided there.
    """
    count = set_header(ATTEMPT_HEADER, "%UPSTREAM_REQUEST_ATTEMPT_COUNT%")
    told = f"%UPSTREAM_REQUEST_ATTEMPT_COUNT% %UPSTREAM_METADATA({NAMESPACE}:arm)% %RESP(:status)%"
    attempt = extension(
        "attempt",
        "envoy.type.matcher.v3.HttpRequestHeaderMatchInput",
        header_name=ATTEMPT_HEADER,
    )
    skip = extension("skip", "envoy.extensions.filters.common.matcher.action.v3.SkipFilter")
    return [
        _mutation("banyan.attempt", request_mutations=[count]),
        extension(
            "banyan.first",
            "envoy.extensions.common.matching.v3.ExtensionWithMatcher",
            extension_config=_mutation(
                "banyan.first", response_mutations=[set_header(FIRST_HEADER, told)]
            ),
            xds_matcher={
                "matcher_tree": {
                    "input": attempt,
                    "exact_match_map": {"map": {"2": {"action": skip}}},
                }
            },
        ),
        _mutation("banyan.silent", request_mutations=[{"remove": ATTEMPT_HEADER}]),
    ]


def _mutation(name: str, **mutations: list[Json]) -> Json:
    kind = "envoy.extensions.filters.http.header_mutation.v3.HeaderMutation"
    return extension(name, kind, mutations=mutations)


def _loop(name: str, places: Places) -> Json:
    """The way of mirrored requests to our own shadow listener; what is too much is dropped."""
    return {
        "@type": CLUSTER,
        "name": name,
        "type": "STATIC",
        "connect_timeout": "1s",
        "circuit_breakers": _breakers(SHADOW_REQUESTS_MAX, retries=0),
        "typed_extension_protocol_options": {HTTP_OPTIONS: _http_options()},
        "load_assignment": {
            "cluster_name": name,
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": target_of(places.shadow)}}]}],
        },
    }


def _breakers(at_most: int, *, retries: int) -> Json:
    limits = {
        "max_connections": at_most,
        "max_pending_requests": at_most,
        "max_requests": at_most,
        "max_retries": retries,
    }
    return {"thresholds": [limits]}


def _http_options(filters: list[Json] | None = None) -> Json:
    codec = extension(
        "envoy.filters.http.upstream_codec",
        "envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec",
    )
    options: Json = {
        "@type": TYPE + HTTP_OPTIONS,
        "common_http_protocol_options": {
            "idle_timeout": seconds(IDLE_MS),
            "max_headers_count": HEADERS_MAX,
            "max_response_headers_kb": HEADERS_KB_MAX,
        },
        "explicit_http_config": {
            "http_protocol_options": {
                "header_key_format": {"stateful_formatter": PRESERVE_CASE},
                "enable_trailers": True,
                "allow_custom_methods": True,
                "ignore_http_11_upgrade": H2_OFFERS,
            }
        },
    }
    if filters:
        options["http_filters"] = [*filters, codec]
    return options


def _endpoints(name: str, upstream: Upstream, metadata: Json) -> Json:
    endpoint: Json = {
        "endpoint": {"address": socket_address(upstream.host, upstream.port)},
        "metadata": {"filter_metadata": {NAMESPACE: metadata}},
    }
    if upstream.host_header is not None:
        endpoint["endpoint"]["hostname"] = upstream.host_header
    assignment = {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]}
    if not is_name(upstream.host):
        return {"type": "STATIC", "load_assignment": assignment}
    return {
        "type": "STRICT_DNS",
        "dns_lookup_family": "V4_PREFERRED",
        "respect_dns_ttl": True,
        "load_assignment": assignment,
    }


def _tls(upstream: Upstream, places: Places) -> Json:
    if not upstream.is_tls:
        return {}
    name = upstream.server_name or upstream.host
    validation: Json = {}
    if upstream.is_verified:
        kind = "DNS" if is_name(name) else "IP_ADDRESS"
        matcher = {"san_type": kind, "matcher": {"exact": name}}
        validation = {
            "validation_context": {
                "trusted_ca": {"filename": upstream.ca_file or places.ca_file},
                "match_typed_subject_alt_names": [matcher],
            }
        }
    return {
        "transport_socket": extension(
            "envoy.transport_sockets.tls",
            "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
            **({"sni": name} if is_name(name) else {}),
            common_tls_context={"alpn_protocols": ["http/1.1"], **validation},
        )
    }
