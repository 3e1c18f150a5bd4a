-- Reconciliation: what our books, the providers' reports and the bank's statements say, line by line;
-- what of it matches, and what breaks. And, of payments: what providers have paid to our bank.

create schema reconciliation;

-- Rules over the defaults in code; the most specific one holds.
create table reconciliation.tolerances (
  marketplace_id  uuid not null,
  comparison      text not null check (comparison in ('operations', 'settlements')),
  source          text not null,                  -- '': any
  type            text not null,                  -- '': any
  amount_minor    bigint not null check (amount_minor >= 0),
  fee_minor       bigint not null check (fee_minor >= 0),
  days            int not null check (days between 0 and 60),
  wait_days       int not null check (wait_days between 0 and 60),
  fx_bp           int not null check (fx_bp between 0 and 1000),
  write_off_minor bigint not null check (write_off_minor >= 0),
  primary key (marketplace_id, comparison, source, type)
);
select runtime.isolate('reconciliation.tolerances');

create table reconciliation.imports (
  marketplace_id uuid not null,
  import_id      uuid not null,
  format         text not null,
  source         text not null,                   -- the provider, or '' for statements
  content_hash   text not null,
  size_bytes     bigint not null,
  lines          int not null,
  repeated       int not null,                    -- lines of it that had come before
  imported_at    timestamptz not null,
  imported_by    text not null,
  primary key (marketplace_id, import_id),
  unique (marketplace_id, source, content_hash)   -- the same file again is the same import
);
select runtime.isolate('reconciliation.imports');

create table reconciliation.statements (
  marketplace_id uuid not null,
  statement_id   uuid not null,
  import_id      uuid not null,
  account        text not null,
  reference      text not null,
  sequence       int,
  currency       text not null,
  opening_minor  bigint not null,
  closing_minor  bigint not null,
  from_on        date not null,
  until_on       date not null,
  content_hash   text not null,
  primary key (marketplace_id, statement_id),
  unique (marketplace_id, account, reference),
  foreign key (marketplace_id, import_id) references reconciliation.imports
);
create index statements_in_order
  on reconciliation.statements (
    marketplace_id, account, currency, from_on, until_on, (coalesce(sequence, 0)), statement_id);
select runtime.isolate('reconciliation.statements');

-- Lines that are one thing, and why.
create table reconciliation.matches (
  marketplace_id   uuid not null,
  match_id         uuid not null,
  comparison       text not null check (comparison in ('operations', 'settlements')),
  rule             text not null,
  confidence       int not null check (confidence between 0 and 100),
  reason           text not null,
  difference_minor bigint not null,
  currency         text not null,
  settlement_id    uuid,                          -- what it has booked
  made_at          timestamptz not null,
  made_by          text not null,
  undone_at        timestamptz,
  undone_by        text,
  undone_reason    text,
  primary key (marketplace_id, match_id),
  check ((undone_at is null) = (undone_by is null) and (undone_at is null) = (undone_reason is null))
);
select runtime.isolate('reconciliation.matches');

create table reconciliation.lines (
  marketplace_id    uuid not null,
  line_id           uuid not null,
  side              text not null check (side in ('books', 'provider', 'bank')),
  source            text not null,                -- the provider, or the bank account
  name              text not null,                -- the same line, sent again, has the same
  type              text not null,
  "on"              date not null,
  currency          text not null,
  gross_minor       bigint not null,              -- positive: comes to us
  fee_minor         bigint not null,
  key               text not null,
  reference         text not null,
  "group"           text not null,
  batch             text not null,
  text              text not null,
  original_minor    bigint,
  original_currency text,
  import_id         uuid,                         -- null: of our books
  statement_id      uuid,
  match_id          uuid,                         -- not null: matched
  broken_times      int not null default 0,
  wait_until        date,                         -- a person said to wait
  created_at        timestamptz not null,
  primary key (marketplace_id, line_id),
  unique (marketplace_id, side, source, name),
  foreign key (marketplace_id, import_id) references reconciliation.imports,
  foreign key (marketplace_id, statement_id) references reconciliation.statements,
  foreign key (marketplace_id, match_id) references reconciliation.matches,
  check ((side = 'books') = (import_id is null)),
  check ((original_minor is null) = (original_currency is null))
);
create index lines_open on reconciliation.lines (marketplace_id, side, source, line_id)
  where match_id is null;
create index lines_by_match on reconciliation.lines (marketplace_id, match_id)
  where match_id is not null;
create index lines_by_key on reconciliation.lines (marketplace_id, side, key) where key <> '';
create index lines_by_reference on reconciliation.lines (marketplace_id, side, reference)
  where reference <> '';
create index lines_by_batch on reconciliation.lines (marketplace_id, batch, source) where batch <> '';
select runtime.isolate('reconciliation.lines');

-- Which lines a match had, for good: a line leaves its match when that is undone.
create table reconciliation.match_lines (
  marketplace_id uuid not null,
  match_id       uuid not null,
  line_id        uuid not null,
  primary key (marketplace_id, match_id, line_id),
  foreign key (marketplace_id, match_id) references reconciliation.matches,
  foreign key (marketplace_id, line_id) references reconciliation.lines
);
create index match_lines_by_line on reconciliation.match_lines (marketplace_id, line_id);
select runtime.isolate('reconciliation.match_lines');

create table reconciliation.breaks (
  marketplace_id uuid not null,
  break_id       uuid not null,
  line_id        uuid not null,
  other_line_id  uuid,
  kind           text not null check (kind in (
                   'missing_in_books', 'missing_at_provider', 'missing_at_bank', 'amount_differs',
                   'fee_differs', 'currency_differs', 'duplicate', 'unknown_reference')),
  reason         text not null,
  at_risk_minor  bigint not null check (at_risk_minor >= 0),
  currency       text not null,
  source         text not null,
  line_on        date not null,
  opened_at      timestamptz not null,
  closed_at      timestamptz,
  primary key (marketplace_id, break_id),
  foreign key (marketplace_id, line_id) references reconciliation.lines,
  foreign key (marketplace_id, other_line_id) references reconciliation.lines
);
create unique index breaks_open on reconciliation.breaks (marketplace_id, line_id, kind)
  where closed_at is null;
select runtime.isolate('reconciliation.breaks');

-- How far our books were read, a provider.
create table reconciliation.progress (
  marketplace_id uuid not null,
  provider       text not null,
  collected_at   timestamptz not null,
  primary key (marketplace_id, provider)
);
select runtime.isolate('reconciliation.progress');

-- What has left a provider's balance other than by the operations of payments: paid to our bank,
-- kept in another currency, or given up as a difference. Reconciliation proves it; this books it.
create table payments.settlements (
  marketplace_id   uuid not null,
  settlement_id    uuid not null,
  provider         text not null,
  currency         text not null,
  taken_minor      bigint not null,               -- leaves the provider's balance
  arrived_currency text not null,
  arrived_minor    bigint not null,               -- reaches the bank; or the balance in that currency
  arrives_at       text not null check (arrives_at in ('bank', 'provider')),
  subject          text not null,
  booked_at        timestamptz not null,
  reversed_at      timestamptz,
  primary key (marketplace_id, settlement_id),
  check (arrives_at = 'bank' or arrived_currency <> currency)
);
select runtime.isolate('payments.settlements');
create index attempts_answered on payments.attempts (marketplace_id, provider, answered_at, attempt_id)
  where state = 'applied';

-- The sandbox's reports: what each row says is written once, when the day is over.
create table payments.sandbox_report_lines (
  marketplace_id uuid not null,
  provider       text not null,
  line           text not null,
  settled_on     date not null,
  place          int not null,
  type           text not null,
  at             timestamptz not null,
  currency       text not null,
  gross_minor    bigint not null,
  fee_minor      bigint not null,
  key            text not null,
  reference      text not null,
  payment        text not null,
  batch          text not null,
  primary key (marketplace_id, provider, line)
);
create index sandbox_report_lines_by_day
  on payments.sandbox_report_lines (marketplace_id, provider, settled_on, place);
select runtime.isolate('payments.sandbox_report_lines');
create index sandbox_operations_by_time
  on payments.sandbox_operations (marketplace_id, created_at);
