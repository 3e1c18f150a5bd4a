"""Use cases of the ledger."""

from banyan.ledger.service.archive import (
    archive_month,
    check_archive,
)
from banyan.ledger.service.group_commit import GroupCommit
from banyan.ledger.service.periods import (
    BALANCE_JOB,
    close_month,
    close_period,
    get_month,
    keep_balances,
    list_periods,
    period_balances,
)
from banyan.ledger.service.posting import (
    EXPIRY_JOB,
    close_account,
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
from banyan.ledger.service.sealing import (
    SEAL_JOB,
    check_against,
    head,
    is_sealed,
    list_seals,
    request_seal,
    seal,
)
from banyan.ledger.service.statements import statement

__all__ = [
    "BALANCE_JOB",
    "EXPIRY_JOB",
    "SEAL_JOB",
    "GroupCommit",
    "accounts_at",
    "archive_month",
    "balances",
    "check_against",
    "check_archive",
    "close_account",
    "close_month",
    "close_period",
    "entries",
    "expire_due",
    "get_account",
    "get_month",
    "get_transfer",
    "head",
    "is_sealed",
    "keep_balances",
    "list_accounts",
    "list_periods",
    "list_seals",
    "list_transfers",
    "open_account",
    "period_balances",
    "post",
    "post_or_refuse",
    "rejected",
    "request_seal",
    "require_accounts",
    "reverse",
    "seal",
    "statement",
    "transfers_of",
    "trial_balance",
    "verify",
]
