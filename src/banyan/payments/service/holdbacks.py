"""What is held back from sales when they are settled, and becomes available later."""

from collections.abc import Sequence
from datetime import date
from itertools import groupby

from banyan import ledger
from banyan.kernel import Money
from banyan.parties import SELLER
from banyan.payments.model import Holdback, PaymentSplit
from banyan.payments.rules import hold_back, local_day, start_of
from banyan.payments.service import bookings, news
from banyan.payments.service.payout_settings import get_payout_settings, withholdings_of
from banyan.payments.store import holdbacks as store
from banyan.runtime import Event, JobDraft, Transaction

_PAGE = 2_000
"""Holdbacks a transaction. What a later page frees may go out with the next day's payouts."""


async def hold_back_of(tx: Transaction, splits: Sequence[PaymentSplit]) -> list[Holdback]:
    """What of these parts, now settled, is held back, by the terms of each seller."""
    settings = await get_payout_settings(tx)
    terms = await withholdings_of(tx, {split.seller_id for split in splits}, settings)
    if not terms:
        return []
    today = local_day(tx.now, settings)
    holdbacks = [
        holdback
        for split in splits
        if split.seller_id in terms
        for holdback in hold_back(split, terms[split.seller_id], today, tx.now)
    ]
    if holdbacks:
        await store.insert_holdbacks(tx, holdbacks)
        await tx.enqueue_all(
            JobDraft("payout.free", day.isoformat(), due_at=start_of(day, settings))
            for day in sorted({holdback.due_on for holdback in holdbacks})
        )
    return holdbacks


async def free_due(tx: Transaction, key: str) -> None:
    """Make available whose day has come, up to a page; a job of another key does the rest.

    ``key`` is the day, and from the second page on ``#`` and the number of the page.
    """
    settings = await get_payout_settings(tx)
    day, _, page = key.partition("#")
    on = date.fromisoformat(day)
    # where the time zone was moved west since, the day of the key has not begun; no other job comes
    due = await store.lock_due(tx, max(on, local_day(tx.now, settings)), _PAGE)
    if not due:
        return
    await store.mark_freed(tx, [holdback.holdback_id for holdback in due])
    if len(due) == _PAGE:
        due_at = start_of(on, settings)  # before the payouts of the day
        await tx.enqueue(JobDraft("payout.free", f"{day}#{int(page or 1) + 1}", due_at=due_at))
    await tx.record_all(_freed(due))
    await ledger.post_or_refuse(tx, [bookings.holdback_freed(holdback) for holdback in due])


def _freed(due: Sequence[Holdback]) -> list[Event]:
    """One event a seller, kind and currency."""

    def of(holdback: Holdback) -> tuple[str, str, str]:
        return SELLER.text(holdback.seller_id), holdback.kind, holdback.currency

    events = list[Event]()
    for (seller, kind, currency), parts in groupby(sorted(due, key=of), key=of):
        total = sum((holdback.left for holdback in parts), Money.zero(currency))
        reason = f"{total} that was kept ({kind}) is available to the seller."
        events.append(news.about_holdback("freed", seller, kind, total, reason))
    return events
