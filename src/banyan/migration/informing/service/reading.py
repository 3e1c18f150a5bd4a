"""A plan and what has happened to it, and what is made of that: pages, calendars, feeds."""

from uuid import UUID

import msgspec

from banyan.migration.informing.errors import PlanNotApplied, RouteNotInPlan, TeamNotFound
from banyan.migration.informing.model import PlanVersion, Snapshot, StatusPage
from banyan.migration.informing.rules.calendar import calendar
from banyan.migration.informing.rules.feeds import atom
from banyan.migration.informing.rules.status import status_page
from banyan.migration.informing.store import standing as store
from banyan.migration.model.plan import Plan, RoutePlan
from banyan.runtime import Transaction


async def get_plan(tx: Transaction, name: str) -> PlanVersion:
    """The latest version of a plan by its name; ``PlanNotApplied``."""
    found = await store.find_plan(tx, name=name)
    if found is None:
        raise PlanNotApplied(
            f"There is no plan {name[:40]!r}; `banyan migrate apply` makes it one."
        )
    return found


def read_plan(version: PlanVersion) -> Plan:
    return msgspec.convert(version.document, Plan)


def check_team(plan: Plan, team: str) -> None:
    """``TeamNotFound`` unless it is a team of the plan, or empty."""
    if team and team not in plan.teams:
        known = ", ".join(sorted(plan.teams))
        raise TeamNotFound(f"{team[:40]!r} is not one of the plan's teams: {known}.")


def route_of(plan: Plan, route: str) -> RoutePlan:
    found = next((one for one in plan.routes if one.name == route), None)
    if found is None:
        raise RouteNotInPlan(f"The plan has no route {route[:40]!r}.")
    return found


async def snapshot_of(tx: Transaction, version: PlanVersion) -> Snapshot:
    """What pages, calendars and summaries are made of."""
    routes = await store.select_routes(tx, version.plan_id)
    return Snapshot(
        plan_id=version.plan_id,
        plan=read_plan(version),
        version=version.version,
        applied_at=version.applied_at,
        routes={route.route: route for route in routes},
        changes=await store.select_changes(tx, version.plan_id),
        now=tx.now,
    )


async def snapshot_of_plan(tx: Transaction, plan_id: UUID) -> Snapshot:
    """The same by the plan's id; ``PlanNotApplied``."""
    version = await store.find_plan(tx, plan_id=plan_id)
    if version is None:
        raise PlanNotApplied("The plan is no longer here.")
    return await snapshot_of(tx, version)


async def read_status(tx: Transaction, plan: str, team: str = "") -> StatusPage:
    """The status page of a plan or of one of its teams."""
    snapshot = await snapshot_of(tx, await get_plan(tx, plan))
    check_team(snapshot.plan, team)
    return status_page(snapshot, team)


async def read_calendar(tx: Transaction, plan_id: UUID, team: str = "") -> bytes:
    """An iCalendar file; ``PlanNotApplied``."""
    return calendar(await snapshot_of_plan(tx, plan_id), team)


async def read_feed(tx: Transaction, plan_id: UUID, team: str, address: str) -> bytes:
    """An Atom feed of the changelog; ``address`` is that of its page."""
    return atom(await snapshot_of_plan(tx, plan_id), team, address)
