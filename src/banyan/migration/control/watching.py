"""The fast loop: what the data plane reports becomes evidence, evidence a verdict, and a verdict to go
back takes effect at once. Nothing in here waits for the database.
"""

import asyncio
import logging
from collections.abc import Sequence

from banyan.gateway import (
    Applied,
    Attempt,
    ConfigurationRefused,
    GatewayError,
    GatewaySpec,
    GatewayUnusable,
    Served,
    Sinks,
    Written,
)
from banyan.kernel import Clock, new_id
from banyan.migration.control.comparing import Comparer
from banyan.migration.control.folder import LocalRollback, Remembered, spec_with
from banyan.migration.control.ports import Plane
from banyan.migration.control.routes import RouteControl
from banyan.migration.control.world import World
from banyan.migration.model.plan import Phase
from banyan.migration.model.verdict import Verdict
from banyan.migration.rules.phases import describe
from banyan.migration.service.located import JUDGE

TICK_S = 0.2
_PATIENCE_S = 1.0
"""How long the data plane may take to tell something before the tick goes on without it."""
_RETRY_S = 5.0
_REFUSED_TIMES = 12
"""So many times longer until what was refused, and not only not taken in time, is tried again."""
_JUDGE_EVERY_S = 1.0
_LET_GO_MAX = 10_000
_SERVING = (Phase.CANARY, Phase.RAMP, Phase.CANDIDATE)

_log = logging.getLogger(__name__)


class Watch:
    """Keeps the data plane where the world wants it, and judges its routes."""

    def __init__(
        self,
        world: World,
        plane: Plane,
        clock: Clock,
        comparer: Comparer | None = None,
        *,
        retry_s: float = _RETRY_S,
    ) -> None:
        self._world, self._plane, self._clock = world, plane, clock
        self.comparer = comparer
        self.sinks: Sinks | None = None
        self._spec: GatewaySpec | None = None
        self._refused: GatewaySpec | None = None
        self._is_refused = False
        self._refused_at_s = 0.0
        self._retry_s = retry_s
        self._remembered: Remembered | None = None
        self._began_at_us = self._now_us()
        self._judged_at_s = 0.0
        self.wake = asyncio.Event()
        """Set when the world has changed, so that the data plane hears of it at once."""
        self.stuck: dict[str, Verdict] = {}
        """Routes that should go back and can't without losing writes."""

    def hear(self, attempts: Sequence[Attempt], _: Sequence[Served]) -> None:
        """What the sinks tell as it comes."""
        self._world.hear(attempts)

    async def start(self) -> None:
        """Bring the data plane up, or adopt the one that runs, and tell it where routes stand.

        Where the plan is refused, what was taken before stands. ``GatewayUnusable`` if it can't run
        here; ``ConfigurationRefused`` by one that never took anything.
        """
        world = self._world
        world.look_for_rollbacks()
        kept = world.folder.recall()
        if kept is not None and kept.plan_id == world.plan_id:
            self._remembered = kept
        spec, wanted = world.spec(), world.remembered()
        try:
            await self._plane.start(spec)
        except ConfigurationRefused as error:
            if self._remembered is None:
                raise
            self._note_refusal(spec, error)
            back = world.as_taken(self._remembered)
            taken = spec_with(back.plan, back.standings, world.rollbacks)
            await self._plane.start(taken)
            self._noted(taken, back, says=error.detail)
        else:
            self._noted(spec, wanted)

    async def run(self) -> None:
        """Until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            self.wake.clear()
            began_s = loop.time()
            try:
                await self.tick()
            except Exception:  # one bad tick must not leave the gateway without a watch
                _log.exception("a tick failed")
            left = TICK_S - (loop.time() - began_s)
            if left > 0:
                try:
                    async with asyncio.timeout(left):
                        await self.wake.wait()
                except TimeoutError:
                    pass

    async def tick(self) -> None:
        world = self._world
        for rollback in world.look_for_rollbacks():
            _log.warning("rolling back %s: %s", rollback.route, rollback.why)
        await self._keep()
        await self._tell()
        if self.sinks is None:
            return
        seen = self.sinks.take(await self._written())
        self._compare(self.sinks)
        ejected = await self._ejected()
        now = self._clock.now()
        now_us = self._now_us()
        if world.leads:
            world.count(seen.counts, now)
        at_s = asyncio.get_running_loop().time()
        is_due = at_s - self._judged_at_s >= _JUDGE_EVERY_S
        for name, route in world.routes.items():
            is_news = route.gather(
                self._began_at_us,
                now_us,
                is_whole=seen.is_whole and ejected is not None,
                is_ejected=name in ejected if ejected is not None else route.evidence.is_ejected,
            )
            if is_news or is_due:
                self._judge(route)
        self._began_at_us = now_us
        if is_due:
            self._judged_at_s, world.judged_at = at_s, now
        await self._tell()

    def _compare(self, sinks: Sinks) -> None:
        try:
            if self.comparer is not None:
                self.comparer.end_if_hung()
                if self.comparer.room:
                    self.comparer.offer(sinks.take_exchanges(self.comparer.room))
            elif not self._world.leads:
                sinks.take_exchanges(_LET_GO_MAX)  # who leads compares its own
        except Exception:  # no room for a process: errors and latency are judged still
            _log.exception("answers can't be compared")

    async def _keep(self) -> None:
        try:
            await self._plane.keep()
        except (GatewayError, OSError) as error:
            _log.error("%s", error)

    def _judge(self, route: RouteControl) -> None:
        name = route.route.name
        if name in self._world.rollbacks:
            return
        verdict = route.judge(self._clock.now())
        if verdict.kind != "rollback" or route.standing.phase not in _SERVING:
            self.stuck.pop(name, None)
            return
        if not route.can_be_taken_back:
            if name not in self.stuck:
                _log.error("%s should go back and can't: %s", name, route.why_stuck)
            self.stuck[name] = verdict
            return
        self.order(route, by=JUDGE, why=verdict.sentence)

    def order(self, route: RouteControl, *, by: str, why: str) -> LocalRollback:
        """Have a route rolled back here and now; the database hears of it when it can."""
        rollback = LocalRollback(
            rollback_id=new_id(self._clock.now()),
            route=route.route.name,
            change=route.standing.change,
            by=by,
            why=why[:2000],
            at_us=self._now_us(),
            numbers=numbers_of(route),
        )
        self._world.rollbacks[rollback.route] = rollback
        try:
            self._world.folder.order(rollback)
        except OSError as error:  # a full disk must not keep customers on a bad candidate
            _log.error("the rollback of %s can't be kept on disk: %s", rollback.route, error)
        _log.warning(
            "rolling back %s from %s: %s", rollback.route, describe(route.standing.at), why
        )
        return rollback

    async def _tell(self) -> None:
        """Let the data plane have what the world wants, if that is news to it."""
        spec, wanted = self._world.spec(), self._world.remembered()
        if spec == self._spec:
            self._noted(spec, wanted)
            return
        loop = asyncio.get_running_loop()
        pause_s = self._retry_s * (_REFUSED_TIMES if self._is_refused else 1)
        if spec == self._refused and loop.time() - self._refused_at_s < pause_s:
            if self._is_refused:
                await self._tell_back()
            return
        try:
            applied = await self._apply(spec)
        except GatewayError as error:
            self._note_refusal(spec, error)
            if self._is_refused:
                await self._tell_back()
            return
        self._refused = None
        _log.info("told the data plane: %s in %.0f ms", ", ".join(applied.changed), applied.took_ms)
        self._noted(spec, wanted)

    async def _apply(self, spec: GatewaySpec) -> Applied:
        """``GatewayError`` also where a disk is full: whatever can't be told, routes are judged."""
        try:
            return await self._plane.apply(spec)
        except OSError as error:
            raise GatewayUnusable(f"The data plane can't be told: {error}.") from error

    def _note_refusal(self, spec: GatewaySpec, error: GatewayError) -> None:
        if spec != self._refused:
            _log.error("the data plane refuses: %s", error.detail)
        self._world.says = error.detail
        self._refused, self._refused_at_s = spec, asyncio.get_running_loop().time()
        self._is_refused = isinstance(error, ConfigurationRefused)

    async def _tell_back(self) -> None:
        """Routes go back although the plan is refused: with what the data plane took last."""
        world = self._world
        if self._remembered is None:
            return
        back = world.as_taken(self._remembered)
        spec = spec_with(back.plan, back.standings, world.rollbacks)
        if spec != self._spec:
            try:
                await self._apply(spec)
            except GatewayError as error:
                _log.error("the data plane refuses to go back: %s", error.detail)
                return
        self._noted(spec, back, says=world.says)

    def _noted(self, spec: GatewaySpec, told: Remembered, *, says: str = "") -> None:
        """The data plane has this; the world may have moved on while it was told."""
        world = self._world
        self._spec = spec
        world.says = says
        world.kept_back = frozenset(told.rolled_back)
        world.note_told(
            {name: each.change for name, each in told.standings.items()}, self._now_us()
        )
        world.told_version = told.version
        if told != self._remembered:
            try:
                world.folder.remember(told)
                self._remembered = told
            except OSError as error:
                _log.error("where routes stand can't be kept on disk: %s", error)

    async def _written(self) -> Written | None:
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._plane.written()
        except (TimeoutError, GatewayError, OSError):
            return None

    async def _ejected(self) -> frozenset[str] | None:
        """None: nobody knows which candidates are out of rotation."""
        try:
            async with asyncio.timeout(_PATIENCE_S):
                return await self._plane.ejected()
        except (TimeoutError, GatewayError, OSError):
            return None

    def _now_us(self) -> int:
        return int(self._clock.now().timestamp() * 1_000_000)


def numbers_of(route: RouteControl) -> dict[str, object]:
    """A verdict as it is stored: the gates with their figures, and since which change."""
    verdict = route.verdict
    if verdict is None:
        return {}
    return {
        "change": route.standing.entered_change,
        "gates": [
            {
                "name": gate.name,
                "state": gate.state,
                "sentence": gate.sentence,
                "numbers": dict(gate.numbers),
            }
            for gate in verdict.gates
        ],
    }
