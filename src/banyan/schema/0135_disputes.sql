-- Disputes through all their stages, what we answer and with which evidence, and who bears the loss;
-- refunds by seller, to another account, cancelled, sent again.

alter table payments.disputes
  drop constraint disputes_state_check,
  add constraint disputes_state_check check (state in ('open', 'under_review', 'won', 'lost')),
  add column stage            text not null default 'chargeback' check (stage in (
                                'inquiry', 'chargeback', 'pre_arbitration', 'arbitration', 'return')),
  add column reason_code      text not null default 'other',   -- as the provider says it
  add column category         text not null default 'other',   -- what that means to us
  add column respond_by       timestamptz,
  add column booked           text not null default 'free' check (booked in ('free', 'held', 'taken')),
  add column round            int not null default 0,     -- counts how often money was held
  add column moves            int not null default 0,     -- counts the bookings
  add column revision         int not null default 1,     -- counts the changes; tells stale look-ups
  add column challenge        int not null default 0,     -- counts how often an answer was due
  add column bearer           text not null default 'seller' check (bearer in ('issuer', 'platform', 'seller')),
  add column bearer_reason    text not null default '',
  add column recharged_minor  bigint not null default 0 check (recharged_minor >= 0),
  add column decision         text check (decision in ('contest', 'accept', 'refund')),
  add column decided_by       text,
  add column decision_reason  text,
  add column strength         text check (strength in ('weak', 'fair', 'strong'));

-- What was booked by the first version, which knew one stage.
update payments.disputes
set
  booked = case state when 'open' then 'held' when 'won' then 'free' else 'taken' end,
  round = 1,
  challenge = 1;

-- Each booking of a dispute, once.
create table payments.dispute_moves (
  marketplace_id uuid not null,
  dispute_id     uuid not null,
  ordinal        int not null,
  what           text not null check (what in ('hold', 'give_back', 'lose', 'regain', 'fee')),
  amount_minor   bigint not null,                 -- a fee that is given back is below zero
  made_at        timestamptz not null,
  primary key (marketplace_id, dispute_id, ordinal),
  foreign key (marketplace_id, dispute_id) references payments.disputes
);
select runtime.isolate('payments.dispute_moves');

-- What we told the provider: evidence, frozen as it was handed in, or that we accept.
create table payments.dispute_answers (
  marketplace_id uuid not null,
  answer_id      uuid not null,
  dispute_id     uuid not null,
  challenge      int not null,
  kind           text not null check (kind in ('contest', 'accept')),
  stage          text not null,
  state          text not null check (state in ('sending', 'submitted', 'refused')),
  strength       text,
  missing        text[] not null default '{}',
  evidence       jsonb not null default '{}',
  page           text not null default '',        -- the same for people, as HTML
  made_by        text not null,
  created_at     timestamptz not null,
  primary key (marketplace_id, answer_id),
  unique (marketplace_id, dispute_id, challenge, kind),
  foreign key (marketplace_id, dispute_id) references payments.disputes
);
select runtime.isolate('payments.dispute_answers');

-- How a marketplace deals with disputes and refunds.
create table payments.dispute_settings (
  marketplace_id      uuid primary key,
  fraud_bearer        text not null check (fraud_bearer in ('platform', 'seller')),
  other_bearer        text not null check (other_bearer in ('platform', 'seller')),
  fee_bearer          text not null check (fee_bearer in ('platform', 'seller')),
  contests_by_itself  boolean not null,           -- where the evidence is strong
  accept_below_minor  bigint not null check (accept_below_minor >= 0),
  answer_hours_before int not null check (answer_hours_before between 1 and 240),
  destination_days    int not null check (destination_days between 1 and 365)
);
select runtime.isolate('payments.dispute_settings');

-- Whether sellers get the commission back with a refund: by when the payment was made.
create table payments.refund_terms (
  marketplace_id    uuid not null,
  starts_at         timestamptz not null,
  commission        text not null check (commission in ('given_back', 'kept')),
  primary key (marketplace_id, starts_at)
);
select runtime.isolate('payments.refund_terms');

alter table payments.refunds
  drop constraint refunds_state_check,
  add constraint refunds_state_check check (state in (
    'pending', 'needs_destination', 'succeeded', 'failed', 'cancelled')),
  add column reason_code text not null default 'other',
  add column items       jsonb,                   -- by seller, where it was asked for so
  add column destination text,                    -- not null: a bank account in place of the method
  add column round       int not null default 1,  -- counts how often the money was held
  add column sending     int not null default 1;  -- counts how often it was sent
create index refunds_waiting on payments.refunds (marketplace_id, created_at)
  where state = 'needs_destination';

alter table payments.reversals
  add column keeps_commission boolean not null default false;   -- the seller bears it as well

-- The sandbox's own books.
alter table payments.sandbox_disputes
  add column path text not null default 'plain';

create table payments.sandbox_answers (
  marketplace_id uuid not null,
  reference      text not null,                   -- of the dispute
  key            text not null,
  kind           text not null,
  proves         text[] not null,                 -- what the evidence has
  answered_at    timestamptz not null,
  primary key (marketplace_id, key)
);
create index sandbox_answers_by_dispute on payments.sandbox_answers (marketplace_id, reference);
select runtime.isolate('payments.sandbox_answers');

create table orders.refunded_lines (
  marketplace_id uuid not null,
  refund_id      uuid not null,
  order_id       uuid not null,
  line           int not null,
  quantity       int not null check (quantity > 0),
  amount_minor   bigint not null check (amount_minor >= 0),
  is_undone      boolean not null default false,  -- the refund failed or was cancelled
  primary key (marketplace_id, refund_id, line),
  foreign key (marketplace_id, order_id, line) references orders.lines
);
create index refunded_lines_by_order on orders.refunded_lines (marketplace_id, order_id);
select runtime.isolate('orders.refunded_lines');
