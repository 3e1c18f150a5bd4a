-- Limits, lists, and what was assessed.

create schema fraud;

-- One row a marketplace that has changed them; without one the defaults hold.
create table fraud.settings (
  marketplace_id           uuid primary key references runtime.marketplaces,
  buyer_orders_1h_max      int not null check (buyer_orders_1h_max between 1 and 50),
  buyer_orders_24h_max     int not null check (buyer_orders_24h_max between 1 and 50),
  payment_orders_24h_max   int not null check (payment_orders_24h_max between 1 and 50),
  updated_at               timestamptz not null,
  updated_by               text not null
);
select runtime.isolate('fraud.settings');

-- Amounts above which an order is stopped, by currency.
create table fraud.limits (
  marketplace_id        uuid not null references runtime.marketplaces,
  currency              text not null check (currency ~ '^[A-Z]{3}$'),
  review_minor          bigint not null check (review_minor > 0),
  first_challenge_minor bigint not null check (first_challenge_minor > 0),
  primary key (marketplace_id, currency)
);
select runtime.isolate('fraud.limits');

-- Whom an operator has allowed or denied. Taken off a list, an entry stays as a record.
create table fraud.list_entries (
  marketplace_id uuid not null references runtime.marketplaces,
  entry_id       uuid not null,
  list           text not null check (list in ('allow', 'deny')),
  kind           text not null check (kind in ('buyer', 'payment', 'country')),
  value          text not null check (length(value) between 1 and 200),
  reason         text not null check (length(reason) between 1 and 500),
  added_by       text not null,
  added_at       timestamptz not null,
  removed_by     text,
  removed_at     timestamptz,
  primary key (marketplace_id, entry_id),
  check ((removed_at is null) = (removed_by is null))
);
create unique index list_entries_in_force on fraud.list_entries (marketplace_id, kind, value)
  where removed_at is null;
select runtime.isolate('fraud.list_entries');

-- One row an assessment, never changed; how many orders a buyer or a card made is counted here.
create table fraud.assessments (
  marketplace_id      uuid not null,
  assessment_id       uuid not null,
  subject_id          uuid not null,
  subject             text not null check (length(subject) <= 80),
  buyer_id            uuid not null,
  payment_fingerprint text not null,              -- '' if the method can't be told again
  amount_minor        bigint not null,
  currency            text not null,
  ship_to_country     text not null,
  ship_to_region      text,
  outcome             text not null check (outcome in ('allow', 'challenge', 'review', 'deny')),
  score_bp            int not null check (score_bp between 0 and 10000),
  reason              text not null,
  signals             jsonb not null,
  version             text not null,
  placed_at           timestamptz not null,
  assessed_at         timestamptz not null,
  primary key (marketplace_id, assessment_id)
);
create index assessments_by_subject on fraud.assessments (marketplace_id, subject, assessment_id);
create index assessments_by_buyer on fraud.assessments (marketplace_id, buyer_id, placed_at desc);
create index assessments_by_payment
  on fraud.assessments (marketplace_id, payment_fingerprint, placed_at desc)
  where payment_fingerprint <> '';
select runtime.isolate('fraud.assessments');
