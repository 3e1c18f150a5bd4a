-- Payouts: when and where sellers are paid, what is held back from them, what they owe, and the
-- files that a bank is given.

-- How a marketplace pays its sellers. Hours and minimum are in payments.settings.
create table payments.payout_settings (
  marketplace_id    uuid primary key,
  cadence          text not null check (cadence in ('daily', 'weekly', 'monthly', 'manual')),
  weekday           int check (weekday between 1 and 7),      -- 1 is Monday
  month_day         int check (month_day between 1 and 31),   -- the last day in shorter months
  delay_days        int not null check (delay_days between 0 and 90),
  time_zone         text not null,
  calendar          text not null check (calendar in ('every_day', 'business_days')),
  change_hold_days  int not null check (change_hold_days between 0 and 60),
  debit_after_days  int check (debit_after_days between 1 and 365),   -- null: sellers aren't debited
  bank              jsonb,                        -- the account that bank files move money of
  check ((weekday is not null) = (cadence = 'weekly')),
  check ((month_day is not null) = (cadence = 'monthly'))
);
select runtime.isolate('payments.payout_settings');

-- A seller's own schedule, in place of the marketplace's.
create table payments.payout_schedules (
  marketplace_id uuid not null,
  seller_id      uuid not null,
  cadence       text not null check (cadence in ('daily', 'weekly', 'monthly', 'manual')),
  weekday        int check (weekday between 1 and 7),
  month_day      int check (month_day between 1 and 31),
  delay_days     int not null check (delay_days between 0 and 90),
  minimum_minor  bigint not null check (minimum_minor >= 1),
  updated_at     timestamptz not null,
  primary key (marketplace_id, seller_id),
  check ((weekday is not null) = (cadence = 'weekly')),
  check ((month_day is not null) = (cadence = 'monthly'))
);
select runtime.isolate('payments.payout_schedules');

-- What is held back from a seller's sales from an instant on, and why.
create table payments.seller_terms (
  marketplace_id uuid not null,
  seller_id      uuid not null,
  valid_from     timestamptz not null,
  tier           text not null check (tier in ('low', 'elevated', 'high', 'custom')),
  delay_days     int not null check (delay_days between 0 and 180),
  reserve_bp     int not null check (reserve_bp between 0 and 10000),
  reserve_days   int not null check (reserve_days between 0 and 730),
  reason         text not null check (length(reason) between 1 and 500),
  set_by         text not null,
  created_at     timestamptz not null,
  primary key (marketplace_id, seller_id, valid_from),
  check ((reserve_bp = 0) = (reserve_days = 0))
);
select runtime.isolate('payments.seller_terms');

-- A part of a sale that becomes available later: delayed (held) or kept as a reserve.
create table payments.holdbacks (
  marketplace_id uuid not null,
  holdback_id    uuid not null,                   -- derived from the payment, the seller and the kind
  seller_id      uuid not null,
  payment_id     uuid not null,
  kind           text not null check (kind in ('held', 'reserve')),
  currency       text not null,
  amount_minor   bigint not null check (amount_minor > 0),
  left_minor     bigint not null,                 -- less what the seller's debts have taken
  version        int not null default 0,          -- counts the takings
  due_on         date not null,                   -- in the marketplace's time zone
  created_at     timestamptz not null,
  freed_at       timestamptz,
  primary key (marketplace_id, holdback_id),
  foreign key (marketplace_id, payment_id) references payments.payments,
  check (left_minor between 0 and amount_minor),
  check (left_minor = 0 or freed_at is null)
);
create index holdbacks_due on payments.holdbacks (marketplace_id, due_on, holdback_id)
  where left_minor > 0;
create index holdbacks_by_seller on payments.holdbacks (marketplace_id, seller_id, currency, due_on)
  where left_minor > 0;
select runtime.isolate('payments.holdbacks');

-- A seller may have an account for each currency; '*' is for those without one of their own.
alter table payments.payout_accounts
  drop constraint payout_accounts_pkey,
  add column currency          text collate "C" not null default '*'
    check (currency = '*' or currency ~ '^[A-Z]{3}$'),
  add column kind              text not null default 'token'
    check (kind in ('token', 'iban', 'provider_account')),
  add column holder            text check (length(holder) between 1 and 70),
  add column bic               text,
  add column mandate           text check (length(mandate) between 1 and 35),   -- to debit it
  add column mandate_signed_on date,
  add primary key (marketplace_id, seller_id, currency),
  add check (kind <> 'iban' or holder is not null),
  add check ((mandate is null) = (mandate_signed_on is null));

-- Why a seller is not paid out for now.
create table payments.payout_holds (
  marketplace_id uuid not null,
  seller_id      uuid not null,
  kind           text not null check (kind in ('not_eligible', 'account_changed', 'by_hand')),
  reason         text not null check (length(reason) between 1 and 500),
  held_by        text not null,
  held_at        timestamptz not null,
  until_at       timestamptz,                     -- null: until it is lifted
  primary key (marketplace_id, seller_id, kind)
);
select runtime.isolate('payments.payout_holds');

-- The payouts, or debits, of one run that go one way in one currency.
create table payments.payout_batches (
  marketplace_id uuid not null,
  batch_id       uuid not null,
  run            text not null check (length(run) between 1 and 80),
  kind           text not null check (kind in ('payout', 'debit')),
  provider       text not null,
  rail           text not null check (rail in ('provider', 'bank')),
  currency       text not null,
  state          text not null check (state in ('open', 'closed', 'handed_over')),
  count          int not null default 0,          -- as closed
  total_minor    bigint not null default 0,
  created_at     timestamptz not null,
  closed_at      timestamptz,
  primary key (marketplace_id, batch_id)
);
create unique index payout_batches_open
  on payments.payout_batches (marketplace_id, run, kind, provider, currency) where state = 'open';
select runtime.isolate('payments.payout_batches');

alter table payments.payouts
  drop constraint payouts_state_check,
  add constraint payouts_state_check
    check (state in ('pending', 'paid', 'failed', 'returned', 'cancelled')),
  add column rail     text not null default 'provider' check (rail in ('provider', 'bank')),
  add column batch_id uuid,
  add column holder   text,
  add column bic      text,
  add foreign key (marketplace_id, batch_id) references payments.payout_batches;
create index payouts_by_batch on payments.payouts (marketplace_id, batch_id)
  where batch_id is not null;

-- What a bank is to carry out. The content is written once and never changes.
create table payments.bank_files (
  marketplace_id uuid not null,
  batch_id       uuid not null,
  format         text not null,                   -- pain.001.001.03, pain.008.001.02
  message_id     text not null check (length(message_id) between 1 and 35),
  content        bytea not null,
  created_at     timestamptz not null,
  handed_over_at timestamptz,
  handed_over_by text,
  primary key (marketplace_id, batch_id),
  unique (marketplace_id, message_id),
  foreign key (marketplace_id, batch_id) references payments.payout_batches,
  check ((handed_over_at is null) = (handed_over_by is null))
);
select runtime.isolate('payments.bank_files');

-- What a seller owes: since when the available balance has been below zero.
create table payments.seller_debts (
  marketplace_id uuid not null,
  debt_id        uuid not null,
  seller_id      uuid not null,
  currency       text not null,
  state          text not null check (state in ('waiting', 'debiting', 'in_review', 'closed')),
  debits         int not null default 0,          -- debits that were asked for
  opened_at      timestamptz not null,
  closed_at      timestamptz,
  closed_by      text check (closed_by in ('balance', 'write_off')),
  primary key (marketplace_id, debt_id),
  check ((state = 'closed') = (closed_at is not null)),
  check ((closed_at is null) = (closed_by is null))
);
create unique index seller_debts_open on payments.seller_debts (marketplace_id, seller_id, currency)
  where closed_at is null;
select runtime.isolate('payments.seller_debts');

-- Money taken from a seller's bank account for what is owed.
create table payments.debits (
  marketplace_id    uuid not null,
  debit_id          uuid not null,                -- derived from the debt and its number
  debt_id           uuid not null,
  seller_id         uuid not null,
  provider          text not null,
  rail              text not null check (rail in ('provider', 'bank')),
  batch_id          uuid,
  destination       text not null,
  holder            text,
  bic               text,
  mandate           text,
  mandate_signed_on date,
  state             text not null check (state in ('requested', 'succeeded', 'failed', 'returned')),
  amount_minor      bigint not null check (amount_minor > 0),
  currency          text not null,
  failure_code      text,
  created_at        timestamptz not null,
  finished_at       timestamptz,
  primary key (marketplace_id, debit_id),
  foreign key (marketplace_id, debt_id) references payments.seller_debts,
  foreign key (marketplace_id, batch_id) references payments.payout_batches
);
create index debits_by_seller on payments.debits (marketplace_id, seller_id, debit_id);
create index debits_by_batch on payments.debits (marketplace_id, batch_id) where batch_id is not null;
select runtime.isolate('payments.debits');
