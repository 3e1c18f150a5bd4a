-- Payments: what buyers pay, what goes back to them, what sellers are paid out; and every call of a
-- provider, written before it is made.
--
-- Balances are the ledger's. The amounts here are what was agreed with buyers, sellers and
-- providers; `banyan.payments.summary` compares the two.

create schema payments;

create table payments.settings (
  marketplace_id       uuid primary key,
  provider             text,                      -- null: no payments can be made
  commission_bp        int not null check (commission_bp between 0 and 5000),
  commission_tax_bp    int not null check (commission_tax_bp between 0 and 10000),
  tax_jurisdiction     text not null check (tax_jurisdiction ~ '^[A-Z0-9-]{2,20}$'),
  payout_cutoff_hour   int not null check (payout_cutoff_hour between 0 and 23),   -- UTC
  payout_minimum_minor bigint not null check (payout_minimum_minor >= 1)
);
select runtime.isolate('payments.settings');

create table payments.payments (
  marketplace_id     uuid not null,
  payment_id         uuid not null,
  subject            text not null check (length(subject) between 1 and 80),   -- what it pays for
  buyer_id           uuid not null,
  provider           text not null,
  state              text not null check (state in (
                       'authorizing', 'requires_action', 'unknown', 'authorized', 'declined',
                       'voiding', 'voided', 'capturing', 'capture_failed',
                       'captured', 'partially_refunded', 'refunded')),
  amount_minor       bigint not null check (amount_minor > 0),
  currency           text not null,
  captured_minor     bigint not null default 0,
  refunded_minor     bigint not null default 0,
  reversed_minor     bigint not null default 0,   -- gone back, or held to go back: refunds, disputes
  fee_minor          bigint not null default 0,   -- the provider's
  method_type        text not null,
  method_token       text not null,
  installments       int not null check (installments between 1 and 36),
  method_fingerprint text not null,
  provider_reference text,                        -- the provider's id of the authorization
  decline_code       text,
  action_url         text,                        -- where the buyer authenticates
  action_expires_at  timestamptz,
  void_reason        text,                        -- not null: a void was asked for
  created_at         timestamptz not null,
  authorized_at      timestamptz,
  captured_at        timestamptz,
  released_at        timestamptz,                 -- since then the sellers' parts are available
  primary key (marketplace_id, payment_id),
  check (captured_minor in (0, amount_minor)),
  check (refunded_minor between 0 and reversed_minor),
  check (reversed_minor <= captured_minor)        -- never more back than was taken
);
create index payments_by_subject on payments.payments (marketplace_id, subject);
create index payments_by_state on payments.payments (marketplace_id, state, payment_id);
select runtime.isolate('payments.payments');

-- One seller's part of a payment, frozen when the payment is made.
create table payments.splits (
  marketplace_id            uuid not null,
  payment_id                uuid not null,
  seller_id                 uuid not null,
  currency                  text not null,
  gross_minor               bigint not null check (gross_minor > 0),
  shipping_minor            bigint not null check (shipping_minor between 0 and gross_minor),
  commission_minor          bigint not null check (commission_minor >= 0),
  tax_minor                 bigint not null check (tax_minor >= 0),
  tax_jurisdiction          text not null,
  reversed_seller_minor     bigint not null default 0,
  reversed_commission_minor bigint not null default 0,
  reversed_tax_minor        bigint not null default 0,
  primary key (marketplace_id, payment_id, seller_id),
  foreign key (marketplace_id, payment_id) references payments.payments,
  check (reversed_seller_minor between 0 and gross_minor - commission_minor - tax_minor),
  check (reversed_commission_minor between 0 and commission_minor),
  check (reversed_tax_minor between 0 and tax_minor)
);
create index splits_by_seller on payments.splits (marketplace_id, seller_id, payment_id);
select runtime.isolate('payments.splits');

-- Every operation asked of a provider. The row is committed before the call is made; the provider
-- knows the operation by attempt_id, which is the idempotency key and our reference in one.
create table payments.attempts (
  marketplace_id uuid not null,
  attempt_id     uuid not null,
  subject_id     uuid not null,                   -- the payment, refund or payout
  payment_id     uuid,                            -- null for payouts
  operation      text not null check (operation in (
                   'authorize', 'authenticate', 'capture', 'void', 'refund', 'payout', 'return')),
  provider       text not null,
  amount_minor   bigint not null check (amount_minor > 0),
  currency       text not null,
  state          text not null check (state in ('intended', 'sent', 'unknown', 'answered', 'applied')),
  tries          int not null default 0,          -- calls without a definite answer
  outcome        text,                            -- the last answer: succeeded, declined, unknown …
  code           text,                            -- why it was declined
  note           text not null default '',
  answer         jsonb,                           -- the definite answer, whole
  created_at     timestamptz not null,
  sent_at        timestamptz,
  answered_at    timestamptz,
  primary key (marketplace_id, attempt_id),
  unique (marketplace_id, subject_id, operation),
  check ((state in ('answered', 'applied')) = (answer is not null))
);
create index attempts_by_payment on payments.attempts (marketplace_id, payment_id, attempt_id);
create index attempts_open on payments.attempts (marketplace_id, created_at)
  where state <> 'applied';
select runtime.isolate('payments.attempts');

create table payments.refunds (
  marketplace_id uuid not null,
  refund_id      uuid not null,
  payment_id     uuid not null,
  subject        text not null,
  provider       text not null,
  state          text not null check (state in ('pending', 'succeeded', 'failed')),
  amount_minor   bigint not null check (amount_minor > 0),
  currency       text not null,
  reason         text not null check (length(reason) <= 500),
  requested_by   text not null,
  decline_code   text,
  created_at     timestamptz not null,
  finished_at    timestamptz,
  primary key (marketplace_id, refund_id),
  foreign key (marketplace_id, payment_id) references payments.payments
);
create index refunds_by_payment on payments.refunds (marketplace_id, payment_id, refund_id);
select runtime.isolate('payments.refunds');

create table payments.disputes (
  marketplace_id     uuid not null,
  dispute_id         uuid not null,
  payment_id         uuid not null,
  subject            text not null,
  provider           text not null,
  provider_reference text not null,
  state              text not null check (state in ('open', 'won', 'lost')),
  amount_minor       bigint not null check (amount_minor > 0),
  held_minor         bigint not null check (held_minor between 0 and amount_minor),
  fee_minor          bigint not null check (fee_minor >= 0),
  currency           text not null,
  reason             text not null,
  opened_at          timestamptz not null,
  closed_at          timestamptz,
  primary key (marketplace_id, dispute_id),
  unique (marketplace_id, provider, provider_reference),
  foreign key (marketplace_id, payment_id) references payments.payments
);
create index disputes_by_payment on payments.disputes (marketplace_id, payment_id);
select runtime.isolate('payments.disputes');

-- Who gives back how much of a refund or dispute.
create table payments.reversals (
  marketplace_id    uuid not null,
  reversal_id       uuid not null,                -- the refund or dispute
  payment_id        uuid not null,
  seller_id         uuid not null,
  currency          text not null,
  seller_minor      bigint not null check (seller_minor >= 0),
  commission_minor  bigint not null check (commission_minor >= 0),
  tax_minor         bigint not null check (tax_minor >= 0),
  tax_jurisdiction  text not null,
  is_from_available boolean not null,             -- else from the seller's pending balance
  primary key (marketplace_id, reversal_id, seller_id),
  foreign key (marketplace_id, payment_id, seller_id) references payments.splits
);
select runtime.isolate('payments.reversals');

-- Where a seller's payouts go. A row exists from the first release on.
create table payments.payout_accounts (
  marketplace_id uuid not null,
  seller_id      uuid not null,
  destination    text not null check (length(destination) between 1 and 80),
  blocked_reason text,                            -- since a payout failed
  updated_at     timestamptz not null,
  primary key (marketplace_id, seller_id)
);
select runtime.isolate('payments.payout_accounts');

create table payments.payouts (
  marketplace_id uuid not null,
  payout_id      uuid not null,
  seller_id      uuid not null,
  provider       text not null,
  destination    text not null,
  state          text not null check (state in ('pending', 'paid', 'failed', 'returned')),
  amount_minor   bigint not null check (amount_minor > 0),
  currency       text not null,
  failure_code   text,
  created_at     timestamptz not null,
  finished_at    timestamptz,
  primary key (marketplace_id, payout_id)
);
create index payouts_by_seller on payments.payouts (marketplace_id, seller_id, payout_id);
create index payouts_by_state on payments.payouts (marketplace_id, state, payout_id);
select runtime.isolate('payments.payouts');

-- Webhooks that were received: the second delivery of one changes nothing.
create table payments.webhooks (
  marketplace_id uuid not null,
  provider       text not null,
  webhook_id     text not null check (length(webhook_id) <= 80),
  received_at    timestamptz not null,
  primary key (marketplace_id, provider, webhook_id)
);
select runtime.isolate('payments.webhooks');

-- The sandbox provider's own books. It plays an outside party: nothing but
-- banyan.payments.providers.sandbox reads or writes these, in transactions of its own.

create table payments.sandbox_accounts (
  marketplace_id uuid primary key,
  webhook_secret text not null
);
select runtime.isolate('payments.sandbox_accounts');

create table payments.sandbox_operations (
  marketplace_id uuid not null,
  key            text not null,                   -- the caller's idempotency key
  operation      text not null,
  reference      text not null,                   -- of the authorization, refund or payout
  payment        text,                            -- the caller's name of the payment
  amount_minor   bigint not null,
  currency       text not null,
  token          text not null,
  answer         jsonb not null,
  known_at       timestamptz not null,            -- until then the outcome is pending
  hidden_until   timestamptz,                     -- until then nothing is answered
  created_at     timestamptz not null,
  primary key (marketplace_id, key)
);
create index sandbox_operations_by_payment
  on payments.sandbox_operations (marketplace_id, payment, operation);
select runtime.isolate('payments.sandbox_operations');

-- Calls that timed out without being made: the next one with the same key gets through.
create table payments.sandbox_timeouts (
  marketplace_id uuid not null,
  key            text not null,
  primary key (marketplace_id, key)
);
select runtime.isolate('payments.sandbox_timeouts');

create table payments.sandbox_disputes (
  marketplace_id uuid not null,
  reference      text not null,
  payment        text not null,
  captured_minor bigint not null,
  currency       text not null,
  opens_at       timestamptz not null,
  closes_at      timestamptz not null,
  result         text not null check (result in ('won', 'lost')),
  primary key (marketplace_id, reference)
);
select runtime.isolate('payments.sandbox_disputes');
