"""Runbooks and roll-back procedures: shown, and their boxes ticked."""

from banyan.migration.informing.errors import ItemNotFound
from banyan.migration.informing.model import Document, DocumentName
from banyan.migration.informing.rules.documents import document
from banyan.migration.informing.service.reading import route_of
from banyan.migration.informing.store import ticks as store
from banyan.migration.model.standing import PLAN, StoredPlan
from banyan.migration.service.reading import find_plan
from banyan.migration.store.plans import record_events
from banyan.runtime import Event, Json, Transaction


async def read_document(tx: Transaction, plan: str, route: str, name: DocumentName) -> Document:
    """A document of a route with who ticked what. ``PlanNotFound``, ``RouteNotFound``."""
    return await _document(tx, await find_plan(tx, plan), route, name)


async def tick_item(
    tx: Transaction,
    plan: str,
    route: str,
    name: DocumentName,
    number: int,
    *,
    text: str,
    is_done: bool,
    by: str,
) -> Document:
    """Tick a box, or empty it again; repeating it changes nothing.

    ``text`` is what the box says as far as the person knows: ``ItemNotFound`` if it has changed.
    """
    version = await find_plan(tx, plan)
    shown = await _document(tx, version, route, name)
    item = next((one for one in shown.items if one.number == number), None)
    if item is None or item.text != text:
        raise ItemNotFound(f"Box {number + 1} of the {name} says something else; reload it.")
    if is_done == (item.tick is not None):
        return shown
    news: dict[str, Json] = {"route": route, "document": name, "item": item.text[:500], "by": by}
    if is_done:
        await store.insert_tick(tx, version.plan_id, route, name, version.version, item, by)
        await record_events(
            tx, version.plan_id, Event("migration.item_ticked", PLAN.text(version.plan_id), news)
        )
    else:
        await store.delete_ticks(tx, version.plan_id, route, name, item.text_hash)
        await record_events(
            tx, version.plan_id, Event("migration.item_unticked", PLAN.text(version.plan_id), news)
        )
    return await _document(tx, version, route, name)


async def _document(
    tx: Transaction, version: StoredPlan, route: str, name: DocumentName
) -> Document:
    found = route_of(version.plan, route)
    text = found.runbook if name == "runbook" else found.rollback
    ticks = await store.select_ticks(tx, version.plan_id, route, name)
    return document(name, text, ticks)
