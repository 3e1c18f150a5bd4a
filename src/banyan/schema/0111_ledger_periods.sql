-- Closed periods keep their trial balance, and what was written to an archive is noted.

-- Pending legs that were open at the close: they hold money and have moved none, so they don't hinder.
alter table ledger.periods add column open_holds int;
-- When the trial balance was stored; from the close on nothing can change it, so that may be later.
alter table ledger.periods add column balanced_at timestamptz;
grant update (balanced_at) on ledger.periods to banyan_app;

-- What counted on each account at the end of a period; accounts with nothing are left out.
create table ledger.period_balances (
  marketplace_id uuid not null,
  closed_through timestamptz not null,
  account_id     bigint not null,
  posted_minor   bigint not null,
  primary key (marketplace_id, closed_through, account_id),
  foreign key (marketplace_id, closed_through) references ledger.periods
);
select runtime.isolate('ledger.period_balances');
revoke update, delete on ledger.period_balances from banyan_app;

-- The archives of closed periods: whole seals, and the digest of the manifest that lists their files.
create table ledger.archives (
  marketplace_id  uuid not null,
  closed_through  timestamptz not null,
  first_batch     bigint not null,
  last_batch      bigint not null,               -- first_batch - 1: nothing was recorded
  legs            bigint not null,
  manifest_sha256 bytea not null,
  archived_at     timestamptz not null,
  primary key (marketplace_id, closed_through),
  foreign key (marketplace_id, closed_through) references ledger.periods
);
select runtime.isolate('ledger.archives');
revoke update, delete on ledger.archives from banyan_app;
