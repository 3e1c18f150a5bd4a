-- All goods may be given away for the sellers' vouchers, and the buyer's service fee be all that is paid.
alter table payments.splits
  drop constraint splits_of_something,
  add constraint splits_of_something check (
    gross_minor >= 0 and gross_minor + platform_discount_minor + service_fee_minor > 0);
