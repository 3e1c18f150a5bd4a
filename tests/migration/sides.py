"""A tiny side: an HTTP server whose answers and faults a test sets while it runs."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Self


class Side:
    """Answers every request with ``body`` and its own name, unless it is told to fail."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.port = 0
        self.requests = 0
        self.fails: Callable[[str], bool] = lambda _: False
        self.acts: Callable[[str, str], Awaitable[None]] | None = None
        """What a request does, by its method and path, before it is answered."""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def open(self) -> None:
        """At the port that it had before, if any."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            while await self._answer(reader, writer):
                pass
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = head.decode("latin-1").split("\r\n")
        method, path, _ = lines[0].split(" ", 2)
        for line in lines[1:]:
            name, _, value = line.partition(":")
            if name.lower() == "content-length":
                await reader.readexactly(int(value))
        self.requests += 1
        is_broken = self.fails(path)
        if self.acts is not None and not is_broken:
            await self.acts(method, path)
        status = b"500 Broken" if is_broken else b"200 OK"
        body = b"" if method == "HEAD" else b"hello\n"
        writer.write(
            b"HTTP/1.1 " + status + b"\r\ncontent-type: text/plain\r\nx-side: "
            + self.name.encode() + b"\r\ncontent-length: %d\r\n\r\n" % len(body) + body
        )  # fmt: skip
        await writer.drain()
        return True
