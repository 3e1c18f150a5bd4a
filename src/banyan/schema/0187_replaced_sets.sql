-- What sets were before a plan moved them elsewhere, or let changes be caught otherwise: what they left
-- in the databases of both sides is taken away by their next mover.

create table movement.replaced (
  marketplace_id uuid not null,
  set_id         uuid not null,
  epoch          bigint not null,                 -- of the movers that carried it as it was
  declared       jsonb not null,
  primary key (marketplace_id, set_id, epoch),
  foreign key (marketplace_id, set_id) references movement.sets
);
select runtime.isolate('movement.replaced');
