-- Everyone informed: links to status pages, what teams were told and how it reached them, and the
-- boxes of runbooks.

-- Who may read a status page without signing in: whoever has the link.
create table migration.links (
  marketplace_id uuid not null references runtime.marketplaces,
  link_id        uuid not null,
  plan_id        uuid not null,
  team           text not null default '',           -- of the plan; '' : the whole plan
  title          text not null check (length(title) between 1 and 120),
  hash           bytea not null,                      -- SHA-256 of the token's secret part
  created_by     text not null,
  created_at     timestamptz not null,
  revoked_by     text not null default '',
  revoked_at     timestamptz,
  primary key (marketplace_id, link_id)
);
-- Not led by the marketplace: which one is asked for is what the token tells.
create unique index links_by_id on migration.links (link_id);
create index links_by_plan on migration.links (marketplace_id, plan_id, link_id desc);
select runtime.isolate('migration.links');

-- What a team was told. The same event tells a team once.
create table migration.notices (
  marketplace_id uuid not null references runtime.marketplaces,
  notice_id      uuid not null,
  plan_id        uuid not null,
  team           text not null,
  source         text not null,                       -- what it tells of: the event, the week
  kind           text not null check (length(kind) between 1 and 60),
  route          text not null default '',
  title          text not null check (length(title) between 1 and 300),
  lines          jsonb not null,                      -- the message, one sentence an element
  facts          jsonb not null default '{}',         -- for programs
  written_at     timestamptz not null,
  primary key (marketplace_id, notice_id),
  unique (marketplace_id, plan_id, team, source)
);
create index notices_by_plan on migration.notices (marketplace_id, plan_id, notice_id desc);
select runtime.isolate('migration.notices');

-- On its way to a team by one channel.
create table migration.deliveries (
  marketplace_id uuid not null,
  notice_id      uuid not null,
  channel        text not null check (channel in ('email', 'webhook')),
  address        text not null check (length(address) between 1 and 500),
  state          text not null check (state in ('waiting', 'delivered', 'not_sent', 'undelivered')),
  attempts       int not null default 0,
  why            text not null default '' check (length(why) <= 500),   -- it isn't delivered
  due_at         timestamptz,                         -- of the next attempt
  delivered_at   timestamptz,
  primary key (marketplace_id, notice_id, channel),
  foreign key (marketplace_id, notice_id) references migration.notices
);
create index deliveries_by_state on migration.deliveries (marketplace_id, state, notice_id)
  where state <> 'delivered';
select runtime.isolate('migration.deliveries');

-- Each try of a delivery.
create table migration.attempts (
  marketplace_id uuid not null,
  notice_id      uuid not null,
  channel        text not null,
  attempt        int not null check (attempt >= 1),
  is_delivered   boolean not null,
  answer         text not null check (length(answer) <= 500),
  took_ms        int not null check (took_ms >= 0),
  tried_at       timestamptz not null,
  primary key (marketplace_id, notice_id, channel, attempt),
  foreign key (marketplace_id, notice_id, channel) references migration.deliveries
);
select runtime.isolate('migration.attempts');

-- What a team's webhooks are signed with; the one before stays valid for a day.
create table migration.team_secrets (
  marketplace_id uuid not null references runtime.marketplaces,
  plan_id        uuid not null,
  team           text not null,
  sealed         bytea not null,
  sealed_before  bytea,
  rotated_at     timestamptz not null,
  primary key (marketplace_id, plan_id, team)
);
select runtime.isolate('migration.team_secrets');

-- A box belongs to its text: a later version of the plan that keeps the text keeps the tick.
alter table migration.checks add column text_hash bytea not null default '';

-- A milestone is reported late once.
create table migration.late_milestones (
  marketplace_id uuid not null references runtime.marketplaces,
  plan_id        uuid not null,
  milestone      text not null,
  due_on         date not null,
  noticed_at     timestamptz not null,
  primary key (marketplace_id, plan_id, milestone, due_on)
);
select runtime.isolate('migration.late_milestones');
