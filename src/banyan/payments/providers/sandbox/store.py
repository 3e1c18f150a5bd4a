"""SQL of the sandbox's own books."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.payments.model import FaultKind, Operation
from banyan.runtime import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """An operation that the sandbox has done, or has refused to do."""

    marketplace_id: UUID
    key: str
    operation: Operation
    reference: str
    payment: str
    amount_minor: int
    currency: str
    token: str
    answer: Mapping[str, object]
    known_at: datetime
    hidden_until: datetime | None
    created_at: datetime
    provider: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredDispute:
    marketplace_id: UUID
    reference: str
    payment: str
    captured_minor: int
    currency: str
    opens_at: datetime
    closes_at: datetime
    result: Literal["won", "lost"]
    path: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredAnswer:
    """What was answered in a dispute; ``proves`` names the evidence."""

    marketplace_id: UUID
    reference: str
    key: str
    kind: str
    proves: list[str]
    answered_at: datetime


async def webhook_secret(tx: Transaction, fresh: str) -> str:
    """The secret that this marketplace's webhooks are signed with; ``fresh`` if there was none."""
    await tx.execute(
        """
        insert into payments.sandbox_accounts (marketplace_id, webhook_secret)
        values (%(marketplace_id)s, %(fresh)s)
        on conflict (marketplace_id) do nothing
        """,
        fresh=fresh,
    )
    return await tx.value(
        """
        select webhook_secret
        from payments.sandbox_accounts
        where marketplace_id = %(marketplace_id)s
        """
    )


async def find_secret(tx: Transaction) -> str | None:
    return await tx.value(
        """
        select webhook_secret
        from payments.sandbox_accounts
        where marketplace_id = %(marketplace_id)s
        """
    )


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that goes wrong for a while, for a share of the calls."""

    fault_id: UUID
    kind: FaultKind
    operations: list[str] | None
    share_bp: int


async def faults_at(tx: Transaction, provider: str) -> list[Fault]:
    """What goes wrong now."""
    return await tx.all(
        Fault,
        """
        select fault_id, kind, operations, share_bp
        from payments.sandbox_faults
        where marketplace_id = %(marketplace_id)s
          and provider = %(provider)s
          and starts_at <= %(now)s
          and %(now)s < ends_at
        order by fault_id
        """,
        provider=provider,
        now=tx.now,
    )


async def cancel_awaited(tx: Transaction, payment: str, answer: Mapping[str, object]) -> None:
    """What the buyer was to pay is not awaited, and does not come, any more."""
    await tx.execute(
        """
        update payments.sandbox_operations
        set answer = %(answer)s
        where marketplace_id = %(marketplace_id)s
          and payment = %(payment)s
          and (operation = 'authorize' or operation = 'capture' and known_at > %(now)s)
        """,
        payment=payment,
        answer=Jsonb(answer),
        now=tx.now,
    )


async def find_operation(tx: Transaction, key: str) -> Stored | None:
    return await tx.one(
        Stored,
        """
        select *
        from payments.sandbox_operations
        where marketplace_id = %(marketplace_id)s and key = %(key)s
        """,
        key=key,
    )


async def lock_payment(tx: Transaction, payment: str) -> None:
    """Operations on one payment go one after the other."""
    await tx.execute(
        "select pg_advisory_xact_lock(hashtextextended(%(lock)s, 0))",
        lock=f"payments.sandbox:{tx.marketplace_id}:{payment}",
    )


async def insert_operation(tx: Transaction, stored: Stored) -> None:
    await tx.execute(
        """
        insert into payments.sandbox_operations
          (marketplace_id, key, operation, reference, payment, amount_minor, currency, token, answer,
           known_at, hidden_until, created_at, provider)
        values
          (%(marketplace_id)s, %(key)s, %(operation)s, %(reference)s, %(payment)s, %(amount_minor)s,
           %(currency)s, %(token)s, %(answer)s, %(known_at)s, %(hidden_until)s, %(created_at)s, %(provider)s)
        """,
        provider=stored.provider,
        key=stored.key,
        operation=stored.operation,
        reference=stored.reference,
        payment=stored.payment,
        amount_minor=stored.amount_minor,
        currency=stored.currency,
        token=stored.token,
        answer=Jsonb(stored.answer),
        known_at=stored.known_at,
        hidden_until=stored.hidden_until,
        created_at=stored.created_at,
    )


async def operations_of(tx: Transaction, provider: str, payment: str) -> list[Stored]:
    """What this sandbox did for a payment, the oldest first."""
    return await tx.all(
        Stored,
        """
        select *
        from payments.sandbox_operations
        where marketplace_id = %(marketplace_id)s
          and payment = %(payment)s
          and provider = %(provider)s
        order by created_at, key
        """,
        provider=provider,
        payment=payment,
    )


async def note_timeout(tx: Transaction, key: str) -> bool:
    """Whether this is the first time that a call with this key is lost."""
    touched = await tx.execute(
        """
        insert into payments.sandbox_timeouts (marketplace_id, key)
        values (%(marketplace_id)s, %(key)s)
        on conflict (marketplace_id, key) do nothing
        """,
        key=key,
    )
    return touched == 1


async def insert_dispute(tx: Transaction, dispute: StoredDispute) -> None:
    await tx.execute(
        """
        insert into payments.sandbox_disputes
          (marketplace_id, reference, payment, captured_minor, currency, opens_at, closes_at, result,
           path)
        values
          (%(marketplace_id)s, %(reference)s, %(payment)s, %(captured_minor)s, %(currency)s,
           %(opens_at)s, %(closes_at)s, %(result)s, %(path)s)
        """,
        reference=dispute.reference,
        payment=dispute.payment,
        captured_minor=dispute.captured_minor,
        currency=dispute.currency,
        opens_at=dispute.opens_at,
        closes_at=dispute.closes_at,
        result=dispute.result,
        path=dispute.path,
    )


async def find_dispute(tx: Transaction, reference: str) -> StoredDispute | None:
    return await tx.one(
        StoredDispute,
        """
        select *
        from payments.sandbox_disputes
        where marketplace_id = %(marketplace_id)s and reference = %(reference)s
        """,
        reference=reference,
    )


async def disputes_of(tx: Transaction, payment: str) -> list[StoredDispute]:
    return await tx.all(
        StoredDispute,
        """
        select *
        from payments.sandbox_disputes
        where marketplace_id = %(marketplace_id)s and payment = %(payment)s
        order by reference
        """,
        payment=payment,
    )


async def insert_answer(tx: Transaction, answer: Stored, proves: Sequence[str]) -> None:
    """Note an operation on a dispute as an answer, and what evidence it had."""
    await tx.execute(
        """
        insert into payments.sandbox_answers
          (marketplace_id, reference, key, kind, proves, answered_at)
        values
          (%(marketplace_id)s, %(reference)s, %(key)s, %(kind)s, %(proves)s, %(answered_at)s)
        """,
        reference=answer.reference,
        key=answer.key,
        kind=answer.operation,
        proves=list(proves),
        answered_at=answer.created_at,
    )


async def answers_to(tx: Transaction, reference: str) -> list[StoredAnswer]:
    """What was answered in a dispute, the oldest first."""
    return await tx.all(
        StoredAnswer,
        """
        select *
        from payments.sandbox_answers
        where marketplace_id = %(marketplace_id)s and reference = %(reference)s
        order by answered_at, key
        """,
        reference=reference,
    )


async def refunded_before(tx: Transaction, payment: str, before: datetime) -> int:
    """What of a payment was refunded before an instant, in minor units."""
    return await tx.value(
        """
        select coalesce(sum(amount_minor), 0)::bigint
        from payments.sandbox_operations
        where marketplace_id = %(marketplace_id)s
          and payment = %(payment)s
          and operation in ('refund', 'payout')
          and answer ->> 'outcome' = 'succeeded'
          and created_at < %(before)s
        """,
        payment=payment,
        before=before,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportLine:
    """A row of a settlement report. Amounts are what it does to the balance."""

    line: str
    type: str
    at: datetime
    currency: str
    gross_minor: int
    fee_minor: int = 0
    key: str = ""
    reference: str = ""
    payment: str = ""
    batch: str = ""


async def operations_between(
    tx: Transaction, provider: str, since: datetime, until: datetime, late_tokens: Sequence[str]
) -> list[Stored]:
    """What was done in [since, until), and before that what may have an effect as late."""
    return await tx.all(
        Stored,
        """
        select *
        from payments.sandbox_operations
        where marketplace_id = %(marketplace_id)s and provider = %(provider)s
          and created_at < %(until)s
          and (created_at >= %(since)s
               or created_at >= %(since)s::timestamptz - interval '60 days'
                  and token = any(%(late_tokens)s))
        order by created_at, key
        """,
        provider=provider,
        since=since,
        until=until,
        late_tokens=list(late_tokens),
    )


async def disputes_before(tx: Transaction, before: datetime) -> list[StoredDispute]:
    """Disputes that were opened within the quarter before an instant."""
    return await tx.all(
        StoredDispute,
        """
        select *
        from payments.sandbox_disputes
        where marketplace_id = %(marketplace_id)s and opens_at < %(before)s
          and opens_at >= %(before)s::timestamptz - interval '90 days'
        order by reference
        """,
        before=before,
    )


async def reported_of_disputes(tx: Transaction, provider: str) -> dict[tuple[str, str], int]:
    """What reports have told of each dispute so far, by its reference and type."""
    rows = await tx.rows(
        """
        select reference, type, sum(gross_minor)::bigint
        from payments.sandbox_report_lines
        where marketplace_id = %(marketplace_id)s and provider = %(provider)s
          and type in ('dispute_fee', 'chargeback', 'chargeback_reversal')
        group by reference, type
        """,
        provider=provider,
    )
    return {(row[0], row[1]): row[2] for row in rows}


async def last_report(tx: Transaction, provider: str) -> date | None:
    return await tx.value(
        """
        select max(settled_on)
        from payments.sandbox_report_lines
        where marketplace_id = %(marketplace_id)s and provider = %(provider)s
        """,
        provider=provider,
    )


async def insert_report_lines(
    tx: Transaction, provider: str, on: date, lines: Sequence[ReportLine]
) -> None:
    """Add those that no report has yet."""
    await tx.execute(
        """
        insert into payments.sandbox_report_lines
          (marketplace_id, provider, line, settled_on, place, type, at, currency, gross_minor,
           fee_minor, key, reference, payment, batch)
        select
          %(marketplace_id)s, %(provider)s, new.line, %(settled_on)s, new.place, new.type, new.at,
          new.currency, new.gross_minor, new.fee_minor, new.key, new.reference, new.payment, new.batch
        from unnest(
          %(lines)s::text[], %(types)s::text[], %(times)s::timestamptz[], %(currencies)s::text[],
          %(gross)s::bigint[], %(fees)s::bigint[], %(keys)s::text[], %(references)s::text[],
          %(payments)s::text[], %(batches)s::text[]
        ) with ordinality as new (line, type, at, currency, gross_minor, fee_minor, key, reference,
                                  payment, batch, place)
        on conflict (marketplace_id, provider, line) do nothing
        """,
        provider=provider,
        settled_on=on,
        lines=[line.line for line in lines],
        types=[line.type for line in lines],
        times=[line.at for line in lines],
        currencies=[line.currency for line in lines],
        gross=[line.gross_minor for line in lines],
        fees=[line.fee_minor for line in lines],
        keys=[line.key for line in lines],
        references=[line.reference for line in lines],
        payments=[line.payment for line in lines],
        batches=[line.batch for line in lines],
    )


async def report_lines(tx: Transaction, provider: str, on: date) -> list[ReportLine]:
    return await tx.all(
        ReportLine,
        """
        select line, type, at, currency, gross_minor, fee_minor, key, reference, payment, batch
        from payments.sandbox_report_lines
        where marketplace_id = %(marketplace_id)s and provider = %(provider)s
          and settled_on = %(settled_on)s
        order by place, line
        """,
        provider=provider,
        settled_on=on,
    )


async def settled_before(tx: Transaction, provider: str, on: date) -> dict[str, int]:
    """What was paid to the bank before a day, by currency."""
    rows = await tx.rows(
        """
        select currency, -sum(gross_minor)::bigint
        from payments.sandbox_report_lines
        where marketplace_id = %(marketplace_id)s and provider = %(provider)s
          and settled_on < %(settled_on)s and type = 'settlement'
        group by currency
        """,
        provider=provider,
        settled_on=on,
    )
    return {row[0]: int(row[1]) for row in rows}
