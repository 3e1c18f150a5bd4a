-- How much both sides of a route take: measurements under load, made on request.

create table migration.measurements (
  marketplace_id uuid not null references runtime.marketplaces,
  plan_id        uuid not null,
  measurement_id uuid not null,
  route          text not null,
  paths          text[] not null,
  runs           jsonb not null,                      -- of each side in turns: points under rising load
  by             text not null check (length(by) between 1 and 200),
  measured_at    timestamptz not null,
  primary key (marketplace_id, plan_id, measurement_id)
);
create index measurements_by_route on migration.measurements
  (marketplace_id, plan_id, route, measured_at desc);
select runtime.isolate('migration.measurements');
