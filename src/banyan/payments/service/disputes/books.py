"""The money of a dispute: from what is booked to what has to be, each movement once."""

from dataclasses import dataclass, field, replace
from uuid import UUID

from banyan.kernel import derived_id
from banyan.ledger import Transfer
from banyan.payments.model import (
    Dispute,
    DisputeMove,
    DisputeSettings,
    MoveKind,
    Payment,
    ProviderRate,
    Reversal,
)
from banyan.payments.rules import AFTER, booked_as, decide_bearer, share_reversal, way
from banyan.payments.service import bookings, exchanges
from banyan.payments.service.disputes.reading import get_dispute_settings
from banyan.payments.service.payouts import schedule_payouts
from banyan.payments.store import disputes as store
from banyan.payments.store import payments as payments_store
from banyan.payments.store import refunds as refunds_store
from banyan.runtime import Transaction


@dataclass(slots=True)
class _Books:
    """A locked payment and one of its disputes while money moves between them."""

    tx: Transaction
    settings: DisputeSettings
    payment: Payment
    dispute: Dispute
    rate: ProviderRate | None
    transfers: list[Transfer] = field(default_factory=list[Transfer])
    moves: list[DisputeMove] = field(default_factory=list[DisputeMove])
    freed: set[UUID] = field(default_factory=set[UUID])

    async def fee(self, minor: int) -> None:
        """The provider has taken ``minor`` more for the dispute, or given it back (below zero)."""
        self._count("fee", minor)
        self.transfers += bookings.dispute_fee(self.dispute, minor)
        self.dispute = replace(self.dispute, fee_minor=self.dispute.fee_minor + minor)

    async def hold(self) -> None:
        """Hold as much as has not gone back already, from whoever is to bear it."""
        held = min(self.dispute.amount, self.payment.left)
        self.dispute = replace(self.dispute, round=self.dispute.round + 1, held_minor=held.minor)
        self._count("hold", held.minor)
        reversals = list[Reversal]()
        if held.minor and self.dispute.bearer == "seller":
            splits = await payments_store.select_splits(self.tx, [self.payment.payment_id])
            is_released = self.payment.released_at is not None
            reversals = share_reversal(
                _round_id(self.dispute), held, splits, is_from_available=is_released
            )
            await refunds_store.insert_reversals(self.tx, reversals)
            await payments_store.add_to_reversed(self.tx, reversals, 1)
        self._reverse(held.minor)
        self.transfers += bookings.dispute_held(self.dispute, reversals)

    async def give_back(self) -> None:
        reversals = await self._reversals()
        is_released = self.payment.released_at is not None
        self._count("give_back", self.dispute.held_minor)
        self.transfers += bookings.dispute_given_back(
            self.dispute, reversals, is_released=is_released
        )
        await payments_store.add_to_reversed(self.tx, reversals, -1)
        self._reverse(-self.dispute.held_minor)
        self.dispute = replace(self.dispute, held_minor=0)
        if is_released or any(reversal.is_from_available for reversal in reversals):
            self.freed |= {reversal.seller_id for reversal in reversals}

    async def lose(self) -> None:
        reversals = await self._reversals()
        bears_fee = self.settings.fee_bearer == "seller" and any(
            reversal.seller_minor for reversal in reversals
        )
        recharged_minor = self.dispute.fee_minor if bears_fee else 0
        self.dispute = replace(self.dispute, recharged_minor=recharged_minor)
        self._count("lose", self.dispute.amount_minor)
        self.transfers += bookings.dispute_lost(self.dispute, reversals)

    async def regain(self) -> None:
        self._count("regain", self.dispute.amount_minor)
        self.transfers += bookings.dispute_regained(self.dispute, await self._reversals())
        self.dispute = replace(self.dispute, recharged_minor=0)

    async def write(self) -> None:
        """Everything at once; the ledger last, as it locks accounts that all share."""
        await store.insert_moves(self.tx, self.moves)
        await payments_store.save_payments(self.tx, [self.payment])
        await store.save_dispute(self.tx, self.dispute)
        await schedule_payouts(self.tx, self.freed)
        if self.transfers:
            await exchanges.post(self.tx, self.payment, self.transfers, self.rate)

    def _count(self, what: MoveKind, amount_minor: int) -> None:
        """One movement more; its number makes the id of its booking."""
        self.dispute = replace(
            self.dispute,
            moves=self.dispute.moves + 1,
            booked=self.dispute.booked if what == "fee" else AFTER[what],
        )
        self.moves.append(
            DisputeMove(
                marketplace_id=self.tx.marketplace_id,
                dispute_id=self.dispute.dispute_id,
                ordinal=self.dispute.moves,
                what=what,
                amount_minor=amount_minor,
                made_at=self.tx.now,
            )
        )

    def _reverse(self, minor: int) -> None:
        reversed_minor = self.payment.reversed_minor + minor
        self.payment = replace(self.payment, reversed_minor=reversed_minor)

    async def _reversals(self) -> list[Reversal]:
        """Who gave what when the money was last held."""
        return await refunds_store.select_reversals(self.tx, [_round_id(self.dispute)])


async def book(
    tx: Transaction,
    payment: Payment,
    before: Dispute,
    told: Dispute,
    rate: ProviderRate | None = None,
) -> tuple[Payment, Dispute]:
    """Move the money of ``before`` to where ``told`` has to have it, and save both records.

    The payment is locked. What was booked is undone as it was booked, whatever ``told`` says now.
    ``rate`` is what the provider exchanges by, where it settles in another currency.
    """
    books = _Books(tx, await get_dispute_settings(tx), payment, before, rate)
    target = booked_as(told.stage, told.state)
    moving = {
        "hold": books.hold,
        "give_back": books.give_back,
        "lose": books.lose,
        "regain": books.regain,
    }
    if told.fee_minor != before.fee_minor:
        await books.fee(told.fee_minor - before.fee_minor)
    for step in way(before.booked, target, is_changed=_is_changed(payment, before, told)):
        if step == "hold":
            books.dispute = _as_told(books, before, told)
        await moving[step]()
    books.dispute = _as_told(books, before, told)
    await books.write()
    return books.payment, books.dispute


async def rebook(tx: Transaction, payment_id: UUID) -> None:
    """Cover disputes for more than was left, now that a refund has failed and more is left."""
    [payment] = await payments_store.lock_payments(tx, [payment_id]) or [None]
    assert payment is not None, "a payment is never deleted"
    for dispute in await store.disputes_of(tx, payment_id):
        if _is_changed(payment, dispute, dispute) and dispute.booked != "free":
            changed = replace(dispute, revision=dispute.revision + 1)
            payment, _ = await book(tx, payment, dispute, changed)


def _is_changed(payment: Payment, before: Dispute, told: Dispute) -> bool:
    """Whether another amount has to be held than is."""
    could_hold = payment.left.minor + before.held_minor
    return told.amount_minor != before.amount_minor or before.held_minor != min(
        told.amount_minor, could_hold
    )


def _as_told(books: _Books, before: Dispute, told: Dispute) -> Dispute:
    """What is told, with the bookings as they stand.

    Who bears it is decided by the present rules, until money is held; then that stays, also where
    another amount is held instead, unless the reason has become another.
    """
    now = books.dispute
    is_undecided = before.booked == "free" or before.category != told.category
    if now.booked == "free" and is_undecided:
        bearing = decide_bearer(told.category, books.payment.liability, books.settings)
        told = replace(told, bearer=bearing.bearer, bearer_reason=bearing.reason)
    else:
        told = replace(told, bearer=now.bearer, bearer_reason=now.bearer_reason)
    return replace(
        told,
        booked=now.booked,
        held_minor=now.held_minor,
        fee_minor=now.fee_minor,
        recharged_minor=now.recharged_minor,
        round=now.round,
        moves=now.moves,
    )


def _round_id(dispute: Dispute) -> UUID:
    """Names who gave what when money was held for the ``round``-th time."""
    if dispute.round == 1:
        return dispute.dispute_id
    return derived_id(dispute.dispute_id, "round", dispute.round)
