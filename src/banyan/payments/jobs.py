"""The jobs of payments: calls of providers, what their answers lead to, timers."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from msgspec import convert

from banyan.operations import CASE, get_case
from banyan.payments.model import EvidenceKind
from banyan.payments.providers import DisputeReport, Found, Providers
from banyan.payments.providers.sandbox import Sandbox
from banyan.payments.service import (
    attempts,
    disputes,
    outcomes,
    payments,
    payouts,
    refunds,
    webhooks,
)
from banyan.payments.service.attempts import Call, Told
from banyan.payments.service.disputes import PurchaseOf, nothing_bought
from banyan.runtime import (
    Answered,
    BatchJob,
    Cause,
    Database,
    Job,
    JobHandler,
    OutsideJob,
    Transaction,
)

LEASE_S = 20
"""Longer than the calls that one job makes at most, with room for its transactions."""

_CAUSE = Cause("job", "payment.resend")


def jobs(
    database: Database, providers: Providers, purchase_of: PurchaseOf = nothing_bought
) -> list[JobHandler]:
    """The handlers; calls are made to ``providers``.

    ``purchase_of`` tells what a payment's subject is about: evidence in disputes is made of it.
    """
    outside = _Outside(database, providers)
    answers = _Answers(purchase_of)
    handlers: list[JobHandler] = [
        OutsideJob(kind, _begin_calls, outside.call, _end_calls, lease_s=LEASE_S)
        for kind in attempts.JOB_OF.values()
    ]
    handlers += [
        BatchJob("payment.apply", _apply),
        OutsideJob(
            "payment.look_up", _begin_look_ups, outside.look_up, _end_look_ups, lease_s=LEASE_S
        ),
        BatchJob("payment.expire_authentication", _expire),
        BatchJob("payment.return_late", _return_late),
        BatchJob("payout.run", _run_payouts),
        BatchJob("dispute.review", answers.review),
        BatchJob("dispute.answer", answers.send),
        BatchJob("dispute.decide", answers.decide_overdue),
        BatchJob("dispute.rebook", _rebook),
        BatchJob("refund.await_destination", _await_destinations),
        BatchJob("refund.remind", _remind),
        BatchJob("payment.on_case", _follow_cases, subscribes=frozenset({"case.resolved"})),
        OutsideJob("sandbox.webhook", _begin, outside.deliver, _end),
    ]
    return handlers


@dataclass(frozen=True, slots=True)
class _Outside:
    """What leaves the house."""

    database: Database
    providers: Providers

    async def call(self, call: Call) -> Told:
        """Ask a provider to do what an attempt says, or what became of it."""
        provider = await self.providers.get(call.attempt.marketplace_id, call.attempt.provider)

        async def resend(attempt_id: UUID) -> None:
            async with self.database.transaction(call.attempt.marketplace_id, _CAUSE) as tx:
                await attempts.note_sent_again(tx, attempt_id)

        return await attempts.ask(provider, call, resend)

    async def look_up(self, hint: webhooks.Hint) -> Found | DisputeReport | None:
        """Ask the provider about what a webhook has hinted at."""
        provider = await self.providers.get(hint.marketplace_id, hint.provider)
        if hint.instruction is not None:
            return await attempts.look_up(provider, hint.instruction)
        return await provider.find_dispute(hint.marketplace_id, hint.dispute)

    async def deliver(self, job: Job) -> None:
        """Play the sandbox's part: send a webhook, as it would come through HTTP."""
        sender = str(job.payload["sender"])
        says = {name: value for name, value in job.payload.items() if name != "sender"}
        sandbox = await self.providers.get(job.marketplace_id, sender)
        assert isinstance(sandbox, Sandbox), "only the sandbox makes these jobs"
        headers, body = await sandbox.signed_webhook(job.marketplace_id, says)
        await webhooks.receive_webhook(
            self.database, self.providers, sender, headers, body, job.marketplace_id
        )


@dataclass(frozen=True, slots=True)
class _Answers:
    """What is answered in disputes, with what the orders say about themselves."""

    purchase_of: PurchaseOf

    async def review(self, tx: Transaction, jobs: Sequence[Job]) -> None:
        for job in jobs:
            await disputes.review(tx, UUID(job.key), self.purchase_of)

    async def send(self, tx: Transaction, jobs: Sequence[Job]) -> None:
        for job in jobs:
            dispute_id = UUID(str(job.payload["dispute"]))
            extra = convert(job.payload["extra"], dict[EvidenceKind, str])
            await disputes.send_answer(tx, dispute_id, extra, self.purchase_of)

    async def decide_overdue(self, tx: Transaction, jobs: Sequence[Job]) -> None:
        for job in jobs:
            await disputes.decide_overdue(tx, UUID(job.key), self.purchase_of)


async def _begin_calls(tx: Transaction, jobs: Sequence[Job]) -> Sequence[Call | None]:
    return await attempts.begin(tx, [UUID(job.key) for job in jobs])


async def _end_calls(tx: Transaction, answered: Sequence[Answered[Call, Told]]) -> None:
    await attempts.record(tx, [(one.question, one.answer) for one in answered])


async def _begin_look_ups(tx: Transaction, jobs: Sequence[Job]) -> Sequence[webhooks.Hint | None]:
    return [await webhooks.hint_of(tx, job.payload) for job in jobs]


async def _end_look_ups(
    tx: Transaction, answered: Sequence[Answered[webhooks.Hint, Found | DisputeReport | None]]
) -> None:
    for one in answered:
        if isinstance(one.answer, DisputeReport):
            await disputes.apply_report(tx, one.answer, seen=one.question.seen)
        elif one.answer is not None:
            await webhooks.record_found(tx, str(one.job.payload["key"]), one.answer)


async def _begin(tx: Transaction, jobs: Sequence[Job]) -> Sequence[Job]:  # noqa: ARG001
    """What to ask is in the jobs themselves."""
    return jobs


async def _end(tx: Transaction, answered: Sequence[Answered[Job, None]]) -> None:
    """Nothing is to be kept."""


async def _apply(tx: Transaction, jobs: Sequence[Job]) -> None:
    await outcomes.apply_answers(tx, [UUID(job.key) for job in jobs])


async def _expire(tx: Transaction, jobs: Sequence[Job]) -> None:
    await payments.expire_with_buyers(tx, [UUID(job.key) for job in jobs])


async def _return_late(tx: Transaction, jobs: Sequence[Job]) -> None:
    await payments.return_late_payments(tx, [UUID(job.key) for job in jobs])


async def _run_payouts(tx: Transaction, jobs: Sequence[Job]) -> None:  # noqa: ARG001 - one a day
    await payouts.run_payouts(tx)


async def _rebook(tx: Transaction, jobs: Sequence[Job]) -> None:
    for job in jobs:
        await disputes.rebook(tx, UUID(job.key))


async def _await_destinations(tx: Transaction, jobs: Sequence[Job]) -> None:
    for job in jobs:
        await refunds.await_destination(tx, UUID(job.key))


async def _remind(tx: Transaction, jobs: Sequence[Job]) -> None:
    for job in jobs:
        await refunds.remind(tx, UUID(job.key))


async def _follow_cases(tx: Transaction, jobs: Sequence[Job]) -> None:
    for job in jobs:
        case = await get_case(tx, CASE.parse(str(job.payload["subject"])))
        await disputes.answer_resolved(tx, case)
        await refunds.follow_case(tx, case)
