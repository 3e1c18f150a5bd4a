-- Comparison: what differs between the sides of a route, by cause, and what was decided about it.
-- Nothing in these tables is as a customer sent or saw it: what is personal was masked before.

create schema comparison;

-- The secret of a plan's pseudonyms, sealed: equal values look equal, and can't be tried out.
create table comparison.masking_keys (
  marketplace_id uuid not null references runtime.marketplaces,
  plan_id        uuid not null,
  sealed         bytea not null,
  made_at        timestamptz not null,
  primary key (marketplace_id, plan_id)
);
select runtime.isolate('comparison.masking_keys');

-- Requests that were recorded, for a day: sent again, they count once.
create table comparison.seen (
  marketplace_id uuid not null,
  plan_id        uuid not null,
  request_id     text not null check (length(request_id) between 1 and 200),
  recorded_at    timestamptz not null,
  primary key (marketplace_id, plan_id, request_id)
);
create index seen_by_time on comparison.seen (marketplace_id, plan_id, recorded_at);
select runtime.isolate('comparison.seen');

create table comparison.minutes (
  marketplace_id uuid not null,
  plan_id        uuid not null,
  route          text not null,
  minute         timestamptz not null,
  compared       bigint not null,
  unsteady       bigint not null,
  primary key (marketplace_id, plan_id, route, minute)
);
select runtime.isolate('comparison.minutes');

-- How often a route was looked at, with and without a second answer of legacy.
create table comparison.looks (
  marketplace_id uuid not null,
  plan_id        uuid not null,
  route          text not null,
  paired         bigint not null,
  unpaired       bigint not null,
  primary key (marketplace_id, plan_id, route)
);
select runtime.isolate('comparison.looks');

-- Of those looks: how often a place differed, between the sides and within legacy.
create table comparison.noise (
  marketplace_id uuid not null,
  plan_id        uuid not null,
  route          text not null,
  pattern        text not null check (length(pattern) <= 400),
  kind           text not null,
  in_both        bigint not null,
  between_only   bigint not null,
  within_only    bigint not null,
  unpaired_seen  bigint not null,
  last_seen_at   timestamptz not null,
  primary key (marketplace_id, plan_id, route, pattern, kind)
);
select runtime.isolate('comparison.noise');

create table comparison.divergences (
  marketplace_id  uuid not null,
  divergence_id   uuid not null,
  plan_id         uuid not null,
  route           text not null,
  source          text not null check (source in ('gateway', 'experiment')),
  pattern         text not null check (length(pattern) <= 400),
  kind            text not null,
  legacy_shape    text not null,
  candidate_shape text not null,
  title           text not null,
  also            text[] not null,
  requests        bigint not null,
  requests_after  bigint not null,                -- since it was last decided about
  first_seen_at   timestamptz not null,
  last_seen_at    timestamptz not null,
  last_version    text not null,                  -- of the candidate, when it was last seen
  state           text not null check (state in ('open', 'explained', 'accepted', 'fixing', 'fixed')),
  owner           text,
  why             text not null,
  decided_by      text,
  decided_at      timestamptz,
  fixed_in        text not null,
  broken_in       text not null,                  -- what ran when it was said to be fixed
  returned        int not null,
  primary key (marketplace_id, divergence_id),
  unique (marketplace_id, plan_id, route, source, pattern, kind, legacy_shape, candidate_shape)
);
select runtime.isolate('comparison.divergences');

-- Requests of a divergence by minute, so that what is accepted stops counting, also backwards.
create table comparison.divergence_minutes (
  marketplace_id uuid not null,
  divergence_id  uuid not null,
  minute         timestamptz not null,
  requests       bigint not null,
  primary key (marketplace_id, divergence_id, minute),
  foreign key (marketplace_id, divergence_id) references comparison.divergences
);
select runtime.isolate('comparison.divergence_minutes');

create table comparison.examples (
  marketplace_id   uuid not null,
  divergence_id    uuid not null,
  number           int not null check (number between 0 and 9),
  request_id       text not null,
  method           text not null,
  path             text not null,
  headers          jsonb not null,
  legacy_status    int not null,
  candidate_status int not null,
  legacy_us        bigint not null,
  candidate_us     bigint not null,
  differences      jsonb not null,
  context          jsonb not null,
  seen_at          timestamptz not null,
  primary key (marketplace_id, divergence_id, number),
  foreign key (marketplace_id, divergence_id) references comparison.divergences
);
select runtime.isolate('comparison.examples');

create table comparison.decisions (
  marketplace_id uuid not null,
  divergence_id  uuid not null,
  number         int not null,
  choice         text not null check (choice in ('explain', 'accept', 'fix', 'fixed', 'reopen', 'returned')),
  state          text not null,
  owner          text,
  why            text not null check (length(why) <= 2000),
  by             text not null,
  fixed_in       text not null,
  decided_at     timestamptz not null,
  primary key (marketplace_id, divergence_id, number),
  foreign key (marketplace_id, divergence_id) references comparison.divergences
);
select runtime.isolate('comparison.decisions');
