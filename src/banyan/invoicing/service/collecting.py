"""Taking over from the ledger what sellers are to be billed for.

The ledger stays the truth: every movement on the accounts of commission and of the tax on it becomes
charges that come to the same amount, once. Each account is read in the order of its versions, which
have no gaps, and a cursor keeps how far; so nothing needs to tell us, and nothing can be missed.
"""

from collections.abc import Sequence
from uuid import UUID

from banyan import ledger, payments
from banyan.invoicing import rules
from banyan.invoicing.store import charges as store
from banyan.ledger import AccountState, Move
from banyan.runtime import Transaction

PAGE = 1_000
COLLECT_MAX = 20_000
"""Movements that one transaction of a job takes over."""


async def collect(tx: Transaction, *, limit: int = COLLECT_MAX) -> bool:
    """Take over up to about ``limit`` movements; whether all were taken over that there are."""
    await store.lock_invoicing(tx)
    accounts = await billed_accounts(tx)
    cursors = await store.select_cursors(tx)
    taken = 0
    for account in accounts:
        after = cursors.get(account.account_id, 0)
        while after < account.version:
            if taken >= limit:
                return False
            page = await ledger.moves_after(tx, account, after, limit=PAGE)
            moves = rules.whole_transfers(page, PAGE)
            await _take_over(tx, account, moves)
            after = moves[-1].version if len(page) == PAGE else account.version
            await store.save_cursors(tx, {account.account_id: after})
            taken += len(moves)
    return True


async def collect_all(tx: Transaction) -> None:
    """Take over everything there is."""
    while not await collect(tx):
        pass


async def billed_accounts(tx: Transaction) -> list[AccountState]:
    """The accounts whose movements are billed, all as they are at one moment."""
    return [
        account
        for account in await ledger.accounts_under(tx, rules.BILLED_PREFIXES)
        if rules.is_billed(account.path)
    ]


async def _take_over(tx: Transaction, account: AccountState, moves: Sequence[Move]) -> None:
    parents: set[UUID] = {parent for move in moves if (parent := rules.booked_for(move))}
    takings = await payments.takings_of(tx, parents) if parents else {}
    charges = rules.charges_of(account, moves, takings)
    if charges:
        await store.insert_charges(tx, charges)
