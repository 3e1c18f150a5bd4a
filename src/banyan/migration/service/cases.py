"""Cases of routes: what a person has to look at, and may decide."""

from datetime import timedelta
from uuid import UUID

from banyan.migration.model.standing import PLAN, Change
from banyan.migration.rules.units import percent
from banyan.operations import CaseDraft
from banyan.runtime import Transaction

QUEUE = "migration"
ROLLED_BACK = "migration.rolled_back"
STUCK = "migration.stuck"
UNRETURNED = "migration.unreturned"
TITLES = {
    ROLLED_BACK: "{route} was rolled back from {phase} ({share})",
    STUCK: "{route} should be rolled back and can't be",
    UNRETURNED: "{route} was rolled back, and legacy lacks what the candidate took",
}
"""By kind."""
RELEASE = "release"
_LOOK_WITHIN = timedelta(hours=4)


def case_subject(plan_id: UUID, route: str) -> str:
    return f"{PLAN.text(plan_id)}/{route}"


def case_of(tx: Transaction, plan: str, change: Change, kind: str) -> CaseDraft:
    """The case that a change opens; ``plan`` is the plan's name."""
    share = percent(change.from_bp)
    return CaseDraft(
        key=f"{kind}/{change.plan_id}/{change.route}/{change.change}",
        queue=QUEUE,
        kind=kind,
        subject=case_subject(change.plan_id, change.route),
        title=TITLES[kind].format(route=change.route, phase=change.from_phase.value, share=share),
        reason=change.why,
        due_at=tx.now + _LOOK_WITHIN,
        resolutions=(RELEASE, "keep_held"),
        evidence={
            "plan": plan,
            "route": change.route,
            "change": change.change,
            "by": change.by,
            "numbers": change.numbers,
        },
    )
