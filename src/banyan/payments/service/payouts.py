"""Payouts: what is available to sellers goes to their banks, once a day or when asked."""

from collections.abc import Collection, Sequence
from uuid import UUID

from banyan import ledger
from banyan.kernel import Money, Page, id_of_cursor, new_id, page_of
from banyan.parties import SELLER
from banyan.payments.errors import PayoutNotFound
from banyan.payments.model import PAYOUT, Payout, PayoutAccount, PayoutState
from banyan.payments.rules import next_cutoff
from banyan.payments.service import bookings, news
from banyan.payments.service.attempts import intend, intent_for_payout
from banyan.payments.service.settings import check_destination, get_settings
from banyan.payments.store import payouts as store
from banyan.runtime import JobDraft, Transaction

DESTINATION_DEFAULT = "bank_ok"
"""The sandbox's bank account of a seller who has named none."""


async def run_payouts(tx: Transaction) -> list[Payout]:
    """Pay out every seller who has at least the minimum available and an account to pay to.

    The money is held at once. A seller whose balance is taken by another run meanwhile is left out.
    """
    settings = await get_settings(tx)
    if settings.provider is None:
        return []
    accounts = {_path(account): account for account in await store.select_open_accounts(tx)}
    balances = await ledger.balances(tx, list(accounts))
    wanted = [
        _draft(tx, accounts[balance.path], settings.provider, balance.available)
        for balance in balances
        if balance.available.minor >= settings.payout_minimum_minor
    ]
    outcomes = await ledger.post(tx, [bookings.payout_hold(payout) for payout in wanted])
    payouts = [
        payout
        for payout, outcome in zip(wanted, outcomes, strict=True)
        if not isinstance(outcome, ledger.Rejection)
    ]
    if payouts:
        await store.insert_payouts(tx, payouts)
        await intend(tx, [intent_for_payout(payout) for payout in payouts])
        await tx.record_all([_created(payout) for payout in payouts])
    return payouts


async def schedule_payouts(tx: Transaction, seller_ids: Collection[UUID]) -> None:
    """See to it that these sellers are paid out at the next cut-off."""
    if not seller_ids:
        return
    settings = await get_settings(tx)
    await store.open_accounts(tx, seller_ids, DESTINATION_DEFAULT)
    due_at = next_cutoff(tx.now, settings.payout_cutoff_hour)
    await tx.enqueue(JobDraft("payout.run", "daily", due_at=due_at))


async def set_payout_account(tx: Transaction, seller_id: UUID, destination: str) -> PayoutAccount:
    """Say where a seller's payouts go; what was blocked by a failed one goes on.

    ``UnknownToken`` if the provider has no such account.
    """
    check_destination(destination, livemode=tx.livemode)
    account = await store.save_account(tx, seller_id, destination)
    await schedule_payouts(tx, [seller_id])
    return account


async def find_payout_account(tx: Transaction, seller_id: UUID) -> PayoutAccount | None:
    return await store.find_account(tx, seller_id)


async def stop_failed(tx: Transaction, payouts: Sequence[Payout]) -> None:
    """Send no more to where these payouts failed, until the seller's account is set again."""
    for payout in payouts:
        reason = f"Payout {PAYOUT.text(payout.payout_id)} failed: {payout.failure_code}."
        await store.block_account(tx, payout, reason)
    await schedule_payouts(tx, {payout.seller_id for payout in payouts})


async def get_payout(tx: Transaction, payout_id: UUID) -> Payout:
    found = await store.find_payout(tx, payout_id)
    if found is None:
        raise PayoutNotFound(f"There is no payout {PAYOUT.text(payout_id)}.")
    return found


async def list_payouts(
    tx: Transaction,
    *,
    state: PayoutState | None = None,
    seller_id: UUID | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> Page[Payout]:
    """Payouts, the newest first."""
    rows = await store.select_payouts(
        tx, state=state, seller_id=seller_id, after=id_of_cursor(cursor), limit=limit + 1
    )
    return page_of(rows, limit, lambda payout: payout.payout_id)


def _path(account: PayoutAccount) -> str:
    return f"seller:{SELLER.text(account.seller_id)}:available"


def _draft(tx: Transaction, account: PayoutAccount, provider: str, amount: Money) -> Payout:
    return Payout(
        marketplace_id=tx.marketplace_id,
        payout_id=new_id(tx.now),
        seller_id=account.seller_id,
        provider=provider,
        destination=account.destination,
        state="pending",
        amount_minor=amount.minor,
        currency=amount.currency.code,
        failure_code=None,
        created_at=tx.now,
        finished_at=None,
    )


def _created(payout: Payout) -> news.Event:
    return news.about_payout("created", payout, f"{payout.amount} is on its way to the seller.")
