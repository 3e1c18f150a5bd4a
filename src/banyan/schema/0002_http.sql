-- Answers kept for a while by the client's Idempotency-Key, written in the transaction of the
-- write itself: a retry gets the first answer, and nothing is done twice.

create table runtime.idempotency_keys (
  marketplace_id uuid not null references runtime.marketplaces,
  key            text not null check (length(key) between 1 and 255),
  fingerprint    bytea not null,                        -- of method, path and body
  status         smallint not null,
  answer         bytea not null,
  created_at     timestamptz not null default now(),    -- real time, also in a sandbox
  primary key (marketplace_id, key)
);
create index idempotency_keys_by_age on runtime.idempotency_keys (created_at);
select runtime.isolate('runtime.idempotency_keys');
