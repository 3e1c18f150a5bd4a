"""The servers that ``api.py overhead`` compares: one authenticated, validated POST, no database.

Each checks the same bearer token by its SHA-256, the same twelve fields with the same limits, and
answers 201 with the same order. Only the registry also limits rates, gives request ids, and refuses
unknown scopes and repeated names.
"""

import hashlib
import sys
from contextlib import asynccontextmanager
from typing import Annotated, Any, Literal

import msgspec
import uvicorn
from msgspec import Meta, Struct
from starlette.types import ASGIApp

from banyan.kernel import new_id
from banyan.runtime.http import Amount, Call, Operation, PositiveAmount, Principal, Rate, http_app

TOKEN = hashlib.sha256(b"sk_test_benchmark").digest()
SCOPES = frozenset({"orders:write"})
MARKETPLACE_ID = new_id()
Country = Annotated[str, Meta(pattern="^[A-Z]{2}$")]
Short = Annotated[str, Meta(min_length=1, max_length=80)]


class OrderIn(Struct, kw_only=True, forbid_unknown_fields=True):
    product: Short
    quantity: Annotated[int, Meta(ge=1, le=1000)]
    buyer: Annotated[str, Meta(pattern="^buy_[0-9a-z]{26}$")]
    country: Country
    region: Short
    unit_price_max: PositiveAmount
    shipping: Amount
    capture_method: Literal["automatic", "manual"] = "automatic"
    description: Annotated[str, Meta(max_length=500)] | None = None
    reference: Short | None = None
    metadata: dict[str, str] = {}
    gift: bool = False


class Order(Struct, kw_only=True):
    id: str
    object: Literal["order"] = "order"
    livemode: bool
    product: str
    quantity: int
    buyer: str
    country: str
    region: str
    unit_price_max: Amount
    shipping: Amount
    capture_method: str
    description: str | None
    reference: str | None
    metadata: dict[str, str]
    gift: bool


ORDER_ID = "ord_01h455vb4pex5vsknk084sn02q"


def order_of(body: OrderIn) -> Order:
    return Order(
        id=ORDER_ID,
        livemode=False,
        product=body.product,
        quantity=body.quantity,
        buyer=body.buyer,
        country=body.country,
        region=body.region,
        unit_price_max=body.unit_price_max,
        shipping=body.shipping,
        capture_method=body.capture_method,
        description=body.description,
        reference=body.reference,
        metadata=body.metadata,
        gift=body.gift,
    )


class _NoTransaction:
    async def execute(self, *_: Any, **__: Any) -> int:
        return 0


class _NoDatabase:
    """Stands where the database would, and does nothing."""

    @asynccontextmanager
    async def transaction(self, *_: Any) -> Any:
        yield _NoTransaction()


def registry() -> ASGIApp:
    principal = Principal(
        marketplace_id=MARKETPLACE_ID, livemode=False, key_id=new_id(), scopes=SCOPES
    )

    async def authenticate(token: str) -> Principal | None:
        return principal if hashlib.sha256(token.encode()).digest() == TOKEN else None

    async def create_order(_: Call, body: OrderIn) -> Order:
        return order_of(body)

    operation = Operation(
        id="createOrder",
        method="POST",
        path="/v1/orders",
        summary="Create an order",
        handler=create_order,
        scope="orders:write",
        body=OrderIn,
        returns=Order,
        status=201,
    )
    return http_app(
        operations=[operation],
        database=_NoDatabase(),
        authenticate=authenticate,
        rates={"default": Rate(100_000_000)},
    )


def starlette() -> ASGIApp:
    """The least that can be written by hand on the same two libraries."""
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    decode, encode = msgspec.json.Decoder(OrderIn).decode, msgspec.json.Encoder().encode

    async def create_order(request: Request) -> Response:
        token = request.headers.get("authorization", "")[7:]
        if hashlib.sha256(token.encode()).digest() != TOKEN:
            return Response(status_code=401)
        try:
            order = order_of(decode(await request.body()))
        except msgspec.DecodeError as error:
            return Response(str(error), 400)
        return Response(encode(order), 201, media_type="application/json")

    return Starlette(routes=[Route("/v1/orders", create_order, methods=["POST"])])


def fastapi() -> ASGIApp:
    from typing import Annotated

    from fastapi import Depends, FastAPI, Header, HTTPException
    from pydantic import BaseModel, ConfigDict, Field

    class Money(BaseModel):
        model_config = ConfigDict(extra="forbid")
        amount: int = Field(ge=1, le=10**15)
        currency: str = Field(pattern="^[A-Z]{3}$")

    text = Annotated[str, Field(min_length=1, max_length=80)]

    class Body(BaseModel):
        model_config = ConfigDict(extra="forbid")
        product: text
        quantity: int = Field(ge=1, le=1000)
        buyer: str = Field(pattern="^buy_[0-9a-z]{26}$")
        country: str = Field(pattern="^[A-Z]{2}$")
        region: text
        unit_price_max: Money
        shipping: Money
        capture_method: Literal["automatic", "manual"] = "automatic"
        description: str | None = Field(None, max_length=500)
        reference: text | None = None
        metadata: dict[str, str] = {}
        gift: bool = False

    class Answer(Body):
        id: str
        object: str = "order"
        livemode: bool

    async def authenticated(authorization: Annotated[str, Header()] = "") -> None:
        if hashlib.sha256(authorization[7:].encode()).digest() != TOKEN:
            raise HTTPException(401)

    app = FastAPI()

    @app.post("/v1/orders", status_code=201, dependencies=[Depends(authenticated)])
    async def create_order(body: Body) -> Answer:
        return Answer(id=ORDER_ID, livemode=False, **body.model_dump())

    return app


def litestar() -> ASGIApp:
    from litestar import Litestar, post
    from litestar.connection import ASGIConnection
    from litestar.exceptions import NotAuthorizedException
    from litestar.handlers.base import BaseRouteHandler

    def authenticated(connection: ASGIConnection, _: BaseRouteHandler) -> None:
        token = connection.headers.get("authorization", "")[7:]
        if hashlib.sha256(token.encode()).digest() != TOKEN:
            raise NotAuthorizedException

    @post("/v1/orders", guards=[authenticated])
    async def create_order(data: OrderIn) -> Order:
        return order_of(data)

    return Litestar([create_order])


SERVERS = {
    "registry": registry,
    "starlette": starlette,
    "fastapi": fastapi,
    "litestar": litestar,
}

if __name__ == "__main__":
    app = SERVERS[sys.argv[1]]()
    uvicorn.run(
        app,
        port=int(sys.argv[2]),
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
    )
