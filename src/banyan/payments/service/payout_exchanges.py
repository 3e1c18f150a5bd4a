"""Balances that are paid to an account in another currency: quoted at the run, and used by the payout."""

from collections.abc import Sequence
from uuid import UUID

from banyan import fx
from banyan.kernel import Money, new_id
from banyan.payments.model import PAYOUT, ExchangeWait, Payout
from banyan.payments.service import news
from banyan.payments.store import exchange_waits as store
from banyan.runtime import Transaction

Wanted = tuple[UUID, Money, str]
"""A seller, what is to be paid of the balance, and the currency of the account."""


async def quote_all(tx: Transaction, wanted: Sequence[Wanted]) -> dict[tuple[UUID, str], fx.Quote]:
    """A quote for each balance, by seller and currency of the balance.

    What can't be quoted, because there is no rate or it is too old, waits with the reason; it is tried
    again at the next run.
    """
    drafts = [fx.QuoteDraft(new_id(tx.now), amount, into) for _, amount, into in wanted]
    offers = await fx.offer_quotes(tx, drafts)
    quotes = dict[tuple[UUID, str], fx.Quote]()
    waits = list[ExchangeWait]()
    for (seller_id, amount, into), offer in zip(wanted, offers, strict=True):
        if isinstance(offer, fx.Quote):
            quotes[seller_id, amount.currency.code] = offer
            continue
        waits.append(
            ExchangeWait(
                marketplace_id=tx.marketplace_id,
                seller_id=seller_id,
                currency=amount.currency.code,
                into_currency=into,
                reason=f"{amount} can't be exchanged for now. {offer.detail}"[:500],
                since_at=tx.now,
            )
        )
    await _wait(tx, waits)
    return quotes


async def use_all(tx: Transaction, payouts: Sequence[Payout]) -> None:
    """The quotes of payouts that are held on the ledger are used, and their balances wait no longer."""
    claims = {
        payout.quote_id: PAYOUT.text(payout.payout_id)
        for payout in payouts
        if payout.quote_id is not None
    }
    if claims:
        await fx.use_quotes(tx, claims)
    balances = [(payout.seller_id, payout.source_currency or payout.currency) for payout in payouts]
    resumed = await store.delete_waits(tx, balances)
    reason = "The balance could be paid out."
    await tx.record_all([news.about_hold("resumed", it, "no_rate", reason) for it in resumed])


async def waits_of(tx: Transaction, seller_id: UUID) -> list[ExchangeWait]:
    """Which balances of a seller wait for an exchange, and why."""
    return await store.waits_of(tx, seller_id)


async def _wait(tx: Transaction, waits: Sequence[ExchangeWait]) -> None:
    if not waits:
        return
    news_of = await store.save_waits(tx, waits)
    await tx.record_all(
        [
            news.about_hold("held", wait.seller_id, "no_rate", wait.reason)
            for wait in waits
            if (wait.seller_id, wait.currency) in news_of
        ]
    )
