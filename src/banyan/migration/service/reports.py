"""The before/after report of a plan, and the measurements that it draws on."""

from datetime import datetime, timedelta
from uuid import UUID

from banyan.kernel import new_id
from banyan.migration.errors import RouteNotFound
from banyan.migration.model.report import Costs, Measurement, Report
from banyan.migration.rules.report import RouteSubject, capacity_of, on_route
from banyan.migration.service import news
from banyan.migration.service.reading import get_plan
from banyan.migration.store import findings as findings_store
from banyan.migration.store import measurements as measurements_store
from banyan.migration.store import routes as routes_store
from banyan.migration.store.plans import record_events
from banyan.runtime import Transaction

SPAN = timedelta(days=90)
"""How far back minutes are read where nobody says how far."""


async def report_of(
    tx: Transaction,
    plan_id: UUID,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    costs: Costs | None = None,
) -> Report:
    """What a plan's routes were before and are after, route by route in the plan's order.

    Minutes from ``since`` (90 days ago) to ``until`` count; ``costs`` are what an hour of each side
    costs. ``PlanNotFound``.
    """
    stored = await get_plan(tx, plan_id)
    plan = stored.plan
    standings = {each.route: each for each in await routes_store.select_routes(tx, plan_id)}
    measured = await measurements_store.select_newest_measurements(tx, plan_id)
    since = since or tx.now - SPAN
    routes = [
        on_route(
            RouteSubject(route.name, route.title, standings[route.name].phase.value),
            await findings_store.select_minutes(
                tx, plan_id, route=route.name, since=since, until=until
            ),
            measured.get(route.name),
            costs,
        )
        for route in plan.routes
    ]
    return Report(
        plan=plan.plan,
        title=plan.title or plan.plan,
        made_at=tx.now,
        routes=tuple(routes),
        costs=costs,
    )


async def save_measurement(tx: Transaction, plan_id: UUID, measurement: Measurement) -> UUID:
    """Keep a measurement of a route, for the report. ``PlanNotFound``, ``RouteNotFound``."""
    stored = await get_plan(tx, plan_id)
    if measurement.route not in {route.name for route in stored.plan.routes}:
        raise RouteNotFound(f"The plan {stored.name} has no route {measurement.route[:40]!r}.")
    measurement_id = new_id(tx.now)
    await measurements_store.insert_measurement(tx, plan_id, measurement_id, measurement)
    await record_events(
        tx, stored.plan_id, news.route_measured(stored, measurement, capacity_of(measurement))
    )
    return measurement_id
