"""A place of its own for a rehearsal: database, control plane, Envoy, and proxies that fail.

Everything in it is thrown away afterwards; nothing of it touches the plan that is led for real.
"""

import asyncio
import os
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from uuid import UUID

import msgspec

from banyan.gateway import DataPlane, GatewayError
from banyan.kernel import Clock
from banyan.migration.control import folder_of
from banyan.migration.errors import RehearsalImpossible
from banyan.migration.model.plan import Phase, Plan
from banyan.migration.model.rehearsal import Fault, RehearsedPhase
from banyan.migration.model.standing import Change, RouteStanding, StoredPlan, StoredVerdict
from banyan.migration.rehearsal.faults import FaultProxy
from banyan.migration.rules.criteria import bounds_of
from banyan.migration.rules.phases import ORDER, path_of
from banyan.migration.rules.rehearsal import rehearsal_plan
from banyan.migration.rules.units import milliseconds
from banyan.migration.service import plans as plans_service
from banyan.migration.service import steps
from banyan.migration.store import findings as findings_store
from banyan.migration.store import routes as routes_store
from banyan.runtime import Cause, Database, apply_schema, create_marketplace, local

BY = "rehearsal"
WHY = "Rehearsal"
_WAIT_S = 180.0
"""As long as a machine that is short of time may need to start something."""
_POLL_S = 0.05
_PERSON = Cause("person", BY, BY)


@dataclass(frozen=True, slots=True)
class RouteAt:
    """One route as the stage sees it: where it stands, what the judge said, what was done last."""

    standing: RouteStanding
    verdict: StoredVerdict | None
    last: Change | None


class Stage:
    """Opened by ``build``; ``close`` (or the end of ``async with``) ends and removes everything."""

    def __init__(self, folder: Path, clock: Clock) -> None:
        self.folder, self._clock = folder, clock
        self._stack, self._proxies = AsyncExitStack(), AsyncExitStack()
        self._document: dict[str, Any] = {}
        self._marketplace_id: UUID
        self._control: asyncio.subprocess.Process | None = None
        self.proxies: dict[str, FaultProxy] = {}
        self.plan: Plan
        self.stored: StoredPlan
        self.changed: tuple[str, ...] = ()
        self._database: Database
        self._database_url = ""
        self._plane: DataPlane
        self.gateway = ""

    @classmethod
    async def build(
        cls,
        document: Mapping[str, Any],
        *,
        legacy: str,
        candidates: Mapping[str, str],
        clock: Clock,
        database_url: str | None = None,
    ) -> Self:
        """Everything up and answering; raises ``RehearsalImpossible`` with what doesn't come up."""
        # A short path: sockets live below it.
        stage = cls(Path(tempfile.mkdtemp(prefix="banyan-rehearsal-")), clock)
        stage._database_url = database_url or ""
        try:
            await stage._open(document, legacy, candidates)
        except BaseException:
            await stage.close()
            raise
        return stage

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def close(self) -> None:
        await self.stop_control(signal.SIGTERM)
        await self._stack.aclose()
        await self._proxies.aclose()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def inject(self, fault: Fault) -> None:
        """Let every candidate fail like this; ``none`` mends them."""
        for proxy in self.proxies.values():
            await proxy.inject(fault)

    async def place(self, phase: RehearsedPhase) -> None:
        """Bring every route into a phase, and wait until the data plane sends customers like that."""
        target = Phase(phase)
        for route in self.plan.routes:
            async with self._database.transaction(self._marketplace_id, _PERSON) as tx:
                standing = await self._standing(tx, route.name)
                if ORDER[standing.phase] >= ORDER[target] and standing.phase != Phase.LEGACY:
                    await steps.roll_back(
                        tx, self.stored.plan_id, route.name, by=BY, why=WHY, is_forced=True
                    )
                    standing = await self._standing(tx, route.name)
                await steps.release(tx, self.stored.plan_id, route.name, by=BY, why=WHY)
                while ORDER[standing.phase] < ORDER[target]:
                    await steps.advance(
                        tx, self.stored.plan_id, route.name, by=BY, why=WHY, is_forced=True
                    )
                    standing = await self._standing(tx, route.name)
        await self._until(self._is_effective, f"The control plane didn't follow into {phase}.")

    async def routes(self) -> dict[str, RouteAt]:
        """Where every route stands now, and what was last said and done."""
        async with self._database.transaction(self._marketplace_id, _PERSON) as tx:
            standings = await routes_store.select_routes(tx, self.stored.plan_id)
            verdicts = {
                each.route: each
                for each in await findings_store.select_verdicts(tx, self.stored.plan_id)
            }
            return {
                each.route: RouteAt(
                    each,
                    verdicts.get(each.route),
                    await routes_store.find_change(
                        tx, self.stored.plan_id, each.route, each.change
                    ),
                )
                for each in standings
            }

    async def renew(self) -> None:
        """Give every candidate a proxy at another port, sound, so that nothing is known of it.

        Else one that failed a moment ago would still be out of rotation.
        """
        olds = self._proxies
        self._proxies = AsyncExitStack()
        for name, proxy in self.proxies.items():
            self.proxies[name] = await self._proxies.enter_async_context(proxy.another())
        await self._apply()
        await self._until(self._is_current, "The control plane didn't follow to other addresses.")
        await olds.aclose()

    async def envoy(self) -> int | None:
        """The process that serves customers; another one than before means that Envoy has died."""
        return (await self._plane.status()).pid

    async def start_control(self) -> None:
        """Start the control plane, as `banyan gateway` does."""
        environment = {
            name: value for name, value in os.environ.items() if not name.startswith("BANYAN_")
        }
        environment["BANYAN_DATABASE_URL"] = self._database_url
        environment["BANYAN_STATE_FOLDER"] = str(self.folder)
        with (self.folder / "control.log").open("ab") as log:
            self._control = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "banyan", "gateway", "--plan", self.plan.plan,
                env=environment, stdin=asyncio.subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip

    async def led(self) -> None:
        """Wait until a control plane says that it leads."""
        since = self._clock.now()

        async def is_led() -> bool:
            async with self._database.transaction(self._marketplace_id, _PERSON) as tx:
                beat = await findings_store.find_beat(tx, self.stored.plan_id)
            return beat is not None and beat.beat_at >= since

        await self._until(is_led, "The control plane didn't come back.")

    async def stop_control(self, number: signal.Signals) -> None:
        """End it; with SIGKILL it gets no chance to do anything."""
        if self._control is None:
            return
        with suppress(ProcessLookupError):
            self._control.send_signal(number)
        await self._control.wait()
        self._control = None

    def now(self) -> datetime:
        return self._clock.now()

    async def _open(
        self, document: Mapping[str, Any], legacy: str, candidates: Mapping[str, str]
    ) -> None:
        own = msgspec.convert(document, Plan, strict=False)
        slow_s = _tolerated_s(own) + 1.0
        for name, url in candidates.items():
            self.proxies[name] = await self._proxies.enter_async_context(
                FaultProxy(url, delay_s=slow_s, own_cookie=own.gateway.identity.cookie)
            )
        listen = f"127.0.0.1:{_free_port()}"
        self.gateway = f"http://{listen}"
        self._document, self.changed = rehearsal_plan(document, listen=listen, legacy=legacy)
        await self._open_database()
        live = await create_marketplace(
            self._database, name="Rehearsal", livemode=True, currency="EUR", country="DE",
            now=self._clock.now(),
        )  # fmt: skip
        self._marketplace_id = live.marketplace_id
        await self._apply()
        await self.start_control()
        folder = self._data_plane_folder()
        self._plane = await self._stack.enter_async_context(DataPlane(folder, drain_s=0))
        self._stack.push_async_callback(self._stop_plane)
        await self._until(self._is_up, "The gateway didn't come up.")

    async def _open_database(self) -> None:
        if not self._database_url:
            server = await asyncio.to_thread(local.start, self.folder / "postgres", durable=False)
            self._stack.push_async_callback(asyncio.to_thread, server.stop)
            self._database_url = server.url
        await asyncio.to_thread(apply_schema, self._database_url)
        self._database = await Database.open(self._database_url, size=2, clock=self._clock)
        self._stack.push_async_callback(self._database.close)

    async def _apply(self) -> None:
        candidates = {name: proxy.url for name, proxy in self.proxies.items()}
        source = msgspec.json.encode({**self._document, "candidates": candidates}).decode()
        async with self._database.transaction(self._marketplace_id, _PERSON) as tx:
            applied = await plans_service.apply_plan(tx, source, by=BY, why=WHY, is_forced=True)
        self.stored = applied.stored
        self.plan = applied.stored.plan

    def _data_plane_folder(self) -> Path:
        return folder_of(self.folder, self.stored.name, self._marketplace_id)

    async def _standing(self, tx: Any, route: str) -> RouteStanding:
        found = await routes_store.lock_route(tx, self.stored.plan_id, route)
        assert found is not None, "every route of a plan that is applied has a row"
        return found

    async def _is_effective(self) -> bool:
        return all(
            each.last is not None and each.last.effective_at is not None
            for each in (await self.routes()).values()
        )

    async def _is_current(self) -> bool:
        """Whether the control plane has told the data plane of the plan's last version."""
        async with self._database.transaction(self._marketplace_id, _PERSON) as tx:
            beat = await findings_store.find_beat(tx, self.stored.plan_id)
        return beat is not None and beat.version == self.stored.version

    async def _is_up(self) -> bool:
        if self._control is not None and self._control.returncode is not None:
            raise RehearsalImpossible(f"The control plane ended: {self._said()}")
        try:
            return (await self._plane.status()).is_listening
        except GatewayError:
            return False

    async def _stop_plane(self) -> None:
        with suppress(GatewayError):
            await self._plane.stop()

    async def _until(self, is_so: Callable[[], Awaitable[bool]], otherwise: str) -> None:
        try:
            async with asyncio.timeout(_WAIT_S):
                while not await is_so():  # noqa: ASYNC110 - other processes set no event of ours
                    await asyncio.sleep(_POLL_S)
        except TimeoutError:
            raise RehearsalImpossible(f"{otherwise} {self._said()}") from None

    def _said(self) -> str:
        """What the control plane said last."""
        try:
            lines = (self.folder / "control.log").read_text(errors="replace").splitlines()
        except FileNotFoundError:
            return ""
        return " ".join(lines[-3:])[-600:]


def _tolerated_s(plan: Plan) -> float:
    """As slow as a candidate may be anywhere before legacy is asked, or the judge minds."""
    floors = [
        bounds_of(plan, route, at).latency_floor_us / 1_000_000
        for route in plan.routes
        for at in path_of(plan, route)
    ]
    waits = [milliseconds(each.fall_back.after) / 1_000 for each in plan.routes if each.fall_back]
    return max(1.0, *floors, *waits)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
