"""Two control planes of one plan, each with a real Envoy of its own, as on two machines."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

import httpx
import pytest

from banyan import migration
from banyan.gateway import Applied, DataPlane, GatewaySpec
from banyan.migration import Control, ControlFolder, Phase
from banyan.runtime import Database
from tests.migration.test_control import (
    PERSON,
    Customers,
    Shop,
    all_effective,
    away,
    free_port,
    is_rolled_back,
    only_legacy_serves,
    served_by,
    shop,
    taken_to,
    until,
)

__all__ = ["shop"]


class Elsewhere(DataPlane):
    """A data plane on another machine, where the plan's address is as free as on the first."""

    port = 0

    async def start(self, spec: GatewaySpec) -> Applied:
        return await super().start(replace(spec, port=self.port))

    async def apply(self, spec: GatewaySpec) -> Applied:
        return await super().apply(replace(spec, port=self.port))


@dataclass
class Machine:
    """One control plane and its Envoy; ``url`` is how it reaches the database."""

    shop: Shop
    folder: Path
    port: int = field(default_factory=free_port)

    @asynccontextmanager
    async def running(self) -> AsyncGenerator[asyncio.Task[None]]:
        plane = Elsewhere(self.folder, drain_s=0)
        plane.port = self.port
        control = Control.local(
            self.folder,
            self.shop.stored,
            database_url=self.shop.url,
            open_database=lambda: Database.open(self.shop.url, size=4, wait_s=1),
            plane=plane,
        )
        stop = asyncio.Event()
        task = asyncio.create_task(control.run(stop))
        try:
            await until(self._answers, task)
            yield task
        finally:
            stop.set()
            await task

    async def _answers(self) -> bool:
        async with httpx.AsyncClient() as client:
            try:
                return (await client.get(f"http://127.0.0.1:{self.port}/x")).status_code == 200
            except httpx.TransportError:
                return False

    async def end(self) -> None:
        async with DataPlane(self.folder, drain_s=0) as plane:
            await plane.stop()

    async def read_bp(self) -> int:
        remembered = ControlFolder(self.folder).recall()
        assert remembered is not None
        standing = remembered.standings["catalogue"]
        return 0 if "catalogue" in remembered.rolled_back else standing.read_bp

    async def has(self, read_bp: int) -> bool:
        return await self.read_bp() == read_bp


@asynccontextmanager
async def two(shop: Shop, tmp_path: Path) -> AsyncGenerator[tuple[Machine, Machine]]:
    machines = Machine(shop, tmp_path / "a"), Machine(shop, tmp_path / "b")
    try:
        yield machines
    finally:
        for machine in machines:
            await machine.end()


async def test_a_follower_keeps_its_envoy_in_step_and_rolls_everyone_back(
    shop: Shop, tmp_path: Path
) -> None:
    async with two(shop, tmp_path) as (one, other), one.running(), other.running():
        await taken_to(shop, 5_000)
        await until(lambda: other.has(5_000))
        customers = Customers(other.port)
        at_leader = Customers(one.port)
        async with customers.browsing():
            await until(lambda: served_by(customers, "candidate"))
            # Only the follower has traffic: what it sees is enough to go back on both.
            shop.candidate.fails = lambda _: True
            await until(lambda: is_rolled_back(shop))
            await until(lambda: one.has(0))
            await until(lambda: all_effective(shop))
            await only_legacy_serves(customers)
        async with at_leader.browsing():
            await only_legacy_serves(at_leader)
        last = (await shop.changes())[-1]
        assert (last.kind, last.by, last.from_bp, last.to_bp) == ("rolled_back", "judge", 5_000, 0)
        assert customers.errors == []
        assert set(customers.statuses) == {200}


@pytest.mark.slow
async def test_a_rollback_by_the_leader_reaches_the_followers_customers(
    shop: Shop, tmp_path: Path
) -> None:
    async with two(shop, tmp_path) as (one, other), one.running(), other.running():
        await taken_to(shop, 5_000)
        customers = Customers(other.port)
        async with customers.browsing():
            await until(lambda: served_by(customers, "candidate"))
            async with shop.database.transaction(shop.marketplace_id, PERSON) as tx:
                await migration.roll_back(
                    tx, shop.stored.plan_id, "catalogue", by="ana", why="It smells."
                )
            await until(lambda: other.has(0))
            await only_legacy_serves(customers)


@pytest.mark.slow
async def test_a_follower_never_advances_and_leads_once_the_leader_is_gone(
    shop: Shop, tmp_path: Path
) -> None:
    async with two(shop, tmp_path) as (one, other), other_after(one, other) as stop_first:
        await taken_to(shop, 5_000)
        await until(lambda: other.has(5_000))
        customers = Customers(other.port)
        async with customers.browsing():
            # Far more than the plan asks for, and none of it seen by the leader.
            await until(lambda: many(customers, 5_000))
            route = await shop.route()
            assert (route.standing.phase, route.standing.read_bp) == (Phase.CANARY, 5_000)
            await stop_first()
            await taken_to(shop, 10_000)  # only who leads confirms it
            await until(lambda: other.has(10_000))
        assert customers.errors == []
        assert set(customers.statuses) == {200}


@asynccontextmanager
async def other_after(
    one: Machine, other: Machine
) -> AsyncGenerator[Callable[[], Awaitable[None]]]:
    """The first leads, the second follows; the first may be stopped early."""
    stop = asyncio.Event()

    async def first() -> None:
        async with one.running():
            started.set()
            await stop.wait()

    async def stop_first() -> None:
        stop.set()
        await task

    started = asyncio.Event()
    task = asyncio.create_task(first())
    await started.wait()
    try:
        async with other.running():
            yield stop_first
    finally:
        await stop_first()


async def many(customers: Customers, requests: int) -> bool:
    return sum(customers.by_side.values()) >= requests


@pytest.mark.slow
async def test_a_follower_without_the_database_keeps_its_routes_and_rolls_back_by_itself(
    shop: Shop, tmp_path: Path, server_url: str
) -> None:
    async with two(shop, tmp_path) as (one, other), one.running(), other.running():
        await taken_to(shop, 5_000)
        await until(lambda: other.has(5_000))
        customers = Customers(other.port)
        async with customers.browsing():
            await until(lambda: served_by(customers, "candidate"))
            with away(shop.url, server_url):
                await until(lambda: many(customers, 500))
                assert await other.has(5_000)
                shop.candidate.fails = lambda _: True
                await until(lambda: other.has(0))
                await only_legacy_serves(customers)
                assert await one.has(5_000)  # nobody could tell it, and it has no traffic
            await until(lambda: is_rolled_back(shop))
            await until(lambda: one.has(0))
        assert customers.errors == []
        assert set(customers.statuses) == {200}
