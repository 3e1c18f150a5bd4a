-- Rehearsals of plans: what was tried, what came of it, and the signature under it.

-- With what evidence is signed. The private half opens only with the marketplace's vault.
create table migration.rehearsal_keys (
  marketplace_id uuid not null references runtime.marketplaces,
  key_id         text not null check (key_id ~ '^[0-9a-f]{16}$'),   -- of the public half
  public_key     bytea not null check (length(public_key) = 32),    -- Ed25519
  sealed         bytea not null,
  made_at        timestamptz not null,
  primary key (marketplace_id, key_id)
);
select runtime.isolate('migration.rehearsal_keys');

create table migration.rehearsals (
  marketplace_id uuid not null,
  plan_id        uuid not null,
  rehearsal_id   uuid not null,
  plan_version   int not null,
  has_passed     boolean not null,
  began_at       timestamptz not null,                -- by the clock of the machine that rehearsed
  ended_at       timestamptz not null,
  recorded_by    text not null check (length(recorded_by) between 1 and 200),
  recorded_at    timestamptz not null,
  key_id         text not null,
  evidence       text not null check (length(evidence) <= 8000000),  -- signed, byte for byte
  primary key (marketplace_id, plan_id, rehearsal_id),
  foreign key (marketplace_id, key_id) references migration.rehearsal_keys
);
create index rehearsals_by_time on migration.rehearsals (marketplace_id, plan_id, ended_at desc);
select runtime.isolate('migration.rehearsals');

-- What a rehearsal says of each route. `fingerprint` is of all in the plan that changes how the route
-- is served: evidence for another fingerprint is evidence for another route.
create table migration.rehearsed_routes (
  marketplace_id uuid not null,
  plan_id        uuid not null,
  rehearsal_id   uuid not null,
  route          text not null,
  fingerprint    text not null check (fingerprint ~ '^[0-9a-f]{64}$'),
  has_passed     boolean not null,
  ended_at       timestamptz not null,
  sentence       text not null check (length(sentence) <= 2000),
  primary key (marketplace_id, plan_id, rehearsal_id, route),
  foreign key (marketplace_id, plan_id, rehearsal_id) references migration.rehearsals
);
create index rehearsed_routes_by_time
  on migration.rehearsed_routes (marketplace_id, plan_id, route, ended_at desc);
select runtime.isolate('migration.rehearsed_routes');
