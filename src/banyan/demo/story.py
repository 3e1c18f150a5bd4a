"""What happens in the demo: two bad releases on the way from a legacy shop to its replacement.

Nothing here moves customers but the plan's judge. The demo plays the people: it puts releases in
place, looks at what differs and decides about it, releases what was rolled back, and at the end gives
legacy's part of one route up.
"""

import asyncio
import os
import re
import signal
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from uuid import UUID

from rich.markup import escape

from banyan import comparison, migration
from banyan.comparison import Choice, Divergence
from banyan.demo.shops import CUSTOMERS_CHILD, GATEWAY_CHILD, Photos, Report, Shops
from banyan.kernel import Conflict, SystemClock
from banyan.migration import Change, Phase, PlanStatus
from banyan.runtime import Cause, Database, Transaction
from banyan.runtime.local import Supervisor

POLL_S = 0.2
SETTLE_S = 1.5
PATIENCE_S = 300.0
"""For anything that the demo waits for: many times what it takes."""
REQUESTS_BEFORE = 600
REQUESTS_MORE = 200
REQUESTS_AFTER = 800
ROLLBACKS_MAX = 4
ENGINEER = "engineer@lojaboa.example"

_CAUSE = Cause("person", ENGINEER, "banyan demo-migration")
_HISTORY = 50
_PRICED = ("catalogue", "search", "api")
_FAILING = ("catalogue", "search")
_PAGES = ("pages",)
PHOTOS = "photos"
PHOTOS_TAKEN = 4
_WELL_ON = (Phase.RAMP, Phase.CANDIDATE)


class GotStuck(Conflict):
    """The demo waits for something that does not come. The console says what each route waits for."""

    code = "demo_stuck"
    title = "The demo got stuck"


@dataclass(frozen=True, slots=True)
class Moved:
    """The table that moved: its rows, those that the new shop took, and what customers were told is
    there and legacy's table lacks."""

    rows: int
    taken: int
    lost: int


@dataclass(slots=True)
class Told:
    """What the summary at the end is made of."""

    took_ms: dict[str, tuple[list[float], list[float]]] = field(
        default_factory=dict[str, tuple[list[float], list[float]]]
    )
    decided: list[Divergence] = field(default_factory=list[Divergence])
    rolled_back: Change | None = None
    noticed_s: float = 0.0
    moved: Moved | None = None


@dataclass(slots=True)
class Stage:
    """Where the story is played; ``say`` is told what happens, ``show`` where everything stands."""

    database: Database
    marketplace_id: UUID
    plan_id: UUID
    shops: Shops
    supervisor: Supervisor
    say: Callable[[str], None]
    show: Callable[[PlanStatus, Report], None]
    told: Told = field(default_factory=Told)
    seen: set[tuple[str, int]] = field(default_factory=set[tuple[str, int]])
    report: Report = field(default_factory=Report)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Transaction]:
        async with self.database.transaction(self.marketplace_id, _CAUSE) as tx:
            yield tx

    async def advance(self, route: str, why: str, *, is_forced: bool = False) -> None:
        async with self.transaction() as tx:
            await migration.advance(
                tx, self.plan_id, route, by=ENGINEER, why=why, is_forced=is_forced
            )

    async def approve(self, route: str, why: str) -> None:
        async with self.transaction() as tx:
            await migration.approve(tx, self.plan_id, route, by=ENGINEER, why=why)

    async def release(self, route: str, why: str) -> None:
        async with self.transaction() as tx:
            await migration.release(tx, self.plan_id, route, by=ENGINEER, why=why)

    async def decide(self, found: Divergence, choice: Choice, why: str) -> Divergence:
        async with self.transaction() as tx:
            return await comparison.decide(
                tx, found.divergence_id, choice, why=why, by=ENGINEER, owner="storefront"
            )

    async def begin(self) -> None:
        """What has been until now is of a demo before, and isn't said."""
        async with self.transaction() as tx:
            before = await migration.history(tx, self.plan_id, limit=_HISTORY)
        self.seen.update((each.route, each.change) for each in before.data)

    async def look(self) -> PlanStatus:
        """Where everything stands now; what moved since the last look is said."""
        async with self.transaction() as tx:
            status = await migration.status_of(tx, self.plan_id)
            recent = await migration.history(tx, self.plan_id, limit=_HISTORY)
        self.report = self.shops.report()
        for change in reversed(recent.data):
            if (change.route, change.change) not in self.seen:
                self.seen.add((change.route, change.change))
                if change.kind in ("advanced", "rolled_back"):
                    self.say(_sentence(change))
        self.show(status, self.report)
        return status

    async def until(self, what: str, is_so: Callable[[PlanStatus], bool]) -> PlanStatus:
        """Watch until it is so; ``GotStuck`` says what every route waits for."""
        give_up_s = time.monotonic() + PATIENCE_S
        while True:
            status = await self.look()
            if is_so(status):
                return status
            if time.monotonic() > give_up_s:
                waits = " ".join(f"{each.plan.name}: {each.sentence}" for each in status.routes)
                raise GotStuck(f"After {PATIENCE_S:.0f} s not yet: {what}. {waits}")
            await asyncio.sleep(POLL_S)

    async def requests(self, more: int) -> None:
        """Let customers make so many requests."""
        await self.look()
        begun = self.report.requests
        await self.until(f"{more} requests", lambda _: self.report.requests >= begun + more)


async def play(stage: Stage) -> Told:
    """From legacy to candidate, and one route to its retirement."""
    await _as_it_was(stage)
    await _in_the_shadow(stage)
    await _a_bad_release(stage)
    await _to_the_end(stage)
    await _a_table_moves(stage)
    stage.say("Customers are gone. Both shops are asked in turn, to see what an answer takes.")
    stage.told.took_ms = await stage.shops.measure()
    return stage.told


async def _as_it_was(stage: Stage) -> None:
    await stage.begin()
    stage.say("[bold]1. Legacy alone.[/] The gateway passes everything through.")
    await stage.shops.release(["rounding"])
    await stage.requests(REQUESTS_BEFORE)


async def _in_the_shadow(stage: Stage) -> None:
    """A release that differs is found before any customer is at the new shop."""
    stage.say(
        "[bold]2. Shadow.[/] The new shop is asked too, off the customers' way, and compared. Its "
        "first release rounds instalments as one would expect; legacy doesn't."
    )
    for name in _held(await stage.look()):
        await stage.release(name, "The new shop is up.")
    found = await _found(stage, _PRICED, "instalment", "i")
    routes = sorted({each.route for each in found})
    async with stage.transaction() as tx:
        for name in routes:
            await migration.hold(tx, stage.plan_id, name, by=ENGINEER, why="Prices differ.")
    for each in found:
        stage.say(f"[yellow]found[/] {each.route}: {escape(each.title)}")
        await stage.decide(each, "fix", "Customers know legacy's cents: round as it does.")
    await stage.shops.release([])
    stage.say("[green]mended[/] The second release rounds as legacy does.")
    for each in found:
        decided = await stage.decide(each, "fixed", "The second release rounds as legacy does.")
        stage.told.decided.append(decided)
    for name in routes:
        await stage.release(name, "The second release is in.")
    for each in await _found(stage, _PAGES, "content-type"):
        stage.say(
            f"[yellow]found[/] {each.route}: {escape(each.title)}. Browsers show the same: accepted"
        )
        decided = await stage.decide(
            each, "accept", "The same letters in UTF-8; browsers show them alike."
        )
        stage.told.decided.append(decided)


async def _a_bad_release(stage: Stage) -> None:
    """One that fails and is slow, while most of the customers are at the new shop."""
    stage.say(
        "[bold]3. Canary and ramp.[/] A third of the customers, then two; always the same ones."
    )
    await stage.until(
        "catalogue and search take most of the customers",
        lambda status: all(_phase(status, name) in _WELL_ON for name in _FAILING),
    )
    planted_at = SystemClock().now()
    await stage.shops.release(["errors", "slow_search"])
    stage.say(
        "[red]bad release[/] One page in eight fails, a search takes 1.5 s longer. Legacy answers in "
        "the new shop's place, so that customers see nothing of it. The judge does."
    )
    await stage.until("both are rolled back", lambda status: {*_FAILING} <= {*_held(status)})
    async with stage.transaction() as tx:
        page = await migration.history(tx, stage.plan_id, kinds=("rolled_back",), limit=20)
    stage.told.rolled_back = min(
        (each for each in page.data if each.decided_at >= planted_at),
        key=lambda each: each.decided_at,
    )
    stage.told.noticed_s = (stage.told.rolled_back.decided_at - planted_at).total_seconds()
    stage.say(f"[red]judge[/] {escape(stage.told.rolled_back.why)}")
    await stage.shops.release([])
    stage.say("[green]mended[/] The release before is back.")


async def _to_the_end(stage: Stage) -> None:
    """The same again with a good release, and without a control plane for a moment."""
    stage.say("[bold]4. Once more.[/] What was rolled back is released, and goes its way again.")
    stage.say(
        "[red]kill -9[/] of the control plane. Envoy serves on; the next one goes on from there."
    )
    os.kill(stage.supervisor.pid_of(GATEWAY_CHILD), signal.SIGKILL)
    rounds = 0
    while True:
        for name in _held(await stage.look()):
            await stage.release(name, "The release before is back.")
        status = await stage.until(
            "every route but that of photos is at the new shop",
            lambda status: bool(_held(status)) or not _short_of_candidate(status),
        )
        if not _held(status):
            break
        rounds += 1
        if rounds == ROLLBACKS_MAX:
            raise GotStuck(f"{', '.join(_held(status))} was rolled back {rounds} times.")
    stage.say(
        "[bold]5. Candidate.[/] All customers are at the new shop; legacy answers only to compare."
    )
    await stage.requests(REQUESTS_AFTER)
    await stage.advance("pages", "Nobody needs legacy's pages any more.", is_forced=True)
    await stage.requests(REQUESTS_MORE)


async def _a_table_moves(stage: Stage) -> None:
    """A route whose writes go to a table of the new shop's own, and flow back from there."""
    stage.say(
        "[bold]6. A table moves.[/] Photos were copied into a table of the new shop's own and followed "
        "while legacy took them. Now the new shop takes them, and they flow back to legacy."
    )
    while (phase := _phase(await stage.look(), PHOTOS)) != Phase.CANDIDATE:
        await stage.approve(PHOTOS, "Its table is verified.")
        await stage.until(
            f"{PHOTOS} goes on", lambda status, phase=phase: _phase(status, PHOTOS) != phase
        )
    at_cutover = stage.shops.photos()[0]
    await stage.until(
        f"the new shop has taken {PHOTOS_TAKEN} photos",
        lambda _: len(_changed(at_cutover, stage.shops.photos()[1])) >= PHOTOS_TAKEN,
    )
    await stage.supervisor.end(CUSTOMERS_CHILD)
    await stage.until("both tables are alike", lambda _: not _changed(*stage.shops.photos()))
    legacy, _ = stage.shops.photos()
    told = stage.report.photos.items()
    stage.told.moved = Moved(
        rows=len(legacy),
        taken=len(_changed(at_cutover, legacy)),
        lost=sum(
            customer not in legacy or legacy[customer][1] != digest for customer, digest in told
        ),
    )


def _changed(before: Photos, after: Photos) -> Photos:
    return {customer: photo for customer, photo in after.items() if before.get(customer) != photo}


async def _found(stage: Stage, routes: Sequence[str], *places: str) -> list[Divergence]:
    """Open divergences in these places, once every route has one and no more come.

    One that a run before has accepted is none.
    """
    found: list[Divergence] = []
    give_up_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < give_up_s:
        await stage.look()
        async with stage.transaction() as tx:
            page = await comparison.list_divergences(tx, plan_id=stage.plan_id, limit=100)
        of_these = [each for each in page.data if each.route in routes and _is_in(each, places)]
        now = [each for each in of_these if each.state == "open"]
        if any(each.state == "accepted" for each in of_these) and not now:
            return []
        if {each.route for each in now} == {*routes} and len(now) == len(found):
            return now
        found = now
        await asyncio.sleep(SETTLE_S)
    raise GotStuck(f"Something differs on {', '.join(routes)}, and was not found.")


def _is_in(found: Divergence, places: Sequence[str]) -> bool:
    """Whether the last name in the divergence's pattern is one of these."""
    return any(re.search(rf"\b{place}\W*$", found.pattern) for place in places)


def _phase(status: PlanStatus, route: str) -> Phase:
    return next(each.standing.phase for each in status.routes if each.plan.name == route)


def _held(status: PlanStatus) -> list[str]:
    return [each.plan.name for each in status.routes if each.standing.held_why]


def _short_of_candidate(status: PlanStatus) -> list[str]:
    arrived = (Phase.CANDIDATE, Phase.RETIRED)
    return [
        each.plan.name
        for each in status.routes
        if each.plan.name != PHOTOS and each.standing.phase not in arrived
    ]


def _sentence(change: Change) -> str:
    """``catalogue  shadow → canary 25 % (judge)``."""
    share = f" {change.to_bp / 100:g} %" if change.to_phase in (Phase.CANARY, Phase.RAMP) else ""
    colour = "red" if change.kind == "rolled_back" else "cyan"
    word = "rolled back: " if change.kind == "rolled_back" else ""
    return f"[{colour}]{change.route}[/] {word}{change.from_phase.value} → {change.to_phase.value}{share}"
