"""HTTP operations on data sets: where they stand, and what was found."""

from datetime import datetime
from typing import Any, Literal

from msgspec import Struct

from banyan.movement import service
from banyan.movement.errors import DataSetNotFound
from banyan.movement.model import DATA_SET, DataSet, DataStanding, Finding, FindingKind, SetPhase
from banyan.runtime.http import Call, List, ListQuery, Operation


class DataSetProgressView(Struct, kw_only=True):
    """How far the backfill is; `left_s` is an estimate."""

    rows_done: int
    rows_total: int | None
    share: float | None
    rows_per_s: float | None
    left_s: float | None


class DataSetView(Struct, kw_only=True):
    """Rows that move from a legacy table to the new side, and whether they can be relied on."""

    id: str
    object: Literal["data_set"] = "data_set"
    livemode: bool
    name: str
    plan: str
    phase: Literal["waiting", "backfilling", "following", "reversing"]
    is_verified: bool
    reason: str
    lag_rows: int | None
    lag_s: float | None
    carried: int
    verified_rows: int
    verified_at: datetime | None
    differing: int
    stuck: int
    conflicts: int
    progress: DataSetProgressView | None
    backfilled_at: datetime | None
    turned_at: datetime | None
    seen_at: datetime | None


class DataFindingView(Struct, kw_only=True):
    """A row that isn't alike on both sides, can't be written, or was changed on both.

    `key` is the destination's. `detail` has lengths and salted hashes of what differs; values only
    where the plan says so.
    """

    object: Literal["data_finding"] = "data_finding"
    flow: Literal["forward", "reverse"]
    kind: Literal["missing", "extra", "differs", "conflict", "stuck"]
    key: list[Any]
    columns: list[str]
    detail: dict[str, Any]
    attempts: int
    found_at: datetime
    last_at: datetime


def operations() -> list[Operation]:
    return [
        Operation(
            id="listDataSets",
            method="GET",
            path="/v1/data_sets",
            summary="List data sets and where they stand",
            handler=list_data_sets,
            scope="data_sets:read",
            query=ListQuery,
            returns=List[DataSetView],
        ),
        Operation(
            id="getDataSet",
            method="GET",
            path="/v1/data_sets/{set_id}",
            ids={"set_id": DATA_SET},
            summary="Fetch a data set",
            handler=get_data_set,
            scope="data_sets:read",
            returns=DataSetView,
            errors=(DataSetNotFound,),
        ),
        Operation(
            id="listDataFindings",
            method="GET",
            path="/v1/data_sets/{set_id}/findings",
            ids={"set_id": DATA_SET},
            summary="List rows that aren't alike, can't be written, or were changed on both sides",
            handler=list_data_findings,
            scope="data_sets:read",
            query=ListQuery,
            returns=List[DataFindingView],
            errors=(DataSetNotFound,),
        ),
    ]


async def list_data_sets(call: Call[ListQuery]) -> List[DataSetView]:
    query = call.query
    page = await service.page_sets(call.tx, limit=query.limit, cursor=query.cursor)
    standings = await service.standings_of(call.tx, page.data)
    by_id = {one.set_id: one for one in standings}
    return List[DataSetView].of(page, lambda one: _view(call, one, by_id[one.set_id]))


async def get_data_set(call: Call) -> DataSetView:
    data_set = await service.get_set(call.tx, call.path["set_id"])
    (standing,) = await service.standings_of(call.tx, [data_set])
    return _view(call, data_set, standing)


async def list_data_findings(call: Call[ListQuery]) -> List[DataFindingView]:
    query = call.query
    page = await service.page_findings(
        call.tx, call.path["set_id"], limit=query.limit, cursor=query.cursor
    )
    return List[DataFindingView].of(page, _finding)


def _view(call: Call[Any], data_set: DataSet, standing: DataStanding) -> DataSetView:
    progress = standing.progress
    return DataSetView(
        id=DATA_SET.text(data_set.set_id),
        livemode=call.key.livemode,
        name=data_set.name,
        plan=data_set.plan,
        phase=SetPhase(data_set.phase).value,
        is_verified=standing.is_verified,
        reason=standing.sentence,
        lag_rows=standing.lag_rows,
        lag_s=standing.lag_s,
        carried=data_set.carried,
        verified_rows=data_set.verified_rows,
        verified_at=data_set.verified_at,
        differing=standing.differing,
        stuck=standing.stuck,
        conflicts=standing.conflicts,
        progress=None
        if progress is None
        else DataSetProgressView(
            rows_done=progress.rows_done,
            rows_total=progress.rows_total,
            share=progress.share,
            rows_per_s=progress.rows_per_s,
            left_s=progress.left_s,
        ),
        backfilled_at=data_set.backfilled_at,
        turned_at=data_set.turned_at,
        seen_at=data_set.seen_at,
    )


def _finding(found: Finding) -> DataFindingView:
    return DataFindingView(
        flow=found.flow,
        kind=FindingKind(found.kind).value,
        key=found.key,
        columns=found.columns,
        detail=found.detail,
        attempts=found.attempts,
        found_at=found.found_at,
        last_at=found.last_at,
    )
