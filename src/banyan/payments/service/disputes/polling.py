"""Asking about disputes that nobody tells us of any more: a webhook may never come."""

from datetime import timedelta

from banyan import operations
from banyan.operations import CaseDraft
from banyan.payments.model import DISPUTE, PAYMENT, Dispute
from banyan.payments.store import disputes as store
from banyan.runtime import JobDraft, Transaction

CASE_KIND = "dispute.silent"
POLL_EVERY = timedelta(days=1)
_ANSWER_LATE = timedelta(days=3)
_REVIEW_LATE = timedelta(days=90)
"""Banks take up to some 75 days to decide."""


async def poll_again(tx: Transaction, provider: str, reference: str) -> None:
    """Ask about a dispute tomorrow, as long as it isn't closed; and people, once it takes too long."""
    dispute = await store.find_by_reference(tx, provider, reference)
    if dispute is None or dispute.closed_at is not None:
        return
    hint = {"provider": provider, "key": None, "dispute": reference, "is_poll": True}
    key = f"poll/{dispute.dispute_id}"
    await tx.enqueue(JobDraft("payment.look_up", key, hint, due_at=tx.now + POLL_EVERY))
    late = _ANSWER_LATE if dispute.state == "open" else _REVIEW_LATE
    if dispute.respond_by is not None and tx.now >= dispute.respond_by + late:
        await operations.open_cases(tx, [_case(tx, dispute)])


def _case(tx: Transaction, dispute: Dispute) -> CaseDraft:
    assert dispute.respond_by is not None, "its deadline is over"
    name = DISPUTE.text(dispute.dispute_id)
    return CaseDraft(
        key=f"{name}/silent/{dispute.challenge}/{dispute.state}",
        queue="payments",
        kind=CASE_KIND,
        subject=dispute.subject,
        title="Nothing is heard of a dispute",
        reason=(
            f"It is {dispute.state.replace('_', ' ')} though the deadline was "
            f"{dispute.respond_by:%Y-%m-%d}; ask {dispute.provider}."
        ),
        due_at=tx.now + timedelta(days=1),
        resolutions=("keep_waiting", "settle_by_hand"),
        at_risk=dispute.amount,
        evidence={"dispute": name, "payment": PAYMENT.text(dispute.payment_id)},
    )
