-- Bank files that are being left in the outbox folder: noted before, so that none is left there twice.

create table payments.bank_file_drops (
  marketplace_id uuid not null,
  batch_id       uuid not null,
  begun_at       timestamptz not null,
  primary key (marketplace_id, batch_id),
  foreign key (marketplace_id, batch_id) references payments.bank_files
);
select runtime.isolate('payments.bank_file_drops');
