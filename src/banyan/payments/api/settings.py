"""How a marketplace pays, over HTTP."""

from dataclasses import replace
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from banyan.payments import model
from banyan.payments.errors import ConnectionNotFound
from banyan.payments.service import settings
from banyan.payments.service.connections import check_connected
from banyan.runtime.http import Call, Operation


class SettingsView(Struct, kw_only=True):
    """``provider`` pays sellers out; null: nothing is connected. Hours are UTC; rates in hundredths of a percent."""

    object: Literal["payment_settings"] = "payment_settings"
    livemode: bool
    provider: str | None
    commission_bp: int
    commission_tax_bp: int
    tax_jurisdiction: str
    payout_cutoff_hour: int
    payout_minimum_minor: int


class UpdateSettings(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is. Payments that were made keep their terms."""

    provider: model.ProviderName | UnsetType = UNSET
    commission_bp: Annotated[int, Meta(ge=0, le=5_000)] | UnsetType = UNSET
    commission_tax_bp: Annotated[int, Meta(ge=0, le=10_000)] | UnsetType = UNSET
    tax_jurisdiction: Annotated[str, Meta(pattern="^[A-Z0-9-]{2,20}$")] | UnsetType = UNSET
    payout_cutoff_hour: Annotated[int, Meta(ge=0, le=23)] | UnsetType = UNSET
    payout_minimum_minor: Annotated[int, Meta(ge=1, le=10**12)] | UnsetType = UNSET


def operations() -> list[Operation]:
    return [
        Operation(
            id="getPaymentSettings",
            method="GET",
            path="/v1/payment_settings",
            summary="Fetch the commission, its tax and the payout rules",
            handler=get_settings,
            scope="payments:read",
            returns=SettingsView,
        ),
        Operation(
            id="updatePaymentSettings",
            method="POST",
            path="/v1/payment_settings",
            summary="Change the commission, its tax or the payout rules from now on",
            handler=update_settings,
            scope="payments:write",
            body=UpdateSettings,
            errors=(ConnectionNotFound,),
            returns=SettingsView,
            example={"commission_bp": 1200},
        ),
    ]


async def get_settings(call: Call) -> SettingsView:
    return settings_view(await settings.get_settings(call.tx), livemode=call.key.livemode)


async def update_settings(call: Call, body: UpdateSettings) -> SettingsView:
    changes = {name: value for name, value in asdict(body).items() if value is not UNSET}
    if not {"commission_tax_bp", "tax_jurisdiction"}.isdisjoint(changes):
        changes["has_own_tax"] = True
    if isinstance(body.provider, str):
        await check_connected(call.tx, body.provider)
    changed = replace(await settings.get_settings(call.tx), **changes)
    await settings.update_settings(call.tx, changed)
    return settings_view(changed, livemode=call.key.livemode)


def settings_view(settings: model.PaymentSettings, *, livemode: bool) -> SettingsView:
    return SettingsView(
        livemode=livemode,
        provider=settings.provider,
        commission_bp=settings.commission_bp,
        commission_tax_bp=settings.commission_tax_bp,
        tax_jurisdiction=settings.tax_jurisdiction,
        payout_cutoff_hour=settings.payout_cutoff_hour,
        payout_minimum_minor=settings.payout_minimum_minor,
    )
