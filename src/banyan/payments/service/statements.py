"""What a seller reads: where the money is, and how it got there, exactly from the ledger."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from banyan import ledger
from banyan.kernel import Money
from banyan.ledger import AccountState, Entry, account_uuid
from banyan.parties import SELLER, find_seller
from banyan.payments.model import (
    PAYOUT,
    DatedAmount,
    Payout,
    SellerMoney,
    Statement,
    StatementBalance,
    StatementLine,
)
from banyan.payments.rules import calendar_of, local_day, next_payout_day
from banyan.payments.rules.statements import check_period, kind_of, nothing
from banyan.payments.service.payout_accounts import (
    account_for,
    account_in_another,
    accounts_of,
    holds_of,
)
from banyan.payments.service.payout_exchanges import waits_of
from banyan.payments.service.payout_settings import get_payout_settings, get_schedule
from banyan.payments.service.payouts import get_payout
from banyan.payments.store import holdbacks as holdbacks_store
from banyan.payments.store import payouts as payouts_store
from banyan.runtime import Transaction

_PARTS = ("pending", "available", "held", "reserve")
_MOMENT = timedelta(microseconds=1)
_PAGE = 1_000


async def statement(
    tx: Transaction, seller_id: UUID, currency: str, from_at: datetime, until_at: datetime
) -> Statement:
    """A seller's account from an instant to before another. ``InvalidPeriod``.

    The opening balance and the lines come to the closing balance: all three are the ledger's.
    """
    check_period(from_at, until_at)
    Money.zero(currency)  # refuses what is no currency
    own = f"seller:{SELLER.text(seller_id)}:"
    paths = {f"{own}{part}": part for part in _PARTS}
    states = [
        state for state in await ledger.accounts_at(tx, list(paths)) if state.currency == currency
    ]
    lines = list[_Line]()
    opening, closing = dict[str, int](), dict[str, int]()
    for state in states:
        part = paths[state.path]
        read = await _read(tx, state, from_at, until_at)
        opening[part], closing[part] = read.opening.minor, read.closing.minor
        for entry in read.entries:
            line = _line(entry, part, is_own=entry.other_path.startswith(own))
            if line is not None:
                lines.append(line)
    seller = await find_seller(tx, seller_id)
    return Statement(
        seller_id=seller_id,
        seller_name=SELLER.text(seller_id) if seller is None else seller.name,
        marketplace=tx.marketplace.name,
        currency=currency,
        from_at=from_at,
        until_at=until_at,
        time_zone=(await get_payout_settings(tx)).time_zone,
        opening=_balance(currency, opening),
        closing=_balance(currency, closing),
        lines=await _with_exchanges(tx, [it.line for it in sorted(lines, key=_place_of)]),
    )


async def statement_of_payout(tx: Transaction, payout_id: UUID) -> Statement:
    """What a payout is made up of: since the seller's payout before it, or its first sale.

    ``PayoutNotFound``. It looks back a year at most.
    """
    payout = await get_payout(tx, payout_id)
    before = await payouts_store.find_payout_before(tx, payout)
    until_at = payout.created_at + _MOMENT
    earliest = until_at - timedelta(days=366)
    from_at = earliest if before is None else max(earliest, before.created_at + _MOMENT)
    currency = payout.source_currency or payout.currency
    return await statement(tx, payout.seller_id, currency, from_at, until_at)


async def seller_money(tx: Transaction, seller_id: UUID) -> list[SellerMoney]:
    """Where a seller's money is now, by currency: what is available, what comes when, what is held."""
    own = f"seller:{SELLER.text(seller_id)}:"
    parts = {f"{own}{part}": part for part in _PARTS}
    states = await ledger.accounts_at(tx, list(parts))
    dated = await holdbacks_store.dated_of(tx, seller_id)
    on_its_way = await payouts_store.sum_on_its_way(tx, seller_id)
    accounts = await accounts_of(tx, seller_id)
    reasons = [hold.reason for hold in await holds_of(tx, seller_id)]
    waits = {wait.currency: wait.reason for wait in await waits_of(tx, seller_id)}
    schedule = await get_schedule(tx, seller_id)
    settings = await get_payout_settings(tx)
    today = local_day(tx.now, settings)
    views = list[SellerMoney]()
    for currency in sorted({state.currency for state in states}):
        account = account_for(accounts, currency)
        account = account or account_in_another(accounts, tx.marketplace.currency)
        blocked = [account.blocked_reason] if account and account.blocked_reason else []
        missing = [] if account else ["There is no account to pay to."]
        missing += [waits[currency]] if currency in waits else []
        calendar = calendar_of(settings.calendar, currency, tx.marketplace.country)
        views.append(
            SellerMoney(
                currency=currency,
                balance=_balance(
                    currency,
                    {
                        parts[state.path]: state.balance.available.minor
                        for state in states
                        if state.currency == currency
                    },
                ),
                on_its_way=Money.of(on_its_way.get(currency, 0), currency),
                dated=tuple(_of_currency(dated, currency)),
                next_payout_on=next_payout_day(schedule, today, calendar),
                held_reasons=tuple(reasons + blocked + missing),
            )
        )
    return views


@dataclass(frozen=True, slots=True)
class _Line:
    """A line, and where it stands among those of several accounts."""

    place: tuple[datetime, UUID, int]
    line: StatementLine


def _place_of(one: _Line) -> tuple[datetime, UUID, int]:
    return one.place


async def _with_exchanges(
    tx: Transaction, lines: Sequence[StatementLine]
) -> tuple[StatementLine, ...]:
    """Those that exchanged for a payout get the amount on the other side."""
    prefix = f"{PAYOUT.prefix}_"
    exchanging = {it.subject for it in lines if it.kind == "exchange"}
    payouts = {
        PAYOUT.text(payout.payout_id): payout
        for payout in await payouts_store.find_payouts(
            tx, [PAYOUT.parse(it) for it in exchanging if it.startswith(prefix)]
        )
    }
    return tuple(
        replace(line, exchanged=_other_side(line, payouts[line.subject]))
        if line.kind == "exchange" and line.subject in payouts
        else line
        for line in lines
    )


def _other_side(line: StatementLine, payout: Payout) -> Money | None:
    is_paid_out = line.amount.currency == payout.amount.currency
    return payout.source if is_paid_out else payout.amount


async def _read(
    tx: Transaction, state: AccountState, from_at: datetime, until_at: datetime
) -> ledger.Statement:
    """An account's statement with the entries of all its pages."""
    account_id = account_uuid(tx.marketplace_id, state.account_id)
    entries, cursor = list[Entry](), None
    while True:
        page = await ledger.statement(
            tx,
            account_id,
            from_at,
            until_at,
            time=ledger.Time.RECORDED,
            limit=_PAGE,
            cursor=cursor,
        )
        entries += [entry for entry in page.entries if entry.amount_minor]
        cursor = page.next_cursor
        if cursor is None:
            return replace(page, entries=tuple(entries))


def _line(entry: Entry, part: str, *, is_own: bool) -> _Line | None:
    """What an entry is to the seller; None for a move between parts that says nothing."""
    amount = entry.amount if entry.side == "credit" else -entry.amount
    zero = Money.zero(entry.currency)
    place = (entry.recorded_at, entry.transfer_id, entry.leg)
    if not is_own:
        kind = kind_of(entry.code)
        return _Line(
            place,
            StatementLine(
                at=entry.recorded_at, kind=kind, subject=entry.subject, amount=amount, moved=zero
            ),
        )
    if part != "reserve":
        return None
    return _Line(
        place,
        StatementLine(
            at=entry.recorded_at,
            kind="reserve_kept" if amount.minor > 0 else "reserve_freed",
            subject=entry.subject,
            amount=zero,
            moved=amount,
        ),
    )


def _balance(currency: str, parts: Mapping[str, int]) -> StatementBalance:
    if not parts:
        return nothing(currency)

    def of(part: str) -> Money:
        return Money.of(parts.get(part, 0), currency)

    return StatementBalance(
        pending=of("pending"), available=of("available"), held=of("held"), reserve=of("reserve")
    )


def _of_currency(dated: Sequence[DatedAmount], currency: str) -> list[DatedAmount]:
    return [one for one in dated if one.amount.currency.code == currency]
