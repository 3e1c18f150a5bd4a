"""What a person has to look into about payouts and debits by bank file."""

from datetime import timedelta

from banyan.kernel import Money
from banyan.operations import CaseDraft, open_cases
from banyan.payments.model import BATCH, PayoutBatch
from banyan.runtime import Transaction

REJECTED = "bank.rejected"
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
            f"{says} Mend it; the money goes out again with the next run."
        ),
        due_at=tx.now + _WITHIN,
        resolutions=("looked_into",),
        at_risk=at_risk,
        evidence={"batch": name, "code": code, "detail": detail},
    )
    await open_cases(tx, [case])
