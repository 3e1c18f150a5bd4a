"""A site under load, under every fault, in every phase: its customers notice nothing.

Customers (``examples/legacy_shop/customers.py``) check each answer against what legacy has always said.
``BANYAN_SOAK=10`` makes it ten times as long.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

import pytest
import yaml

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
from tests.migration.soak.site import PATIENCE_S, Site, factor, free_port

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
                fall_back=FallBack(after_ms=500),
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


EASY = {
    "compared_min": 10, "errors_increase_max": "3%", "latency_increase_max": "100%",
    "latency_floor": "1s", "divergence_max": "10%", "confidence": "90%",
}  # fmt: skip
MATCHES = {
    "": {"path": "/"},
    "c": {"path": "/c/{slug}"},
    "p": {"path": "/p/{sku}"},
    "cart": {"path": "/cart", "methods": ["GET"]},
    "api": {"prefix": "/api/"},
    "search": {"path": "/search"},
}
"""The shop's busiest routes, by the first segment of their paths."""

APART = "search"
"""Has a candidate of its own, which may crash, or hang without keeping the others' shadows waiting."""

SHARED = tuple(first for first in MATCHES if first != APART)
NAMES = {first: first or "home" for first in MATCHES}


def rounds() -> Iterator[tuple[Phase, dict[str, str]]]:
    """Every fault in every phase, on another route each time: six cells side by side."""
    faults = [fault for fault in FAULTS if fault != "hang"]
    for turn, phase in enumerate((Phase.SHADOW, Phase.CANARY, Phase.RAMP, Phase.CANDIDATE)):
        order = faults[turn:] + faults[:turn]
        yield phase, {**dict(zip(SHARED, order, strict=False)), APART: "crash"}
        yield phase, {**dict(zip(SHARED, order[len(SHARED) :], strict=False)), APART: "hang"}


@dataclass
class Control:
    """The plan, and its control plane: a process that may be killed at any moment."""

    site: Site
    database: Database
    marketplace_id: UUID
    database_url: str
    plan_id: UUID = field(init=False)
    ports: dict[str, int] = field(default_factory=dict)
    kills: int = 0

    async def begin(self) -> None:
        await self.renew()
        self.start()
        await self.site.until_answers(self.site.gateway_port)

    def plan(self) -> str:
        site = self.site
        routes = [
            {
                "name": NAMES[first], **match, "owner": "shop", "writes": "legacy",
                "candidate": APART if first == APART else "candidate",
                "fall_back": {"after": "1s"}, "auto_advance_to": "legacy",
            }
            for first, match in MATCHES.items()
        ]  # fmt: skip
        return yaml.safe_dump({
            "plan": "soak",
            "legacy": f"http://127.0.0.1:{site.legacy_port}",
            "candidates": {
                name: f"http://127.0.0.1:{port}" for name, port in self.ports.items()
            },
            "gateway": {
                "listen": f"127.0.0.1:{site.gateway_port}", "cookies": {"legacy": ["cart"]},
            },
            "teams": {"shop": {"title": "The shop"}},
            "shadow": {"sample": "30%"},
            "criteria": {
                **dict.fromkeys(("shadow", "canary", "candidate"), EASY),
                "ramp": {**EASY, "steps": ["50%", "75%"]},
            },
            "routes": routes,
        })  # fmt: skip

    async def renew(self) -> None:
        """Other candidates, which are sound, at other ports: nothing is held against them."""
        before = dict(self.ports)
        for name in ("candidate", APART):
            self.ports[name] = free_port()
            await self.site.start_candidate(f"{name}-{self.ports[name]}", self.ports[name])
        async with self.database.transaction(self.marketplace_id) as tx:
            applied = await migration.apply_plan(
                tx, self.plan(), by="test", why="Another candidate.", is_forced=True
            )
        self.plan_id, version = applied.stored.plan_id, applied.stored.version
        if not before:
            return
        await self.until(
            "the data plane knows the new candidates",
            lambda status, _: (
                status.controller is not None and status.controller.version == version
            ),
        )
        for name, port in before.items():
            self.site.kill(f"{name}-{port}")

    async def plant(self, faults: Mapping[str, str]) -> None:
        for name, port in self.ports.items():
            if name == APART and faults[APART] == "crash":
                self.site.kill(f"{name}-{port}")
            else:
                await self.site.plant_at(port, faults)

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
        """`kill -9`, some beats after each has begun to lead: a second each, more on a busy machine.

        Some live for longer than a shadow that hangs (30 s), which is told of when it ends.
        """
        dice = random.Random(2)
        since, beats_left = SystemClock().now(), 10
        while True:
            async with self.database.transaction(self.marketplace_id) as tx:
                beat = (await migration.status_of(tx, self.plan_id)).controller
            if beat is not None and beat.beat_at > since:
                since, beats_left = beat.beat_at, beats_left - 1
            if beats_left == 0:
                self.site.kill("control")
                self.kills += 1
                self.start()
                since, beats_left = SystemClock().now(), dice.randint(5, 60)
            await asyncio.sleep(0.3)

    async def bring_to(self, phase: Phase) -> None:
        """By a person, from anew, until the data plane has all there and the judge has none against it."""
        is_there = False
        while not is_there:
            for name in NAMES.values():
                await self._bring(name, phase)
            status = await self.until("the data plane has all", lambda _, is_told: is_told)
            is_there = all(each.standing.phase == phase for each in status.routes)

    async def _bring(self, name: str, phase: Phase) -> None:
        async with self.database.transaction(self.marketplace_id) as tx:
            standing = (await migration.route_status_of(tx, self.plan_id, name)).standing
            if standing.phase != Phase.LEGACY:
                await migration.roll_back(tx, self.plan_id, name, by="test", why="Soak.")
            await migration.release(tx, self.plan_id, name, by="test", why="Mended.")
            for _ in Phase:
                standing = (await migration.route_status_of(tx, self.plan_id, name)).standing
                if standing.phase == phase:
                    break
                await migration.advance(
                    tx, self.plan_id, name, by="test", why="Soak.", is_forced=True
                )

    async def until_noticed(self, phase: Phase, faults: Mapping[str, str]) -> None:
        """The judge takes routes back from customers; in shadow there is nothing to take back."""
        names = {NAMES[first] for first in faults}

        def is_noticed(route: migration.RouteStatus) -> bool:
            gates = [] if route.verdict is None else route.verdict.numbers["gates"]
            is_seen = any(gate["state"] == "fail" for gate in gates)
            return is_seen if phase == Phase.SHADOW else bool(route.standing.held_why)

        await self.until(
            f"what is wrong in {phase.value} is noticed: {faults}",
            lambda status, is_told: (
                is_told
                and all(is_noticed(each) for each in status.routes if each.plan.name in names)
            ),
        )

    async def until(
        self, what: str, is_so: Callable[[migration.PlanStatus, bool], bool]
    ) -> migration.PlanStatus:
        """``is_so`` is also asked whether the data plane does all that was decided."""
        give_up_s = asyncio.get_running_loop().time() + PATIENCE_S
        while True:
            async with self.database.transaction(self.marketplace_id) as tx:
                status = await migration.status_of(tx, self.plan_id)
                changes = [
                    await migration.find_change(
                        tx, self.plan_id, each.plan.name, each.standing.change
                    )
                    for each in status.routes
                ]
            is_told = all(each is not None and each.effective_at is not None for each in changes)
            if is_so(status, is_told):
                return status
            if asyncio.get_running_loop().time() > give_up_s:
                said = "\n".join(f"{each.plan.name}: {each.sentence}" for each in status.routes)
                raise AssertionError(f"not yet: {what}.\n{said}\n{self.site.said('control')}")
            await asyncio.sleep(0.2)

    @property
    def gateway(self) -> Path:
        return migration.folder_of(self.site.folder / "var", "soak", self.marketplace_id)


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
    try:
        await opened.begin()
        yield opened
    finally:
        site.kill_all()
        async with DataPlane(opened.gateway) as plane:
            await plane.stop()
        await database.close()


@pytest.mark.soak
async def test_every_fault_in_every_phase(site: Site, control: Control) -> None:
    """The judge takes routes back where customers are at a candidate that fails or differs; the control
    plane is killed now and then; Envoy lives; and nobody complains."""
    killing = asyncio.create_task(control.keep_killing())
    try:
        async with site.customers(), DataPlane(control.gateway) as plane:
            envoy = (await plane.status()).pid
            for phase, faults in [each for _ in range(factor()) for each in rounds()]:
                await control.renew()
                await control.bring_to(phase)
                await control.plant(faults)
                await site.served(REQUESTS_A_FAULT)
                await control.until_noticed(phase, faults)
                site.nobody_complained(f"{faults} in {phase.value}")
                assert (await plane.status()).pid == envoy
    finally:
        killing.cancel()
        await asyncio.gather(killing, return_exceptions=True)
    site.nobody_complained("at the end")
    assert control.kills > 0


def test_the_rounds_have_every_fault_in_every_phase() -> None:
    cells = [(phase, fault) for phase, faults in rounds() for fault in faults.values()]
    assert sorted(cells) == sorted(
        (phase, fault)
        for phase in (Phase.SHADOW, Phase.CANARY, Phase.RAMP, Phase.CANDIDATE)
        for fault in (*FAULTS, "crash")
    )
