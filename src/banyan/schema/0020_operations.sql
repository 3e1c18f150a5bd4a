-- Cases: what a machine could not decide and a person must.

create schema operations;

create table operations.cases (
  marketplace_id uuid not null references runtime.marketplaces,
  case_id        uuid not null,
  key            text not null,                -- one case for one question, however often it is asked
  queue          text not null,
  kind           text not null,
  subject        text not null,
  title          text not null,
  reason         text not null,
  evidence       jsonb not null,
  at_risk_minor  bigint check (at_risk_minor >= 0),
  currency       text,
  resolutions    text[] not null check (cardinality(resolutions) > 0),
  state          text not null default 'open' check (state in ('open', 'resolved', 'withdrawn')),
  owner          text,
  opened_at      timestamptz not null,
  due_at         timestamptz not null,
  resolution     text check (resolution = any (resolutions)),
  note           text,
  resolved_by    text,
  by_person      boolean,
  closed_at      timestamptz,
  primary key (marketplace_id, case_id),
  unique (marketplace_id, key),
  check ((at_risk_minor is null) = (currency is null)),
  check ((state = 'resolved') = (resolution is not null)),
  check ((state = 'open') = (closed_at is null))
);
create index cases_open on operations.cases (marketplace_id, due_at, case_id) where state = 'open';
create index cases_closed on operations.cases (marketplace_id, closed_at, case_id)
  where state <> 'open';
create index cases_by_subject on operations.cases (marketplace_id, subject);
select runtime.isolate('operations.cases');
