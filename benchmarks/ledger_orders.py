"""Orders as payments book them: a hold when they are authorized, five legs when they are captured.

The buyer's money, the seller's part out of it, commission, tax on it, the provider's fee: five of the
six accounts are in every order. ``plain`` books the same by hand, in two database transactions.
"""

import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from uuid import UUID

import psycopg

from banyan.kernel import Money, new_id
from banyan.ledger import Account, GroupCommit, Kind, Leg, Outcome, PendingRef, Side, Transfer
from banyan.runtime import Database

SELLERS = 10_000
RECEIVABLE = Account("provider:sandbox:receivable", "EUR", normal=Side.DEBIT)
FEES = Account("provider:sandbox:fees", "EUR", normal=Side.DEBIT)
HELD = Account("buyer:funds_held", "EUR")
COMMISSION = Account("platform:commission", "EUR")
TAX = Account("tax:FR:commission", "EUR")
PENDING = [Account(f"seller:{n}:pending", "EUR", floor=0) for n in range(1, SELLERS + 1)]
ACCOUNTS = [RECEIVABLE, FEES, HELD, COMMISSION, TAX, *PENDING]

Order = Callable[[], Awaitable[None]]


def order(seller: Account, subject: str) -> tuple[Transfer, Transfer]:
    """The two transfers of an order of 100 euros."""
    total = Money.of(10_000, "EUR")
    authorization = Transfer(
        new_id(), (Leg(RECEIVABLE, HELD, total, "authorize", Kind.PENDING),), subject
    )
    capture = (
        Leg(RECEIVABLE, HELD, total, "authorize", Kind.POST, PendingRef(authorization.id)),
        Leg(HELD, seller, total, "split"),
        Leg(seller, COMMISSION, Money.of(1_200, "EUR"), "commission"),
        Leg(seller, TAX, Money.of(240, "EUR"), "commission_tax"),
        Leg(FEES, RECEIVABLE, Money.of(175, "EUR"), "provider_fee"),
    )
    return authorization, Transfer(new_id(), capture, subject)


def grouped(database: Database, marketplace_id: UUID) -> Order:
    group = GroupCommit(database)

    async def book() -> None:
        for transfer in order(random.choice(PENDING), "ord_01h455vb4pex5vskknk084sn2q"):
            assert await group.post(marketplace_id, transfer) is Outcome.POSTED

    return book


@dataclass(slots=True)
class _Books:
    """An account as it is locked: what is posted, held to go out and to come in, and its version."""

    posted: int
    pending_out: int
    pending_in: int
    version: int


Connect = Callable[[], Awaitable[psycopg.AsyncConnection]]


@dataclass(frozen=True, slots=True)
class PlainOrders:
    """Each transfer is a database transaction of its own, of two pipelined round trips."""

    marketplace_id: UUID
    numbers: dict[str, int]
    take: Connect
    give: Callable[[psycopg.AsyncConnection], None]

    async def book(self) -> None:
        for transfer in order(random.choice(PENDING), "ord_01h455vb4pex5vskknk084sn2q"):
            connection = await self.take()
            try:
                await self._post(connection, transfer)
            finally:
                self.give(connection)

    async def _post(self, connection: psycopg.AsyncConnection, transfer: Transfer) -> None:
        touched = sorted(
            {self.numbers[side.path] for leg in transfer.legs for side in (leg.debit, leg.credit)}
        )
        names = {"marketplace_id": self.marketplace_id, "ids": touched}
        async with connection.pipeline():
            await connection.execute("begin")
            cursor = await connection.execute(_LOCK, names)
            books = {row[0]: _Books(*row[1:]) for row in await cursor.fetchall()}
        rows = [self._moved(books, transfer, number) for number in range(len(transfer.legs))]
        async with connection.pipeline():
            for row in rows:
                await connection.execute(_INSERT, row)
                if row["kind"] == "pending":
                    await connection.execute(_HOLD, row)
                elif row["kind"] == "post":
                    await connection.execute(_RELEASE, row)
            for update in self._updates(books):
                await connection.execute(_UPDATE, update)
            await connection.execute("commit")

    def _moved(
        self, books: dict[int, _Books], transfer: Transfer, number: int
    ) -> dict[str, object]:
        leg = transfer.legs[number]
        debit, credit = (self.numbers[side.path] for side in (leg.debit, leg.credit))
        out, into, amount = books[debit], books[credit], leg.amount.minor
        if leg.kind is Kind.PENDING:
            out.pending_out += amount
            into.pending_in += amount
        else:
            out.posted -= amount
            into.posted += amount
        if leg.kind is Kind.POST:
            out.pending_out -= amount
            into.pending_in -= amount
        assert leg.debit.floor is None or out.posted - out.pending_out >= leg.debit.floor
        out.version += 1
        into.version += 1
        return {
            "marketplace_id": self.marketplace_id,
            "transfer_id": transfer.id,
            "leg": number,
            "kind": leg.kind.value,
            "debit": debit,
            "credit": credit,
            "amount": amount,
            "code": leg.code,
            "subject": transfer.subject,
            "pending_id": leg.pending and leg.pending.transfer_id,
            "pending_leg": leg.pending and leg.pending.leg,
            "debit_version": out.version,
            "debit_posted": out.posted,
            "credit_version": into.version,
            "credit_posted": into.posted,
        }

    def _updates(self, books: dict[int, _Books]) -> Sequence[dict[str, object]]:
        return [
            {
                "marketplace_id": self.marketplace_id,
                "account_id": number,
                "posted": book.posted,
                "pending_out": book.pending_out,
                "pending_in": book.pending_in,
                "version": book.version,
            }
            for number, book in books.items()
        ]


_LOCK = """
select account_id, posted_minor, pending_out_minor, pending_in_minor, version from plain.accounts
where marketplace_id = %(marketplace_id)s and account_id = any(%(ids)s)
order by account_id for no key update
"""
_INSERT = """
insert into plain.transfers
  (marketplace_id, position, transfer_id, leg, kind, debit_account_id, credit_account_id, amount_minor,
   code, subject, may_break_limits, pending_transfer_id, pending_leg, effective_at, recorded_at,
   debit_version, debit_posted_minor, credit_version, credit_posted_minor)
select %(marketplace_id)s, nextval('plain.positions'), %(transfer_id)s, %(leg)s, %(kind)s, %(debit)s,
  %(credit)s, %(amount)s, %(code)s, %(subject)s, false, %(pending_id)s, %(pending_leg)s, now(), now(),
  %(debit_version)s, %(debit_posted)s, %(credit_version)s, %(credit_posted)s
"""
_HOLD = """
insert into plain.holds (marketplace_id, transfer_id, leg)
values (%(marketplace_id)s, %(transfer_id)s, %(leg)s)
"""
_RELEASE = """
delete from plain.holds
where marketplace_id = %(marketplace_id)s and transfer_id = %(pending_id)s and leg = %(pending_leg)s
"""
_UPDATE = """
update plain.accounts
set posted_minor = %(posted)s, pending_out_minor = %(pending_out)s, pending_in_minor = %(pending_in)s,
  version = %(version)s, recorded_at = now()
where marketplace_id = %(marketplace_id)s and account_id = %(account_id)s
"""
