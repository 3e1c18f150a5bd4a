"""Where Envoy listens: for customers, and for the requests that it mirrors to itself.

Both access logs, ``attempt`` and ``served``, carry the custom tags of ``_log``. Captured requests
carry ``x-banyan-id`` (the same for a request and its mirrors) and, mirrored ones, ``x-banyan-role``;
the gRPC call itself says route, role and how much of a body is wanted (``x-banyan-route``, ``-role``,
``-body-bytes-max``). Answers are captured before the cookie guard.
"""

from banyan.gateway.model import GatewaySpec, Places
from banyan.gateway.rules.bootstrap import CAPTURES, REPORTS
from banyan.gateway.rules.clusters import BUFFER_BYTES, H2_OFFERS, HEADERS_MAX, PRESERVE_CASE
from banyan.gateway.rules.envoy import (
    CAPTURE,
    EDGE_FILTER,
    FORWARDED_HEADER,
    ID_HEADER,
    INNER_CUSTOMER,
    INNER_ID,
    NAMELESS,
    NAMESPACE,
    ROLE_HEADER,
    TYPE,
    Json,
    address_of,
    extension,
    seconds,
    set_header,
    socket_address,
    watched,
)
from banyan.gateway.rules.lua import edge
from banyan.gateway.rules.routes import EDGE, SHADOW

LISTENER = TYPE + "envoy.config.listener.v3.Listener"
_HCM = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
_REQUEST_HEADERS_KB_MAX = 512
_STREAM_IDLE_MS = 86_400_000
"""Of a request on which nothing moves: a day, so that it ends no one's long poll."""
_HEADERS_MS = 60_000
_FLUSH_MS = 250
_NOT_MIRRORED = {
    # Sending a copy to ourselves is no attempt at a side; the shadow listener logs the one that is.
    "header_filter": {"header": {"name": ROLE_HEADER, "present_match": True, "invert_match": True}}
}


def listeners(spec: GatewaySpec, places: Places) -> list[Json]:
    return [_edge(spec, places), _shadow(places)]


def _edge(spec: GatewaySpec, places: Places) -> Json:
    lua = extension(
        EDGE_FILTER,
        "envoy.extensions.filters.http.lua.v3.Lua",
        default_source_code={"inline_string": edge(spec.identity, spec.cookies)},
    )
    manager = _manager(
        EDGE,
        places,
        [lua, _capture()],
        default_host=NAMELESS,
        access_log=[_log("served")],
        attempts={**_log("attempt"), "filter": _NOT_MIRRORED},
        early=_cleaning(),
        use_remote_address=True,
        # One proxy in front is believed what it says of the customer: who that was, and over TLS or not.
        xff_num_trusted_hops=1,
        upgrade_configs=[{"upgrade_type": "websocket"}],
    )
    return _listener(EDGE, socket_address(spec.host, spec.port), manager)


def _shadow(places: Places) -> Json:
    manager = _manager(
        SHADOW,
        places,
        [_capture()],
        default_host="shadow",
        attempts=_log("attempt"),
        early=[set_header("x-forwarded-for", f"%REQ({FORWARDED_HEADER})%")],
        use_remote_address=False,
        skip_xff_append=True,
    )
    return _listener(SHADOW, address_of(places.shadow), manager)


def _listener(name: str, address: Json, manager: Json) -> Json:
    return {
        "@type": LISTENER,
        "name": name,
        "address": address,
        "per_connection_buffer_limit_bytes": BUFFER_BYTES,
        "filter_chains": [{"filters": [manager]}],
    }


def _manager(
    name: str,
    places: Places,
    filters: list[Json],
    *,
    default_host: str,
    attempts: Json,
    early: list[Json],
    **more: object,
) -> Json:
    router = extension(
        "envoy.filters.http.router",
        "envoy.extensions.filters.http.router.v3.Router",
        suppress_envoy_headers=True,
        upstream_log=[attempts],
    )
    return extension(
        "http",
        _HCM,
        stat_prefix=name,
        rds={"route_config_name": name, "config_source": watched(places.xds, name)},
        early_header_mutation_extensions=[
            extension(
                "banyan.early",
                "envoy.extensions.http.early_header_mutation.header_mutation.v3.HeaderMutation",
                mutations=early,
            )
        ],
        http_filters=[*filters, router],
        codec_type="AUTO",
        http_protocol_options={
            "accept_http_10": True,
            "default_host_for_http_10": default_host,
            "header_key_format": {"stateful_formatter": PRESERVE_CASE},
            "enable_trailers": True,
            "allow_custom_methods": True,
            "ignore_http_11_upgrade": H2_OFFERS,
        },
        common_http_protocol_options={
            "max_headers_count": HEADERS_MAX,
            "headers_with_underscores_action": "ALLOW",
        },
        max_request_headers_kb=_REQUEST_HEADERS_KB_MAX,
        server_header_transformation="PASS_THROUGH",
        generate_request_id=False,
        preserve_external_request_id=True,
        normalize_path=False,
        merge_slashes=False,
        path_with_escaped_slashes_action="KEEP_UNCHANGED",
        proxy_100_continue=True,
        stream_idle_timeout=seconds(_STREAM_IDLE_MS),
        request_headers_timeout=seconds(_HEADERS_MS),
        internal_address_config={},
        **more,
    )


def _cleaning() -> list[Json]:
    """What is ours, or Envoy's to obey, a customer can't send; then the request gets its name."""
    return [
        {"remove_on_match": {"key_matcher": {"prefix": "x-banyan-", "ignore_case": True}}},
        {"remove_on_match": {"key_matcher": {"prefix": "x-envoy-", "ignore_case": True}}},
        set_header(ID_HEADER, "%UNIQUE_ID%"),
    ]


def _capture() -> Json:
    """Copies to the capture service what passes; nothing waits for it."""
    sent = {
        "request_header_mode": "SEND",
        "request_body_mode": "NONE",
        "request_trailer_mode": "SKIP",
        "response_header_mode": "SEND",
        "response_body_mode": "STREAMED",
        "response_trailer_mode": "SEND",
    }
    return {
        **extension(
            CAPTURE,
            "envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor",
            observability_mode=True,
            failure_mode_allow=True,
            deferred_close_timeout="1s",
            grpc_service={"envoy_grpc": {"cluster_name": CAPTURES}, "timeout": "60s"},
            processing_mode=sent,
            request_attributes=["xds.route_metadata"],
            response_attributes=[
                "xds.upstream_host_metadata",
                "xds.cluster_name",
                "response.code_details",
            ],
        ),
        "disabled": True,
    }


def _log(name: str) -> Json:
    return extension(
        name,
        "envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig",
        common_config={
            "log_name": name,
            "transport_api_version": "V3",
            "grpc_service": {"envoy_grpc": {"cluster_name": REPORTS}},
            "buffer_flush_interval": seconds(_FLUSH_MS),
            "buffer_size_bytes": 65_536,
            "custom_tags": [
                _tag("route", "route", "route"),
                _tag("role", "route", "role"),
                _tag("patience", "route", "patience"),
                _tag("arm", "host", "arm"),
                _tag("assigned", "host", "assigned"),
                {"tag": "customer", "request_header": {"name": INNER_CUSTOMER}},
                {"tag": "id", "request_header": {"name": INNER_ID}},
            ],
        },
    )


def _tag(name: str, kind: str, key: str) -> Json:
    place: Json = {"kind": {kind: {}}, "metadata_key": {"key": NAMESPACE, "path": [{"key": key}]}}
    return {"tag": name, "metadata": place}
