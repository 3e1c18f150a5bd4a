"""HTTP operations on offers."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from banyan.kernel import CurrencyMismatch, InvalidMoney
from banyan.parties import service
from banyan.parties.api.fields import Country, ExternalId, Region
from banyan.parties.errors import ExternalIdTaken, InvalidCountry, OfferNotFound, SellerNotFound
from banyan.parties.model import (
    OFFER,
    SELLER,
    Offer,
    OfferChange,
    OfferDraft,
    OfferFilter,
    OfferStatus,
)
from banyan.runtime.http import Amount, Call, List, ListQuery, Operation, PositiveAmount, id_meta

Product = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=80,
        description="Your name for the product; offers of one product compete.",
    ),
]
Category = Annotated[str, Meta(min_length=1, max_length=80)]
LeadTime = Annotated[
    int, Meta(ge=0, le=365, description="Days until delivery within the offer's region.")
]
Capacity = Annotated[int, Meta(ge=0, le=10**9, description="Units left; null: unlimited.")]


class CreateOffer(Struct, kw_only=True, forbid_unknown_fields=True):
    seller: Annotated[str, id_meta(SELLER)]
    product: Product
    price: PositiveAmount
    lead_time_days: LeadTime
    category: Category | None = None
    capacity: Capacity | None = None
    country: Country | None = None
    region: Region | None = None
    external_id: ExternalId | None = None
    status: OfferStatus = "active"


class UpdateOffer(Struct, kw_only=True, forbid_unknown_fields=True):
    """What isn't given stays."""

    price: PositiveAmount | UnsetType = UNSET
    lead_time_days: LeadTime | UnsetType = UNSET
    capacity: Capacity | UnsetType | None = UNSET
    status: OfferStatus | UnsetType = UNSET


class OfferView(Struct, kw_only=True):
    """A seller's product at a price. `country` and `region` are where it ships from."""

    id: str
    object: Literal["offer"] = "offer"
    livemode: bool
    seller: str
    external_id: str | None
    product: str
    category: str | None
    price: Amount
    lead_time_days: int
    capacity: int | None
    country: str
    region: str | None
    status: OfferStatus
    created_at: datetime


class ListOffers(ListQuery, kw_only=True, forbid_unknown_fields=True):
    seller: Annotated[str, id_meta(SELLER)] | None = None
    product: Product | None = None
    status: OfferStatus | None = None
    external_id: ExternalId | None = None


def operations() -> list[Operation]:
    return [
        Operation(
            id="createOffer",
            method="POST",
            path="/v1/offers",
            summary="Create an offer",
            handler=create_offer,
            scope="offers:write",
            body=CreateOffer,
            returns=OfferView,
            status=201,
            errors=(SellerNotFound, InvalidMoney, InvalidCountry, ExternalIdTaken),
            example={
                "seller": "sel_01h455vb4pex5vskknk084sn2q",
                "product": "espresso-cup",
                "price": {"amount": 4990, "currency": "BRL"},
                "lead_time_days": 5,
                "capacity": 120,
            },
        ),
        Operation(
            id="getOffer",
            method="GET",
            path="/v1/offers/{offer_id}",
            ids={"offer_id": OFFER},
            summary="Fetch an offer",
            handler=get_offer,
            scope="offers:read",
            returns=OfferView,
            errors=(OfferNotFound,),
        ),
        Operation(
            id="listOffers",
            method="GET",
            path="/v1/offers",
            summary="List offers, the newest first",
            handler=list_offers,
            scope="offers:read",
            query=ListOffers,
            returns=List[OfferView],
        ),
        Operation(
            id="updateOffer",
            method="POST",
            path="/v1/offers/{offer_id}",
            ids={"offer_id": OFFER},
            summary="Change an offer's price, lead time, capacity or status",
            description="What isn't given stays. Orders that are matched keep their price.",
            handler=update_offer,
            scope="offers:write",
            body=UpdateOffer,
            returns=OfferView,
            errors=(OfferNotFound, InvalidMoney, CurrencyMismatch),
            example={"price": {"amount": 4490, "currency": "BRL"}, "capacity": None},
        ),
    ]


async def create_offer(call: Call, body: CreateOffer) -> OfferView:
    draft = OfferDraft(
        seller_id=SELLER.parse(body.seller, pointer="/seller"),
        product=body.product,
        price=body.price.money(),
        lead_time_days=body.lead_time_days,
        category=body.category,
        capacity=body.capacity,
        country=body.country,
        region=body.region,
        external_id=body.external_id,
        status=body.status,
    )
    return _view(call, await service.create_offer(call.tx, draft))


async def get_offer(call: Call) -> OfferView:
    return _view(call, await service.get_offer(call.tx, call.path["offer_id"]))


async def list_offers(call: Call[ListOffers]) -> List[OfferView]:
    query = call.query
    chosen = OfferFilter(
        seller_id=SELLER.parse(query.seller, parameter="seller") if query.seller else None,
        product=query.product,
        status=query.status,
        external_id=query.external_id,
    )
    page = await service.list_offers(call.tx, chosen, limit=query.limit, cursor=query.cursor)
    return List[OfferView].of(page, lambda offer: _view(call, offer))


async def update_offer(call: Call, body: UpdateOffer) -> OfferView:
    change = OfferChange(
        price=None if body.price is UNSET else body.price.money(),
        lead_time_days=None if body.lead_time_days is UNSET else body.lead_time_days,
        capacity=body.capacity,
        status=None if body.status is UNSET else body.status,
    )
    return _view(call, await service.update_offer(call.tx, call.path["offer_id"], change))


def _view(call: Call, offer: Offer) -> OfferView:
    return OfferView(
        id=OFFER.text(offer.offer_id),
        livemode=call.key.livemode,
        seller=SELLER.text(offer.seller_id),
        external_id=offer.external_id,
        product=offer.product,
        category=offer.category,
        price=Amount.of(offer.price),
        lead_time_days=offer.lead_time_days,
        capacity=offer.capacity,
        country=offer.country,
        region=offer.region,
        status=offer.status,
        created_at=offer.created_at,
    )
