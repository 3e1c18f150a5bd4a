-- The console: who may sign in, who is signed in, and who did what.
--
-- People work for the company that runs the marketplaces, not for one of them: these tables belong
-- to no marketplace and are reached only through banyan.console. Tokens are kept as digests.

create schema console;
grant usage on schema console to banyan_app;

create table console.users (
  user_id       uuid primary key,
  email         text not null check (email = lower(email) and length(email) between 3 and 254),
  role          text not null check (role in ('viewer', 'analyst', 'operator', 'finance', 'engineer', 'admin')),
  password_hash text not null,
  is_active     boolean not null default true,
  created_at    timestamptz not null,
  unique (email)
);

create table console.sessions (
  token_digest bytea primary key,
  user_id      uuid not null references console.users,
  created_at   timestamptz not null,
  expires_at   timestamptz not null
);
create index sessions_by_user on console.sessions (user_id);
create index sessions_by_expiry on console.sessions (expires_at);

-- Links that sign somebody in once.
create table console.sign_in_links (
  token_digest bytea primary key,
  user_id      uuid not null references console.users,
  expires_at   timestamptz not null,
  used_at      timestamptz
);

-- Failed tries to sign in, by what they are counted for: a digest of the e-mail or of the address.
create table console.sign_in_failures (
  failure_id bigint primary key generated always as identity,
  key        bytea not null,
  failed_at  timestamptz not null
);
create index sign_in_failures_by_key on console.sign_in_failures (key, failed_at);

-- What people did. Written in the transaction of the action; never changed or deleted.
create table console.audit (
  audit_id       bigint primary key generated always as identity,
  at             timestamptz not null,
  marketplace_id uuid,
  actor          text not null,
  action         text not null,
  subject        text not null,
  note           text not null
);

grant select, insert, update on console.users to banyan_app;
grant select, insert, update, delete on console.sessions, console.sign_in_links, console.sign_in_failures to banyan_app;
grant select, insert on console.audit to banyan_app;
