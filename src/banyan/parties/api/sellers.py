"""HTTP operations on sellers."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.parties import service
from banyan.parties.api.fields import Because, Country, ExternalId, Region
from banyan.parties.errors import ExternalIdTaken, InvalidCountry, SellerNotFound
from banyan.parties.model import (
    QUALITY_BP_DEFAULT,
    SELLER,
    Seller,
    SellerDraft,
    SellerFilter,
    SellerStatus,
)
from banyan.runtime.http import Call, CurrencyCode, List, ListQuery, Operation, check_currency

QualityBp = Annotated[
    int, Meta(ge=0, le=10_000, description="Basis points: 0 is worst, 10000 is best.")
]


class CreateSeller(Struct, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=120)]
    country: Country
    region: Region | None = None
    currency: CurrencyCode
    external_id: ExternalId | None = None
    status: Literal["pending", "active"] = "active"
    quality_bp: QualityBp = QUALITY_BP_DEFAULT

    def __post_init__(self) -> None:
        check_currency(self.currency)


class SellerView(Struct, kw_only=True):
    """Who sells. Only offers of active sellers are matched."""

    id: str
    object: Literal["seller"] = "seller"
    livemode: bool
    external_id: str | None
    name: str
    country: str
    region: str | None
    currency: str
    status: SellerStatus
    quality_bp: int
    created_at: datetime


class ListSellers(ListQuery, kw_only=True, forbid_unknown_fields=True):
    status: SellerStatus | None = None
    country: Country | None = None
    external_id: ExternalId | None = None
    name: (
        Annotated[
            str,
            Meta(min_length=1, max_length=120, description="Any part of the name, in any case."),
        ]
        | None
    ) = None


def operations() -> list[Operation]:
    return [
        Operation(
            id="createSeller",
            method="POST",
            path="/v1/sellers",
            summary="Create a seller",
            handler=create_seller,
            scope="sellers:write",
            body=CreateSeller,
            returns=SellerView,
            status=201,
            errors=(InvalidCountry, ExternalIdTaken),
            example={
                "name": "Casa Verde",
                "country": "BR",
                "region": "SP",
                "currency": "BRL",
                "external_id": "seller-17",
            },
        ),
        Operation(
            id="getSeller",
            method="GET",
            path="/v1/sellers/{seller_id}",
            ids={"seller_id": SELLER},
            summary="Fetch a seller",
            handler=get_seller,
            scope="sellers:read",
            returns=SellerView,
            errors=(SellerNotFound,),
        ),
        Operation(
            id="listSellers",
            method="GET",
            path="/v1/sellers",
            summary="List sellers, the newest first",
            handler=list_sellers,
            scope="sellers:read",
            query=ListSellers,
            returns=List[SellerView],
        ),
        Operation(
            id="suspendSeller",
            method="POST",
            path="/v1/sellers/{seller_id}/suspend",
            ids={"seller_id": SELLER},
            summary="Suspend a seller: its offers are not matched and its orders are declined",
            handler=suspend_seller,
            scope="sellers:write",
            body=Because,
            returns=SellerView,
            errors=(SellerNotFound,),
            example={"reason": "Three complaints about counterfeits."},
        ),
        Operation(
            id="activateSeller",
            method="POST",
            path="/v1/sellers/{seller_id}/activate",
            ids={"seller_id": SELLER},
            summary="Let a pending or suspended seller sell",
            handler=activate_seller,
            scope="sellers:write",
            body=Because,
            returns=SellerView,
            errors=(SellerNotFound,),
            example={"reason": "Documents checked."},
        ),
    ]


async def create_seller(call: Call, body: CreateSeller) -> SellerView:
    draft = SellerDraft(
        name=body.name,
        country=body.country,
        region=body.region,
        currency=body.currency,
        external_id=body.external_id,
        status=body.status,
        quality_bp=body.quality_bp,
    )
    return _view(call, await service.create_seller(call.tx, draft))


async def get_seller(call: Call) -> SellerView:
    return _view(call, await service.get_seller(call.tx, call.path["seller_id"]))


async def list_sellers(call: Call[ListSellers]) -> List[SellerView]:
    query = call.query
    chosen = SellerFilter(
        status=query.status,
        country=query.country,
        external_id=query.external_id,
        name=query.name,
    )
    page = await service.list_sellers(call.tx, chosen, limit=query.limit, cursor=query.cursor)
    return List[SellerView].of(page, lambda seller: _view(call, seller))


async def suspend_seller(call: Call, body: Because) -> SellerView:
    seller = await service.set_seller_status(
        call.tx, call.path["seller_id"], "suspended", reason=body.reason
    )
    return _view(call, seller)


async def activate_seller(call: Call, body: Because) -> SellerView:
    seller = await service.set_seller_status(
        call.tx, call.path["seller_id"], "active", reason=body.reason
    )
    return _view(call, seller)


def _view(call: Call, seller: Seller) -> SellerView:
    return SellerView(
        id=SELLER.text(seller.seller_id),
        livemode=call.key.livemode,
        external_id=seller.external_id,
        name=seller.name,
        country=seller.country,
        region=seller.region,
        currency=seller.currency,
        status=seller.status,
        quality_bp=seller.quality_bp,
        created_at=seller.created_at,
    )
