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

-- Of a payout in another currency than the seller's balance: what left the balance, by which quote.
alter table payments.payouts
  add column source_minor    bigint check (source_minor > 0),
  add column source_currency text,
  add column quote_id        uuid,
  add foreign key (marketplace_id, quote_id) references fx.quotes,
  add check ((source_minor is null) = (source_currency is null)
             and (source_minor is null) = (quote_id is null)),
  add check (source_currency <> currency);

-- Balances that can't be paid out for now because they can't be exchanged.
create table payments.exchange_waits (
  marketplace_id uuid not null,
  seller_id      uuid not null,
  currency       text not null,                   -- of the balance
  into_currency  text not null,                   -- of the account
  reason         text not null check (length(reason) between 1 and 500),
  since_at       timestamptz not null,
  primary key (marketplace_id, seller_id, currency)
);
select runtime.isolate('payments.exchange_waits');
