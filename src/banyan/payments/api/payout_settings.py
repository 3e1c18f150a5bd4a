"""How sellers are paid, and what is held back from them, over HTTP."""

from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from banyan.parties import SELLER, SellerNotFound, get_seller
from banyan.payments import model
from banyan.payments.errors import InvalidDestination, InvalidSchedule, InvalidTerms
from banyan.payments.rules import TIERS
from banyan.payments.service import payout_settings as service
from banyan.runtime.http import Call, Instant, List, Operation

Weekday = Annotated[int, Meta(ge=1, le=7, description="1 is Monday.")]
MonthDay = Annotated[int, Meta(ge=1, le=31, description="In shorter months the last day.")]
Days = Annotated[int, Meta(ge=0, le=90)]
Minimum = Annotated[int, Meta(ge=1, le=10**12)]


class BankView(Struct, kw_only=True):
    """The marketplace's own account; its number is masked."""

    holder: str
    iban: str
    bic: str | None
    creditor_id: str | None


class SetBank(Struct, kw_only=True, forbid_unknown_fields=True):
    """``creditor_id`` allows to debit sellers who have given a mandate."""

    holder: Annotated[str, Meta(min_length=1, max_length=70)]
    iban: Annotated[str, Meta(min_length=15, max_length=42)]
    bic: Annotated[str, Meta(min_length=8, max_length=11)] | None = None
    creditor_id: Annotated[str, Meta(min_length=8, max_length=35)] | None = None


class PayoutSettingsView(Struct, kw_only=True):
    """``debit_after_days`` null: what sellers owe waits for their sales."""

    object: Literal["payout_settings"] = "payout_settings"
    livemode: bool
    cadence: model.Cadence
    weekday: int | None
    month_day: int | None
    delay_days: int
    minimum_minor: int
    cutoff_hour: int
    time_zone: str
    calendar: model.CalendarKind
    change_hold_days: int
    debit_after_days: int | None
    bank: BankView | None


class UpdatePayoutSettings(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is; a new ``cadence`` brings its own day or none."""

    cadence: model.Cadence | UnsetType = UNSET
    weekday: Weekday | UnsetType | None = UNSET
    month_day: MonthDay | UnsetType | None = UNSET
    delay_days: Days | UnsetType = UNSET
    minimum_minor: Minimum | UnsetType = UNSET
    cutoff_hour: Annotated[int, Meta(ge=0, le=23)] | UnsetType = UNSET
    time_zone: (
        Annotated[str, Meta(min_length=1, max_length=60, examples=["Europe/Berlin"])] | UnsetType
    ) = UNSET
    calendar: model.CalendarKind | UnsetType = UNSET
    change_hold_days: Annotated[int, Meta(ge=0, le=60)] | UnsetType = UNSET
    debit_after_days: Annotated[int, Meta(ge=1, le=365)] | UnsetType | None = UNSET
    bank: SetBank | UnsetType | None = UNSET


class PayoutScheduleView(Struct, kw_only=True):
    object: Literal["payout_schedule"] = "payout_schedule"
    seller: str
    cadence: model.Cadence
    weekday: int | None
    month_day: int | None
    delay_days: int
    minimum_minor: int


class SetPayoutSchedule(Struct, kw_only=True, forbid_unknown_fields=True):
    """A weekly schedule has a ``weekday``, a monthly one a ``month_day``, the others neither."""

    cadence: model.Cadence
    weekday: Weekday | None = None
    month_day: MonthDay | None = None
    delay_days: Days = 0
    minimum_minor: Minimum


class SellerTermsView(Struct, kw_only=True):
    object: Literal["seller_terms"] = "seller_terms"
    seller: str
    tier: model.Tier
    delay_days: int
    reserve_bp: int
    reserve_days: int
    reason: str
    set_by: str
    valid_from: datetime


class SetSellerTerms(Struct, kw_only=True, forbid_unknown_fields=True):
    """A tier brings its own figures; with ``custom`` give them. ``valid_from`` defaults to now."""

    tier: model.Tier
    delay_days: Annotated[int, Meta(ge=0, le=180)] | None = None
    reserve_bp: Annotated[int, Meta(ge=0, le=10_000)] | None = None
    reserve_days: Annotated[int, Meta(ge=0, le=730)] | None = None
    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    valid_from: Instant | None = None


def operations() -> list[Operation]:
    return [*_of_marketplace(), *_of_sellers()]


def _of_marketplace() -> list[Operation]:
    return [
        Operation(
            id="getPayoutSettings",
            method="GET",
            path="/v1/payout_settings",
            summary="Fetch when sellers are paid, and by which calendar",
            handler=get_settings,
            scope="payouts:read",
            returns=PayoutSettingsView,
        ),
        Operation(
            id="updatePayoutSettings",
            method="POST",
            path="/v1/payout_settings",
            summary="Change when sellers are paid, and by which calendar",
            handler=update_settings,
            scope="payouts:write",
            body=UpdatePayoutSettings,
            returns=PayoutSettingsView,
            errors=(InvalidSchedule, InvalidDestination),
            example={"cadence": "weekly", "weekday": 5, "time_zone": "Europe/Berlin"},
        ),
    ]


def _of_sellers() -> list[Operation]:
    ids = {"seller_id": SELLER}
    path = "/v1/sellers/{seller_id}/payout_schedule"
    terms = "/v1/sellers/{seller_id}/payout_terms"
    return [
        Operation(
            id="getPayoutSchedule",
            method="GET",
            path=path,
            ids=ids,
            summary="Fetch when a seller is paid",
            handler=get_schedule,
            scope="payouts:read",
            returns=PayoutScheduleView,
            errors=(SellerNotFound,),
        ),
        Operation(
            id="setPayoutSchedule",
            method="PUT",
            path=path,
            ids=ids,
            summary="Pay a seller by a schedule of its own",
            handler=set_schedule,
            scope="payouts:write",
            body=SetPayoutSchedule,
            returns=PayoutScheduleView,
            errors=(SellerNotFound, InvalidSchedule),
            example={"cadence": "monthly", "month_day": 1, "minimum_minor": 5000},
        ),
        Operation(
            id="deletePayoutSchedule",
            method="DELETE",
            path=path,
            ids=ids,
            summary="Pay a seller by the marketplace's schedule again",
            handler=delete_schedule,
            scope="payouts:write",
            errors=(SellerNotFound,),
        ),
        Operation(
            id="listPayoutTerms",
            method="GET",
            path=terms,
            ids=ids,
            summary="List what was held back from a seller since when, the latest first",
            handler=list_terms,
            scope="payouts:read",
            returns=List[SellerTermsView],
            errors=(SellerNotFound,),
        ),
        Operation(
            id="setPayoutTerms",
            method="PUT",
            path=terms,
            ids=ids,
            summary="Hold back a part of a seller's sales, by risk",
            description=(
                "It holds for sales that are settled from `valid_from` on. `elevated`: 3 days and "
                "5 % for 60 days; `high`: 7 days and 10 % for 90 days; `low`: nothing."
            ),
            handler=set_terms,
            scope="payouts:write",
            body=SetSellerTerms,
            returns=SellerTermsView,
            errors=(SellerNotFound, InvalidTerms),
            example={"tier": "high", "reason": "Few sales so far, and many disputes."},
        ),
    ]


async def get_settings(call: Call) -> PayoutSettingsView:
    settings = await service.get_payout_settings(call.tx)
    return _settings_view(settings, livemode=call.key.livemode)


async def update_settings(call: Call, body: UpdatePayoutSettings) -> PayoutSettingsView:
    changes = {name: value for name, value in asdict(body).items() if value is not UNSET}
    settings = await service.get_payout_settings(call.tx)
    schedule = settings.schedule
    if "cadence" in changes:
        schedule = replace(schedule, weekday=None, month_day=None)
    of_schedule = ("cadence", "weekday", "month_day", "delay_days", "minimum_minor")
    schedule = replace(
        schedule, **{name: changes.pop(name) for name in of_schedule if name in changes}
    )
    if isinstance(body.bank, SetBank):
        changes["bank"] = model.BankAccount(**asdict(body.bank))
    changed = replace(settings, schedule=schedule, **changes)
    changed = await service.update_payout_settings(call.tx, changed)
    return _settings_view(changed, livemode=call.key.livemode)


async def get_schedule(call: Call) -> PayoutScheduleView:
    seller = await get_seller(call.tx, call.path["seller_id"])
    schedule = await service.get_schedule(call.tx, seller.seller_id)
    return _schedule_view(SELLER.text(seller.seller_id), schedule)


async def set_schedule(call: Call, body: SetPayoutSchedule) -> PayoutScheduleView:
    seller = await get_seller(call.tx, call.path["seller_id"])
    schedule = model.Schedule(**asdict(body))
    await service.set_schedule(call.tx, seller.seller_id, schedule)
    return _schedule_view(SELLER.text(seller.seller_id), schedule)


async def delete_schedule(call: Call) -> None:
    seller = await get_seller(call.tx, call.path["seller_id"])
    await service.set_schedule(call.tx, seller.seller_id, None)


async def list_terms(call: Call) -> List[SellerTermsView]:
    seller = await get_seller(call.tx, call.path["seller_id"])
    terms = await service.seller_terms(call.tx, seller.seller_id)
    return List[SellerTermsView].whole(_terms_view(one) for one in terms)


async def set_terms(call: Call, body: SetSellerTerms) -> SellerTermsView:
    seller = await get_seller(call.tx, call.path["seller_id"])
    delay_days, reserve_bp, reserve_days = TIERS.get(body.tier, (0, 0, 0))
    terms = model.SellerTerms(
        marketplace_id=call.tx.marketplace_id,
        seller_id=seller.seller_id,
        valid_from=body.valid_from or call.tx.now,
        tier=body.tier,
        delay_days=delay_days if body.delay_days is None else body.delay_days,
        reserve_bp=reserve_bp if body.reserve_bp is None else body.reserve_bp,
        reserve_days=reserve_days if body.reserve_days is None else body.reserve_days,
        reason=body.reason,
        set_by=call.tx.cause.actor or call.tx.cause.id,
        created_at=call.tx.now,
    )
    return _terms_view(await service.set_seller_terms(call.tx, terms))


def _settings_view(settings: model.PayoutSettings, *, livemode: bool) -> PayoutSettingsView:
    bank, schedule = settings.bank, settings.schedule
    return PayoutSettingsView(
        livemode=livemode,
        cadence=schedule.cadence,
        weekday=schedule.weekday,
        month_day=schedule.month_day,
        delay_days=schedule.delay_days,
        minimum_minor=schedule.minimum_minor,
        cutoff_hour=settings.cutoff_hour,
        time_zone=settings.time_zone,
        calendar=settings.calendar,
        change_hold_days=settings.change_hold_days,
        debit_after_days=settings.debit_after_days,
        bank=None
        if bank is None
        else BankView(
            holder=bank.holder,
            iban=model.masked(bank.iban),
            bic=bank.bic,
            creditor_id=bank.creditor_id,
        ),
    )


def _schedule_view(seller: str, schedule: model.Schedule) -> PayoutScheduleView:
    return PayoutScheduleView(
        seller=seller,
        cadence=schedule.cadence,
        weekday=schedule.weekday,
        month_day=schedule.month_day,
        delay_days=schedule.delay_days,
        minimum_minor=schedule.minimum_minor,
    )


def _terms_view(terms: model.SellerTerms) -> SellerTermsView:
    return SellerTermsView(
        seller=SELLER.text(terms.seller_id),
        tier=terms.tier,
        delay_days=terms.delay_days,
        reserve_bp=terms.reserve_bp,
        reserve_days=terms.reserve_days,
        reason=terms.reason,
        set_by=terms.set_by,
        valid_from=terms.valid_from,
    )
