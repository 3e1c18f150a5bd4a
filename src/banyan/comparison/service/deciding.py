"""What people decide about divergences."""

from uuid import UUID

from banyan.comparison.errors import DecisionIncomplete, DivergenceNotFound
from banyan.comparison.model import DIVERGENCE, Choice, Divergence, DivergenceState
from banyan.comparison.service import news
from banyan.comparison.store import counters, divergences
from banyan.kernel import Fault
from banyan.runtime import Transaction

_STATES: dict[Choice, DivergenceState] = {
    "explain": "explained",
    "accept": "accepted",
    "fix": "fixing",
    "fixed": "fixed",
    "reopen": "open",
}


async def decide(
    tx: Transaction,
    divergence_id: UUID,
    choice: Choice,
    *,
    why: str,
    by: str,
    owner: str | None = None,
    fixed_in: str = "",
) -> Divergence:
    """Decide about a divergence, or otherwise than before; every decision is kept.

    ``explain``: it is understood, and counts. ``accept``: it no longer counts, also backwards.
    ``fix``: ``owner`` mends it. ``fixed``: it is mended (in the candidate's version ``fixed_in``);
    seen again after that, it opens again. ``reopen`` takes back whatever was decided. The same
    decision again changes nothing.
    """
    divergence = await divergences.find(tx, divergence_id)
    if divergence is None:
        raise _not_found(divergence_id)
    await counters.lock_plan(tx, divergence.plan_id)  # batches write the state back
    divergence = await divergences.find(tx, divergence_id)
    assert divergence is not None, "divergences are never deleted"
    if not why.strip():
        raise _incomplete("why", "Say why in a sentence: others will read it.")
    state = _STATES[choice]
    owner = owner or (None if choice == "reopen" else divergence.owner)
    if choice == "fix" and not owner:
        raise _incomplete("owner", "Name who mends it.")
    given = (state, owner, why, fixed_in)
    if given == (divergence.state, divergence.owner, divergence.why, divergence.fixed_in):
        return divergence
    decided = await divergences.update_decided(
        tx, divergence_id, state, owner=owner, why=why, by=by, fixed_in=fixed_in
    )
    assert decided is not None, "the plan is locked"
    if choice == "fixed":
        await counters.forget_between(tx, decided.plan_id, decided.route, [decided.pattern])
    await divergences.insert_decision(tx, decided, choice, why=why, by=by)
    await tx.record(news.decided(decided, choice))
    return decided


def _incomplete(field: str, detail: str) -> DecisionIncomplete:
    return DecisionIncomplete(detail, faults=(Fault("missing", detail, pointer=f"/{field}"),))


def _not_found(divergence_id: UUID) -> DivergenceNotFound:
    return DivergenceNotFound(f"There is no divergence {DIVERGENCE.text(divergence_id)}.")
