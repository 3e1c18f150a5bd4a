"""The slow loop: between the world and the database, in both directions.

Who leads writes down all of it. Who follows reads, and writes only that a route went back.

Every part has a transaction of its own. When the database is gone the fast loop goes on: it serves,
holds, and rolls back; all of that is written down when the database is back.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, datetime

from banyan import comparison
from banyan.kernel import BanyanError, Clock, Unavailable
from banyan.migration.control.comparing import Comparer
from banyan.migration.control.folder import LocalRollback
from banyan.migration.control.ports import Gates, Plane
from banyan.migration.control.recording import Records
from banyan.migration.control.routes import Missing, RouteControl
from banyan.migration.control.watching import Watch, numbers_of
from banyan.migration.control.world import World
from banyan.migration.errors import NoWayBack, RouteNotFound, RouteNotReady
from banyan.migration.model.plan import Plan
from banyan.migration.model.standing import RouteStanding
from banyan.migration.rules.phases import ORDER, data_before_cutover
from banyan.migration.service import steps
from banyan.migration.service.located import JUDGE
from banyan.migration.store import plans as plans_store
from banyan.migration.store import routes as routes_store
from banyan.runtime import Cause, Database, Transaction

SYNC_S = 0.2
SLOW_S = 1.0
CONNECT_S = 3.0
"""How long the start waits for the database before routes are watched without it."""
_JUDGE = Cause("system", "banyan gateway", JUDGE)
_FINISH_S = 3.0
_ROUND_MAX_S = 15.0
"""A database that doesn't answer for so long is one that is away."""
LATE_S = 30.0
"""What the candidate took may be on its way back for so long before somebody is told."""
_STUCK = "It should go back and can't without losing what the candidate has written:"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Found:
    """What the database says: the plan, its version, and where routes stand."""

    plan: Plan
    version: int
    standings: Sequence[RouteStanding]


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
        self._world, self._watch = world, watch
        self._open_database, self._gates, self._comparer = open_database, gates, comparer
        self._database: Database | None = None
        self._records = Records(
            world, plane, self._transaction, clock=clock, holder=holder, comparer=comparer
        )
        self._slow_at_s = -SLOW_S
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
                    found = await self._read(tx)
                    kept = await self._records.kept(tx) if self._world.leads else None
                self._take_over(found)
                if kept is not None:
                    self._records.resume(kept)
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
                    await self._records.forget_follower()
                elif not self._is_superseded:
                    await self._records.write_findings()
        except (TimeoutError, BanyanError) as error:
            _log.warning("not all could be written down at the end: %s", error)
        await self._database.close()

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
        await self._records.confirm()
        if is_slow:
            await self._ask_gates()
            await self._records.write_findings()
            await self._records.beat()
        await self._records.write_comparisons()
        for route in list(self._world.routes.values()):
            await self._move(route)

    async def _follow(self, *, is_slow: bool) -> None:
        """What is left to who doesn't lead: that it is there, and which routes can't go back."""
        if is_slow:
            await self._ask_gates()
            await self._records.write_follower()
        for name in list(self._watch.stuck):
            await self._hold_if_stuck(name)

    async def pull(self) -> None:
        """Take over where the database says that routes stand."""
        async with self._transaction() as tx:
            found = await self._read(tx)
        self._take_over(found)
        self._world.folder.touch()

    async def _read(self, tx: Transaction) -> _Found:
        """What holds in this transaction; to be taken over only once it is committed."""
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
        standings = await routes_store.select_routes(tx, world.plan_id)
        return _Found(plan, version or world.version, standings)

    def _take_over(self, found: _Found) -> None:
        """The database has it for certain: now the data plane may do it.

        A database that was lost and came back from a copy may know less than was known here. It holds
        all the same, because its data does; but a route that had gone back goes back again.
        """
        world = self._world
        forgotten = world.forgotten(found.standings)
        world.follow(found.plan, found.version, found.standings)
        self._is_prepared = True
        for name, before in forgotten.items():
            _log.error("the database no longer knows change %d of %s", before.change, name)
            route = world.routes.get(name)
            if route is not None and ORDER[before.phase] < ORDER[route.standing.phase]:
                why = f"The database has forgotten its rollback. {before.held_why}".rstrip()
                self._watch.order(route, by=JUDGE, why=why)
        self._watch.wake.set()

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
            found = await self._read(tx)
        self._take_over(found)
        world.settle(rollback)
        if refusal is not None:
            _log.error("%s stays: %s", rollback.route, refusal.detail)
            await self._hold_stuck(rollback.route, rollback.why)

    async def _move(self, route: RouteControl) -> None:
        """Take the step that the verdict says; announce it before where the plan wants that."""
        name, verdict = route.route.name, route.verdict
        if name in self._world.rollbacks:
            return
        if name in self._watch.stuck:
            await self._hold_if_stuck(name)
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
                    by=JUDGE,
                    why=why,
                    expected_change=route.standing.change,
                    is_judged=True,
                    numbers=numbers,
                )
                found = await self._read(tx)
        except Unavailable:
            raise
        except BanyanError as error:
            _log.info("%s does not advance: %s", route.route.name, error.detail)
            return
        _log.info("%s advances: %s", route.route.name, why)
        self._take_over(found)

    async def _announce(self, route: RouteControl) -> None:
        try:
            async with self._transaction() as tx:
                await steps.announce(
                    tx,
                    self._world.plan_id,
                    route.route.name,
                    by=JUDGE,
                    expected_change=route.standing.change,
                )
        except Unavailable:
            raise
        except BanyanError as error:
            _log.info("%s is not announced: %s", route.route.name, error.detail)

    async def _hold_if_stuck(self, name: str) -> None:
        route, verdict = self._world.routes.get(name), self._watch.stuck.get(name)
        if route is None or verdict is None or route.can_be_taken_back:
            return  # by now it can: the watch is about to do it
        await self._hold_stuck(name, f"{route.why_stuck.rstrip('.')}. {verdict.sentence}")

    async def _hold_stuck(self, name: str, why: str) -> None:
        route = self._world.routes.get(name)
        if route is None or route.standing.held_why.startswith(_STUCK):
            return
        async with self._transaction() as tx:
            await steps.hold(
                tx,
                self._world.plan_id,
                name,
                by=JUDGE,
                why=f"{_STUCK} {why}"[:2000],
                is_stuck=True,
            )
            found = await self._read(tx)
        self._take_over(found)

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

    async def _look_at_decisions(self, tx: Transaction, route: RouteControl) -> None:
        """What a person has accepted meanwhile no longer speaks against the candidate.

        Counted from when the evidence began, by the clock that it was gathered by. What diverged
        before a gap isn't counted any more, but was bet on.
        """
        evidence = route.evidence
        seen = evidence.diverged
        if not seen and evidence.divergence.log_e <= 0:
            return
        since_us = evidence.whole_since_us if seen else evidence.began_at_us
        since = datetime.fromtimestamp(since_us / 1_000_000, UTC)
        standing = await comparison.standing(tx, self._world.plan_id, route.route.name, since)
        is_less = standing.diverged < seen or standing.diverged == seen == 0
        if is_less and route.evidence.diverged == seen:
            route.forgive(standing.diverged)

    def _transaction(self) -> AbstractAsyncContextManager[Transaction]:
        assert self._database is not None, "it was opened first"
        return self._database.transaction(self._world.marketplace_id, _JUDGE)


def _effective_at(tx: Transaction, at: datetime) -> datetime:
    return at if tx.livemode else tx.now
