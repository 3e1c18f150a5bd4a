"""The report out of the database, and the measurements that it keeps."""

from datetime import timedelta
from uuid import UUID

import pytest

from banyan import migration
from banyan.kernel import new_id
from banyan.migration import LoadPoint, LoadRun, Measurement, PlanNotFound, RouteNotFound
from banyan.migration.store.findings import save_minutes
from banyan.runtime import Database
from tests.migration.plans import plan_text
from tests.migration.report.minutes import BEGAN, minutes_of

RUNS = tuple(
    LoadRun(side=side, points=(LoadPoint(1, 500, 0, rate, 5_000, 9_000),), is_client_bound=False)
    for side, rate in (("legacy", 100.0), ("candidate", 250.0))
)


async def applied(database: Database, marketplace_id: UUID) -> UUID:
    async with database.transaction(marketplace_id) as tx:
        done = await migration.apply_plan(tx, plan_text(), by="ana", why="Test")
    return done.stored.plan_id


def measurement(route: str = "catalogue", *, minutes: int = 0) -> Measurement:
    return Measurement(
        route=route,
        paths=("/product/1",),
        measured_at=BEGAN + timedelta(minutes=minutes),
        by="ana",
        runs=RUNS,
    )


async def test_a_plan_is_reported_route_by_route(database: Database, sandbox: UUID) -> None:
    plan_id = await applied(database, sandbox)
    async with database.transaction(sandbox) as tx:
        for state in (
            minutes_of("served", "shadow", 20, route="catalogue", median_us=200_000),
            minutes_of("served", "candidate", 20, route="catalogue", after=60, median_us=50_000),
        ):
            await save_minutes(tx, plan_id, state)
        report = await migration.report_of(tx, plan_id, since=BEGAN)
        later = await migration.report_of(tx, plan_id, since=BEGAN + timedelta(minutes=30))
    assert [route.route for route in report.routes] == ["catalogue", "rest"]
    catalogue, rest = report.routes
    assert (report.title, catalogue.phase) == ("The shop", "legacy")
    assert "times faster" in catalogue.sentence
    assert rest.customers.before is rest.customers.after is None
    assert later.routes[0].customers.before is None
    assert "Nothing to compare yet" in later.routes[0].sentence


async def test_the_newest_measurement_of_a_route_counts(database: Database, sandbox: UUID) -> None:
    plan_id = await applied(database, sandbox)
    async with database.transaction(sandbox) as tx:
        await migration.save_measurement(tx, plan_id, measurement(minutes=9))
        await migration.save_measurement(tx, plan_id, measurement(minutes=5))
        report = await migration.report_of(tx, plan_id)
        rows = await tx.rows(
            """
            select payload from runtime.events
            where marketplace_id = %(marketplace_id)s and type = 'migration.route_measured'
            order by position
            """
        )
    capacity = report.routes[0].capacity
    assert capacity
    assert capacity.measured_at == BEGAN + timedelta(minutes=9)
    assert (capacity.legacy.value, capacity.candidate.value) == (100, 250)
    assert len(rows) == 2
    assert rows[0][0]["candidate_per_second"] == 250
    assert report.routes[1].capacity is None


async def test_what_the_plan_does_not_have_is_refused(database: Database, sandbox: UUID) -> None:
    plan_id = await applied(database, sandbox)
    async with database.transaction(sandbox) as tx:
        with pytest.raises(RouteNotFound):
            await migration.save_measurement(tx, plan_id, measurement("other"))
        with pytest.raises(PlanNotFound):
            await migration.save_measurement(tx, new_id(), measurement())
        with pytest.raises(PlanNotFound):
            await migration.report_of(tx, new_id())


async def test_another_marketplace_sees_nothing(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    plan_id = await applied(database, sandbox)
    async with database.transaction(live) as tx:
        with pytest.raises(PlanNotFound):
            await migration.report_of(tx, plan_id)
