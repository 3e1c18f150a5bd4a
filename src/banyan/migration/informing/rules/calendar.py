"""The calendar of a migration (RFC 5545): milestones, freezes, steps to come and steps done.

Each entry keeps its UID for good and its ``DTSTAMP`` is that of what it tells, so that a client
which fetches again changes what it has in place of adding to it.
"""

# pyright: reportUnknownMemberType=false
# icalendar leaves the type of a property's value open.

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from icalendar import Calendar, Event, vDuration

from banyan.migration.informing.model import Snapshot, StatusPage
from banyan.migration.informing.rules.planning import milestones_of
from banyan.migration.informing.rules.saying import concerns, title_of_plan, title_of_team
from banyan.migration.informing.rules.status import status_page
from banyan.migration.model.standing import PLAN

_REFRESH = timedelta(hours=1)
_STEP = timedelta(minutes=15)
"""How long a step is shown; it takes no time."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """``name`` makes the UID; days without a time last the whole day."""

    name: str
    at: datetime
    summary: str
    description: str
    start: datetime | date
    end: datetime | date


def calendar(snapshot: Snapshot, team: str = "") -> bytes:
    """An iCalendar file of what concerns a team; empty: of the whole plan."""
    plan = snapshot.plan
    name = f"{title_of_plan(plan)}: {title_of_team(plan, team)}" if team else title_of_plan(plan)
    made = Calendar()
    made.add("prodid", "-//Banyan//Migration//EN")
    made.add("version", "2.0")
    made.add("method", "PUBLISH")
    made.add("name", name)
    made.add("x-wr-calname", name)
    made.add("refresh-interval", vDuration(_REFRESH), {"value": "DURATION"})
    made.add("x-published-ttl", vDuration(_REFRESH))
    page = status_page(snapshot, team)
    for entries in (_milestones, _freezes):
        for entry in entries(snapshot, team):
            made.add_component(_event(snapshot, entry))
    for entry in (*_announced(snapshot, page), *_steps(page)):
        made.add_component(_event(snapshot, entry))
    return made.to_ical()


def _milestones(snapshot: Snapshot, team: str) -> Iterator[_Entry]:
    for one in milestones_of(snapshot, team):
        yield _Entry(
            f"milestone/{one.name}",
            snapshot.applied_at,
            f"{one.name} ({one.standing.replace('_', ' ')})",
            f"{one.sentence}\n{one.about}".strip(),
            one.on,
            one.on + timedelta(days=1),
        )


def _freezes(snapshot: Snapshot, team: str) -> Iterator[_Entry]:
    names = {route.name for route in snapshot.plan.routes if concerns(route, team)}
    for one in snapshot.plan.freezes:
        if not one.routes or names & {*one.routes}:
            yield _Entry(
                f"freeze/{one.start.isoformat()}/{one.why}",
                snapshot.applied_at,
                f"Freeze: {one.why}",
                "No step forward in this time; going back stays possible.",
                _instant(one.start),
                _instant(one.end),
            )


def _announced(snapshot: Snapshot, page: StatusPage) -> Iterator[_Entry]:
    for route in page.routes:
        standing, at = snapshot.routes.get(route.name), route.next.earliest_at
        if standing is not None and at is not None and route.next.is_announced:
            yield _Entry(
                f"announced/{route.name}/{standing.change}",
                standing.announced_at or snapshot.applied_at,
                f"{route.title}: next step at the earliest",
                route.next.sentence,
                _instant(at),
                _instant(at) + _STEP,
            )


def _steps(page: StatusPage) -> Iterator[_Entry]:
    for line in page.changes:
        start = _instant(line.at)
        yield _Entry(f"change/{line.key}", line.at, line.title, line.sentence, start, start + _STEP)


def _event(snapshot: Snapshot, entry: _Entry) -> Event:
    digest = hashlib.sha256(entry.name.encode()).hexdigest()[:32]
    event = Event()
    event.add("uid", f"{digest}@{PLAN.text(snapshot.plan_id)}.banyan")
    event.add("dtstamp", _instant(entry.at))
    event.add("summary", entry.summary)
    event.add("description", entry.description)
    event.add("dtstart", entry.start)
    event.add("dtend", entry.end)
    event.add("transp", "TRANSPARENT")
    return event


def _instant(at: datetime) -> datetime:
    return at.astimezone(UTC).replace(microsecond=0)
