"""Sets of rows that move: how far they are, and which rows are not the same."""

from datetime import timedelta
from typing import Any

from banyan.console.errors import PageNotFound
from banyan.console.look import DASH, Pill, Tone, took, words
from banyan.console.migration.board import LIVE_EVERY_S
from banyan.console.migration.shared import crumbs, figure, head_of, plan_href, plan_of
from banyan.console.views.frame import Crumb, Fact, Pages
from banyan.console.views.migration import DataFindingLine, DataLine, DataSetView, DataView
from banyan.console.visit import Shown, Visit
from banyan.kernel import LIMIT_DEFAULT, plural
from banyan.migration import Plan
from banyan.movement import (
    DATA_SET,
    DataSet,
    DataStanding,
    Finding,
    Progress,
    get_set,
    list_sets,
    page_findings,
    standings_of,
)

_PHASES = {
    "waiting": Pill("Waiting"),
    "backfilling": Pill("Being filled", Tone.INFO),
    "following": Pill("Following", Tone.INFO),
    "reversing": Pill("Flowing back", Tone.INFO),
}
_KINDS = {
    "missing": Pill("Missing", Tone.WAIT),
    "extra": Pill("Too much", Tone.WAIT),
    "differs": Pill("Differs", Tone.WAIT),
    "conflict": Pill("Conflict", Tone.LOST),
    "stuck": Pill("Stuck", Tone.LOST),
}


async def show_data(visit: Visit) -> Shown:
    stored = await plan_of(visit)
    sets = [one for one in await list_sets(visit.tx, plan_id=stored.plan_id) if not one.is_gone]
    standings = await standings_of(visit.tx, sets)
    view = DataView(
        head=await head_of(visit, stored, "data"),
        sentence=_sentence(standings),
        sets=tuple(
            _line(visit, stored.plan, one, standing)
            for one, standing in zip(sets, standings, strict=True)
        ),
    )
    return Shown(
        "migration/data.html",
        "Data",
        "migration",
        view,
        crumbs(visit, stored.plan, Crumb("Data")),
        live_subjects=tuple(DATA_SET.text(one.set_id) for one in sets),
        live_every_s=LIVE_EVERY_S,
    )


async def show_data_set(visit: Visit) -> Shown:
    stored = await plan_of(visit)
    found = await get_set(visit.tx, DATA_SET.parse(visit.path("set_id")))
    if found.plan_id != stored.plan_id:
        raise PageNotFound(f"The plan {stored.name} has no such data set.")
    (standing,) = await standings_of(visit.tx, [found])
    cursor = visit.query.get("cursor")
    findings = await page_findings(visit.tx, found.set_id, limit=LIMIT_DEFAULT, cursor=cursor)
    view = DataSetView(
        head=await head_of(visit, stored, "data"),
        line=_line(visit, stored.plan, found, standing),
        facts=_facts(found, standing),
        findings=tuple(_finding(one) for one in findings.data),
        pages=Pages(
            first_href=visit.again(cursor=None) if cursor else "",
            next_href=visit.again(cursor=findings.next_cursor) if findings.next_cursor else "",
        ),
    )
    data = Crumb("Data", plan_href(visit, stored.name, "data"))
    return Shown(
        "migration/data_set.html",
        found.name,
        "migration",
        view,
        crumbs(visit, stored.plan, data, Crumb(found.name)),
        live_subjects=(DATA_SET.text(found.set_id),),
        live_every_s=LIVE_EVERY_S,
    )


def _sentence(standings: list[DataStanding]) -> str:
    if not standings:
        return "The plan moves no data."
    good = sum(one.is_verified for one in standings)
    return f"{good} of {plural(len(standings), 'set')} verified: filled, and every row alike on both sides."


def _line(visit: Visit, plan: Plan, one: DataSet, standing: DataStanding) -> DataLine:
    text = DATA_SET.text(one.set_id)
    share = standing.progress.share if standing.progress else None
    return DataLine(
        set_id=text,
        href=plan_href(visit, plan.plan, "data", text),
        name=one.name,
        phase=_PHASES[one.phase],
        verified=(
            Pill("Verified", Tone.GO) if standing.is_verified else Pill("Not verified", Tone.WAIT)
        ),
        sentence=standing.sentence,
        percent="" if share is None else f"{share * 100:.1f}",
        progress=_progress(standing.progress),
        lag=_lag(standing.lag_rows, standing.lag_s),
        differing=standing.differing,
        stuck=standing.stuck,
        conflicts=standing.conflicts,
        verified_at=standing.verified_at,
    )


def _progress(progress: Progress | None) -> str:
    if progress is None:
        return "not begun"
    of = f"{progress.rows_done:,} of about " if progress.rows_total else ""
    left = f", {_seconds(progress.left_s)} left" if progress.left_s else ""
    return f"{of}{plural(progress.rows_total or progress.rows_done, 'row')}{left}"


def _lag(rows: int | None, seconds: float | None) -> str:
    if rows is None:
        return DASH
    changes = plural(rows, "change")
    return f"{changes}, {_seconds(seconds)}" if rows and seconds else changes


def _seconds(seconds: float | None) -> str:
    return DASH if seconds is None else took(timedelta(seconds=seconds))


def _facts(one: DataSet, standing: DataStanding) -> tuple[Fact, ...]:
    declared: dict[str, Any] = one.declared.get("set", {})
    rate = standing.progress.rows_per_s if standing.progress else None
    return (
        Fact("From", _table(declared.get("source"))),
        Fact("To", _table(declared.get("target"))),
        Fact("Changes seen by", words(str(declared.get("changes", "")))),
        Fact("Carried over", plural(one.carried, "change")),
        Fact("Filled at", DASH if rate is None else f"{rate:,.0f} rows/s"),
        Fact("Behind", _lag(one.lag_rows, one.lag_s)),
        Fact("Behind on the way back", _lag(one.lag_back_rows, one.lag_back_s)),
        Fact("Rows compared", figure(one.verified_rows)),
        Fact("Trouble", one.failure or "none"),
    )


def _table(declared: Any) -> str:
    if isinstance(declared, dict):
        return str(declared.get("table", ""))  # pyright: ignore[reportUnknownArgumentType, reportUnknownMemberType]
    return str(declared or "")


def _finding(one: Finding) -> DataFindingLine:
    detail = "; ".join(f"{name}: {_both(value)}" for name, value in one.detail.items())
    return DataFindingLine(
        key=_key(one.key if one.key is not None else one.origin_key),
        kind=_KINDS[one.kind],
        columns=", ".join(one.columns),
        detail=detail[:400],
        attempts=one.attempts,
        found_at=one.found_at,
    )


def _key(key: Any) -> str:
    return ", ".join(map(str, key)) if isinstance(key, list) else str(key)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]


def _both(value: Any) -> str:
    return " / ".join(map(str, value)) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType]
