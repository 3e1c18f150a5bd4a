-- What every context stands on: tenants, their clocks, the outbox of events, durable jobs.
--
-- Two roles: the owner (whoever applies these changes) and banyan_app, which the processes act as.
-- banyan_app sees only the rows of the marketplace that its transaction has named in
-- banyan.marketplace. '*' names all of them: only finding due work and finding out who is calling
-- use it.

do $$
begin
  if not exists (select from pg_roles where rolname = 'banyan_app') then
    create role banyan_app nologin;
  end if;
exception
  when duplicate_object or unique_violation then null;   -- two databases of one server at once
end
$$;

grant banyan_app to current_user;
grant usage on schema runtime to banyan_app;

-- The marketplace that the transaction has named; null if none or all of them.
create function runtime.scope() returns uuid
language sql stable as $$
  select nullif(nullif(current_setting('banyan.marketplace', true), ''), '*')::uuid
$$;

create function runtime.scope_is_all() returns boolean
language sql stable as $$
  select current_setting('banyan.marketplace', true) = '*'
$$;

-- Makes a table readable and writable for banyan_app, within the marketplace of its transaction.
--
-- It also tells the planner, before there are rows to count, that the marketplace alone singles out
-- nothing: otherwise every index, led by it, looks equally good while the table is empty, and a plan
-- cached then crawls once the table has grown.
create function runtime.isolate(p_table regclass) returns void
language plpgsql as $$
declare
  v_name   text := (select relname from pg_class where oid = p_table);
  v_schema text := (select relnamespace::regnamespace from pg_class where oid = p_table);
begin
  perform pg_restore_attribute_stats(
    'schemaname', v_schema, 'relname', v_name, 'attname', 'marketplace_id', 'inherited', false,
    'null_frac', 0::real, 'avg_width', 16, 'n_distinct', 1::real);
  execute format('alter table %s enable row level security', p_table);
  execute format(
    'create policy marketplace on %s to banyan_app
       using (marketplace_id = (select runtime.scope()) or (select runtime.scope_is_all()))', p_table);
  execute format('grant usage on schema %s to banyan_app', v_schema);
  execute format('grant select, insert, update, delete on %s to banyan_app', p_table);
end
$$;

create table runtime.marketplaces (
  marketplace_id uuid primary key,
  name           text not null check (length(name) between 1 and 80),
  livemode       boolean not null,
  currency       text not null,
  country        text not null,
  created_at     timestamptz not null
);
select runtime.isolate('runtime.marketplaces');

-- A sandbox's own time. A marketplace without a row here lives in real time.
create table runtime.clocks (
  marketplace_id uuid primary key references runtime.marketplaces,
  now_at         timestamptz not null
);
select runtime.isolate('runtime.clocks');

-- The outbox. Inside, an event that a job kind subscribes to enqueues that job in the same
-- transaction. Who follows the stream from outside reads in order of (xid, position) up to the oldest
-- transaction that still runs: a position is drawn before the commit, so it alone would hide what
-- commits late.
create table runtime.events (
  marketplace_id uuid not null references runtime.marketplaces,
  position       bigint not null generated always as identity,
  xid            xid8 not null default pg_current_xact_id(),
  subject        text not null,
  sequence       int not null check (sequence > 0),
  type           text not null,
  payload        jsonb not null,
  cause          jsonb not null,
  occurred_at    timestamptz not null,
  recorded_at    timestamptz not null default clock_timestamp(),
  primary key (marketplace_id, position),
  unique (marketplace_id, subject, sequence)
);
create index events_in_commit_order on runtime.events (marketplace_id, xid, position);
create index events_by_type on runtime.events (marketplace_id, type, position);
select runtime.isolate('runtime.events');

-- Durable work and timers. due_at is the marketplace's time, retry_at and leased_until are real.
create table runtime.jobs (
  marketplace_id uuid not null references runtime.marketplaces,
  job_id         bigint not null generated always as identity,
  kind           text not null,
  key            text not null,
  payload        jsonb not null,
  due_at         timestamptz not null,
  retry_at       timestamptz not null default '-infinity',
  leased_until   timestamptz not null default '-infinity',
  attempts       int not null default 0,
  is_failed      boolean not null default false,
  last_error     text,
  primary key (marketplace_id, job_id),
  unique (marketplace_id, kind, key)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
create index jobs_due on runtime.jobs (marketplace_id, kind, due_at) where not is_failed;
select runtime.isolate('runtime.jobs');
