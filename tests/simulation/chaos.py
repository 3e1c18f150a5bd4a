"""Payments under fire: the process dies at any await, and the providers do whatever they like.

One run is one payment's life, driven by its state as a client would, with a seed that chooses the
method, the token, the faults of the two providers and the await at which the process dies. After the
death another process goes on. In the end the providers' own books are held against ours.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Coroutine, Generator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

from banyan import commission, payments
from banyan.commission import SellerTerms, Voucher
from banyan.kernel import Money, derived_id, new_id
from banyan.payments import (
    Method,
    MethodType,
    Payment,
    PaymentDraft,
    Sandbox,
    splits_of_pricing,
)
from banyan.payments.jobs import jobs
from banyan.payments.providers import (
    Absent,
    Answer,
    Found,
    Instruction,
    Providers,
    Succeeded,
    Unavailable,
)
from banyan.runtime import Database, DatabaseUnavailable, Job, Transaction, Worker, advance_clock
from tests.commission.records import START, book, rule

STORIES: tuple[tuple[MethodType, str], ...] = (
    ("card", "tok_visa"),
    ("card", "tok_requires_3ds"),
    ("card", "tok_declined_elsewhere_approved"),
    ("card", "tok_declined_stolen_card"),
    ("card", "tok_timeout"),
    ("card", "tok_timeout_not_made"),
    ("card", "tok_late_webhook"),
    ("card", "tok_duplicate_webhook"),
    ("card", "tok_capture_fails"),
    ("card", "tok_refund_fails"),
    ("pix", "tok_visa"),
    ("boleto", "tok_push_paid"),
    ("boleto", "tok_push_never_paid"),
    ("boleto", "tok_push_paid_late"),
)
FINAL = frozenset(
    {
        "declined",
        "expired",
        "voided",
        "capture_failed",
        "captured",
        "partially_refunded",
        "refunded",
    }
)
SELLERS = [derived_id(UUID(int=7), "seller", n) for n in range(3)]


class Died(BaseException):
    """The process is gone; nothing may catch this."""


@dataclass
class Fuse:
    """Counts the steps of all tasks of a process; at the ``at``-th one it dies, and all with it."""

    at: int = -1
    passed: int = 0
    has_blown: bool = False

    def blows(self) -> bool:
        self.passed += 1
        self.has_blown = self.has_blown or self.passed == self.at
        return self.has_blown


class Mortal(Coroutine[Any, Any, Any]):
    """A coroutine of the process: it dies with it, at its next step."""

    def __init__(self, inner: Coroutine[Any, Any, Any], fuse: Fuse) -> None:
        self.inner = inner
        self.fuse = fuse
        self.is_dying = False

    def send(self, value: Any) -> Any:
        if not self.is_dying and self.fuse.blows():
            self.is_dying = True
            return self.inner.throw(Died())
        return self.inner.send(value)

    def throw(self, *error: Any) -> Any:
        return self.inner.throw(*error)

    def close(self) -> None:
        self.inner.close()

    def __await__(self) -> Generator[Any, Any, Any]:
        raise NotImplementedError("it is run by a task")


async def until_death(process: Callable[[], Coroutine[Any, Any, None]], fuse: Fuse) -> None:
    """Run a process whose every task may die; the pool of connections is the machine's, and stays."""
    loop = asyncio.get_running_loop()

    def task(
        loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], **more: Any
    ) -> "asyncio.Task[Any]":
        code = getattr(coro, "cr_code", None)
        is_ours = code is not None and "psycopg" not in code.co_filename
        return asyncio.Task(Mortal(coro, fuse) if is_ours else coro, loop=loop, **more)

    loop.set_task_factory(task)  # type: ignore[arg-type]
    try:
        running = loop.create_task(process())
    finally:
        await asyncio.sleep(0)
    try:
        await running
    finally:
        loop.set_task_factory(None)


@dataclass
class Line:
    """How bad the line to the providers is: shares of calls, and what has gone wrong on it so far."""

    dice: random.Random
    share: float
    faults: int = 0

    def strikes(self, share: float) -> bool:
        is_hit = self.dice.random() < share * self.share
        self.faults += is_hit
        return is_hit


class Flaky(Sandbox):
    """A sandbox behind a bad line: calls and answers get lost, look-ups lie."""

    def __init__(self, database: Database, name: str, line: Line) -> None:
        super().__init__(database, name)
        self.line = line

    async def authorize(self, instruction: Instruction) -> Answer:
        return await self._through(super().authorize, instruction)

    async def authenticate(self, instruction: Instruction) -> Answer:
        return await self._through(super().authenticate, instruction)

    async def capture(self, instruction: Instruction) -> Answer:
        return await self._through(super().capture, instruction)

    async def void(self, instruction: Instruction) -> Answer:
        return await self._through(super().void, instruction)

    async def refund(self, instruction: Instruction) -> Answer:
        return await self._through(super().refund, instruction)

    async def find(self, instruction: Instruction) -> Found:
        if self.line.strikes(0.2):
            raise ConnectionError("no answer")
        if self.line.strikes(0.2):
            return Absent()
        return await super().find(instruction)

    async def _through(
        self, call: Callable[[Instruction], Awaitable[Answer]], instruction: Instruction
    ) -> Answer:
        if self.line.strikes(0.15):
            raise ConnectionError("not sent")
        if self.line.strikes(0.1):
            return Unavailable("turned away at the door")
        answer = await call(instruction)
        if self.line.strikes(0.25):
            raise TimeoutError("the answer was lost")
        if self.line.strikes(0.05) and isinstance(answer, Succeeded):
            return Succeeded(answer.reference, answer.amount_minor + 1, answer.currency)
        return answer


async def _failed(tx: Transaction, job: Job, error: str) -> None:
    raise AssertionError(f"{job.kind} failed for good: {error}")


@dataclass
class Chaos:
    """Runs payments in one sandbox marketplace, and counts what was done to them."""

    database: Database
    marketplace: UUID
    runs: int = 0
    deaths: int = 0
    faults: int = 0
    captured: int = 0
    payments: list[UUID] = field(default_factory=list[UUID])

    async def prepare(self) -> None:
        """Connect the second provider."""
        async with self.database.transaction(self.marketplace) as tx:
            await tx.execute(
                """
                insert into payments.connections
                  (marketplace_id, name, kind, fee_bp, created_at, updated_at)
                values (%(marketplace_id)s, 'other', 'sandbox', 250, %(now)s, %(now)s)
                on conflict do nothing
                """,
                now=tx.now,
            )

    async def run(self, seed: int, *, dies_at: int | None = None) -> Fuse:
        """One payment's life. ``dies_at``: the step at which to die; None: chosen by the seed."""
        dice = random.Random(seed)
        type_, token = STORIES[seed % len(STORIES)]
        line = Line(dice, dice.choice((0.0, 0.5, 1.0)))
        fuse = Fuse(dice.randrange(1, 500) if dies_at is None else dies_at)
        life = self._life(line, type_, token, new_id())
        with suppress(Died):
            await until_death(life, fuse)
        if fuse.has_blown:
            self.deaths += 1
            await life()
        self.runs += 1
        self.faults += line.faults
        return fuse

    def _life(
        self, line: Line, type_: MethodType, token: str, payment_id: UUID
    ) -> Callable[[], Coroutine[Any, Any, None]]:
        """A process that makes the payment, if it isn't made yet, and sees it to its end."""
        providers = Providers(
            {name: Flaky(self.database, name, line) for name in ("sandbox", "other")}
        )
        worker = Worker(self.database, jobs(self.database, providers), _failed)
        self.payments.append(payment_id)

        async def live() -> None:
            for _ in range(100):
                with suppress(DatabaseUnavailable):  # a connection died with its user
                    await self._create(type_, token, payment_id)
                    await self._end_leases()
                    await worker.run_due()
                    if await self._step(payment_id):
                        return
            raise AssertionError(f"{token} of {payment_id} never comes to its end")

        return live

    async def _create(self, type_: MethodType, token: str, payment_id: UUID) -> None:
        async with self.database.transaction(self.marketplace) as tx:
            pricing = _pricing()
            draft = PaymentDraft(
                payment_id=payment_id,
                subject=f"ord_{payment_id.hex}",
                buyer_id=derived_id(payment_id, "buyer"),
                amount=pricing.total,
                method=Method(type_, token),
                splits=splits_of_pricing(pricing),
                country="BR",
            )
            await payments.create_payments(tx, [draft])

    async def _step(self, payment_id: UUID) -> bool:
        """What a client does next; whether there is nothing left to do."""
        async with self.database.transaction(self.marketplace) as tx:
            payment = await payments.get_payment(tx, payment_id)
            if payment.state == "authorized":
                await payments.capture_payments(tx, [payment_id])
            elif payment.state == "requires_action":
                await payments.complete_authentication(tx, payment_id)
            elif payment.state == "captured" and await self._wants_refund(tx, payment):
                part = Money.of(1_000, "BRL")
                await payments.refund(tx, payment_id, part, refund_of(payment), "Damaged.", "chaos")
            elif payment.state in FINAL and await self._is_quiet(tx):
                return True
            else:
                await advance_clock(tx, tx.now + timedelta(hours=5))
        return False

    async def _wants_refund(self, tx: Transaction, payment: Payment) -> bool:
        """Once, unless the payment gives its money back by itself."""
        asked = await payments.list_refunds(tx, payment_id=payment.payment_id)
        return payment.void_reason is None and not asked.data

    async def _is_quiet(self, tx: Transaction) -> bool:
        """Nothing is open at the providers or in the jobs."""
        open_attempts = await tx.value(
            """
            select count(*) from payments.attempts
            where marketplace_id = %(marketplace_id)s and state not in ('applied')
            """
        )
        waiting = await tx.value(
            """
            select count(*) from runtime.jobs
            where marketplace_id = %(marketplace_id)s
              and kind in ('payment.apply', 'payment.return_late', 'payment.look_up', 'sandbox.webhook')
            """
        )
        return open_attempts == 0 and waiting == 0

    async def _end_leases(self) -> None:
        """What a dead process held, or put aside for some seconds, can be taken at once."""
        async with self.database.transaction(self.marketplace) as tx:
            await tx.execute(
                """
                update runtime.jobs set leased_until = '-infinity', retry_at = '-infinity'
                where marketplace_id = %(marketplace_id)s
                """
            )

    async def check(self) -> None:
        """The providers' books, ours and the ledger say the same, for every payment to the cent."""
        async with self.database.transaction(self.marketplace) as tx:
            rows = await tx.rows(
                """
                select
                  p.payment_id, p.state, p.captured_minor, p.refunded_minor,
                  coalesce(sum(o.amount_minor) filter (where o.operation = 'capture'), 0)::bigint,
                  count(*) filter (where o.operation = 'capture'),
                  coalesce(sum(o.amount_minor) filter (where o.operation = 'refund'), 0)::bigint
                from payments.payments p
                left join payments.sandbox_operations o
                  on o.marketplace_id = p.marketplace_id
                  and o.payment = any(%(texts)s::text[])
                  and o.payment = (%(names)s::jsonb ->> p.payment_id::text)
                  and o.answer ->> 'outcome' = 'succeeded'
                  and o.known_at <= %(now)s
                where p.marketplace_id = %(marketplace_id)s
                group by p.marketplace_id, p.payment_id
                """,
                names=_names(self.payments),
                texts=[payments.PAYMENT.text(one) for one in self.payments],
                now=tx.now,
            )
            for payment_id, state, captured, refunded, taken, captures, returned in rows:
                assert captures <= 1, f"{payment_id} was captured {captures} times"
                assert captured == taken, f"{payment_id} {state}: we {captured}, they {taken}"
                assert refunded == returned, f"{payment_id} {state}: we {refunded}, they {returned}"
                self.captured += bool(captures)
            for summary in await payments.summary(tx):
                assert summary.is_balanced, summary


def _pricing() -> commission.Pricing:
    """An order with all that there can be: vouchers of both sides, the platform's shipping, a fee."""
    basket = commission.Basket(
        currency="BRL",
        lines=tuple(
            commission.Line(seller, Money.of(3_333 + n, "BRL")) for n, seller in enumerate(SELLERS)
        ),
        shipping={seller: Money.of(10, "BRL") for seller in SELLERS},
        at=START,
        vouchers=(
            Voucher(code="P", funded_by="platform", rate_bp=777),
            Voucher(code="S", funded_by="seller", amount=Money.of(101, "BRL")),
        ),
    )
    fee = rule("Service", kind="service_fee", rate_bp=333)
    sellers = {seller: SellerTerms("BR") for seller in SELLERS}
    return commission.price(basket, book([fee], sellers=sellers, shipping_to="platform"))


def refund_of(payment: Payment) -> UUID:
    return derived_id(payment.payment_id, "chaos")


def _names(ids: list[UUID]) -> Any:
    from psycopg.types.json import Jsonb

    return Jsonb({str(one): payments.PAYMENT.text(one) for one in ids})
