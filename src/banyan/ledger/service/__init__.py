"""Use cases of the ledger."""

from banyan.ledger.service.group_commit import GroupCommit
from banyan.ledger.service.posting import (
    EXPIRY_JOB,
    close_account,
    close_period,
    expire_due,
    open_account,
    post,
    post_or_refuse,
    rejected,
    reverse,
)
from banyan.ledger.service.reading import (
    accounts_at,
    balances,
    entries,
    get_account,
    get_transfer,
    list_accounts,
    list_transfers,
    require_accounts,
    transfers_of,
    trial_balance,
    verify,
)

__all__ = [
    "EXPIRY_JOB",
    "GroupCommit",
    "accounts_at",
    "balances",
    "close_account",
    "close_period",
    "entries",
    "expire_due",
    "get_account",
    "get_transfer",
    "list_accounts",
    "list_transfers",
    "open_account",
    "post",
    "post_or_refuse",
    "rejected",
    "require_accounts",
    "reverse",
    "transfers_of",
    "trial_balance",
    "verify",
]
