-- What the marketplace takes for a sale: dated rules, sellers' tiers, and where shipping goes.
--
-- A rule is never edited. Its time may be cut short, and another one goes on from there: what was
-- charged once can be reckoned again from what is written here.

create schema commission;

create table commission.settings (
  marketplace_id uuid primary key references runtime.marketplaces,
  shipping_to    text not null check (shipping_to in ('seller', 'platform')),
  updated_at     timestamptz not null,
  updated_by     text not null
);
select runtime.isolate('commission.settings');

-- A tier with a volume is reached by sales of so much within its window; the others by hand.
create table commission.tiers (
  marketplace_id uuid not null references runtime.marketplaces,
  tier           text not null check (tier ~ '^[a-z][a-z0-9_]{0,39}$'),
  rank           int not null check (rank between 1 and 1000),       -- of those reached, the highest
  volume_minor   bigint check (volume_minor > 0),
  currency       text,
  window_days    int check (window_days between 1 and 730),
  updated_at     timestamptz not null,
  primary key (marketplace_id, tier),
  unique (marketplace_id, rank),
  check ((volume_minor is null) = (currency is null) and (currency is null) = (window_days is null))
);
select runtime.isolate('commission.tiers');

-- Which tier a seller belongs to from an instant on; null: none. What was true stays written.
create table commission.seller_tiers (
  marketplace_id uuid not null,
  seller_id      uuid not null,
  since          timestamptz not null,
  tier           text,
  is_fixed       boolean not null,               -- set by hand: the volume doesn't change it
  reason         text not null check (length(reason) between 1 and 500),
  set_by         text not null,
  primary key (marketplace_id, seller_id, since),
  foreign key (marketplace_id, seller_id) references parties.sellers,
  foreign key (marketplace_id, tier) references commission.tiers
);
select runtime.isolate('commission.seller_tiers');

create table commission.rules (
  marketplace_id uuid not null references runtime.marketplaces,
  rule_id        uuid not null,
  kind           text not null check (kind in ('commission', 'promotion', 'service_fee')),
  label          text not null check (length(label) between 1 and 80),
  seller_id      uuid,                            -- for whom and what; null: for all
  tier           text,
  category       text check (length(category) between 1 and 80),
  currency       text,
  effect         text not null check (effect in ('rate', 'reduction')),
  rate_bp        int not null check (rate_bp between 0 and 10000),
  fixed_minor    bigint not null check (fixed_minor >= 0),
  minimum_minor  bigint not null check (minimum_minor >= 0),
  maximum_minor  bigint check (maximum_minor >= minimum_minor),
  per            text not null check (per in ('unit', 'line', 'order')),
  base           text not null check (base in ('goods', 'goods_and_shipping')),
  price          text not null check (price in ('full', 'reduced')),
  priority       int not null check (priority between 0 and 1000),
  stacks         boolean not null,
  valid_from     timestamptz not null,
  valid_until    timestamptz check (valid_until >= valid_from),     -- equal: it never held
  supersedes     uuid,
  reason         text not null check (length(reason) <= 500),
  created_at     timestamptz not null,
  created_by     text not null,
  primary key (marketplace_id, rule_id),
  foreign key (marketplace_id, seller_id) references parties.sellers,
  foreign key (marketplace_id, tier) references commission.tiers,
  foreign key (marketplace_id, supersedes) references commission.rules,
  check (seller_id is null or tier is null),
  check (kind <> 'service_fee' or (seller_id is null and tier is null and category is null)),
  check (kind = 'promotion' or (effect = 'rate' and priority = 0 and not stacks)),
  check (effect = 'reduction' or not stacks),
  check (currency is not null
         or (fixed_minor = 0 and minimum_minor = 0 and maximum_minor is null))
);
create index rules_by_seller on commission.rules (marketplace_id, seller_id, valid_until);
create unique index rules_superseded on commission.rules (marketplace_id, supersedes)
  where supersedes is not null;
select runtime.isolate('commission.rules');

-- Payments keep what commission has priced: discounts by who funds them, shipping that the platform
-- keeps, the buyer's service fee, and the sentence that tells why.

alter table payments.splits
  drop constraint splits_gross_minor_check,       -- a voucher may cover a seller's part whole
  drop constraint splits_check1,                  -- the seller's part: told anew below
  add column seller_discount_minor            bigint not null default 0 check (seller_discount_minor >= 0),
  add column platform_discount_minor          bigint not null default 0 check (platform_discount_minor >= 0),
  add column shipping_kept_minor              bigint not null default 0,
  add column service_fee_minor                bigint not null default 0 check (service_fee_minor >= 0),
  add column service_fee_tax_minor            bigint not null default 0 check (service_fee_tax_minor >= 0),
  add column service_fee_jurisdiction         text not null default '',
  add column reason                           text not null default '',
  add column service_fee_reason               text not null default '',
  add column reversed_platform_discount_minor bigint not null default 0,
  add column reversed_shipping_kept_minor     bigint not null default 0,
  add column reversed_service_fee_minor       bigint not null default 0,
  add column reversed_service_fee_tax_minor   bigint not null default 0,
  add constraint splits_of_something check (gross_minor >= 0 and gross_minor + platform_discount_minor > 0),
  add constraint splits_shipping_kept check (shipping_kept_minor between 0 and shipping_minor),
  add constraint splits_reversed_seller check (
    reversed_seller_minor between 0
    and gross_minor + platform_discount_minor - shipping_kept_minor - commission_minor - tax_minor),
  add constraint splits_reversed_platform_discount check (
    reversed_platform_discount_minor between 0 and platform_discount_minor),
  add constraint splits_reversed_shipping_kept check (
    reversed_shipping_kept_minor between 0 and shipping_kept_minor),
  add constraint splits_reversed_service_fee check (
    reversed_service_fee_minor between 0 and service_fee_minor),
  add constraint splits_reversed_service_fee_tax check (
    reversed_service_fee_tax_minor between 0 and service_fee_tax_minor);

alter table payments.reversals
  add column shipping_kept_minor      bigint not null default 0 check (shipping_kept_minor >= 0),
  add column service_fee_minor        bigint not null default 0 check (service_fee_minor >= 0),
  add column service_fee_tax_minor    bigint not null default 0 check (service_fee_tax_minor >= 0),
  add column service_fee_jurisdiction text not null default '',
  add column platform_discount_minor  bigint not null default 0 check (platform_discount_minor >= 0);

-- False: the tax on commission is that of the marketplace's country, as it is on the day.
alter table payments.settings add column has_own_tax boolean not null default true;

-- What vouchers take off an order, and what the buyer pays on top: known once it has been priced.
alter table orders.orders
  add column vouchers          jsonb not null default '[]' check (jsonb_typeof(vouchers) = 'array'),
  add column discount_minor    bigint not null default 0 check (discount_minor >= 0),
  add column service_fee_minor bigint not null default 0 check (service_fee_minor >= 0);
