"""The control plane's two loops, one round at a time, with a data plane that does what a test says."""

import time
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from types import SimpleNamespace, TracebackType
from typing import Any, cast
from uuid import UUID

import psycopg
import pytest

from banyan import comparison, migration
from banyan.comparison import Answer, Asked
from banyan.difference import comparing
from banyan.gateway import (
    Applied,
    Attempt,
    ConfigurationRefused,
    DataPlaneStatus,
    GatewaySpec,
    GatewayUnusable,
    Sinks,
    Written,
)
from banyan.kernel import SystemClock
from banyan.migration import Comparer, ControlFolder, Gates, Phase, StoredPlan
from banyan.migration.control.routes import ANSWER_AGE_MAX_S, Missing
from banyan.migration.control.syncing import Sync
from banyan.migration.control.watching import Watch
from banyan.migration.control.world import World
from banyan.migration.model.standing import RouteStanding
from banyan.migration.model.verdict import Verdict
from banyan.migration.store import findings as findings_store
from banyan.migration.store import routes as routes_store
from banyan.runtime import Database, Settings, Transaction, Vault
from tests.migration.plans import PLAN, plan_text, route


@dataclass
class FakePlane:
    """Takes every configuration, unless ``refuses`` is set; nothing is served."""

    refuses: Exception | None = None
    bad_names: set[str] = field(default_factory=set[str])
    """Of routes whose configuration Envoy would refuse."""
    out: frozenset[str] | None = frozenset()
    specs: list[GatewaySpec] = field(default_factory=list[GatewaySpec])
    kept: int = 0

    async def __aenter__(self) -> object:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
        /,
    ) -> None:
        return None

    async def start(self, spec: GatewaySpec) -> object:
        return await self.apply(spec)

    async def apply(self, spec: GatewaySpec) -> Applied:
        if self.refuses is not None:
            raise self.refuses
        if self.bad_names & {each.name for each in spec.routes}:
            raise ConfigurationRefused("Envoy refuses the new edge.")
        self.specs.append(spec)
        return Applied(version="1", changed=("edge",), took_ms=1)

    async def keep(self) -> None:
        self.kept += 1

    async def status(self) -> DataPlaneStatus:
        raise GatewayUnusable("There is none.")

    async def written(self) -> Written | None:
        return None

    async def ejected(self) -> frozenset[str] | None:
        return self.out

    def read_bp(self, name: str = "catalogue") -> int:
        """What it was told last of a route."""
        [found] = [each for each in self.specs[-1].routes if each.name == name]
        return found.read_bp


@dataclass
class Led:
    """A plan that is led, without the loops that turn."""

    database: Database
    url: str
    stored: StoredPlan
    plane: FakePlane
    world: World
    watch: Watch
    sync: Sync

    @property
    def catalogue(self) -> Any:
        return self.world.routes["catalogue"]

    async def begin(self) -> None:
        await self.watch.start()
        assert await self.sync.connect()

    async def advance(self) -> migration.Change:
        async with self.database.transaction(self.stored.marketplace_id) as tx:
            change = await migration.advance(
                tx, self.stored.plan_id, "catalogue", by="ana", why="Test", is_forced=True
            )
        await self.sync.pull()
        return change

    async def roll_back(self) -> migration.Change:
        async with self.database.transaction(self.stored.marketplace_id) as tx:
            change = await migration.roll_back(
                tx, self.stored.plan_id, "catalogue", by="ana", why="It smells."
            )
        await self.sync.pull()
        assert change is not None
        return change

    async def apply(self, **changes: Any) -> None:
        async with self.database.transaction(self.stored.marketplace_id) as tx:
            await migration.apply_plan(tx, plan_text(**changes), by="ana", why="Test")
        await self.sync.pull()

    async def phase(self) -> Phase:
        async with self.database.transaction(self.stored.marketplace_id) as tx:
            standings = await routes_store.select_routes(tx, self.stored.plan_id)
        [found] = [each.phase for each in standings if each.route == "catalogue"]
        return found


class Unready(Comparer):
    """Can't be prepared the first time."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Vault(Settings(state_folder=folder)))
        self.is_ready = False

    async def prepare(self, tx: Transaction, plan_id: UUID, plan: migration.Plan) -> None:
        if not self.is_ready:
            self.is_ready = True
            raise ValueError("what no one thought of")
        await super().prepare(tx, plan_id, plan)


def led_by(database: Database, url: str, stored: StoredPlan, folder: Path) -> Led:
    clock, plane = SystemClock(), FakePlane()
    kept = ControlFolder(folder)
    kept.prepare()
    world = World(kept, stored.marketplace_id, stored.plan_id, stored.plan)
    watch = Watch(world, plane, clock, retry_s=0)
    sync = Sync(
        world, watch, plane, lambda: Database.open(url, size=2), gates=Gates(), clock=clock,
        holder="test", comparer=None,
    )  # fmt: skip
    return Led(database, url, stored, plane, world, watch, sync)


@pytest.fixture
async def led(database: Database, database_url: str, live: UUID, tmp_path: Path) -> Any:
    async with database.transaction(live) as tx:
        stored = (await migration.apply_plan(tx, plan_text(), by="ana", why="Test")).stored
        standings = await routes_store.select_routes(tx, stored.plan_id)
    made = led_by(database, database_url, stored, tmp_path)
    made.world.follow(stored.plan, stored.version, standings)
    await made.begin()
    yield made
    await made.sync.finish()


def after(led: Led, url: str) -> Led:
    """The process that goes on where another stopped."""
    made = led_by(led.database, url, led.stored, led.world.folder.path)
    made.world.follow(
        led.world.plan, led.world.version, [each.standing for each in led.world.routes.values()]
    )
    return made


def attempt(at_us: int, **more: Any) -> Attempt:
    values: dict[str, Any] = {
        "route": "catalogue", "method": "GET", "arm": "candidate", "assigned": "candidate",
        "status": 200, "duration_us": 1_000, "is_censored": False, "flags": "",
        "request_id": str(at_us), "customer": at_us,
    }  # fmt: skip
    return Attempt(at_us, **{**values, **more})


def now_us(later: timedelta = timedelta()) -> int:
    return int((SystemClock().now() + later).timestamp() * 1_000_000)


ADVANCE = Verdict(kind="advance", sentence="All is well.", gates=())


async def test_a_route_does_not_advance_before_the_data_plane_followed(led: Led) -> None:
    led.plane.refuses = GatewayUnusable("Envoy has not taken what is new.")
    await led.advance()
    await led.watch.tick()
    led.catalogue.verdict = ADVANCE
    await led.sync.once()
    assert await led.phase() == Phase.SHADOW
    led.plane.refuses = None
    await led.watch.tick()
    led.catalogue.verdict = ADVANCE
    await led.sync.once()
    assert await led.phase() == Phase.CANARY


@contextmanager
def failing_commits(url: str) -> Generator[None]:
    """Whatever changes a route is refused at the very end of its transaction."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "create function fail() returns trigger language plpgsql as "
            "$$ begin raise exception 'the commit fails'; end $$"
        )
        connection.execute(
            "create constraint trigger fail after insert on migration.changes "
            "deferrable initially deferred for each row execute function fail()"
        )
        try:
            yield
        finally:
            connection.execute("drop function fail cascade")


async def test_a_step_whose_commit_fails_is_not_taken(led: Led) -> None:
    await led.advance()
    await led.watch.tick()
    with failing_commits(led.url):
        led.catalogue.verdict = ADVANCE
        await led.sync.once()
        await led.watch.tick()
        assert (led.catalogue.standing.phase, led.plane.read_bp()) == (Phase.SHADOW, 0)
    led.catalogue.verdict = ADVANCE
    await led.sync.once()
    assert await led.phase() == led.catalogue.standing.phase == Phase.CANARY


async def test_a_rollback_whose_commit_fails_stays_in_force(led: Led) -> None:
    for _ in range(3):
        await led.advance()
    await led.watch.tick()
    led.watch.order(led.catalogue, by="judge", why="It fails.")
    with failing_commits(led.url):
        await led.sync.once()
        await led.watch.tick()
        assert led.catalogue.standing.phase == Phase.RAMP
        assert (set(led.world.rollbacks), led.plane.read_bp()) == ({"catalogue"}, 0)
    await led.sync.once()
    assert await led.phase() == led.catalogue.standing.phase == Phase.SHADOW
    assert led.world.folder.orders() == []


async def forget(led: Led, url: str, before: RouteStanding) -> None:
    """A database that came back from a copy: the route's last change is in it no more."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "delete from migration.changes where route = 'catalogue' and change > %s",
            (before.change,),
        )
    async with led.database.transaction(led.stored.marketplace_id) as tx:
        await routes_store.save_route(tx, before)


async def test_a_step_that_the_database_has_lost_is_taken_back(led: Led) -> None:
    await led.advance()
    await led.advance()
    before = led.catalogue.standing
    await led.advance()
    await led.watch.tick()
    await forget(led, led.url, before)
    await led.sync.once()
    await led.watch.tick()
    assert led.catalogue.standing == before
    assert led.plane.read_bp() == before.read_bp


async def test_a_rollback_that_the_database_has_lost_is_done_again(led: Led) -> None:
    for _ in range(3):
        await led.advance()
    before = led.catalogue.standing
    await led.roll_back()
    await led.watch.tick()
    told = len(led.plane.specs)
    await forget(led, led.url, before)
    await led.sync.once()
    await led.watch.tick()
    assert await led.phase() == led.catalogue.standing.phase == Phase.SHADOW
    assert "It smells." in led.catalogue.standing.held_why
    assert all(each.read_bp == 0 for spec in led.plane.specs[told:] for each in spec.routes)


async def test_an_approval_in_ramp_is_for_the_phase_after_it(led: Led) -> None:
    await led.apply(criteria={"ramp": {"approval": True, "steps": ["1%", "5%", "25%"]}})
    while led.catalogue.standing.phase != Phase.RAMP:
        await led.advance()

    def gate() -> str:
        found = led.catalogue.judge(SystemClock().now()).find("approval")
        return found.state

    assert (led.catalogue.ahead.phase, gate()) == (Phase.RAMP, "pass")
    async with led.database.transaction(led.stored.marketplace_id) as tx:
        await migration.approve(tx, led.stored.plan_id, "catalogue", by="ana", why="Yes")
    await led.advance()
    assert (led.catalogue.ahead.phase, gate()) == (Phase.CANDIDATE, "pass")
    async with led.database.transaction(led.stored.marketplace_id) as tx:
        await tx.execute("update migration.routes set approved_for = ''")
    await led.sync.pull()
    assert gate() == "wait"


async def test_the_data_plane_is_kept_at_every_tick(led: Led) -> None:
    before = led.plane.kept
    await led.watch.tick()
    assert led.plane.kept == before + 1


async def test_what_came_before_the_data_plane_followed_is_no_evidence(led: Led) -> None:
    led.plane.refuses = GatewayUnusable("Envoy has not taken what is new.")
    await led.advance()
    await led.advance()
    await led.watch.tick()
    before_us = now_us()
    led.world.hear([attempt(before_us)])
    led.catalogue.gather(before_us, before_us + 1, is_whole=True, is_ejected=False)
    assert led.catalogue.evidence.groups["reads"].tally.candidate == 0
    led.plane.refuses = None
    await led.watch.tick()
    assert not led.catalogue.is_of_this_step(before_us)
    after_us = now_us(timedelta(seconds=1))
    led.world.hear([attempt(before_us), attempt(after_us)])
    led.catalogue.gather(before_us, after_us, is_whole=True, is_ejected=False)
    assert led.catalogue.evidence.groups["reads"].tally.candidate == 1


async def gathered(led: Led, attempts: int) -> None:
    """In canary, with so many good answers of the candidate that are written down."""
    await led.advance()
    await led.advance()
    await led.watch.tick()
    began_us = now_us()
    led.world.hear([attempt(began_us + number) for number in range(attempts)])
    led.catalogue.gather(began_us, began_us + 1_000, is_whole=True, is_ejected=False)
    await led.sync.once()


@pytest.mark.parametrize("ticks", [0, 1])
async def test_what_came_before_a_restart_is_not_whole(
    led: Led, database_url: str, ticks: int
) -> None:
    await gathered(led, 50)
    assert led.catalogue.evidence.groups["reads"].tally.candidate == 50
    next_one = after(led, database_url)
    await next_one.watch.start()
    began_us = now_us()
    for number in range(ticks):  # while the database does not answer yet
        next_one.world.hear([attempt(began_us)])
        next_one.catalogue.gather(began_us, began_us + number + 1, is_whole=True, is_ejected=False)
    assert await next_one.sync.connect()
    evidence = next_one.catalogue.evidence
    assert (evidence.gaps, evidence.began_at_us) == (1, led.catalogue.evidence.began_at_us)
    assert evidence.windows == led.catalogue.evidence.windows + ticks + 1
    assert evidence.groups["reads"].tally.candidate == ticks
    assert evidence.whole_since_us > led.catalogue.evidence.ended_at_us
    await next_one.sync.finish()


async def test_what_was_gathered_is_not_lost_when_the_first_read_fails(
    led: Led, database_url: str
) -> None:
    await gathered(led, 50)
    next_one = after(led, "")
    await next_one.watch.start()
    next_one.sync = Sync(
        next_one.world, next_one.watch, next_one.plane,
        lambda: Database.open(database_url, size=2), gates=Gates(), clock=SystemClock(),
        holder="test", comparer=Unready(led.world.folder.path),
    )  # fmt: skip
    assert not await next_one.sync.connect()
    assert await next_one.sync.connect()
    assert next_one.catalogue.evidence.gaps == 1
    await next_one.sync.finish()


class Quiet:
    """Sinks to which nothing is reported."""

    def take(self, _: Written | None) -> Any:
        return SimpleNamespace(is_whole=True, counts=())


async def test_a_candidate_is_not_in_rotation_because_nobody_can_say(led: Led) -> None:
    led.watch.sinks = cast("Sinks", Quiet())
    await led.watch.tick()
    assert (led.catalogue.evidence.is_whole, led.catalogue.evidence.gaps) == (True, 0)
    led.plane.out = frozenset({"catalogue"})
    await led.watch.tick()
    led.plane.out = None
    await led.watch.tick()
    assert (led.catalogue.evidence.is_whole, led.catalogue.evidence.gaps) == (False, 1)
    assert led.catalogue.evidence.is_ejected


async def test_routes_are_judged_though_the_data_plane_can_not_be_told(led: Led) -> None:
    led.watch.sinks = cast("Sinks", Quiet())
    led.plane.refuses = OSError(28, "No space left on device")
    await led.advance()
    await led.watch.tick()
    assert "No space left" in led.world.says
    assert led.catalogue.verdict is not None


class Cramped(Comparer):
    """The machine has no room for its process."""

    def end_if_hung(self) -> None:
        raise BlockingIOError(11, "Resource temporarily unavailable")


async def test_routes_are_judged_though_answers_can_not_be_compared(led: Led) -> None:
    led.watch.sinks = cast("Sinks", Quiet())
    led.watch.comparer = Cramped(Vault(Settings(state_folder=led.world.folder.path)))
    await led.watch.tick()
    assert led.catalogue.verdict is not None


HEAD = (("content-type", "application/json"),)
DIFFERENT = Answer(200, HEAD, b'{"price": "10"}')
ELSEWISE = Answer(200, HEAD, b'{"price": 10, "stock": 3}')
ALIKE = Answer(200, HEAD, b'{"price": 10}')


async def compared(led: Led, at: datetime, answers: list[Answer]) -> None:
    """The candidate's answers beside legacy's, written down and heard of."""
    findings = [
        comparison.examine(
            "catalogue", f"{at} {number}", Asked("GET", "/product/1", ()), primary_arm="legacy",
            primary=ALIKE, legacy=ALIKE, candidate=given, how=comparing(key=b"k"), at=at,
        )
        for number, given in enumerate(answers)
    ]  # fmt: skip
    async with led.database.transaction(led.stored.marketplace_id) as tx:
        recorded = await comparison.record(
            tx, led.stored.plan_id, [each for each in findings if each is not None]
        )
    led.catalogue.compared += recorded.compared
    led.catalogue.diverged += recorded.diverged


async def accept(led: Led, what: str) -> None:
    """And see what the next round makes of it."""
    async with led.database.transaction(led.stored.marketplace_id) as tx:
        page = await comparison.list_divergences(tx, plan_id=led.stored.plan_id)
        [one] = [each for each in page.data if what in each.title]
        await comparison.decide(tx, one.divergence_id, "accept", why="Seen.", by="ana")
    led.sync = Sync(  # one that asks at once
        led.world, led.watch, led.plane, lambda: Database.open(led.url, size=2), gates=Gates(),
        clock=SystemClock(), holder="test", comparer=None,
    )  # fmt: skip
    assert await led.sync.connect()
    await led.sync.once()


async def test_what_is_accepted_after_a_release_is_forgiven(led: Led) -> None:
    led.watch.sinks = cast("Sinks", Quiet())
    await led.advance()
    await led.watch.tick()
    await compared(led, SystemClock().now() - timedelta(minutes=9), 40 * [DIFFERENT])
    async with led.database.transaction(led.stored.marketplace_id) as tx:
        await migration.hold(tx, led.stored.plan_id, "catalogue", by="ana", why="It differs.")
        await migration.release(tx, led.stored.plan_id, "catalogue", by="ana", why="Mended.")
    await led.sync.pull()
    await led.watch.tick()
    await compared(led, SystemClock().now(), [ELSEWISE, ALIKE, ALIKE])
    await led.watch.tick()
    assert led.catalogue.evidence.diverged == 1
    await accept(led, "stock")
    assert led.catalogue.evidence.diverged == 0


async def test_what_is_accepted_is_forgiven_though_a_gap_came(led: Led) -> None:
    led.watch.sinks = cast("Sinks", Quiet())
    await led.advance()
    await led.watch.tick()
    await compared(led, SystemClock().now(), 40 * [DIFFERENT])
    await led.watch.tick()
    led.plane.out = None
    await led.watch.tick()
    assert (led.catalogue.evidence.diverged, led.catalogue.evidence.gaps) == (0, 1)
    await led.sync.once()
    assert led.catalogue.evidence.divergence.log_e > 0
    await accept(led, "price")
    assert led.catalogue.evidence.divergence.log_e <= 0


@dataclass
class SettableClock:
    """The machine's time, and somebody who sets it."""

    by: timedelta = timedelta()

    def now(self) -> datetime:
        return SystemClock().now() + self.by


async def test_a_clock_that_is_set_back_does_not_blind_it(led: Led) -> None:
    clock = SettableClock()
    led.watch = Watch(led.world, led.plane, clock)
    led.watch.sinks = cast("Sinks", Quiet())
    await led.watch.start()
    await led.advance()
    await led.advance()
    await led.watch.tick()
    hour = timedelta(hours=1)
    clock.by -= hour
    await led.watch.tick()
    assert (led.catalogue.evidence.gaps, led.catalogue.evidence.is_whole) == (1, False)
    led.world.hear([attempt(now_us(-hour))])
    await led.watch.tick()
    evidence = led.catalogue.evidence
    assert evidence.is_whole
    assert evidence.groups["reads"].tally.candidate == 1
    assert now_us(-2 * hour) < evidence.began_at_us <= evidence.ended_at_us <= now_us(-hour)


@pytest.mark.parametrize("by_person", [True, False])
async def test_a_plan_that_is_refused_keeps_no_route_from_going_back(
    led: Led, by_person: bool
) -> None:
    for _ in range(3):
        await led.advance()
    await led.watch.tick()
    assert led.plane.read_bp() > 0
    led.plane.bad_names = {"broken"}
    await led.apply(
        routes=[route(), route(name="broken", path="/b"), *PLAN["routes"][1:]], title="Two"
    )
    await led.watch.tick()
    if by_person:
        await led.roll_back()
    else:
        led.watch.order(led.catalogue, by="judge", why="It fails.")
    await led.watch.tick()
    assert led.plane.read_bp() == 0
    assert led.world.says == "Envoy refuses the new edge."
    await led.sync.once()
    await led.watch.tick()
    await led.sync.once()
    async with led.database.transaction(led.stored.marketplace_id) as tx:
        page = await migration.history(tx, led.stored.plan_id, route="catalogue", limit=1)
    assert [each.kind for each in page.data] == ["rolled_back"]
    assert page.data[0].effective_at is not None
    assert led.plane.read_bp() == 0


async def test_a_rollback_is_confirmed_only_once_the_data_plane_has_it(led: Led) -> None:
    for _ in range(3):
        await led.advance()
    await led.watch.tick()
    led.plane.refuses = GatewayUnusable("Envoy has not taken what is new.")
    led.watch.order(led.catalogue, by="judge", why="It fails.")
    await led.watch.tick()
    await led.sync.once()
    async with led.database.transaction(led.stored.marketplace_id) as tx:
        page = await migration.history(tx, led.stored.plan_id, route="catalogue", limit=1)
    assert [(each.kind, each.effective_at) for each in page.data] == [("rolled_back", None)]


async def test_it_starts_with_what_was_taken_before_where_the_plan_is_refused(
    led: Led, database_url: str
) -> None:
    for _ in range(3):
        await led.advance()
    await led.watch.tick()
    led.plane.bad_names = {"broken"}
    await led.apply(
        routes=[route(), route(name="broken", path="/b"), *PLAN["routes"][1:]], title="Two"
    )
    next_one = after(led, database_url)
    next_one.plane.bad_names = {"broken"}
    await next_one.watch.start()
    assert next_one.plane.read_bp() == led.plane.read_bp() > 0
    assert next_one.world.says
    next_one.watch.order(next_one.catalogue, by="judge", why="It fails.")
    await next_one.watch.tick()
    assert next_one.plane.read_bp() == 0


async def test_a_step_is_announced_although_an_earlier_one_was(led: Led) -> None:
    led.catalogue.standing = replace(
        led.catalogue.standing, announced_for="canary/0", announced_at=SystemClock().now()
    )
    assert led.catalogue.ahead.phase == Phase.SHADOW
    assert not led.catalogue.is_announced


async def test_who_follows_writes_down_nothing_but_that_a_route_went_back(led: Led) -> None:
    for _ in range(3):
        await led.advance()
    led.world.leads = False
    await led.watch.tick()
    led.catalogue.verdict = ADVANCE
    led.catalogue.is_unsaved = True
    await led.sync.once()
    async with led.database.transaction(led.stored.marketplace_id) as tx:
        status = await migration.status_of(tx, led.stored.plan_id)
        kept = await findings_store.select_evidence(tx, led.stored.plan_id)
        changes = (await migration.history(tx, led.stored.plan_id, route="catalogue", limit=1)).data
    assert (status.controller, kept) == (None, [])
    assert [each.verdict for each in status.routes] == [None, None]
    assert (changes[0].kind, changes[0].effective_at) == ("advanced", None)

    led.watch.order(led.catalogue, by="judge", why="It fails.")
    await led.watch.tick()
    assert led.plane.read_bp() == 0
    await led.sync.once()
    async with led.database.transaction(led.stored.marketplace_id) as tx:
        changes = (await migration.history(tx, led.stored.plan_id, route="catalogue", limit=1)).data
    # In force on its own machine: the leader's data plane has yet to follow.
    assert (changes[0].kind, changes[0].effective_at) == ("rolled_back", None)


async def test_who_follows_is_seen_beside_the_leader(led: Led) -> None:
    await led.sync.once()
    led.world.leads = False
    led.sync = Sync(
        led.world, led.watch, led.plane, lambda: Database.open(led.url, size=2), gates=Gates(),
        clock=SystemClock(), holder="other", comparer=None,
    )  # fmt: skip
    led.world.says = "Envoy refuses the new edge."
    assert await led.sync.connect()
    await led.sync.once()
    led_on = led_by(led.database, led.url, led.stored, led.world.folder.path)
    led_on.world.follow(led.stored.plan, led.stored.version, led.world.standings().values())
    assert await led_on.sync.connect()
    await led_on.sync.once()
    beat = await beat_of(led)
    assert beat.holder == "test"
    assert [(name, each.says) for name, each in beat.followers.items()] == [
        ("other", "Envoy refuses the new edge.")
    ]
    await led.sync.finish()
    assert (await beat_of(led)).followers == {}
    await led_on.sync.finish()


async def beat_of(led: Led) -> Any:
    async with led.database.transaction(led.stored.marketplace_id) as tx:
        return (await migration.status_of(tx, led.stored.plan_id)).controller


async def test_the_beat_says_when_routes_were_judged_last(led: Led) -> None:
    led.watch.sinks = cast("Sinks", Quiet())
    before = SystemClock().now()
    await led.watch.tick()
    await led.sync.once()
    judged_at = datetime.fromisoformat((await beat_of(led)).data_plane["judged_at"])
    assert before <= judged_at <= SystemClock().now()
    async with led.database.transaction(led.stored.marketplace_id) as tx:
        for within_s, is_recent in ((60.0, True), (0.0, False)):
            found = await findings_store.judged_at(tx, led.stored.plan_id, within_s)
            assert found == (judged_at, is_recent)


async def test_who_can_not_ask_the_database_stays_what_it_was(led: Led) -> None:
    led.world.leads = False
    answers: list[bool | None] = [None, None, False, True]

    async def leads() -> bool | None:
        return answers.pop(0)

    await led.sync.run(leads)
    assert answers == []


DATA = {
    "source": {"url_env": "OLD"}, "target": {"url_env": "NEW"},
    "sets": [{"name": "orders", "source": {"table": "o", "key": ["id"]},
              "target": {"table": "o", "key": ["id"]}, "columns": {"id": "id"}}],
}  # fmt: skip


async def at_the_candidate(led: Led, **criteria: Any) -> None:
    """Reads and writes, as the criteria of the ramp say."""
    await led.apply(
        data=DATA, routes=[route(methods=None), *PLAN["routes"][1:]], criteria={"ramp": criteria}
    )
    async with led.database.transaction(led.stored.marketplace_id) as tx:
        await tx.execute("update movement.sets set phase = 'following'")
    while led.catalogue.standing.phase != Phase.CANDIDATE:
        await led.advance()
    assert led.catalogue.standing.writes_to == "candidate"


async def test_that_legacy_has_all_writes_is_not_believed_for_long(led: Led) -> None:
    await at_the_candidate(led, data=["orders"])
    assert not led.catalogue.can_be_taken_back
    asked_at_s = time.monotonic()
    led.catalogue.missing = Missing(return_of_writes="", asked_at_s=asked_at_s)
    assert led.catalogue.can_be_taken_back
    led.catalogue.missing.asked_at_s = asked_at_s - ANSWER_AGE_MAX_S - 1
    assert not led.catalogue.can_be_taken_back
    await led.watch.tick()
    kept = led.world.folder.recall()
    assert kept is not None
    assert kept.stuck["catalogue"].startswith("Banyan's database has not said for more than 5 s")


BACK = Verdict(kind="rollback", sentence="Back to legacy.", gates=())


async def test_a_route_that_is_stuck_is_held_with_why_as_long_as_it_is(led: Led) -> None:
    await at_the_candidate(led, data=["orders"])
    answers = ["", "A row can't be written."]

    async def can_return(*_: object) -> str:
        return answers.pop(0)

    led.sync = Sync(
        led.world, led.watch, led.plane, lambda: Database.open(led.url, size=2),
        gates=Gates(can_return=can_return), clock=SystemClock(), holder="test", comparer=None,
    )  # fmt: skip
    assert await led.sync.connect()
    led.watch.stuck["catalogue"] = BACK  # since before the database was back
    await led.sync.once()
    assert led.catalogue.standing.held_why == ""
    while answers:
        await led.sync.once()
    assert "written: A row can't be written. Back to" in led.catalogue.standing.held_why


async def test_writes_that_both_sides_share_are_taken_back_though_nobody_can_be_asked(
    led: Led,
) -> None:
    await at_the_candidate(led, data=[])
    assert led.catalogue.missing.asked_at_s is None
    assert led.catalogue.can_be_taken_back
