"""Where sellers' payouts go, and what keeps them back."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import TypeVar
from uuid import UUID

from banyan import compliance
from banyan.kernel import Currency
from banyan.payments.errors import BankMissing
from banyan.payments.model import (
    ANY_CURRENCY,
    PAYOUT,
    Destination,
    HoldKind,
    PayoutAccount,
    PayoutHold,
    PayoutSettings,
)
from banyan.payments.rules import destination_of
from banyan.payments.service import news
from banyan.payments.service.payout_settings import get_payout_settings
from banyan.payments.service.settings import check_destination
from banyan.payments.store import payout_accounts as store
from banyan.runtime import Event, Transaction

_Account = TypeVar("_Account", bound=PayoutAccount)


async def save_account(
    tx: Transaction, seller_id: UUID, destination: str | Destination, currency: str | None
) -> PayoutAccount:
    """Keep where payouts go. Where the seller had other accounts only, payouts wait for a while.

    ``InvalidDestination``, ``UnknownToken``, ``ProviderMissing``, ``BankMissing``.
    """
    if currency is not None:
        Currency.of(currency)
    where = destination_of(destination) if isinstance(destination, str) else destination
    settings = await get_payout_settings(tx)
    _check_payable(where, settings, livemode=tx.livemode)
    known = await store.lock_accounts(tx, seller_id)
    account = await store.save_account(tx, seller_id, currency or ANY_CURRENCY, where)
    is_known = any(account.destination == where.text for account in known)
    reason = "It was given again." if is_known else "Payouts go there from now on."
    await tx.record(news.about_account("changed", account, reason))
    if known and not is_known and settings.change_hold_days:
        until = tx.now + timedelta(days=settings.change_hold_days)
        reason = (
            f"The account was changed on {tx.now.date()}; nothing is paid out until {until.date()}."
        )
        await hold(tx, seller_id, "account_changed", reason, until)
    return account


async def block(
    tx: Transaction, seller_id: UUID, destination: str, payout_id: UUID, code: str | None
) -> None:
    """Send no more to a destination, until the seller gives an account again."""
    reason = f"Payout {PAYOUT.text(payout_id)} failed: {code}."
    blocked = await store.block_accounts(tx, seller_id, destination, reason)
    await tx.record_all([news.about_account("blocked", account, reason) for account in blocked])


async def accounts_of(tx: Transaction, seller_id: UUID) -> list[PayoutAccount]:
    """Where a seller's payouts go: the account for any currency first."""
    return await store.accounts_of(tx, seller_id)


def account_for(accounts: Sequence[_Account], currency: str) -> _Account | None:
    """Which of a seller's accounts a currency goes to: its own, or else the one for any."""
    by_currency = {account.currency: account for account in accounts}
    return by_currency.get(currency) or by_currency.get(ANY_CURRENCY)


def account_in_another(accounts: Sequence[_Account], own_currency: str) -> _Account | None:
    """Where a balance goes that has no account of its currency: it is exchanged.

    Into the marketplace's own currency if the seller has such an account, or else into the first in
    the order of their codes. None if all are blocked.
    """
    others = [it for it in accounts if it.currency != ANY_CURRENCY and it.blocked_reason is None]
    return min(others, key=lambda it: (it.currency != own_currency, it.currency), default=None)


async def hold(
    tx: Transaction, seller_id: UUID, kind: HoldKind, reason: str, until: datetime | None = None
) -> PayoutHold:
    """Pay this seller nothing until then, or until the hold is lifted (None)."""
    by = tx.cause.actor or tx.cause.id
    made = PayoutHold(
        marketplace_id=tx.marketplace_id,
        seller_id=seller_id,
        kind=kind,
        reason=reason,
        held_by=by,
        held_at=tx.now,
        until_at=until,
    )
    if await store.save_hold(tx, made):
        await tx.record(news.about_hold("held", seller_id, kind, reason))
    return made


async def lift_hold(tx: Transaction, seller_id: UUID, kind: HoldKind) -> None:
    """Pay this seller again, unless something else holds; lifting what isn't held changes nothing."""
    lifted = await store.delete_holds(tx, [seller_id], kind)
    await tx.record_all([_resumed(seller_id, kind) for seller_id in lifted])


async def holds_of(tx: Transaction, seller_id: UUID) -> list[PayoutHold]:
    return await store.holds_of(tx, [seller_id])


async def held_among(tx: Transaction, seller_ids: Collection[UUID]) -> set[UUID]:
    """Which of these sellers may not be paid now.

    Compliance is asked anew: who has become eligible is paid, who no longer is is held. Holds whose
    time is over end here.
    """
    refusals = await compliance.payout_refusals(tx, seller_ids)
    for seller_id, reason in refusals.items():
        await hold(tx, seller_id, "not_eligible", reason)
    eligible = [seller_id for seller_id in seller_ids if seller_id not in refusals]
    lifted = await store.delete_holds(tx, eligible, "not_eligible")
    expired = await store.delete_expired_holds(tx, seller_ids, tx.now)
    await tx.record_all(
        [_resumed(seller_id, "not_eligible") for seller_id in lifted]
        + [_resumed(seller_id, "account_changed") for seller_id in expired]
    )
    return {hold.seller_id for hold in await store.holds_of(tx, list(seller_ids))}


def _check_payable(where: Destination, settings: PayoutSettings, *, livemode: bool) -> None:
    if where.kind != "iban":
        check_destination(where.text, livemode=livemode)
    elif settings.bank is None:
        raise BankMissing("Give the marketplace's own bank account in the payout settings first.")


def _resumed(seller_id: UUID, kind: HoldKind) -> Event:
    reasons: dict[HoldKind, str] = {
        "not_eligible": "The seller is eligible again.",
        "account_changed": "The time after the change of the account is over.",
        "by_hand": "The hold was lifted.",
    }
    return news.about_hold("resumed", seller_id, kind, reasons[kind])
