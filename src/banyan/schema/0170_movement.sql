-- The movement of data: tables of a legacy database copied to the new side, followed, verified, and
-- copied back after the cutover. The rows themselves are in the databases of both sides.

create schema movement;

create table movement.sets (
  marketplace_id uuid not null references runtime.marketplaces,
  set_id         uuid not null,
  plan_id        uuid not null,
  plan           text not null,
  name           text not null check (name ~ '^[a-z][a-z0-9_-]{0,39}$'),
  declared       jsonb not null,                  -- addresses and the set, as the plan has them
  phase          text not null check (phase in ('waiting', 'backfilling', 'following', 'reversing')),
  epoch          bigint not null default 0,       -- grows with each mover; older ones can't write
  cursor         jsonb,                           -- key of the last row that was filled
  rows_done      bigint not null default 0,
  rows_total     bigint,                          -- as counted when it began
  began_at       timestamptz,
  backfilled_at  timestamptz,
  tail           jsonb,                           -- how far polling has come
  carried        bigint not null default 0,       -- changes carried over since ever
  lag_rows       bigint,
  lag_s          double precision,
  lag_back_rows  bigint,                          -- of the way from the target to the source
  lag_back_s     double precision,
  seen_at        timestamptz,                     -- its mover was alive
  pass_cursor    jsonb,
  pass_began_at  timestamptz,
  pass_rows      bigint not null default 0,
  verified_at    timestamptz,                     -- end of the last whole comparison
  verified_rows  bigint not null default 0,
  turned_at      timestamptz,                     -- the truth changed sides
  wanted         text not null default '' check (wanted in ('', 'repair')),
  failure        text not null default '',        -- what stops its mover, for people
  is_gone        boolean not null default false,  -- no longer in the plan
  primary key (marketplace_id, set_id),
  unique (marketplace_id, plan_id, name)
);
select runtime.isolate('movement.sets');

-- Rows that aren't alike on both sides, can't be carried over, or were changed on both.
create table movement.findings (
  marketplace_id uuid not null,
  set_id         uuid not null,
  flow           text not null check (flow in ('forward', 'reverse')),
  kind           text not null check (kind in ('missing', 'extra', 'differs', 'conflict', 'stuck')),
  key_hash       text not null,
  key            jsonb not null,                  -- at the destination
  origin_key     jsonb,
  columns        text[] not null,
  detail         jsonb not null,
  attempts       int not null default 1,
  found_at       timestamptz not null,
  last_at        timestamptz not null,
  closed_at      timestamptz,                     -- repaired, written after all, or alike again
  primary key (marketplace_id, set_id, flow, kind, key_hash),
  foreign key (marketplace_id, set_id) references movement.sets
);
create index findings_open on movement.findings (marketplace_id, set_id, kind)
  where closed_at is null;
select runtime.isolate('movement.findings');
