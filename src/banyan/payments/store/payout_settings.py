"""SQL of how a marketplace pays its sellers, and of sellers' own schedules and terms."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from banyan.payments.model import (
    BankAccount,
    Cadence,
    CalendarKind,
    PayoutSettings,
    Schedule,
    SellerTerms,
)
from banyan.runtime import Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsRow:
    """The settings as they are stored; cut-off hour and minimum are among those of payments."""

    cadence: Cadence
    weekday: int | None
    month_day: int | None
    delay_days: int
    time_zone: str
    calendar: CalendarKind
    change_hold_days: int
    debit_after_days: int | None
    bank: dict[str, object] | None

    def settings(self, *, cutoff_hour: int, minimum_minor: int) -> PayoutSettings:
        return PayoutSettings(
            schedule=Schedule(
                cadence=self.cadence,
                weekday=self.weekday,
                month_day=self.month_day,
                delay_days=self.delay_days,
                minimum_minor=minimum_minor,
            ),
            cutoff_hour=cutoff_hour,
            time_zone=self.time_zone,
            calendar=self.calendar,
            change_hold_days=self.change_hold_days,
            debit_after_days=self.debit_after_days,
            bank=None if self.bank is None else msgspec.convert(self.bank, BankAccount),
        )


async def find_settings(tx: Transaction) -> SettingsRow | None:
    return await tx.one(
        SettingsRow,
        """
        select cadence, weekday, month_day, delay_days, time_zone, calendar, change_hold_days,
          debit_after_days, bank
        from payments.payout_settings
        where marketplace_id = %(marketplace_id)s
        """,
    )


async def save_settings(tx: Transaction, settings: PayoutSettings) -> None:
    schedule = settings.schedule
    await tx.execute(
        """
        insert into payments.payout_settings
          (marketplace_id, cadence, weekday, month_day, delay_days, time_zone, calendar,
           change_hold_days, debit_after_days, bank)
        values
          (%(marketplace_id)s, %(cadence)s, %(weekday)s, %(month_day)s, %(delay_days)s,
           %(time_zone)s, %(calendar)s, %(change_hold_days)s, %(debit_after_days)s, %(bank)s)
        on conflict (marketplace_id) do update set
          cadence = excluded.cadence,
          weekday = excluded.weekday,
          month_day = excluded.month_day,
          delay_days = excluded.delay_days,
          time_zone = excluded.time_zone,
          calendar = excluded.calendar,
          change_hold_days = excluded.change_hold_days,
          debit_after_days = excluded.debit_after_days,
          bank = excluded.bank
        """,
        cadence=schedule.cadence,
        weekday=schedule.weekday,
        month_day=schedule.month_day,
        delay_days=schedule.delay_days,
        time_zone=settings.time_zone,
        calendar=settings.calendar,
        change_hold_days=settings.change_hold_days,
        debit_after_days=settings.debit_after_days,
        bank=None if settings.bank is None else Jsonb(msgspec.to_builtins(settings.bank)),
    )


async def find_schedule(tx: Transaction, seller_id: UUID) -> Schedule | None:
    return await tx.one(
        Schedule,
        """
        select cadence, weekday, month_day, delay_days, minimum_minor
        from payments.payout_schedules
        where marketplace_id = %(marketplace_id)s and seller_id = %(seller_id)s
        """,
        seller_id=seller_id,
    )


async def save_schedule(tx: Transaction, seller_id: UUID, schedule: Schedule) -> None:
    await tx.execute(
        """
        insert into payments.payout_schedules
          (marketplace_id, seller_id, cadence, weekday, month_day, delay_days, minimum_minor,
           updated_at)
        values
          (%(marketplace_id)s, %(seller_id)s, %(cadence)s, %(weekday)s, %(month_day)s,
           %(delay_days)s, %(minimum_minor)s, %(now)s)
        on conflict (marketplace_id, seller_id) do update set
          cadence = excluded.cadence,
          weekday = excluded.weekday,
          month_day = excluded.month_day,
          delay_days = excluded.delay_days,
          minimum_minor = excluded.minimum_minor,
          updated_at = excluded.updated_at
        """,
        seller_id=seller_id,
        cadence=schedule.cadence,
        weekday=schedule.weekday,
        month_day=schedule.month_day,
        delay_days=schedule.delay_days,
        minimum_minor=schedule.minimum_minor,
        now=tx.now,
    )


async def delete_schedule(tx: Transaction, seller_id: UUID) -> bool:
    """Whether the seller had a schedule of its own."""
    deleted = await tx.execute(
        """
        delete from payments.payout_schedules
        where marketplace_id = %(marketplace_id)s and seller_id = %(seller_id)s
        """,
        seller_id=seller_id,
    )
    return deleted > 0


@dataclass(frozen=True, slots=True)
class SellerDelay:
    """How many days a seller's own schedule delays its sales."""

    seller_id: UUID
    delay_days: int


async def delays_of(tx: Transaction, seller_ids: Collection[UUID]) -> dict[UUID, int]:
    """The delay of those of the sellers that have a schedule of their own."""
    rows = await tx.all(
        SellerDelay,
        """
        select seller_id, delay_days
        from payments.payout_schedules
        where marketplace_id = %(marketplace_id)s and seller_id = any(%(seller_ids)s)
        """,
        seller_ids=list(seller_ids),
    )
    return {row.seller_id: row.delay_days for row in rows}


async def insert_terms(tx: Transaction, terms: SellerTerms) -> None:
    """Set what holds from an instant on; what was set for the same instant is replaced."""
    await tx.execute(
        """
        insert into payments.seller_terms
          (marketplace_id, seller_id, valid_from, tier, delay_days, reserve_bp, reserve_days, reason,
           set_by, created_at)
        values
          (%(marketplace_id)s, %(seller_id)s, %(valid_from)s, %(tier)s, %(delay_days)s,
           %(reserve_bp)s, %(reserve_days)s, %(reason)s, %(set_by)s, %(created_at)s)
        on conflict (marketplace_id, seller_id, valid_from) do update set
          tier = excluded.tier,
          delay_days = excluded.delay_days,
          reserve_bp = excluded.reserve_bp,
          reserve_days = excluded.reserve_days,
          reason = excluded.reason,
          set_by = excluded.set_by,
          created_at = excluded.created_at
        """,
        seller_id=terms.seller_id,
        valid_from=terms.valid_from,
        tier=terms.tier,
        delay_days=terms.delay_days,
        reserve_bp=terms.reserve_bp,
        reserve_days=terms.reserve_days,
        reason=terms.reason,
        set_by=terms.set_by,
        created_at=terms.created_at,
    )


async def terms_at(
    tx: Transaction, seller_ids: Collection[UUID], at: datetime
) -> dict[UUID, SellerTerms]:
    """What holds for each of these sellers at an instant, where anything was ever set."""
    found = await tx.all(
        SellerTerms,
        """
        select distinct on (seller_id) *
        from payments.seller_terms
        where marketplace_id = %(marketplace_id)s
          and seller_id = any(%(seller_ids)s)
          and valid_from <= %(at)s
        order by seller_id, valid_from desc
        """,
        seller_ids=list(seller_ids),
        at=at,
    )
    return {terms.seller_id: terms for terms in found}


async def terms_of(tx: Transaction, seller_id: UUID) -> list[SellerTerms]:
    """Everything that was set for a seller, the latest first."""
    return await tx.all(
        SellerTerms,
        """
        select *
        from payments.seller_terms
        where marketplace_id = %(marketplace_id)s and seller_id = %(seller_id)s
        order by valid_from desc
        limit 100
        """,
        seller_id=seller_id,
    )
