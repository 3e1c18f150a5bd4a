"""The accounts that people name for an exchange."""

from banyan.ledger import Account, AccountNotFound, accounts_at
from banyan.runtime import Transaction


async def account_in(tx: Transaction, path: str, currency: str) -> Account:
    """The open account of this path in a currency, with its terms; ``AccountNotFound``."""
    for state in await accounts_at(tx, [path]):
        if state.currency == currency:
            return state.declared
    raise AccountNotFound(f"There is no account {path[:120]} in {currency}; open it first.")
