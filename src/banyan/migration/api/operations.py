"""The operations, and their handlers."""

from typing import Any

from banyan.kernel import InvalidRequest
from banyan.migration.api.shapes import (
    ListMigrationChanges,
    ListMigrationMinutes,
    MigrationApproval,
    MigrationChangeView,
    MigrationMinuteView,
    MigrationPlanView,
    MigrationReason,
    MigrationRollback,
    MigrationRouteView,
    MigrationStatusView,
    MigrationStep,
)
from banyan.migration.api.views import (
    change_view,
    minute_view,
    plan_view,
    route_view,
    status_view,
)
from banyan.migration.errors import (
    NoWayBack,
    PlanNotFound,
    RouteMoved,
    RouteNotFound,
    RouteNotReady,
)
from banyan.migration.model.standing import PLAN
from banyan.migration.service import reading, steps
from banyan.migration.store import routes as routes_store
from banyan.runtime.http import Call, List, Operation

_DAYS_MAX = 8
_PATH = "/v1/migrations/{migration_id}"
_ROUTE = f"{_PATH}/routes/{{route}}"


def operations() -> list[Operation]:
    return [*_reading(), *_moving()]


def _reading() -> list[Operation]:
    return [
        Operation(
            id="listMigrations",
            method="GET",
            path="/v1/migrations",
            summary="List the plans that were applied",
            handler=list_migrations,
            scope="migrations:read",
            returns=List[MigrationPlanView],
        ),
        Operation(
            id="getMigration",
            method="GET",
            path=_PATH,
            ids={"migration_id": PLAN},
            summary="Fetch a plan, as it was applied last",
            handler=get_migration,
            scope="migrations:read",
            returns=MigrationPlanView,
            errors=(PlanNotFound,),
        ),
        Operation(
            id="getMigrationStanding",
            method="GET",
            path=f"{_PATH}/status",
            ids={"migration_id": PLAN},
            summary="Where every route stands, why, and what comes next",
            handler=get_status,
            scope="migrations:read",
            returns=MigrationStatusView,
            errors=(PlanNotFound,),
        ),
        Operation(
            id="getMigrationRoute",
            method="GET",
            path=_ROUTE,
            ids={"migration_id": PLAN},
            summary="Fetch a route with the judge's verdict and its gates",
            handler=get_route,
            scope="migrations:read",
            returns=MigrationRouteView,
            errors=(PlanNotFound, RouteNotFound),
        ),
        Operation(
            id="listMigrationChanges",
            method="GET",
            path=f"{_PATH}/changes",
            ids={"migration_id": PLAN},
            summary="List every step of every route, the newest first",
            handler=list_changes,
            scope="migrations:read",
            query=ListMigrationChanges,
            returns=List[MigrationChangeView],
            errors=(PlanNotFound,),
        ),
        Operation(
            id="listMigrationMinutes",
            method="GET",
            path=f"{_PATH}/minutes",
            ids={"migration_id": PLAN},
            summary="What was seen of a route minute by minute, the oldest first",
            description="At most eight days at once.",
            handler=list_minutes,
            scope="migrations:read",
            query=ListMigrationMinutes,
            returns=List[MigrationMinuteView],
            errors=(PlanNotFound,),
        ),
    ]


def _moving() -> list[Operation]:
    def moving(
        name: str, path: str, summary: str, *, example: object, errors: tuple[Any, ...], **more: Any
    ) -> Operation:
        return Operation(
            id=name,
            method="POST",
            path=f"{_ROUTE}/{path}",
            ids={"migration_id": PLAN},
            summary=summary,
            scope="migrations:write",
            returns=MigrationRouteView,
            errors=(PlanNotFound, RouteNotFound, *errors),
            example=example,
            **more,
        )

    why = {"why": "Search has gone live with it."}
    return [
        moving(
            "advanceMigrationRoute",
            "advance",
            "Take a route its next step now",
            handler=advance_route,
            body=MigrationStep,
            errors=(RouteMoved, RouteNotReady),
            example={**why, "force": True},
            needs_idempotency_key=True,
        ),
        moving(
            "rollBackMigrationRoute",
            "rollback",
            "Take a route out of its customers' way, and hold it",
            handler=roll_back_route,
            body=MigrationRollback,
            errors=(RouteNotReady, NoWayBack),
            example={"why": "Prices look wrong."},
            description="The control plane follows within a second; it needs no other step to hold.",
        ),
        moving(
            "holdMigrationRoute",
            "hold",
            "Keep a route where it is",
            handler=hold_route,
            body=MigrationReason,
            errors=(),
            example={"why": "Wait for the new search."},
        ),
        moving(
            "releaseMigrationRoute",
            "release",
            "Let a held route go on; it is judged anew",
            handler=release_route,
            body=MigrationReason,
            errors=(),
            example={"why": "Mended in 2.4.1."},
        ),
        moving(
            "approveMigrationRoute",
            "approve",
            "Say yes to a route's next phase; the step follows once all else holds",
            handler=approve_route,
            body=MigrationApproval,
            errors=(RouteNotReady,),
            example={"why": "Support is ready.", "phase": "shadow"},
        ),
    ]


async def list_migrations(call: Call) -> List[MigrationPlanView]:
    plans = await reading.list_plans(call.tx)
    live = call.key.livemode
    return List[MigrationPlanView].whole(plan_view(each, livemode=live) for each in plans)


async def get_migration(call: Call) -> MigrationPlanView:
    stored = await reading.get_plan(call.tx, call.path["migration_id"])
    return plan_view(stored, livemode=call.key.livemode)


async def get_status(call: Call) -> MigrationStatusView:
    status = await reading.status_of(call.tx, call.path["migration_id"])
    return status_view(status, livemode=call.key.livemode)


async def get_route(call: Call) -> MigrationRouteView:
    return await _route(call)


async def list_changes(call: Call[ListMigrationChanges]) -> List[MigrationChangeView]:
    query = call.query
    plan_id = call.path["migration_id"]
    await reading.get_plan(call.tx, plan_id)
    page = await reading.history(
        call.tx, plan_id, route=query.route, limit=query.limit, cursor=query.cursor
    )
    return List[MigrationChangeView].of(page, change_view)


async def list_minutes(call: Call[ListMigrationMinutes]) -> List[MigrationMinuteView]:
    query = call.query
    if query.since.tzinfo is None or query.until.tzinfo is None:
        raise InvalidRequest("`since` and `until` need a zone; end them with Z.")
    if (query.until - query.since).days >= _DAYS_MAX:
        raise InvalidRequest(f"Ask for less than {_DAYS_MAX} days at once.")
    plan_id = call.path["migration_id"]
    await reading.get_plan(call.tx, plan_id)
    minutes = await reading.minutes_of(
        call.tx, plan_id, route=query.route, since=query.since, until=query.until
    )
    return List[MigrationMinuteView].whole(minute_view(each) for each in minutes)


async def advance_route(call: Call, body: MigrationStep) -> MigrationRouteView:
    await steps.advance(
        call.tx,
        call.path["migration_id"],
        call.text["route"],
        by=_who(call),
        why=body.why,
        expected_change=body.change,
        is_forced=body.force,
    )
    return await _route(call)


async def roll_back_route(call: Call, body: MigrationRollback) -> MigrationRouteView:
    await routes_store.wait_briefly(call.tx)
    await steps.roll_back(
        call.tx,
        call.path["migration_id"],
        call.text["route"],
        by=_who(call),
        why=body.why,
        is_forced=body.force,
    )
    return await _route(call)


async def hold_route(call: Call, body: MigrationReason) -> MigrationRouteView:
    where = call.path["migration_id"], call.text["route"]
    await steps.hold(call.tx, *where, by=_who(call), why=body.why)
    return await _route(call)


async def release_route(call: Call, body: MigrationReason) -> MigrationRouteView:
    where = call.path["migration_id"], call.text["route"]
    await steps.release(call.tx, *where, by=_who(call), why=body.why)
    return await _route(call)


async def approve_route(call: Call, body: MigrationApproval) -> MigrationRouteView:
    where = call.path["migration_id"], call.text["route"]
    await steps.approve(call.tx, *where, by=_who(call), why=body.why, phase=body.phase)
    return await _route(call)


async def _route(call: Call) -> MigrationRouteView:
    return route_view(
        await reading.route_status_of(call.tx, call.path["migration_id"], call.text["route"])
    )


def _who(call: Call) -> str:
    return call.tx.cause.actor or "an API key"
