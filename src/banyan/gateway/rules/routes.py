"""Where each request goes: all that a changed weight changes."""

from banyan.gateway.model import AWAITED_MS, BP, SAFE_METHODS, FallBack, GatewaySpec, RouteSpec
from banyan.gateway.rules.clusters import (
    composite_cluster,
    has_fall_back,
    loop_cluster,
    plain_cluster,
    shadow_cluster,
)
from banyan.gateway.rules.envoy import (
    CAPTURE,
    EDGE_FILTER,
    FIRST_HEADER,
    FORWARDED_HEADER,
    ID_HEADER,
    INNER_CUSTOMER,
    INNER_ID,
    INNER_NEW,
    INNER_WROTE,
    LEGACY,
    NAMESPACE,
    ROLE_HEADER,
    ROUTE_HEADER,
    TYPE,
    Json,
    seconds,
    set_header,
)
from banyan.gateway.rules.lua import DEFAULT_ROUTE, SIDE_HEADER
from banyan.gateway.rules.matching import methods_match, path_match

ROUTES = TYPE + "envoy.config.route.v3.RouteConfiguration"
EDGE = "edge"
SHADOW = "shadow"
SHADOW_TIMEOUT_MS = 30_000

_NEVER_SENT = [ID_HEADER, ROLE_HEADER, ROUTE_HEADER, FORWARDED_HEADER]
_ENVOYS_OWN = ["x-envoy-internal", "x-envoy-external-address", "x-envoy-expected-rq-timeout-ms"]
_AT_ONCE = {"base_interval": "0.001s", "max_interval": "0.001s"}
_NOT_STREAMS = [
    # What never ends can't be compared, and would hold a place among the shadows.
    {"name": "upgrade", "present_match": True, "invert_match": True},
    {
        "name": "accept",
        "string_match": {"contains": "text/event-stream"},
        "invert_match": True,
        "treat_missing_header_as_empty": True,
    },
]


def edge_routes(spec: GatewaySpec) -> Json:
    """The routes of customers' requests, in the plan's order; the last takes what is left."""
    is_rewritten = has_own_host(spec)
    made: list[Json] = []
    for route in spec.routes:
        made.extend(_of_route(route))
    made.append({"name": DEFAULT_ROUTE, "match": {"prefix": "/"}, "route": _to(LEGACY, None)})
    if is_rewritten:
        for route in made:
            route["route"].update(auto_host_rewrite=True, append_x_forwarded_host=True)
    legacy = spec.legacy
    address = f"[{legacy.host}]" if ":" in legacy.host else legacy.host
    told = {
        "legacy": f"{address}:{legacy.port}",
        "remembers_writes": any(route.legacy_after_write for route in spec.routes),
    }
    return _configuration(
        EDGE,
        made,
        {"metadata": {"filter_metadata": {EDGE_FILTER: told}}},
        response_headers_to_remove=[FIRST_HEADER],
        response_headers_to_add=[
            {
                "header": {
                    "key": SIDE_HEADER,
                    "value": f"%UPSTREAM_METADATA({NAMESPACE}:arm)% %REQ({INNER_NEW})%",
                },
                "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
            }
        ],
    )


def shadow_routes(spec: GatewaySpec) -> Json:
    """Where mirrored requests go, by the route and the role that they were mirrored with."""
    made: list[Json] = []
    for route in spec.routes:
        if not is_shadowed(route):
            continue
        assert route.candidate is not None
        made.append(_shadow_route(route, "candidate", shadow_cluster("candidate", route.candidate)))
        made.append(_shadow_route(route, "legacy", shadow_cluster("legacy")))
    if has_own_host(spec):
        for route in made:
            route["route"].update(auto_host_rewrite=True, append_x_forwarded_host=True)
    return _configuration(SHADOW, made)


def has_own_host(spec: GatewaySpec) -> bool:
    return any(side.host_header is not None for side in (spec.legacy, *spec.candidates))


def is_shadowed(route: RouteSpec) -> bool:
    return route.candidate is not None and not route.is_retired and route.shadow.sample_bp > 0


def _configuration(name: str, routes: list[Json], told: Json | None = None, **more: object) -> Json:
    host = {"name": name, "domains": ["*"], "routes": routes, **(told or {})}
    return {
        "@type": ROUTES,
        "name": name,
        "virtual_hosts": [host],
        "validate_clusters": True,
        "request_headers_to_remove": _NEVER_SENT + _ENVOYS_OWN,
        **more,
    }


def _of_route(route: RouteSpec) -> list[Json]:
    if route.candidate is None:
        return [_route(route, route.methods, _to(LEGACY, route.timeout_ms))]
    if route.is_retired:
        action = _to(plain_cluster(route.candidate), route.timeout_ms)
        return [_route(route, route.methods, action)]
    made: list[Json] = []
    reads = tuple(method for method in SAFE_METHODS if method in (route.methods or SAFE_METHODS))
    if reads and route.legacy_after_write:
        stays = _route(route, reads, _to(LEGACY, route.timeout_ms))
        stays["match"]["headers"].append({"name": INNER_WROTE, "present_match": True})
        made.append(stays)
    if reads:
        made.extend(_sampled(route, reads, _read_action(route), ("candidate", "legacy")))
    writes = tuple(method for method in route.methods if method not in SAFE_METHODS)
    if writes or not route.methods:
        is_tried = route.shadow.writes != "never" and route.writes_to == "legacy"
        roles = ("candidate",) if is_tried else ()
        made.extend(_sampled(route, writes, _write_action(route), roles, is_write=True))
    return made


def _sampled(
    route: RouteSpec,
    methods: tuple[str, ...],
    action: Json,
    roles: tuple[str, ...],
    *,
    is_write: bool = False,
) -> list[Json]:
    """A route, and before it the same one for those requests that are also shadowed."""
    plain = _route(route, methods, action)
    if not roles or not is_shadowed(route):
        return [plain]
    sample = {"numerator": route.shadow.sample_bp, "denominator": "TEN_THOUSAND"}
    mirrors = [_mirror(route, role, is_write=is_write) for role in roles]
    shadowed = _route(route, methods, {**action, "request_mirror_policies": mirrors})
    shadowed["match"]["runtime_fraction"] = {"default_value": sample}
    shadowed["match"]["headers"] = [*shadowed["match"].get("headers", []), *_NOT_STREAMS]
    shadowed["typed_per_filter_config"] = {CAPTURE: _captured(route, "primary")}
    return [shadowed, plain]


def _route(route: RouteSpec, methods: tuple[str, ...], action: Json) -> Json:
    match = path_match(route.match)
    if methods:
        match["headers"] = methods_match(methods)
    patience = str(_patience_ms(route.timeout_ms))
    told: dict[str, Json] = {NAMESPACE: {"route": route.name, "patience": patience}}
    if not route.is_remembered:
        told[EDGE_FILTER] = {"forgets_writes": True}
    return {
        "name": route.name,
        "match": match,
        "route": action,
        "metadata": {"filter_metadata": told},
    }


def _patience_ms(timeout_ms: int | None) -> int:
    return min(timeout_ms or AWAITED_MS, AWAITED_MS)


def _to(cluster: str, timeout_ms: int | None) -> Json:
    return {"cluster": cluster, "timeout": seconds(timeout_ms or 0)}


def _read_action(route: RouteSpec) -> Json:
    """Always the same customers at one weight, those and more at a higher one."""
    assert route.candidate is not None
    falls = route.fall_back is not None
    candidate = composite_cluster(route) if falls else plain_cluster(route.candidate)
    action: Json = {
        "weighted_clusters": {
            "use_hash_policy": True,
            # The candidate first: it takes the hashes from 0 on, and only more of them as it grows.
            "clusters": [
                {"name": candidate, "weight": route.read_bp},
                {"name": LEGACY, "weight": BP - route.read_bp},
            ],
        },
        "hash_policy": [{"header": {"header_name": INNER_CUSTOMER}}],
        "timeout": seconds(route.timeout_ms or 0),
    }
    return {**action, **_falling_back(route.fall_back)} if route.fall_back is not None else action


def _falling_back(fall_back: FallBack) -> Json:
    """Not on ``5xx``: legacy's would be held back for as long as a candidate hangs.

    What fails for good reason to ask anew is the candidate's answer: that of a first attempt, unless
    the candidate is out of rotation (then legacy gave it), or of one beside which legacy was asked.
    """
    failed = {"regex": "(1 candidate|2 .*) 5[0-9][0-9]"}
    return {
        "retry_policy": {
            "retry_on": "retriable-headers,reset,connect-failure,refused-stream",
            "retriable_headers": [{"name": FIRST_HEADER, "string_match": {"safe_regex": failed}}],
            "num_retries": 1,
            "per_try_timeout": seconds(fall_back.after_ms),
            "retry_back_off": _AT_ONCE,
        },
        # Without it the short wait for the candidate would cut a slow answer of legacy's.
        "hedge_policy": {"hedge_on_per_try_timeout": True},
    }


def _write_action(route: RouteSpec) -> Json:
    """One side, once. A write is asked anew only where the first side can't have begun with it."""
    assert route.candidate is not None
    if route.writes_to == "legacy":
        return _to(LEGACY, route.timeout_ms)
    if not (route.writes_fall_back and has_fall_back(route)):
        return _to(plain_cluster(route.candidate), route.timeout_ms)
    return {
        **_to(composite_cluster(route), route.timeout_ms),
        "retry_policy": {
            "retry_on": "connect-failure,refused-stream",
            "num_retries": 1,
            "retry_back_off": _AT_ONCE,
        },
    }


def _mirror(route: RouteSpec, role: str, *, is_write: bool) -> Json:
    headers = {
        ID_HEADER: f"%REQ({INNER_ID})%",
        ROLE_HEADER: role,
        ROUTE_HEADER: route.name,
        FORWARDED_HEADER: "%REQ(X-FORWARDED-FOR)%",
    }
    if role == "candidate" and route.shadow.writes == "dry_run" and is_write:
        name, value = route.shadow.dry_run_header
        headers[name] = value.replace("%", "%%")
    return {
        "cluster": loop_cluster(role, (route.candidate or "") if role == "candidate" else ""),
        "disable_shadow_host_suffix_append": True,
        "trace_sampled": False,
        "request_headers_mutations": [set_header(*header) for header in headers.items()],
    }


def _shadow_route(route: RouteSpec, role: str, cluster: str) -> Json:
    wanted = {ROLE_HEADER: role, ROUTE_HEADER: route.name}
    headers = [{"name": name, "string_match": {"exact": value}} for name, value in wanted.items()]
    made: Json = {
        "name": route.name,
        "match": {"prefix": "/", "headers": headers},
        "route": _to(cluster, SHADOW_TIMEOUT_MS),
        "metadata": {"filter_metadata": {NAMESPACE: {"route": route.name, "role": "shadow"}}},
        "typed_per_filter_config": {CAPTURE: _captured(route, role)},
    }
    return made


def _captured(route: RouteSpec, role: str) -> Json:
    told = {
        "x-banyan-route": route.name,
        "x-banyan-role": role,
        "x-banyan-body-bytes-max": str(route.shadow.body_bytes_max),
    }
    return {
        "@type": TYPE + "envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute",
        "overrides": {
            "grpc_initial_metadata": [{"key": key, "value": value} for key, value in told.items()]
        },
    }
