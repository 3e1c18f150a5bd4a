"""HTTP operations on the settings of foreign exchange."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from banyan.fx.api.fields import SourceName
from banyan.fx.model import Settings
from banyan.fx.service import settings as service
from banyan.runtime.http import Call, Operation

SpreadBp = Annotated[
    int, Meta(ge=0, le=5000, description="What is kept of the middle rate, in basis points.")
]
TtlS = Annotated[int, Meta(ge=1, le=604_800, description="For how many seconds a quote holds.")]
AgeDays = Annotated[
    int,
    Meta(
        ge=0,
        le=30,
        description="How many working days old a rate may be; weekends and the holidays of the "
        "euro's payment system don't count.",
    ),
]
Sources = Annotated[
    list[SourceName],
    Meta(min_length=1, max_length=10, description="Which sources count, the preferred one first."),
]


class FxSettingsView(Struct, kw_only=True):
    """How the marketplace exchanges. `updated_at` null: these are the defaults."""

    object: Literal["fx_settings"] = "fx_settings"
    livemode: bool
    spread_bp: int
    quote_ttl_s: int
    rate_age_days_max: int
    sources: list[str]
    updated_at: datetime | None
    updated_by: str


class ChangeFxSettings(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is."""

    spread_bp: SpreadBp | UnsetType = UNSET
    quote_ttl_s: TtlS | UnsetType = UNSET
    rate_age_days_max: AgeDays | UnsetType = UNSET
    sources: Sources | UnsetType = UNSET


def operations() -> list[Operation]:
    return [
        Operation(
            id="getFxSettings",
            method="GET",
            path="/v1/fx/settings",
            summary="Fetch the spread, how long quotes hold, and which rates count",
            handler=get_settings,
            scope="fx:read",
            returns=FxSettingsView,
        ),
        Operation(
            id="changeFxSettings",
            method="POST",
            path="/v1/fx/settings",
            summary="Change the spread, how long quotes hold, or which rates count",
            description="Holds for quotes that are made from now on.",
            handler=change_settings,
            scope="fx:write",
            body=ChangeFxSettings,
            returns=FxSettingsView,
            example={"spread_bp": 75, "sources": ["manual", "ecb"]},
        ),
    ]


async def get_settings(call: Call) -> FxSettingsView:
    return _view(call, await service.get_settings(call.tx))


async def change_settings(call: Call, body: ChangeFxSettings) -> FxSettingsView:
    now = await service.get_settings(call.tx)
    settings = await service.change_settings(
        call.tx,
        spread_bp=now.spread_bp if body.spread_bp is UNSET else body.spread_bp,
        quote_ttl_s=now.quote_ttl_s if body.quote_ttl_s is UNSET else body.quote_ttl_s,
        rate_age_days_max=(
            now.rate_age_days_max if body.rate_age_days_max is UNSET else body.rate_age_days_max
        ),
        sources=now.sources if body.sources is UNSET else body.sources,
    )
    return _view(call, settings)


def _view(call: Call, settings: Settings) -> FxSettingsView:
    return FxSettingsView(
        livemode=call.key.livemode,
        spread_bp=settings.spread_bp,
        quote_ttl_s=settings.quote_ttl_s,
        rate_age_days_max=settings.rate_age_days_max,
        sources=settings.sources,
        updated_at=settings.updated_at,
        updated_by=settings.updated_by,
    )
