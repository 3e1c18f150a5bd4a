"""A proxy in front of a candidate that can make it fail in the ways in which candidates fail."""

import asyncio
import gzip
import re
import ssl
import zlib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Self
from urllib.parse import urlsplit

import h11

from banyan.migration.model.rehearsal import Fault

_READ_BYTES = 65_536
_HEAD_BYTES_MAX = 262_144
_BODY_BYTES_MAX = 16_000_000
_DIGITS = bytes.maketrans(b"123456789", b"234567891")
_COOKIE = re.compile(rb"(?:^|;)\s*([^=;\s]+)\s*=")
_DELAYED_EVERY = 3
"""With a slow database: one request in so many."""


class FaultProxy:
    """Stands at a port of its own; answers as the candidate does while ``fault`` is ``none``.

    ``delay_s`` is how long a slow candidate takes. Changing ``fault`` ends what hangs.
    """

    def __init__(self, url: str, *, delay_s: float, own_cookie: str = "banyan_device") -> None:
        self._given, self._url = url, urlsplit(url)
        self._delay_s = delay_s
        self._own_cookie = own_cookie.encode()
        self._fault = Fault.NONE
        self._changed = asyncio.Event()
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._count = 0
        self.port = 0

    def another(self) -> "FaultProxy":
        """A sound one in front of the same candidate, at a port of its own once it is entered."""
        return FaultProxy(self._given, delay_s=self._delay_s, own_cookie=self._own_cookie.decode())

    async def __aenter__(self) -> Self:
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def fault(self) -> Fault:
        return self._fault

    async def inject(self, fault: Fault) -> None:
        """Fail like this from now on; ``none`` mends it."""
        self._fault = fault
        self._changed.set()
        self._changed = asyncio.Event()
        if fault == Fault.CRASH:
            await self._close()
        elif self._server is None:
            await self._listen()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._changed.set()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        front = _Peer(_connection(h11.SERVER), reader, writer)
        try:
            with suppress(
                ConnectionError, h11.RemoteProtocolError, h11.LocalProtocolError,
                asyncio.IncompleteReadError, asyncio.CancelledError, OSError,
            ):  # fmt: skip
                while await self._exchange(front):
                    front.connection.start_next_cycle()
        finally:
            self._tasks.discard(task)
            writer.transport.abort()

    async def _exchange(self, front: "_Peer") -> bool:
        """One request; whether another may follow on the connection."""
        request = await front.next()
        if not isinstance(request, h11.Request):
            return False
        body = await front.rest()
        self._count += 1
        fault, changed = self._fault, self._changed
        if fault in {Fault.RESET, Fault.CRASH}:
            return False
        if fault in {Fault.ERROR_500, Fault.DEAD_CONTROL_PLANE}:
            await front.send_all(500, [(b"content-type", b"text/plain")], b"rehearsed\n")
            return front.may_go_on
        if fault == Fault.HANG:
            await changed.wait()
            return False
        is_delayed = fault == Fault.SLOW_DATABASE and self._count % _DELAYED_EVERY == 0
        if fault == Fault.SLOW or is_delayed:
            with suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), self._delay_s)
        async with self._candidate() as back:
            await back.send(request, body)
            response = await back.response()
            content = await back.rest()
        return await self._answer(front, fault, request, response, content)

    async def _answer(
        self,
        front: "_Peer",
        fault: Fault,
        request: h11.Request,
        response: h11.Response,
        content: bytes,
    ) -> bool:
        headers = [
            (name, value)
            for name, value in response.headers.raw_items()
            if name.lower() not in _HOP_BY_HOP
        ]
        is_chunked = any(name == b"transfer-encoding" for name, _ in response.headers)
        is_cut = fault == Fault.TRUNCATED
        if fault == Fault.WRONG_BODY and request.method != b"HEAD":
            headers, content = wrong(headers, content)
        elif fault == Fault.WRONG_COOKIE:
            headers += [(b"set-cookie", cookie) for cookie in self._cookies(request)]
        await front.send_all(
            response.status_code, headers, content,
            reason=bytes(response.reason), is_head=request.method == b"HEAD",
            is_chunked=is_chunked, is_cut=is_cut,
        )  # fmt: skip
        return front.may_go_on and not is_cut

    def _cookies(self, request: h11.Request) -> list[bytes]:
        """Deletions of all that the customer carries, as a careless candidate sends them."""
        carried = b";".join(value for name, value in request.headers if name == b"cookie")
        names = [name for name in _COOKIE.findall(carried) if name != self._own_cookie]
        gone = b"=; Path=/; Max-Age=0; Expires=Thu, 01 Jan 1970 00:00:00 GMT"
        return [name + gone for name in names or [b"sessionid"]]

    @asynccontextmanager
    async def _candidate(self) -> AsyncGenerator["_Peer"]:
        is_tls = self._url.scheme == "https"
        host = self._url.hostname or ""
        reader, writer = await asyncio.open_connection(
            host, self._url.port or (443 if is_tls else 80),
            ssl=ssl.create_default_context() if is_tls else None,
        )  # fmt: skip
        try:
            yield _Peer(_connection(h11.CLIENT), reader, writer)
        finally:
            writer.close()


def wrong(
    headers: list[tuple[bytes, bytes]], content: bytes
) -> tuple[list[tuple[bytes, bytes]], bytes]:
    """An answer of the same kind that says something else: other numbers, and a line more.

    Numbers keep their length and never begin with a new zero, so that JSON stays JSON.
    """
    told = {name.lower(): value.lower() for name, value in headers}
    kind = told.get(b"content-type", b"")
    plain = _plain(content, told.get(b"content-encoding", b""))
    changed = plain.translate(_DIGITS)
    if b"html" in kind:
        changed += b"<p>A rehearsed fault: this is not the answer.</p>\n"
    elif b"json" not in kind or changed == plain:
        changed = b'{"rehearsed": "fault"}' if b"json" in kind else changed + b"rehearsed fault\n"
    kept = [
        (name, value)
        for name, value in headers
        if name.lower() not in {b"content-encoding", b"content-length", b"etag"}
    ]
    return kept, changed


def _plain(content: bytes, encoding: bytes) -> bytes:
    try:
        if encoding in {b"gzip", b"x-gzip"}:
            return gzip.decompress(content)
        if encoding == b"deflate":
            return zlib.decompress(content)
    except (OSError, EOFError, zlib.error):
        return b""
    return content if not encoding or encoding == b"identity" else b""


_HOP_BY_HOP = {b"connection", b"keep-alive", b"transfer-encoding", b"upgrade", b"proxy-connection"}


def _connection(role: type[h11.CLIENT] | type[h11.SERVER]) -> h11.Connection:
    return h11.Connection(role, max_incomplete_event_size=_HEAD_BYTES_MAX)


class _Peer:
    """One side of an HTTP/1.1 connection."""

    def __init__(
        self,
        connection: h11.Connection,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        self.connection, self._reader, self._writer = connection, reader, writer

    @property
    def may_go_on(self) -> bool:
        return self.connection.our_state is h11.DONE and self.connection.their_state is h11.DONE

    async def next(self) -> object:
        while True:
            event = self.connection.next_event()
            if event is not h11.NEED_DATA:
                return event
            if self.connection.they_are_waiting_for_100_continue:
                await self._write(h11.InformationalResponse(status_code=100, headers=[]))
            self.connection.receive_data(await self._reader.read(_READ_BYTES))

    async def rest(self) -> bytes:
        """The body up to its end."""
        body = bytearray()
        while not isinstance(event := await self.next(), h11.EndOfMessage):
            if not isinstance(event, h11.Data):
                raise h11.RemoteProtocolError("the message broke off")
            body += event.data
            if len(body) > _BODY_BYTES_MAX:
                raise h11.RemoteProtocolError("a body of more than 16 MB is not rehearsed")
        return bytes(body)

    async def response(self) -> h11.Response:
        while not isinstance(event := await self.next(), h11.Response):
            if not isinstance(event, h11.InformationalResponse):
                raise h11.RemoteProtocolError("no response")
        return event

    async def send(self, request: h11.Request, body: bytes) -> None:
        headers = [
            (name, value)
            for name, value in request.headers.raw_items()
            if name.lower() not in _HOP_BY_HOP | {b"content-length", b"expect"}
        ]
        if body:
            headers.append((b"Content-Length", str(len(body)).encode()))
        headers.append((b"Connection", b"close"))
        await self._write(
            h11.Request(method=request.method, target=request.target, headers=headers)
        )
        if body:
            await self._write(h11.Data(data=body))
        await self._write(h11.EndOfMessage())

    async def send_all(
        self,
        status: int,
        headers: list[tuple[bytes, bytes]],
        content: bytes,
        *,
        reason: bytes = b"",
        is_head: bool = False,
        is_chunked: bool = False,
        is_cut: bool = False,
    ) -> None:
        """A whole answer, framed as it was, or (``is_cut``) its head and half of its body."""
        has_length = any(name.lower() == b"content-length" for name, _ in headers)
        may_have_body = status >= 200 and status not in {204, 304}
        if not has_length and not is_chunked and may_have_body and not is_head:
            headers = [*headers, (b"Content-Length", str(len(content)).encode())]
        await self._write(h11.Response(status_code=status, headers=headers, reason=reason))
        if is_cut:
            await self._write(h11.Data(data=content[: len(content) // 2]))
            return
        if content and may_have_body and not is_head:
            await self._write(h11.Data(data=content))
        await self._write(h11.EndOfMessage())

    async def _write(self, event: h11.Event) -> None:
        data = self.connection.send(event)
        if data:
            self._writer.write(data)
            await self._writer.drain()
