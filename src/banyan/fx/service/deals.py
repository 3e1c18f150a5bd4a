"""Trades that we make, and the book in which every deal finds what it has gained."""

from collections.abc import Sequence
from uuid import UUID

from banyan.fx.errors import DealNotFound, InvalidTrade, TradeIdReused
from banyan.fx.model import DEAL, Deal, Gain, TradeDraft
from banyan.fx.rules.booking import book
from banyan.fx.rules.legs import gain_transfer, trade_legs
from banyan.fx.rules.pricing import worth
from banyan.fx.service.accounts import account_in
from banyan.fx.service.rates import after, rate_book
from banyan.fx.store import deals as store
from banyan.kernel import LIMIT_DEFAULT, Fault, Money, Page, derived_id, page_of
from banyan.ledger import Transfer, post_or_refuse
from banyan.runtime import Event, Json, Transaction

BOOKED_AT_ONCE_MAX = 5_000


async def trade(tx: Transaction, draft: TradeDraft, *, sold_from: str, bought_to: str) -> Deal:
    """Record a trade with a bank and post it: ``sold`` out of one account, ``bought`` into another.

    Both are paths of open accounts. What the trade closes of a position is gained or lost at once,
    to the minor unit. Again under its id it changes nothing. Raises what ``record_trades`` does,
    ``AccountNotFound`` and ``TransferRejected``.
    """
    [recorded] = await record_trades(tx, [draft])
    legs = trade_legs(
        sold=draft.sold,
        sold_from=await account_in(tx, sold_from, draft.sold.currency.code),
        bought=draft.bought,
        bought_to=await account_in(tx, bought_to, draft.bought.currency.code),
    )
    traded = Transfer(
        derived_id(draft.trade_id, "trade"), legs, draft.subject, effective_at=draft.traded_at
    )
    gains = await _book(tx)
    await post_or_refuse(tx, [traded, *gains])
    return await get_deal(tx, recorded.deal_id)


async def record_trades(
    tx: Transaction, drafts: Sequence[TradeDraft], *, has_happened: bool = False
) -> list[Deal]:
    """Record trades that a caller posts: with ``trade_legs``, in the same database transaction.

    A trade is worth what it moves of the own currency; between two others, what it bought at the
    rate of its instant (``RateMissing``, ``RateStale``). The same content under an id again changes
    nothing, other content is ``TradeIdReused``. ``InvalidTrade``. What it gains is booked soon.

    ``has_happened``: somebody else has traded, and it can't wait for a rate. It is worth what the
    latest rate says, however old, and nothing where there has never been one; then what it was
    worth shows as a gain or loss once the position is closed.
    """
    deals = [await _deal(tx, draft, has_happened=has_happened) for draft in drafts]
    inserted = {*await store.insert_deals(tx, deals)}
    fresh = [deal for deal in deals if deal.deal_id in inserted]
    await tx.record_all(
        [Event("fx_trade.recorded", DEAL.text(it.deal_id), _news(it)) for it in fresh]
    )
    known = {it.deal_id: it for it in await store.select_deals(tx, [d.trade_id for d in drafts])}
    for draft in drafts:
        stands = known[draft.trade_id]
        given = ("trade", draft.bought, draft.sold, draft.subject)
        if (
            (stands.kind, stands.came_in, stands.went_out, stands.subject) != given
            or draft.traded_at not in (None, stands.made_at)
        ):  # fmt: skip
            raise TradeIdReused(f"{DEAL.text(draft.trade_id)} names another deal; take a new id.")
    return [known[draft.trade_id] for draft in drafts]


async def _deal(tx: Transaction, draft: TradeDraft, *, has_happened: bool) -> Deal:
    sold, bought = draft.sold, draft.bought
    if sold.currency == bought.currency or min(sold.minor, bought.minor) < 1:
        raise _invalid(f"{sold} for {bought} is not a trade of one currency for another.")
    made_at = draft.traded_at or tx.now
    if made_at > tx.now:
        raise _invalid(f"{made_at.isoformat()} has not come yet.")
    value = await _value(tx, draft, has_happened=has_happened)
    return Deal(
        marketplace_id=tx.marketplace_id,
        deal_id=draft.trade_id,
        kind="trade",
        subject=draft.subject,
        in_minor=bought.minor,
        in_currency=bought.currency.code,
        out_minor=sold.minor,
        out_currency=sold.currency.code,
        own_currency=value.currency.code,
        in_value_minor=value.minor,
        out_value_minor=value.minor,
        made_at=made_at,
    )


async def _value(tx: Transaction, draft: TradeDraft, *, has_happened: bool) -> Money:
    own = tx.marketplace.currency
    for amount in (draft.bought, draft.sold):
        if amount.currency.code == own:
            return amount
    bought = draft.bought.currency.code
    rates = await rate_book(tx, {bought, own}, draft.traded_at)
    rate = rates.last(bought, own) if has_happened else rates.cross(bought, own)
    return Money.zero(own) if rate is None else worth(draft.bought, rate)


async def book_deals(tx: Transaction) -> None:
    """Put the deals that are not in the book yet into it, and post what they have gained."""
    transfers = await _book(tx)
    if transfers:
        await post_or_refuse(tx, transfers)


async def _book(tx: Transaction) -> list[Transfer]:
    """Book deals one after the other; the transfers of their gains, to be posted.

    Nobody else books until the transaction ends, so that each deal meets the position that the one
    before has left, and gains are booked once.
    """
    booked_before = await store.lock_book(tx)
    deals = await store.deals_to_book(tx, BOOKED_AT_ONCE_MAX)
    if not deals:
        return []
    before = {position.currency: position for position in await store.select_positions(tx)}
    positions, gains = book(before, deals)
    await store.save_positions(tx, list(positions.values()))
    await store.number_deals(tx, [deal.deal_id for deal in deals], booked_before)
    await store.save_book(tx, booked_before + len(deals))
    await store.insert_gains(tx, gains)
    by_deal: dict[UUID, list[Gain]] = {}
    for gain in gains:
        by_deal.setdefault(gain.deal_id, []).append(gain)
    closing = [deal for deal in deals if deal.deal_id in by_deal]
    await tx.record_all(
        [
            Event(
                "fx_gain.booked",
                DEAL.text(deal.deal_id),
                _news(deal) | {"gains": [_gain_news(deal, g) for g in by_deal[deal.deal_id]]},
            )
            for deal in closing
        ]
    )
    made = [gain_transfer(deal, by_deal[deal.deal_id]) for deal in closing]
    return [transfer for transfer in made if transfer]


async def get_deal(tx: Transaction, deal_id: UUID) -> Deal:
    found = await store.select_deals(tx, [deal_id])
    if not found:
        raise DealNotFound(f"There is no deal {DEAL.text(deal_id)}.")
    return found[0]


async def list_deals(
    tx: Transaction, *, limit: int = LIMIT_DEFAULT, cursor: str | None = None
) -> Page[Deal]:
    """Deals, the latest first."""
    rows = await store.list_deals(tx, after(cursor), limit + 1)
    return page_of(rows, limit, lambda deal: (deal.made_at, deal.deal_id))


async def gains_of(tx: Transaction, deal_ids: Sequence[UUID]) -> dict[UUID, list[Gain]]:
    """What each deal has gained, by currency; deals that closed nothing have an empty list."""
    gains: dict[UUID, list[Gain]] = {deal_id: [] for deal_id in deal_ids}
    for gain in await store.select_gains(tx, deal_ids):
        gains[gain.deal_id].append(gain)
    return gains


def _news(deal: Deal) -> dict[str, Json]:
    return {
        "deal": DEAL.text(deal.deal_id),
        "kind": deal.kind,
        "about": deal.subject,
        "in": {"amount": deal.in_minor, "currency": deal.in_currency},
        "out": {"amount": deal.out_minor, "currency": deal.out_currency},
        "value": {"amount": deal.in_value_minor, "currency": deal.own_currency},
    }


def _gain_news(deal: Deal, gain: Gain) -> dict[str, Json]:
    return {
        "currency": gain.currency,
        "closed_minor": gain.closed_minor,
        "gain": {"amount": gain.gain_minor, "currency": deal.own_currency},
    }


def _invalid(detail: str) -> InvalidTrade:
    return InvalidTrade(detail, faults=(Fault("invalid_fx_trade", detail),))
