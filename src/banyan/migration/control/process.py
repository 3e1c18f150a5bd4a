"""One control plane from its start to its end: following, leading, and leaving the data plane be."""

import asyncio
import logging
import os
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from banyan.gateway import DataPlane, Sinks, unreached
from banyan.kernel import Clock, SystemClock, Unavailable
from banyan.migration.control.comparing import Comparer
from banyan.migration.control.folder import ControlFolder, Remembered
from banyan.migration.control.leader import Leadership
from banyan.migration.control.ports import Gates, Plane
from banyan.migration.control.reaching import Unreached, keep_reaching
from banyan.migration.control.syncing import CONNECT_S, Sync
from banyan.migration.control.watching import Watch
from banyan.migration.control.world import World
from banyan.migration.model.standing import StoredPlan
from banyan.migration.store import plans as plans_store
from banyan.migration.store import routes as routes_store
from banyan.runtime import MARKETPLACE, Database

STAND_BY_S = 0.5
_TAIL = 6

_log = logging.getLogger(__name__)


def folder_of(state_folder: Path, plan: str, marketplace_id: UUID) -> Path:
    """The data plane's folder of a plan under the state folder."""
    return state_folder / "gateway" / f"{plan}-{MARKETPLACE.text(marketplace_id)[-_TAIL:]}"


def remembered_in(state_folder: Path, plan: str | None = None) -> list[tuple[Path, Remembered]]:
    """The plans that were led on this machine (of one name), with their folders: no database asked."""
    found: list[tuple[Path, Remembered]] = []
    for path in sorted((state_folder / "gateway").glob("*/control.json")):
        remembered = ControlFolder(path.parent).recall()
        if remembered is not None and plan in (None, remembered.document.get("plan")):
            found.append((path.parent, remembered))
    return found


@dataclass(slots=True)
class Control:
    """Keeps one machine's data plane in step with a plan, and leads the plan unless another one does.

    ``open_database`` gives a database in which events enqueue the jobs that subscribe to them;
    ``database_url`` is where the right to lead is had. ``make_sinks`` opens the servers that the data
    plane reports to, with the watch as their listener.
    """

    marketplace_id: UUID
    plan_id: UUID
    folder: ControlFolder
    plane: Plane
    database_url: str
    open_database: Callable[[], Awaitable[Database]]
    make_sinks: Callable[[Watch], Awaitable[Sinks]]
    unreached: Unreached
    gates: Gates
    comparer: Comparer | None = None
    clock: Clock = field(default_factory=SystemClock)

    @classmethod
    def local(
        cls,
        folder: Path,
        stored: StoredPlan | Remembered,
        *,
        database_url: str,
        open_database: Callable[[], Awaitable[Database]],
        gates: Gates | None = None,
        comparer: Comparer | None = None,
        clock: Clock | None = None,
        plane: DataPlane | None = None,
    ) -> "Control":
        """A control plane whose data plane is in ``folder``; None: the embedded Envoy."""
        clock = clock or SystemClock()
        plane = plane or DataPlane(folder, clock=clock)
        places = plane.places
        return cls(
            marketplace_id=stored.marketplace_id,
            plan_id=stored.plan_id,
            folder=ControlFolder(folder),
            plane=plane,
            database_url=database_url,
            open_database=open_database,
            make_sinks=lambda watch: Sinks.open(
                places.reports, places.capture, clock=clock, listener=watch.hear
            ),
            unreached=lambda spec: unreached(spec, places.ca_file),
            gates=gates or Gates(),
            comparer=comparer,
            clock=clock,
        )

    async def run(self, stop: asyncio.Event) -> None:
        """Lead, or follow who leads, until told to stop; stand by while another process does so here.

        ``GatewayUnusable`` if the data plane can't run here.
        """
        is_told = False
        async with self.plane:
            while not stop.is_set():
                with self.folder.leading() as is_first:
                    if is_first:
                        is_told = False
                        await self._lead_or_follow(stop)
                        continue
                if not is_told:
                    _log.info("another process tells the data plane on this machine; standing by")
                is_told = True
                await _wait(stop, STAND_BY_S)

    async def _lead_or_follow(self, stop: asyncio.Event) -> None:
        leadership = Leadership(self.database_url, self.marketplace_id, self.plan_id)
        try:
            while not stop.is_set():
                held = await leadership.holds()
                world = await self._world(has_database=held is not None)
                if world is None:
                    await _wait(stop, STAND_BY_S)
                    continue
                # Who can't ask goes on as if it led: it judges, and nothing advances without asking.
                world.leads = held is not False
                await self._tend(world, leadership, stop)
        finally:
            await leadership.resign()

    async def _world(self, *, has_database: bool) -> World | None:
        """From the database, or else from what was remembered; None: from neither yet."""
        if has_database:
            try:
                return await self._stored_world()
            except Unavailable as error:
                _log.warning("the database is away: %s", error.detail)
        kept = self.folder.recall()
        if kept is None or kept.plan_id != self.plan_id:
            return None
        _log.warning("going on without the database, from what was known last")
        world = World(self.folder, self.marketplace_id, self.plan_id, kept.plan)
        world.follow(kept.plan, kept.version, kept.standings.values())
        for name, route in world.routes.items():
            route.missing.return_of_writes = kept.stuck.get(name, "")
        return world

    async def _stored_world(self) -> World | None:
        database = await self.open_database()
        try:
            async with database.transaction(self.marketplace_id) as tx:
                stored = await plans_store.find_plan_by_id(tx, self.plan_id)
                standings = await routes_store.select_routes(tx, self.plan_id)
        finally:
            await database.close()
        if stored is None:
            return None
        plan = stored.plan
        world = World(self.folder, self.marketplace_id, self.plan_id, plan)
        world.follow(plan, stored.version, standings)
        return world

    async def _tend(self, world: World, leadership: Leadership, stop: asyncio.Event) -> None:
        """Lead or follow, until told to stop or until it is the other of the two."""
        comparer = self.comparer if world.leads else None
        watch = Watch(world, self.plane, self.clock, comparer)
        sync = Sync(
            world,
            watch,
            self.plane,
            self.open_database,
            gates=self.gates,
            clock=self.clock,
            holder=f"{socket.gethostname()}/{os.getpid()}",
            comparer=comparer,
        )
        sinks = await self.make_sinks(watch)
        watch.sinks = sinks
        try:
            await watch.start()
            # Before anything is judged: what was gathered by the process before is part of it.
            await sync.connect(within_s=CONNECT_S)
            _log.info(
                "leading %s on %s" if world.leads else "another leads %s; following it on %s",
                world.plan.plan,
                world.plan.gateway.listen,
            )
            await _until_first(
                asyncio.create_task(watch.run()),
                asyncio.create_task(sync.run(leadership.holds)),
                asyncio.create_task(keep_reaching(world, self.unreached)),
                asyncio.create_task(stop.wait()),
            )
        finally:
            await sinks.close()
            await sync.finish()


async def _until_first(*tasks: asyncio.Task[object]) -> None:
    """Until one of them ends; the others are cancelled, and what one raised is raised."""
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
