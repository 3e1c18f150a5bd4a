"""A plan and what has happened to it, and what is made of that: pages, calendars, feeds."""

from uuid import UUID

from banyan.migration.errors import RouteNotFound
from banyan.migration.informing.errors import TeamNotFound
from banyan.migration.informing.model import Snapshot, StatusPage
from banyan.migration.informing.rules.status import status_page
from banyan.migration.informing.store import standing as store
from banyan.migration.model.plan import Plan, RoutePlan
from banyan.migration.model.standing import StoredPlan
from banyan.migration.service.reading import find_plan, get_plan
from banyan.migration.store.routes import select_routes
from banyan.runtime import Transaction


def check_team(plan: Plan, team: str) -> None:
    """``TeamNotFound`` unless it is a team of the plan, or empty."""
    if team and team not in plan.teams:
        known = ", ".join(sorted(plan.teams))
        raise TeamNotFound(f"{team[:40]!r} is not one of the plan's teams: {known}.")


def route_of(plan: Plan, route: str) -> RoutePlan:
    """``RouteNotFound`` unless it is in the plan."""
    found = next((one for one in plan.routes if one.name == route), None)
    if found is None:
        raise RouteNotFound(f"The plan {plan.plan} has no route {route[:40]!r}.")
    return found


async def snapshot_of(tx: Transaction, stored: StoredPlan) -> Snapshot:
    """What pages, calendars and summaries are made of."""
    routes = await select_routes(tx, stored.plan_id)
    return Snapshot(
        plan_id=stored.plan_id,
        plan=stored.plan,
        version=stored.version,
        applied_at=stored.applied_at,
        routes={route.route: route for route in routes},
        changes=await store.select_changes(tx, stored.plan_id),
        now=tx.now,
    )


async def snapshot_of_plan(tx: Transaction, plan_id: UUID) -> Snapshot:
    """The same by the plan's id; ``PlanNotFound``."""
    return await snapshot_of(tx, await get_plan(tx, plan_id))


async def read_status(tx: Transaction, plan: str, team: str = "") -> StatusPage:
    """The status page of a plan or of one of its teams. ``PlanNotFound``, ``TeamNotFound``."""
    snapshot = await snapshot_of(tx, await find_plan(tx, plan))
    check_team(snapshot.plan, team)
    return status_page(snapshot, team)
