"""A route under lock, and changes of it: counted on, written down and told in the same transaction."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from banyan.migration.errors import PlanNotFound, RouteNotFound
from banyan.migration.model.plan import Plan, RoutePlan
from banyan.migration.model.standing import PLAN, Change, ChangeKind, Position, RouteStanding
from banyan.migration.service import news
from banyan.migration.store import plans as plans_store
from banyan.migration.store import routes as store
from banyan.runtime import Transaction

JUDGE = "judge"
"""What the judge is called in the history; see ``named``."""


@dataclass(frozen=True, slots=True)
class Located:
    """A route under lock."""

    plan: Plan
    route: RoutePlan
    standing: RouteStanding


async def locate(tx: Transaction, plan_id: UUID, route: str) -> Located:
    """Lock a plan's route. ``PlanNotFound``, ``RouteNotFound``."""
    await plans_store.lock_events(tx, plan_id)
    stored = await plans_store.find_plan_by_id(tx, plan_id)
    if stored is None:
        raise PlanNotFound(f"There is no plan {PLAN.text(plan_id)}.")
    standing = await store.lock_route(tx, plan_id, route)
    plan = stored.plan
    planned = next((each for each in plan.routes if each.name == route), None)
    if standing is None or planned is None:
        names = ", ".join(each.name for each in plan.routes)
        raise RouteNotFound(f"The plan {plan.plan} has no route {route[:40]!r}; it has {names}.")
    return Located(plan, planned, standing)


def named(by: str, *, is_person: bool) -> str:
    """Who did it, for the history: a person or a key called "judge" isn't taken for the judge."""
    return f"{by} (not the judge)" if is_person and by.strip().lower() == JUDGE else by


async def move(
    tx: Transaction,
    found: Located,
    to: Position,
    kind: ChangeKind,
    *,
    by: str,
    why: str,
    numbers: dict[str, Any],
    held_why: str,
    effective_at: datetime | None = None,
) -> Change:
    """Take a route to another position. ``effective_at``: the data plane has done it already."""
    standing = found.standing
    moved = replace(
        standing,
        phase=to.phase,
        step=to.step,
        read_bp=to.read_bp,
        writes_to=to.writes_to,
        change=standing.change + 1,
        entered_change=standing.change + 1,
        entered_at=tx.now,
        held_why=held_why[:2000],
        approved_for="" if to.phase != standing.phase else standing.approved_for,
        announced_for="",
        announced_at=None,
    )
    await store.save_route(tx, moved)
    change = await store.insert_change(
        tx,
        standing.plan_id,
        standing.route,
        moved.change,
        kind=kind,
        from_at=standing.at,
        to_at=to,
        by=named(by, is_person=tx.cause.kind != "system")[:200],
        why=why[:2000],
        numbers=numbers,
        effective_at=effective_at,
    )
    tell = news.route_advanced if kind == "advanced" else news.route_rolled_back
    await plans_store.record_events(tx, standing.plan_id, tell(found.plan, found.route, change))
    return change


async def write_down(
    tx: Transaction,
    found: Located,
    kind: ChangeKind,
    *,
    by: str,
    why: str,
    is_renewed: bool = False,
    **fields: Any,
) -> Change:
    """A change that moves nobody. ``is_renewed``: what was gathered begins anew with it."""
    standing = found.standing
    number = standing.change + 1
    await store.save_route(
        tx,
        replace(
            standing,
            change=number,
            entered_change=number if is_renewed else standing.entered_change,
            entered_at=tx.now if is_renewed else standing.entered_at,
            **fields,
        ),
    )
    return await store.insert_change(
        tx,
        standing.plan_id,
        standing.route,
        number,
        kind=kind,
        from_at=standing.at,
        to_at=standing.at,
        by=named(by, is_person=tx.cause.kind != "system")[:200],
        why=why[:2000],
        numbers={},
        effective_at=tx.now,
    )
