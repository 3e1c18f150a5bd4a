"""Marketplaces: the tenants. Every row of every context belongs to one of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from banyan.kernel import Conflict, IdKind, NotFound, new_id

if TYPE_CHECKING:
    from banyan.runtime.database import Database, Queries, Transaction

MARKETPLACE = IdKind("mkt")


class MarketplaceNotFound(NotFound):
    code = "marketplace_not_found"
    title = "No such marketplace"


class ClockNotMovable(Conflict):
    code = "clock_not_movable"
    title = "The clock can't be moved so"


@dataclass(frozen=True, slots=True)
class Marketplace:
    """A live marketplace of one legal entity in one region, or a sandbox."""

    marketplace_id: UUID
    name: str
    livemode: bool
    currency: str
    country: str
    created_at: datetime


async def list_marketplaces(queries: "Queries") -> list[Marketplace]:
    """Every marketplace, the oldest first."""
    return await queries.all(
        Marketplace, "select * from runtime.marketplaces order by marketplace_id"
    )


async def marketplaces_in_use(queries: "Queries") -> set[UUID]:
    """Those in which anything has ever happened."""
    rows = await queries.rows(
        """
        select marketplace_id
        from runtime.marketplaces m
        where exists (select from runtime.events e where e.marketplace_id = m.marketplace_id)
        """
    )
    return {marketplace_id for (marketplace_id,) in rows}


async def create_marketplace(
    database: "Database",
    *,
    name: str,
    livemode: bool,
    currency: str,
    country: str,
    now: datetime,
    clock_at: datetime | None = None,
) -> Marketplace:
    """Add a tenant; a sandbox may get a clock of its own that stands at ``clock_at``."""
    assert not (livemode and clock_at), "a live marketplace lives in real time"
    marketplace = Marketplace(new_id(now), name, livemode, currency, country, now)
    async with database.across_marketplaces() as queries:
        await queries.execute(
            """
            insert into runtime.marketplaces
              (marketplace_id, name, livemode, currency, country, created_at)
            values
              (%(marketplace_id)s, %(name)s, %(livemode)s, %(currency)s, %(country)s, %(now)s)
            """,
            marketplace_id=marketplace.marketplace_id,
            name=name,
            livemode=livemode,
            currency=currency,
            country=country,
            now=now,
        )
        if clock_at is not None:
            await queries.execute(
                """
                insert into runtime.clocks (marketplace_id, now_at)
                values (%(marketplace_id)s, %(clock_at)s)
                """,
                marketplace_id=marketplace.marketplace_id,
                clock_at=clock_at,
            )
    return marketplace


async def advance_clock(tx: "Transaction", to: datetime) -> datetime:
    """Move a sandbox's clock forward; ``ClockNotMovable`` for a live one or backward."""
    if tx.livemode:
        raise ClockNotMovable(
            "A live marketplace lives in real time; only a sandbox's clock moves."
        )
    if to < tx.now:
        raise ClockNotMovable(f"The clock stands at {tx.now.isoformat()} and never goes back.")
    await tx.execute(
        """
        insert into runtime.clocks (marketplace_id, now_at)
        values (%(marketplace_id)s, %(to)s)
        on conflict (marketplace_id) do update set now_at = greatest(clocks.now_at, excluded.now_at)
        """,
        to=to,
    )
    return to
