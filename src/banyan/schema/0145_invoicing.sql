-- Invoices for what the marketplace takes from sellers, and what accounting needs of the ledger.

create schema invoicing;

-- Who issues. One is current; those before keep their numbers and what they have issued.
create table invoicing.entities (
  marketplace_id     uuid not null references runtime.marketplaces,
  entity_id          uuid not null,
  is_current         boolean not null,
  name               text not null check (length(name) between 1 and 120),
  address            text not null check (length(address) between 1 and 300),
  postal_code        text not null check (length(postal_code) <= 20),
  city               text not null check (length(city) between 1 and 80),
  country            text not null check (country ~ '^[A-Z]{2}$'),
  tax_id             text not null check (length(tax_id) between 1 and 40),
  invoice_prefix     text not null check (invoice_prefix ~ '^[A-Z0-9-]{1,12}$'),
  credit_note_prefix text not null check (credit_note_prefix ~ '^[A-Z0-9-]{1,12}$'),
  restarts_yearly    boolean not null,
  time_zone          text not null check (length(time_zone) between 1 and 60),
  language           text not null,
  is_automatic       boolean not null,
  updated_at         timestamptz not null,
  primary key (marketplace_id, entity_id),
  check (invoice_prefix <> credit_note_prefix)
);
create unique index entities_current on invoicing.entities (marketplace_id) where is_current;
select runtime.isolate('invoicing.entities');

-- To whom a seller's invoices are made out.
create table invoicing.billing_details (
  marketplace_id uuid not null,
  seller_id      uuid not null,
  name           text not null check (length(name) <= 120),
  address        text not null check (length(address) <= 300),
  postal_code    text not null check (length(postal_code) <= 20),
  city           text not null check (length(city) <= 80),
  country        text not null check (country ~ '^[A-Z]{2}$'),
  tax_id         text not null check (length(tax_id) <= 40),
  updated_at     timestamptz not null,
  primary key (marketplace_id, seller_id),
  foreign key (marketplace_id, seller_id) references parties.sellers
);
select runtime.isolate('invoicing.billing_details');

-- The last number given out. It is raised in the transaction of the document that gets the number, and
-- stays locked until that commits: a rollback gives the number back, and the next one waits for it.
create table invoicing.series (
  marketplace_id uuid not null,
  entity_id      uuid not null,
  kind           text not null check (kind in ('invoice', 'credit_note')),
  year           int not null,                   -- 0: numbers go on over the years
  last_ordinal   int not null check (last_ordinal > 0),
  primary key (marketplace_id, entity_id, kind, year),
  foreign key (marketplace_id, entity_id) references invoicing.entities
);
select runtime.isolate('invoicing.series');

create table invoicing.invoices (
  marketplace_id uuid not null,
  invoice_id     uuid not null,
  kind           text not null check (kind in ('invoice', 'credit_note')),
  entity_id      uuid not null,
  seller_id      uuid not null,
  currency       text not null check (currency ~ '^[A-Z]{3}$'),
  number         text not null,
  year           int not null,
  ordinal        int not null check (ordinal > 0),
  refers_to      uuid,                            -- the invoice that a credit note takes back from
  starts_at      timestamptz not null,            -- of the time that it bills
  ends_at        timestamptz not null,
  net_minor      bigint not null,
  tax_minor      bigint not null,
  missing        text[] not null,                 -- what the seller's details lacked
  issued_at      timestamptz not null,
  primary key (marketplace_id, invoice_id),
  unique (marketplace_id, number),
  unique (marketplace_id, entity_id, kind, year, ordinal),
  foreign key (marketplace_id, entity_id) references invoicing.entities,
  foreign key (marketplace_id, seller_id) references parties.sellers,
  foreign key (marketplace_id, refers_to) references invoicing.invoices,
  check (kind = 'credit_note' or refers_to is null),
  check (net_minor + tax_minor >= 0)
);
create index invoices_by_seller on invoicing.invoices (marketplace_id, seller_id, invoice_id);
select runtime.isolate('invoicing.invoices');

-- What was issued, to the letter.
create table invoicing.documents (
  marketplace_id uuid not null,
  invoice_id     uuid not null,
  content        text not null,                   -- canonical JSON
  content_sha256 bytea not null,
  html           text not null,
  html_sha256    bytea not null,
  primary key (marketplace_id, invoice_id),
  foreign key (marketplace_id, invoice_id) references invoicing.invoices
);
select runtime.isolate('invoicing.documents');

create table invoicing.lines (
  marketplace_id uuid not null,
  invoice_id     uuid not null,
  line           int not null check (line > 0),
  transfer_id    uuid not null,
  payment_id     uuid,
  subject        text not null,
  code           text not null,
  jurisdiction   text not null,                   -- empty: no tax is known for it
  rate_bp        int not null check (rate_bp between 0 and 10000),
  net_minor      bigint not null,
  tax_minor      bigint not null,
  effective_at   timestamptz not null,
  primary key (marketplace_id, invoice_id, line),
  foreign key (marketplace_id, invoice_id) references invoicing.invoices
);
create index lines_by_payment on invoicing.lines (marketplace_id, payment_id) where payment_id is not null;
select runtime.isolate('invoicing.lines');

-- What is issued stays as it is: the processes can add, and change nothing.
revoke update, delete on invoicing.invoices, invoicing.documents, invoicing.lines from banyan_app;

-- How far each account of the ledger has been taken over into charges.
create table invoicing.cursors (
  marketplace_id uuid not null,
  account_id     bigint not null,
  version        bigint not null,
  primary key (marketplace_id, account_id)
);
select runtime.isolate('invoicing.cursors');

-- Every movement on the accounts of commission and of the tax on it, by seller. Amounts are above zero
-- where the seller owes them. All charges of an account add up to its balance at the cursor.
create table invoicing.charges (
  marketplace_id uuid not null,
  account_id     bigint not null,
  version        bigint not null,                 -- the account's; with several sellers in several parts
  part           int not null,
  kind           text not null check (kind in ('fee', 'tax')),
  seller_id      uuid,                            -- null: nobody can be billed for it
  currency       text not null,
  jurisdiction   text not null,
  amount_minor   bigint not null,
  code           text not null,
  transfer_id    uuid not null,
  subject        text not null,
  payment_id     uuid,
  effective_at   timestamptz not null,
  invoice_id     uuid,                            -- null: not billed yet
  primary key (marketplace_id, account_id, version, part),
  foreign key (marketplace_id, invoice_id) references invoicing.invoices
);
create index charges_open on invoicing.charges (marketplace_id, seller_id, currency, effective_at)
  where invoice_id is null;
create index charges_billed on invoicing.charges (marketplace_id, invoice_id) where invoice_id is not null;
select runtime.isolate('invoicing.charges');
revoke update, delete on invoicing.charges from banyan_app;
grant update (invoice_id) on invoicing.charges to banyan_app;

-- Which number of the accountant's chart an account of the ledger has: the first pattern that fits.
create table invoicing.chart_lines (
  marketplace_id uuid not null references runtime.marketplaces,
  place          int not null,
  pattern        text not null check (length(pattern) between 1 and 120),
  number         text not null check (number ~ '^[A-Za-z0-9.-]{1,20}$'),
  name           text not null check (length(name) between 1 and 80),
  primary key (marketplace_id, place)
);
select runtime.isolate('invoicing.chart_lines');

-- A month is found without reading the years before it; costs posting next to nothing.
create index transfers_by_effect on ledger.transfers using brin (effective_at);
