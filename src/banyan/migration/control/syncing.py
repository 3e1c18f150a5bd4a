"""The slow loop: between the world and the database, in both directions.

Who leads writes down all of it. Who follows reads, and writes only that a route went back.

Every part has a transaction of its own. When the database is gone the fast loop goes on: it serves,
holds, and rolls back; all of that is written down when the database is back.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec

from banyan import comparison
from banyan.comparison import Finding
from banyan.gateway import DataPlaneStatus, GatewayError
from banyan.kernel import BanyanError, Clock, Unavailable
from banyan.migration.control.comparing import Comparer
from banyan.migration.control.folder import LocalRollback
from banyan.migration.control.ports import Gates, Plane
from banyan.migration.control.routes import Missing, RouteControl
from banyan.migration.control.watching import Watch, numbers_of
from banyan.migration.control.world import World
from banyan.migration.errors import NoWayBack, RouteNotFound, RouteNotReady
from banyan.migration.model.standing import ControllerBeat, Follower
from banyan.migration.rules.judge import Evidence
from banyan.migration.rules.phases import data_before_cutover
from banyan.migration.service import steps
from banyan.migration.store import findings as findings_store
from banyan.migration.store import plans as plans_store
from banyan.migration.store import routes as routes_store
from banyan.runtime import Cause, Database, Transaction

SYNC_S = 0.2
SLOW_S = 1.0
CONNECT_S = 3.0
"""How long the start waits for the database before routes are watched without it."""
_JUDGE = Cause("system", "banyan gateway", steps.JUDGE)
_BEAT_WAIT_S = 1.0
_FINISH_S = 3.0
_ROUND_MAX_S = 15.0
"""A database that doesn't answer for so long is one that is away."""
LATE_S = 30.0
"""What the candidate took may be on its way back for so long before somebody is told."""
_STUCK = "It should go back and can't without losing what the candidate has written:"

_log = logging.getLogger(__name__)


class Sync:
    """Reads where routes shall stand, and writes down what was seen, judged and done."""

    def __init__(
        self,
        world: World,
        watch: Watch,
        plane: Plane,
        open_database: Callable[[], Awaitable[Database]],
        *,
        gates: Gates,
        clock: Clock,
        holder: str,
        comparer: Comparer | None,
    ) -> None:
        self._world, self._watch, self._plane = world, watch, plane
        self._open_database, self._gates, self._clock = open_database, gates, clock
        self._database: Database | None = None
        self._holder, self._comparer = holder, comparer
        self._slow_at_s = -SLOW_S
        self._confirmed: dict[str, int] = {}
        self._lacks_since_s: dict[str, float] = {}
        self._is_lost = False
        self._is_prepared = False
        self._is_superseded = False

    async def run(self, leads: Callable[[], Awaitable[bool | None]]) -> None:
        """Until cancelled, or until it is for this process to follow where it led, or the reverse."""
        while True:
            led = await leads()
            if led is None:
                self._note_away("it does not answer")
            elif led != self._world.leads:
                self._is_superseded = True
                return
            elif await self.connect():
                await self.once()
            await asyncio.sleep(SYNC_S)

    async def connect(self, within_s: float = _ROUND_MAX_S) -> bool:
        """Whether the database is at hand; the first time, what was seen before is taken over."""
        if self._database is not None:
            return True
        database: Database | None = None
        try:
            async with asyncio.timeout(within_s):
                database = await self._open_database()
                async with database.transaction(self._world.marketplace_id, _JUDGE) as tx:
                    await self._read(tx)
                    if self._world.leads:
                        await self._resume(tx)
        except (Unavailable, TimeoutError) as error:
            self._note_away(str(error))
        except Exception:  # the loop that writes down must outlive what it can't read
            _log.exception("where routes stand can't be read")
        else:
            # Only now: what was written down before must not be replaced by what is new here.
            self._database, self._is_lost = database, False
            self._watch.wake.set()
            return True
        finally:
            if database is not None and self._database is None:
                await database.close()
        return False

    async def finish(self) -> None:
        """Write down what is left; the data plane goes on without us."""
        if self._database is None:
            return
        try:
            async with asyncio.timeout(_FINISH_S):
                for rollback in list(self._world.rollbacks.values()):
                    await self._write_rollback(rollback)
                if not self._world.leads:
                    async with self._transaction() as tx:
                        await findings_store.delete_follower(tx, self._world.plan_id, self._holder)
                elif not self._is_superseded:
                    await self._write_findings()
        except (TimeoutError, BanyanError) as error:
            _log.warning("not all could be written down at the end: %s", error)
        await self._database.close()

    async def _resume(self, tx: Transaction) -> None:
        """Go on where the process before this one stopped."""
        world = self._world
        now = self._clock.now()
        minute = now.astimezone(UTC).replace(second=0, microsecond=0)
        kept = await findings_store.select_evidence(tx, world.plan_id)
        minutes = await findings_store.select_minutes(
            tx, world.plan_id, route=None, since=minute, until=None
        )
        world.resume_minutes(minutes)
        for name, change, state in kept:
            route = world.routes.get(name)
            if route is None or route.standing.entered_change != change:
                continue
            try:
                saved = msgspec.convert(state, Evidence, str_keys=True)
            except msgspec.ValidationError as error:
                _log.warning("what was gathered about %s can't be read: %s", name, error)
                continue
            route.resume(saved, int(now.timestamp() * 1_000_000))

    async def once(self) -> None:
        """One round. Whatever fails is said once, and tried again in the next."""
        at_s = asyncio.get_running_loop().time()
        is_slow = at_s - self._slow_at_s >= SLOW_S
        if is_slow:
            self._slow_at_s = at_s
        try:
            async with asyncio.timeout(_ROUND_MAX_S):
                await self._round(is_slow=is_slow)
        except (Unavailable, TimeoutError) as error:
            self._note_away(str(error))
        except Exception:  # the loop that writes down must outlive what it can't write
            _log.exception("a round with the database failed")
        else:
            if self._is_lost:
                _log.info("the database is back")
            self._is_lost = False

    def _note_away(self, why: str) -> None:
        if not self._is_lost:
            _log.warning(
                "the database is away (%s); routes stay where they are, or go back",
                why or "it does not answer",
            )
        self._is_lost = True

    async def _round(self, *, is_slow: bool) -> None:
        await self.pull()
        for rollback in list(self._world.rollbacks.values()):
            await self._write_rollback(rollback)
        if not self._world.leads:
            await self._follow(is_slow=is_slow)
            return
        await self._confirm()
        if is_slow:
            await self._ask_gates()
            await self._write_findings()
            await self._beat()
        await self._write_comparisons()
        for route in list(self._world.routes.values()):
            await self._move(route)

    async def _follow(self, *, is_slow: bool) -> None:
        """What is left to who doesn't lead: that it is there, and which routes can't go back."""
        world = self._world
        if is_slow:
            await self._ask_gates()
            follower = Follower(
                beat_at=self._clock.now(), version=world.told_version, says=world.says
            )
            async with self._transaction() as tx:
                await findings_store.save_follower(tx, world.plan_id, self._holder, follower)
        for name, verdict in list(self._watch.stuck.items()):
            await self._hold_stuck(name, verdict.sentence)

    async def pull(self) -> None:
        """Take over where the database says that routes stand."""
        async with self._transaction() as tx:
            await self._read(tx)
        self._world.folder.touch()
        self._watch.wake.set()

    async def _read(self, tx: Transaction) -> None:
        world = self._world
        version = await plans_store.version_of(tx, world.plan_id)
        plan = world.plan
        if version is not None and version != world.version:
            stored = await plans_store.find_plan_by_id(tx, world.plan_id)
            assert stored is not None, "it has a version"
            plan, version = stored.plan, stored.version
            self._is_prepared = False
        if self._comparer is not None and not self._is_prepared:
            await self._comparer.prepare(tx, world.plan_id, plan)
            self._is_prepared = True
        standings = await routes_store.select_routes(tx, world.plan_id)
        world.follow(plan, version or world.version, standings)

    async def _write_rollback(self, rollback: LocalRollback) -> None:
        """Write down what is in force already, or what the data plane hasn't taken yet."""
        world = self._world
        at = datetime.fromtimestamp(rollback.at_us / 1_000_000, UTC)
        # What holds here holds everywhere only once the leader's data plane has it, who confirms it.
        is_in_force = world.leads and rollback.route in world.kept_back
        refusal: NoWayBack | None = None
        async with self._transaction() as tx:
            try:
                await steps.roll_back(
                    tx,
                    world.plan_id,
                    rollback.route,
                    by=rollback.by,
                    why=rollback.why,
                    is_forced=rollback.is_forced,
                    is_ordered=True,
                    numbers=dict(rollback.numbers),
                    effective_at=_effective_at(tx, at) if is_in_force else None,
                )
            except NoWayBack as error:
                refusal = error
            except (RouteNotFound, RouteNotReady) as error:
                _log.info("nothing to roll back: %s", error.detail)
            await self._read(tx)
        world.settle(rollback)
        self._watch.wake.set()
        if refusal is not None:
            _log.error("%s stays: %s", rollback.route, refusal.detail)
            await self._hold_stuck(rollback.route, rollback.why)

    async def _move(self, route: RouteControl) -> None:
        """Take the step that the verdict says; announce it before where the plan wants that."""
        name, verdict = route.route.name, route.verdict
        if name in self._world.rollbacks:
            return
        if name in self._watch.stuck:
            await self._hold_stuck(name, self._watch.stuck[name].sentence)
            return
        if verdict is None or route.ahead is None or not self._world.is_told(route):
            return
        if verdict.kind == "advance":
            await self._step(route, verdict.sentence)
        elif verdict.waits_only_for("notice") and not route.is_announced:
            await self._announce(route)

    async def _step(self, route: RouteControl, why: str) -> None:
        numbers = numbers_of(route)
        try:
            async with self._transaction() as tx:
                await steps.advance(
                    tx,
                    self._world.plan_id,
                    route.route.name,
                    by=steps.JUDGE,
                    why=why,
                    expected_change=route.standing.change,
                    numbers=numbers,
                )
                await self._read(tx)
        except Unavailable:
            raise
        except BanyanError as error:
            _log.info("%s does not advance: %s", route.route.name, error.detail)
            return
        _log.info("%s advances: %s", route.route.name, why)
        self._watch.wake.set()

    async def _announce(self, route: RouteControl) -> None:
        try:
            async with self._transaction() as tx:
                await steps.announce(
                    tx,
                    self._world.plan_id,
                    route.route.name,
                    by=steps.JUDGE,
                    expected_change=route.standing.change,
                )
                await self._read(tx)
        except Unavailable:
            raise
        except BanyanError as error:
            _log.info("%s is not announced: %s", route.route.name, error.detail)

    async def _hold_stuck(self, name: str, why: str) -> None:
        route = self._world.routes.get(name)
        if route is None or route.standing.held_why.startswith(_STUCK):
            return
        async with self._transaction() as tx:
            await steps.hold(
                tx,
                self._world.plan_id,
                name,
                by=steps.JUDGE,
                why=f"{_STUCK} {why}"[:2000],
                is_stuck=True,
            )
            await self._read(tx)

    async def _confirm(self) -> None:
        """The data plane has everything up to these changes."""
        told = {
            name: change
            for name, change in self._world.told.items()
            if self._confirmed.get(name) != change
        }
        if not told:
            return
        async with self._transaction() as tx:
            await routes_store.confirm_changes(
                tx, self._world.plan_id, list(told), list(told.values())
            )
        self._confirmed |= told

    async def _ask_gates(self) -> None:
        """Ask about what isn't measured, of the routes whose next step depends on it."""
        world, gates = self._world, self._gates
        async with self._transaction() as tx:
            for route in list(world.routes.values()):
                missing = Missing(data={}, rehearsal="")
                if route.bounds.data:
                    missing.data = await gates.data(tx, world.plan_id, route.bounds.data)
                if route.bounds.rehearsed:
                    missing.rehearsal = await gates.rehearsal(
                        tx, world.plan_id, world.plan, route.route
                    )
                names = data_before_cutover(world.plan, route.route)
                if route.standing.writes_to == "candidate":
                    missing.asked_at_s = time.monotonic()
                    missing.return_of_writes = await gates.can_return(tx, world.plan_id, names)
                elif names and route.standing.held_why:
                    await self._look_at_return(tx, route, names)
                route.missing = missing
                await self._look_at_decisions(tx, route)

    async def _look_at_return(
        self, tx: Transaction, route: RouteControl, names: Sequence[str]
    ) -> None:
        """Whether legacy has all that the candidate took, of a route that was rolled back."""
        name = route.route.name
        lacking = await self._gates.unreturned(tx, self._world.plan_id, names)
        if not lacking:
            self._lacks_since_s.pop(name, None)
        now_s = time.monotonic()
        if lacking and now_s - self._lacks_since_s.setdefault(name, now_s) < LATE_S:
            return
        if bool(lacking) != route.standing.held_why.startswith(steps.LACKING):
            await steps.note_return(tx, self._world.plan_id, name, lacking=lacking)
            await self._read(tx)

    async def _look_at_decisions(self, tx: Transaction, route: RouteControl) -> None:
        """What a person has accepted meanwhile no longer speaks against the candidate."""
        seen = route.evidence.diverged
        if not seen:
            return
        standing = await comparison.standing(
            tx, self._world.plan_id, route.route.name, route.standing.entered_at
        )
        if standing.diverged < seen and route.evidence.diverged == seen:
            route.forgive(standing.diverged)

    async def _write_findings(self) -> None:
        """Evidence, verdicts and minutes: of each what has changed."""
        world = self._world
        gathered = [each for each in world.routes.values() if each.is_unsaved]
        judged = [
            each
            for name, each in world.routes.items()
            if each.verdict is not None
            and name not in world.rollbacks
            and each.said != (each.verdict.kind, each.verdict.sentence)
        ]
        minutes = world.take_unsaved_minutes()
        for each in gathered:
            each.is_unsaved = False
        try:
            async with self._transaction() as tx:
                for each in gathered:
                    name, change = each.route.name, each.standing.entered_change
                    state = _plain(each.evidence)
                    await findings_store.save_evidence(tx, world.plan_id, name, change, state)
                for each in judged:
                    await _save_verdict(tx, world.plan_id, each)
                if minutes:
                    await findings_store.save_minutes(tx, world.plan_id, minutes)
        except BaseException:
            world.keep_unsaved(minutes)
            for each in gathered:
                each.is_unsaved = True
            raise
        world.forget_minutes(self._clock.now())

    async def _write_comparisons(self) -> None:
        if self._comparer is None:
            return
        findings = self._comparer.take_findings()
        if not findings:
            return
        routes = self._world.routes
        current = [each for each in findings if _is_current(each, routes.get(each.route))]
        before = [each for each in findings if not _is_current(each, routes.get(each.route))]
        steps_of = {name: route.standing.entered_change for name, route in routes.items()}
        try:
            async with self._transaction() as tx:
                await self._comparer.record(tx, self._world.plan_id, before)
                outcome = await self._comparer.record(tx, self._world.plan_id, current)
        except Unavailable:
            self._comparer.give_back(findings)
            raise
        for name, (compared, diverged) in outcome.items():
            route = self._world.routes.get(name)
            if route is not None and route.standing.entered_change == steps_of[name]:
                route.compared += compared
                route.diverged += diverged

    async def _beat(self) -> None:
        world = self._world
        status = await self._status()
        plane: dict[str, Any] = {"listen": world.plan.gateway.listen}
        if status is not None:
            plane |= _plain(status)
        if self._comparer is not None:
            plane["comparisons_dropped"] = self._comparer.dropped
        beat = ControllerBeat(
            plan_id=world.plan_id,
            holder=self._holder,
            beat_at=self._clock.now(),
            version=world.told_version,
            data_plane=plane,
            says=world.says,
        )
        async with self._transaction() as tx:
            await findings_store.save_beat(tx, beat)

    async def _status(self) -> DataPlaneStatus | None:
        try:
            async with asyncio.timeout(_BEAT_WAIT_S):
                return await self._plane.status()
        except (TimeoutError, GatewayError, OSError):
            return None

    def _transaction(self) -> AbstractAsyncContextManager[Transaction]:
        assert self._database is not None, "it was opened first"
        return self._database.transaction(self._world.marketplace_id, _JUDGE)


def _effective_at(tx: Transaction, at: datetime) -> datetime:
    return at if tx.livemode else tx.now


def _is_current(finding: Finding, route: RouteControl | None) -> bool:
    """Whether it was captured in the step that its route stands in."""
    return route is not None and route.is_of_this_step(int(finding.at.timestamp() * 1_000_000))


async def _save_verdict(tx: Transaction, plan_id: UUID, route: RouteControl) -> None:
    verdict = route.verdict
    assert verdict is not None, "only what was judged is saved"
    await findings_store.save_verdict(
        tx,
        plan_id,
        route.route.name,
        verdict=verdict.kind,
        sentence=verdict.sentence,
        numbers=_plain(numbers_of(route)),
    )
    route.said = (verdict.kind, verdict.sentence)


def _plain(value: Any) -> dict[str, Any]:
    """As JSON holds it: keys are texts, numbers finite."""
    plain: Mapping[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return dict(plain)
