"""Reading plans: where everything stands, and how it came there."""

from datetime import datetime
from uuid import UUID

from banyan.kernel import Page, decode_cursor, page_of
from banyan.migration.errors import PlanNotFound, RouteNotFound
from banyan.migration.model.plan import Phase, Plan, RoutePlan
from banyan.migration.model.standing import (
    PLAN,
    Change,
    Minute,
    PlanStatus,
    PlanVersion,
    RouteStanding,
    RouteStatus,
    StoredPlan,
    StoredVerdict,
)
from banyan.migration.rules.phases import (
    data_before_cutover,
    describe,
    freeze_of,
    milestones_of,
    next_position,
    path_of,
)
from banyan.migration.service import data
from banyan.migration.store import findings as findings_store
from banyan.migration.store import plans as plans_store
from banyan.migration.store import routes as routes_store
from banyan.runtime import Transaction


async def list_plans(tx: Transaction) -> list[StoredPlan]:
    """The version that holds of every plan, by name."""
    return await plans_store.select_plans(tx)


async def get_plan(tx: Transaction, plan_id: UUID) -> StoredPlan:
    """The version of a plan that holds; ``PlanNotFound``."""
    stored = await plans_store.find_plan_by_id(tx, plan_id)
    if stored is None:
        raise PlanNotFound(f"There is no plan {PLAN.text(plan_id)}.")
    return stored


async def find_plan(tx: Transaction, name: str | None = None) -> StoredPlan:
    """The plan of a name or id; without one, the only plan there is. ``PlanNotFound``."""
    plans = await plans_store.select_plans(tx)
    if not plans:
        raise PlanNotFound("No plan was applied here yet; `banyan migrate apply` does that.")
    there = ", ".join(each.name for each in plans)
    if name is None and len(plans) == 1:
        return plans[0]
    if name is None:
        raise PlanNotFound(f"Say which plan; there are: {there}.")
    for each in plans:
        if name in (each.name, PLAN.text(each.plan_id)):
            return each
    raise PlanNotFound(f"There is no plan {name[:60]!r}; there are: {there}.")


async def versions_of(tx: Transaction, plan_id: UUID) -> list[PlanVersion]:
    """Every version that was applied, the newest first."""
    return await plans_store.select_versions(tx, plan_id)


async def status_of(tx: Transaction, plan_id: UUID) -> PlanStatus:
    """A plan with its routes in the plan's order, its milestones, and who leads it."""
    stored = await get_plan(tx, plan_id)
    plan = stored.plan
    standings = {each.route: each for each in await routes_store.select_routes(tx, plan_id)}
    verdicts = {each.route: each for each in await findings_store.select_verdicts(tx, plan_id)}
    return PlanStatus(
        stored=stored,
        plan=plan,
        routes=tuple(
            _route_status(plan, route, standings[route.name], verdicts.get(route.name), tx.now)
            for route in plan.routes
        ),
        milestones=milestones_of(plan, standings, tx.now.date()),
        controller=await findings_store.find_beat(tx, plan_id),
        at=tx.now,
    )


async def route_status_of(tx: Transaction, plan_id: UUID, route: str) -> RouteStatus:
    """One route of a plan; ``RouteNotFound``."""
    status = await status_of(tx, plan_id)
    for each in status.routes:
        if each.plan.name == route:
            return each
    raise RouteNotFound(f"The plan {status.plan.plan} has no route {route[:40]!r}.")


def _route_status(
    plan: Plan,
    route: RoutePlan,
    standing: RouteStanding,
    verdict: StoredVerdict | None,
    at: datetime,
) -> RouteStatus:
    ahead = next_position(path_of(plan, route), standing.at)
    if verdict is not None and verdict.numbers.get("change") != standing.entered_change:
        verdict = None  # of where it stood before
    freeze = freeze_of(plan, route.name, at)
    if standing.held_why:
        sentence = f"Held: {standing.held_why}"
    elif standing.phase == Phase.RETIRED:
        sentence = "Retired: the candidate answers alone."
    elif verdict is not None:
        sentence = verdict.sentence
    elif freeze is not None:
        sentence = f"Nothing advances until {freeze.end:%Y-%m-%d %H:%M %Z}: {freeze.why}"
    else:
        sentence = (
            "Not judged yet." if ahead is None else f"Not judged yet; next {describe(ahead)}."
        )
    return RouteStatus(
        plan=route, standing=standing, next=ahead, verdict=verdict, freeze=freeze, sentence=sentence
    )


async def history(
    tx: Transaction,
    plan_id: UUID,
    *,
    route: str | None = None,
    kinds: tuple[str, ...] | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[Change]:
    """Every change of a plan's routes (of one route), the newest first."""
    after: tuple[datetime, str, int] | None = None
    if cursor is not None:
        at, name, number = decode_cursor(cursor, (datetime, str, int))
        assert isinstance(at, datetime), "as decoded"
        after = at, str(name), int(str(number))
    rows = await routes_store.select_changes(
        tx, plan_id, route=route, kinds=kinds, after=after, limit=limit + 1
    )
    return page_of(rows, limit, lambda each: (each.decided_at, each.route, each.change))


async def find_change(tx: Transaction, plan_id: UUID, route: str, change: int) -> Change | None:
    return await routes_store.find_change(tx, plan_id, route, change)


async def minutes_of(
    tx: Transaction,
    plan_id: UUID,
    *,
    route: str | None = None,
    since: datetime | None = None,
    until: datetime | None = None,
) -> list[Minute]:
    """What was seen of a plan's routes (of one route) minute by minute, the oldest first."""
    return await findings_store.select_minutes(tx, plan_id, route=route, since=since, until=until)


async def unreturned(tx: Transaction, plan_id: UUID, route: str) -> str:
    """What legacy lacks of what the candidate took before a route was rolled back; empty: nothing."""
    plan = (await get_plan(tx, plan_id)).plan
    for each in plan.routes:
        if each.name == route:
            return await data.unreturned(tx, plan_id, data_before_cutover(plan, each))
    raise RouteNotFound(f"The plan {plan.plan} has no route {route[:40]!r}.")
