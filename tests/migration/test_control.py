"""The control plane with a real Envoy, a real database, and two tiny sides."""

import asyncio
import hashlib
import os
import socket
import sys
import tempfile
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import httpx
import psycopg
import pytest

from banyan import migration, operations
from banyan.gateway import DataPlane
from banyan.gateway.dataplane.keeper import holder
from banyan.kernel import SystemClock
from banyan.migration import Control, Phase, RouteStatus, StoredPlan
from banyan.migration.control.routes import ANSWER_AGE_MAX_S
from banyan.runtime import Cause, Database, create_marketplace
from tests.migration.plans import plan_text, route
from tests.migration.sides import Side
from tests.simulation.machine import is_alive

PERSON = Cause("person", "ana", "ana")
WAIT_S = 600.0
"""For anything to happen: many times what it takes, on a machine that has much else to do."""

EASY = {
    "requests_min": 20,
    "compared_min": 0,
    "time_min": "0s",
    "errors_increase_max": "10%",
    "latency_increase_max": "9000%",
    "latency_floor": "30s",
    "confidence": "80%",
}
CRITERIA = {
    "shadow": {**EASY, "requests_min": 0},
    "canary": EASY,
    "ramp": {**EASY, "steps": ["50%"]},
    "candidate": {**EASY, "approval": True},
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@dataclass
class Shop:
    """A legacy side, a candidate, a plan that is applied, and the gateway's folder."""

    database: Database
    url: str
    marketplace_id: UUID
    stored: StoredPlan
    legacy: Side
    candidate: Side
    folder: Path
    port: int

    async def route(self, name: str = "catalogue") -> RouteStatus:
        async with self.database.transaction(self.marketplace_id) as tx:
            return await migration.route_status_of(tx, self.stored.plan_id, name)

    async def changes(self) -> list[migration.Change]:
        async with self.database.transaction(self.marketplace_id) as tx:
            page = await migration.history(tx, self.stored.plan_id, route="catalogue", limit=100)
        return page.data[::-1]

    def control(self) -> Control:
        return Control.local(
            self.folder,
            self.stored,
            database_url=self.url,
            open_database=lambda: Database.open(self.url, size=4),
        )


@pytest.fixture
async def shop(database_url: str, tmp_path: Path) -> AsyncIterator[Shop]:
    database = await Database.open(database_url, size=6)
    live = await create_marketplace(
        database, name="Live", livemode=True, currency="EUR", country="DE", now=SystemClock().now()
    )
    port = free_port()
    async with Side("legacy") as legacy, Side("candidate") as candidate:
        text = plan_text(
            legacy=legacy.url,
            candidates={"candidate": candidate.url},
            gateway={"listen": f"127.0.0.1:{port}"},
            routes=[route(shadow={"sample": "50%"}, compare={"body": "none"})],
            criteria=CRITERIA,
        )
        async with database.transaction(live.marketplace_id, PERSON) as tx:
            applied = await migration.apply_plan(tx, text, by="ana", why="Test")
        yield Shop(
            database, database_url, live.marketplace_id, applied.stored, legacy, candidate,
            migration.folder_of(tmp_path, "shop", live.marketplace_id), port,
        )  # fmt: skip
        folder = migration.folder_of(tmp_path, "shop", live.marketplace_id)
        async with DataPlane(folder, drain_s=0) as plane:
            await plane.stop()
    await database.close()


@asynccontextmanager
async def leading(shop: Shop) -> AsyncGenerator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(shop.control().run(stop))
    try:
        await until(lambda: answers(shop), task)
        yield
    finally:
        stop.set()
        await task


async def answers(shop: Shop) -> bool:
    async with httpx.AsyncClient() as client:
        try:
            return (await client.get(f"http://127.0.0.1:{shop.port}/x")).status_code == 200
        except httpx.TransportError:
            return False


async def until(
    is_so: Callable[[], Awaitable[bool]], task: "asyncio.Task[None] | None" = None
) -> None:
    async with asyncio.timeout(WAIT_S):
        while not await is_so():
            if task is not None and task.done():
                task.result()
            await asyncio.sleep(0.1)


class Customers:
    """Customers who look at products all the time, and count what they got.

    They share a loop with the control plane, so they are few and ask no more than is needed.
    """

    def __init__(self, port: int) -> None:
        self.port = port
        self.statuses: dict[int, int] = {}
        self.by_side: dict[str, int] = {}
        self.errors: list[str] = []

    @asynccontextmanager
    async def browsing(self, count: int = 20) -> AsyncGenerator[None]:
        tasks = {asyncio.create_task(self._browse(number)) for number in range(count)}
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.result()

    async def _browse(self, number: int) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
                try:
                    await self._look(number, reader, writer)
                finally:
                    writer.transport.abort()
            except (OSError, asyncio.IncompleteReadError) as error:
                self.errors.append(repr(error))
                await asyncio.sleep(0.1)

    async def _look(
        self, number: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        device = hashlib.sha256(f"customer {number}".encode()).hexdigest()[:15]
        while True:
            writer.write(
                f"GET /product/{number} HTTP/1.1\r\nhost: shop\r\n"
                f"cookie: banyan_device={device}\r\n\r\n".encode()
            )
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            headers = dict(line.lower().split(": ", 1) for line in head[1:] if line)
            await reader.readexactly(int(headers["content-length"]))
            code, side = int(head[0].split(" ")[1]), headers.get("x-side", "gateway")
            self.statuses[code] = self.statuses.get(code, 0) + 1
            self.by_side[side] = self.by_side.get(side, 0) + 1
            await asyncio.sleep(0.1)


async def in_phase(shop: Shop, phase: Phase) -> bool:
    return (await shop.route()).standing.phase == phase


@pytest.mark.slow
async def test_a_sound_candidate_goes_all_the_way_and_a_person_retires_legacy(shop: Shop) -> None:
    customers = Customers(shop.port)
    async with leading(shop), customers.browsing():
        await until(lambda: in_phase(shop, Phase.CANDIDATE))
        assert (await shop.route()).standing.read_bp == 10_000
        async with shop.database.transaction(shop.marketplace_id, PERSON) as tx:
            await migration.approve(tx, shop.stored.plan_id, "catalogue", by="ana", why="Done.")
        await until(lambda: in_phase(shop, Phase.RETIRED))
        await until(lambda: all_effective(shop))
    assert [(c.kind, c.to_phase, c.to_bp) for c in await shop.changes()] == [
        ("started", Phase.LEGACY, 0),
        ("advanced", Phase.SHADOW, 0),
        ("advanced", Phase.CANARY, 5_000),
        ("advanced", Phase.CANDIDATE, 10_000),
        ("approved", Phase.CANDIDATE, 10_000),
        ("advanced", Phase.RETIRED, 10_000),
    ]
    assert customers.errors == []
    assert set(customers.statuses) == {200}


async def test_sides_that_can_not_be_reached_are_told_while_it_leads(shop: Shop) -> None:
    async def unreached() -> list[str]:
        async with shop.database.transaction(shop.marketplace_id) as tx:
            status = await migration.status_of(tx, shop.stored.plan_id)
        return [] if status.controller is None else status.controller.unreached

    async def is_told() -> bool:
        return bool(await unreached())

    async def is_over() -> bool:
        return not await unreached()

    await shop.candidate.close()
    async with leading(shop):
        await until(is_told)
        [said] = await unreached()
        assert said.startswith(f"candidate can't be reached at 127.0.0.1:{shop.candidate.port}: ")
        await shop.candidate.open()
        await until(is_over)


async def all_effective(shop: Shop) -> bool:
    return all(change.effective_at is not None for change in await shop.changes())


async def taken_to(shop: Shop, read_bp: int) -> None:
    """A person takes the route on until it has this weight; the judge may take a step as well."""
    while (standing := (await shop.route()).standing).read_bp < read_bp:
        with suppress(migration.RouteMoved):
            async with shop.database.transaction(shop.marketplace_id, PERSON) as tx:
                await migration.advance(
                    tx, shop.stored.plan_id, "catalogue", by="ana", why="Test",
                    expected_change=standing.change, is_forced=True,
                )  # fmt: skip
    await until(lambda: all_effective(shop))


async def is_rolled_back(shop: Shop) -> bool:
    changes = await shop.changes()
    return changes[-1].kind == "rolled_back"


async def test_a_candidate_that_fails_is_rolled_back_and_customers_notice_nothing(
    shop: Shop,
) -> None:
    customers = Customers(shop.port)
    async with leading(shop), customers.browsing():
        await taken_to(shop, 5_000)
        assert (await shop.route()).standing.read_bp == 5_000
        await until(lambda: served_by(customers, "candidate"))
        shop.candidate.fails = lambda _: True
        await until(lambda: is_rolled_back(shop))
        status = await shop.route()
        assert (status.standing.phase, status.standing.read_bp) == (Phase.SHADOW, 0)
        assert status.standing.held_why.startswith("Rolled back: Back to legacy.")
        await until(lambda: all_effective(shop))
        await only_legacy_serves(customers)
    last = (await shop.changes())[-1]
    assert (last.by, last.from_bp, last.to_bp) == ("judge", 5_000, 0)
    assert last.numbers["gates"]
    async with shop.database.transaction(shop.marketplace_id) as tx:
        [case] = await operations.cases_of(tx, f"{migration.PLAN.text(last.plan_id)}/catalogue")
    assert (case.queue, case.kind) == ("migration", "migration.rolled_back")
    assert customers.errors == []
    assert set(customers.statuses) == {200}


async def served_by(customers: Customers, side: str) -> bool:
    return customers.by_side.get(side, 0) > 0


async def only_legacy_serves(customers: Customers) -> None:
    """Of the requests from now on, once those that are under way have been answered."""
    for _ in range(2):
        customers.by_side.clear()
        await until(lambda: seen(customers, 100))
    assert set(customers.by_side) == {"legacy"}


async def seen(customers: Customers, requests: int) -> bool:
    return sum(customers.by_side.values()) >= requests


@pytest.mark.slow
async def test_a_rolled_back_route_stays_until_a_person_releases_it(shop: Shop) -> None:
    customers = Customers(shop.port)
    async with leading(shop), customers.browsing():
        await taken_to(shop, 5_000)
        async with shop.database.transaction(shop.marketplace_id, PERSON) as tx:
            await migration.roll_back(
                tx, shop.stored.plan_id, "catalogue", by="ana", why="It smells."
            )
        await until(lambda: all_effective(shop))
        await until(lambda: judged(shop, "held"))
        async with shop.database.transaction(shop.marketplace_id, PERSON) as tx:
            with pytest.raises(migration.RouteNotReady, match="held"):
                await migration.advance(tx, shop.stored.plan_id, "catalogue", by="ana", why="Again")
            await migration.release(tx, shop.stored.plan_id, "catalogue", by="ana", why="Mended.")
        await until(lambda: judged(shop, "held", "pass"))


async def judged(shop: Shop, gate: str, state: str = "wait") -> bool:
    verdict = (await shop.route()).verdict
    gates = verdict.numbers["gates"] if verdict is not None else []
    return any(each["name"] == gate and each["state"] == state for each in gates)


@pytest.mark.slow
async def test_it_rolls_back_while_the_database_is_away_and_writes_it_down_later(
    shop: Shop, server_url: str
) -> None:
    customers = Customers(shop.port)
    async with leading(shop), customers.browsing():
        await taken_to(shop, 5_000)
        with away(shop.url, server_url):
            shop.candidate.fails = lambda _: True
            await until(lambda: rolled_back_on_disk(shop))
            await until(lambda: told_on_disk(shop))
            await only_legacy_serves(customers)
        await until(lambda: is_rolled_back(shop))
        await until(lambda: settled_on_disk(shop))
        await only_legacy_serves(customers)
    assert customers.errors == []
    assert set(customers.statuses) == {200}


@pytest.mark.slow
async def test_a_route_whose_data_both_sides_share_goes_back_while_the_database_is_away(
    shop: Shop, server_url: str
) -> None:
    async def is_long_away() -> bool:
        known_at = migration.ControlFolder(shop.folder).known_at()
        assert known_at is not None
        return SystemClock().now() - known_at > timedelta(seconds=ANSWER_AGE_MAX_S + 1)

    text = plan_text(
        legacy=shop.legacy.url,
        candidates={"candidate": shop.candidate.url},
        gateway={"listen": f"127.0.0.1:{shop.port}"},
        routes=[route(methods=None, shadow={"sample": "50%"}, compare={"body": "none"})],
        criteria={**CRITERIA, "ramp": {**CRITERIA["ramp"], "data": []}},
    )
    async with shop.database.transaction(shop.marketplace_id, PERSON) as tx:
        await migration.apply_plan(tx, text, by="ana", why="Writes, too")
    customers = Customers(shop.port)
    async with leading(shop), customers.browsing():
        await taken_to(shop, 10_000)
        assert (await shop.route()).standing.writes_to == "candidate"
        with away(shop.url, server_url):
            await until(is_long_away)
            shop.candidate.fails = lambda _: True
            await until(lambda: told_on_disk(shop))
            await only_legacy_serves(customers)
        await until(lambda: is_rolled_back(shop))
        await only_legacy_serves(customers)
    assert customers.errors == []
    assert set(customers.statuses) == {200}


@contextmanager
def away(url: str, server_url: str) -> Iterator[None]:
    """The database lets nobody in, and everybody who is in is put out."""
    name = urlsplit(url).path.strip("/")
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"alter database {name} allow_connections false".encode())
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", (name,)
        )
        try:
            yield
        finally:
            connection.execute(f"alter database {name} allow_connections true".encode())


def _orders(shop: Shop) -> list[Path]:
    return list((shop.folder / "rollbacks").glob("*.json"))


async def rolled_back_on_disk(shop: Shop) -> bool:
    return bool(_orders(shop))


async def settled_on_disk(shop: Shop) -> bool:
    return not _orders(shop)


async def told_on_disk(shop: Shop) -> bool:
    remembered = migration.ControlFolder(shop.folder).recall()
    return remembered is not None and remembered.rolled_back == ("catalogue",)


@pytest.mark.slow
async def test_it_goes_on_after_kill_9_and_customers_notice_nothing(
    shop: Shop, tmp_path: Path
) -> None:
    customers = Customers(shop.port)
    async with process(shop.url, tmp_path) as first:
        await until(lambda: answers(shop))
        async with customers.browsing():
            await taken_to(shop, 5_000)
            await until(lambda: served_by(customers, "candidate"))
            first.kill()
            await first.wait()
            shop.candidate.fails = lambda _: True  # nobody judges now; the data plane falls back
            customers.by_side.clear()
            await until(lambda: seen(customers, 200))
            async with process(shop.url, tmp_path):
                await until(lambda: is_rolled_back(shop))
                await until(lambda: all_effective(shop))
                await only_legacy_serves(customers)
    assert customers.errors == []
    assert set(customers.statuses) == {200}


@asynccontextmanager
async def process(url: str, state: Path) -> AsyncGenerator[asyncio.subprocess.Process]:
    """`banyan gateway` as a process of its own, on the database at ``url``."""
    started = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "banyan", "gateway"),
        env={**os.environ, "BANYAN_DATABASE_URL": url, "BANYAN_STATE_FOLDER": str(state)},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        if started.returncode is None:
            started.terminate()
        await started.wait()


@pytest.mark.slow
async def test_a_person_rolls_back_where_neither_control_plane_nor_database_is(
    shop: Shop, server_url: str
) -> None:
    async with leading(shop):
        await taken_to(shop, 5_000)
    customers = Customers(shop.port)
    async with customers.browsing():
        await until(lambda: served_by(customers, "candidate"))
        with away(shop.url, server_url):
            async with DataPlane(shop.folder) as plane:
                done = await migration.roll_back_here(
                    plane, "catalogue", by="ana", why="It smells."
                )
            assert not done.by_control_plane
            await only_legacy_serves(customers)
    async with leading(shop):
        await until(lambda: is_rolled_back(shop))
        await until(lambda: settled_on_disk(shop))
    last = (await shop.changes())[-1]
    assert (last.by, last.why, last.to_bp) == ("ana", "It smells.", 0)


@pytest.mark.slow
async def test_a_data_plane_that_was_left_is_ended_by_a_command(shop: Shop, tmp_path: Path) -> None:
    async def stopped() -> tuple[int | None, str]:
        ending = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "banyan", "gateway", "--stop"),
            env={**os.environ, "BANYAN_STATE_FOLDER": str(tmp_path)},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await ending.communicate()
        return ending.returncode, said.decode()

    async with process(shop.url, tmp_path):
        await until(lambda: answers(shop))
        code, said = await stopped()
        assert (code, said.count("\n")) == (2, 1)
        assert "end that `banyan gateway` first" in said
    assert await answers(shop)
    code, said = await stopped()
    assert (code, said) == (0, "The Envoy of shop has ended. Nobody answers customers here now.\n")
    assert not await answers(shop)
    async with DataPlane(shop.folder) as plane:
        status = await plane.status()
    assert (status.pid, status.keeper_pid) == (None, None)


@pytest.fixture
def short_folder() -> Iterator[Path]:
    """Sockets live in it, whose paths have to be short."""
    with tempfile.TemporaryDirectory(prefix="banyan-") as folder:
        yield Path(folder)


@pytest.mark.slow
async def test_a_rehearsal_that_is_ended_leaves_nothing_behind(
    shop: Shop, tmp_path: Path, short_folder: Path
) -> None:
    """Told twice, as `timeout` does."""
    folder, asked = short_folder, tmp_path / "requests"
    asked.write_text("GET /product/1\n")
    rehearsing = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "banyan", "migrate", "rehearse", "--requests", asked),
        *("--legacy", shop.legacy.url, "--candidate", shop.candidate.url),
        env={**os.environ, "BANYAN_DATABASE_URL": shop.url, "TMPDIR": str(folder)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )

    async def pids() -> list[int]:
        locks = folder.glob("banyan-rehearsal-*/gateway/*/*.lock")
        held = [holder(lock) for lock in locks if lock.name in ("keeper.lock", "envoy.lock")]
        return [pid for pid in held if pid]

    async def runs() -> bool:
        return len(await pids()) == 2 or rehearsing.returncode is not None

    try:
        await until(runs)
        left = await pids()
    finally:
        for _ in range(2):
            with suppress(ProcessLookupError):
                rehearsing.terminate()
            await asyncio.sleep(0.01)
        said, _ = await rehearsing.communicate()
    assert (rehearsing.returncode, len(left)) == (130, 2), said.decode()
    assert [pid for pid in left if is_alive(pid)] == []
    assert list(folder.glob("banyan-rehearsal-*")) == []
