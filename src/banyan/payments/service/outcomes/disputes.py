"""What answers to our answers in disputes lead to."""

from dataclasses import replace

from banyan.payments.model import Attempt
from banyan.payments.providers import Declined, Definite, Succeeded
from banyan.payments.service import news
from banyan.payments.service.outcomes.batch import Batch
from banyan.runtime import JobDraft


def apply_answer(batch: Batch, attempt: Attempt, outcome: Definite) -> None:
    """The provider has taken our answer, or turned it away.

    What becomes of the dispute is asked of the provider at once. Where an answer is still due that
    was turned away, somebody has to decide anew.
    """
    answer = batch.answers[attempt.subject_id]
    dispute = batch.disputes[answer.dispute_id]
    is_current = dispute.challenge == answer.challenge and dispute.state == "open"
    if isinstance(outcome, Succeeded):
        answer = replace(answer, state="submitted")
        what, reason = "accepted", "The marketplace accepts the dispute."
        if answer.kind == "contest":
            what, reason = "contested", f"The evidence was handed in; it is {answer.strength}."
            if is_current:
                dispute = replace(dispute, state="under_review", revision=dispute.revision + 1)
        reason = f"{reason} {dispute.decision_reason or ''}".strip()
        batch.events.append(news.about_dispute(what, dispute, reason))
    else:
        answer = replace(answer, state="refused")
        code = outcome.code if isinstance(outcome, Declined) else "requires_action"
        reason = f"{dispute.provider} did not take our answer: {code}."
        batch.events.append(news.about_dispute("answer_refused", dispute, reason))
        if is_current:
            dispute = replace(
                dispute,
                challenge=dispute.challenge + 1,
                decision=None,
                decided_by=None,
                revision=dispute.revision + 1,
            )
            batch.timers.append(JobDraft("dispute.review", str(dispute.dispute_id)))
    hint = {"provider": dispute.provider, "key": None, "dispute": dispute.provider_reference}
    batch.timers.append(JobDraft("payment.look_up", f"answered/{answer.answer_id}", hint))
    batch.answers[answer.answer_id] = answer
    batch.disputes[dispute.dispute_id] = dispute
