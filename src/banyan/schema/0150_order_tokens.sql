-- Tokens of single providers, by their names, where no token is understood by all of them.
alter table orders.orders add column payment_tokens jsonb not null default '{}';
