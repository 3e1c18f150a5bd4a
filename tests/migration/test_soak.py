"""A site under load, under every fault, in every phase: its customers notice nothing.

Customers (``examples/legacy_shop/customers.py``) check each answer against what legacy has always said.
``BANYAN_SOAK=10`` makes it ten times as long.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest

from banyan import app, migration
from banyan.gateway import (
    BP,
    Cookies,
    DataPlane,
    FallBack,
    GatewaySpec,
    PathMatch,
    RouteSpec,
    Shadow,
    Upstream,
)
from banyan.kernel import SystemClock
from banyan.migration import Phase
from banyan.runtime import MARKETPLACE, Database, create_marketplace
from tests.migration.soak.candidate import FAULTS
from tests.migration.soak.site import PATIENCE_S, Site, factor

pytestmark = pytest.mark.slow

CHANGES = 1_000
REQUESTS_A_FAULT = 60
WEIGHTS = (0, 2_500, BP)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    opened = Site(tmp_path)
    try:
        await opened.start_shops()
        yield opened
    finally:
        opened.kill_all()


def _spec(site: Site, read_bp: int) -> GatewaySpec:
    return GatewaySpec(
        name="soak",
        host="127.0.0.1",
        port=site.gateway_port,
        legacy=Upstream("legacy", "127.0.0.1", site.legacy_port),
        candidates=(Upstream("new", "127.0.0.1", site.candidate_port),),
        routes=(
            RouteSpec(
                name="all",
                match=PathMatch("prefix", "/"),
                candidate="new",
                read_bp=read_bp,
                fall_back=FallBack(after_ms=300),
                shadow=Shadow(sample_bp=2_000),
            ),
        ),
        cookies=Cookies(legacy=("cart",)),
    )


async def test_thousands_of_weight_changes(site: Site) -> None:
    """Without a control plane: nobody reads the reports, nobody compares, and all goes on."""
    dice = random.Random(1)
    async with DataPlane(site.folder / "gateway") as plane:
        try:
            await plane.start(_spec(site, 0))
            async with site.customers():
                for _ in range(CHANGES * factor()):
                    await plane.apply(_spec(site, dice.randint(0, BP)))
                site.nobody_complained("after all changes")
        finally:
            await plane.stop()
    site.nobody_complained("at the end")
    assert site.tally.requests > CHANGES
    assert site.tally.orders > 20


async def test_every_fault_at_every_weight(site: Site) -> None:
    """The data plane alone keeps every fault but a wrong answer from customers."""
    async with DataPlane(site.folder / "gateway") as plane:
        try:
            await plane.start(_spec(site, 0))
            async with site.customers():
                for _ in range(factor()):
                    for read_bp in WEIGHTS:
                        await plane.apply(_spec(site, read_bp))
                        for fault in (*FAULTS, "crash"):
                            await site.plant(fault)
                            await site.served(REQUESTS_A_FAULT)
                            await site.plant("none")
                            site.nobody_complained(f"{fault} at {read_bp} of {BP}")
        finally:
            await plane.stop()
    site.nobody_complained("at the end")


PLAN = """
plan: soak
legacy: http://127.0.0.1:{legacy}
candidates: {{candidate: "http://127.0.0.1:{candidate}"}}
gateway:
  listen: 127.0.0.1:{gateway}
  cookies: {{legacy: [cart]}}
teams: {{shop: {{title: The shop}}}}
shadow: {{sample: 50%}}
criteria:
  shadow: {{{bounds}}}
  canary: {{{bounds}}}
  ramp: {{{bounds}, steps: [25%, 50%]}}
  candidate: {{{bounds}}}
routes:
  - name: all
    prefix: /
    owner: shop
    writes: legacy
    fall_back: {{after: 300ms}}
    auto_advance_to: legacy
"""
BOUNDS = (
    "compared_min: 10, errors_increase_max: 3%, latency_increase_max: 100%, latency_floor: 500ms, "
    "divergence_max: 10%, confidence: 90%"
)


@dataclass
class Control:
    """The plan, and its control plane: a process that may be killed at any moment."""

    site: Site
    database: Database
    marketplace_id: UUID
    database_url: str
    plan_id: UUID = field(init=False)
    kills: int = 0

    async def begin(self) -> None:
        site = self.site
        source = PLAN.format(
            legacy=site.legacy_port,
            candidate=site.candidate_port,
            gateway=site.gateway_port,
            bounds=BOUNDS,
        )
        async with self.database.transaction(self.marketplace_id) as tx:
            applied = await migration.apply_plan(tx, source, by="test", why="The soak begins.")
        self.plan_id = applied.stored.plan_id
        self.start()
        await site.until_answers(site.gateway_port)

    def start(self) -> None:
        self.site.start(
            "control", "-m", "banyan", "gateway", "--plan", "soak",
            "--marketplace", MARKETPLACE.text(self.marketplace_id),
            env={
                "BANYAN_DATABASE_URL": self.database_url,
                "BANYAN_STATE_FOLDER": str(self.site.folder / "var"),
            },
        )  # fmt: skip

    async def keep_killing(self) -> None:
        """`kill -9`, a while after each has begun to lead."""
        dice = random.Random(2)
        since = SystemClock().now()
        while True:
            async with self.database.transaction(self.marketplace_id) as tx:
                beat = (await migration.status_of(tx, self.plan_id)).controller
            if beat is None or beat.beat_at <= since:
                await asyncio.sleep(0.5)
                continue
            await asyncio.sleep(dice.uniform(2, 12))
            self.site.kill("control")
            self.kills += 1
            since = SystemClock().now()
            self.start()

    async def standing(self) -> migration.RouteStanding:
        async with self.database.transaction(self.marketplace_id) as tx:
            return (await migration.route_status_of(tx, self.plan_id, "all")).standing

    async def bring_to(self, phase: Phase) -> None:
        """By a person, whatever the judge says, until the data plane has it."""
        async with self.database.transaction(self.marketplace_id) as tx:
            await migration.release(tx, self.plan_id, "all", by="test", why="Mended.")
        for _ in Phase:
            standing = await self.standing()
            if standing.phase == phase:
                break
            async with self.database.transaction(self.marketplace_id) as tx:
                await migration.advance(
                    tx, self.plan_id, "all", by="test", why="Soak.", is_forced=True
                )
        await self.until("the data plane has it", lambda _, last: last.effective_at is not None)

    async def until_rolled_back(self, what: str) -> None:
        await self.until(
            f"the route is rolled back: {what}",
            lambda now, last: bool(now.held_why) and last.effective_at is not None,
        )

    async def until(
        self, what: str, is_so: Callable[[migration.RouteStanding, migration.Change], bool]
    ) -> None:
        give_up_s = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            async with self.database.transaction(self.marketplace_id) as tx:
                status = await migration.route_status_of(tx, self.plan_id, "all")
                page = await migration.history(tx, self.plan_id, limit=1)
            if is_so(status.standing, page.data[0]):
                return
            if asyncio.get_running_loop().time() > give_up_s:
                said = self.site.said("control")
                raise AssertionError(f"not yet: {what}. {status.sentence}\n{said}")
            await asyncio.sleep(0.1)


@pytest.fixture
async def control(site: Site, database_url: str) -> AsyncIterator[Control]:
    """Real time: a control plane of its own process knows no other."""
    database = await Database.open(database_url, size=4)
    app.subscribe(database)
    market = await create_marketplace(
        database, name="Live", livemode=True, currency="BRL", country="BR",
        now=SystemClock().now(),
    )  # fmt: skip
    opened = Control(site, database, market.marketplace_id, database_url)
    folder = migration.folder_of(site.folder / "var", "soak", market.marketplace_id)
    try:
        await opened.begin()
        yield opened
    finally:
        site.kill_all()
        async with DataPlane(folder) as plane:
            await plane.stop()
        await database.close()


@pytest.mark.soak
async def test_every_fault_in_every_phase(site: Site, control: Control) -> None:
    """The judge takes the route back where customers are at a candidate that fails or differs; the
    control plane is killed now and then; and nobody complains."""
    killing = asyncio.create_task(control.keep_killing())
    try:
        async with site.customers():
            for _ in range(factor()):
                for phase in (Phase.SHADOW, Phase.CANARY, Phase.RAMP, Phase.CANDIDATE):
                    for fault in (*FAULTS, "crash"):
                        cell = f"{fault} in {phase.value}"
                        await control.bring_to(phase)
                        await site.plant(fault)
                        await site.served(REQUESTS_A_FAULT)
                        if phase != Phase.SHADOW:
                            await control.until_rolled_back(cell)
                        await site.plant("none")
                        site.nobody_complained(cell)
    finally:
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)
    site.nobody_complained("at the end")
    assert control.kills > 0
