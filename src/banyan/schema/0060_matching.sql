-- Which offer an order got, and out of which candidates.

create schema matching;

-- One row a match or miss, never changed. What the candidates were is kept, so that another way of
-- choosing can be judged on the same requests later.
create table matching.decisions (
  marketplace_id       uuid not null,
  decision_id          uuid not null,
  request_id           uuid not null,             -- such as an order's line
  product              text not null,
  quantity             int not null check (quantity > 0),
  currency             text not null,
  country              text not null,
  region               text,
  unit_price_max_minor bigint,
  asked_offer_id       uuid,                      -- the only offer that would do
  outcome              text not null check (
    outcome in ('matched', 'no_offer', 'too_expensive', 'no_capacity', 'offer_unavailable')
  ),
  offer_id             uuid check ((offer_id is not null) = (outcome = 'matched')),
  candidates_count     int not null,
  candidates           jsonb not null,            -- the best of them, best first
  reason               text not null,
  version              text not null,
  weights              jsonb not null,
  decided_at           timestamptz not null,
  primary key (marketplace_id, decision_id)
);
create index decisions_by_request on matching.decisions (marketplace_id, request_id, decision_id);
select runtime.isolate('matching.decisions');
