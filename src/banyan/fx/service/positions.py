"""What the marketplace holds and owes in other currencies, what it is worth, what it has brought."""

from datetime import datetime

from banyan.fx.errors import RateMissing, RateStale
from banyan.fx.model import (
    CrossRate,
    Deal,
    Exposure,
    Position,
    Positions,
    RealisedGain,
    Results,
)
from banyan.fx.rules.booking import book
from banyan.fx.rules.crossing import RateBook
from banyan.fx.rules.legs import POSITION
from banyan.fx.rules.pricing import worth
from banyan.fx.service.rates import rate_book
from banyan.fx.store import deals as store
from banyan.kernel import Currency, Money
from banyan.ledger import AccountState, accounts_at
from banyan.runtime import Transaction

_READS_MAX = 5


async def positions(tx: Transaction) -> Positions:
    """Every position now, valued at the rates of now, and held against the ledger."""
    own = tx.marketplace.currency
    booked, pending, on_ledger = await _read(tx)
    after, gains = book(booked, pending)
    own_minor = on_ledger.get(own, 0) - sum(gain.gain_minor for gain in gains)
    rates = await rate_book(tx, {own, *after, *on_ledger})
    exposures = [
        _exposure(after.get(code, Position(code)), on_ledger.get(code, 0), own, rates)
        for code in sorted({*after, *on_ledger} - {own})
    ]
    return Positions(
        own,
        tx.now,
        tuple(it for it in exposures if it.quantity.minor or it.book.minor or not it.is_balanced),
        is_balanced=own_minor + sum(it.cost_minor for it in after.values()) == 0,
        deals_not_booked=len(pending),
    )


async def _read(
    tx: Transaction,
) -> tuple[dict[str, Position], list[Deal], dict[str, int]]:
    """The positions in the book, the deals not in it yet, and the ledger's balances by currency.

    A deal and its legs commit at once, and so do the book and the gains. While neither the ledger's
    accounts nor the book have moved, all of them tell of the same deals. After a few tries that were
    disturbed, the last one has to do.
    """
    tries = 1
    before = await _state(tx)
    while True:
        booked = {position.currency: position for position in await store.select_positions(tx)}
        pending = await store.deals_to_book(tx, None)
        after = await _state(tx)
        if before == after or tries == _READS_MAX:
            accounts, _ = after
            return booked, pending, {it.currency: it.posted_minor for it in accounts}
        before, tries = after, tries + 1


async def _state(tx: Transaction) -> tuple[list[AccountState], int]:
    return await accounts_at(tx, [POSITION]), await store.count_booked(tx)


def _exposure(position: Position, ledger_minor: int, own: str, rates: RateBook) -> Exposure:
    rate = _rate(rates, position.currency, own)
    return Exposure(
        position.currency,
        position.quantity,
        Money(position.cost_minor, Currency.of(own)),
        None if rate is None else worth(position.quantity, rate),
        rate,
        is_balanced=position.quantity_minor == ledger_minor,
    )


def _rate(rates: RateBook, currency: str, own: str) -> CrossRate | None:
    try:
        return rates.cross(currency, own)
    except (RateMissing, RateStale):
        return None


async def results(
    tx: Transaction, since: datetime | None = None, until: datetime | None = None
) -> Results:
    """What exchanging has brought from ``since`` to before ``until``, in own currency.

    None leaves that end open. Spread counts when the deal is made, a gain when it is booked.
    """
    own = tx.marketplace.currency
    rows = await store.sum_gains(tx, since, until)
    return Results(
        own,
        Money.of(await store.sum_spread(tx, since, until), own),
        tuple(RealisedGain(it.currency, it.deals, Money.of(it.gain_minor, own)) for it in rows),
    )
