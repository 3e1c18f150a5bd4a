"""Payouts: what is available to sellers goes to their banks, by their schedules or when asked.

The run of a day looks at every seller who has an account to be paid to, a page of sellers a
transaction, whatever made the money available. Only one run works at a time in a marketplace, and the
ledger holds what it pays at once: nothing is paid twice, however often a run begins again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from typing import TypeAlias
from uuid import UUID

from banyan import ledger
from banyan.fx import Quote
from banyan.kernel import Money, Page, id_of_cursor, new_id, page_of
from banyan.parties import SELLER
from banyan.payments.errors import (
    PayoutBatchNotFound,
    PayoutNotCancellable,
    PayoutNotFound,
)
from banyan.payments.model import (
    ANY_CURRENCY,
    BATCH,
    PAYOUT,
    Destination,
    Payout,
    PayoutAccount,
    PayoutBatch,
    PayoutSettings,
    PayoutState,
    Rail,
    Schedule,
)
from banyan.payments.rules import (
    calendar_of,
    cutoff_of,
    is_due,
    local_day,
    next_run,
)
from banyan.payments.service import bookings, news, payout_accounts, payout_exchanges
from banyan.payments.service.attempts import intend, intent_for_payout
from banyan.payments.service.payout_settings import get_payout_settings
from banyan.payments.service.settings import get_settings
from banyan.payments.store import attempts as attempts_store
from banyan.payments.store import batches as batches_store
from banyan.payments.store import payout_accounts as accounts_store
from banyan.payments.store import payouts as store
from banyan.payments.store.payout_accounts import Payable
from banyan.runtime import JobDraft, Transaction

DESTINATION_DEFAULT = "bank_ok"
"""The sandbox's bank account of a seller who has named none."""

BANK = "bank"
"""What stands for a provider where payouts leave our own bank account by a file."""

_PAGE = 500
"""Sellers a transaction."""

_Due: TypeAlias = tuple[date, date]
"""A run pays whose payout day was in this time; None: everyone."""


async def run_payouts(tx: Transaction, seller_id: UUID | None = None) -> list[Payout]:
    """Pay out now, whatever the schedules say, every seller who has at least the minimum (or one).

    The money is held at once. A seller whose balance is taken meanwhile is left out, and so is one
    whose payouts are held.
    """
    settings = await get_payout_settings(tx)
    run = f"by hand/{new_id(tx.now)}"
    await batches_store.lock_runs(tx)
    payouts, after = list[Payout](), None
    while True:
        page = await _pay_page(tx, settings, run, after, None, seller_id)
        payouts += page.payouts
        after = page.last_seller
        if after is None or seller_id is not None:
            break
    await _close(tx, run)
    return payouts


async def run_day(tx: Transaction, key: str) -> None:
    """Pay out whose day it is, one page of sellers; further pages and the next day are jobs.

    ``key`` is the day, and from the second page on ``#`` and the last seller of the page before. A
    run that comes late pays what the missed days would have paid.
    """
    settings = await get_payout_settings(tx)
    text, _, after = key.partition("#")
    day = date.fromisoformat(text)
    await batches_store.lock_runs(tx)
    page = await _pay_page(
        tx,
        settings,
        text,
        SELLER.parse(after) if after else None,
        (day, max(day, local_day(tx.now, settings))),
    )
    if page.last_seller is not None:
        await tx.enqueue(JobDraft("payout.run", f"{text}#{SELLER.text(page.last_seller)}"))
        return
    await _close(tx, text)
    if after or page.has_sellers:
        await _enqueue_run(tx, settings)


async def schedule_payouts(tx: Transaction, seller_ids: Collection[UUID]) -> None:
    """See to it that these sellers are looked at from the next cut-off on."""
    if not seller_ids:
        return
    if not tx.livemode:
        await accounts_store.open_accounts(tx, seller_ids, DESTINATION_DEFAULT)
    await _enqueue_run(tx, await get_payout_settings(tx))


async def set_payout_account(
    tx: Transaction,
    seller_id: UUID,
    destination: str | Destination,
    currency: str | None = None,
) -> PayoutAccount:
    """Say where a seller's payouts go (None: in every currency without an account of its own).

    What was blocked by a failed payout goes on. After a change to an account that the seller did not
    have, payouts wait as the settings say. ``InvalidDestination``; ``UnknownToken`` if the provider
    has no such account; ``ProviderMissing``, ``BankMissing`` if nobody could pay to it.
    """
    account = await payout_accounts.save_account(tx, seller_id, destination, currency)
    await schedule_payouts(tx, [seller_id])
    return account


async def stop_failed(tx: Transaction, payouts: Sequence[Payout]) -> None:
    """Send no more to where these payouts failed, until the seller's account is set again."""
    for payout in payouts:
        await payout_accounts.block(
            tx, payout.seller_id, payout.destination, payout.payout_id, payout.failure_code
        )
    await schedule_payouts(tx, {payout.seller_id for payout in payouts})


async def cancel_payout(tx: Transaction, payout_id: UUID, reason: str) -> Payout:
    """Take back a payout that nobody has been asked to make yet; repeating it changes nothing.

    The money is available to the seller again, and goes out with the next run unless the seller is
    held. ``PayoutNotFound``; ``PayoutNotCancellable`` once it has been sent.
    """
    payout = await get_payout(tx, payout_id)
    attempt_id = intent_for_payout(payout).attempt_id
    is_withdrawn = await attempts_store.withdraw_attempt(tx, attempt_id, reason)
    [payout] = await store.lock_payouts(tx, [payout_id])
    if payout.state == "cancelled":
        return payout
    if not is_withdrawn:
        name = PAYOUT.text(payout_id)
        how = "on its way" if payout.state == "pending" else payout.state
        raise PayoutNotCancellable(f"Payout {name} is {how} and can't be cancelled.")
    payout = replace(payout, state="cancelled", failure_code="cancelled", finished_at=tx.now)
    await store.finish_payouts(tx, [payout])
    await tx.record(news.about_payout("cancelled", payout, reason))
    await ledger.post_or_refuse(tx, [bookings.payout_failed(payout)])
    return payout


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
    batch_id: UUID | None = None,
    limit: int = 20,
    cursor: str | None = None,
) -> Page[Payout]:
    """Payouts, the newest first."""
    rows = await store.select_payouts(
        tx,
        state=state,
        seller_id=seller_id,
        batch_id=batch_id,
        after=id_of_cursor(cursor),
        limit=limit + 1,
    )
    return page_of(rows, limit, lambda payout: payout.payout_id)


async def get_batch(tx: Transaction, batch_id: UUID) -> PayoutBatch:
    found = await batches_store.find_batch(tx, batch_id)
    if found is None:
        raise PayoutBatchNotFound(f"There is no batch {BATCH.text(batch_id)}.")
    return found


async def list_batches(
    tx: Transaction, *, limit: int = 20, cursor: str | None = None
) -> Page[PayoutBatch]:
    """Batches, the newest first."""
    rows = await batches_store.select_batches(tx, after=id_of_cursor(cursor), limit=limit + 1)
    return page_of(rows, limit, lambda batch: batch.batch_id)


async def route_of(tx: Transaction, destination: Destination) -> tuple[str, Rail] | None:
    """Through whom money goes to a destination or comes from it; None if nobody is connected."""
    if destination.kind == "iban":
        has_bank = (await get_payout_settings(tx)).bank is not None
        return (BANK, "bank") if has_bank else None
    provider = (await get_settings(tx)).provider
    return None if provider is None else (provider, "provider")


@dataclass(frozen=True, slots=True)
class _Paid:
    """What a page has paid. ``last_seller`` None: there are no sellers after it."""

    payouts: list[Payout]
    last_seller: UUID | None
    has_sellers: bool


async def _pay_page(
    tx: Transaction,
    settings: PayoutSettings,
    run: str,
    after: UUID | None,
    due: _Due | None,
    seller_id: UUID | None = None,
) -> _Paid:
    """Pay out one page of sellers, and have those looked at who owe."""
    accounts = await accounts_store.payable_accounts(
        tx, after=after, sellers_max=_PAGE, seller_id=seller_id
    )
    by_path = {
        f"seller:{SELLER.text(seller)}:available": list(of_it)
        for seller, of_it in groupby(accounts, key=lambda account: account.seller_id)
    }
    balances = await ledger.balances(tx, list(by_path))
    owing = {by_path[b.path][0].seller_id for b in balances if b.available.minor < 0}
    await tx.enqueue_all(JobDraft("seller.settle", SELLER.text(seller)) for seller in owing)
    wanted = [
        (account, balance.available)
        for balance in balances
        if (account := _payable(by_path[balance.path], balance.available, settings, due, tx))
    ]
    payouts = await _pay(tx, settings, run, wanted) if wanted else []
    last_seller = accounts[-1].seller_id if len(by_path) == _PAGE else None
    return _Paid(payouts, last_seller, has_sellers=bool(by_path))


def _payable(
    accounts: Sequence[Payable],
    available: Money,
    settings: PayoutSettings,
    due: _Due | None,
    tx: Transaction,
) -> Payable | None:
    """The account that a seller's balance goes to, if its day has come and there is enough."""
    account = payout_accounts.account_for(accounts, available.currency.code)
    account = account or payout_accounts.account_in_another(accounts, tx.marketplace.currency)
    if account is None or account.blocked_reason is not None:
        return None
    schedule = _schedule_of(account, settings)
    if available.minor < schedule.minimum_minor:
        return None
    calendar = calendar_of(
        settings.calendar, _currency_paid(account, available), tx.marketplace.country
    )
    return account if due is None or is_due(schedule, *due, calendar) else None


def _schedule_of(account: Payable, settings: PayoutSettings) -> Schedule:
    if account.cadence is None or account.delay_days is None or account.minimum_minor is None:
        return settings.schedule
    return Schedule(
        cadence=account.cadence,
        weekday=account.weekday,
        month_day=account.month_day,
        delay_days=account.delay_days,
        minimum_minor=account.minimum_minor,
    )


async def _pay(
    tx: Transaction,
    settings: PayoutSettings,
    run: str,
    wanted: Sequence[tuple[Payable, Money]],
) -> list[Payout]:
    """Hold the money of these balances and have it sent, but of sellers who are held."""
    held = await payout_accounts.held_among(tx, {account.seller_id for account, _ in wanted})
    provider = (await get_settings(tx)).provider
    free = [(account, amount) for account, amount in wanted if account.seller_id not in held]
    quotes = await payout_exchanges.quote_all(
        tx,
        [
            (account.seller_id, amount, account.currency)
            for account, amount in free
            if _currency_paid(account, amount) != amount.currency.code
        ],
    )
    drafts = list[tuple[Payout, Quote | None]]()
    for account, amount in free:
        quote = quotes.get((account.seller_id, amount.currency.code))
        if quote is None and _currency_paid(account, amount) != amount.currency.code:
            continue
        has_bank = settings.bank is not None
        draft = _draft(tx, account, amount, quote, provider, has_bank=has_bank)
        drafts += [(draft, quote)] if draft else []
    outcomes = await ledger.post(tx, [bookings.payout_hold(*draft) for draft in drafts])
    accepted = [
        draft
        for (draft, _), outcome in zip(drafts, outcomes, strict=True)
        if not isinstance(outcome, ledger.Rejection)
    ]
    payouts = await _in_batches(tx, run, accepted)
    if payouts:
        await payout_exchanges.use_all(tx, payouts)
        await store.insert_payouts(tx, payouts)
        await _intend(tx, payouts)
        await tx.record_all([_created(payout) for payout in payouts])
    return payouts


async def _in_batches(tx: Transaction, run: str, payouts: Sequence[Payout]) -> list[Payout]:
    """The payouts, each in the batch of its provider and currency."""
    ways: set[tuple[str, Rail, str]] = {(p.provider, p.rail, p.currency) for p in payouts}
    batches = {
        (provider, currency): await batches_store.open_batch(
            tx, run=run, kind="payout", provider=provider, rail=rail, currency=currency
        )
        for provider, rail, currency in sorted(ways)
    }
    return [
        replace(payout, batch_id=batches[payout.provider, payout.currency]) for payout in payouts
    ]


async def _intend(tx: Transaction, payouts: Sequence[Payout]) -> None:
    """Have providers asked; what leaves by a file waits for the file, which asks for all at once."""
    await intend(tx, [intent_for_payout(p) for p in payouts if p.rail == "provider"])
    through_bank = [intent_for_payout(p) for p in payouts if p.rail == "bank"]
    if through_bank:
        await attempts_store.insert_attempts(tx, through_bank)


async def _close(tx: Transaction, run: str) -> None:
    """Add up what a run has sent, and have the files written."""
    closed = await batches_store.close_batches(tx, run)
    through_bank = [batch for batch in closed if batch.rail == "bank"]
    await tx.enqueue_all(
        JobDraft("payout.file", BATCH.text(batch.batch_id)) for batch in through_bank
    )


async def _enqueue_run(tx: Transaction, settings: PayoutSettings) -> None:
    day = next_run(tx.now, settings)
    await tx.enqueue(JobDraft("payout.run", day.isoformat(), due_at=cutoff_of(day, settings)))


def _currency_paid(account: PayoutAccount, available: Money) -> str:
    """The currency in which a balance is paid to an account."""
    is_any = account.currency == ANY_CURRENCY
    return available.currency.code if is_any else account.currency


def _draft(
    tx: Transaction,
    account: Payable,
    available: Money,
    quote: Quote | None,
    provider: str | None,
    *,
    has_bank: bool,
) -> Payout | None:
    """None if nobody is connected who could pay to the account; files have two decimals."""
    amount = available if quote is None else quote.buy
    is_bank = account.kind == "iban"
    has_bank = has_bank and amount.currency.exponent == 2
    through = (BANK if has_bank else None) if is_bank else provider
    if through is None:
        return None
    return Payout(
        marketplace_id=tx.marketplace_id,
        payout_id=new_id(tx.now),
        seller_id=account.seller_id,
        provider=through,
        rail="bank" if is_bank else "provider",
        batch_id=None,
        destination=account.destination,
        holder=account.holder,
        bic=account.bic,
        state="pending",
        amount_minor=amount.minor,
        currency=amount.currency.code,
        failure_code=None,
        created_at=tx.now,
        finished_at=None,
        source_minor=None if quote is None else quote.sell_minor,
        source_currency=None if quote is None else quote.sell_currency,
        quote_id=None if quote is None else quote.quote_id,
    )


def _created(payout: Payout) -> news.Event:
    paid_for = f", for {payout.source} at {payout.rate:f}" if payout.source else ""
    reason = f"{payout.amount} is on its way to the seller{paid_for}."
    return news.about_payout("created", payout, reason)
