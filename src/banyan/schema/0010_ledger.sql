-- The ledger: double-entry accounts, immutable transfers between them, and closed periods.
--
-- A balance is credits minus debits, in minor units of the account's currency, so that the balances
-- of a marketplace add up to zero in each currency. A debit-normal account (an asset, an expense)
-- is expected below zero; only the edge turns the sign round.

create schema ledger;

create table ledger.accounts (
  marketplace_id    uuid not null,
  account_id        bigint not null generated always as identity,
  path              text collate "C" not null check (path ~ '^[a-z0-9_]+(:[A-Za-z0-9_.-]+)*$' and length(path) <= 120),
  currency          text collate "C" not null check (currency ~ '^[A-Z]{3}$'),
  normal            text not null check (normal in ('debit', 'credit')),
  floor_minor       bigint,                       -- least of posted - pending_out; null: none
  ceiling_minor     bigint,                       -- most of posted + pending_in; null: none
  is_closed         boolean not null default false,
  posted_minor      bigint not null default 0,
  pending_out_minor bigint not null default 0 check (pending_out_minor >= 0),
  pending_in_minor  bigint not null default 0 check (pending_in_minor >= 0),
  version           bigint not null default 0,    -- entries so far; each gives the account a new one
  opened_at         timestamptz not null,
  recorded_at       timestamptz not null,         -- of the last entry: time never goes back within an account
  primary key (marketplace_id, account_id),
  unique (marketplace_id, path, currency),
  check (floor_minor <= ceiling_minor)
) with (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.05);   -- room to update in place
select runtime.isolate('ledger.accounts');

create sequence ledger.positions;

-- One row a leg. Legs under one transfer id were posted together or not at all.
create table ledger.transfers (
  marketplace_id       uuid not null,
  position             bigint not null,           -- order of recording
  transfer_id          uuid not null,
  leg                  smallint not null,
  kind                 text not null check (kind in ('posted', 'pending', 'post', 'void', 'expire')),
  debit_account_id     bigint not null,
  credit_account_id    bigint not null,
  amount_minor         bigint not null check (amount_minor >= 0),
  code                 text not null check (length(code) between 1 and 40),
  subject              text not null check (length(subject) <= 80),
  may_break_limits     boolean not null,
  pending_transfer_id  uuid,                      -- the pending leg that this one resolves
  pending_leg          smallint,
  expires_at           timestamptz,
  effective_at         timestamptz not null,
  recorded_at          timestamptz not null,
  debit_version        bigint not null,           -- both accounts as this leg left them
  debit_posted_minor   bigint not null,
  credit_version       bigint not null,
  credit_posted_minor  bigint not null,
  description          text check (length(description) <= 500),   -- on leg 0
  metadata             jsonb,                     -- on leg 0
  primary key (marketplace_id, transfer_id, leg),
  check (debit_account_id <> credit_account_id),
  check ((kind in ('post', 'void', 'expire')) = (pending_transfer_id is not null))
);
create unique index transfers_by_position on ledger.transfers (marketplace_id, position);
-- The next two serve an account's history, and prove that no two legs started from one balance.
create unique index transfers_by_debit on ledger.transfers (marketplace_id, debit_account_id, debit_version);
create unique index transfers_by_credit on ledger.transfers (marketplace_id, credit_account_id, credit_version);
create index transfers_by_subject on ledger.transfers (marketplace_id, subject, position) where leg = 0;
create unique index transfers_resolve_once on ledger.transfers (marketplace_id, pending_transfer_id, pending_leg)
  where pending_transfer_id is not null;
-- Legs that take effect at another time than they were recorded at: what tells the two times apart.
create index transfers_dated_debit on ledger.transfers (marketplace_id, debit_account_id, effective_at)
  where effective_at <> recorded_at;
create index transfers_dated_credit on ledger.transfers (marketplace_id, credit_account_id, effective_at)
  where effective_at <> recorded_at;
select runtime.isolate('ledger.transfers');

-- Pending legs that nothing has resolved yet.
create table ledger.holds (
  marketplace_id uuid not null,
  transfer_id    uuid not null,
  leg            smallint not null,
  expires_at     timestamptz,
  primary key (marketplace_id, transfer_id, leg)
);
create index holds_by_expiry on ledger.holds (marketplace_id, expires_at) where expires_at is not null;
select runtime.isolate('ledger.holds');

-- The closings of periods: behind one, nothing new takes effect at or before closed_through.
create table ledger.periods (
  marketplace_id uuid not null,
  closed_through timestamptz not null,
  closed_at      timestamptz not null,
  last_position  bigint not null,               -- of the transfers recorded until then
  primary key (marketplace_id, closed_through)
);
select runtime.isolate('ledger.periods');

-- What is recorded stays as it is: only ledger.post writes it, with the rights of its owner.
revoke insert, update, delete on ledger.transfers, ledger.holds from banyan_app;
revoke update, delete on ledger.accounts, ledger.periods from banyan_app;
grant update (is_closed) on ledger.accounts to banyan_app;

-- Posts a batch of transfers as if one after the other, and answers for each: 'posted',
-- 'already_posted', or the reason why it was rejected (banyan.ledger.Reason). A rejected transfer
-- leaves no trace and doesn't disturb the others.
--
-- p_paths … p_ceilings   the accounts touched, each once; those that don't exist yet are opened
-- p_transfer_ids …       one element a transfer
-- p_places …             one element a leg: the place of its transfer, its number in it from 0, …;
--                        p_debits and p_credits are places in p_paths
--
-- The caller (banyan.ledger.rules.runs) sees to it that no transfer of a call needs another one of
-- it: ids differ, and no leg resolves a pending leg that another transfer of the call makes or
-- resolves. Then nothing but the limits depends on the order.
--
-- Accounts are locked in the order of their ids, so that calls can't wait for each other in a ring.
-- A plan made while the tables are empty must not scan them once they have grown: hence the settings.
create function ledger.post(
  p_marketplace_id uuid, p_now timestamptz,
  p_paths text[], p_currencies text[], p_normals text[], p_floors bigint[], p_ceilings bigint[],
  p_transfer_ids uuid[], p_subjects text[], p_may_break_limits boolean[], p_effective_at timestamptz[],
  p_descriptions text[], p_metadata jsonb[],
  p_places int[], p_legs smallint[], p_kinds text[], p_debits int[], p_credits int[], p_amounts bigint[],
  p_codes text[], p_pending_ids uuid[], p_pending_legs smallint[], p_expires_at timestamptz[]
) returns text[]
language plpgsql security definer
set search_path = ledger, pg_temp
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  c_minor_max constant bigint := 1000000000000000;   -- of an amount and of a balance, as in banyan.kernel.money
  -- accounts, by place
  v_account_ids    bigint[];
  v_closed         boolean[];
  v_floors         bigint[];
  v_ceilings       bigint[];
  v_posted         bigint[];
  v_pending_out    bigint[];
  v_pending_in     bigint[];
  v_versions       bigint[];
  v_old_versions   bigint[];
  -- transfers, by place
  v_outcomes       text[] := array_fill('posted'::text, array[cardinality(p_transfer_ids)]);
  -- legs, by place: why it can't be posted; what its pending leg holds; both accounts after it
  v_faults         text[];
  v_held           bigint[];
  v_none           bigint[] := array_fill(null::bigint, array[cardinality(p_debits)]);
  v_d_versions     bigint[] := v_none;
  v_d_posted       bigint[] := v_none;
  v_c_versions     bigint[] := v_none;
  v_c_posted       bigint[] := v_none;
  -- the one in hand
  v_leg            int := 0;
  v_first          int;
  v_rejected       boolean;
  v_debit          int;
  v_credit         int;
  v_amount         bigint;

  v_closed_through timestamptz;
  v_recorded_at    timestamptz;
begin
  if p_marketplace_id is distinct from runtime.scope() then
    raise insufficient_privilege using message = 'the transaction belongs to another marketplace';
  end if;
  -- Shared with other postings; the closing of a period takes it alone and so waits for them.
  perform pg_advisory_xact_lock_shared(hashtextextended('ledger.periods:' || p_marketplace_id, 0));
  select max(closed_through) into v_closed_through from periods where marketplace_id = p_marketplace_id;

  -- Lock and read the accounts. If one is missing, let go of the locks (whoever opens it at the same
  -- time may want them), open it and look again.
  loop
    begin
      with locked as materialized (
        select d.place, a.account_id, a.is_closed, a.floor_minor, a.ceiling_minor, a.posted_minor,
               a.pending_out_minor, a.pending_in_minor, a.version, a.recorded_at
        from unnest(p_paths, p_currencies) with ordinality as d (path, currency, place)
        join accounts a on a.marketplace_id = p_marketplace_id and a.path = d.path and a.currency = d.currency
        order by a.account_id
        for no key update of a
      )
      select array_agg(account_id), array_agg(is_closed),
             array_agg(coalesce(floor_minor, -c_minor_max)), array_agg(coalesce(ceiling_minor, c_minor_max)),
             array_agg(posted_minor), array_agg(pending_out_minor), array_agg(pending_in_minor),
             array_agg(version), array_agg(version),
             greatest(p_now, max(recorded_at), v_closed_through + interval '1 microsecond')
      into v_account_ids, v_closed, v_floors, v_ceilings, v_posted, v_pending_out, v_pending_in,
           v_versions, v_old_versions, v_recorded_at
      from (select * from locked order by place) as a;
      exit when cardinality(v_account_ids) = cardinality(p_paths);
      raise no_data_found;
    exception when no_data_found then null;
    end;

    insert into accounts (marketplace_id, path, currency, normal, floor_minor, ceiling_minor, opened_at, recorded_at)
    select p_marketplace_id, d.path, d.currency, d.normal, d.floor_minor, d.ceiling_minor, p_now, p_now
    from unnest(p_paths, p_currencies, p_normals, p_floors, p_ceilings)
      as d (path, currency, normal, floor_minor, ceiling_minor)
    order by d.path, d.currency
    on conflict do nothing;
  end loop;

  -- What is wrong with a leg whatever the balances are.
  select array_agg(
      case
        when p_effective_at[l.transfer] <= v_closed_through then 'period_closed'
        when l.debit = l.credit then 'same_account'
        when p_currencies[l.debit] <> p_currencies[l.credit] then 'currency_mismatch'
        when l.kind in ('posted', 'pending') then case
          when l.amount < 1 or l.amount > c_minor_max then 'invalid_amount'
          when v_closed[l.debit] or v_closed[l.credit] then 'account_closed'
          when l.expires_at <= v_recorded_at then 'invalid_expiry'
        end
        when p.kind is distinct from 'pending' then 'pending_not_found'
        when (p.debit_account_id, p.credit_account_id) <> (v_account_ids[l.debit], v_account_ids[l.credit])
          then 'pending_mismatch'
        when l.amount > p.amount_minor or l.amount < 0 or (l.amount = 0) = (l.kind = 'post') then 'invalid_amount'
        when not p.is_open or l.nth > 1 then 'pending_resolved'
        when l.kind = 'post' and p.expires_at <= v_recorded_at then 'pending_expired'
        when l.kind = 'expire' and (p.expires_at <= v_recorded_at) is not true then 'pending_not_expired'
      end order by l.place),
    array_agg(p.amount_minor order by l.place)
  into v_faults, v_held
  from (
    select u.*, row_number() over (partition by u.pending_id, u.pending_leg order by u.place) as nth
    from unnest(p_places, p_kinds, p_debits, p_credits, p_amounts, p_expires_at, p_pending_ids, p_pending_legs)
      with ordinality as u (transfer, kind, debit, credit, amount, expires_at, pending_id, pending_leg, place)
  ) l
  left join lateral (
    select t.kind, t.debit_account_id, t.credit_account_id, t.amount_minor, t.expires_at,
           exists (select from holds h where h.marketplace_id = p_marketplace_id
                   and h.transfer_id = t.transfer_id and h.leg = t.leg) as is_open
    from transfers t
    where t.marketplace_id = p_marketplace_id and t.transfer_id = l.pending_id and t.leg = l.pending_leg
  ) p on true;

  if array_remove(v_faults, null) <> '{}' then
    select array_agg(coalesce(f.fault, 'posted') order by f.transfer)
    into v_outcomes
    from (select u.transfer, (array_agg(u.fault order by u.leg) filter (where u.fault is not null))[1] as fault
          from unnest(p_places, p_legs, v_faults) as u (transfer, leg, fault)
          group by u.transfer) f;
  end if;

  -- Ids that are stored already: with the same content, or with another.
  if exists (select from unnest(p_transfer_ids) as u (transfer_id)
             join transfers t on t.marketplace_id = p_marketplace_id and t.transfer_id = u.transfer_id) then
    select array_agg(
      case when s.stored = 0 then v_outcomes[s.transfer]
           when s.stored = s.given and s.same then 'already_posted'
           else 'id_reused' end order by s.transfer)
    into v_outcomes
    from (
      select g.transfer, count(*) as given,
        (select count(*) from transfers x
         where x.marketplace_id = p_marketplace_id and x.transfer_id = p_transfer_ids[g.transfer]) as stored,
        bool_and(coalesce(
          (t.kind, t.debit_account_id, t.credit_account_id, t.amount_minor, t.code, t.expires_at,
           t.pending_transfer_id, t.pending_leg, t.subject, t.may_break_limits)
          is not distinct from
          (p_kinds[g.place], v_account_ids[p_debits[g.place]], v_account_ids[p_credits[g.place]],
           p_amounts[g.place], p_codes[g.place], p_expires_at[g.place],
           p_pending_ids[g.place], p_pending_legs[g.place], p_subjects[g.transfer], p_may_break_limits[g.transfer])
          and t.effective_at = coalesce(p_effective_at[g.transfer], t.recorded_at)
          and (t.leg > 0 or (t.description, t.metadata)
               is not distinct from (p_descriptions[g.transfer], p_metadata[g.transfer])), false)) as same
      from unnest(p_places, p_legs) with ordinality as g (transfer, leg, place)
      left join transfers t on t.marketplace_id = p_marketplace_id
        and t.transfer_id = p_transfer_ids[g.transfer] and t.leg = g.leg
      group by g.transfer
    ) s;
  end if;

  -- What depends on the balances: one transfer after the other.
  for v_transfer in 1 .. cardinality(p_transfer_ids) loop
    v_first := v_leg + 1;
    v_rejected := v_outcomes[v_transfer] <> 'posted';
    while p_places[v_leg + 1] = v_transfer loop
      v_leg := v_leg + 1;
      continue when v_rejected;
      v_debit := p_debits[v_leg];
      v_credit := p_credits[v_leg];
      v_amount := p_amounts[v_leg];
      if p_kinds[v_leg] = 'pending' then
        v_pending_out[v_debit] := v_pending_out[v_debit] + v_amount;
        v_pending_in[v_credit] := v_pending_in[v_credit] + v_amount;
      else
        v_posted[v_debit] := v_posted[v_debit] - v_amount;
        v_posted[v_credit] := v_posted[v_credit] + v_amount;
        if v_held[v_leg] is not null then
          v_pending_out[v_debit] := v_pending_out[v_debit] - v_held[v_leg];
          v_pending_in[v_credit] := v_pending_in[v_credit] - v_held[v_leg];
        end if;
      end if;
      v_versions[v_debit] := v_versions[v_debit] + 1;
      v_versions[v_credit] := v_versions[v_credit] + 1;
      v_d_versions[v_leg] := v_versions[v_debit];
      v_d_posted[v_leg] := v_posted[v_debit];
      v_c_versions[v_leg] := v_versions[v_credit];
      v_c_posted[v_leg] := v_posted[v_credit];
      v_rejected := (v_posted[v_debit] - v_pending_out[v_debit] < v_floors[v_debit]
                     or v_posted[v_credit] + v_pending_in[v_credit] > v_ceilings[v_credit])
                and v_held[v_leg] is null and not p_may_break_limits[v_transfer];
    end loop;

    if v_rejected and v_outcomes[v_transfer] = 'posted' then   -- take the legs back that went in
      v_outcomes[v_transfer] := 'limit_exceeded';
      for v_back in v_first .. v_leg loop
        exit when v_d_versions[v_back] is null;
        v_debit := p_debits[v_back];
        v_credit := p_credits[v_back];
        v_amount := p_amounts[v_back];
        if p_kinds[v_back] = 'pending' then
          v_pending_out[v_debit] := v_pending_out[v_debit] - v_amount;
          v_pending_in[v_credit] := v_pending_in[v_credit] - v_amount;
        else
          v_posted[v_debit] := v_posted[v_debit] + v_amount;
          v_posted[v_credit] := v_posted[v_credit] - v_amount;
          if v_held[v_back] is not null then
            v_pending_out[v_debit] := v_pending_out[v_debit] + v_held[v_back];
            v_pending_in[v_credit] := v_pending_in[v_credit] + v_held[v_back];
          end if;
        end if;
        v_versions[v_debit] := v_versions[v_debit] - 1;
        v_versions[v_credit] := v_versions[v_credit] - 1;
        v_d_versions[v_back] := null;
      end loop;
    end if;
  end loop;

  insert into transfers (
    marketplace_id, position, transfer_id, leg, kind, debit_account_id, credit_account_id, amount_minor, code,
    subject, may_break_limits, pending_transfer_id, pending_leg, expires_at, effective_at, recorded_at,
    debit_version, debit_posted_minor, credit_version, credit_posted_minor, description, metadata)
  select p_marketplace_id, nextval('positions'), p_transfer_ids[l.transfer], l.leg, l.kind,
         v_account_ids[l.debit], v_account_ids[l.credit], l.amount, l.code,
         p_subjects[l.transfer], p_may_break_limits[l.transfer], l.pending_id, l.pending_leg, l.expires_at,
         coalesce(p_effective_at[l.transfer], v_recorded_at), v_recorded_at,
         l.d_version, l.d_posted, l.c_version, l.c_posted,
         case when l.leg = 0 then p_descriptions[l.transfer] end,
         case when l.leg = 0 then p_metadata[l.transfer] end
  from unnest(p_places, p_legs, p_kinds, p_debits, p_credits, p_amounts, p_codes, p_pending_ids, p_pending_legs,
              p_expires_at, v_d_versions, v_d_posted, v_c_versions, v_c_posted)
    as l (transfer, leg, kind, debit, credit, amount, code, pending_id, pending_leg,
          expires_at, d_version, d_posted, c_version, c_posted)
  where l.d_version is not null;

  if exists (select from unnest(p_kinds) as u (kind) where u.kind <> 'posted') then
    insert into holds (marketplace_id, transfer_id, leg, expires_at)
    select p_marketplace_id, p_transfer_ids[l.transfer], l.leg, l.expires_at
    from unnest(p_places, p_legs, p_kinds, p_expires_at, v_d_versions) as l (transfer, leg, kind, expires_at, d_version)
    where l.kind = 'pending' and l.d_version is not null;

    delete from holds h
    using unnest(p_pending_ids, p_pending_legs, v_d_versions) as l (pending_id, pending_leg, d_version)
    where h.marketplace_id = p_marketplace_id and h.transfer_id = l.pending_id and h.leg = l.pending_leg
      and l.d_version is not null;
  end if;

  update accounts a
  set posted_minor = n.posted, pending_out_minor = n.pending_out, pending_in_minor = n.pending_in,
      version = n.version, recorded_at = v_recorded_at
  from unnest(v_account_ids, v_posted, v_pending_out, v_pending_in, v_versions, v_old_versions)
    as n (account_id, posted, pending_out, pending_in, version, old_version)
  where a.marketplace_id = p_marketplace_id and a.account_id = n.account_id and n.version > n.old_version;

  return v_outcomes;
end
$$;
revoke execute on function ledger.post from public;
grant execute on function ledger.post to banyan_app;

-- What was posted on an account when its entries recorded until p_at were in. Versions have no gap
-- and their recorded times never go back, so that halving finds the entry in a few probes.
create function ledger.posted_at(p_marketplace_id uuid, p_account_id bigint, p_at timestamptz) returns bigint
language plpgsql stable
as $$
declare
  v_posted bigint := 0;
  v_low    bigint := 0;
  v_high   bigint := (select version from ledger.accounts
                      where marketplace_id = p_marketplace_id and account_id = p_account_id);
  v_entry  record;
begin
  while v_low < v_high loop
    select * into v_entry
    from (
      select debit_version as version, recorded_at, debit_posted_minor as posted from ledger.transfers
      where marketplace_id = p_marketplace_id and debit_account_id = p_account_id
        and debit_version = (v_low + v_high + 1) / 2
      union all
      select credit_version, recorded_at, credit_posted_minor from ledger.transfers
      where marketplace_id = p_marketplace_id and credit_account_id = p_account_id
        and credit_version = (v_low + v_high + 1) / 2
    ) e;
    if v_entry.recorded_at <= p_at then
      v_low := v_entry.version;
      v_posted := v_entry.posted;
    else
      v_high := v_entry.version - 1;
    end if;
  end loop;
  return v_posted;
end
$$;
