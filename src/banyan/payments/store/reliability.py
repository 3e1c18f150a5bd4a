"""SQL of the figures about payments."""

from datetime import datetime

from banyan.payments.model import Approvals, InTransit, OpenQuestions
from banyan.runtime import Transaction


async def select_approvals(tx: Transaction, since: datetime) -> list[Approvals]:
    """Authorizations asked for since an instant, by provider and method."""
    return await tx.all(
        Approvals,
        """
        with asked as (
          select
            a.provider, p.method_type, a.outcome, a.created_at,
            a.state in ('answered', 'applied') as is_answered,
            case
              when a.outcome = 'succeeded' then a.answered_at
              when a.outcome in ('requires_action', 'awaiting_payment') then p.authorized_at
            end as approved_at,
            a.outcome in ('requires_action', 'awaiting_payment')
              and p.state in ('declined', 'expired', 'voided') as is_given_up
          from payments.attempts a
          join payments.payments p
            on p.marketplace_id = a.marketplace_id and p.payment_id = a.payment_id
          where a.marketplace_id = %(marketplace_id)s
            and a.operation = 'authorize'
            and a.created_at >= %(since)s
        )
        select
          provider, method_type,
          count(*) as asked,
          count(*) filter (where approved_at is not null) as approved,
          count(*) filter (where outcome = 'declined' or (is_given_up and approved_at is null))
            as declined,
          count(*) filter (where outcome = 'unavailable') as unavailable,
          count(*) filter (
            where approved_at is null
              and (not is_answered
                   or (outcome in ('requires_action', 'awaiting_payment') and not is_given_up))
          ) as open,
          percentile_cont(0.5) within group (
            order by extract(epoch from approved_at - created_at)::float8) as confirm_p50_s,
          percentile_cont(0.95) within group (
            order by extract(epoch from approved_at - created_at)::float8) as confirm_p95_s
        from asked
        group by provider, method_type
        order by provider, method_type
        """,
        since=since,
    )


async def select_open_questions(tx: Transaction) -> list[OpenQuestions]:
    """Calls that were made and have no definite answer."""
    return await tx.all(
        OpenQuestions,
        """
        select
          provider, operation, count(*) as count, sum(amount_minor)::bigint as amount_minor,
          currency, min(sent_at) as oldest_at
        from payments.attempts
        where marketplace_id = %(marketplace_id)s
          and state <> 'applied'
          and state in ('sent', 'unknown')
        group by provider, operation, currency
        order by oldest_at
        """,
    )


async def select_in_transit(tx: Transaction) -> list[InTransit]:
    """Money that waits for somebody, by what for and since when."""
    return await tx.all(
        InTransit,
        """
        with moving as (
          select
            case
              when state in ('requires_action', 'awaiting_payment') then 'awaiting_buyer'
              when state in ('authorized', 'capturing') then 'capture'
              else 'authorization'
            end as what,
            amount_minor, currency, coalesce(authorized_at, created_at) as since
          from payments.payments
          where marketplace_id = %(marketplace_id)s
            and state in ('authorizing', 'processing', 'unknown', 'requires_action',
                          'awaiting_payment', 'authorized', 'capturing')
          union all
          select 'refund', amount_minor, currency, created_at
          from payments.refunds
          where marketplace_id = %(marketplace_id)s and state in ('pending', 'needs_destination')
          union all
          select 'payout', amount_minor, currency, created_at
          from payments.payouts
          where marketplace_id = %(marketplace_id)s and state = 'pending'
          union all
          select 'dispute', held_minor, currency, opened_at
          from payments.disputes
          where marketplace_id = %(marketplace_id)s and booked = 'held'
        )
        select
          what,
          case
            when %(now)s - since <= interval '1 hour' then 'hour'
            when %(now)s - since <= interval '1 day' then 'day'
            when %(now)s - since <= interval '7 days' then 'week'
            else 'older'
          end as age,
          count(*) as count, sum(amount_minor)::bigint as amount_minor, currency
        from moving
        group by what, age, currency
        order by what, min(since) desc, currency
        """,
        now=tx.now,
    )
