# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false
# pyright: reportUnknownArgumentType=false, reportMissingTypeStubs=false
# pyright: reportAttributeAccessIssue=false
"""Envoy's messages read into our records: the one module that knows the wire.

The generated classes carry no types, so that they are named here and nowhere else.
"""

import hashlib
import os
import re
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, cast

# Read when it is loaded: at each start of Envoy it would write a line about handlers nobody needs.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

import grpc
from envoy.service.accesslog.v3 import als_pb2, als_pb2_grpc
from envoy.service.ext_proc.v3 import external_processor_pb2_grpc

from banyan.gateway.model import AWAITED_MS, Arm, Attempt, Role, Served
from banyan.gateway.sinks.messages import (
    BodyPart,
    HearsExchanges,
    HearsLogs,
    Logged,
    Part,
    RequestHead,
    ResponseHead,
)

# What a side can't help: that its answer was awaited no longer. Everything else that ends an attempt
# without a whole answer is the side's.
_FAILURES = {
    "no_healthy_upstream": "UH",
    "upstream_request_timeout": "UT",
    "local_reset": "LR",
    "upstream_remote_reset": "UR",
    "upstream_connection_failure": "UF",
    "upstream_connection_termination": "UC",
    "upstream_overflow": "UO",
    "upstream_max_stream_duration_reached": "UMSDR",
    "upstream_protocol_error": "UPE",
    "dns_resolution_failure": "DF",
    "no_cluster_found": "NC",
}
_OTHERS = {
    "no_route_found": "NR",
    "downstream_connection_termination": "DC",
    "downstream_remote_reset": "DR",
    "downstream_protocol_error": "DPE",
    "upstream_retry_limit_exceeded": "URX",
    "stream_idle_timeout": "SI",
    "duration_timeout": "DT",
    "overload_manager": "OM",
    "fault_injected": "FI",
    "rate_limited": "RL",
    "response_from_cache_filter": "RFCF",
}
BODY_BYTES_MAX = 1_000_000
_EARLY_US = 20_000
"""Envoy's timers and its clock may differ by so much."""

_FLAGS = {**_FAILURES, **_OTHERS}
# A slow attempt that answered after all carries UT beside its status: it is no failure.
_CUT = frozenset({"UR", "UF", "UC", "UPE", "LR", "UMSDR"})
_BROKEN = frozenset(_FAILURES.values())
_LEFT = frozenset({"DC", "DR"})
_OWN = ("upstream_reset", "response_timeout", "no_healthy_upstream", "cluster_not_found")
_ARM = re.compile(r'key:\s*"arm"\s+value\s*\{\s*string_value:\s*"(legacy|candidate)"')


def start_server(
    address: str, *, logs: HearsLogs | None = None, exchanges: HearsExchanges | None = None
) -> tuple[grpc.aio.Server, str]:
    """A server, not yet started, that listens on ``unix:/path`` or ``host:port``; and where it does.

    Raises ``RuntimeError`` when the address can't be had.
    """
    server = grpc.aio.server(options=[("grpc.so_reuseport", 0)])
    if logs is not None:
        als_pb2_grpc.add_AccessLogServiceServicer_to_server(_AccessLogs(logs), server)
    if exchanges is not None:
        external_processor_pb2_grpc.add_ExternalProcessorServicer_to_server(
            _Captures(exchanges), server
        )
    port = server.add_insecure_port(address)
    if not address.startswith("unix:"):
        address = f"{address.rpartition(':')[0]}:{port}"
    return server, address


class _AccessLogs(als_pb2_grpc.AccessLogServiceServicer):
    def __init__(self, sink: HearsLogs) -> None:
        self._sink = sink

    async def StreamAccessLogs(self, request_iterator: Any, context: Any) -> Any:  # noqa: ARG002, N802
        log = ""
        async for message in request_iterator:
            if message.HasField("identifier"):
                log = message.identifier.log_name
            self._sink.hear(read_log(log, message.http_logs.log_entry))
        return als_pb2.StreamAccessLogsResponse()


class _Captures(external_processor_pb2_grpc.ExternalProcessorServicer):
    def __init__(self, sink: HearsExchanges) -> None:
        self._sink = sink

    async def Process(self, request_iterator: Any, context: Any) -> AsyncIterator[Any]:  # noqa: N802
        told = dict(context.invocation_metadata() or ())
        await self._sink.hear(_parts(request_iterator, told))
        return
        yield  # an answer would be ignored: the filter only observes


def read_log(log: str, entries: Sequence[Any]) -> Logged:
    """The entries of log ``attempt`` or ``served``; of any other only when they ended."""
    logged = Logged()
    for entry in entries:
        common = entry.common_properties
        started_us = common.start_time.seconds * 1_000_000 + common.start_time.nanos // 1_000
        logged.ended_us.append(started_us + _us(common.duration))
        tags = dict(common.custom_tags)
        if log == "attempt":
            logged.attempts.append(_attempt(entry, started_us, tags))
        elif log == "served" and tags.get("role") != "shadow":
            logged.served.append(_served(entry, started_us, tags))
    return logged


def _attempt(entry: Any, started_us: int, tags: dict[str, str]) -> Attempt:
    common = entry.common_properties
    flags = _flags(common)
    status: int = entry.response.response_code.value
    arm = _arm(tags.get("arm"), common.upstream_cluster)
    assigned = _arm(tags.get("assigned"), arm)
    whole_us, first_us = (
        _us(common.time_to_last_upstream_rx_byte),
        _us(common.time_to_first_upstream_rx_byte),
    )
    is_censored = False
    if status and _CUT.intersection(flags):
        status = 0
    elif status == 0:
        is_censored = not _BROKEN.intersection(flags) and not _was_awaited(common, tags)
    elif status == 101:
        whole_us = first_us  # a tunnel lasts as long as both like
    elif status < 500 and not whole_us:
        is_censored = True
    return Attempt(
        started_at_us=started_us,
        route=tags.get("route", ""),
        method=_method(entry),
        arm=arm,
        assigned=assigned,
        status=status,
        duration_us=whole_us or _us(common.duration),
        is_censored=is_censored,
        flags=",".join(flags),
        request_id=tags.get("id") or entry.request.request_id,
        customer=_customer(tags.get("customer")),
        number=1 if arm == assigned else 2,
        is_shadow=tags.get("role") == "shadow",
    )


def _was_awaited(common: Any, tags: Mapping[str, str]) -> bool:
    """Whether the side had the whole request, and long enough: Envoy sets no flag where it gave up."""
    if not common.HasField("time_to_last_upstream_tx_byte"):
        return False
    waited_us = _us(common.duration) - _us(common.time_to_last_upstream_tx_byte)
    return waited_us >= int(tags.get("patience") or AWAITED_MS) * 1_000 - _EARLY_US


def _served(entry: Any, started_us: int, tags: dict[str, str]) -> Served:
    common = entry.common_properties
    status: int = entry.response.response_code.value
    flags = _flags(common)
    arm = _arm(tags.get("arm"), common.upstream_cluster)
    return Served(
        started_at_us=started_us,
        route=tags.get("route", ""),
        method=_method(entry),
        assigned=_arm(tags.get("assigned"), arm),
        answered_by=arm,
        status=0 if status and _CUT.intersection(flags) else status,
        duration_us=_us(common.duration),
        is_censored=bool(_LEFT.intersection(flags)),
        attempts=common.upstream_request_attempt_count,
        request_id=tags.get("id") or entry.request.request_id,
        customer=_customer(tags.get("customer")),
    )


async def _parts(messages: Any, told: Mapping[str, Any]) -> AsyncIterator[Part]:
    """The parts of one captured exchange, in order."""
    async for message in messages:
        kind = message.WhichOneof("request")
        if kind == "request_headers":
            yield _request_head(message, told)
        elif kind == "response_headers":
            yield _response_head(message)
        elif kind == "response_body":
            yield BodyPart(message.response_body.body, message.response_body.end_of_stream)
        elif kind == "response_trailers":
            yield BodyPart(b"", is_last=True)


def _request_head(message: Any, told: Mapping[str, Any]) -> RequestHead:
    pseudo, headers = _headers(message.request_headers)
    role = told.get("x-banyan-role")
    return RequestHead(
        request_id=next((value for name, value in headers if name == "x-banyan-id"), ""),
        role=cast("Role", role) if role in {"legacy", "candidate"} else "primary",
        route=str(told.get("x-banyan-route", "")),
        method=pseudo.get(":method", ""),
        path=pseudo.get(":path", ""),
        headers=_of_the_side(headers),
        body_bytes_max=int(told.get("x-banyan-body-bytes-max", BODY_BYTES_MAX)),
    )


def _response_head(message: Any) -> ResponseHead:
    pseudo, headers = _headers(message.response_headers)
    details = _attribute(message, "response.code_details")
    is_own = details.startswith(_OWN)
    return ResponseHead(
        status=0 if is_own else int(pseudo.get(":status", "0")),
        headers=_of_the_side(headers),
        arm=_arm(_found(_ARM, _attribute(message, "xds.upstream_host_metadata")), ""),
        is_last=message.response_headers.end_of_stream,
        is_overflow=is_own and "overflow" in details,
    )


def _headers(carrier: Any) -> tuple[dict[str, str], tuple[tuple[str, str], ...]]:
    pseudo: dict[str, str] = {}
    plain: list[tuple[str, str]] = []
    for header in carrier.headers.headers:
        # Bytes beyond ASCII have no charset in HTTP: latin-1 keeps every one of them.
        value = header.raw_value.decode("latin-1") if header.raw_value else header.value
        if header.key.startswith(":"):
            pseudo[header.key] = value
        else:
            plain.append((header.key.lower(), value))
    return pseudo, tuple(plain)


def _of_the_side(headers: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
    return tuple(header for header in headers if not header[0].startswith("x-banyan-"))


def _attribute(message: Any, name: str) -> str:
    for struct in message.attributes.values():
        if name in struct.fields:
            return struct.fields[name].string_value
    return ""


def _found(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match.group(1) if match else ""


def _flags(common: Any) -> tuple[str, ...]:
    if not common.HasField("response_flags"):
        return ()
    names: list[str] = [field.name for field, _ in common.response_flags.ListFields()]
    return tuple(_FLAGS.get(name, name) for name in names)


def _arm(said: str | None, cluster: str) -> Arm:
    if said in {"legacy", "candidate"}:
        return cast("Arm", said)
    return "legacy" if cluster.startswith("legacy") or not cluster else "candidate"


def _method(entry: Any) -> str:
    # RequestMethod 0 is unspecified: one that Envoy has no name for.
    number: int = entry.request.request_method
    return _METHODS[number] if 0 < number < len(_METHODS) else "OTHER"


_METHODS = (
    "", "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
)  # fmt: skip


def _customer(identity: str | None) -> int:
    if not identity:
        return 0
    digest = hashlib.blake2b(identity.encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def _us(duration: Any) -> int:
    return duration.seconds * 1_000_000 + duration.nanos // 1_000
