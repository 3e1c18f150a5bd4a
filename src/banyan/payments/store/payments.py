"""SQL of payments and their splits."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from uuid import UUID

from psycopg.types.json import Jsonb

from banyan.payments.model import (
    Authentication,
    Payment,
    PaymentDraft,
    PaymentSplit,
    PaymentState,
    Reversal,
)
from banyan.runtime import Transaction


@dataclass(frozen=True, slots=True)
class NewPayment:
    """A payment that is about to be asked for, and of whom."""

    draft: PaymentDraft
    provider: str
    authentication: Authentication


async def insert_payments(tx: Transaction, new: Sequence[NewPayment]) -> list[UUID]:
    """The ids that are new."""
    drafts = [one.draft for one in new]
    rows = await tx.rows(
        """
        insert into payments.payments
          (marketplace_id, payment_id, subject, buyer_id, provider, state, amount_minor, currency,
           method_type, method_token, installments, method_fingerprint, method_tokens, country,
           authentication, created_at)
        select
          %(marketplace_id)s, new.payment_id, new.subject, new.buyer_id, new.provider,
          'authorizing', new.amount_minor, new.currency, new.method_type, new.method_token,
          new.installments, new.method_fingerprint, new.method_tokens, new.country,
          new.authentication, %(now)s
        from unnest(
          %(payment_ids)s::uuid[], %(subjects)s::text[], %(buyer_ids)s::uuid[],
          %(amounts)s::bigint[], %(currencies)s::text[], %(types)s::text[], %(tokens)s::text[],
          %(installments)s::int[], %(fingerprints)s::text[], %(method_tokens)s::jsonb[],
          %(countries)s::text[], %(providers)s::text[], %(authentications)s::text[]
        ) as new (payment_id, subject, buyer_id, amount_minor, currency, method_type,
                  method_token, installments, method_fingerprint, method_tokens, country,
                  provider, authentication)
        order by new.payment_id
        on conflict (marketplace_id, payment_id) do nothing
        returning payment_id
        """,
        now=tx.now,
        providers=[one.provider for one in new],
        authentications=[one.authentication for one in new],
        payment_ids=[draft.payment_id for draft in drafts],
        subjects=[draft.subject for draft in drafts],
        buyer_ids=[draft.buyer_id for draft in drafts],
        amounts=[draft.amount.minor for draft in drafts],
        currencies=[draft.amount.currency.code for draft in drafts],
        types=[draft.method.type for draft in drafts],
        tokens=[draft.method.token for draft in drafts],
        installments=[draft.method.installments for draft in drafts],
        fingerprints=[draft.method.fingerprint for draft in drafts],
        method_tokens=[Jsonb(dict(draft.method.tokens)) for draft in drafts],
        countries=[draft.country for draft in drafts],
    )
    return [row[0] for row in rows]


async def insert_splits(tx: Transaction, drafts: Sequence[PaymentDraft]) -> None:
    rows = [(draft.payment_id, split) for draft in drafts for split in draft.splits]
    await tx.execute(
        """
        insert into payments.splits
          (marketplace_id, payment_id, seller_id, currency, gross_minor, shipping_minor,
           commission_minor, tax_minor, tax_jurisdiction, seller_discount_minor,
           platform_discount_minor, shipping_kept_minor, service_fee_minor, service_fee_tax_minor,
           service_fee_jurisdiction, reason, service_fee_reason)
        select %(marketplace_id)s, new.*
        from unnest(
          %(payment_ids)s::uuid[], %(seller_ids)s::uuid[], %(currencies)s::text[],
          %(gross)s::bigint[], %(shipping)s::bigint[], %(commissions)s::bigint[],
          %(taxes)s::bigint[], %(jurisdictions)s::text[], %(seller_discounts)s::bigint[],
          %(platform_discounts)s::bigint[], %(shipping_kept)s::bigint[],
          %(service_fees)s::bigint[], %(service_fee_taxes)s::bigint[],
          %(service_fee_jurisdictions)s::text[], %(reasons)s::text[],
          %(service_fee_reasons)s::text[]
        ) as new
        """,
        payment_ids=[payment_id for payment_id, _ in rows],
        seller_ids=[split.seller_id for _, split in rows],
        currencies=[split.gross.currency.code for _, split in rows],
        gross=[split.gross.minor for _, split in rows],
        shipping=[split.shipping.minor for _, split in rows],
        commissions=[split.commission.minor for _, split in rows],
        taxes=[split.tax.minor for _, split in rows],
        jurisdictions=[split.tax_jurisdiction for _, split in rows],
        seller_discounts=[split.seller_discount.minor for _, split in rows],
        platform_discounts=[split.platform_discount.minor for _, split in rows],
        shipping_kept=[split.shipping_kept.minor for _, split in rows],
        service_fees=[split.service_fee.minor for _, split in rows],
        service_fee_taxes=[split.service_fee_tax.minor for _, split in rows],
        service_fee_jurisdictions=[split.service_fee_jurisdiction for _, split in rows],
        reasons=[split.reason for _, split in rows],
        service_fee_reasons=[split.service_fee_reason for _, split in rows],
    )


async def lock_payments(tx: Transaction, payment_ids: Collection[UUID]) -> list[Payment]:
    """The payments, locked in the order of their ids so that batches can't block each other."""
    return await tx.all(
        Payment,
        """
        select *
        from payments.payments
        where marketplace_id = %(marketplace_id)s and payment_id = any(%(payment_ids)s)
        order by payment_id
        for no key update
        """,
        payment_ids=list(payment_ids),
    )


async def save_payments(tx: Transaction, payments: Sequence[Payment]) -> None:
    """Write what changes in the life of payments that are locked."""
    if not payments:
        return
    await tx.execute(
        """
        update payments.payments p
        set
          state = new.state,
          provider = new.provider,
          ordinal = new.ordinal,
          liability = new.liability,
          instructions = new.instructions,
          settled_minor = new.settled_minor,
          settled_currency = new.settled_currency,
          captured_minor = new.captured_minor,
          refunded_minor = new.refunded_minor,
          reversed_minor = new.reversed_minor,
          fee_minor = new.fee_minor,
          fee_currency = new.fee_currency,
          provider_reference = new.provider_reference,
          decline_code = new.decline_code,
          action_url = new.action_url,
          action_expires_at = new.action_expires_at,
          void_reason = new.void_reason,
          voids_refused = new.voids_refused,
          authorized_at = new.authorized_at,
          captured_at = new.captured_at,
          released_at = new.released_at
        from unnest(
          %(payment_ids)s::uuid[], %(states)s::text[], %(captured)s::bigint[],
          %(refunded)s::bigint[], %(reversed)s::bigint[], %(fees)s::bigint[],
          %(references)s::text[], %(declines)s::text[], %(urls)s::text[],
          %(expires_at)s::timestamptz[], %(void_reasons)s::text[],
          %(authorized_at)s::timestamptz[], %(captured_at)s::timestamptz[],
          %(released_at)s::timestamptz[], %(providers)s::text[], %(ordinals)s::int[],
          %(liabilities)s::text[], %(instructions)s::jsonb[], %(settled)s::bigint[],
          %(settled_currencies)s::text[], %(fee_currencies)s::text[], %(voids_refused)s::int[]
        ) as new (payment_id, state, captured_minor, refunded_minor, reversed_minor, fee_minor,
                  provider_reference, decline_code, action_url, action_expires_at, void_reason,
                  authorized_at, captured_at, released_at, provider, ordinal, liability,
                  instructions, settled_minor, settled_currency, fee_currency, voids_refused)
        where p.marketplace_id = %(marketplace_id)s and p.payment_id = new.payment_id
        """,
        payment_ids=[payment.payment_id for payment in payments],
        states=[payment.state for payment in payments],
        captured=[payment.captured_minor for payment in payments],
        refunded=[payment.refunded_minor for payment in payments],
        reversed=[payment.reversed_minor for payment in payments],
        fees=[payment.fee_minor for payment in payments],
        references=[payment.provider_reference for payment in payments],
        declines=[payment.decline_code for payment in payments],
        urls=[payment.action_url for payment in payments],
        expires_at=[payment.action_expires_at for payment in payments],
        void_reasons=[payment.void_reason for payment in payments],
        authorized_at=[payment.authorized_at for payment in payments],
        captured_at=[payment.captured_at for payment in payments],
        released_at=[payment.released_at for payment in payments],
        providers=[payment.provider for payment in payments],
        ordinals=[payment.ordinal for payment in payments],
        liabilities=[payment.liability for payment in payments],
        instructions=[
            None if payment.instructions is None else Jsonb(dict(payment.instructions))
            for payment in payments
        ],
        settled=[payment.settled_minor for payment in payments],
        settled_currencies=[payment.settled_currency for payment in payments],
        fee_currencies=[payment.fee_currency for payment in payments],
        voids_refused=[payment.voids_refused for payment in payments],
    )


async def find_payment(tx: Transaction, payment_id: UUID) -> Payment | None:
    return await tx.one(
        Payment,
        """
        select *
        from payments.payments
        where marketplace_id = %(marketplace_id)s and payment_id = %(payment_id)s
        """,
        payment_id=payment_id,
    )


async def find_payments(tx: Transaction, payment_ids: Collection[UUID]) -> list[Payment]:
    return await tx.all(
        Payment,
        """
        select *
        from payments.payments
        where marketplace_id = %(marketplace_id)s and payment_id = any(%(payment_ids)s)
        """,
        payment_ids=list(payment_ids),
    )


async def select_payments(
    tx: Transaction,
    *,
    state: PaymentState | None,
    subject: str | None,
    after: UUID | None,
    limit: int,
) -> list[Payment]:
    """The newest first, older than ``after``."""
    return await tx.all(
        Payment,
        """
        select *
        from payments.payments
        where marketplace_id = %(marketplace_id)s
          and (%(state)s::text is null or state = %(state)s)
          and (%(subject)s::text is null or subject = %(subject)s)
          and (%(after)s::uuid is null or payment_id < %(after)s)
        order by payment_id desc
        limit %(limit)s
        """,
        state=state,
        subject=subject,
        after=after,
        limit=limit,
    )


async def select_splits(tx: Transaction, payment_ids: Collection[UUID]) -> list[PaymentSplit]:
    return await tx.all(
        PaymentSplit,
        """
        select *
        from payments.splits
        where marketplace_id = %(marketplace_id)s and payment_id = any(%(payment_ids)s)
        order by payment_id, seller_id
        """,
        payment_ids=list(payment_ids),
    )


async def add_to_reversed(tx: Transaction, reversals: Sequence[Reversal], sign: int) -> None:
    """Count what is reversed of the splits up (``sign`` 1), or down again (-1).

    Several may be of one split: they are summed first, because an update takes only one of them.
    """
    await tx.execute(
        """
        update payments.splits s
        set
          reversed_seller_minor = s.reversed_seller_minor + new.seller_minor,
          reversed_commission_minor = s.reversed_commission_minor + new.commission_minor,
          reversed_tax_minor = s.reversed_tax_minor + new.tax_minor,
          reversed_shipping_kept_minor = s.reversed_shipping_kept_minor + new.shipping_kept_minor,
          reversed_service_fee_minor = s.reversed_service_fee_minor + new.service_fee_minor,
          reversed_service_fee_tax_minor =
            s.reversed_service_fee_tax_minor + new.service_fee_tax_minor,
          reversed_platform_discount_minor =
            s.reversed_platform_discount_minor + new.platform_discount_minor
        from (
          select
            payment_id, seller_id, sum(seller)::bigint, sum(commission)::bigint, sum(tax)::bigint,
            sum(shipping_kept)::bigint, sum(service_fee)::bigint, sum(service_fee_tax)::bigint,
            sum(platform_discount)::bigint
          from unnest(
            %(payment_ids)s::uuid[], %(seller_ids)s::uuid[], %(sellers)s::bigint[],
            %(commissions)s::bigint[], %(taxes)s::bigint[], %(shipping_kept)s::bigint[],
            %(service_fees)s::bigint[], %(service_fee_taxes)s::bigint[],
            %(platform_discounts)s::bigint[]
          ) as one (payment_id, seller_id, seller, commission, tax, shipping_kept, service_fee,
                    service_fee_tax, platform_discount)
          group by payment_id, seller_id
        ) as new (payment_id, seller_id, seller_minor, commission_minor, tax_minor,
                  shipping_kept_minor, service_fee_minor, service_fee_tax_minor,
                  platform_discount_minor)
        where s.marketplace_id = %(marketplace_id)s
          and s.payment_id = new.payment_id
          and s.seller_id = new.seller_id
        """,
        payment_ids=[reversal.payment_id for reversal in reversals],
        seller_ids=[reversal.seller_id for reversal in reversals],
        sellers=[sign * reversal.seller_minor for reversal in reversals],
        commissions=[sign * reversal.commission_minor for reversal in reversals],
        taxes=[sign * reversal.tax_minor for reversal in reversals],
        shipping_kept=[sign * reversal.shipping_kept_minor for reversal in reversals],
        service_fees=[sign * reversal.service_fee_minor for reversal in reversals],
        service_fee_taxes=[sign * reversal.service_fee_tax_minor for reversal in reversals],
        platform_discounts=[sign * reversal.platform_discount_minor for reversal in reversals],
    )


async def sum_payments(tx: Transaction) -> list[tuple[str, int, int, int]]:
    """Each currency's payments with money taken, what was taken, and what was refunded."""
    rows = await tx.rows(
        """
        select
          currency, count(*), sum(captured_minor)::bigint, sum(refunded_minor)::bigint
        from payments.payments
        where marketplace_id = %(marketplace_id)s and captured_minor > 0
        group by currency
        order by currency
        """
    )
    return [(row[0], row[1], row[2], row[3]) for row in rows]
