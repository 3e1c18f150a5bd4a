"""Payments, refunds, disputes and payouts, through payment providers.

What a caller does here is only written down: the state, the intent of a call, the job that makes
it. Outcomes come back as events (see ``model``)::

    create_payments(tx, drafts) -> list[Payment]          authorizes; idempotent by payment_id
    complete_authentication(tx, payment_id) -> Payment    the buyer is back from 3-D Secure
    capture_payments(tx, payment_ids) -> list[Payment]
    void_payments(tx, payment_ids, reason) -> list[Payment]
    refund(tx, payment_id, amount | None, refund_id, reason, by) -> Refund
    release(tx, payment_ids) -> list[Payment]             sellers' parts become available
    run_payouts(tx) -> list[Payout]                       now; daily by itself

``price_splits`` prices the sellers' parts by the marketplace's terms; they are frozen in the
payment. Ids may be sent again: the same content changes nothing, other content is refused.
"""
