"""Reading the ledger: accounts, balances now and then, entries, transfers, the trial balance."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from itertools import groupby
from uuid import UUID

from banyan.kernel import LIMIT_DEFAULT, Money, Page, decode_cursor, encode_cursor
from banyan.ledger import rules
from banyan.ledger.errors import AccountNotFound, TransferNotFound
from banyan.ledger.model import (
    ACCOUNT,
    TRANSFER,
    AccountState,
    Balance,
    Entry,
    RecordedLeg,
    RecordedTransfer,
    Report,
    Time,
    Transfer,
    TrialBalance,
    TrialLine,
)
from banyan.ledger.service.sealing import head, seal_findings
from banyan.ledger.store import entries as entry_store
from banyan.ledger.store import reading as store
from banyan.ledger.store import verification
from banyan.runtime import Transaction

_NO_BOUND = 2**63 - 1
FINDINGS_MAX = 100


async def get_account(tx: Transaction, account_id: UUID) -> AccountState:
    """The account of this id; ``AccountNotFound``."""
    number = rules.account_number(tx.marketplace_id, account_id)
    state = None if number is None else await store.find_account(tx, number)
    if state is None:
        raise AccountNotFound(f"There is no account {ACCOUNT.text(account_id)}.")
    return state


async def accounts_at(tx: Transaction, paths: Collection[str]) -> list[AccountState]:
    """The open accounts of these paths, in every currency, by path."""
    return await store.accounts_at(tx, sorted(paths))


async def require_accounts(tx: Transaction, transfer: Transfer) -> None:
    """``AccountNotFound`` unless every account of the transfer is open already."""
    named = {
        (side.path, side.currency) for leg in transfer.legs for side in (leg.debit, leg.credit)
    }
    states = await accounts_at(tx, {path for path, _ in named})
    missing = named - {(state.path, state.currency) for state in states}
    if missing:
        path, currency = min(missing)
        raise AccountNotFound(f"There is no account {path} in {currency}; open it first.")


async def list_accounts(
    tx: Transaction, *, prefix: str = "", limit: int = LIMIT_DEFAULT, cursor: str | None = None
) -> Page[AccountState]:
    """Accounts whose path starts with ``prefix``, by path and currency."""
    after = ("", "")
    if cursor is not None:
        path, currency = decode_cursor(cursor, [str, str])
        after = (str(path), str(currency))
    rows = await store.list_accounts(tx, prefix, after, limit + 1)
    more = len(rows) > limit
    page = rows[:limit]
    return Page(page, encode_cursor(page[-1].path, page[-1].currency) if more else None)


async def balances(
    tx: Transaction,
    paths: Collection[str],
    *,
    at: datetime | None = None,
    effective_at: datetime | None = None,
) -> list[Balance]:
    """What stands on the accounts of these paths, in every currency they are open in.

    Now, with what is held; or posted only, as the ledger knew it ``at`` an instant (recorded time)
    or as it counts at the instant ``effective_at``, whenever it was recorded.
    """
    assert at is None or effective_at is None, "ask for one of the two times"
    if at is not None:
        past = await store.balances_recorded(tx, sorted(paths), at)
    elif effective_at is not None:
        past = await store.balances_counted(tx, sorted(paths), effective_at)
    else:
        return [state.balance for state in await accounts_at(tx, paths)]
    return [Balance(b.path, b.currency, Money.of(b.posted_minor, b.currency)) for b in past]


async def entries(
    tx: Transaction, account_id: UUID, *, limit: int = LIMIT_DEFAULT, cursor: str | None = None
) -> Page[Entry]:
    """An account's history, newest first; ``AccountNotFound``."""
    account = await get_account(tx, account_id)
    rows = await entry_store.list_entries(tx, account.account_id, _before(cursor), limit + 1)
    page = rows[:limit]
    return Page(page, encode_cursor(page[-1].version) if len(rows) > limit else None)


async def get_transfer(tx: Transaction, transfer_id: UUID) -> RecordedTransfer:
    """The transfer of this id with all its legs; ``TransferNotFound``."""
    found = await _with_legs(tx, await store.transfers_named(tx, [transfer_id]))
    if not found:
        raise TransferNotFound(f"There is no transfer {TRANSFER.text(transfer_id)}.")
    return found[0]


async def transfers_of(
    tx: Transaction, subject: str, *, limit: int = 1000
) -> list[RecordedTransfer]:
    """The last ``limit`` transfers about a subject, in the order of recording."""
    rows = await store.transfers_about(tx, subject, _NO_BOUND, limit)
    return await _with_legs(tx, rows[::-1])


async def list_transfers(
    tx: Transaction,
    *,
    subject: str | None = None,
    limit: int = LIMIT_DEFAULT,
    cursor: str | None = None,
) -> Page[RecordedTransfer]:
    """Transfers, newest first; all of them, or those about a subject."""
    before = _before(cursor)
    if subject is None:
        rows = await store.latest_transfers(tx, before, limit + 1)
    else:
        rows = await store.transfers_about(tx, subject, before, limit + 1)
    page = await _with_legs(tx, rows[:limit])
    return Page(page, encode_cursor(page[-1].position) if len(rows) > limit else None)


async def trial_balance(
    tx: Transaction,
    *,
    at: datetime | None = None,
    effective_at: datetime | None = None,
    by_account: bool = False,
    prefix: str = "",
) -> list[TrialBalance]:
    """Every currency with its accounts, summed by the first part of their path or one by one.

    Now, as the ledger knew it ``at`` an instant, or as it counts at ``effective_at``. ``prefix``
    narrows it to paths that begin so; then debits and credits need not be the same.
    """
    assert at is None or effective_at is None, "ask for one of the two times"
    time = Time.RECORDED if effective_at is None else Time.EFFECTIVE
    rows = await store.trial_rows(
        tx, at or effective_at, time, by_account=by_account, prefix=prefix
    )
    return trial_balances_of(rows)


def trial_balances_of(rows: Iterable[store.TrialRow]) -> list[TrialBalance]:
    """Rows in the order of their currencies, as one trial balance a currency."""
    lines = [
        TrialLine(
            row.head,
            row.currency,
            row.accounts,
            Money.of(row.debits_minor, row.currency),
            Money.of(row.credits_minor, row.currency),
        )
        for row in rows
    ]
    by_currency = groupby(lines, key=lambda line: line.currency)
    return [TrialBalance(currency, tuple(of_it)) for currency, of_it in by_currency]


async def verify(tx: Transaction) -> Report:
    """Compute every invariant again from the entries, and the seals from what they sealed.

    Sums of zero, balances, chains, limits, holds, whole transfers, closed periods. Reads the whole
    ledger of the marketplace, and blocks nobody.
    """
    found = await verification.findings(tx, FINDINGS_MAX)
    found += await seal_findings(tx)
    counts = await verification.count_all(tx)
    return Report(
        counts.accounts, counts.transfers, counts.legs, tuple(found[:FINDINGS_MAX]), await head(tx)
    )


def _before(cursor: str | None) -> int:
    if cursor is None:
        return _NO_BOUND
    (before,) = decode_cursor(cursor, [int])
    assert isinstance(before, int)
    return max(-_NO_BOUND, min(before, _NO_BOUND))


async def _with_legs(tx: Transaction, rows: Sequence[store.TransferRow]) -> list[RecordedTransfer]:
    legs: dict[UUID, list[RecordedLeg]] = {row.transfer_id: [] for row in rows}
    if legs:
        for leg in await store.legs_of(tx, list(legs)):
            legs[leg.transfer_id].append(leg)
    return [
        RecordedTransfer(
            id=row.transfer_id,
            position=row.position,
            subject=row.subject,
            effective_at=row.effective_at,
            recorded_at=row.recorded_at,
            may_break_limits=row.may_break_limits,
            description=row.description or "",
            metadata=row.metadata or {},
            legs=tuple(legs[row.transfer_id]),
        )
        for row in rows
    ]  # fmt: skip
