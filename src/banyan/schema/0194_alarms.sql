-- What a provider took that is not in our books goes back by a call of its own; and a void that the
-- provider has refused may be asked for again.

alter table payments.attempts
  drop constraint attempts_operation_check,
  add constraint attempts_operation_check check (operation in (
    'authorize', 'authenticate', 'capture', 'void', 'refund', 'payout', 'return', 'debit', 'contest',
    'accept', 'late', 'give_back'));

alter table payments.payments
  add column voids_refused int not null default 0;
