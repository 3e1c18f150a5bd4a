"""Two sides that speak bytes, and an Envoy of our own configuration in front of them."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from banyan.gateway import (
    Cookies,
    DataPlane,
    FallBack,
    GatewaySpec,
    PathMatch,
    RouteSpec,
    Upstream,
)

WAIT_S = 300.0
"""For anything to happen, on a machine that has much else to do."""


@dataclass
class Asked:
    """One request as it came: the line and headers as bytes, and the whole body."""

    line: bytes
    headers: list[tuple[bytes, bytes]]
    body: bytes

    @property
    def path(self) -> str:
        return self.line.split()[1].decode("latin-1")

    def get(self, name: str) -> str | None:
        found = [value for key, value in self.headers if key.lower() == name.lower().encode()]
        return found[0].decode("latin-1") if found else None


Answer = Callable[[Asked, asyncio.StreamWriter], Awaitable[None]]


def ok(body: bytes, *headers: bytes, status: bytes = b"200 OK") -> bytes:
    lines = [b"HTTP/1.1 " + status, b"Content-Length: %d" % len(body), *headers]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body


@dataclass
class Side:
    """A side that says its name, or what ``answer`` says; ``asked`` keeps all that came."""

    name: str
    answer: Answer | bytes | None = None
    asked: list[Asked] = field(default_factory=list)
    port: int = 0

    async def __aenter__(self) -> Self:
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_server(
            self._connected, "127.0.0.1", self.port, limit=4_000_000
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def of(self, path: str) -> list[Asked]:
        return [asked for asked in self.asked if asked.path.startswith(path)]

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                while not writer.is_closing():
                    asked = await read_request(reader, writer)
                    self.asked.append(asked)
                    if asked.path.endswith("/websocket"):
                        await echo(asked, reader, writer)
                        return
                    await self._say(asked, writer)
                    if asked.line.endswith(b"1.0") or asked.get("connection") == "close":
                        return
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _say(self, asked: Asked, writer: asyncio.StreamWriter) -> None:
        if self.answer is None:
            writer.write(ok(b"" if asked.line.startswith(b"HEAD") else self.name.encode()))
        elif isinstance(self.answer, bytes):
            writer.write(self.answer)
        else:
            await self.answer(asked, writer)
        await writer.drain()


async def read_request(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Asked:
    head = await reader.readuntil(b"\r\n\r\n")
    line, *lines = head[:-4].split(b"\r\n")
    headers = [(key, value.lstrip()) for key, _, value in (text.partition(b":") for text in lines)]
    asked = Asked(line, headers, b"")
    if asked.get("expect"):
        writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        await writer.drain()
    if asked.get("transfer-encoding"):
        asked.body = await read_chunks(reader)
    else:
        asked.body = await reader.readexactly(int(asked.get("content-length") or 0))
    return asked


async def read_chunks(reader: asyncio.StreamReader) -> bytes:
    """The body, and after it the trailers as they came."""
    body = b""
    while size := int((await reader.readline()).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readline()
    while (line := await reader.readline()) != b"\r\n":
        body += b"|" + line.strip()
    return body


async def echo(asked: Asked, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Switch protocols, and say back every byte."""
    writer.write(
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        b"Sec-WebSocket-Accept: " + (asked.get("sec-websocket-key") or "").encode() + b"\r\n\r\n"
    )
    while part := await reader.read(65536):
        writer.write(part)
        await writer.drain()


async def say(port: int, raw: bytes) -> bytes:
    """All that comes back for these bytes until the other end closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=64_000_000)
    try:
        writer.write(raw)
        async with asyncio.timeout(WAIT_S):
            return await reader.read()
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def get(port: int, path: str, *headers: str, method: str = "GET", body: bytes = b"") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: shop.example", "Connection: close", *headers]
    if body or method not in ("GET", "HEAD", "OPTIONS"):
        lines.append(f"Content-Length: {len(body)}")
    return await say(port, "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)


def body_of(answer: bytes) -> bytes:
    return answer.partition(b"\r\n\r\n")[2]


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def headers_of(answer: bytes, name: str) -> list[str]:
    lines = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")[1:]
    pairs = [line.partition(b":") for line in lines]
    return [
        value.strip().decode("latin-1")
        for key, _, value in pairs
        if key.lower() == name.lower().encode()
    ]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Rig:
    """``/r/`` is the route under test; anything else is legacy's."""

    plane: DataPlane
    spec: GatewaySpec
    legacy: Side
    candidate: Side

    @property
    def port(self) -> int:
        return self.spec.port

    @property
    def route(self) -> RouteSpec:
        return self.spec.routes[0]

    async def change(self, **changes: Any) -> None:
        """Another route in place of the first."""
        routes = (replace(self.route, **changes), *self.spec.routes[1:])
        self.spec = replace(self.spec, routes=routes)
        await self.plane.apply(self.spec)


@asynccontextmanager
async def running(folder: Path, **changes: Any) -> AsyncGenerator[Rig]:
    """An Envoy with one route; changes are the route's, or of the whole spec where they fit there."""
    async with AsyncExitStack() as stack:
        legacy = await stack.enter_async_context(Side("legacy"))
        candidate = await stack.enter_async_context(Side("candidate"))
        whole = {key: changes.pop(key) for key in ("identity", "cookies") if key in changes}
        route = RouteSpec(
            **{
                "name": "r",
                "match": PathMatch("prefix", "/r/"),
                "candidate": "new",
                "fall_back": FallBack(after_ms=300),
                **changes,
            }
        )
        spec = GatewaySpec(
            **{
                "name": "test",
                "host": "127.0.0.1",
                "port": free_port(),
                "legacy": Upstream("legacy", "127.0.0.1", legacy.port),
                "candidates": (Upstream("new", "127.0.0.1", candidate.port),),
                "routes": (route,),
                "cookies": Cookies(),
                **whole,
            }
        )
        plane = await stack.enter_async_context(DataPlane(folder, concurrency=2, drain_s=0.1))
        stack.push_async_callback(plane.stop)
        await plane.start(spec)
        yield Rig(plane, spec, legacy, candidate)


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WAIT_S):
        while not await is_so():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.01)
