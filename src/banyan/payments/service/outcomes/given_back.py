"""What answers about money lead to that was taken outside of our books."""

from banyan.payments.model import ATTEMPT, Attempt
from banyan.payments.providers import Declined, Definite, Succeeded
from banyan.payments.service import news
from banyan.payments.service.outcomes.batch import Batch


def apply_give_back(batch: Batch, attempt: Attempt, answer: Definite) -> None:
    """Tell it. Nothing is booked, as nothing was when the money was taken."""
    payment = batch.payment_of(attempt)
    facts = {"attempt": ATTEMPT.text(attempt.subject_id), "taken_by": attempt.provider}
    if isinstance(answer, Succeeded):
        reason = f"{attempt.provider} gave {attempt.amount} back, which it had taken besides."
        batch.events.append(news.about_payment("given_back", payment, reason, **facts))
        return
    code = answer.code if isinstance(answer, Declined) else "requires_action"
    reason = f"{attempt.provider} did not give {attempt.amount} back: {code}. It still has it."
    batch.events.append(
        news.about_payment("taken_elsewhere", payment, reason, tries=attempt.ordinal, **facts)
    )
