"""HTTP operations on buyers."""

from datetime import datetime
from typing import Literal

from msgspec import Struct

from banyan.parties import service
from banyan.parties.api.fields import Because, Country, ExternalId, Region
from banyan.parties.errors import BuyerNotFound, ExternalIdTaken, InvalidCountry
from banyan.parties.model import BUYER, Buyer, BuyerDraft, BuyerFilter, BuyerStatus
from banyan.runtime.http import Call, List, ListQuery, Operation


class CreateBuyer(Struct, kw_only=True, forbid_unknown_fields=True):
    country: Country
    region: Region | None = None
    external_id: ExternalId | None = None


class BuyerView(Struct, kw_only=True):
    """Who buys. Orders of a blocked buyer are declined."""

    id: str
    object: Literal["buyer"] = "buyer"
    livemode: bool
    external_id: str | None
    country: str
    region: str | None
    status: BuyerStatus
    created_at: datetime


class ListBuyers(ListQuery, kw_only=True, forbid_unknown_fields=True):
    status: BuyerStatus | None = None
    country: Country | None = None
    external_id: ExternalId | None = None


def operations() -> list[Operation]:
    return [
        Operation(
            id="createBuyer",
            method="POST",
            path="/v1/buyers",
            summary="Create a buyer",
            handler=create_buyer,
            scope="buyers:write",
            body=CreateBuyer,
            returns=BuyerView,
            status=201,
            errors=(InvalidCountry, ExternalIdTaken),
            example={"external_id": "customer-4711", "country": "BR", "region": "RJ"},
        ),
        Operation(
            id="getBuyer",
            method="GET",
            path="/v1/buyers/{buyer_id}",
            ids={"buyer_id": BUYER},
            summary="Fetch a buyer",
            handler=get_buyer,
            scope="buyers:read",
            returns=BuyerView,
            errors=(BuyerNotFound,),
        ),
        Operation(
            id="listBuyers",
            method="GET",
            path="/v1/buyers",
            summary="List buyers, the newest first",
            handler=list_buyers,
            scope="buyers:read",
            query=ListBuyers,
            returns=List[BuyerView],
        ),
        Operation(
            id="blockBuyer",
            method="POST",
            path="/v1/buyers/{buyer_id}/block",
            ids={"buyer_id": BUYER},
            summary="Block a buyer: orders that are not yet checked are declined",
            handler=block_buyer,
            scope="buyers:write",
            body=Because,
            returns=BuyerView,
            errors=(BuyerNotFound,),
            example={"reason": "Chargebacks on three orders."},
        ),
        Operation(
            id="unblockBuyer",
            method="POST",
            path="/v1/buyers/{buyer_id}/unblock",
            ids={"buyer_id": BUYER},
            summary="Take a block back",
            handler=unblock_buyer,
            scope="buyers:write",
            body=Because,
            returns=BuyerView,
            errors=(BuyerNotFound,),
            example={"reason": "The chargebacks were the bank's mistake."},
        ),
    ]


async def create_buyer(call: Call, body: CreateBuyer) -> BuyerView:
    draft = BuyerDraft(country=body.country, region=body.region, external_id=body.external_id)
    return _view(call, await service.create_buyer(call.tx, draft))


async def get_buyer(call: Call) -> BuyerView:
    return _view(call, await service.get_buyer(call.tx, call.path["buyer_id"]))


async def list_buyers(call: Call[ListBuyers]) -> List[BuyerView]:
    query = call.query
    chosen = BuyerFilter(status=query.status, country=query.country, external_id=query.external_id)
    page = await service.list_buyers(call.tx, chosen, limit=query.limit, cursor=query.cursor)
    return List[BuyerView].of(page, lambda buyer: _view(call, buyer))


async def block_buyer(call: Call, body: Because) -> BuyerView:
    buyer = await service.block_buyer(call.tx, call.path["buyer_id"], reason=body.reason)
    return _view(call, buyer)


async def unblock_buyer(call: Call, body: Because) -> BuyerView:
    buyer = await service.unblock_buyer(call.tx, call.path["buyer_id"], reason=body.reason)
    return _view(call, buyer)


def _view(call: Call, buyer: Buyer) -> BuyerView:
    return BuyerView(
        id=BUYER.text(buyer.buyer_id),
        livemode=call.key.livemode,
        external_id=buyer.external_id,
        country=buyer.country,
        region=buyer.region,
        status=buyer.status,
        created_at=buyer.created_at,
    )
