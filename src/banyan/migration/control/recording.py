"""What the leader keeps of what was seen and judged: in the database, so that another can go on."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from uuid import UUID

import msgspec

from banyan.comparison import Finding
from banyan.gateway import DataPlaneStatus, GatewayError
from banyan.kernel import Clock, Unavailable
from banyan.migration.control.comparing import Comparer
from banyan.migration.control.ports import Plane
from banyan.migration.control.routes import RouteControl
from banyan.migration.control.watching import numbers_of
from banyan.migration.control.world import World
from banyan.migration.model.standing import ControllerBeat, Follower, Minute
from banyan.migration.model.verdict import Verdict
from banyan.migration.rules.judge import Evidence
from banyan.migration.store import findings as findings_store
from banyan.migration.store import routes as routes_store
from banyan.runtime import Transaction

_BEAT_WAIT_S = 1.0

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Kept:
    """Of each route the change since which it was gathered, and what; and the present minute."""

    evidence: Sequence[tuple[str, int, dict[str, Any]]]
    minutes: Sequence[Minute]


class Records:
    """Evidence, verdicts, minutes, comparisons, beats; each in a transaction of its own."""

    def __init__(
        self,
        world: World,
        plane: Plane,
        transaction: Callable[[], AbstractAsyncContextManager[Transaction]],
        *,
        clock: Clock,
        holder: str,
        comparer: Comparer | None,
    ) -> None:
        self._world, self._plane, self._transaction = world, plane, transaction
        self._clock, self._holder, self._comparer = clock, holder, comparer
        self._confirmed: dict[str, int] = {}

    async def kept(self, tx: Transaction) -> Kept:
        """What the process before this one wrote down."""
        plan_id = self._world.plan_id
        minute = self._clock.now().astimezone(UTC).replace(second=0, microsecond=0)
        return Kept(
            await findings_store.select_evidence(tx, plan_id),
            await findings_store.select_minutes(tx, plan_id, route=None, since=minute, until=None),
        )

    def resume(self, kept: Kept) -> None:
        """Go on where the process before this one stopped."""
        world = self._world
        now = self._clock.now()
        world.resume_minutes(kept.minutes)
        for name, change, state in kept.evidence:
            route = world.routes.get(name)
            if route is None or route.standing.entered_change != change:
                continue
            try:
                saved = msgspec.convert(state, Evidence, str_keys=True)
            except msgspec.ValidationError as error:
                _log.warning("what was gathered about %s can't be read: %s", name, error)
                continue
            route.resume(saved, int(now.timestamp() * 1_000_000))

    async def confirm(self) -> None:
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

    async def write_findings(self) -> None:
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
                said = [(each, await _save_verdict(tx, world.plan_id, each)) for each in judged]
                if minutes:
                    await findings_store.save_minutes(tx, world.plan_id, minutes)
        except BaseException:
            world.keep_unsaved(minutes)
            for each in gathered:
                each.is_unsaved = True
            raise
        for route, verdict in said:
            route.said = (verdict.kind, verdict.sentence)
        world.forget_minutes(self._clock.now())

    async def write_comparisons(self) -> None:
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

    async def beat(self) -> None:
        world = self._world
        status = await self._status()
        plane: dict[str, Any] = {
            "listen": world.plan.gateway.listen,
            "unreached": list(world.unreached),
            "judged_at": world.judged_at,
        }
        if status is not None:
            plane |= msgspec.to_builtins(status)
        if self._comparer is not None:
            plane["comparisons_dropped"] = self._comparer.dropped
        beat = ControllerBeat(
            plan_id=world.plan_id,
            holder=self._holder,
            beat_at=self._clock.now(),
            version=world.told_version,
            data_plane=_plain(plane),
            says=world.says,
        )
        async with self._transaction() as tx:
            await findings_store.save_beat(tx, beat)

    async def write_follower(self) -> None:
        """That this control plane is there, beside the one that leads."""
        world = self._world
        follower = Follower(beat_at=self._clock.now(), version=world.told_version, says=world.says)
        async with self._transaction() as tx:
            await findings_store.save_follower(tx, world.plan_id, self._holder, follower)

    async def forget_follower(self) -> None:
        async with self._transaction() as tx:
            await findings_store.delete_follower(tx, self._world.plan_id, self._holder)

    async def _status(self) -> DataPlaneStatus | None:
        try:
            async with asyncio.timeout(_BEAT_WAIT_S):
                return await self._plane.status()
        except (TimeoutError, GatewayError, OSError):
            return None


def _is_current(finding: Finding, route: RouteControl | None) -> bool:
    """Whether it was captured in the step that its route stands in."""
    return route is not None and route.is_of_this_step(int(finding.at.timestamp() * 1_000_000))


async def _save_verdict(tx: Transaction, plan_id: UUID, route: RouteControl) -> Verdict:
    """The verdict that was saved; a later one may have been found meanwhile."""
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
    return verdict


def _plain(value: Any) -> dict[str, Any]:
    """As JSON holds it: keys are texts, numbers finite."""
    plain: Mapping[str, Any] = msgspec.json.decode(msgspec.json.encode(value))
    return dict(plain)
