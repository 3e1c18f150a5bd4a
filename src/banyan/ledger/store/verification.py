"""The proof: every invariant computed again from the entries, in one statement and one snapshot."""

from dataclasses import dataclass
from typing import LiteralString

from banyan.ledger.model import Finding
from banyan.runtime import Transaction


@dataclass(frozen=True, slots=True)
class Counts:
    accounts: int
    transfers: int
    legs: int


async def count_all(tx: Transaction) -> Counts:
    found = await tx.one(
        Counts,
        """
        select
          (select count(*) from ledger.accounts where marketplace_id = %(marketplace_id)s) as accounts,
          count(*) filter (where leg = 0) as transfers,
          count(*) as legs
        from ledger.transfers
        where marketplace_id = %(marketplace_id)s
        """,
    )
    assert found is not None
    return found


async def findings(tx: Transaction, limit: int) -> list[Finding]:
    """What breaks an invariant; nothing, if the ledger is sound."""
    return await tx.all(Finding, _FINDINGS, limit=limit)


_ENTRIES: LiteralString = """
with legs as materialized (
  select t.*, p.kind as pending_kind, p.amount_minor as held_minor,
    p.debit_account_id as held_debit_id, p.credit_account_id as held_credit_id,
    p.expires_at as held_until, coalesce(p.amount_minor, 0) as released_minor,
    case when t.kind = 'pending' then 0 else t.amount_minor end as moved_minor,
    case when t.kind = 'pending' then t.amount_minor else 0 end as reserved_minor
  from ledger.transfers t
  left join ledger.transfers p
    on p.marketplace_id = t.marketplace_id and p.transfer_id = t.pending_transfer_id
    and p.leg = t.pending_leg
  where t.marketplace_id = %(marketplace_id)s
),
sides as (
  select debit_account_id as account_id, debit_version as version, debit_posted_minor as posted,
    -moved_minor as delta, reserved_minor - released_minor as out_delta, 0 as in_delta,
    recorded_at, effective_at, transfer_id, leg,
    kind in ('posted', 'pending') and not may_break_limits as keeps_floor, false as keeps_ceiling
  from legs
  union all
  select credit_account_id, credit_version, credit_posted_minor,
    moved_minor, 0, reserved_minor - released_minor,
    recorded_at, effective_at, transfer_id, leg,
    false, kind in ('posted', 'pending') and not may_break_limits
  from legs
),
entries as materialized (
  select s.*,
    coalesce(lag(version) over w, 0) as version_before,
    coalesce(lag(posted) over w, 0) as posted_before,
    coalesce(lag(recorded_at) over w, recorded_at) as recorded_before,
    sum(out_delta) over w as pending_out,
    sum(in_delta) over w as pending_in
  from sides s
  window w as (partition by account_id order by version)
),
totals as (
  select a.account_id, a.path, a.currency, a.posted_minor, a.pending_out_minor, a.pending_in_minor,
    a.version, coalesce(sum(e.delta), 0) as posted, coalesce(sum(e.out_delta), 0) as pending_out,
    coalesce(sum(e.in_delta), 0) as pending_in, count(e.version) as entries
  from ledger.accounts a
  left join entries e on e.account_id = a.account_id
  where a.marketplace_id = %(marketplace_id)s
  group by a.marketplace_id, a.account_id
)
"""

_CHECKS: LiteralString = """
select 'currency_sums_to_zero' as check, currency || ': ' || sum(posted_minor) as detail
from totals group by currency having sum(posted_minor) <> 0
union all
select 'holds_sum_to_zero', currency || ': ' || sum(pending_out_minor - pending_in_minor)
from totals group by currency having sum(pending_out_minor) <> sum(pending_in_minor)
union all
select 'balance_is_sum_of_entries', path || ' ' || currency || ': ' || posted_minor || ', entries ' || posted
from totals
where (posted_minor, pending_out_minor, pending_in_minor, version) <> (posted, pending_out, pending_in, entries)
union all
select 'entries_chain_without_gap', 'account ' || account_id || ', version ' || version
from entries
where version <> version_before + 1 or posted <> posted_before + delta or recorded_at < recorded_before
union all
select 'limits_hold', 'account ' || e.account_id || ', version ' || e.version
from entries e
join ledger.accounts a on a.marketplace_id = %(marketplace_id)s and a.account_id = e.account_id
where (e.keeps_floor and e.posted - e.pending_out < a.floor_minor)
  or (e.keeps_ceiling and e.posted + e.pending_in > a.ceiling_minor)
union all
select 'currencies_agree', 'transfer ' || l.transfer_id || ', leg ' || l.leg
from legs l
left join ledger.accounts d
  on d.marketplace_id = %(marketplace_id)s and d.account_id = l.debit_account_id
left join ledger.accounts c
  on c.marketplace_id = %(marketplace_id)s and c.account_id = l.credit_account_id
where d.currency is distinct from c.currency or d.currency is null
union all
select 'legs_are_whole', 'transfer ' || transfer_id
from legs group by transfer_id
having count(*) <> max(leg) + 1 or count(distinct (subject, effective_at, recorded_at)) <> 1
union all
select 'resolution_fits_its_hold', 'transfer ' || transfer_id || ', leg ' || leg
from legs
where pending_transfer_id is not null and (
  pending_kind is distinct from 'pending'
  or (held_debit_id, held_credit_id) <> (debit_account_id, credit_account_id)
  or amount_minor > held_minor
  or (kind = 'post') = (amount_minor = 0)
  or (kind = 'post' and recorded_at >= held_until)
  or (kind = 'expire' and (recorded_at >= held_until) is not true))
union all
select 'hold_is_resolved_once', 'transfer ' || pending_transfer_id || ', leg ' || pending_leg
from legs where pending_transfer_id is not null
group by pending_transfer_id, pending_leg having count(*) > 1
union all
select 'open_holds_are_listed', 'transfer ' || coalesce(o.transfer_id, h.transfer_id)
from (
  select l.transfer_id, l.leg from legs l
  where l.kind = 'pending' and not exists (
    select from legs r where r.pending_transfer_id = l.transfer_id and r.pending_leg = l.leg)
) o
full join (
  select transfer_id, leg from ledger.holds where marketplace_id = %(marketplace_id)s
) h on h.transfer_id = o.transfer_id and h.leg = o.leg
where o.transfer_id is null or h.transfer_id is null
union all
select 'closed_periods_stay_closed', 'transfer ' || l.transfer_id || ', leg ' || l.leg
from legs l
join ledger.periods p on p.marketplace_id = %(marketplace_id)s
  and l.position > p.last_position and l.effective_at <= p.closed_through
union all
select 'closed_balances_stay', 'account ' || account_id || ', closed through ' || closed_through
from (
  select p.closed_through, m.account_id, sum(m.delta) as posted
  from ledger.periods p
  join (
    select e.account_id, sum(e.delta) as delta,
      (select min(closed_through) from ledger.periods
       where marketplace_id = %(marketplace_id)s and closed_through >= e.effective_at) as counts_in
    from sides e
    group by e.account_id, counts_in
  ) m on m.counts_in <= p.closed_through
  where p.marketplace_id = %(marketplace_id)s and p.balanced_at is not null
  group by p.closed_through, m.account_id
  having sum(m.delta) <> 0
) computed
full join (
  select closed_through, account_id, posted_minor from ledger.period_balances
  where marketplace_id = %(marketplace_id)s
) stored using (closed_through, account_id)
where computed.posted is distinct from stored.posted_minor
union all
select 'dated_legs_are_counted', 'account ' || account_id
from (
  select s.account_id, count(*) as legs from sides s
  join legs l on l.transfer_id = s.transfer_id and l.leg = s.leg
  where s.effective_at <> s.recorded_at and l.position <= (
    select max(last_position) from ledger.seals where marketplace_id = %(marketplace_id)s)
  group by s.account_id
) computed
full join (
  select account_id, legs from ledger.dated_accounts where marketplace_id = %(marketplace_id)s
) stored using (account_id)
where computed.legs is distinct from stored.legs
union all
select 'shifts_are_sums', 'account ' || account_id || ', the ' || width || ' from ' || starts_at
from (
  select d.account_id, w.width, date_bin(w.stride, s.at, '2000-01-01Z') as starts_at,
    sum(s.delta_minor) as delta
  from ledger.dated_accounts d
  cross join lateral ledger.steps(%(marketplace_id)s, d.account_id, (
    select max(last_position) from ledger.seals where marketplace_id = %(marketplace_id)s)) s
  cross join (values ('day', interval '1 day'), ('minute', interval '1 minute')) as w (width, stride)
  where d.marketplace_id = %(marketplace_id)s and d.is_summed
  group by 1, 2, 3
) computed
full join (
  select account_id, width, starts_at, delta_minor from ledger.shifts
  where marketplace_id = %(marketplace_id)s
) stored using (account_id, width, starts_at)
where coalesce(computed.delta, 0) <> coalesce(stored.delta_minor, 0)
order by 1, 2
limit %(limit)s
"""

_FINDINGS: LiteralString = _ENTRIES + _CHECKS
