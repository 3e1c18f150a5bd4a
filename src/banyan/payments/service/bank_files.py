"""The files that a bank is given, and what the bank says came of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from banyan.kernel import Money
from banyan.operations import withdraw_cases
from banyan.payments.errors import BankFileNotFound, UnreadableReport
from banyan.payments.model import (
    BATCH,
    DEBIT,
    PAYOUT,
    Attempt,
    BankFile,
    Debit,
    Payout,
    PayoutBatch,
    PayoutSettings,
)
from banyan.payments.providers import Declined, Succeeded
from banyan.payments.providers.iso20022 import (
    Entry,
    FileOrder,
    Status,
    UnreadableStatus,
    attempt_of,
    batch_of,
    end_to_end_id,
    message_id,
    read_status,
)
from banyan.payments.rules import (
    business_days_after,
    calendar_of,
    is_about_creditor,
    local_day,
    start_of,
)
from banyan.payments.service import news
from banyan.payments.service.attempts import (
    intent_for_debit,
    intent_for_payout,
    record_definite,
    record_return,
)
from banyan.payments.service.bank_cases import HAND_OVER, ask_about_rejection, ask_about_silence
from banyan.payments.service.payout_settings import get_payout_settings
from banyan.payments.store import attempts as attempts_store
from banyan.payments.store import batches as store
from banyan.payments.store import debts as debts_store
from banyan.payments.store import payouts as payouts_store
from banyan.runtime import JobDraft, Transaction

_DEBIT_NOTICE_DAYS = 2
"""Business days that a seller's bank is given before a debit."""

_ANSWER_DAYS = 5
"""Business days after its date until the bank's statement must have shown a payment."""

_REPORT_NOTE = "The bank's status report told."


@dataclass(frozen=True, slots=True)
class WrittenFile:
    """A file that has been written and is to be kept."""

    batch_id: UUID
    order: FileOrder
    content: bytes


async def order_file(tx: Transaction, batch_id: UUID) -> FileOrder | None:
    """What the file of a closed batch is to say; from now on none of it can be cancelled.

    None if there is a file already, or nothing left to be sent.
    """
    batch = await store.lock_batch(tx, batch_id)
    settings = await get_payout_settings(tx)
    if batch is None or batch.state != "closed" or settings.bank is None:
        return None
    if await store.find_file(tx, batch_id) is not None:
        return None
    if batch.kind == "payout":
        entries = await _payouts(tx, batch)
    else:
        entries = [_debit_entry(debit) for debit in await _debits(tx, batch)]
    total = sum(entry.amount.minor for entry in entries)
    await store.update_totals(tx, batch_id, len(entries), total)
    if not entries:
        return None
    return FileOrder(
        kind=batch.kind,
        message_id=message_id(batch_id),
        bank=settings.bank,
        entries=tuple(entries),
        execute_on=_execute_on(tx, batch, settings),
        at=tx.now,
    )


async def keep_file(tx: Transaction, written: WrittenFile) -> None:
    """Keep a file; the second one of a batch is dropped."""
    file = BankFile(
        marketplace_id=tx.marketplace_id,
        batch_id=written.batch_id,
        format=written.order.format,
        message_id=written.order.message_id,
        content=written.content,
        created_at=tx.now,
        handed_over_at=None,
        handed_over_by=None,
    )
    if await store.insert_file(tx, file):
        batch = await get_batch_of_file(tx, written.batch_id)
        reason = f"{file.name} says {batch.count} times {batch.kind}, {batch.total} together."
        await tx.record(news.about_batch("file_written", batch, reason))


async def get_file(tx: Transaction, batch_id: UUID) -> BankFile:
    """The file of a batch; ``BankFileNotFound`` if it has none (yet)."""
    file = await store.find_file(tx, batch_id)
    if file is None:
        raise BankFileNotFound(f"There is no file of {BATCH.text(batch_id)}.")
    return file


async def hand_over(tx: Transaction, batch_id: UUID, by: str) -> BankFile:
    """Note that the bank has been given a file; repeating it changes nothing."""
    await get_file(tx, batch_id)
    if await store.mark_handed_over(tx, batch_id, by):
        batch = await get_batch_of_file(tx, batch_id)
        reason = f"The bank was given the file by {by}."
        await tx.record(news.about_batch("handed_over", batch, reason))
        await tx.enqueue(await _overdue_job(tx, batch))
        await withdraw_cases(tx, [BATCH.text(batch_id)], kinds=[HAND_OVER])
    return await get_file(tx, batch_id)


async def ask_if_overdue(tx: Transaction, batch_id: UUID) -> None:
    """Have a person look for what the bank should have confirmed by now, if there is any."""
    attempts = await store.open_attempts(tx, batch_id)
    if attempts:
        await ask_about_silence(tx, await get_batch_of_file(tx, batch_id), attempts)


async def confirm_payout(
    tx: Transaction, end_to_end_id: str, amount: Money, *, reference: str, note: str
) -> bool:
    """The bank's statement shows a payout or debit of ours as booked; whether that is news.

    Nothing happens if the id is not ours or the amount is another: then the statement's line has to
    be looked at. ``reference`` is the bank's, ``note`` says where it was seen.
    """
    attempt = await attempt_named(tx, end_to_end_id)
    if attempt is None or attempt.answer is not None or attempt.amount != amount:
        return False
    answer = Succeeded(reference, amount.minor, amount.currency.code)
    await record_definite(tx, [(attempt, answer, note)])
    return True


async def return_payout(
    tx: Transaction, end_to_end_id: str, *, code: str, detail: str, note: str
) -> bool:
    """The bank rejects a payout or debit of ours, or has sent it back; whether that is news.

    Before it was confirmed, it has failed; after that it comes back, once. What was rejected before
    it was sent (cancelled) is left alone. A payout whose ``code`` is not about the seller's account
    leaves the account as it is, and is a case.
    """
    attempt = await attempt_named(tx, end_to_end_id)
    if attempt is None:
        return False
    came_back = attempt.outcome == "succeeded"
    is_hard = is_about_creditor(code, came_back=came_back)
    answer = Declined(code or "returned", is_hard, detail)
    if attempt.answer is None:
        await record_definite(tx, [(attempt, answer, note)])
        is_news = True
    else:
        is_news = came_back and await record_return(tx, attempt, answer, note)
    if is_news and not is_hard:
        await _ask(tx, attempt, answer)
    return is_news


async def take_status(tx: Transaction, content: bytes) -> int:
    """Take in a bank's answer to a file (pain.002); how many payments it settled or rejected."""
    try:
        statuses = read_status(content)
    except UnreadableStatus as error:
        raise UnreadableReport(str(error)) from error
    return sum([await _take(tx, status) for status in statuses])


async def _take(tx: Transaction, status: Status) -> int:
    if status.is_file:
        return await _rejected_whole(tx, status)
    if status.outcome == "settled":
        return await _settled(tx, status.reference)
    return await return_payout(
        tx, status.reference, code=status.code, detail=status.detail, note=_REPORT_NOTE
    )


async def _rejected_whole(tx: Transaction, status: Status) -> int:
    """Nothing of a file was carried out: what has no answer yet has failed, for no seller's fault."""
    batch_id = batch_of(status.reference)
    batch = None if batch_id is None else await store.lock_batch(tx, batch_id)
    if batch is None or await store.find_file(tx, batch.batch_id) is None:
        return 0
    attempts = await store.open_attempts(tx, batch.batch_id)
    answer = Declined(status.code or "file_rejected", False, status.detail)
    await record_definite(tx, [(attempt, answer, _REPORT_NOTE) for attempt in attempts])
    if attempts:
        await ask_about_rejection(tx, batch, answer.code, answer.detail, batch.total)
    return len(attempts)


async def _ask(tx: Transaction, attempt: Attempt, answer: Declined) -> None:
    """What is left of a debit that failed is a case already."""
    payout = await payouts_store.find_payout(tx, attempt.subject_id)
    if payout is not None and payout.batch_id is not None:
        batch = await get_batch_of_file(tx, payout.batch_id)
        await ask_about_rejection(tx, batch, answer.code, answer.detail, batch.total)


async def _settled(tx: Transaction, reference: str) -> bool:
    """A status names no amount: it is that of the payment it names."""
    attempt = await attempt_named(tx, reference)
    if attempt is None:
        return False
    return await confirm_payout(
        tx,
        reference,
        attempt.amount,
        reference=reference,
        note=_REPORT_NOTE,
    )


async def _payouts(tx: Transaction, batch: PayoutBatch) -> list[Entry]:
    """The payouts that are to be sent. Attempts are locked first, as where one is cancelled."""
    drafts = await payouts_store.payouts_of_batch(tx, batch.batch_id)
    await attempts_store.mark_sent(tx, [intent_for_payout(p).attempt_id for p in drafts])
    sent = await payouts_store.payouts_of_batch(tx, batch.batch_id)
    return [_payout_entry(payout) for payout in sent if payout.state == "pending"]


async def _debits(tx: Transaction, batch: PayoutBatch) -> Sequence[Debit]:
    debits = await debts_store.debits_of_batch(tx, batch.batch_id)
    await attempts_store.mark_sent(tx, [intent_for_debit(d).attempt_id for d in debits])
    return debits


def _payout_entry(payout: Payout) -> Entry:
    return Entry(
        reference=end_to_end_id(intent_for_payout(payout).attempt_id),
        text=PAYOUT.text(payout.payout_id).replace("_", "-"),
        holder=payout.holder or "",
        iban=payout.destination,
        bic=payout.bic,
        amount=payout.amount,
    )


def _debit_entry(debit: Debit) -> Entry:
    return Entry(
        reference=end_to_end_id(intent_for_debit(debit).attempt_id),
        text=DEBIT.text(debit.debit_id).replace("_", "-"),
        holder=debit.holder or "",
        iban=debit.destination,
        bic=debit.bic,
        amount=debit.amount,
        mandate=debit.mandate,
        mandate_signed_on=debit.mandate_signed_on,
    )


def _execute_on(tx: Transaction, batch: PayoutBatch, settings: PayoutSettings) -> date:
    """Payouts on the next business day, debits after the notice."""
    calendar = calendar_of("business_days", batch.currency, tx.marketplace.country)
    today = local_day(tx.now, settings)
    notice = 0 if batch.kind == "payout" else _DEBIT_NOTICE_DAYS
    return business_days_after(today, notice, calendar)


async def _overdue_job(tx: Transaction, batch: PayoutBatch) -> JobDraft:
    settings = await get_payout_settings(tx)
    calendar = calendar_of("business_days", batch.currency, tx.marketplace.country)
    day = business_days_after(_execute_on(tx, batch, settings), _ANSWER_DAYS, calendar)
    return JobDraft("payout.overdue", BATCH.text(batch.batch_id), due_at=start_of(day, settings))


async def get_batch_of_file(tx: Transaction, batch_id: UUID) -> PayoutBatch:
    batch = await store.find_batch(tx, batch_id)
    assert batch is not None, "a file has a batch"
    return batch


async def attempt_named(tx: Transaction, end_to_end_id: str) -> Attempt | None:
    """The payout or debit behind a reference that a bank gives back."""
    attempt_id = attempt_of(end_to_end_id)
    attempt = None if attempt_id is None else await attempts_store.find_attempt(tx, attempt_id)
    is_ours = attempt is not None and attempt.operation in ("payout", "debit")
    return attempt if is_ours else None
