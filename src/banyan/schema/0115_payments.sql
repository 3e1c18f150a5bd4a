-- Payments over several providers, methods and attempts.

-- What a marketplace has connected. Every sandbox marketplace has `sandbox` without a row.
create table payments.connections (
  marketplace_id  uuid not null,
  name            text not null check (name ~ '^[a-z][a-z0-9_]{1,39}$'),
  kind            text not null,                  -- sandbox, stripe, adyen, iso20022
  is_enabled      boolean not null default true,
  settings        jsonb not null default '{}',    -- what is no secret: accounts, addresses
  secrets         bytea,                          -- encrypted
  method_types    text[],                         -- null: all that the kind can take
  currencies      text[],
  countries       text[],                         -- of buyers
  fee_bp          int not null default 0 check (fee_bp between 0 and 10000),   -- what a payment is
  fee_fixed_minor bigint not null default 0 check (fee_fixed_minor >= 0),      -- expected to cost
  version         int not null default 1,         -- counts the changes
  created_at      timestamptz not null,
  updated_at      timestamptz not null,
  primary key (marketplace_id, name)
);
select runtime.isolate('payments.connections');

alter table payments.settings
  add column routing jsonb not null default '{}';  -- rules and weights; see banyan.payments.rules.routing

alter table payments.payments
  drop constraint payments_state_check,
  add constraint payments_state_check check (state in (
    'authorizing', 'requires_action', 'awaiting_payment', 'processing', 'unknown', 'authorized',
    'declined', 'expired', 'voiding', 'voided', 'capturing', 'capture_failed',
    'captured', 'partially_refunded', 'refunded')),
  add column country          text,                -- the buyer's
  add column authentication   text not null default 'auto',
  add column ordinal          int not null default 1,   -- of the authorization in use
  add column method_tokens    jsonb not null default '{}',   -- token by provider, where they differ
  add column instructions     jsonb,               -- how the buyer is to pay, while we wait for it
  add column liability        text check (liability in ('issuer', 'merchant')),
  add column settled_minor    bigint,              -- what the provider settles, where it is in another
  add column settled_currency text,                -- currency than the buyer paid in
  add check ((settled_minor is null) = (settled_currency is null));

alter table payments.attempts
  drop constraint attempts_operation_check,
  add constraint attempts_operation_check check (operation in (
    'authorize', 'authenticate', 'capture', 'void', 'refund', 'payout', 'return', 'debit', 'contest',
    'accept', 'late')),
  drop constraint attempts_marketplace_id_subject_id_operation_key,
  add column ordinal       int not null default 1,   -- an operation may be tried at several providers
  add column routing       jsonb,                    -- why this provider
  add column first_sent_at timestamptz,
  add column last_sent_at  timestamptz,
  add unique (marketplace_id, subject_id, operation, ordinal);

-- What became of authorizations by provider and segment, decayed; what routing learns from.
create table payments.route_stats (
  marketplace_id uuid not null,
  provider       text not null,
  segment        text not null,
  approved       double precision not null,
  declined       double precision not null,
  counted_at     timestamptz not null,
  primary key (marketplace_id, provider, segment)
);
select runtime.isolate('payments.route_stats');

-- How well each provider answers; an open circuit takes no new payments.
create table payments.provider_health (
  marketplace_id uuid not null,
  provider       text not null,
  answered       double precision not null,        -- decayed counts
  failed         double precision not null,
  counted_at     timestamptz not null,
  opened_at      timestamptz,                       -- since then new payments go elsewhere
  probed_at      timestamptz,                       -- the last payment let through to find out
  primary key (marketplace_id, provider)
);
select runtime.isolate('payments.provider_health');

-- The sandbox stands in for several providers, and fails when it is told to.
alter table payments.sandbox_operations add column provider text not null default 'sandbox';

create table payments.sandbox_faults (
  marketplace_id uuid not null,
  fault_id       uuid not null,
  provider       text not null,
  starts_at      timestamptz not null,
  ends_at        timestamptz not null,
  operations     text[],                            -- null: all
  kind           text not null check (kind in ('outage', 'timeout', 'lost_answer', 'decline')),
  share_bp       int not null check (share_bp between 1 and 10000),
  primary key (marketplace_id, fault_id),
  check (starts_at < ends_at)
);
create index sandbox_faults_by_provider
  on payments.sandbox_faults (marketplace_id, provider, ends_at);
select runtime.isolate('payments.sandbox_faults');
