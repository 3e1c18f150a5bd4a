"""What sellers owe, recovered: from what is held back, from later sales, by debit, or given up.

A seller owes while the available balance is below zero, which only refunds, disputes and returned
debits can bring about. Later sales fill it by themselves. What the debit brings is the seller's: if
sales have filled the balance meanwhile, the next payout pays it out again.
"""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import date, timedelta
from typing import cast
from uuid import UUID

from banyan import ledger
from banyan.kernel import Money, Page, derived_id, id_of_cursor, new_id, page_of
from banyan.operations import CaseDraft, open_cases, withdraw_cases
from banyan.parties import SELLER
from banyan.payments.errors import PaymentNotReady
from banyan.payments.model import (
    DEBT,
    PAYMENT,
    Debit,
    PayoutAccount,
    PayoutSettings,
    SellerDebt,
)
from banyan.payments.rules import local_day, next_run, start_of, take_for_debt
from banyan.payments.service import bookings, news
from banyan.payments.service.attempts import intend, intent_for_debit
from banyan.payments.service.payout_accounts import account_for, accounts_of
from banyan.payments.service.payout_settings import get_payout_settings
from banyan.payments.service.payouts import route_of, schedule_payouts
from banyan.payments.store import attempts as attempts_store
from banyan.payments.store import batches as batches_store
from banyan.payments.store import debts as store
from banyan.payments.store import holdbacks as holdbacks_store
from banyan.payments.store import payments as payments_store
from banyan.runtime import JobDraft, Json, Transaction

CASE_KIND = "seller.debt"
_CASE_WITHIN = timedelta(days=5)
_WAIT_DAYS_DEFAULT = 14
"""How long a person who says "keep waiting" waits where no debits are made."""


async def follow_reversals(tx: Transaction, payloads: Sequence[Json]) -> None:
    """After a refund or a dispute of a payment that was released, look at what its sellers owe."""
    payment_ids = {
        PAYMENT.parse(str(cast("dict[str, Json]", payload)["payment"])) for payload in payloads
    }
    splits = await payments_store.select_splits(tx, payment_ids)
    await tx.enqueue_all(
        JobDraft("seller.settle", SELLER.text(seller_id))
        for seller_id in sorted({split.seller_id for split in splits})
    )


async def settle(tx: Transaction, seller_ids: Collection[UUID]) -> None:
    """Bring debts to what the balances say: take what is held back, open debts, close them."""
    await batches_store.lock_runs(tx)
    settings = await get_payout_settings(tx)
    open_debts = {
        (debt.seller_id, debt.currency): debt
        for debt in await store.lock_open_debts(tx, seller_ids)
    }
    paths = {f"seller:{SELLER.text(seller_id)}:available": seller_id for seller_id in seller_ids}
    for balance in await ledger.balances(tx, list(paths)):
        seller_id, currency = paths[balance.path], balance.currency
        debt = open_debts.get((seller_id, currency))
        owed = -balance.available
        if owed.minor > 0:
            owed = owed - await _take_held_back(tx, seller_id, owed)
        if owed.minor > 0 and debt is None:
            await _open(tx, seller_id, owed, settings)
        elif owed.minor <= 0 and debt is not None:
            await _close(tx, debt, "balance", Money.zero(currency))


async def collect(tx: Transaction, debt_id: UUID) -> None:
    """Debit what a seller still owes, or ask a person where it can't be debited."""
    await batches_store.lock_runs(tx)
    [debt] = await store.lock_debts(tx, [debt_id])
    if debt.state != "waiting":
        return
    owed = await _owed(tx, debt)
    if owed.minor <= 0:
        await _close(tx, debt, "balance", owed)
        return
    account = account_for(await accounts_of(tx, debt.seller_id), debt.currency)
    if account is None or not account.at.can_be_debited or account.blocked_reason is not None:
        await _ask(tx, debt, owed, "The seller has no account that can be debited.")
        return
    way = await route_of(tx, account.at)
    settings = await get_payout_settings(tx)
    if way is None or (account.kind == "iban" and not _takes_debits(settings, debt.currency)):
        await _ask(tx, debt, owed, "Nobody is connected who could debit the seller.")
        return
    await _debit(tx, debt, account, owed, settings)


async def debits_ended(tx: Transaction, debits: Sequence[Debit]) -> None:
    """After debits have succeeded, failed or come back: what is left of the debts."""
    for debit in debits:
        [debt] = await store.lock_debts(tx, [debit.debt_id])
        if debit.state == "failed" and debt.state == "debiting":
            owed = await _owed(tx, debt)
            await _ask(tx, debt, owed, f"The debit of {debit.amount} failed: {debit.failure_code}.")
        elif debit.state == "succeeded" and debt.state == "debiting":
            await store.save_debt(tx, replace(debt, state="waiting"))
            await tx.enqueue(_collect_job(debt, await get_payout_settings(tx), tx))
        await tx.enqueue(JobDraft("seller.settle", SELLER.text(debit.seller_id)))
    await schedule_payouts(tx, {debit.seller_id for debit in debits})


async def follow_case(tx: Transaction, case: dict[str, Json]) -> None:
    """Do what a person has decided about a debt."""
    if case.get("kind") != CASE_KIND:
        return
    await batches_store.lock_runs(tx)
    [debt] = await store.lock_debts(tx, [DEBT.parse(str(case["subject"]))])
    if debt.state != "in_review":
        return
    owed = await _owed(tx, debt)
    if owed.minor <= 0:
        await _close(tx, debt, "balance", owed)
    elif case["resolution"] == "write_off":
        await _write_off(tx, debt, min(owed, _shown(case), key=lambda money: money.minor))
    else:
        debt = replace(debt, state="waiting")
        await store.save_debt(tx, debt)
        if case["resolution"] == "debit_again":
            await collect(tx, debt.debt_id)
        else:
            await tx.enqueue(_collect_job(debt, await get_payout_settings(tx), tx))


def _shown(case: dict[str, Json]) -> Money:
    """What a case told the person who decided it."""
    at_risk = cast("dict[str, Json]", case["at_risk"])
    return Money.of(cast("int", at_risk["amount"]), str(at_risk["currency"]))


async def _write_off(tx: Transaction, debt: SellerDebt, given_up: Money) -> None:
    """Give up no more than that; what is owed beyond it is a debt of its own from now on."""
    await _close(tx, debt, "write_off", given_up)
    await ledger.post_or_refuse(tx, [bookings.debt_written_off(debt, given_up)])
    if (await _owed(tx, debt)).minor < 0:  # posting has locked the balance: it stays so
        raise PaymentNotReady("A sale has paid for some of the debt just now; again at once.")
    await tx.enqueue(JobDraft("seller.settle", SELLER.text(debt.seller_id)))


async def list_debits(
    tx: Transaction, *, seller_id: UUID | None = None, limit: int = 20, cursor: str | None = None
) -> Page[Debit]:
    """Debits, the newest first."""
    rows = await store.select_debits(
        tx, seller_id=seller_id, after=id_of_cursor(cursor), limit=limit + 1
    )
    return page_of(rows, limit, lambda debit: debit.debit_id)


async def debts_of(tx: Transaction, seller_id: UUID) -> list[SellerDebt]:
    """A seller's open debts, one a currency; how much each is, the ledger says."""
    return await store.open_debts(tx, seller_id)


async def _owed(tx: Transaction, debt: SellerDebt) -> Money:
    """What the seller owes now; zero or less if nothing."""
    for balance in await ledger.balances(tx, [f"seller:{SELLER.text(debt.seller_id)}:available"]):
        if balance.currency == debt.currency:
            return -balance.available
    return Money.zero(debt.currency)


async def _take_held_back(tx: Transaction, seller_id: UUID, owed: Money) -> Money:
    """Pay for what is owed with what is held back; how much that was."""
    currency = owed.currency.code
    taken = take_for_debt(owed, await holdbacks_store.lock_of_seller(tx, seller_id, currency))
    total = sum((part for _, part in taken), Money.zero(currency))
    if taken:
        await holdbacks_store.take(tx, taken)
        reason = f"{total} of what is held back pays for what the seller owes."
        await tx.record(news.about_holdback("taken", SELLER.text(seller_id), "debt", total, reason))
        await ledger.post_or_refuse(tx, [bookings.holdback_taken(h, part) for h, part in taken])
    return total


async def _open(tx: Transaction, seller_id: UUID, owed: Money, settings: PayoutSettings) -> None:
    debt = SellerDebt(
        marketplace_id=tx.marketplace_id,
        debt_id=new_id(tx.now),
        seller_id=seller_id,
        currency=owed.currency.code,
        state="waiting",
        debits=0,
        opened_at=tx.now,
        closed_at=None,
        closed_by=None,
    )
    if await store.open_debt(tx, debt.debt_id, seller_id, debt.currency):
        reason = f"The seller owes {owed}; later sales pay for it first."
        await tx.record(news.about_debt("opened", debt, owed, reason))
        if settings.debit_after_days is not None:
            await tx.enqueue(_collect_job(debt, settings, tx))


async def _close(tx: Transaction, debt: SellerDebt, by: str, owed: Money) -> None:
    is_written_off = by == "write_off"
    closed = replace(
        debt,
        state="closed",
        closed_at=tx.now,
        closed_by="write_off" if is_written_off else "balance",
    )
    await store.save_debt(tx, closed)
    await withdraw_cases(tx, [DEBT.text(debt.debt_id)])
    await tx.cancel_job("seller.collect", DEBT.text(debt.debt_id))
    if is_written_off:
        reason = f"{owed} was written off: the marketplace bears it."
        await tx.record(news.about_debt("written_off", closed, owed, reason))
    else:
        reason = "The seller owes nothing any more."
        await tx.record(news.about_debt("cleared", closed, Money.zero(debt.currency), reason))


async def _ask(tx: Transaction, debt: SellerDebt, owed: Money, reason: str) -> None:
    """Have a person decide what becomes of a debt."""
    await store.save_debt(tx, replace(debt, state="in_review"))
    case = CaseDraft(
        key=f"{CASE_KIND}/{new_id(tx.now)}",
        queue="payments",
        kind=CASE_KIND,
        subject=DEBT.text(debt.debt_id),
        title=f"A seller owes {owed}",
        reason=reason,
        due_at=tx.now + _CASE_WITHIN,
        resolutions=("debit_again", "keep_waiting", "write_off"),
        at_risk=owed,
        evidence={"seller": SELLER.text(debt.seller_id), "debits": debt.debits},
    )
    await open_cases(tx, [case])


async def _debit(
    tx: Transaction,
    debt: SellerDebt,
    account: PayoutAccount,
    owed: Money,
    settings: PayoutSettings,
) -> None:
    """Ask for the money; by a bank file together with the payouts of the next run."""
    way = await route_of(tx, account.at)
    assert way is not None, "the caller has looked"
    provider, rail = way
    debt = replace(debt, state="debiting", debits=debt.debits + 1)
    batch_id = None
    if rail == "bank":
        run = next_run(tx.now, settings).isoformat()
        batch_id = await batches_store.open_batch(
            tx, run=run, kind="debit", provider=provider, rail=rail, currency=debt.currency
        )
        await schedule_payouts(tx, [debt.seller_id])
    debit = Debit(
        marketplace_id=tx.marketplace_id,
        debit_id=derived_id(debt.debt_id, "debit", debt.debits),
        debt_id=debt.debt_id,
        seller_id=debt.seller_id,
        provider=provider,
        rail=rail,
        batch_id=batch_id,
        destination=account.destination,
        holder=account.holder,
        bic=account.bic,
        mandate=account.mandate,
        mandate_signed_on=account.mandate_signed_on,
        state="requested",
        amount_minor=owed.minor,
        currency=debt.currency,
        failure_code=None,
        created_at=tx.now,
        finished_at=None,
    )
    await store.save_debt(tx, debt)
    await store.insert_debit(tx, debit)
    if rail == "bank":
        await attempts_store.insert_attempts(tx, [intent_for_debit(debit)])
    else:
        await intend(tx, [intent_for_debit(debit)])
    await tx.record(news.about_debit("requested", debit, f"{owed} is debited from the seller."))


def _takes_debits(settings: PayoutSettings, currency: str) -> bool:
    """Whether our bank can debit by file: SEPA debits are in euros, and need a creditor's id."""
    bank = settings.bank
    return bank is not None and bank.creditor_id is not None and currency == "EUR"


def _collect_job(debt: SellerDebt, settings: PayoutSettings, tx: Transaction) -> JobDraft:
    days = settings.debit_after_days or _WAIT_DAYS_DEFAULT
    day: date = local_day(tx.now, settings) + timedelta(days=days)
    return JobDraft("seller.collect", DEBT.text(debt.debt_id), due_at=start_of(day, settings))
