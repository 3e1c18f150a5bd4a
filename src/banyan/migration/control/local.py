"""A rollback by hand where the data plane is, whoever else is dead: database, control plane, or both."""

import asyncio
import time
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from banyan.gateway import DataPlane
from banyan.kernel import Clock, SystemClock, new_id
from banyan.migration.control.folder import ControlFolder, LocalRollback, Remembered, spec_with
from banyan.migration.errors import (
    DataPlaneLed,
    NoWayBack,
    PlanNotFound,
    RouteNotFound,
    RouteNotReady,
)
from banyan.migration.model.plan import Phase
from banyan.migration.rules.phases import data_before_cutover, position_back
from banyan.migration.service.data import why_no_return
from banyan.migration.service.located import named
from banyan.migration.store import plans as plans_store
from banyan.migration.store import routes as routes_store
from banyan.runtime import Transaction

PATIENCE_S = 1.5
"""How long a control plane that is there gets to do it before we do."""
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class DoneHere:
    """What became of it: by whom the data plane was told, and after how long.

    ``known_at``: when the database last said what was gone by.
    """

    by_control_plane: bool
    took_ms: float
    known_at: datetime


async def roll_back_here(
    plane: DataPlane,
    route: str,
    *,
    by: str,
    why: str,
    is_forced: bool = False,
    clock: Clock | None = None,
) -> DoneHere:
    """Take a route out of its customers' way in this data plane, at once.

    It is kept in the folder until the database has it; what is known here may be old, and where the
    database says otherwise then, it holds. ``RouteNotFound``, ``RouteNotReady`` where
    there is nothing to roll back, ``NoWayBack`` where the candidate has writes that legacy may lack.
    """
    clock = clock or SystemClock()
    kept = ControlFolder(plane.folder)
    known_at = kept.known_at()
    remembered = _checked(kept, route, known_at, is_forced=is_forced)
    assert known_at is not None, "it was remembered"
    began = time.monotonic()
    order = LocalRollback(
        rollback_id=new_id(clock.now()),
        route=route,
        change=remembered.standings[route].change,
        by=named(by, is_person=True),
        why=why,
        at_us=int(clock.now().timestamp() * 1_000_000),
        is_forced=is_forced,
    )
    kept.order(order)
    with kept.leading() as is_alone:
        if is_alone:
            await _tell(plane, kept, remembered)
            return DoneHere(False, _ms_since(began), known_at)
    if await _was_told(kept, route):
        return DoneHere(True, _ms_since(began), known_at)
    await _tell(plane, kept, remembered)  # it hangs; planes are told one at a time
    return DoneHere(False, _ms_since(began), known_at)


async def follow_here(
    tx: Transaction, plane: DataPlane, plan_id: UUID, *, even_if_led: bool = False
) -> bool:
    """Have this data plane do what the database says; whether it did.

    Not where it is of another plan, nor where a control plane leads it (``even_if_led``: one that
    hangs).
    """
    kept = ControlFolder(plane.folder)
    before = kept.recall()
    if before is None or before.plan_id != plan_id:
        return False
    with kept.leading() as is_alone:
        if not is_alone and not even_if_led:
            return False
        await _follow(tx, plane, kept, before)
    return True


async def stop_here(plane: DataPlane) -> None:
    """Let what is under way in this data plane end, and end it; ``DataPlaneLed`` where one is led."""
    with ControlFolder(plane.folder).leading() as is_alone:
        if not is_alone:
            raise DataPlaneLed(
                "A control plane runs here and needs its Envoy: end that `banyan gateway` first."
            )
        await plane.stop()


async def _follow(
    tx: Transaction, plane: DataPlane, kept: ControlFolder, before: Remembered
) -> None:
    plan_id = before.plan_id
    stored = await plans_store.find_plan_by_id(tx, plan_id)
    if stored is None:
        raise PlanNotFound("The database has no such plan as the data plane here was told of.")
    standings = {each.route: each for each in await routes_store.select_routes(tx, plan_id)}
    stuck: dict[str, str] = {}
    for each in stored.plan.routes:
        if each.name in standings and standings[each.name].writes_to == "candidate":
            names = data_before_cutover(stored.plan, each)
            if why := await why_no_return(tx, plan_id, names):
                stuck[each.name] = why
    now = Remembered(
        marketplace_id=before.marketplace_id,
        plan_id=plan_id,
        version=stored.version,
        document=stored.document,
        standings=standings,
        stuck=stuck,
    )
    await _tell(plane, kept, now)
    kept.remember(now)
    await routes_store.confirm_changes(
        tx, plan_id, list(standings), [each.change for each in standings.values()]
    )


def _checked(
    kept: ControlFolder, route: str, known_at: datetime | None, *, is_forced: bool
) -> Remembered:
    remembered = kept.recall()
    if remembered is None or route not in remembered.standings:
        names = ", ".join(remembered.standings) if remembered else "none"
        raise RouteNotFound(f"The data plane here has no route {route[:40]!r}; it has: {names}.")
    standing = remembered.standings[route]
    if position_back(standing.at, is_legacy_there=is_forced) is None:
        if standing.phase == Phase.RETIRED:
            raise NoWayBack(
                f"{route} is retired: legacy is no longer behind it. If it still runs, force it."
            )
        raise RouteNotReady(f"{route} is in {standing.phase.value}; there is nothing to roll back.")
    if route in remembered.stuck and not is_forced:
        raise NoWayBack(
            f"{route}: the candidate has taken writes that legacy may lack "
            f"({remembered.stuck[route]}, as of {known_at:%Y-%m-%d %H:%M:%S} UTC). Force it to go back "
            "without: what can be carried back comes once mover and database run."
        )
    return remembered


async def _tell(plane: DataPlane, kept: ControlFolder, remembered: Remembered) -> None:
    rollbacks = {each.route: each for each in kept.orders()}
    spec = spec_with(remembered.plan, remembered.standings, rollbacks)
    await plane.apply(spec)


async def _was_told(kept: ControlFolder, route: str) -> bool:
    """Whether the control plane that leads here has done it."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        told = kept.recall()
        if told is not None and (route in told.rolled_back or told.standings[route].read_bp == 0):
            return True
        await asyncio.sleep(_POLL_S)
    return False


def _ms_since(began: float) -> float:
    return (time.monotonic() - began) * 1_000
