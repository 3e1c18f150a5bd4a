"""A plan with teams that are told, and a receiver on loopback."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from uuid import UUID

from aiosmtpd.smtp import SMTP, Envelope, Session
from icalendar import Calendar

from banyan.migration import apply_plan, informing
from banyan.operations import jobs as operations_jobs
from banyan.runtime import Database, JobHandler, Settings, Worker

PLAN = """\
plan: shop
title: "Shop <of the future>"
legacy: http://127.0.0.1:9001
candidates:
  candidate: http://127.0.0.1:9002
teams:
  web: {{title: Web, email: {email}}}
  search: {{title: Search & find, webhook: "{webhook}"}}
  pay: {{title: Payments}}
routes:
  - name: product
    title: Product pages
    path: /products/{{id}}
    methods: [GET]
    owner: web
    dependents: [search]
    runbook: |
      # Before
      - [ ] Tell **support** <script>alert(1)</script>
      - [ ] Look at the [board](https://example.com/board)
      - plain
    rollback: |
      1. [ ] Say so in the channel
  - name: checkout
    title: Checkout
    prefix: /checkout
    owner: pay
criteria:
  shadow: {{time_min: 24h}}
milestones:
  - {{name: "Products <moved>", on: 2018-03-20, routes: [product], phase: candidate, about: "Q1 goal"}}
  - {{name: All, on: 2018-06-01, routes: [product, checkout], phase: candidate}}
freezes:
  - {{start: 2018-03-02T00:00:00Z, end: 2018-03-05T00:00:00Z, why: "Sale & stocktaking"}}
notice: 1h
"""


async def applied(
    database: Database,
    marketplace_id: UUID,
    *,
    email: str = "web@example.com",
    webhook: str = "http://127.0.0.1:9/hook",
    change: tuple[str, str] = ("", ""),
) -> UUID:
    """The plan, applied (anew, with a text of it replaced); its id."""
    source = PLAN.format(email=email, webhook=webhook).replace(*change)
    async with database.transaction(marketplace_id) as tx:
        made = await apply_plan(tx, source, by="ana", why="To begin", is_forced=True)
    return made.stored.plan_id


def handlers(folder: Path, **settings: str) -> list[JobHandler]:
    made = Settings(state_folder=folder, **settings)  # pyright: ignore[reportArgumentType]
    return informing.jobs(made)


def worker_of(database: Database, jobs: list[JobHandler]) -> Worker:
    """A worker of these jobs, whose events it follows."""
    for handler in jobs:
        for event_type in getattr(handler, "subscribes", ()):
            database.subscribe(event_type, handler.kind)
    return Worker(database, jobs, operations_jobs.open_case_for_failed_job)


class Mailbox:
    """Keeps the mails that a server on loopback takes."""

    def __init__(self) -> None:
        self.got: list[EmailMessage] = []
        self.url = ""

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 - the library's name
        content = envelope.content
        assert isinstance(content, bytes)
        self.got.append(message_from_bytes(content, _class=EmailMessage, policy=policy.default))
        return "250 OK"


@asynccontextmanager
async def mailbox() -> AsyncGenerator[Mailbox]:
    made = Mailbox()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(made), "127.0.0.1", 0)
    made.url = f"smtp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield made


@dataclass(frozen=True)
class Entry:
    """An entry of a calendar, as icalendar reads it back."""

    uid: str
    summary: str
    stamp: datetime
    start: date | datetime
    end: date | datetime


def entries_of(content: bytes) -> list[Entry]:
    calendar: Any = Calendar.from_ical(content)
    return [
        Entry(
            str(event["UID"]),
            str(event["SUMMARY"]),
            event["DTSTAMP"].dt,
            event["DTSTART"].dt,
            event["DTEND"].dt,
        )
        for event in calendar.walk("VEVENT")
    ]


@dataclass
class Received:
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """Takes webhooks; answers with the statuses given, then 204."""

    statuses: list[int] = field(default_factory=list[int])
    got: list[Received] = field(default_factory=list[Received])
    url: str = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        lines = head.split("\r\n")[1:-2]
        headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
        body = await reader.readexactly(int(headers["content-length"]))
        self.got.append(Received(headers, body))
        status = self.statuses.pop(0) if self.statuses else 204
        location = "Location: http://127.0.0.1:1/\r\n" if 300 <= status < 400 else ""
        writer.write(
            f"HTTP/1.1 {status} X\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n".encode()
        )
        await writer.drain()
        writer.close()
        await writer.wait_closed()


@asynccontextmanager
async def receiving(*statuses: int) -> AsyncGenerator[Receiver]:
    receiver = Receiver([*statuses])
    server = await asyncio.start_server(receiver.answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    receiver.url = f"http://127.0.0.1:{port}/hook"
    async with server:
        yield receiver
