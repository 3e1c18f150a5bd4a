-- The journey of an order, from placed to settled.

create schema orders;

create table orders.settings (
  marketplace_id     uuid primary key references runtime.marketplaces,
  ship_within_days   int not null check (ship_within_days between 1 and 365),
  lost_after_days    int not null check (lost_after_days between 1 and 365),
  protection_days    int not null check (protection_days between 0 and 365),
  review_hours       int not null check (review_hours between 1 and 720)
);
select runtime.isolate('orders.settings');

create table orders.orders (
  marketplace_id  uuid not null references runtime.marketplaces,
  order_id        uuid not null,
  external_id     text,
  buyer_id        uuid not null,
  state           text not null,
  resumes_as      text,               -- while disputed: the state to go on from
  currency        text not null,
  items_minor     bigint check (items_minor > 0),       -- known once matched
  shipping_minor  bigint not null check (shipping_minor >= 0),
  payment_id      uuid not null,      -- chosen beforehand, so that a retry means the same payment
  payment_type    text not null,
  payment_token   text not null,
  payment_fingerprint text not null,
  installments    int not null check (installments between 1 and 24),
  country         text not null,
  region          text not null,
  placed_at       timestamptz not null,
  ship_by_at      timestamptz,
  promised_at     timestamptz,
  shipped_at      timestamptz,
  delivered_at    timestamptz,
  settled_at      timestamptz,
  carrier         text,
  tracking        text,
  refunded_minor  bigint not null default 0 check (refunded_minor >= 0),
  primary key (marketplace_id, order_id),
  unique (marketplace_id, external_id),
  foreign key (marketplace_id, buyer_id) references parties.buyers (marketplace_id, buyer_id),
  check ((state = 'disputed') = (resumes_as is not null))
) with (fillfactor = 70);
create index orders_by_state on orders.orders (marketplace_id, state, order_id);
create index orders_by_buyer on orders.orders (marketplace_id, buyer_id, order_id);
create unique index orders_by_payment on orders.orders (marketplace_id, payment_id);
select runtime.isolate('orders.orders');

create table orders.lines (
  marketplace_id       uuid not null,
  order_id             uuid not null,
  line                 int not null check (line > 0),
  product              text not null,
  quantity             int not null check (quantity > 0),
  unit_price_max_minor bigint check (unit_price_max_minor > 0),
  wanted_offer_id      uuid,
  offer_id             uuid,          -- the match, and what it cost when it was made
  seller_id            uuid,
  unit_price_minor     bigint check (unit_price_minor > 0),
  lead_time_days       int,
  primary key (marketplace_id, order_id, line),
  foreign key (marketplace_id, order_id) references orders.orders (marketplace_id, order_id),
  foreign key (marketplace_id, offer_id) references parties.offers (marketplace_id, offer_id),
  check ((offer_id is null) = (seller_id is null and unit_price_minor is null))
) with (fillfactor = 70);
create index lines_by_seller on orders.lines (marketplace_id, seller_id, order_id)
  where seller_id is not null;
select runtime.isolate('orders.lines');
