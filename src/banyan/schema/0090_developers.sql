-- The keys that programs call the API with.

create schema developers;

create table developers.keys (
  marketplace_id uuid not null references runtime.marketplaces,
  key_id         uuid not null,
  name           text not null check (length(name) between 1 and 80),
  prefix         text not null,       -- the first characters, for people to tell keys apart
  hash           bytea not null,      -- SHA-256 of the key; the key itself is nowhere
  scopes         text[] not null check (cardinality(scopes) > 0),
  created_at     timestamptz not null,
  revoked_at     timestamptz,
  primary key (marketplace_id, key_id)
);
-- Not led by the marketplace: which one is asked for is what the key tells.
create unique index keys_by_hash on developers.keys (hash);
select runtime.isolate('developers.keys');
