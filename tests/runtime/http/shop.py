"""A small API over one table, to test the HTTP layer with."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Literal
from uuid import UUID

import psycopg
from msgspec import Meta, Struct, field
from psycopg.errors import SerializationFailure

from banyan.kernel import IdKind, NotFound, Page, decode_cursor, derived_id, encode_cursor, new_id
from banyan.runtime.http import (
    Amount,
    Call,
    Csv,
    Instant,
    List,
    ListQuery,
    Operation,
    PositiveAmount,
    Principal,
    id_meta,
)

ITEM = IdKind("itm")
SELLER = IdKind("sel")
START = datetime(2018, 3, 1, 12, 0, tzinfo=UTC)
SCOPES = frozenset({"items:read", "items:write"})


class ItemNotFound(NotFound):
    """Look the item's id up in the list of items."""

    code = "item_not_found"
    title = "No such item"


class Part(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=40)]
    count: Annotated[int, Meta(ge=1, le=1000)] = 1


class CreateItem(Struct, forbid_unknown_fields=True, kw_only=True):
    name: Annotated[str, Meta(min_length=1, max_length=80)]
    price: PositiveAmount
    seller: Annotated[str, id_meta(SELLER)] | None = None
    kind: Literal["new", "used"] = "new"
    parts: Annotated[list[Part], Meta(max_length=10)] = []
    weight_kg: Annotated[float, Meta(ge=0, le=1000)] | None = None
    available_at: Instant | None = None
    metadata: Annotated[
        dict[Annotated[str, Meta(max_length=40)], Annotated[str, Meta(max_length=200)]],
        Meta(max_length=20),
    ] = {}


class Item(Struct, kw_only=True):
    id: Annotated[str, id_meta(ITEM)]
    object: Literal["item"] = "item"
    livemode: bool
    name: str
    price: Amount
    created_at: Instant


class Rename(Struct, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=80)]


class ListItems(ListQuery, kw_only=True, forbid_unknown_fields=True):
    name: Annotated[str, Meta(min_length=1, max_length=80)] | None = None
    kind: list[Literal["new", "used"]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Row:
    item_id: UUID
    name: str
    amount_minor: int
    currency: str
    created_at: datetime


SCHEMA = """
create schema shelf;
create table shelf.items (
  marketplace_id uuid not null,
  item_id        uuid not null,
  name           text not null,
  amount_minor   bigint not null,
  currency       text not null,
  created_at     timestamptz not null,
  primary key (marketplace_id, item_id)
);
select runtime.isolate('shelf.items');
"""


def make_tables(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SCHEMA.encode())


async def create_item(call: Call, body: CreateItem) -> Item:
    row = Row(new_id(), body.name, body.price.amount, body.price.currency, call.tx.now)
    await call.tx.execute(
        """
        insert into shelf.items
          (marketplace_id, item_id, name, amount_minor, currency, created_at)
        values
          (%(marketplace_id)s, %(item_id)s, %(name)s, %(amount)s, %(currency)s, %(created_at)s)
        """,
        item_id=row.item_id,
        name=row.name,
        amount=row.amount_minor,
        currency=row.currency,
        created_at=row.created_at,
    )
    return _shape(row, call.key)


async def list_items(call: Call[ListItems]) -> List[Item]:
    after = decode_cursor(call.query.cursor, [UUID])[0] if call.query.cursor else None
    rows = await call.tx.all(
        Row,
        """
        select item_id, name, amount_minor, currency, created_at
        from shelf.items
        where marketplace_id = %(marketplace_id)s
          and (%(after)s::uuid is null or item_id > %(after)s)
          and (%(name)s::text is null or name = %(name)s)
        order by item_id
        limit %(limit)s
        """,
        after=after,
        name=call.query.name,
        limit=call.query.limit + 1,
    )
    shown = rows[: call.query.limit]
    more = encode_cursor(shown[-1].item_id) if len(rows) > len(shown) else None
    return List.of(Page(shown, more), lambda row: _shape(row, call.key))


async def get_item(call: Call) -> Item:
    return _shape(await _find(call), call.key)


async def rename_item(call: Call, body: Rename) -> Item:
    await _find(call)
    await call.tx.execute(
        """
        update shelf.items set name = %(name)s
        where marketplace_id = %(marketplace_id)s and item_id = %(item_id)s
        """,
        item_id=call.path["item_id"],
        name=body.name,
    )
    return _shape(await _find(call), call.key)


async def delete_item(call: Call) -> None:
    await _find(call)
    await call.tx.execute(
        """
        delete from shelf.items
        where marketplace_id = %(marketplace_id)s and item_id = %(item_id)s
        """,
        item_id=call.path["item_id"],
    )


async def pay_item(call: Call) -> Item:
    return _shape(await _find(call), call.key)


async def get_label(call: Call) -> Item:
    raise ItemNotFound(f"No label {call.text['label']!r} on this item.")


async def export_item(call: Call) -> Csv:
    row = await _find(call)
    return Csv("item.csv", f"name,price\r\n{row.name},{row.amount_minor}\r\n")


async def _find(call: Call) -> Row:
    row = await call.tx.one(
        Row,
        """
        select item_id, name, amount_minor, currency, created_at
        from shelf.items
        where marketplace_id = %(marketplace_id)s and item_id = %(item_id)s
        """,
        item_id=call.path["item_id"],
    )
    if row is None:
        raise ItemNotFound("No such item.")
    return row


def _shape(row: Row, key: Principal) -> Item:
    return Item(
        id=ITEM.text(row.item_id),
        livemode=key.livemode,
        name=row.name,
        price=Amount(row.amount_minor, row.currency),
        created_at=row.created_at,
    )


EXAMPLE = {"name": "Blue shirt", "price": {"amount": 1999, "currency": "EUR"}}


def operations() -> list[Operation]:
    return [
        Operation(
            id="createItem",
            method="POST",
            path="/v1/items",
            summary="Create an item",
            handler=create_item,
            scope="items:write",
            body=CreateItem,
            returns=Item,
            status=201,
            example=EXAMPLE,
        ),
        Operation(
            id="listItems",
            method="GET",
            path="/v1/items",
            summary="List items, oldest first",
            handler=list_items,
            scope="items:read",
            query=ListItems,
            returns=List[Item],
        ),
        Operation(
            id="getItem",
            method="GET",
            path="/v1/items/{item_id}",
            ids={"item_id": ITEM},
            summary="Fetch an item",
            handler=get_item,
            scope="items:read",
            returns=Item,
            errors=(ItemNotFound,),
        ),
        Operation(
            id="renameItem",
            method="PATCH",
            path="/v1/items/{item_id}",
            ids={"item_id": ITEM},
            summary="Rename an item",
            handler=rename_item,
            scope="items:write",
            body=Rename,
            returns=Item,
            errors=(ItemNotFound,),
        ),
        Operation(
            id="deleteItem",
            method="DELETE",
            path="/v1/items/{item_id}",
            ids={"item_id": ITEM},
            summary="Delete an item",
            handler=delete_item,
            scope="items:write",
            errors=(ItemNotFound,),
        ),
        Operation(
            id="payItem",
            method="POST",
            path="/v1/items/{item_id}/pay",
            ids={"item_id": ITEM},
            summary="Pay an item",
            handler=pay_item,
            scope="items:write",
            returns=Item,
            needs_idempotency_key=True,
            errors=(ItemNotFound,),
        ),
        Operation(
            id="getItemLabel",
            method="GET",
            path="/v1/items/{item_id}/labels/{label}",
            ids={"item_id": ITEM},
            summary="Fetch a label of an item",
            handler=get_label,
            scope="items:read",
            returns=Item,
            errors=(ItemNotFound,),
        ),
        Operation(
            id="exportItem",
            method="GET",
            path="/v1/items/{item_id}/csv",
            ids={"item_id": ITEM},
            summary="Download an item as CSV",
            handler=export_item,
            scope="items:read",
            returns=Csv,
            errors=(ItemNotFound,),
        ),
    ]


class Troubles:
    """Operations that misbehave on demand, in ways that only a server's own fault brings about."""

    def __init__(self) -> None:
        self.entered = asyncio.Event()
        self.may_leave = asyncio.Event()
        self.attempts = 0

    async def wait(self, call: Call, body: CreateItem) -> Item:
        """Stays in the transaction until it is told to leave."""
        self.entered.set()
        await self.may_leave.wait()
        return await create_item(call, body)

    async def own_transaction(self, call: Call, body: CreateItem) -> Item:
        """Opens its own; the item's id follows from the key, so that a repeat finds it."""
        assert call.idempotency_key is not None
        assert call.transaction is None
        self.attempts += 1
        item_id = derived_id(call.key.marketplace_id, call.idempotency_key)
        row = Row(item_id, body.name, body.price.amount, body.price.currency, START)
        return _shape(row, call.key)

    async def fail(self, call: Call) -> Item:
        raise RuntimeError("a secret of the server")

    async def conflict_once(self, call: Call, body: CreateItem) -> Item:
        self.attempts += 1
        item = await create_item(call, body)
        if self.attempts == 1:
            raise SerializationFailure("could not serialize")
        return item

    async def conflict(self, call: Call) -> Item:
        self.attempts += 1
        raise SerializationFailure("could not serialize")

    def operations(self) -> list[Operation]:
        return [
            _trouble("ownItem", "own", self.own_transaction, CreateItem, transaction=False),
            _trouble("waitItem", "wait", self.wait, CreateItem),
            _trouble("failItem", "fail", self.fail, None),
            _trouble("conflictOnceItem", "conflict_once", self.conflict_once, CreateItem),
            _trouble("conflictItem", "conflict", self.conflict, None),
        ]


def _trouble(
    name: str, path: str, handler: object, body: type[Struct] | None, *, transaction: bool = True
) -> Operation:
    return Operation(
        id=name,
        method="POST",
        path=f"/v1/troubles/{path}",
        summary="Misbehave",
        handler=handler,  # pyright: ignore[reportArgumentType]
        scope=None,
        body=body,
        transaction=transaction,
        returns=Item,
        status=201,
    )
