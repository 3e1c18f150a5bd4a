"""SQL of rates."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from banyan.fx.model import Rate, RateDraft
from banyan.runtime import Transaction


async def insert_pairs(tx: Transaction, source: str, drafts: Sequence[RateDraft]) -> None:
    """Note that the pairs have rates of this source."""
    pairs = sorted({(draft.base, draft.currency) for draft in drafts})
    await tx.execute(
        """
        insert into fx.pairs (marketplace_id, source, base, currency)
        select %(marketplace_id)s, %(source)s, new.base, new.currency
        from unnest(%(bases)s::text[], %(currencies)s::text[]) as new (base, currency)
        order by new.base, new.currency
        on conflict do nothing
        """,
        source=source,
        bases=[base for base, _ in pairs],
        currencies=[currency for _, currency in pairs],
    )


async def lock_pairs(tx: Transaction, source: str, drafts: Sequence[RateDraft]) -> None:
    """Wait for whoever else writes rates of these pairs, so that versions count without a gap."""
    pairs = sorted({(draft.base, draft.currency) for draft in drafts})
    await tx.execute(
        """
        select p.base
        from fx.pairs p
        join unnest(%(bases)s::text[], %(currencies)s::text[]) as named (base, currency)
          on p.base = named.base and p.currency = named.currency
        where p.marketplace_id = %(marketplace_id)s and p.source = %(source)s
        order by p.base, p.currency
        for no key update of p
        """,
        source=source,
        bases=[base for base, _ in pairs],
        currencies=[currency for _, currency in pairs],
    )


async def insert_rates(
    tx: Transaction, source: str, by: str, rate_ids: Sequence[UUID], drafts: Sequence[RateDraft]
) -> list[Rate]:
    """Add the rates that differ from what stands at their instant, each as its next version."""
    return await tx.all(
        Rate,
        """
        insert into fx.rates
          (marketplace_id, rate_id, source, base, currency, rate, effective_at, version,
           recorded_at, recorded_by)
        select %(marketplace_id)s, new.rate_id, %(source)s, new.base, new.currency, new.rate,
          new.effective_at, coalesce(last.version, 0) + 1, %(now)s, %(by)s
        from unnest(
          %(rate_ids)s::uuid[], %(bases)s::text[], %(currencies)s::text[], %(rates)s::numeric[],
          %(instants)s::timestamptz[]
        ) as new (rate_id, base, currency, rate, effective_at)
        left join lateral (
          select r.version, r.rate
          from fx.rates r
          where r.marketplace_id = %(marketplace_id)s and r.source = %(source)s
            and r.base = new.base and r.currency = new.currency
            and r.effective_at = new.effective_at
          order by r.version desc
          limit 1
        ) last on true
        where last.rate is distinct from new.rate
        returning rate_id, source, base, currency, rate, effective_at, version, recorded_at,
          recorded_by
        """,
        now=tx.now,
        by=by,
        source=source,
        rate_ids=list(rate_ids),
        bases=[draft.base for draft in drafts],
        currencies=[draft.currency for draft in drafts],
        rates=[draft.rate for draft in drafts],
        instants=[draft.effective_at for draft in drafts],
    )


async def latest_rates(
    tx: Transaction, currencies: Sequence[str], sources: Sequence[str], at: datetime
) -> list[Rate]:
    """Of each pair and source that has one of these currencies, the latest rate as of ``at``."""
    return await tx.all(
        Rate,
        """
        select r.rate_id, r.source, r.base, r.currency, r.rate, r.effective_at, r.version,
          r.recorded_at, r.recorded_by
        from fx.pairs p
        cross join lateral (
          select *
          from fx.rates
          where marketplace_id = %(marketplace_id)s and source = p.source and base = p.base
            and currency = p.currency and effective_at <= %(at)s
          order by effective_at desc, version desc
          limit 1
        ) r
        where p.marketplace_id = %(marketplace_id)s
          and p.source = any(%(sources)s)
          and (p.base = any(%(currencies)s) or p.currency = any(%(currencies)s))
        """,
        currencies=list(currencies),
        sources=list(sources),
        at=at,
    )


async def find_rate(
    tx: Transaction, source: str, base: str, currency: str, effective_at: datetime
) -> Rate | None:
    """The latest version of the rate of an instant."""
    return await tx.one(
        Rate,
        """
        select rate_id, source, base, currency, rate, effective_at, version, recorded_at, recorded_by
        from fx.rates
        where marketplace_id = %(marketplace_id)s and source = %(source)s and base = %(base)s
          and currency = %(currency)s and effective_at = %(effective_at)s
        order by version desc
        limit 1
        """,
        source=source,
        base=base,
        currency=currency,
        effective_at=effective_at,
    )


async def select_rates(
    tx: Transaction,
    *,
    source: str | None,
    base: str | None,
    currency: str | None,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Rate]:
    """Rates in every version, the latest first."""
    return await tx.all(
        Rate,
        """
        select rate_id, source, base, currency, rate, effective_at, version, recorded_at, recorded_by
        from fx.rates
        where marketplace_id = %(marketplace_id)s
          and (%(source)s::text is null or source = %(source)s)
          and (%(base)s::text is null or base = %(base)s)
          and (%(currency)s::text is null or currency = %(currency)s)
          and (%(after_at)s::timestamptz is null
               or (effective_at, rate_id) < (%(after_at)s, %(after_id)s::uuid))
        order by effective_at desc, rate_id desc
        limit %(limit)s
        """,
        source=source,
        base=base,
        currency=currency,
        after_at=after[0] if after else None,
        after_id=after[1] if after else None,
        limit=limit,
    )
