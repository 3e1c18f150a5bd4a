"""HTTP operations about the marketplace itself: its keys, events, clock and waiting work."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct

from banyan.developers import service
from banyan.developers.errors import KeyNotFound
from banyan.developers.model import KEY, ApiKey
from banyan.kernel import Page, decode_cursor, encode_cursor
from banyan.runtime import (
    MARKETPLACE,
    ClockNotMovable,
    StoredEvent,
    advance_clock,
    job_counts,
    latest_events,
)
from banyan.runtime.http import Call, List, ListQuery, Operation


class MarketplaceView(Struct, kw_only=True):
    """The marketplace that the key belongs to, and its time."""

    id: str
    object: Literal["marketplace"] = "marketplace"
    livemode: bool
    name: str
    currency: str
    country: str
    now: datetime


class ClockView(Struct, kw_only=True):
    object: Literal["clock"] = "clock"
    livemode: bool
    now: datetime


class AdvanceClock(Struct, kw_only=True, forbid_unknown_fields=True):
    to: Annotated[datetime, Meta(tz=True, description="An instant with its time zone, RFC 3339.")]


class JobsView(Struct, kw_only=True):
    """Work whose time has come and that waits, and work that has failed for good."""

    object: Literal["jobs"] = "jobs"
    livemode: bool
    due: int
    failed: int


class KeyView(Struct, kw_only=True):
    id: str
    object: Literal["key"] = "key"
    livemode: bool
    name: str
    prefix: str
    scopes: list[str]
    created_at: datetime
    revoked_at: datetime | None


class EventView(Struct, kw_only=True):
    id: str
    object: Literal["event"] = "event"
    livemode: bool
    type: str
    subject: str
    sequence: int
    occurred_at: datetime
    payload: dict[str, Any]
    cause: dict[str, str]


class ListEvents(ListQuery, kw_only=True, forbid_unknown_fields=True):
    type: (
        Annotated[
            str,
            Meta(max_length=60, description="Such as `order.placed`, or `order.` for all of them."),
        ]
        | None
    ) = None
    subject: Annotated[str, Meta(max_length=80)] | None = None


def operations() -> list[Operation]:
    return [
        Operation(
            id="getMarketplace",
            method="GET",
            path="/v1/marketplace",
            summary="Which marketplace the key belongs to: a good first call",
            handler=get_marketplace,
            scope=None,
            returns=MarketplaceView,
        ),
        Operation(
            id="getClock",
            method="GET",
            path="/v1/clock",
            summary="The marketplace's time",
            handler=get_clock,
            scope=None,
            returns=ClockView,
        ),
        Operation(
            id="advanceClock",
            method="POST",
            path="/v1/clock/advance",
            summary="Move a sandbox's clock forward; timers that become due run at once",
            handler=post_advance_clock,
            scope="clock:write",
            body=AdvanceClock,
            returns=ClockView,
            errors=(ClockNotMovable,),
            example={"to": "2018-03-02T12:00:00Z"},
        ),
        Operation(
            id="getJobs",
            method="GET",
            path="/v1/jobs/summary",
            summary="How much work waits, and how much has failed",
            handler=get_jobs,
            scope=None,
            returns=JobsView,
        ),
        Operation(
            id="listEvents",
            method="GET",
            path="/v1/events",
            summary="List events, the newest first",
            handler=list_events,
            scope="events:read",
            query=ListEvents,
            returns=List[EventView],
        ),
        Operation(
            id="listKeys",
            method="GET",
            path="/v1/keys",
            summary="List API keys; the keys themselves are never shown again",
            handler=list_keys,
            scope="keys:read",
            returns=List[KeyView],
        ),
        Operation(
            id="revokeKey",
            method="POST",
            path="/v1/keys/{key_id}/revoke",
            ids={"key_id": KEY},
            summary="Take a key out of use for good",
            handler=revoke_key,
            scope="keys:write",
            returns=KeyView,
            errors=(KeyNotFound,),
        ),
    ]


async def get_marketplace(call: Call) -> MarketplaceView:
    marketplace = call.tx.marketplace
    return MarketplaceView(
        id=MARKETPLACE.text(marketplace.marketplace_id),
        livemode=marketplace.livemode,
        name=marketplace.name,
        currency=marketplace.currency,
        country=marketplace.country,
        now=call.tx.now,
    )


async def get_clock(call: Call) -> ClockView:
    return ClockView(livemode=call.key.livemode, now=call.tx.now)


async def post_advance_clock(call: Call, body: AdvanceClock) -> ClockView:
    return ClockView(livemode=call.key.livemode, now=await advance_clock(call.tx, body.to))


async def get_jobs(call: Call) -> JobsView:
    counts = await job_counts(call.tx)
    return JobsView(livemode=call.key.livemode, due=counts.due, failed=counts.failed)


async def list_events(call: Call[ListEvents]) -> List[EventView]:
    query = call.query
    before: int | None = None
    if query.cursor is not None:
        [key] = decode_cursor(query.cursor, (int,))
        assert isinstance(key, int), "as decoded"
        before = key
    rows = await latest_events(
        call.tx,
        types=[query.type] if query.type else None,
        subject=query.subject,
        before=before,
        limit=query.limit + 1,
    )
    more = len(rows) > query.limit
    rows = rows[: query.limit]
    page = Page(rows, encode_cursor(rows[-1].position) if more else None)
    return List[EventView].of(page, lambda event: _event_view(call, event))


async def list_keys(call: Call) -> List[KeyView]:
    keys = await service.list_keys(call.tx)
    return List[KeyView].whole(_key_view(call, key) for key in keys)


async def revoke_key(call: Call) -> KeyView:
    return _key_view(call, await service.revoke_key(call.tx, call.path["key_id"]))


def _event_view(call: Call, event: StoredEvent) -> EventView:
    return EventView(
        id=f"evt_{event.position}",
        livemode=call.key.livemode,
        type=event.type,
        subject=event.subject,
        sequence=event.sequence,
        occurred_at=event.occurred_at,
        payload=event.payload,
        cause=event.cause,
    )


def _key_view(call: Call, key: ApiKey) -> KeyView:
    return KeyView(
        id=KEY.text(key.key_id),
        livemode=call.key.livemode,
        name=key.name,
        prefix=key.prefix,
        scopes=key.scopes,
        created_at=key.created_at,
        revoked_at=key.revoked_at,
    )
