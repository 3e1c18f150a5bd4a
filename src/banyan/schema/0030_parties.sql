-- Who takes part in a marketplace: sellers with their offers, and buyers.

create schema parties;

create table parties.sellers (
  marketplace_id uuid not null references runtime.marketplaces,
  seller_id      uuid not null,
  external_id    text check (length(external_id) between 1 and 80),   -- the platform's own id
  name           text not null check (length(name) between 1 and 120),
  country        text not null check (country ~ '^[A-Z]{2}$'),
  region         text check (length(region) between 1 and 40),
  currency       text not null check (currency ~ '^[A-Z]{3}$'),
  quality_bp     int not null check (quality_bp between 0 and 10000),
  status         text not null check (status in ('pending', 'active', 'suspended')),
  created_at     timestamptz not null,
  primary key (marketplace_id, seller_id),
  unique (marketplace_id, external_id)
);
select runtime.isolate('parties.sellers');

-- No names or addresses: the platform keeps those, and external_id leads there.
create table parties.buyers (
  marketplace_id uuid not null references runtime.marketplaces,
  buyer_id       uuid not null,
  external_id    text check (length(external_id) between 1 and 80),
  country        text not null check (country ~ '^[A-Z]{2}$'),
  region         text check (length(region) between 1 and 40),
  status         text not null check (status in ('active', 'blocked')),
  created_at     timestamptz not null,
  primary key (marketplace_id, buyer_id),
  unique (marketplace_id, external_id)
);
select runtime.isolate('parties.buyers');

create table parties.offers (
  marketplace_id uuid not null,
  offer_id       uuid not null,
  seller_id      uuid not null,
  external_id    text check (length(external_id) between 1 and 80),
  product        text not null check (length(product) between 1 and 80),
  category       text check (length(category) between 1 and 80),
  price_minor    bigint not null check (price_minor > 0),
  currency       text not null check (currency ~ '^[A-Z]{3}$'),
  lead_time_days int not null check (lead_time_days between 0 and 365),
  capacity       int check (capacity >= 0),       -- units left; null: unlimited
  country        text not null check (country ~ '^[A-Z]{2}$'),
  region         text check (length(region) between 1 and 40),
  status         text not null check (status in ('active', 'paused')),
  created_at     timestamptz not null,
  primary key (marketplace_id, offer_id),
  unique (marketplace_id, external_id),
  foreign key (marketplace_id, seller_id) references parties.sellers
) with (fillfactor = 80);                         -- capacity is updated in place
create index offers_by_product on parties.offers (marketplace_id, product, currency);
create index offers_by_seller on parties.offers (marketplace_id, seller_id, offer_id);
select runtime.isolate('parties.offers');
