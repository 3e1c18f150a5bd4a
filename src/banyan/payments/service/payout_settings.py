"""How sellers are paid: the marketplace's settings, sellers' own schedules, and their terms."""

from collections.abc import Collection
from dataclasses import replace
from uuid import UUID
from zoneinfo import available_timezones

from banyan.kernel import Fault
from banyan.parties import SELLER
from banyan.payments.errors import InvalidSchedule
from banyan.payments.model import PayoutSettings, Schedule, SellerTerms
from banyan.payments.rules import (
    Withholding,
    check_bank,
    check_schedule,
    check_terms,
    payout_settings_default,
    withholding,
)
from banyan.payments.service.settings import get_settings, update_settings
from banyan.payments.store import payout_settings as store
from banyan.runtime import MARKETPLACE, Event, Transaction


async def get_payout_settings(tx: Transaction) -> PayoutSettings:
    """The marketplace's own, or what every one starts with."""
    general = await get_settings(tx)
    row = await store.find_settings(tx)
    if row is None:
        return payout_settings_default(general, livemode=tx.livemode)
    return row.settings(
        cutoff_hour=general.payout_cutoff_hour, minimum_minor=general.payout_minimum_minor
    )


async def update_payout_settings(tx: Transaction, settings: PayoutSettings) -> PayoutSettings:
    """Pay sellers so from the next run on. ``InvalidSchedule``, ``InvalidDestination``."""
    check_schedule(settings.schedule)
    if settings.time_zone not in available_timezones():
        detail = f"{settings.time_zone[:40]!r} is not a time zone such as Europe/Berlin."
        raise InvalidSchedule(detail, faults=(Fault("invalid_schedule", detail, "/time_zone"),))
    if settings.bank is not None:
        settings = replace(settings, bank=check_bank(settings.bank))
    general = replace(
        await get_settings(tx),
        payout_cutoff_hour=settings.cutoff_hour,
        payout_minimum_minor=settings.schedule.minimum_minor,
    )
    await update_settings(tx, general)
    await store.save_settings(tx, settings)
    await tx.record(
        Event(
            "payout_settings.changed",
            MARKETPLACE.text(tx.marketplace_id),
            {
                "cadence": settings.schedule.cadence,
                "delay_days": settings.schedule.delay_days,
                "minimum_minor": settings.schedule.minimum_minor,
                "cutoff_hour": settings.cutoff_hour,
                "time_zone": settings.time_zone,
                "calendar": settings.calendar,
                "change_hold_days": settings.change_hold_days,
                "debit_after_days": settings.debit_after_days,
                "has_bank": settings.bank is not None,
            },
        )
    )
    return settings


async def get_schedule(tx: Transaction, seller_id: UUID) -> Schedule:
    """The seller's own schedule, or the marketplace's."""
    own = await store.find_schedule(tx, seller_id)
    return own or (await get_payout_settings(tx)).schedule


async def set_schedule(tx: Transaction, seller_id: UUID, schedule: Schedule | None) -> Schedule:
    """Pay this seller by a schedule of its own (None: the marketplace's). ``InvalidSchedule``."""
    if schedule is None:
        is_news = await store.delete_schedule(tx, seller_id)
    else:
        check_schedule(schedule)
        is_news = await store.find_schedule(tx, seller_id) != schedule
        await store.save_schedule(tx, seller_id, schedule)
    used = await get_schedule(tx, seller_id)
    if is_news:
        await tx.record(
            Event(
                "payout_schedule.changed",
                SELLER.text(seller_id),
                {
                    "seller": SELLER.text(seller_id),
                    "cadence": used.cadence,
                    "weekday": used.weekday,
                    "month_day": used.month_day,
                    "delay_days": used.delay_days,
                    "minimum_minor": used.minimum_minor,
                    "is_own": schedule is not None,
                },
            )
        )
    return used


async def set_seller_terms(tx: Transaction, terms: SellerTerms) -> SellerTerms:
    """Hold back so much of a seller's sales that are settled from then on. ``InvalidTerms``."""
    check_terms(terms)
    await store.insert_terms(tx, terms)
    await tx.record(
        Event(
            "seller_terms.changed",
            SELLER.text(terms.seller_id),
            {
                "seller": SELLER.text(terms.seller_id),
                "tier": terms.tier,
                "delay_days": terms.delay_days,
                "reserve_bp": terms.reserve_bp,
                "reserve_days": terms.reserve_days,
                "valid_from": terms.valid_from.isoformat(),
                "reason": terms.reason,
                "by": terms.set_by,
            },
        )
    )
    return terms


async def seller_terms(tx: Transaction, seller_id: UUID) -> list[SellerTerms]:
    """What was ever set for a seller, the latest first."""
    return await store.terms_of(tx, seller_id)


async def withholdings_of(
    tx: Transaction, seller_ids: Collection[UUID], settings: PayoutSettings
) -> dict[UUID, Withholding]:
    """What is held back from each of these sellers now; only those from whom anything is."""
    delays = await store.delays_of(tx, seller_ids)
    terms = await store.terms_at(tx, seller_ids, tx.now)
    default = settings.schedule.delay_days
    every = {
        seller_id: withholding(delays.get(seller_id, default), terms.get(seller_id))
        for seller_id in seller_ids
    }
    return {seller_id: what for seller_id, what in every.items() if what != Withholding()}
