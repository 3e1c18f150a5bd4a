"""Writes that went to the candidate and go back to legacy: none is lost, and nobody goes to and fro."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID, uuid4

import httpx
import psycopg
import pytest

from banyan import migration, movement, operations
from banyan.gateway import DataPlane
from banyan.kernel import SystemClock
from banyan.migration import Control, Phase, StoredPlan
from banyan.migration.control import syncing
from banyan.runtime import Cause, Database, create_marketplace
from tests.migration.plans import plan_text, route
from tests.migration.sides import Side
from tests.migration.test_control import CRITERIA, away, free_port, process, until
from tests.movement.conftest import make_postgres

__all__ = ["make_postgres"]

pytestmark = pytest.mark.slow

PERSON = Cause("person", "ana", "ana")
_TABLE = "create table orders (id bigserial primary key, token text not null, side text not null)"
_ENDS_LATE_S = 0.1
"""A write that is under way at the candidate when customers leave it."""


class Till(Side):
    """A side that keeps each order in its own database."""

    def __init__(self, name: str, url: str) -> None:
        super().__init__(name)
        self.url_of_database = url
        self.acts = self._keep
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(_TABLE.encode())

    async def _keep(self, method: str, path: str) -> None:
        if method != "POST":
            return
        if self.name == "candidate":
            await asyncio.sleep(_ENDS_LATE_S)
        connect = psycopg.AsyncConnection.connect(self.url_of_database, autocommit=True)
        async with await connect as connection:
            await connection.execute(
                "insert into orders (token, side) values (%s, %s)",
                (path.rpartition("/")[2], self.name),
            )

    def tokens(self) -> list[str]:
        with psycopg.connect(self.url_of_database) as connection:
            return [token for (token,) in connection.execute("select token from orders")]


@dataclass
class Buyers:
    """Customers who order all the time; what was accepted, and by whom, in the order of asking."""

    port: int
    sides: dict[int, str] = field(default_factory=dict[int, str])
    accepted: list[str] = field(default_factory=list[str])
    refused: list[int] = field(default_factory=list[int])
    asked: int = 0

    @asynccontextmanager
    async def buying(self, count: int = 6) -> AsyncGenerator[None]:
        tasks = [asyncio.create_task(self._buy()) for _ in range(count)]
        try:
            yield
        finally:
            self.port = 0
            await asyncio.gather(*tasks)

    async def _buy(self) -> None:
        async with httpx.AsyncClient(timeout=60) as client:
            while self.port:
                token, self.asked = uuid4().hex, self.asked + 1
                number = self.asked
                answer = await client.post(f"http://127.0.0.1:{self.port}/orders/{token}")
                if answer.status_code == 200:
                    self.accepted.append(token)
                    self.sides[number] = answer.headers["x-side"]
                else:
                    self.refused.append(answer.status_code)
                await asyncio.sleep(0.02)

    def seen(self, side: str) -> int:
        return sum(1 for each in self.sides.values() if each == side)

    def since_legacy_again(self) -> list[str]:
        """Who accepted what was asked after legacy had taken over, but for the first moments."""
        sides = [self.sides[number] for number in sorted(self.sides)]
        again = sides.index("legacy", sides.index("candidate"))
        return sides[again + 40 :]


@dataclass
class Market:
    database: Database
    url: str
    stored: StoredPlan
    legacy: Till
    candidate: Till
    folder: Path
    buyers: Buyers

    def control(self) -> Control:
        return Control.local(
            self.folder,
            self.stored,
            database_url=self.url,
            open_database=lambda: Database.open(self.url, size=4),
        )

    @property
    def marketplace_id(self) -> UUID:
        return self.stored.marketplace_id

    @asynccontextmanager
    async def led(self) -> AsyncGenerator[None]:
        stop = asyncio.Event()
        task = asyncio.create_task(self.control().run(stop))
        try:
            await until(self.serves, task)
            yield
        finally:
            stop.set()
            await task

    @asynccontextmanager
    async def carried(self) -> AsyncGenerator[None]:
        """With a mover."""
        stop = asyncio.Event()
        ids = self.marketplace_id, self.stored.plan_id
        task = asyncio.create_task(movement.run(self.database, self.url, *ids, stop))
        try:
            yield
        finally:
            stop.set()
            await task

    @asynccontextmanager
    async def serving(self) -> AsyncGenerator[None]:
        await until(self.serves)
        yield

    async def serves(self) -> bool:
        async with httpx.AsyncClient() as client:
            try:
                url = f"http://127.0.0.1:{self.buyers.port}/x"
                return (await client.get(url)).status_code == 200
            except httpx.TransportError:
                return False

    async def status(self) -> migration.RouteStatus:
        async with self.database.transaction(self.marketplace_id) as tx:
            return await migration.route_status_of(tx, self.stored.plan_id, "orders")

    async def changes(self) -> list[migration.Change]:
        async with self.database.transaction(self.marketplace_id) as tx:
            page = await migration.history(tx, self.stored.plan_id, route="orders", limit=100)
        return page.data[::-1]

    async def are_effective(self) -> bool:
        return all(change.effective_at is not None for change in await self.changes())

    async def is_verified(self) -> bool:
        async with self.database.transaction(self.marketplace_id) as tx:
            return (await movement.standing(tx, self.stored.plan_id, "orders")).is_verified

    async def is_taken_over(self) -> bool:
        return self.buyers.seen("candidate") >= 30

    async def is_back(self) -> bool:
        """Rolled back, and written down."""
        return any(change.kind == "rolled_back" for change in await self.changes())

    async def may_go_back(self) -> bool:
        """As far as is known beside the data plane."""
        kept = migration.ControlFolder(self.folder).recall()
        return kept is not None and not kept.stuck

    async def has_all(self) -> bool:
        return not {*self.buyers.accepted} - {*await asyncio.to_thread(self.legacy.tokens)}

    async def cut_over(self) -> None:
        """Take the route all the way to the candidate, with customers on it."""
        await until(self.is_verified)
        while (await self.status()).standing.phase != Phase.CANDIDATE:
            seen = self.buyers.seen("legacy")
            await until(lambda seen=seen: self._is_more(seen + 110))
            async with self.database.transaction(self.marketplace_id, PERSON) as tx:
                await migration.advance(
                    tx, self.stored.plan_id, "orders", by="ana", why="Test", is_forced=True
                )
        await until(self.are_effective)
        await until(self.is_taken_over)

    async def _is_more(self, count: int) -> bool:
        return self.buyers.seen("legacy") >= count

    async def serves_at_legacy(self, count: int) -> None:
        seen = self.buyers.seen("legacy")
        await until(lambda: self._is_more(seen + count))


@pytest.fixture
async def market(
    database_url: str,
    tmp_path: Path,
    make_postgres: Callable[[], str],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Market]:
    database = await Database.open(database_url, size=8)
    live = await create_marketplace(
        database, name="Live", livemode=True, currency="EUR", country="DE", now=SystemClock().now()
    )
    old, new, port = make_postgres(), make_postgres(), free_port()
    monkeypatch.setenv("TILL_OLD", old)
    monkeypatch.setenv("TILL_NEW", new)
    columns = {name: name for name in ("id", "token", "side")}
    text_of_plan = {
        "gateway": {"listen": f"127.0.0.1:{port}"},
        "data": {
            "source": {"url_env": "TILL_OLD"},
            "target": {"url_env": "TILL_NEW"},
            "sets": [
                {"name": "orders", "source": {"table": "orders", "key": ["id"]},
                 "target": {"table": "orders", "key": ["id"]}, "columns": columns,
                 "verify": {"lag_max": "60s", "every": "2s"}},
            ],
        },
        "routes": [
            route(name="orders", path="/orders/{token}", methods=None, shadow={"sample": "0%"})
        ],
        "criteria": {**CRITERIA, "ramp": {**CRITERIA["ramp"], "data": ["orders"]}},
    }  # fmt: skip
    async with Till("legacy", old) as legacy, Till("candidate", new) as candidate:
        text = plan_text(legacy=legacy.url, candidates={"candidate": candidate.url}, **text_of_plan)
        async with database.transaction(live.marketplace_id, PERSON) as tx:
            stored = (await migration.apply_plan(tx, text, by="ana", why="Test")).stored
        folder = migration.folder_of(tmp_path, "shop", live.marketplace_id)
        yield Market(database, database_url, stored, legacy, candidate, folder, Buyers(port))
        async with DataPlane(folder, drain_s=0) as plane:
            await plane.stop()
    await database.close()


async def assert_nothing_is_lost(market: Market) -> None:
    """At the end, with customers gone and the mover still there."""
    await until(market.has_all)
    tokens = market.legacy.tokens()
    assert len(tokens) == len({*tokens})
    assert {*market.buyers.since_legacy_again()} == {"legacy"}
    kinds = [change.kind for change in await market.changes()]
    assert kinds.count("rolled_back") == 1
    standing = (await market.status()).standing
    assert (standing.phase, standing.writes_to) == (Phase.SHADOW, "legacy")
    async with market.database.transaction(market.marketplace_id) as tx:
        sets = await movement.list_sets(tx, plan_id=market.stored.plan_id)
        found = await movement.page_findings(tx, sets[0].set_id, limit=10)
    assert [one for one in found.data if one.kind == movement.FindingKind.CONFLICT] == []


async def roll_back(market: Market) -> None:
    async with market.database.transaction(market.marketplace_id, PERSON) as tx:
        await migration.roll_back(tx, market.stored.plan_id, "orders", by="ana", why="It smells.")


async def test_a_person_takes_writes_back_and_none_is_lost(market: Market) -> None:
    async with market.led(), market.carried():
        async with market.buyers.buying():
            await market.cut_over()
            await roll_back(market)
            await market.serves_at_legacy(60)
        await assert_nothing_is_lost(market)
    assert market.buyers.refused == []


async def test_the_judge_takes_writes_back_and_none_is_lost(market: Market) -> None:
    async with market.led(), market.carried():
        async with market.buyers.buying():
            await market.cut_over()
            market.candidate.fails = lambda _: market.candidate.requests % 2 == 0
            await until(market.is_back)
            await market.serves_at_legacy(60)
        await assert_nothing_is_lost(market)
        assert (await market.changes())[-1].by == "judge"


async def test_a_control_plane_that_dies_between_switch_and_return_loses_nothing(
    market: Market, tmp_path: Path
) -> None:
    async with market.carried():
        async with process(market.url, tmp_path) as first, market.serving(), market.buyers.buying():
            await market.cut_over()
            async with locked(market):  # the database takes no step of a route
                await until(market.may_go_back)
                async with DataPlane(market.folder) as plane:
                    await migration.roll_back_here(plane, "orders", by="ana", why="It smells.")
                await market.serves_at_legacy(20)
                assert not await market.is_back()
                first.kill()
                await first.wait()
            await market.serves_at_legacy(20)
            async with process(market.url, tmp_path):
                await until(market.is_back)
                await until(market.are_effective)
                await market.serves_at_legacy(60)
        await assert_nothing_is_lost(market)


@asynccontextmanager
async def locked(market: Market) -> AsyncGenerator[None]:
    async with await psycopg.AsyncConnection.connect(market.url) as connection:
        await connection.execute("select 1 from migration.routes for update")
        yield
        await connection.rollback()


async def test_without_database_and_control_plane_it_comes_to_the_same_end(
    market: Market, server_url: str
) -> None:
    async with market.carried():
        async with market.led():
            pass  # the data plane is there from now on
        async with market.buyers.buying():
            async with market.led():
                await market.cut_over()
                await until(market.may_go_back)
            with away(market.url, server_url):
                async with DataPlane(market.folder) as plane:
                    await migration.roll_back_here(plane, "orders", by="ana", why="It smells.")
                await market.serves_at_legacy(60)
            async with market.led():
                await until(market.is_back)
                await market.serves_at_legacy(60)
                await until(market.are_effective)
        await assert_nothing_is_lost(market)


async def test_where_nobody_carries_them_back_customers_stay_and_a_person_is_told(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(syncing, "LATE_S", 3.0)

    async def cases() -> list[str]:
        async with market.database.transaction(market.marketplace_id) as tx:
            subject = f"{migration.PLAN.text(market.stored.plan_id)}/orders"
            found = await operations.cases_of(tx, subject)
        return [one.state for one in found if one.kind == "migration.unreturned"]

    async def has_case(state: str) -> bool:
        return await cases() == [state]

    async with market.led():
        async with market.buyers.buying():
            async with market.carried():
                await market.cut_over()
            seen = market.buyers.seen("candidate")
            await until(lambda: _more_than(market, seen + 20))  # nobody carries these
            await roll_back(market)
            await market.serves_at_legacy(60)
            await until(lambda: has_case("open"))
            held_why = (await market.status()).standing.held_why
            assert "hasn't been heard of since it was given back" in held_why
            await market.serves_at_legacy(60)
        assert not await market.has_all()
        async with market.carried():
            await assert_nothing_is_lost(market)
            await until(lambda: has_case("withdrawn"))
            assert "legacy has all" in (await market.status()).standing.held_why


async def _more_than(market: Market, count: int) -> bool:
    return market.buyers.seen("candidate") > count
