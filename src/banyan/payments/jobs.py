"""The jobs of payments: calls of providers, what their answers lead to, timers."""

import asyncio
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast
from uuid import UUID

from msgspec import convert

from banyan.operations import CASE, get_case
from banyan.parties import SELLER
from banyan.payments.model import BATCH, DEBT, EvidenceKind
from banyan.payments.providers import DisputeReport, Found, Providers
from banyan.payments.providers.iso20022 import FileOrder, write
from banyan.payments.providers.sandbox import Sandbox
from banyan.payments.service import (
    attempts,
    bank_files,
    debts,
    disputes,
    hand_overs,
    holdbacks,
    outcomes,
    payments,
    payouts,
    refunds,
    webhooks,
)
from banyan.payments.service.attempts import Call, Told
from banyan.payments.service.bank_files import WrittenFile, order_file
from banyan.payments.service.disputes import PurchaseOf, nothing_bought
from banyan.payments.service.hand_overs import Drop
from banyan.runtime import (
    MARKETPLACE,
    Answered,
    BatchJob,
    Cause,
    Database,
    Job,
    JobDraft,
    JobHandler,
    Json,
    OutsideJob,
    Transaction,
)

_log = logging.getLogger(__name__)

LEASE_S = 20
"""Longer than the calls that one job makes at most, with room for its transactions."""

_CAUSE = Cause("job", "payment.resend")

FILE_TIMEOUT_S = 300
"""A large file takes a minute to be held against its schema."""


def jobs(
    database: Database,
    providers: Providers,
    purchase_of: PurchaseOf = nothing_bought,
    outbox: Path | None = None,
) -> list[JobHandler]:
    """The handlers; calls are made to ``providers``, bank files are left in ``outbox``.

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
        BatchJob("payout.free", _free_holdbacks),
        BatchJob("seller.settle", _settle),
        BatchJob("seller.collect", _collect),
        BatchJob(
            "seller.on_reversal",
            _follow_reversals,
            subscribes=frozenset({"refund.created", "dispute.opened"}),
        ),
        BatchJob("seller.on_case", _follow_debt_cases, subscribes=frozenset({"case.resolved"})),
        OutsideJob(
            "payout.file", _begin_files, _write_file, _Files(outbox).keep, timeout_s=FILE_TIMEOUT_S
        ),
        OutsideJob("payout.hand_over", _begin_hand_overs, _Files(outbox).drop, _end_hand_overs),
        BatchJob(
            "payout.on_case",
            _Files(outbox).follow_cases,
            subscribes=frozenset({"case.resolved"}),
        ),
        BatchJob("payout.overdue", _ask_if_overdue),
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
        """Ask the provider about what a webhook has hinted at; None if it tells nothing."""
        provider = await self.providers.get(hint.marketplace_id, hint.provider)
        if hint.instruction is not None:
            return await attempts.look_up(provider, hint.instruction)
        try:
            async with asyncio.timeout(attempts.CALL_TIMEOUT_S):
                return await provider.find_dispute(hint.marketplace_id, hint.dispute)
        except Exception as error:  # whatever it is, it tells nothing: we look again later
            _log.warning("could not look up the dispute %s: %r", hint.dispute, error)
            return None

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
        match one.answer:
            case None:
                is_told = False
            case DisputeReport() as report:
                is_told = True
                await disputes.apply_report(tx, report, seen=one.question.seen)
            case found:
                is_told = await webhooks.record_found(tx, str(one.job.payload["key"]), found)
        if one.question.dispute and (is_told or one.job.payload.get("is_poll")):
            await disputes.poll_again(tx, one.question.provider, one.question.dispute)
        elif not is_told:
            await webhooks.look_again(tx, one.job)


async def _begin(tx: Transaction, jobs: Sequence[Job]) -> Sequence[Job]:  # noqa: ARG001
    """What to ask is in the jobs themselves."""
    return jobs


async def _end(tx: Transaction, answered: Sequence[Answered[Job, None]]) -> None:
    """Nothing is to be kept."""


async def _apply(tx: Transaction, jobs: Sequence[Job]) -> None:
    await outcomes.apply_answers(tx, [UUID(job.key) for job in jobs])


async def _expire(tx: Transaction, jobs: Sequence[Job]) -> None:
    # The key is the payment and, behind a slash, the ordinal that the timer was set for.
    await payments.expire_with_buyers(tx, {UUID(job.key.partition("/")[0]) for job in jobs})


async def _return_late(tx: Transaction, jobs: Sequence[Job]) -> None:
    await payments.return_late_payments(tx, [UUID(job.key) for job in jobs])


async def _run_payouts(tx: Transaction, jobs: Sequence[Job]) -> None:
    for job in sorted(jobs, key=lambda job: job.key):
        await payouts.run_day(tx, job.key)


async def _free_holdbacks(tx: Transaction, jobs: Sequence[Job]) -> None:
    for job in jobs:
        await holdbacks.free_due(tx, job.key)


async def _settle(tx: Transaction, jobs: Sequence[Job]) -> None:
    await debts.settle(tx, [SELLER.parse(job.key) for job in jobs])


async def _collect(tx: Transaction, jobs: Sequence[Job]) -> None:
    for job in jobs:
        await debts.collect(tx, DEBT.parse(job.key))


async def _follow_reversals(tx: Transaction, jobs: Sequence[Job]) -> None:
    await debts.follow_reversals(tx, [job.payload["payload"] for job in jobs])


async def _follow_debt_cases(tx: Transaction, jobs: Sequence[Job]) -> None:
    for job in jobs:
        await debts.follow_case(tx, cast("dict[str, Json]", job.payload["payload"]))


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


async def _begin_files(
    tx: Transaction, jobs: Sequence[Job]
) -> Sequence[tuple[UUID, FileOrder] | None]:
    found = [(BATCH.parse(job.key), await order_file(tx, BATCH.parse(job.key))) for job in jobs]
    return [None if order is None else (batch_id, order) for batch_id, order in found]


async def _write_file(ordered: tuple[UUID, FileOrder]) -> WrittenFile:
    batch_id, order = ordered
    return WrittenFile(batch_id, order, await asyncio.to_thread(write, order))


async def _begin_hand_overs(tx: Transaction, jobs: Sequence[Job]) -> Sequence[Drop | None]:
    return [await hand_overs.begin_drop(tx, BATCH.parse(job.key)) for job in jobs]


async def _end_hand_overs(tx: Transaction, answered: Sequence[Answered[Drop, bool]]) -> None:
    for one in answered:
        await hand_overs.end_drop(tx, one.question.file.batch_id, is_there=one.answer)


async def _ask_if_overdue(tx: Transaction, jobs: Sequence[Job]) -> None:
    for job in jobs:
        await bank_files.ask_if_overdue(tx, BATCH.parse(job.key))


@dataclass(frozen=True, slots=True)
class _Files:
    """Where bank files are left for the bank's software, if anywhere."""

    outbox: Path | None

    async def keep(
        self,
        tx: Transaction,
        answered: Sequence[Answered[tuple[UUID, FileOrder], WrittenFile]],
    ) -> None:
        for one in answered:
            await bank_files.keep_file(tx, one.answer)
        if self.outbox is not None:
            await tx.enqueue_all(
                JobDraft("payout.hand_over", BATCH.text(one.answer.batch_id)) for one in answered
            )

    async def drop(self, drop: Drop) -> bool:
        """Leave a file in the folder under its final name once it is whole; whether it is there."""
        assert self.outbox is not None, "the job is only made where there is a folder"
        folder = self.outbox / MARKETPLACE.text(drop.file.marketplace_id)
        return await asyncio.to_thread(_drop, folder, drop)

    async def follow_cases(self, tx: Transaction, jobs: Sequence[Job]) -> None:
        for job in jobs:
            case = cast("dict[str, Json]", job.payload["payload"])
            await hand_overs.follow_case(tx, case, has_folder=self.outbox is not None)


def _drop(folder: Path, drop: Drop) -> bool:
    """A part that is left over was never whole; without it, an earlier try may have done it all."""
    file, part = drop.file, folder / f".{drop.file.name}.part"
    if drop.is_again and not part.exists():
        return (folder / file.name).exists()
    folder.mkdir(parents=True, exist_ok=True)
    with part.open("wb") as opened:
        opened.write(file.content)
        opened.flush()
        os.fsync(opened.fileno())
    part.replace(folder / file.name)
    return True
