"""What a person has to look into about payouts and debits by bank file."""

from collections.abc import Collection, Sequence
from datetime import timedelta
from uuid import UUID

from banyan.kernel import Money
from banyan.operations import CaseDraft, open_cases, withdraw_cases
from banyan.payments.model import ATTEMPT, BATCH, Attempt, PayoutBatch
from banyan.payments.store import batches as store
from banyan.runtime import Transaction

REJECTED = "bank.rejected"
UNCONFIRMED = "bank.unconfirmed"
HAND_OVER = "bank.hand_over"
_WITHIN = timedelta(days=1)


async def ask_about_rejection(
    tx: Transaction, batch: PayoutBatch, code: str, detail: str, at_risk: Money
) -> None:
    """The bank rejects payments for a reason that is ours to mend: one case a batch and reason."""
    says = f"{code}. {detail}" if detail else f"{code}."
    name = BATCH.text(batch.batch_id)
    case = CaseDraft(
        key=f"{REJECTED}/{name}/{code}",
        queue="payments",
        kind=REJECTED,
        subject=name,
        title="The bank rejects what we ask of it",
        reason=(
            f"The bank rejected payments of {name} for a reason that is not about the other account: "
            f"{says} Mend it; payouts go out again with the next run."
        ),
        due_at=tx.now + _WITHIN,
        resolutions=("looked_into",),
        at_risk=at_risk,
        evidence={"batch": name, "code": code, "detail": detail},
    )
    await open_cases(tx, [case])


async def ask_about_silence(
    tx: Transaction, batch: PayoutBatch, attempts: Sequence[Attempt]
) -> None:
    """The bank has had a file for days, and no statement shows these payments of it."""
    name = BATCH.text(batch.batch_id)
    total = sum((attempt.amount for attempt in attempts), Money.zero(batch.currency))
    case = CaseDraft(
        key=f"{UNCONFIRMED}/{name}",
        queue="payments",
        kind=UNCONFIRMED,
        subject=name,
        title="The bank has not confirmed what we asked of it",
        reason=(
            f"No statement of the bank shows {len(attempts)} of the payments of {name}, {total} "
            "together. Ask the bank, or import the statements that are missing."
        ),
        due_at=tx.now + _WITHIN,
        resolutions=("looked_into",),
        at_risk=total,
        evidence={
            "batch": name,
            "attempts": [ATTEMPT.text(it.attempt_id) for it in attempts[:100]],
        },
    )
    await open_cases(tx, [case])


async def withdraw_silence(tx: Transaction, batch_ids: Collection[UUID]) -> None:
    """Nothing of these batches is waited for any more, where that is so."""
    waiting = await store.unconfirmed_batches(tx, batch_ids)
    over = [BATCH.text(batch_id) for batch_id in batch_ids if batch_id not in waiting]
    await withdraw_cases(tx, over, kinds=[UNCONFIRMED])


async def ask_about_hand_over(tx: Transaction, batch: PayoutBatch) -> None:
    """A file was about to be left in the folder, is not there, and nobody noted who has it."""
    name = BATCH.text(batch.batch_id)
    case = CaseDraft(
        key=f"{HAND_OVER}/{name}/{tx.now.isoformat()}",
        queue="payments",
        kind=HAND_OVER,
        subject=name,
        title="The bank may have a file already",
        reason=(
            f"The file of {name} was being left in the outbox folder when the work was cut off, and "
            "is not there: it may have been taken. Ask the bank before it is left there again."
        ),
        due_at=tx.now + _WITHIN,
        resolutions=("bank_has_it", "leave_again"),
        at_risk=batch.total,
        evidence={"batch": name},
    )
    await open_cases(tx, [case])
