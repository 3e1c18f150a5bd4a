"""The ledger as a textbook would write it: one transfer after the other, on plain dictionaries."""

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from banyan.kernel import MINOR_MAX
from banyan.ledger import Account, Kind, Leg, Outcome, PendingRef, Reason, Rejection, Transfer


@dataclass
class Book:
    """One account's balances."""

    posted: int = 0
    pending_out: int = 0
    pending_in: int = 0
    version: int = 0


@dataclass
class ReferenceLedger:
    """What the real one must do, whatever the batches are."""

    now: datetime
    books: dict[Account, Book] = field(default_factory=dict[Account, Book])
    transfers: dict[UUID, Transfer] = field(default_factory=dict[UUID, Transfer])
    resolved: set[PendingRef] = field(default_factory=set[PendingRef])
    closed_accounts: set[Account] = field(default_factory=set[Account])
    closed_through: datetime | None = None

    def post(self, transfer: Transfer) -> Outcome | Rejection:
        known = self.transfers.get(transfer.id)
        if known is not None:
            return Outcome.ALREADY_POSTED if known == transfer else Rejection(Reason.ID_REUSED)
        resolving = set[PendingRef]()
        for leg in transfer.legs:
            reason = self._fault(transfer, leg, resolving)
            if reason is not None:
                return Rejection(reason)
            if leg.pending is not None:
                resolving.add(leg.pending)
        before = deepcopy(self.books)
        for leg in transfer.legs:
            self._apply(leg)
            if self._breaks_limit(leg) and not transfer.may_break_limits:
                self.books = before
                return Rejection(Reason.LIMIT_EXCEEDED)
        self.transfers[transfer.id] = transfer
        self.resolved |= resolving
        return Outcome.POSTED

    def open_holds(self) -> list[tuple[PendingRef, Leg]]:
        legs = [
            (PendingRef(transfer.id, number), leg)
            for transfer in self.transfers.values()
            for number, leg in enumerate(transfer.legs)
            if leg.kind is Kind.PENDING
        ]
        return [(ref, leg) for ref, leg in legs if ref not in self.resolved]

    def _fault(self, transfer: Transfer, leg: Leg, resolving: set[PendingRef]) -> Reason | None:
        closed, effective = self.closed_through, transfer.effective_at
        if closed is not None and effective is not None and effective <= closed:
            return Reason.PERIOD_CLOSED
        if leg.debit == leg.credit:
            return Reason.SAME_ACCOUNT
        if leg.debit.currency != leg.credit.currency:
            return Reason.CURRENCY_MISMATCH
        if leg.pending is not None:
            return self._resolution_fault(leg, leg.pending, resolving)
        if not 1 <= leg.amount.minor <= MINOR_MAX:
            return Reason.INVALID_AMOUNT
        if {leg.debit, leg.credit} & self.closed_accounts:
            return Reason.ACCOUNT_CLOSED
        if leg.expires_at is not None and leg.expires_at <= self.now:
            return Reason.INVALID_EXPIRY
        return None

    def _resolution_fault(
        self, leg: Leg, ref: PendingRef, resolving: set[PendingRef]
    ) -> Reason | None:
        held = self._held(ref)
        if held is None:
            return Reason.PENDING_NOT_FOUND
        if (held.debit, held.credit) != (leg.debit, leg.credit):
            return Reason.PENDING_MISMATCH
        amount_max = held.amount.minor if leg.kind is Kind.POST else 0
        amount_min = 1 if leg.kind is Kind.POST else 0
        if not amount_min <= leg.amount.minor <= amount_max:
            return Reason.INVALID_AMOUNT
        if ref in self.resolved or ref in resolving:
            return Reason.PENDING_RESOLVED
        has_expired = held.expires_at is not None and held.expires_at <= self.now
        if leg.kind is Kind.POST and has_expired:
            return Reason.PENDING_EXPIRED
        if leg.kind is Kind.EXPIRE and not has_expired:
            return Reason.PENDING_NOT_EXPIRED
        return None

    def _held(self, ref: PendingRef) -> Leg | None:
        transfer = self.transfers.get(ref.transfer_id)
        if transfer is None or ref.leg >= len(transfer.legs):
            return None
        leg = transfer.legs[ref.leg]
        return leg if leg.kind is Kind.PENDING else None

    def _apply(self, leg: Leg) -> None:
        debit = self.books.setdefault(leg.debit, Book())
        credit = self.books.setdefault(leg.credit, Book())
        debit.version += 1
        credit.version += 1
        if leg.kind is Kind.PENDING:
            debit.pending_out += leg.amount.minor
            credit.pending_in += leg.amount.minor
            return
        debit.posted -= leg.amount.minor
        credit.posted += leg.amount.minor
        if leg.pending is not None:
            held = self._held(leg.pending)
            assert held is not None
            debit.pending_out -= held.amount.minor
            credit.pending_in -= held.amount.minor

    def _breaks_limit(self, leg: Leg) -> bool:
        if leg.pending is not None:
            return False
        debit, credit = self.books[leg.debit], self.books[leg.credit]
        floor = -MINOR_MAX if leg.debit.floor is None else leg.debit.floor
        ceiling = MINOR_MAX if leg.credit.ceiling is None else leg.credit.ceiling
        return (
            debit.posted - debit.pending_out < floor
            or credit.posted + credit.pending_in > ceiling
        )  # fmt: skip
