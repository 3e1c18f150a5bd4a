"""SQL of settlements, and of what providers must report."""

from datetime import datetime
from uuid import UUID

from banyan.kernel import Money
from banyan.payments.model import Settlement, SettlementEntry
from banyan.runtime import Transaction


async def select_entries(
    tx: Transaction, provider: str, since: datetime, until: datetime
) -> list[SettlementEntry]:
    """What was booked on the provider's balance in [since, until), in the order of time.

    A capture is known to the provider by its own attempt, or by the authorization that took the
    money at once. A refund to an account of the buyer is a payout to the provider. What was sent and
    came back is two entries with the key of the sending. What the provider settles in another
    currency, it reports in that one.
    """
    return await tx.all(
        SettlementEntry,
        """
        select coalesce(c.attempt_id, a.attempt_id, p.payment_id) as key, 'capture' as type,
          p.captured_at as at, coalesce(p.settled_currency, p.currency) as currency,
          coalesce(p.settled_minor, p.captured_minor) as gross_minor,
          case when p.settled_minor is null or p.fee_currency is not null then p.fee_minor else 0 end
            as fee_minor,
          coalesce(p.provider_reference, '') as reference, p.payment_id, 0 as ordinal
        from payments.payments p
        left join lateral (
          select attempt_id from payments.attempts
          where marketplace_id = %(marketplace_id)s and subject_id = p.payment_id
            and operation = 'capture' and outcome = 'succeeded'
          order by ordinal desc limit 1
        ) c on true
        left join lateral (
          select attempt_id from payments.attempts
          where marketplace_id = %(marketplace_id)s and subject_id = p.payment_id
            and operation = 'authorize' and provider = p.provider
          order by ordinal desc limit 1
        ) a on true
        where p.marketplace_id = %(marketplace_id)s and p.provider = %(provider)s
          and p.captured_at >= %(since)s and p.captured_at < %(until)s and p.captured_minor > 0
        union all
        select o.attempt_id, o.operation || case a.operation when 'return' then '_return' else '' end,
          a.answered_at, coalesce(e.currency, a.currency),
          case when (a.operation = 'return') = (o.operation = 'debit') then -1 else 1 end
            * coalesce(e.minor, a.amount_minor), 0,
          coalesce(o.answer ->> 'reference', ''), a.payment_id, 0
        from payments.attempts a
        join payments.attempts o on o.marketplace_id = %(marketplace_id)s
          and o.subject_id = a.subject_id and o.ordinal = a.ordinal
          and o.operation in ('refund', 'payout', 'debit') and o.outcome = 'succeeded'
          and (a.operation = 'return' or a.attempt_id = o.attempt_id)
        left join payments.payouts p on p.marketplace_id = %(marketplace_id)s
          and p.payout_id = a.subject_id
        left join payments.debits d on d.marketplace_id = %(marketplace_id)s
          and d.debit_id = a.subject_id
        left join lateral (
          select case a.operation when 'return' then bought_currency else sold_currency end as currency,
            case a.operation when 'return' then bought_minor else sold_minor end as minor
          from payments.exchanges
          where marketplace_id = %(marketplace_id)s and payment_id = a.payment_id
            and made_at >= a.answered_at
            and case a.operation
              when 'return' then sold_currency = a.currency and sold_minor = a.amount_minor
              else bought_currency = a.currency and bought_minor = a.amount_minor end
          order by made_at, exchange_id limit 1
        ) e on true
        where a.marketplace_id = %(marketplace_id)s and a.provider = %(provider)s
          and a.state = 'applied' and a.operation in ('refund', 'payout', 'debit', 'return')
          and coalesce(p.rail, d.rail, 'provider') = 'provider'
          and a.answered_at >= %(since)s and a.answered_at < %(until)s
        union all
        select m.dispute_id,
          case m.what when 'fee' then 'dispute_fee' when 'lose' then 'chargeback'
            else 'chargeback_reversal' end,
          m.made_at, coalesce(e.currency, d.currency),
          coalesce(e.minor, case m.what when 'regain' then m.amount_minor else -m.amount_minor end), 0,
          d.provider_reference, d.payment_id, m.ordinal
        from payments.dispute_moves m
        join payments.disputes d on d.marketplace_id = %(marketplace_id)s
          and d.dispute_id = m.dispute_id and d.provider = %(provider)s
        left join lateral (
          select case when bought_currency = d.currency then sold_currency else bought_currency end
              as currency,
            case when bought_currency = d.currency then -sold_minor else bought_minor end as minor
          from payments.exchanges
          where marketplace_id = %(marketplace_id)s and payment_id = d.payment_id
            and made_at = m.made_at
            and (bought_currency = d.currency and bought_minor = abs(m.amount_minor)
                 or sold_currency = d.currency and sold_minor = abs(m.amount_minor))
          order by exchange_id limit 1
        ) e on true
        where m.marketplace_id = %(marketplace_id)s and m.what in ('fee', 'lose', 'regain')
          and m.amount_minor <> 0 and m.made_at >= %(since)s and m.made_at < %(until)s
        order by at, key, type, ordinal
        """,
        provider=provider,
        since=since,
        until=until,
    )


async def oldest_unapplied(tx: Transaction, provider: str) -> datetime | None:
    """When the oldest answer came that is not booked yet."""
    return await tx.value(
        """
        select min(answered_at)
        from payments.attempts
        where marketplace_id = %(marketplace_id)s and provider = %(provider)s and state = 'answered'
        """,
        provider=provider,
    )


async def select_providers(tx: Transaction) -> list[str]:
    """The providers that any payment or payout was made with."""
    rows = await tx.rows(
        """
        select distinct provider
        from payments.attempts
        where marketplace_id = %(marketplace_id)s
        order by provider
        """
    )
    return [row[0] for row in rows]


async def insert_settlement(tx: Transaction, settlement: Settlement) -> bool:
    """Whether it is new."""
    touched = await tx.execute(
        """
        insert into payments.settlements
          (marketplace_id, settlement_id, provider, currency, taken_minor, arrived_currency,
           arrived_minor, arrives_at, subject, booked_at)
        values
          (%(marketplace_id)s, %(settlement_id)s, %(provider)s, %(currency)s, %(taken_minor)s,
           %(arrived_currency)s, %(arrived_minor)s, %(arrives_at)s, %(subject)s, %(now)s)
        on conflict (marketplace_id, settlement_id) do nothing
        """,
        settlement_id=settlement.settlement_id,
        provider=settlement.provider,
        currency=settlement.taken.currency.code,
        taken_minor=settlement.taken.minor,
        arrived_currency=settlement.arrived.currency.code,
        arrived_minor=settlement.arrived.minor,
        arrives_at=settlement.arrives_at,
        subject=settlement.subject,
        now=tx.now,
    )
    return touched == 1


async def mark_reversed(tx: Transaction, settlement_id: UUID) -> Settlement | None:
    """The settlement, if it stood until now."""
    rows = await tx.rows(
        """
        update payments.settlements
        set reversed_at = %(now)s
        where marketplace_id = %(marketplace_id)s and settlement_id = %(settlement_id)s
          and reversed_at is null
        returning provider, taken_minor, currency, arrived_minor, arrived_currency, arrives_at, subject
        """,
        settlement_id=settlement_id,
        now=tx.now,
    )
    if not rows:
        return None
    provider, taken, currency, arrived, arrived_currency, arrives_at, subject = rows[0]
    return Settlement(
        settlement_id=settlement_id,
        provider=provider,
        taken=Money.of(taken, currency),
        arrived=Money.of(arrived, arrived_currency),
        arrives_at=arrives_at,
        subject=subject,
    )


async def sum_settled(tx: Transaction) -> dict[str, int]:
    """What has left the providers' balances for good, by currency."""
    rows = await tx.rows(
        """
        select moved.currency, sum(moved.minor)::bigint
        from (
          select currency, taken_minor as minor
          from payments.settlements
          where marketplace_id = %(marketplace_id)s and reversed_at is null
          union all
          select arrived_currency, -arrived_minor
          from payments.settlements
          where marketplace_id = %(marketplace_id)s and reversed_at is null
            and arrives_at = 'provider'
        ) moved
        group by moved.currency
        """
    )
    return {row[0]: row[1] for row in rows}
