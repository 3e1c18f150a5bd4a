"""A tiny shop, once as legacy and once as its candidate: pages, a session, a token, some JSON."""

import asyncio
import json
from contextlib import suppress
from typing import Any, Self

import yaml


class Shop:
    """Answers like the other one but for a token in each page, which no two answers share."""

    def __init__(self, name: str) -> None:
        self.name, self.port, self.requests = name, 0, 0
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accepted, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def _accepted(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
                while True:
                    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
                    writer.write(self._answer(head))
                    await writer.drain()
        finally:
            self._tasks.discard(task)
            writer.close()

    def _answer(self, head: str) -> bytes:
        self.requests += 1
        path = head.split()[1]
        has_session = "shop_session=" in head
        lines: list[str] = []
        if not has_session:
            lines.append(f"Set-Cookie: shop_session=s{self.requests}; Path=/; HttpOnly")
        if path.startswith("/stock/"):
            kind, body = "application/json", json.dumps({"id": path[7:], "left": 12, "price": 9.9})
        else:
            links = "".join(
                f'<a href="/product/{n}">P</a><a href="/stock/{n}">S</a>' for n in (1, 2)
            )
            token = f"{self.name}{self.requests:020x}"
            kind = "text/html; charset=utf-8"
            body = (
                f"<html><body><h1>Page {path}</h1><p>Costs 19.90</p>{links}"
                f'<form><input name="token" value="{token}"></form></body></html>'
            )
        lines += [f"Content-Type: {kind}", f"Content-Length: {len(body.encode())}"]
        return ("HTTP/1.1 200 OK\r\n" + "\r\n".join(lines) + "\r\n\r\n" + body).encode()


def plan_of(legacy: str, candidate: str, **changes: Any) -> str:
    easy = {
        "requests_min": 10, "compared_min": 0, "time_min": "0s", "latency_floor": "500ms",
    }  # fmt: skip
    return yaml.safe_dump(
        {
            "plan": "tiny",
            "legacy": legacy,
            "candidates": {"candidate": candidate},
            "teams": {"web": {"title": "Web"}},
            "gateway": {"cookies": {"legacy": ["shop_session"]}},
            "routes": [
                {
                    "name": "product", "path": "/product/{id}", "owner": "web",
                    "fall_back": {"after": "2s"},
                },
                {
                    "name": "stock", "prefix": "/stock/", "owner": "web", "methods": ["GET"],
                    "fall_back": {"after": "2s"},
                },
            ],
            "criteria": dict.fromkeys(("shadow", "canary", "ramp", "candidate"), easy),
            **changes,
        },
        sort_keys=False,
    )  # fmt: skip
