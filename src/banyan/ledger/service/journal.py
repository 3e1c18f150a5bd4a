"""What has moved, for those who keep other books by it: invoices, accounting."""

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from banyan.ledger.model import AccountState, JournalLeg, Move
from banyan.ledger.store import journal as store
from banyan.runtime import Transaction


async def accounts_under(tx: Transaction, prefixes: Sequence[str]) -> list[AccountState]:
    """Every account whose path starts with one of ``prefixes``, by path and currency.

    They are read at one moment: a transfer is in the versions of all of them, or of none.
    """
    return await store.accounts_under(tx, prefixes)


async def moves_after(
    tx: Transaction, account: AccountState, after: int, *, limit: int
) -> list[Move]:
    """The next ``limit`` movements of an account behind version ``after``, up to its own version.

    Versions have no gaps and become visible in their order: who goes on from the last one that it
    has seen misses nothing and sees nothing twice. Holds move nothing and are left out.
    """
    return await store.moves_after(tx, account.account_id, after, account.version, limit)


def journal(tx: Transaction, since: datetime, until: datetime) -> AsyncIterator[JournalLeg]:
    """Every leg that moved money and takes effect from ``since`` until before ``until``.

    By date, the legs of a transfer together and in their order; fetched as they are asked for.
    """
    return store.stream_journal(tx, since, until)
