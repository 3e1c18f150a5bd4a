"""Decisions of the ledger that need no database."""

from collections.abc import Iterable, Iterator, Sequence
from uuid import UUID

from banyan.kernel import Money
from banyan.ledger.errors import NotReversible
from banyan.ledger.model import (
    TRANSFER,
    Kind,
    Leg,
    Outcome,
    PendingRef,
    Reason,
    RecordedLeg,
    RecordedTransfer,
    Rejection,
    Transfer,
)

_NUMBER_BITS = 63


def runs(transfers: Iterable[Transfer]) -> Iterator[list[Transfer]]:
    """The transfers cut, in their order, where one needs an earlier one to be decided first.

    That is where an id comes again, and where a leg resolves a pending leg that this run makes or
    resolves. What is left in a run depends on its order through the balances only.
    """
    run: list[Transfer] = []
    ids = set[UUID]()
    resolved = set[PendingRef]()
    for transfer in transfers:
        pending = {leg.pending for leg in transfer.legs if leg.pending is not None}
        needs = {transfer.id, *(ref.transfer_id for ref in pending)}
        if run and not (needs.isdisjoint(ids) and pending.isdisjoint(resolved)):
            yield run
            run, ids, resolved = [], set[UUID](), set[PendingRef]()
        run.append(transfer)
        ids.add(transfer.id)
        resolved |= pending
    if run:
        yield run


def outcome_of(text: str) -> Outcome | Rejection:
    """The outcome that the posting function has given as text."""
    if text == "posted":
        return Outcome.POSTED
    if text == "already_posted":
        return Outcome.ALREADY_POSTED
    return Rejection(Reason(text))


def reversal(
    transfer: RecordedTransfer, reversal_id: UUID, *, may_break_limits: bool = False
) -> Transfer:
    """The transfer that takes ``transfer`` back: mirrored legs, last one first; holds are voided.

    ``NotReversible`` if there is nothing to take back (it only voided holds, say).
    """
    mirrored = [_mirrored(transfer.id, leg) for leg in reversed(transfer.legs)]
    legs = tuple(leg for leg in mirrored if leg is not None)
    text = TRANSFER.text(transfer.id)
    if not legs:
        raise NotReversible(f"The transfer {text} has moved and holds nothing.")
    return Transfer(
        id=reversal_id,
        legs=legs,
        subject=transfer.subject,
        may_break_limits=may_break_limits,
        description=f"Reversal of {text}",
        metadata={"reverses": text},
    )


def _mirrored(transfer_id: UUID, leg: RecordedLeg) -> Leg | None:
    if leg.kind == Kind.PENDING:
        nothing = Money.zero(leg.currency)
        ref = PendingRef(transfer_id, leg.leg)
        return Leg(leg.debit, leg.credit, nothing, leg.code, Kind.VOID, ref)
    if leg.kind in (Kind.POSTED, Kind.POST):
        return Leg(leg.credit, leg.debit, leg.amount, leg.code)
    return None


def account_uuid(marketplace_id: UUID, account_id: int) -> UUID:
    """The id of an account at the edge: half of the marketplace's id, then its number.

    Numbers keep the ledger's keys short; the half in front makes an id of another marketplace
    unknown here, and is why nothing needs to be stored or looked up for it.
    """
    return UUID(int=marketplace_id.int >> 64 << 64 | account_id)


def account_number(marketplace_id: UUID, account: UUID) -> int | None:
    """The number behind an account's id; None if the id is of another marketplace."""
    number = account.int & (1 << 64) - 1
    is_ours = account.int >> 64 == marketplace_id.int >> 64 and number >> _NUMBER_BITS == 0
    return number if is_ours else None


def is_posted(outcomes: Sequence[Outcome | Rejection]) -> bool:
    """Whether every transfer stands in the ledger."""
    return all(isinstance(outcome, Outcome) for outcome in outcomes)
