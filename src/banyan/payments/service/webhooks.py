"""Webhooks: hints from providers. Each is verified, kept once, and then only makes us look.

That is why a forged one is refused, and a late, repeated or overtaken one does no harm: what counts
is the provider's answer when it is asked.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from banyan.payments.model import ATTEMPT, OPEN, Attempt
from banyan.payments.providers import (
    Absent,
    AwaitingPayment,
    Declined,
    Definite,
    Found,
    Instruction,
    Providers,
    Succeeded,
    Unknown,
)
from banyan.payments.rules import LOOKS_MAX, retry_after
from banyan.payments.service import news
from banyan.payments.service.attempts import (
    authentication_id,
    checked,
    instruction_of,
    intent_for_payment,
    late_intent,
    record_definite,
    record_return,
)
from banyan.payments.service.disputes import revision_of
from banyan.payments.store import attempts as attempts_store
from banyan.payments.store import payments as payments_store
from banyan.payments.store import webhooks as store
from banyan.runtime import Cause, Database, Job, JobDraft, Json, Transaction

_NOTE = "A webhook told."


async def receive_webhook(
    database: Database,
    providers: Providers,
    provider: str,
    headers: Mapping[str, str],
    body: bytes,
    marketplace_id: UUID | None = None,
) -> bool:
    """Take in a webhook; whether it is news. ``ProviderNotFound``, ``WebhookRefused``.

    ``headers`` have names in lower case; ``body`` is as it came, because the signature covers it.
    ``marketplace_id`` is given where the address names it; else the body does.
    """
    sender = await providers.get(marketplace_id, provider)
    webhook = await sender.parse_webhook(headers, body)
    cause = Cause("provider", webhook.webhook_id, provider)
    async with database.transaction(webhook.marketplace_id, cause) as tx:
        is_new = await store.keep_webhook(tx, provider, webhook.webhook_id)
        if is_new and (webhook.key or webhook.dispute):
            hint = {"provider": provider, "key": webhook.key, "dispute": webhook.dispute}
            await tx.enqueue(JobDraft("payment.look_up", webhook.webhook_id, hint))
    return is_new


@dataclass(frozen=True, slots=True)
class Hint:
    """What a webhook makes us look up: an operation, or else a dispute.

    ``seen`` is how often the dispute had changed when the look-up began.
    """

    marketplace_id: UUID
    provider: str
    instruction: Instruction | None
    dispute: str
    seen: int = 0


async def hint_of(tx: Transaction, payload: Mapping[str, Json]) -> Hint | None:
    """The hint that a webhook's job carries; None if it is about nothing of ours."""
    provider, key, dispute = (payload[name] for name in ("provider", "key", "dispute"))
    if dispute is not None:
        seen = await revision_of(tx, str(provider), str(dispute))
        return Hint(tx.marketplace_id, str(provider), None, str(dispute), seen)
    attempt = await attempts_store.find_attempt(tx, ATTEMPT.parse(str(key)))
    if attempt is None:
        return None
    instruction = await instruction_of(tx, attempt)
    return Hint(tx.marketplace_id, str(provider), instruction, "")


async def look_again(tx: Transaction, job: Job) -> None:
    """A look-up told nothing: what was hinted at may be all that we ever hear of it."""
    looks = int(str(job.payload.get("looks", 0))) + 1
    if looks < LOOKS_MAX:
        payload = {**job.payload, "looks": looks}
        await tx.enqueue(JobDraft(job.kind, job.key, payload, due_at=tx.now + retry_after(looks)))


async def record_found(tx: Transaction, key: str, found: Found) -> bool:
    """Keep what a look-up found about an attempt, if it is news; False if it told nothing."""
    attempt = await attempts_store.find_attempt(tx, ATTEMPT.parse(key))
    assert attempt is not None, "attempts are never deleted"
    answer = Unknown("Nothing.") if isinstance(found, Absent) else checked(found, attempt.amount)
    if isinstance(answer, Definite):
        await _record_news(tx, attempt, answer)
    return not isinstance(answer, Unknown)


async def _record_news(tx: Transaction, attempt: Attempt, answer: Definite) -> None:
    if attempt.answer is None:
        await record_definite(tx, [(attempt, answer, _NOTE)])
    elif _is_returned(attempt, answer):
        assert isinstance(answer, Declined), "a return says why"
        await record_return(tx, attempt, answer, _NOTE)
    elif attempt.operation == "authorize":
        await _record_paid(tx, attempt, answer)
    elif _is_taken_back(attempt, answer):
        await _ask_about_capture(tx, attempt, answer)


async def _record_paid(tx: Transaction, attempt: Attempt, answer: Definite) -> None:
    """The buyer has done, or let pass, what an authorization had left to the buyer.

    Money that comes when all that was over is kept as a late answer, which gives it back.
    """
    if attempt.outcome == "awaiting_payment":
        poll = await attempts_store.find_attempt(tx, authentication_id(attempt))
        if poll is not None and poll.answer is None:
            if not isinstance(answer, AwaitingPayment):
                await record_definite(tx, [(poll, answer, _NOTE)])
            return
    is_captured = isinstance(answer, Succeeded) and answer.is_captured
    if attempt.outcome == "requires_action" and not is_captured:
        await _record_confirmed(tx, attempt, answer)
    elif attempt.outcome != "succeeded" and is_captured:
        late = late_intent(attempt)
        await attempts_store.insert_attempts(tx, [late])
        await record_definite(tx, [(late, answer, _NOTE)])


async def _record_confirmed(tx: Transaction, attempt: Attempt, answer: Definite) -> None:
    """The bank has decided, though the buyer has not come back to us: it is as if the buyer had."""
    if not isinstance(answer, Succeeded | Declined) or attempt.payment_id is None:
        return
    [payment] = await payments_store.lock_payments(tx, [attempt.payment_id])
    waits = payment.state == "requires_action" or payment.state in OPEN
    if payment.ordinal != attempt.ordinal or not waits:
        return
    if payment.state == "requires_action":
        payment = replace(payment, state="authorizing", action_url=None)
        await payments_store.save_payments(tx, [payment])
    intent = intent_for_payment(payment, "authenticate")
    await attempts_store.insert_attempts(tx, [intent])
    await record_definite(tx, [(intent, answer, _NOTE)])


async def _ask_about_capture(tx: Transaction, attempt: Attempt, answer: Definite) -> None:
    """A provider says now that it did not capture what it said it had: people have to look."""
    assert attempt.payment_id is not None, "a capture is of a payment"
    assert isinstance(answer, Declined), "it says why"
    [payment] = await payments_store.lock_payments(tx, [attempt.payment_id])
    reason = (
        f"{attempt.provider} said that it took {attempt.amount}, and says now that it did not: "
        f"{answer.code}. Nothing is booked back before a person has looked."
    )
    await tx.record(news.about_unknown(payment, attempt, "taken_back", reason))


def _is_taken_back(attempt: Attempt, answer: Definite) -> bool:
    was_captured = attempt.operation == "capture" and attempt.outcome == "succeeded"
    return was_captured and isinstance(answer, Declined)


def _is_returned(attempt: Attempt, answer: Definite) -> bool:
    """A payout, debit or refund that had succeeded, and now has not: the bank has sent it back."""
    was_paid = attempt.operation in ("payout", "debit", "refund") and attempt.outcome == "succeeded"
    return was_paid and isinstance(answer, Declined)
