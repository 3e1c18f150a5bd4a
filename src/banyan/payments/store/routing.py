"""SQL of routing: what is connected, the policy, what was learned, how providers answer."""

from collections.abc import Collection, Sequence

from psycopg.types.json import Jsonb

from banyan.payments.model import Connection, ProviderHealth, RouteStats, RoutingPolicy
from banyan.runtime import Transaction


async def select_connections(tx: Transaction) -> list[Connection]:
    """What the marketplace has connected, by name."""
    return await tx.all(
        Connection,
        """
        select
          marketplace_id, name, kind, is_enabled, method_types, currencies, countries, fee_bp,
          fee_fixed_minor
        from payments.connections
        where marketplace_id = %(marketplace_id)s
        order by name
        """,
    )


async def find_policy(tx: Transaction) -> dict[str, object] | None:
    """The routing policy as it was saved; None if the marketplace has no settings yet."""
    return await tx.value(
        """
        select routing
        from payments.settings
        where marketplace_id = %(marketplace_id)s
        """
    )


async def save_policy(tx: Transaction, policy: RoutingPolicy) -> None:
    """Set the policy of a marketplace that has settings."""
    await tx.execute(
        """
        update payments.settings
        set routing = %(policy)s
        where marketplace_id = %(marketplace_id)s
        """,
        policy=Jsonb(policy),
    )


async def select_stats(tx: Transaction, segments: Collection[str]) -> list[RouteStats]:
    return await tx.all(
        RouteStats,
        """
        select provider, segment, approved, declined, counted_at
        from payments.route_stats
        where marketplace_id = %(marketplace_id)s and segment = any(%(segments)s)
        """,
        segments=list(segments),
    )


async def add_stats(tx: Transaction, counted: Sequence[RouteStats], half_life_s: float) -> None:
    """Add to the counts, after letting what is there decay until now."""
    await tx.execute(
        """
        insert into payments.route_stats as s
          (marketplace_id, provider, segment, approved, declined, counted_at)
        select %(marketplace_id)s, new.*, %(now)s
        from unnest(
          %(providers)s::text[], %(segments)s::text[], %(approved)s::float8[],
          %(declined)s::float8[]
        ) as new (provider, segment, approved, declined)
        order by new.provider, new.segment
        on conflict (marketplace_id, provider, segment) do update set
          approved = excluded.approved + s.approved * power(
            0.5, greatest(0, extract(epoch from %(now)s - s.counted_at)) / %(half_life_s)s::float8),
          declined = excluded.declined + s.declined * power(
            0.5, greatest(0, extract(epoch from %(now)s - s.counted_at)) / %(half_life_s)s::float8),
          counted_at = greatest(s.counted_at, %(now)s)
        """,
        now=tx.now,
        half_life_s=half_life_s,
        providers=[one.provider for one in counted],
        segments=[one.segment for one in counted],
        approved=[one.approved for one in counted],
        declined=[one.declined for one in counted],
    )


async def select_health(tx: Transaction) -> list[ProviderHealth]:
    return await tx.all(
        ProviderHealth,
        """
        select provider, answered, failed, counted_at, opened_at, probed_at
        from payments.provider_health
        where marketplace_id = %(marketplace_id)s
        """,
    )


async def lock_health(tx: Transaction, providers: Collection[str]) -> list[ProviderHealth]:
    """The health of these providers, locked; those never called have none."""
    return await tx.all(
        ProviderHealth,
        """
        select provider, answered, failed, counted_at, opened_at, probed_at
        from payments.provider_health
        where marketplace_id = %(marketplace_id)s and provider = any(%(providers)s)
        order by provider
        for no key update
        """,
        providers=list(providers),
    )


async def save_health(tx: Transaction, health: ProviderHealth) -> None:
    await tx.execute(
        """
        insert into payments.provider_health
          (marketplace_id, provider, answered, failed, counted_at, opened_at, probed_at)
        values
          (%(marketplace_id)s, %(provider)s, %(answered)s, %(failed)s, %(counted_at)s,
           %(opened_at)s, %(probed_at)s)
        on conflict (marketplace_id, provider) do update set
          answered = excluded.answered,
          failed = excluded.failed,
          counted_at = excluded.counted_at,
          opened_at = excluded.opened_at,
          probed_at = excluded.probed_at
        """,
        provider=health.provider,
        answered=health.answered,
        failed=health.failed,
        counted_at=health.counted_at,
        opened_at=health.opened_at,
        probed_at=health.probed_at,
    )


async def mark_probed(tx: Transaction, provider: str) -> None:
    """Note that a payment was let through to find out whether a provider works again."""
    await tx.execute(
        """
        update payments.provider_health
        set probed_at = %(now)s
        where marketplace_id = %(marketplace_id)s and provider = %(provider)s
        """,
        provider=provider,
        now=tx.now,
    )
