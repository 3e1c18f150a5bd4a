"""Events: the live feed, one event, and a subject's events as JSON."""

import json

from starlette.responses import Response

from banyan.console.errors import PageNotFound
from banyan.console.security import PAGE_HEADERS
from banyan.console.story import cause_of, event_line, title_of
from banyan.console.views.events import EventsView, EventView
from banyan.console.views.frame import Choice, Crumb, Pages
from banyan.console.visit import Shown, Visit
from banyan.runtime import StoredEvent, events_of, latest_events

_PAGE = 50
_GROUPS = ("order", "payment", "refund", "dispute", "payout", "case", "seller", "offer", "buyer")


async def show_events(visit: Visit) -> Shown:
    """The feed, the newest first; ``type`` is a type or a group such as ``order.``."""
    chosen = visit.query.get("type", "")
    subject = visit.query.get("subject", "").strip()[:80]
    before = visit.query.get("before", "")
    found = await latest_events(
        visit.tx,
        types=[chosen] if chosen else None,
        subject=subject or None,
        before=int(before) if before.isascii() and before.isdigit() else None,
        limit=_PAGE + 1,
    )
    shown = found[:_PAGE]
    groups = [Choice("", "Any type", is_chosen=not chosen)]
    groups += [
        Choice(f"{group}.", f"{group}.*", is_chosen=chosen == f"{group}.") for group in _GROUPS
    ]
    if chosen and not chosen.endswith("."):
        groups.append(Choice(chosen, chosen, is_chosen=True))
    view = EventsView(
        types=tuple(groups),
        subject=subject,
        events=tuple(event_line(event, visit.base) for event in shown),
        pages=Pages(
            first_href=visit.again(before=None) if before else "",
            next_href=visit.again(before=str(shown[-1].position)) if len(found) > _PAGE else "",
        ),
        is_filtered=bool(chosen or subject),
    )
    live = () if before else ((subject,) if subject else None)
    return Shown("events/list.html", "Events", "events", view, live_subjects=live)


async def show_event(visit: Visit) -> Shown:
    event = await _event_at(visit, visit.path("position"))
    line = event_line(event, visit.base)
    view = EventView(
        line=line,
        sequence=event.sequence,
        recorded_at=event.recorded_at,
        payload=json.dumps(event.payload, indent=2, ensure_ascii=False),
        cause=cause_of(event),
    )
    crumbs = (Crumb("Events", visit.href("events")), Crumb(title_of(event)))
    return Shown("events/event.html", title_of(event), "events", view, crumbs)


async def events_as_json(visit: Visit) -> Response:
    """All events of one subject, as webhooks carry them."""
    events = await events_of(visit.tx, visit.path("subject"))
    body = json.dumps([_plain(event) for event in events], indent=2, ensure_ascii=False)
    return Response(body, media_type="application/json", headers=dict(PAGE_HEADERS))


async def _event_at(visit: Visit, position: str) -> StoredEvent:
    if not position.isascii() or not position.isdigit() or len(position) > 18:
        raise PageNotFound("An event's address ends in its position, a whole number.")
    found = await latest_events(visit.tx, before=int(position) + 1, limit=1)
    if not found or found[0].position != int(position):
        raise PageNotFound(f"There is no event {position} in this marketplace.")
    return found[0]


def _plain(event: StoredEvent) -> dict[str, object]:
    return {
        "position": event.position,
        "type": event.type,
        "subject": event.subject,
        "sequence": event.sequence,
        "occurred_at": event.occurred_at.isoformat(),
        "cause": event.cause,
        "payload": event.payload,
    }
