"""Quotes: made, used once, and converted on the ledger."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import cast
from uuid import UUID

import msgspec

from banyan.fx.errors import (
    AmountTooSmall,
    QuoteExpired,
    QuoteIdReused,
    QuoteNotFound,
    QuoteUsed,
    RateMissing,
    RateStale,
    SameCurrency,
)
from banyan.fx.model import DEAL, QUOTE, CrossRate, Deal, Quote, QuoteDraft, Settings, shown
from banyan.fx.rules.crossing import RateBook
from banyan.fx.rules.legs import conversion_legs
from banyan.fx.rules.pricing import price
from banyan.fx.service.accounts import account_in
from banyan.fx.service.rates import rate_book
from banyan.fx.service.settings import get_settings
from banyan.fx.store import deals as deal_store
from banyan.fx.store import quotes as store
from banyan.kernel import (
    LIMIT_DEFAULT,
    BanyanError,
    Currency,
    Fault,
    Money,
    Page,
    derived_id,
    id_of_cursor,
    new_id,
    page_of,
)
from banyan.ledger import Transfer, post_or_refuse
from banyan.runtime import Event, Json, Transaction


async def quote(
    tx: Transaction,
    *,
    sell: Money | str,
    buy: Money | str,
    quote_id: UUID | None = None,
    spread_bp: int | None = None,
    ttl_s: int | None = None,
) -> Quote:
    """A quote for an amount and the currency on the other side, whichever of the two is fixed.

    >>> await quote(tx, sell=Money.of(10_000, "USD"), buy="BRL")
    >>> await quote(tx, sell="USD", buy=Money.of(50_000, "BRL"))

    Raises what ``create_quotes`` does.
    """
    fixed = sell if isinstance(sell, Money) else buy
    assert isinstance(fixed, Money), "one of the two is an amount"
    other = buy if fixed is sell else sell
    assert isinstance(other, str), "the other one is a currency"
    draft = QuoteDraft(
        quote_id or new_id(tx.now),
        fixed,
        other,
        "sell" if fixed is sell else "buy",
        spread_bp,
        ttl_s,
    )
    [made] = await create_quotes(tx, [draft])
    return made


async def create_quotes(tx: Transaction, drafts: Sequence[QuoteDraft]) -> list[Quote]:
    """Quotes at the rates of now, in the order of the drafts.

    The id of a quote may be sent again: the first quote stands, unless it was asked for otherwise
    (``QuoteIdReused``). Raises ``RateMissing``, ``RateStale``, ``SameCurrency``, ``AmountTooSmall``,
    ``InvalidMoney``.
    """
    if not drafts:
        return []
    known = {it.quote_id: it for it in await store.select_quotes(tx, [d.quote_id for d in drafts])}
    missing = [draft for draft in drafts if draft.quote_id not in known]
    if missing:
        for made in await _create(tx, missing):
            known[made.quote_id] = made
    for draft in drafts:
        _refuse_another(known[draft.quote_id], draft)
    return [known[draft.quote_id] for draft in drafts]


async def offer_quotes(tx: Transaction, drafts: Sequence[QuoteDraft]) -> list[Quote | BanyanError]:
    """Quotes with new ids, for many at a time: in place of one that can't be made, why.

    None fails because of another: ``RateMissing``, ``RateStale`` and ``AmountTooSmall`` are answers.
    """
    if not drafts:
        return []
    settings, book = await _to_price_by(tx, drafts)
    offers = [_priced_or_why(tx, draft, settings, book) for draft in drafts]
    await _insert(tx, [offer for offer in offers if isinstance(offer, Quote)])
    return offers


async def _create(tx: Transaction, drafts: Sequence[QuoteDraft]) -> list[Quote]:
    settings, book = await _to_price_by(tx, drafts)
    return await _insert(tx, [_priced(tx, draft, settings, book) for draft in drafts])


async def _to_price_by(tx: Transaction, drafts: Sequence[QuoteDraft]) -> tuple[Settings, RateBook]:
    own = tx.marketplace.currency
    currencies = {own} | {c for d in drafts for c in (d.amount.currency.code, d.other)}
    return await get_settings(tx), await rate_book(tx, currencies)


async def _insert(tx: Transaction, quotes: Sequence[Quote]) -> list[Quote]:
    if not quotes:
        return []
    inserted = {*await store.insert_quotes(tx, quotes)}
    created = [made for made in quotes if made.quote_id in inserted]
    await tx.record_all(
        [Event("fx_quote.created", QUOTE.text(it.quote_id), _news(it)) for it in created]
    )
    if len(created) < len(quotes):  # another transaction was quicker with the same id
        return await store.select_quotes(tx, [quote.quote_id for quote in quotes])
    return created


def _priced_or_why(
    tx: Transaction, draft: QuoteDraft, settings: Settings, book: RateBook
) -> Quote | BanyanError:
    try:
        return _priced(tx, draft, settings, book)
    except (RateMissing, RateStale, AmountTooSmall) as why:
        return why


def _priced(tx: Transaction, draft: QuoteDraft, settings: Settings, book: RateBook) -> Quote:
    amount, other = draft.amount, Currency.of(draft.other).code
    assert amount.minor > 0, "nothing can't be exchanged"
    if amount.currency.code == other:
        raise SameCurrency(f"{amount} is in {other} already.")
    pair = (amount.currency.code, other)
    sell_currency, buy_currency = pair if draft.fixed == "sell" else pair[::-1]
    spread_bp = settings.spread_bp if draft.spread_bp is None else draft.spread_bp
    mid = book.cross(sell_currency, buy_currency)
    own_path = book.cross(buy_currency, tx.marketplace.currency)
    priced = price(amount, fixed=draft.fixed, mid=mid, own=own_path, spread_bp=spread_bp)
    return Quote(
        marketplace_id=tx.marketplace_id,
        quote_id=draft.quote_id,
        fixed=draft.fixed,
        sell_minor=priced.sell.minor,
        sell_currency=sell_currency,
        buy_minor=priced.buy.minor,
        buy_currency=buy_currency,
        spread_bp=spread_bp,
        mid_rate=shown(mid.value),
        own_currency=tx.marketplace.currency,
        value_minor=priced.value.minor,
        spread_minor=priced.spread.minor,
        path=_plain(mid),
        own_path=_plain(own_path),
        created_at=tx.now,
        expires_at=tx.now + timedelta(seconds=draft.ttl_s or settings.quote_ttl_s),
        used_at=None,
        used_by=None,
    )


def _plain(rate: CrossRate) -> list[dict[str, str | int | bool]]:
    return cast("list[dict[str, str | int | bool]]", msgspec.to_builtins(list(rate.path)))


def _refuse_another(known: Quote, draft: QuoteDraft) -> None:
    fixed, other = (
        (known.sell, known.buy_currency)
        if known.fixed == "sell"
        else (known.buy, known.sell_currency)
    )
    if (known.fixed, fixed, other) != (draft.fixed, draft.amount, draft.other):
        text = QUOTE.text(known.quote_id)
        raise QuoteIdReused(f"{text} sells {known.sell} for {known.buy}, not what was asked now.")


async def use_quote(tx: Transaction, quote_id: UUID, subject: str) -> Quote:
    """``use_quotes`` of one."""
    [used] = await use_quotes(tx, {quote_id: subject})
    return used


async def use_quotes(tx: Transaction, claims: Mapping[UUID, str]) -> list[Quote]:
    """Use each quote for its subject (``pay_…``), once and for good, in the order given.

    Whoever calls this posts the quote's ``conversion_legs`` in the same database transaction, under
    a transfer id of the subject's. The same subject may ask again, and gets the quote even if it has
    expired since. ``QuoteNotFound``, ``QuoteUsed`` by another subject, ``QuoteExpired``.
    """
    found = {quote.quote_id: quote for quote in await store.lock_quotes(tx, sorted(claims))}
    fresh: list[UUID] = []
    for quote_id, subject in claims.items():
        if quote_id not in found:
            raise _not_found(quote_id)
        quote = found[quote_id]
        if quote.used_by is None:
            if tx.now >= quote.expires_at:
                text, at = QUOTE.text(quote_id), f"{quote.expires_at:%Y-%m-%d %H:%M:%S}"
                raise QuoteExpired(f"{text} has expired at {at} UTC; ask for a new one.")
            fresh.append(quote_id)
        elif quote.used_by != subject:
            raise _used(quote)
    used = await store.update_used(tx, fresh, [claims[it] for it in fresh]) if fresh else []
    found |= {quote.quote_id: quote for quote in used}
    await deal_store.insert_deals(tx, [_deal(quote) for quote in used])
    await tx.record_all([Event("fx_quote.used", QUOTE.text(it.quote_id), _news(it)) for it in used])
    return [found[quote_id] for quote_id in claims]


async def convert(tx: Transaction, quote_id: UUID, *, source: str, target: str) -> Quote:
    """Use a quote by itself: ``sell`` out of the account ``source``, ``buy`` into ``target``.

    Both are paths of open accounts, in the sold and the bought currency. Again with the same
    accounts it changes nothing. Raises what ``use_quotes`` does, ``AccountNotFound``, and
    ``TransferRejected`` (no cover, say), which leaves the quote unused.
    """
    text = QUOTE.text(quote_id)
    quote = await use_quote(tx, quote_id, text)
    legs = conversion_legs(
        quote,
        await account_in(tx, source, quote.sell_currency),
        await account_in(tx, target, quote.buy_currency),
    )
    await post_or_refuse(tx, [Transfer(derived_id(quote_id, "convert"), legs, text)])
    return quote


async def get_quote(tx: Transaction, quote_id: UUID) -> Quote:
    found = await store.select_quotes(tx, [quote_id])
    if not found:
        raise _not_found(quote_id)
    return found[0]


async def list_quotes(
    tx: Transaction, *, limit: int = LIMIT_DEFAULT, cursor: str | None = None
) -> Page[Quote]:
    """Quotes, the newest first."""
    rows = await store.list_quotes(tx, id_of_cursor(cursor), limit + 1)
    return page_of(rows, limit, lambda quote: quote.quote_id)


def _deal(quote: Quote) -> Deal:
    """The quoted exchange as we see it. Its id is the quote's."""
    assert quote.used_at is not None, "a quote makes a deal when it is used"
    assert quote.used_by is not None, "by somebody"
    return Deal(
        marketplace_id=quote.marketplace_id,
        deal_id=quote.quote_id,
        kind="conversion",
        subject=quote.used_by,
        in_minor=quote.sell_minor,
        in_currency=quote.sell_currency,
        out_minor=quote.buy_minor,
        out_currency=quote.buy_currency,
        own_currency=quote.own_currency,
        in_value_minor=quote.value_minor,
        out_value_minor=quote.value_minor - quote.spread_minor,
        made_at=quote.used_at,
    )


def _news(quote: Quote) -> dict[str, Json]:
    return {
        "deal": quote.used_at and DEAL.text(quote.quote_id),
        "sell": {"amount": quote.sell_minor, "currency": quote.sell_currency},
        "buy": {"amount": quote.buy_minor, "currency": quote.buy_currency},
        "mid_rate": f"{quote.mid_rate:f}",
        "spread_bp": quote.spread_bp,
        "spread": {"amount": quote.spread_minor, "currency": quote.own_currency},
        "expires_at": quote.expires_at.isoformat(),
        "used_by": quote.used_by,
    }


def _used(quote: Quote) -> QuoteUsed:
    detail = f"{QUOTE.text(quote.quote_id)} was used by {quote.used_by}; ask for a new one."
    return QuoteUsed(detail, faults=(Fault("fx_quote_used", detail),))


def _not_found(quote_id: UUID) -> QuoteNotFound:
    return QuoteNotFound(f"There is no quote {QUOTE.text(quote_id)}.")
