"""HTTP operations on the settings of compliance."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.compliance import service
from banyan.compliance.errors import CountryListedTwice
from banyan.compliance.model import Settings
from banyan.parties import InvalidCountry
from banyan.runtime.http import Call, Operation

Countries = Annotated[
    list[Annotated[str, Meta(pattern="^[A-Z]{2}$", examples=["BR"])]], Meta(max_length=250)
]


class ComplianceSettingsView(Struct, kw_only=True):
    """Where the marketplace trades. `updated_at` null: these are the defaults."""

    object: Literal["compliance_settings"] = "compliance_settings"
    livemode: bool
    allowed_countries: list[str] | None
    denied_countries: list[str]
    updated_at: datetime | None
    updated_by: str


class ChangeComplianceSettings(Struct, kw_only=True, forbid_unknown_fields=True):
    """Both lists whole, by codes of ISO 3166-1.

    Orders are sent to allowed countries only; null allows every country that isn't denied. Nobody
    in a denied country buys, sells or receives.
    """

    allowed_countries: Countries | None
    denied_countries: Countries


def operations() -> list[Operation]:
    return [
        Operation(
            id="getComplianceSettings",
            method="GET",
            path="/v1/compliance/settings",
            summary="Fetch where the marketplace trades",
            handler=get_settings,
            scope="compliance:read",
            returns=ComplianceSettingsView,
        ),
        Operation(
            id="changeComplianceSettings",
            method="POST",
            path="/v1/compliance/settings",
            summary="Set where the marketplace trades",
            description="Holds for orders that are checked from now on.",
            handler=change_settings,
            scope="compliance:write",
            body=ChangeComplianceSettings,
            returns=ComplianceSettingsView,
            errors=(InvalidCountry, CountryListedTwice),
            example={
                "allowed_countries": ["BR", "PT"],
                "denied_countries": ["CU", "IR", "KP", "SY"],
            },
        ),
    ]


async def get_settings(call: Call) -> ComplianceSettingsView:
    return _view(call, await service.get_settings(call.tx))


async def change_settings(call: Call, body: ChangeComplianceSettings) -> ComplianceSettingsView:
    settings = await service.change_settings(
        call.tx,
        allowed_countries=body.allowed_countries,
        denied_countries=body.denied_countries,
    )
    return _view(call, settings)


def _view(call: Call, settings: Settings) -> ComplianceSettingsView:
    return ComplianceSettingsView(
        livemode=call.key.livemode,
        allowed_countries=settings.allowed_countries,
        denied_countries=settings.denied_countries,
        updated_at=settings.updated_at,
        updated_by=settings.updated_by,
    )
