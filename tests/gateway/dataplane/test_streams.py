"""What is large, slow or never ends passes through as it comes."""

import asyncio
import hashlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve

from tests.gateway.dataplane.rig import WAIT_S, Asked, Rig, Side, body_of, get, ok, say

MB = 1_000_000


@asynccontextmanager
async def connected(
    port: int,
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()


async def test_events_arrive_as_they_are_sent(rig: Rig) -> None:
    for weight in (0, 10_000):
        await events_arrive(rig, weight)


async def events_arrive(rig: Rig, weight: int) -> None:
    await rig.change(read_bp=weight)
    heard = asyncio.Event()

    async def tells(asked: Asked, writer: asyncio.StreamWriter) -> None:
        writer.write(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        for number in range(3):
            event = b"data: %d\n\n" % number
            writer.write(b"%x\r\n%s\r\n" % (len(event), event))
            await writer.drain()
            await heard.wait()  # the next one only when this one has come out at the other end
            heard.clear()
        writer.write(b"0\r\n\r\n")

    rig.legacy.answer = rig.candidate.answer = tells
    async with connected(rig.port) as (reader, writer), asyncio.timeout(WAIT_S):
        writer.write(b"GET /r/events HTTP/1.1\r\nHost: a\r\nAccept: text/event-stream\r\n\r\n")
        for number in range(3):
            await reader.readuntil(b"data: %d\n\n" % number)
            heard.set()
        await reader.readuntil(b"0\r\n\r\n")


async def test_a_large_download_is_whole_and_not_held_back(rig: Rig) -> None:
    for weight, is_chunked in ((0, False), (10_000, False), (10_000, True)):
        await downloads(rig, weight, is_chunked=is_chunked)


async def downloads(rig: Rig, weight: int, *, is_chunked: bool) -> None:
    await rig.change(read_bp=weight)
    part = bytes(range(256)) * 4096
    started = asyncio.Event()

    async def sends(asked: Asked, writer: asyncio.StreamWriter) -> None:
        size = (
            b"Transfer-Encoding: chunked"
            if is_chunked
            else b"Content-Length: %d" % (20 * len(part))
        )
        writer.write(b"HTTP/1.1 200 OK\r\n" + size + b"\r\n\r\n")
        for number in range(20):
            writer.write(b"%x\r\n%s\r\n" % (len(part), part) if is_chunked else part)
            await writer.drain()
            if number == 10:
                await started.wait()  # a customer has the beginning before legacy has sent the end
        if is_chunked:
            writer.write(b"0\r\n\r\n")

    rig.legacy.answer = rig.candidate.answer = sends
    async with connected(rig.port) as (reader, writer), asyncio.timeout(WAIT_S):
        writer.write(b"GET /r/big HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        body = bytearray()
        while len(body) < 20 * len(part):
            if is_chunked:
                size = int(await reader.readline(), 16)
                body += await reader.readexactly(size)
                await reader.readline()
            else:
                body += await reader.read(65536)
            if len(body) > 2 * MB:
                started.set()
    assert hashlib.sha256(body).digest() == hashlib.sha256(part * 20).digest()


async def test_a_large_upload_is_whole(rig: Rig) -> None:
    for side, is_chunked in (("legacy", True), ("candidate", False)):
        await uploads(rig, side, is_chunked=is_chunked)


async def uploads(rig: Rig, side: str, *, is_chunked: bool) -> None:
    await rig.change(read_bp=10_000 if side == "candidate" else 0, writes_to=side)
    part = bytes(range(256)) * 4096
    head = b"PUT /r/file HTTP/1.1\r\nHost: a\r\nConnection: close\r\n"
    if is_chunked:
        body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for _ in range(20)) + b"0\r\n\r\n"
        raw = head + b"Transfer-Encoding: chunked\r\n\r\n" + body
    else:
        raw = head + b"Content-Length: %d\r\n\r\n" % (20 * len(part)) + part * 20
    assert body_of(await say(rig.port, raw)) == side.encode()
    (asked,) = (rig.candidate if side == "candidate" else rig.legacy).asked
    assert asked.body == part * 20


async def test_a_websocket_talks_through_a_change_of_weight(rig: Rig) -> None:
    async def echo(connection: ServerConnection) -> None:
        async for message in connection:
            await connection.send(message)

    async with serve(echo, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        upstream = replace(rig.spec.legacy, port=port)
        new = replace(upstream, name="new")
        rig.spec = replace(rig.spec, legacy=upstream, candidates=(new,))
        await rig.change(read_bp=0)
        url = f"ws://127.0.0.1:{rig.port}/r/websocket"
        async with connect(url) as first:
            await rig.change(read_bp=10_000)
            async with connect(url) as second:
                for number, message in enumerate(("one", b"\x00" * 100_000, "three")):
                    for socket in (first, second):
                        await socket.send(message)
                        assert await socket.recv() == message
                    await rig.change(read_bp=1_000 * number)


async def test_changed_weights_end_no_connection_and_no_request(rig: Rig) -> None:
    """A request under way ends where it began; the next one on its connection goes by the new weight."""
    arrived, may_end = asyncio.Event(), asyncio.Event()

    async def slow(asked: Asked, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await may_end.wait()
        writer.write(ok(b"legacy"))

    rig.legacy.answer = slow
    async with connected(rig.port) as (reader, writer), asyncio.timeout(WAIT_S):
        writer.write(b"GET /r/1 HTTP/1.1\r\nHost: a\r\n\r\n")
        await arrived.wait()
        for weight in (10_000, 0, 10_000):
            await rig.change(read_bp=weight)
        may_end.set()
        assert b"connection: close" not in (await reader.readuntil(b"\r\n\r\n")).lower()
        assert await reader.readexactly(6) == b"legacy"
        writer.write(b"GET /r/2 HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(9) == b"candidate"


async def test_changed_addresses_end_no_connection_and_no_request(rig: Rig) -> None:
    """What is under way ends where it began; the next request goes to the new address."""
    arrived, may_end = asyncio.Event(), asyncio.Event()

    async def slow(asked: Asked, writer: asyncio.StreamWriter) -> None:
        arrived.set()
        await may_end.wait()
        writer.write(ok(b"legacy"))

    rig.legacy.answer = slow
    async with (
        Side("moved") as moved,
        connected(rig.port) as (reader, writer),
        connected(rig.port) as (heard, socket),
        asyncio.timeout(WAIT_S),
    ):
        socket.write(b"GET /websocket HTTP/1.1\r\nHost: a\r\n")
        socket.write(b"Upgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
        await heard.readuntil(b"\r\n\r\n")
        writer.write(b"GET /r/1 HTTP/1.1\r\nHost: a\r\n\r\n")
        await arrived.wait()
        at = replace(rig.spec.legacy, port=moved.port)
        rig.spec = replace(rig.spec, legacy=at, candidates=(replace(at, name="new"),))
        applied = await rig.plane.apply(rig.spec)
        assert "listeners" not in applied.changed
        may_end.set()
        assert b"connection: close" not in (await reader.readuntil(b"\r\n\r\n")).lower()
        assert await reader.readexactly(6) == b"legacy"
        writer.write(b"GET /r/2 HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        assert await reader.readexactly(5) == b"moved"
        for message in (b"one", b"two"):
            socket.write(message)
            assert await heard.readexactly(3) == message
    assert rig.legacy.of("/websocket")
    # A request of HTTP/1.0 without Host is given the address of today.
    async with Side("again") as again:
        rig.spec = replace(rig.spec, legacy=replace(rig.spec.legacy, port=again.port))
        await rig.plane.apply(rig.spec)
        assert (await say(rig.port, b"GET /x HTTP/1.0\r\n\r\n")).endswith(b"again")
        assert again.asked[0].get("host") == f"127.0.0.1:{again.port}"


async def test_a_long_poll_is_waited_for(rig: Rig) -> None:
    """There is no time limit but the plan's own."""
    await rig.change(timeout_ms=400)
    turn = asyncio.Event()

    async def late(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await turn.wait()
        writer.write(ok(b"late"))

    rig.legacy.answer = late
    assert (await get(rig.port, "/r/1")).startswith(b"HTTP/1.1 504")
    waiting = asyncio.create_task(get(rig.port, "/elsewhere"))
    done, _ = await asyncio.wait([waiting], timeout=0.8)
    assert not done
    turn.set()
    assert body_of(await waiting) == b"late"
