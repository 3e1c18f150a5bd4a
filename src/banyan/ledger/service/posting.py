"""Posting transfers, and what rules over posting: terms of accounts and expiry."""

from collections.abc import Sequence
from uuid import UUID

from banyan.kernel import Fault, derived_id
from banyan.ledger import rules
from banyan.ledger.errors import (
    AccountDiffers,
    AccountInUse,
    TransferRejected,
)
from banyan.ledger.model import (
    TRANSFER,
    Account,
    AccountState,
    Kind,
    Leg,
    Outcome,
    PendingRef,
    RecordedLeg,
    Rejection,
    Transfer,
)
from banyan.ledger.service.reading import get_account, get_transfer
from banyan.ledger.store import posting as store
from banyan.ledger.store import reading
from banyan.runtime import Database, JobDraft, Transaction

EXPIRY_JOB = "ledger.expire"


async def post(tx: Transaction, transfers: Sequence[Transfer]) -> list[Outcome | Rejection]:
    """Post transfers in their order; an outcome for each.

    Each is decided as if posted alone after the ones before it. A rejected one leaves no trace. A
    transfer that was posted before is ``ALREADY_POSTED``: sending it again changes nothing. The
    accounts stay locked until the database transaction ends, so post late in it, and once.
    """
    accounts = _accounts_in(transfers)
    texts: list[str] = []
    for run in rules.runs(transfers):
        texts += await store.post(tx, accounts, run)
    outcomes = [rules.outcome_of(text) for text in texts]
    await _await_expiry(tx, transfers, outcomes)
    return outcomes


async def post_alone(
    database: Database, marketplace_id: UUID, transfers: Sequence[Transfer]
) -> list[Outcome | Rejection]:
    """``post`` in a transaction of its own, in one round trip where that is possible.

    It isn't if a transfer needs another one of the call, or a timer, or if the marketplace is a
    sandbox, whose clock has to be read first.
    """
    marketplace = await database.marketplace(marketplace_id)
    runs = [*rules.runs(transfers)]
    has_timer = any(leg.expires_at for transfer in transfers for leg in transfer.legs)
    if len(runs) > 1 or has_timer or not marketplace.livemode:
        async with database.transaction(marketplace_id) as tx:
            return await post(tx, transfers)
    accounts = _accounts_in(transfers)
    texts = await store.post_alone(database, marketplace_id, accounts, runs[0])
    return [rules.outcome_of(text) for text in texts]


def _accounts_in(transfers: Sequence[Transfer]) -> dict[tuple[str, str], Account]:
    """Each account that the transfers touch, by path and currency."""
    accounts: dict[tuple[str, str], Account] = {}
    for transfer in transfers:
        for leg in transfer.legs:
            accounts.setdefault((leg.debit.path, leg.debit.currency), leg.debit)
            accounts.setdefault((leg.credit.path, leg.credit.currency), leg.credit)
    return accounts


async def post_or_refuse(tx: Transaction, transfers: Sequence[Transfer]) -> None:
    """Post transfers that have to go through: ``TransferRejected`` if one of them does not.

    The refusal rolls the database transaction back, and with it the ones that did.
    """
    outcomes = await post(tx, transfers)
    for transfer, outcome in zip(transfers, outcomes, strict=True):
        if isinstance(outcome, Rejection):
            raise rejected(transfer.id, outcome)


def rejected(transfer_id: UUID, rejection: Rejection) -> TransferRejected:
    """The refusal that says why a transfer was rejected."""
    detail = f"{TRANSFER.text(transfer_id)} was not posted. {rejection.detail}"
    return TransferRejected(detail, faults=(Fault(rejection.reason, rejection.detail),))


async def _await_expiry(
    tx: Transaction, transfers: Sequence[Transfer], outcomes: Sequence[Outcome | Rejection]
) -> None:
    """One timer for each posted transfer that holds money until an instant."""
    timers: list[JobDraft] = []
    for transfer, outcome in zip(transfers, outcomes, strict=True):
        ends = {leg.expires_at for leg in transfer.legs if leg.expires_at is not None}
        if outcome is Outcome.POSTED:
            timers += [JobDraft(EXPIRY_JOB, f"{transfer.id.hex}@{at}", due_at=at) for at in ends]
    await tx.enqueue_all(timers)


async def expire_due(tx: Transaction, limit: int = 1000) -> int:
    """Release what is held by pending legs whose time has come; how many legs were expired."""
    due = await reading.due_holds(tx, limit)
    held = {
        (row.transfer_id, row.leg): row
        for row in await reading.legs_of(tx, [ref.transfer_id for ref in due])
    }
    expiries = [_expiry(ref, held[ref.transfer_id, ref.leg]) for ref in due]
    outcomes = await post(tx, expiries)
    return outcomes.count(Outcome.POSTED)


def _expiry(ref: PendingRef, held: RecordedLeg) -> Transfer:
    nothing = held.amount - held.amount
    return Transfer(
        id=derived_id(ref.transfer_id, "expire", ref.leg),
        legs=(Leg(held.debit, held.credit, nothing, held.code, Kind.EXPIRE, ref),),
        subject=TRANSFER.text(ref.transfer_id),
    )


async def reverse(
    tx: Transaction, transfer_id: UUID, reversal_id: UUID, *, may_break_limits: bool = False
) -> Transfer:
    """Take a transfer back by a new one with mirrored legs; pending legs are voided.

    Raises ``TransferNotFound``, ``NotReversible``, or ``TransferRejected`` (a hold that has been
    resolved, a balance that was spent).
    """
    mirrored = rules.reversal(
        await get_transfer(tx, transfer_id), reversal_id, may_break_limits=may_break_limits
    )
    await post_or_refuse(tx, [mirrored])
    return mirrored


async def open_account(tx: Transaction, account: Account) -> AccountState:
    """Open an account ahead of its first transfer, or find it open with the same terms.

    ``AccountDiffers`` if it is open with others: terms don't change under what was posted.
    """
    await store.open_account(tx, account)
    states = await reading.accounts_at(tx, [account.path])
    state = next(state for state in states if state.currency == account.currency)
    if state.declared != account:
        raise AccountDiffers(
            f"{account.path} {account.currency} is open as {state.normal}-normal with floor "
            f"{state.floor_minor} and ceiling {state.ceiling_minor}."
        )
    return state


async def close_account(tx: Transaction, account_id: UUID) -> AccountState:
    """Close an account for new transfers; ``AccountInUse`` while anything stands on it."""
    state = await get_account(tx, account_id)
    closed = await store.close_account(tx, state.account_id)
    if closed is None:
        raise AccountInUse(f"{state.path} {state.currency} holds {state.balance.posted}.")
    return closed
