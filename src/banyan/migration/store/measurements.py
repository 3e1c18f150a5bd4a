"""Measurements of both sides under load."""

from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from banyan.migration.model.report import LoadRun, Measurement
from banyan.runtime import Transaction


async def insert_measurement(
    tx: Transaction, plan_id: UUID, measurement_id: UUID, measurement: Measurement
) -> None:
    await tx.execute(
        """
        insert into migration.measurements
          (marketplace_id, plan_id, measurement_id, route, paths, runs, by, measured_at)
        values
          (%(marketplace_id)s, %(plan_id)s, %(measurement_id)s, %(route)s, %(paths)s, %(runs)s,
           %(by)s, %(measured_at)s)
        """,
        plan_id=plan_id,
        measurement_id=measurement_id,
        route=measurement.route,
        paths=list(measurement.paths),
        runs=Jsonb(msgspec.to_builtins(measurement.runs)),
        by=measurement.by,
        measured_at=measurement.measured_at,
    )


async def select_newest_measurements(tx: Transaction, plan_id: UUID) -> dict[str, Measurement]:
    """The newest measurement of each route that has one."""
    rows = await tx.rows(
        """
        select distinct on (route) route, paths, runs, by, measured_at
        from migration.measurements
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
        order by route, measured_at desc, measurement_id desc
        """,
        plan_id=plan_id,
    )
    return {
        route: Measurement(route=route, paths=tuple(paths), measured_at=at, by=by, runs=_runs(runs))
        for route, paths, runs, by, at in rows
    }


def _runs(stored: Any) -> tuple[LoadRun, ...]:
    return msgspec.convert(stored, tuple[LoadRun, ...])
