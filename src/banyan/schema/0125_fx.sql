-- Foreign exchange: dated rates, quotes that hold for a while, and what came of them.
--
-- Money is the ledger's: every currency goes through its account `fx:position`. Here stands what the
-- ledger can't say: at which rates, and what a position has cost in the marketplace's own currency.

create schema fx;

-- One row a marketplace that has changed its settings; without one the defaults hold.
create table fx.settings (
  marketplace_id    uuid primary key references runtime.marketplaces,
  spread_bp         int not null check (spread_bp between 0 and 5000),
  quote_ttl_s       int not null check (quote_ttl_s between 1 and 604800),
  rate_age_days_max int not null check (rate_age_days_max between 0 and 30),   -- working days
  sources           text[] not null check (cardinality(sources) between 1 and 10),
  updated_at        timestamptz not null,
  updated_by        text not null
);
select runtime.isolate('fx.settings');

-- Which pairs have rates at all: so that the latest one of each is found without reading its history.
create table fx.pairs (
  marketplace_id uuid not null references runtime.marketplaces,
  source         text not null,
  base           text not null,
  currency       text not null,
  primary key (marketplace_id, source, base, currency)
);
select runtime.isolate('fx.pairs');

-- One unit of `base` costs `rate` of `currency`. A correction is a new version.
create table fx.rates (
  marketplace_id uuid not null,
  rate_id        uuid not null,
  source         text not null,
  base           text not null,
  currency       text not null check (currency <> base),
  rate           numeric not null check (rate > 0),
  effective_at   timestamptz not null,
  version        int not null check (version >= 1),
  recorded_at    timestamptz not null,
  recorded_by    text not null,
  primary key (marketplace_id, rate_id),
  unique (marketplace_id, source, base, currency, effective_at, version),
  foreign key (marketplace_id, source, base, currency) references fx.pairs
);
create index rates_by_time on fx.rates (marketplace_id, effective_at, rate_id);
select runtime.isolate('fx.rates');
revoke update, delete on fx.rates from banyan_app;

-- A promise to take `sell` and give `buy`, until `expires_at`, once.
create table fx.quotes (
  marketplace_id uuid not null references runtime.marketplaces,
  quote_id       uuid not null,
  fixed          text not null check (fixed in ('sell', 'buy')),    -- which amount was asked for
  sell_minor     bigint not null check (sell_minor > 0),
  sell_currency  text not null,
  buy_minor      bigint not null check (buy_minor > 0),
  buy_currency   text not null check (buy_currency <> sell_currency),
  spread_bp      int not null check (spread_bp between 0 and 5000),
  mid_rate       numeric not null check (mid_rate > 0),             -- 12 digits; the exact one is in `path`
  own_currency   text not null,
  value_minor    bigint not null check (value_minor >= 0),          -- of `sell`, at the middle rate
  spread_minor   bigint not null check (spread_minor between 0 and value_minor),
  path           jsonb not null,                                    -- the rates from sell to buy
  own_path       jsonb not null,                                    -- and from buy to own_currency
  created_at     timestamptz not null,
  expires_at     timestamptz not null check (expires_at > created_at),
  used_at        timestamptz,
  used_by        text check (length(used_by) between 1 and 80),
  primary key (marketplace_id, quote_id),
  check ((used_at is null) = (used_by is null))
);
select runtime.isolate('fx.quotes');

-- Every exchange that has changed our positions: quotes that were used, and trades at a bank.
create table fx.deals (
  marketplace_id  uuid not null references runtime.marketplaces,
  deal_id         uuid not null,                                    -- of a conversion: the quote's
  position        bigint not null generated always as identity,     -- the order in which they are booked
  kind            text not null check (kind in ('conversion', 'trade')),
  subject         text not null check (length(subject) between 1 and 80),
  in_minor        bigint not null check (in_minor > 0),             -- what came to us
  in_currency     text not null,
  out_minor       bigint not null check (out_minor > 0),            -- what we gave for it
  out_currency    text not null check (out_currency <> in_currency),
  own_currency    text not null,
  in_value_minor  bigint not null check (in_value_minor >= 0),      -- both in own_currency; between
  out_value_minor bigint not null check (out_value_minor between 0 and in_value_minor),  -- them the spread
  made_at         timestamptz not null,
  number          bigint check (number >= 1),                       -- its place in the book; null: not yet in it
  booked_at       timestamptz,
  primary key (marketplace_id, deal_id),
  unique (marketplace_id, number),
  check ((number is null) = (booked_at is null))
);
create index deals_not_booked on fx.deals (marketplace_id, position) where number is null;
create index deals_by_time on fx.deals (marketplace_id, made_at, deal_id);
select runtime.isolate('fx.deals');

-- How many deals are booked. Its row is the lock: deals enter the book one after the other.
create table fx.books (
  marketplace_id uuid primary key references runtime.marketplaces,
  deals          bigint not null check (deals >= 0)
);
select runtime.isolate('fx.books');

-- What we hold (above zero) or owe of a currency, and what it has cost us or brought us.
create table fx.positions (
  marketplace_id uuid not null references fx.books,
  currency       text not null,
  quantity_minor bigint not null,
  cost_minor     bigint not null,                                   -- in own currency, signed as the quantity
  primary key (marketplace_id, currency),
  check (quantity_minor <> 0 or cost_minor = 0)
);
select runtime.isolate('fx.positions');

-- What closing (part of) a position has brought: value less cost, in own currency.
create table fx.gains (
  marketplace_id uuid not null,
  deal_id        uuid not null,
  currency       text not null,
  closed_minor   bigint not null check (closed_minor <> 0),         -- above zero: of what we held
  cost_minor     bigint not null,
  value_minor    bigint not null,
  gain_minor     bigint not null check (gain_minor = value_minor - cost_minor),
  booked_at      timestamptz not null,
  primary key (marketplace_id, deal_id, currency),
  foreign key (marketplace_id, deal_id) references fx.deals
);
create index gains_by_time on fx.gains (marketplace_id, booked_at);
select runtime.isolate('fx.gains');
revoke update, delete on fx.gains from banyan_app;
