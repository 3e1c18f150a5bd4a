"""Reading divergences and standings."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from banyan.comparison.errors import DivergenceNotFound
from banyan.comparison.model import (
    DIVERGENCE,
    Divergence,
    DivergenceState,
    Place,
    Rates,
    Shown,
    Standing,
)
from banyan.comparison.rules.noise import significance
from banyan.comparison.store import counters, divergences
from banyan.kernel import Page, id_of_cursor, page_of
from banyan.runtime import Transaction


async def standing(tx: Transaction, plan_id: UUID, route: str, since: datetime) -> Standing:
    """What was compared on a route since an instant (to the minute), and what of it diverged.

    What is accepted now, or said to be fixed, doesn't count, whenever it was seen.
    """
    since = since.replace(second=0, microsecond=0)
    return await counters.select_standing(tx, plan_id, route, since)


async def list_divergences(
    tx: Transaction,
    *,
    plan_id: UUID | None = None,
    route: str | None = None,
    states: Sequence[DivergenceState] | None = None,
    limit: int = 50,
    cursor: str | None = None,
) -> Page[Divergence]:
    """The newest first."""
    rows = await divergences.select_page(
        tx,
        plan_id=plan_id,
        route=route,
        states=states,
        after=id_of_cursor(cursor),
        limit=limit + 1,
    )
    return page_of(rows, limit, lambda one: one.divergence_id)


async def get_divergence(tx: Transaction, divergence_id: UUID) -> Shown:
    """With its examples, decisions, and whether it is more than noise; ``DivergenceNotFound``."""
    found = await divergences.find(tx, divergence_id)
    if found is None:
        raise DivergenceNotFound(f"There is no divergence {DIVERGENCE.text(divergence_id)}.")
    looks, rates = await counters.rates_of(tx, found.plan_id, [found.route], [found.pattern])
    kind = "missing" if found.kind == "extra" else found.kind
    paired, unpaired = looks.get(found.route, (0, 0))
    known = rates.get(
        Place(found.route, found.pattern, kind), Rates(paired, 0, 0, 0, unpaired=unpaired)
    )
    return Shown(
        divergence=found,
        examples=await divergences.select_examples(tx, divergence_id),
        decisions=await divergences.select_decisions(tx, divergence_id),
        significance=significance(known),
    )
