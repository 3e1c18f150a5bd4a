-- What is shown of a connection's secrets: their last letters.
alter table payments.connections add column hints jsonb not null default '{}';

-- What providers have told by signed webhook and can't be asked for again. The provider's own code
-- reads it as its memory of an operation.
create table payments.provider_notices (
  marketplace_id uuid not null,
  provider       text not null,
  notice_id      text not null check (length(notice_id) <= 120),
  key            text not null check (length(key) <= 80),          -- our name of the operation
  reference      text not null check (length(reference) <= 80),    -- theirs
  event          text not null check (length(event) <= 60),
  is_success     boolean not null,
  amount_minor   bigint,
  currency       text,
  reason         text not null check (length(reason) <= 500),
  details        jsonb not null default '{}',
  received_at    timestamptz not null,
  primary key (marketplace_id, provider, notice_id),
  check ((amount_minor is null) = (currency is null))
);
create index provider_notices_by_key
  on payments.provider_notices (marketplace_id, provider, key, received_at);
create index provider_notices_by_reference
  on payments.provider_notices (marketplace_id, provider, reference, received_at);
select runtime.isolate('payments.provider_notices');
