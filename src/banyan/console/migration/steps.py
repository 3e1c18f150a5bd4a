"""What people do with a route: advance, approve, hold, release, roll back, tick a runbook."""

from typing import cast, get_args

from banyan.console.errors import PageNotFound, ReasonMissing
from banyan.console.migration.shared import plan_href, plan_of
from banyan.console.visit import Done, Visit
from banyan.migration import (
    StoredPlan,
    advance,
    approve,
    hold,
    release,
    roll_back,
)
from banyan.migration.informing import DocumentName, tick_item

_WHY_MAX = 500


async def advance_route(visit: Visit) -> Done:
    stored, route, why = await _what(visit)
    await advance(
        visit.tx,
        stored.plan_id,
        route,
        by=_by(visit),
        why=why,
        expected_change=_change(visit),
        is_forced=_is_forced(visit),
    )
    return await _done(visit, stored, route, "advance", why, "advanced")


async def approve_route(visit: Visit) -> Done:
    stored, route, why = await _what(visit)
    await approve(visit.tx, stored.plan_id, route, by=_by(visit), why=why)
    return await _done(visit, stored, route, "approve", why, "approved")


async def hold_route(visit: Visit) -> Done:
    stored, route, why = await _what(visit)
    await hold(visit.tx, stored.plan_id, route, by=_by(visit), why=why)
    return await _done(visit, stored, route, "hold", why, "held")


async def release_route(visit: Visit) -> Done:
    stored, route, why = await _what(visit)
    await release(visit.tx, stored.plan_id, route, by=_by(visit), why=why)
    return await _done(visit, stored, route, "release", why, "released")


async def roll_route_back(visit: Visit) -> Done:
    """It asks for no particular change: a roll-back wins over whatever came before."""
    stored, route, why = await _what(visit)
    await roll_back(
        visit.tx,
        stored.plan_id,
        route,
        by=_by(visit),
        why=why,
        is_forced=_is_forced(visit),
    )
    return await _done(visit, stored, route, "roll_back", why, "rolled-back")


async def tick_box(visit: Visit) -> Done:
    stored = await plan_of(visit)
    route, name = visit.path("route"), visit.path("document")
    number = visit.form.get("item", "")
    if name not in get_args(DocumentName) or not (number.isascii() and number.isdigit()):
        raise PageNotFound("There is no such runbook.")
    is_done = visit.form.get("done") == "yes"
    text = visit.form.get("text", "")
    await tick_item(
        visit.tx,
        stored.name,
        route,
        cast("DocumentName", name),
        int(number[:6]),
        text=text,
        is_done=is_done,
        by=_by(visit),
    )
    said = f"{'done' if is_done else 'not done'}: {text[:200]}"
    return await _done(visit, stored, route, "tick", said, "ticked")


async def _what(visit: Visit) -> tuple[StoredPlan, str, str]:
    why = " ".join(visit.form.get("why", "").split())[:_WHY_MAX]
    if not why:
        raise ReasonMissing("Say why; the reason is kept with the step. Go back and fill it in.")
    return await plan_of(visit), visit.path("route"), why


def _by(visit: Visit) -> str:
    return visit.session.user.email


def _change(visit: Visit) -> int | None:
    text = visit.form.get("change", "")
    return int(text[:9]) if text.isascii() and text.isdigit() else None


def _is_forced(visit: Visit) -> bool:
    return visit.form.get("force") == "yes"


async def _done(
    visit: Visit, stored: StoredPlan, route: str, what: str, why: str, word: str
) -> Done:
    await visit.audit(f"migration.{what}", f"{stored.name}/{route}", why)
    return Done(plan_href(visit, stored.name, "routes", route), word)
