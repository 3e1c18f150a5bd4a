"""Who issues and who is billed, over HTTP."""

from typing import Annotated, Literal

from msgspec import Meta, Struct
from msgspec.structs import asdict

from banyan.invoicing import model
from banyan.invoicing.errors import (
    InvalidLegalEntity,
    LegalEntityMissing,
    PrefixInUse,
    PrefixTaken,
)
from banyan.invoicing.rules import missing_in
from banyan.invoicing.service import parties as service
from banyan.parties import SELLER, InvalidCountry, SellerNotFound, get_seller
from banyan.runtime.http import Call, Operation

_Name = Annotated[str, Meta(min_length=1, max_length=120)]
_Address = Annotated[str, Meta(min_length=1, max_length=300)]
_PostalCode = Annotated[str, Meta(max_length=20)]
_City = Annotated[str, Meta(min_length=1, max_length=80)]
_Country = Annotated[str, Meta(pattern="^[A-Z]{2}$", examples=["BR"])]
_TaxId = Annotated[str, Meta(min_length=1, max_length=40)]
_Prefix = Annotated[str, Meta(pattern="^[A-Z0-9-]{1,12}$")]


class LegalEntityView(Struct, kw_only=True):
    """``time_zone`` says when months and years begin."""

    id: str
    object: Literal["legal_entity"] = "legal_entity"
    livemode: bool
    name: str
    address: str
    postal_code: str
    city: str
    country: str
    tax_id: str
    invoice_prefix: str
    credit_note_prefix: str
    restarts_yearly: bool
    time_zone: str
    language: model.Language
    is_automatic: bool


class SetLegalEntity(Struct, kw_only=True, forbid_unknown_fields=True):
    """``restarts_yearly``: numbers start again with each year. ``is_automatic``: bill each month."""

    name: _Name
    address: _Address
    postal_code: _PostalCode = ""
    city: _City
    country: _Country
    tax_id: _TaxId
    invoice_prefix: _Prefix = "INV"
    credit_note_prefix: _Prefix = "CN"
    restarts_yearly: bool = True
    time_zone: Annotated[str, Meta(min_length=1, max_length=60, examples=["Europe/Berlin"])] = "UTC"
    language: model.Language = "en"
    is_automatic: bool = True


class BillingDetailsView(Struct, kw_only=True):
    """``missing`` is what an invoice would lack."""

    object: Literal["billing_details"] = "billing_details"
    livemode: bool
    seller: str
    name: str
    address: str
    postal_code: str
    city: str
    country: str
    tax_id: str
    missing: list[str]


class SetBillingDetails(Struct, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(max_length=120)] = ""
    address: Annotated[str, Meta(max_length=300)] = ""
    postal_code: _PostalCode = ""
    city: Annotated[str, Meta(max_length=80)] = ""
    country: _Country
    tax_id: Annotated[str, Meta(max_length=40)] = ""


def operations() -> list[Operation]:
    return [
        Operation(
            id="getLegalEntity",
            method="GET",
            path="/v1/legal_entity",
            summary="Fetch who issues the invoices",
            handler=get_entity,
            scope="invoices:read",
            returns=LegalEntityView,
            errors=(LegalEntityMissing,),
        ),
        Operation(
            id="setLegalEntity",
            method="PUT",
            path="/v1/legal_entity",
            summary="Say who issues the invoices from now on",
            description="With another country or tax id it is another legal entity, which numbers "
            "from 1 under prefixes of its own. What was issued stays as it is.",
            handler=set_entity,
            scope="invoices:write",
            body=SetLegalEntity,
            returns=LegalEntityView,
            errors=(InvalidLegalEntity, PrefixInUse, PrefixTaken),
            example={
                "name": "Feira Mercado Ltda.",
                "address": "Rua do Comércio 12",
                "postal_code": "01009-000",
                "city": "São Paulo",
                "country": "BR",
                "tax_id": "12.345.678/0001-95",
                "time_zone": "America/Sao_Paulo",
                "language": "pt",
            },
        ),
        Operation(
            id="getBillingDetails",
            method="GET",
            path="/v1/sellers/{seller_id}/billing_details",
            ids={"seller_id": SELLER},
            summary="Fetch to whom a seller's invoices are made out",
            handler=get_details,
            scope="invoices:read",
            returns=BillingDetailsView,
            errors=(SellerNotFound,),
        ),
        Operation(
            id="setBillingDetails",
            method="PUT",
            path="/v1/sellers/{seller_id}/billing_details",
            ids={"seller_id": SELLER},
            summary="Say to whom a seller's invoices are made out from now on",
            handler=set_details,
            scope="invoices:write",
            body=SetBillingDetails,
            returns=BillingDetailsView,
            errors=(SellerNotFound, InvalidCountry),
            example={
                "name": "Ana Souza ME",
                "address": "Avenida Central 100",
                "postal_code": "30110-000",
                "city": "Belo Horizonte",
                "country": "BR",
                "tax_id": "98.765.432/0001-10",
            },
        ),
    ]


async def get_entity(call: Call) -> LegalEntityView:
    return _entity_view(await service.get_entity(call.tx), livemode=call.key.livemode)


async def set_entity(call: Call, body: SetLegalEntity) -> LegalEntityView:
    entity = await service.set_entity(call.tx, model.EntityDraft(**asdict(body)))
    return _entity_view(entity, livemode=call.key.livemode)


async def get_details(call: Call) -> BillingDetailsView:
    seller = await get_seller(call.tx, call.path["seller_id"])
    known = await service.find_details(call.tx, seller.seller_id)
    return _details_view(call, known or model.BillingDraft(country=seller.country))


async def set_details(call: Call, body: SetBillingDetails) -> BillingDetailsView:
    draft = model.BillingDraft(**asdict(body))
    return _details_view(call, await service.set_details(call.tx, call.path["seller_id"], draft))


def _entity_view(entity: model.LegalEntity, *, livemode: bool) -> LegalEntityView:
    return LegalEntityView(
        id=model.ENTITY.text(entity.entity_id),
        livemode=livemode,
        name=entity.name,
        address=entity.address,
        postal_code=entity.postal_code,
        city=entity.city,
        country=entity.country,
        tax_id=entity.tax_id,
        invoice_prefix=entity.invoice_prefix,
        credit_note_prefix=entity.credit_note_prefix,
        restarts_yearly=entity.restarts_yearly,
        time_zone=entity.time_zone,
        language=entity.language,
        is_automatic=entity.is_automatic,
    )


def _details_view(call: Call, details: model.BillingDraft) -> BillingDetailsView:
    return BillingDetailsView(
        livemode=call.key.livemode,
        seller=SELLER.text(call.path["seller_id"]),
        name=details.name,
        address=details.address,
        postal_code=details.postal_code,
        city=details.city,
        country=details.country,
        tax_id=details.tax_id,
        missing=list(missing_in(details, is_reverse_charge=False)),
    )
