-- Seals: what has been recorded is hashed in batches, each chained to the one before, off the way of
-- posting. And the sums by which a balance in effective time is found without reading every leg that
-- was dated otherwise than it was recorded.

-- How far the sealer may go, once certain postings have ended. A position is drawn before its
-- transaction commits, so that a lower one may still appear after a higher one. Every posting holds the
-- lock ledger.periods from before it draws a position until its end: who held it after this position
-- was the last one drawn may still bring a lower one, and nobody else.
create table ledger.seal_horizons (
  marketplace_id uuid not null,
  position       bigint not null,
  in_flight      text[] not null,                -- their virtual transaction ids, as in pg_locks
  primary key (marketplace_id)
);
select runtime.isolate('ledger.seal_horizons');
grant select on sequence ledger.positions to banyan_app;

-- The transactions that are posting in a marketplace.
create function ledger.in_flight(p_marketplace_id uuid) returns text[]
language sql volatile as $$
  select coalesce(array_agg(virtualtransaction), '{}') from pg_locks
  where locktype = 'advisory' and objsubid = 1 and granted
    and database = (select oid from pg_database where datname = current_database())
    and (classid::bigint << 32 | objid::bigint) = hashtextextended('ledger.periods:' || p_marketplace_id, 0)
$$;

-- One row a batch: the legs behind the last position of the batch before, up to its own.
create table ledger.seals (
  marketplace_id uuid not null,
  batch          bigint not null,                -- 1, 2, 3 …
  last_position  bigint not null,
  legs           int not null check (legs > 0),
  leaves         bytea not null,                 -- 32 bytes a leg: position, transfer, start of its digest
  root           bytea not null,                 -- sha256 of the legs' digests, in order
  hash           bytea not null,                 -- ledger.seal_hash of the one before and this one
  sealed_at      timestamptz not null,
  primary key (marketplace_id, batch)
);
alter table ledger.seals alter column leaves set storage external;   -- digests don't compress
create unique index seals_by_position on ledger.seals (marketplace_id, last_position);
select runtime.isolate('ledger.seals');

-- Accounts with sealed legs that were dated otherwise than they were recorded. Those with few are read
-- leg by leg; from 2,000 on their steps are summed, and stay so.
create table ledger.dated_accounts (
  marketplace_id uuid not null,
  account_id     bigint not null,
  legs           bigint not null,
  is_summed      boolean not null,
  primary key (marketplace_id, account_id)
) with (fillfactor = 80);
select runtime.isolate('ledger.dated_accounts');

-- By how much the balance in effective time runs ahead of the one in recorded time, as steps: a leg
-- that is dated otherwise adds its amount when it takes effect, and takes it back when it was
-- recorded. Of accounts with many such legs, summed by minute and by day.
create table ledger.shifts (
  marketplace_id uuid not null,
  account_id     bigint not null,
  width          text collate "C" not null check (width in ('day', 'minute')),
  starts_at      timestamptz not null,
  delta_minor    numeric not null,               -- amounts of many legs: a bigint might not do
  primary key (marketplace_id, account_id, width, starts_at)
) with (fillfactor = 80);
select runtime.isolate('ledger.shifts');

-- The recorded side of those steps, with all that they are made of, so that the legs themselves needn't
-- be read. Within an account, recorded time and position rise together.
create index transfers_dated_debit_recorded
  on ledger.transfers (marketplace_id, debit_account_id, recorded_at, position)
  include (effective_at, amount_minor, kind)
  where effective_at <> recorded_at;
create index transfers_dated_credit_recorded
  on ledger.transfers (marketplace_id, credit_account_id, recorded_at, position)
  include (effective_at, amount_minor, kind)
  where effective_at <> recorded_at;

-- What is sealed stays as it is: only ledger.seal_next writes it, with the rights of its owner.
revoke insert, update, delete on ledger.seals, ledger.dated_accounts, ledger.shifts from banyan_app;

-- A leg as it is hashed, and as it is written to an archive: JSON, times in UTC.
create function ledger.leg_text(t ledger.transfers, d ledger.accounts, c ledger.accounts) returns text
language sql stable as $$
  select json_build_object(
    'position', t.position, 'transfer', t.transfer_id, 'leg', t.leg, 'kind', t.kind,
    'debit', t.debit_account_id, 'debit_path', d.path, 'credit', t.credit_account_id, 'credit_path', c.path,
    'amount', t.amount_minor, 'currency', d.currency, 'code', t.code, 'subject', t.subject,
    'may_break_limits', t.may_break_limits,
    'pending_transfer', t.pending_transfer_id, 'pending_leg', t.pending_leg,
    'expires_at', t.expires_at at time zone 'UTC', 'effective_at', t.effective_at at time zone 'UTC',
    'recorded_at', t.recorded_at at time zone 'UTC',
    'debit_version', t.debit_version, 'debit_posted', t.debit_posted_minor,
    'credit_version', t.credit_version, 'credit_posted', t.credit_posted_minor,
    'description', t.description, 'metadata', t.metadata)::text
$$;

-- The digests of the legs behind p_after up to p_through.
create function ledger.digests(p_marketplace_id uuid, p_after bigint, p_through bigint)
returns table ("position" bigint, transfer_id uuid, digest bytea)
language sql stable as $$
  select t.position, t.transfer_id, sha256(convert_to(ledger.leg_text(t, d, c), 'UTF8'))
  from ledger.transfers t
  left join ledger.accounts d on d.marketplace_id = p_marketplace_id and d.account_id = t.debit_account_id
  left join ledger.accounts c on c.marketplace_id = p_marketplace_id and c.account_id = t.credit_account_id
  where t.marketplace_id = p_marketplace_id and t.position > p_after and t.position <= p_through
$$;

-- What a chain begins with.
create function ledger.seal_genesis(p_marketplace_id uuid) returns bytea
language sql immutable as $$
  select sha256(uuid_send(p_marketplace_id))
$$;

create function ledger.seal_hash(
  p_previous bytea, p_batch bigint, p_last_position bigint, p_legs int, p_root bytea
) returns bytea
language sql immutable as $$
  select sha256(p_previous || int8send(p_batch) || int8send(p_last_position) || int4send(p_legs) || p_root)
$$;

-- The steps of an account's legs up to p_through that were dated otherwise.
create function ledger.steps(p_marketplace_id uuid, p_account_id bigint, p_through bigint)
returns table (at timestamptz, delta_minor bigint)
language sql stable as $$
  select s.at, s.delta_minor
  from (
    select effective_at, recorded_at, -amount_minor as amount_minor from ledger.transfers
    where marketplace_id = p_marketplace_id and debit_account_id = p_account_id
      and effective_at <> recorded_at and kind <> 'pending' and position <= p_through
    union all
    select effective_at, recorded_at, amount_minor from ledger.transfers
    where marketplace_id = p_marketplace_id and credit_account_id = p_account_id
      and effective_at <> recorded_at and kind <> 'pending' and position <= p_through
  ) t
  cross join lateral (values (t.effective_at, t.amount_minor), (t.recorded_at, -t.amount_minor)) as s (at, delta_minor)
$$;

-- Takes the sealed legs behind p_after up to p_through into the sums of accounts with many dated ones.
-- An account that becomes one of them brings all its earlier legs.
create function ledger.sum_dated(p_marketplace_id uuid, p_after bigint, p_through bigint) returns void
language sql
set search_path = ledger, pg_temp
as $$
  with dated as materialized (
    select s.account_id, t.effective_at, t.recorded_at, s.amount_minor
    from transfers t
    cross join lateral (values
      (t.debit_account_id, case when t.kind = 'pending' then 0 else -t.amount_minor end),
      (t.credit_account_id, case when t.kind = 'pending' then 0 else t.amount_minor end)
    ) as s (account_id, amount_minor)
    where t.marketplace_id = p_marketplace_id and t.position > p_after and t.position <= p_through
      and t.effective_at <> t.recorded_at
  ),
  known as (
    insert into dated_accounts (marketplace_id, account_id, legs, is_summed)
    select p_marketplace_id, account_id, count(*), count(*) >= 2000 from dated
    group by account_id
    order by account_id
    on conflict (marketplace_id, account_id) do update
    set legs = dated_accounts.legs + excluded.legs,
        is_summed = dated_accounts.legs + excluded.legs >= 2000
    returning account_id, is_summed
  ),
  summed as (
    select k.account_id, coalesce(before.is_summed, false) as was_summed
    from known k
    -- as it was before this statement
    left join dated_accounts before
      on before.marketplace_id = p_marketplace_id and before.account_id = k.account_id
    where k.is_summed
  ),
  steps as (
    select d.account_id, s.at, s.delta_minor
    from summed
    join dated d on d.account_id = summed.account_id
    cross join lateral (values (d.effective_at, d.amount_minor), (d.recorded_at, -d.amount_minor)) as s (at, delta_minor)
    where summed.was_summed
    union all
    select summed.account_id, s.at, s.delta_minor
    from summed
    cross join lateral ledger.steps(p_marketplace_id, summed.account_id, p_through) s
    where not summed.was_summed
  )
  insert into shifts (marketplace_id, account_id, width, starts_at, delta_minor)
  select p_marketplace_id, s.account_id, w.width, date_bin(w.stride, s.at, '2000-01-01Z'), sum(s.delta_minor)
  from steps s
  cross join (values ('day', interval '1 day'), ('minute', interval '1 minute')) as w (width, stride)
  group by 2, 3, 4
  order by 2, 3, 4
  on conflict (marketplace_id, account_id, width, starts_at)
  do update set delta_minor = shifts.delta_minor + excluded.delta_minor
$$;

-- Seals the next batch: up to p_legs_max legs, none behind p_through; how many it were. A batch ends
-- where a period was closed, so that an archive of the period holds whole batches.
create function ledger.seal_next(
  p_marketplace_id uuid, p_now timestamptz, p_through bigint, p_legs_max int
) returns int
language plpgsql security definer
set search_path = ledger, pg_temp
set enable_seqscan = off
as $$
declare
  v_before        seals;
  v_after         bigint;
  v_last_position bigint;
  v_legs          int;
  v_leaves        bytea;
  v_root          bytea;
begin
  if p_marketplace_id is distinct from runtime.scope() then
    raise insufficient_privilege using message = 'the transaction belongs to another marketplace';
  end if;
  perform pg_advisory_xact_lock(hashtextextended('ledger.seals:' || p_marketplace_id, 0));
  select * into v_before from seals where marketplace_id = p_marketplace_id order by batch desc limit 1;
  v_after := coalesce(v_before.last_position, 0);
  select max(position) into v_last_position
  from (
    select position from transfers
    where marketplace_id = p_marketplace_id and position > v_after
      and position <= least(p_through, (
        select min(last_position) from periods
        where marketplace_id = p_marketplace_id and last_position > v_after))
    order by position
    limit p_legs_max
  ) next;
  if v_last_position is null then
    return 0;
  end if;

  select count(*), sha256(string_agg(l.digest, '' order by l.position)),
         string_agg(int8send(l.position) || uuid_send(l.transfer_id) || substr(l.digest, 1, 8), '' order by l.position)
  into v_legs, v_root, v_leaves
  from ledger.digests(p_marketplace_id, v_after, v_last_position) l;

  insert into seals (marketplace_id, batch, last_position, legs, leaves, root, hash, sealed_at)
  values (
    p_marketplace_id, coalesce(v_before.batch, 0) + 1, v_last_position, v_legs, v_leaves, v_root,
    seal_hash(coalesce(v_before.hash, seal_genesis(p_marketplace_id)), coalesce(v_before.batch, 0) + 1,
              v_last_position, v_legs, v_root),
    p_now);

  perform sum_dated(p_marketplace_id, v_after, v_last_position);
  return v_legs;
end
$$;
revoke execute on function ledger.seal_next, ledger.sum_dated from public;
grant execute on function ledger.seal_next to banyan_app;

-- The account's last entry recorded until p_at: its version and what was posted after it; 0 and 0
-- before the first. Versions have no gap and their recorded times never go back, so that halving
-- finds the entry in a few probes; an account at rest needs none. It and the next one look at the
-- transaction's marketplace once, in place of in each of their many small queries.
create function ledger.entry_at(
  p_marketplace_id uuid, p_account_id bigint, p_at timestamptz, out version bigint, out posted_minor bigint
)
language plpgsql stable security definer
set search_path = ledger, pg_temp
set plan_cache_mode = force_generic_plan   -- planning takes longer than reading; hence no scans either,
set enable_seqscan = off                   -- which a hot account's share of the legs would suggest for all
set enable_bitmapscan = off
set max_parallel_workers_per_gather = 0
as $$
declare
  v_high    bigint;
  v_last_at timestamptz;
  v_entry   record;
begin
  if p_marketplace_id is distinct from runtime.scope() then
    raise insufficient_privilege using message = 'the transaction belongs to another marketplace';
  end if;
  select a.version, a.posted_minor, a.recorded_at into version, posted_minor, v_last_at
  from ledger.accounts a
  where a.marketplace_id = p_marketplace_id and a.account_id = p_account_id;
  if v_last_at <= p_at or version is null then
    return;
  end if;
  v_high := version - 1;
  version := 0;
  posted_minor := 0;
  while version < v_high loop
    select * into v_entry
    from (
      select t.debit_version as version, t.recorded_at, t.debit_posted_minor as posted_minor
      from ledger.transfers t
      where t.marketplace_id = p_marketplace_id and t.debit_account_id = p_account_id
        and t.debit_version = (entry_at.version + v_high + 1) / 2
      union all
      select t.credit_version, t.recorded_at, t.credit_posted_minor
      from ledger.transfers t
      where t.marketplace_id = p_marketplace_id and t.credit_account_id = p_account_id
        and t.credit_version = (entry_at.version + v_high + 1) / 2
    ) e;
    if v_entry.recorded_at <= p_at then
      version := v_entry.version;
      posted_minor := v_entry.posted_minor;
    else
      v_high := v_entry.version - 1;
    end if;
  end loop;
end
$$;

create or replace function ledger.posted_at(p_marketplace_id uuid, p_account_id bigint, p_at timestamptz) returns bigint
language sql stable
as $$
  select posted_minor from ledger.entry_at(p_marketplace_id, p_account_id, p_at)
$$;

-- What was posted on an account by what takes effect until p_at, whenever it was recorded: the balance
-- in recorded time, and all steps until then. Where whole days and minutes are summed, single legs are
-- read within the last minute only, and those that aren't sealed yet.
create function ledger.counted_at(p_marketplace_id uuid, p_account_id bigint, p_at timestamptz) returns bigint
language plpgsql stable security definer
set search_path = ledger, pg_temp
set plan_cache_mode = force_generic_plan   -- planning takes longer than reading; hence no scans either,
set enable_seqscan = off                   -- which a hot account's share of the legs would suggest for all
set enable_bitmapscan = off
set max_parallel_workers_per_gather = 0
as $$
declare
  v_day      constant timestamptz := date_bin('1 day', p_at, '2000-01-01Z');
  v_minute   constant timestamptz := date_bin('1 minute', p_at, '2000-01-01Z');
  v_sealed   bigint;   -- what is summed is sealed until here
  v_posted   numeric;
  v_leg      record;
begin
  select posted_minor into v_posted from ledger.entry_at(p_marketplace_id, p_account_id, p_at);
  if not exists (select from ledger.dated_accounts
                 where marketplace_id = p_marketplace_id and account_id = p_account_id and is_summed) then
    return v_posted + coalesce((
      select sum(case when effective_at <= p_at then amount_minor else 0 end
                 - case when recorded_at <= p_at then amount_minor else 0 end)
      from (
        select effective_at, recorded_at, -amount_minor as amount_minor from ledger.transfers
        where marketplace_id = p_marketplace_id and debit_account_id = p_account_id
          and effective_at <> recorded_at and kind <> 'pending'
        union all
        select effective_at, recorded_at, amount_minor from ledger.transfers
        where marketplace_id = p_marketplace_id and credit_account_id = p_account_id
          and effective_at <> recorded_at and kind <> 'pending'
      ) dated), 0);
  end if;

  v_sealed := (select max(last_position) from ledger.seals where marketplace_id = p_marketplace_id);
  select v_posted + coalesce(sum(delta_minor), 0) into v_posted
  from (
    select delta_minor from ledger.shifts
    where marketplace_id = p_marketplace_id and account_id = p_account_id
      and width = 'day' and starts_at < v_day
    union all
    select delta_minor from ledger.shifts
    where marketplace_id = p_marketplace_id and account_id = p_account_id
      and width = 'minute' and starts_at >= v_day and starts_at < v_minute
    union all
    select -amount_minor from ledger.transfers
    where marketplace_id = p_marketplace_id and debit_account_id = p_account_id
      and effective_at <> recorded_at and effective_at between v_minute and p_at
      and position <= v_sealed and kind <> 'pending'
    union all
    select amount_minor from ledger.transfers
    where marketplace_id = p_marketplace_id and credit_account_id = p_account_id
      and effective_at <> recorded_at and effective_at between v_minute and p_at
      and position <= v_sealed and kind <> 'pending'
    union all
    select amount_minor from ledger.transfers
    where marketplace_id = p_marketplace_id and debit_account_id = p_account_id
      and effective_at <> recorded_at and recorded_at between v_minute and p_at
      and position <= v_sealed and kind <> 'pending'
    union all
    select -amount_minor from ledger.transfers
    where marketplace_id = p_marketplace_id and credit_account_id = p_account_id
      and effective_at <> recorded_at and recorded_at between v_minute and p_at
      and position <= v_sealed and kind <> 'pending'
  ) step;

  -- The last ones first, until one is in the sums: so are all before it.
  for v_leg in
    select position, kind, amount_minor, effective_at, recorded_at from ledger.transfers
    where marketplace_id = p_marketplace_id and debit_account_id = p_account_id and effective_at <> recorded_at
    order by recorded_at desc, position desc
  loop
    exit when v_leg.position <= v_sealed;
    continue when v_leg.kind = 'pending';
    v_posted := v_posted + case when v_leg.effective_at <= p_at then -v_leg.amount_minor else 0 end
                         + case when v_leg.recorded_at <= p_at then v_leg.amount_minor else 0 end;
  end loop;
  for v_leg in
    select position, kind, amount_minor, effective_at, recorded_at from ledger.transfers
    where marketplace_id = p_marketplace_id and credit_account_id = p_account_id and effective_at <> recorded_at
    order by recorded_at desc, position desc
  loop
    exit when v_leg.position <= v_sealed;
    continue when v_leg.kind = 'pending';
    v_posted := v_posted + case when v_leg.effective_at <= p_at then v_leg.amount_minor else 0 end
                         - case when v_leg.recorded_at <= p_at then v_leg.amount_minor else 0 end;
  end loop;
  return v_posted::bigint;
end
$$;

revoke execute on function ledger.entry_at, ledger.counted_at from public;
grant execute on function ledger.entry_at, ledger.counted_at to banyan_app;
