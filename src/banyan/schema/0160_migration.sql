-- The migration of a legacy platform: plans, where each route stands, and why.

create schema migration;

-- A plan as it was applied; each change of it is a version.
create table migration.plans (
  marketplace_id uuid not null references runtime.marketplaces,
  plan_id        uuid not null,
  name           text not null check (name ~ '^[a-z][a-z0-9_-]{0,39}$'),
  version        int not null check (version >= 1),
  source         text not null check (length(source) <= 1000000),   -- the file, byte for byte
  document       jsonb not null,                                      -- what was read from it
  applied_by     text not null check (length(applied_by) between 1 and 200),
  why            text not null check (length(why) between 1 and 500),
  applied_at     timestamptz not null,
  primary key (marketplace_id, plan_id, version)
);
create unique index plans_by_name on migration.plans (marketplace_id, name, version desc);
select runtime.isolate('migration.plans');

-- Where a route stands. The data plane follows; `change` counts every step, so that two who decide at
-- once can't undo one another.
create table migration.routes (
  marketplace_id uuid not null,
  plan_id        uuid not null,
  route          text not null,
  phase          text not null check (phase in ('legacy', 'shadow', 'canary', 'ramp', 'candidate', 'retired')),
  read_bp        int not null check (read_bp between 0 and 10000),
  writes_to      text not null check (writes_to in ('legacy', 'candidate')),
  step           int not null default 0,             -- of the ramp
  change         int not null,
  entered_change int not null,                       -- evidence is gathered since this one
  entered_at     timestamptz not null,               -- into this phase and step
  held_why       text not null default '',           -- a person or a rollback holds it; '' : free
  approved_for   text not null default '',           -- the phase that a person has said yes to
  announced_for  text not null default '',           -- the step that was announced: phase and step
  announced_at   timestamptz,
  is_gone        boolean not null default false,     -- no longer in the plan
  primary key (marketplace_id, plan_id, route)
);
select runtime.isolate('migration.routes');

-- Every step of every route: what, by whom, why, on which verdict.
create table migration.changes (
  marketplace_id uuid not null,
  plan_id        uuid not null,
  route          text not null,
  change         int not null,
  kind           text not null check (kind in ('started', 'advanced', 'rolled_back', 'held', 'released', 'approved', 'announced', 'gone', 'returned')),
  from_phase     text not null,
  to_phase       text not null,
  from_bp        int not null,
  to_bp          int not null,
  writes_to      text not null,
  by             text not null,                       -- a person, or "judge"
  why            text not null check (length(why) <= 2000),
  numbers        jsonb not null default '{}',
  decided_at     timestamptz not null,
  effective_at   timestamptz,                         -- confirmed by the data plane
  primary key (marketplace_id, plan_id, route, change)
);
create index changes_by_time on migration.changes (marketplace_id, plan_id, decided_at desc);
select runtime.isolate('migration.changes');

-- Who leads a plan (there is one leader), and the data plane that it sees. Real time: a leader is
-- alive or not, whatever the marketplace's clock says.
create table migration.controllers (
  marketplace_id uuid not null references runtime.marketplaces,
  plan_id        uuid not null,
  holder         text not null,
  beat_at        timestamptz not null,
  version        int not null,                       -- of the plan that the data plane has
  data_plane     jsonb not null,
  says           text not null,                      -- what is wrong, '' : nothing
  primary key (marketplace_id, plan_id)
);
select runtime.isolate('migration.controllers');

-- What the judge said last of a route, and when that last changed.
create table migration.verdicts (
  marketplace_id uuid not null,
  plan_id        uuid not null,
  route          text not null,
  verdict        text not null check (verdict in ('advance', 'hold', 'rollback')),
  sentence       text not null,
  numbers        jsonb not null,                      -- the gates, each with its figures
  since          timestamptz not null,
  judged_at      timestamptz not null,
  primary key (marketplace_id, plan_id, route)
);
select runtime.isolate('migration.verdicts');

-- What was seen of a route in a minute at one side, or by its customers (side 'served').
create table migration.minutes (
  marketplace_id uuid not null,
  plan_id        uuid not null,
  route          text not null,
  side           text not null check (side in ('legacy', 'candidate', 'served')),
  phase          text not null,
  minute         timestamptz not null,
  requests       bigint not null,
  errors         bigint not null,
  fall_backs     bigint not null default 0,
  buckets        jsonb not null,                      -- histogram of latency: bucket number -> count
  primary key (marketplace_id, plan_id, route, side, phase, minute)
);
select runtime.isolate('migration.minutes');

-- What the judge has gathered since a route entered its phase and step (a sequential test goes on
-- where it was, whatever dies).
create table migration.evidence (
  marketplace_id uuid not null,
  plan_id        uuid not null,
  route          text not null,
  change         int not null,
  state          jsonb not null,
  updated_at     timestamptz not null,
  primary key (marketplace_id, plan_id, route)
);
select runtime.isolate('migration.evidence');

-- Boxes of a runbook that a person has ticked.
create table migration.checks (
  marketplace_id uuid not null,
  plan_id        uuid not null,
  route          text not null,
  document       text not null check (document in ('runbook', 'rollback')),
  version        int not null,                        -- of the plan
  item           int not null,
  by             text not null,
  checked_at     timestamptz not null,
  primary key (marketplace_id, plan_id, route, document, version, item)
);
select runtime.isolate('migration.checks');
