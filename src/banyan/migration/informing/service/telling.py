"""From what happened to what teams are told: events, late milestones, weeks."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from banyan import comparison
from banyan.migration.informing.model import NoticeDraft, Snapshot
from banyan.migration.informing.rules.planning import milestone_status
from banyan.migration.informing.rules.saying import PHASES, concerns
from banyan.migration.informing.rules.wording import (
    Week,
    notice_of_event,
    notice_of_late,
    notice_of_plan,
    notice_of_rehearsal,
    summary,
)
from banyan.migration.informing.service.notices import write_notices
from banyan.migration.informing.service.reading import snapshot_of
from banyan.migration.informing.store import standing as store
from banyan.migration.model.plan import Plan
from banyan.migration.model.standing import PLAN, StoredPlan
from banyan.migration.store.plans import find_plan_by_id, record_events
from banyan.runtime import Event, Transaction

WEEK = timedelta(days=7)


async def tell_of_event(
    tx: Transaction, event: str, subject: str, sequence: int, payload: Mapping[str, Any]
) -> int:
    """Tell the teams that an event concerns; how many were told."""
    version = await find_plan_by_id(tx, PLAN.parse(subject))
    if version is None:
        return 0
    plan = version.plan
    source = f"event/{sequence}"
    if event == "migration.plan_applied":
        number = payload.get("version")
        draft = notice_of_plan(
            plan, event, payload, number if isinstance(number, int) else version.version
        )
    elif event == "migration.rehearsed":
        draft = notice_of_rehearsal(plan, event, payload)
    else:
        draft = notice_of_event(plan, event, payload)
    if draft is None:
        return 0
    teams = _teams(plan, draft.route, payload)
    return await write_notices(tx, version, source, [(team, draft) for team in teams])


async def tell_of_late_milestones(tx: Transaction, version: StoredPlan) -> int:
    """Record each milestone that is late, once, and tell who takes part in it."""
    snapshot = await snapshot_of(tx, version)
    told = 0
    for milestone in snapshot.plan.milestones:
        status = milestone_status(snapshot, milestone)
        if status.standing != "late" or not await store.insert_late_milestone(
            tx, version.plan_id, milestone.name, milestone.on
        ):
            continue
        news = {
            "milestone": milestone.name,
            "on": milestone.on.isoformat(),
            "sentence": status.sentence,
        }
        await record_events(
            tx, version.plan_id, Event("migration.milestone_late", PLAN.text(version.plan_id), news)
        )
        teams = sorted(
            {team for route in milestone.routes for team in _teams(snapshot.plan, route, {})}
        )
        draft = notice_of_late(snapshot.plan, status)
        source = f"late/{milestone.name}/{milestone.on.isoformat()}"
        told += await write_notices(tx, version, source, [(team, draft) for team in teams])
    return told


async def tell_of_week(tx: Transaction, version: StoredPlan) -> int:
    """Each team's summary of the week behind; once a week, however often it is asked for."""
    snapshot = await snapshot_of(tx, version)
    since = tx.now - WEEK
    changes = await store.select_changes(tx, version.plan_id, since=since)
    weeks = await _weeks(tx, snapshot)
    year, week, _ = tx.now.isocalendar()
    drafts: list[tuple[str, NoticeDraft]] = [
        (team, summary(snapshot, team, changes, weeks))
        for team in sorted(snapshot.plan.teams)
        if any(concerns(route, team) for route in snapshot.plan.routes)
    ]
    return await write_notices(tx, version, f"week/{year}-{week}", drafts)


def is_over(snapshot: Snapshot) -> bool:
    """Whether every route of the plan is as far as it goes."""
    standings = [snapshot.routes.get(route.name) for route in snapshot.plan.routes]
    return all(one is not None and one.phase == PHASES[-1] for one in standings)


async def served_since(
    tx: Transaction, plan_id: UUID, since: datetime
) -> dict[str, tuple[int, int, int]]:
    """Of each route since an instant: its customers' requests, those that failed, and those that
    legacy answered in the candidate's place."""
    rows = await store.select_served(tx, plan_id, since)
    return {route: (requests, errors, backs) for route, requests, errors, backs in rows}


async def _weeks(tx: Transaction, snapshot: Snapshot) -> dict[str, Week]:
    since = tx.now - WEEK
    by_route = await served_since(tx, snapshot.plan_id, since)
    weeks: dict[str, Week] = {}
    for route in snapshot.plan.routes:
        requests, errors, backs = by_route.get(route.name, (0, 0, 0))
        compared = await comparison.standing(tx, snapshot.plan_id, route.name, since)
        weeks[route.name] = Week(requests, errors, backs, compared.open)
    return weeks


def _teams(plan: Plan, route: str, payload: Mapping[str, Any]) -> Sequence[str]:
    """Owner and dependents, of a route that may have left the plan; else every team."""
    if not route:
        return sorted(plan.teams)
    found = next((one for one in plan.routes if one.name == route), None)
    if found is not None:
        return list(dict.fromkeys([found.owner, *found.dependents]))
    named = [payload.get("owner"), *(payload.get("dependents") or ())]
    return list(dict.fromkeys(str(team) for team in named if team in plan.teams))
