-- Payments, settlements and payouts in currencies that differ.

-- The provider's fee, where it takes it in another currency than the buyer paid in.
alter table payments.payments add column fee_currency text;

-- What a provider has exchanged by itself, on what it holds for us: the buyer paid in one currency, and
-- it settles in another. Going back to the buyer it is the other way round.
create table payments.exchanges (
  marketplace_id  uuid not null,
  exchange_id     uuid not null,                  -- derived from the transfer that it follows
  payment_id      uuid not null,
  subject         text not null,
  provider        text not null,
  sold_minor      bigint not null check (sold_minor > 0),      -- what it holds less for us
  sold_currency   text not null,
  bought_minor    bigint not null check (bought_minor > 0),    -- what it holds more
  bought_currency text not null check (bought_currency <> sold_currency),
  made_at         timestamptz not null,
  primary key (marketplace_id, exchange_id),
  foreign key (marketplace_id, payment_id) references payments.payments
);
create index exchanges_by_payment on payments.exchanges (marketplace_id, payment_id, exchange_id);
select runtime.isolate('payments.exchanges');
revoke update, delete on payments.exchanges from banyan_app;
