-- Where a marketplace may trade.

create schema compliance;

-- One row a marketplace that has changed its settings; without one the defaults hold.
create table compliance.settings (
  marketplace_id    uuid primary key references runtime.marketplaces,
  allowed_countries text[],                       -- where orders may be sent to; null: anywhere
  denied_countries  text[] not null,              -- nobody there buys, sells or receives
  updated_at        timestamptz not null,
  updated_by        text not null
);
select runtime.isolate('compliance.settings');
