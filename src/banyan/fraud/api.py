"""HTTP operations on the settings, lists and assessments of fraud."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct, convert

from banyan.fraud import service
from banyan.fraud.errors import AlreadyListed, InvalidLimits, ListEntryNotFound
from banyan.fraud.model import (
    ASSESSMENT,
    COUNT_MAX,
    LIST_ENTRY,
    Assessment,
    Limits,
    ListEntry,
    ListEntryDraft,
    ListKind,
    ListName,
    Outcome,
    Settings,
    Signal,
)
from banyan.kernel import IdKind
from banyan.parties import BUYER, InvalidCountry
from banyan.runtime.http import Amount, Call, List, ListQuery, Operation, PositiveAmount, id_meta

ORDER = IdKind("ord")
"""Orders stand above this context; it knows them by their ids only."""

CountMax = Annotated[
    int,
    Meta(ge=1, le=COUNT_MAX, description="More orders than this ask for a review.", examples=[6]),
]
ListedValue = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        description="A buyer's id, a payment method's fingerprint, or a country's code.",
    ),
]
Why = Annotated[str, Meta(min_length=1, max_length=500, description="For the record.")]


class LimitsView(Struct, kw_only=True):
    review: Amount
    first_challenge: Amount


class FraudSettingsView(Struct, kw_only=True):
    """What stops an order. `updated_at` null: these are the defaults."""

    object: Literal["fraud_settings"] = "fraud_settings"
    livemode: bool
    limits: list[LimitsView]
    buyer_orders_1h_max: int
    buyer_orders_24h_max: int
    payment_orders_24h_max: int
    updated_at: datetime | None
    updated_by: str


class CurrencyLimits(Struct, kw_only=True, forbid_unknown_fields=True):
    """Above `review` a person looks; above `first_challenge` a buyer's first order is challenged."""

    review: PositiveAmount
    first_challenge: PositiveAmount


class ChangeFraudSettings(Struct, kw_only=True, forbid_unknown_fields=True):
    """All of it. Orders in a currency without limits are challenged."""

    limits: Annotated[list[CurrencyLimits], Meta(max_length=200)]
    buyer_orders_1h_max: CountMax
    buyer_orders_24h_max: CountMax
    payment_orders_24h_max: CountMax


class ListEntryView(Struct, kw_only=True):
    """Somebody or something an operator has allowed or denied, until it is removed."""

    id: str
    object: Literal["list_entry"] = "list_entry"
    livemode: bool
    list: ListName
    kind: ListKind
    value: str
    reason: str
    added_by: str
    added_at: datetime
    removed_by: str | None
    removed_at: datetime | None


class AddListEntry(Struct, kw_only=True, forbid_unknown_fields=True):
    list: ListName
    kind: ListKind
    value: ListedValue
    reason: Why


class RemoveListEntry(Struct, kw_only=True, forbid_unknown_fields=True):
    reason: Why


class ListEntriesQuery(ListQuery, kw_only=True, forbid_unknown_fields=True):
    list: ListName | None = None
    kind: ListKind | None = None
    value: ListedValue | None = None
    removed: Annotated[
        bool, Meta(description="Those that were removed, in place of the others.")
    ] = False


class AssessmentView(Struct, kw_only=True):
    """How an order was judged; `score_bp` is a rank from 0 to 10000, not a probability."""

    id: str
    object: Literal["fraud_assessment"] = "fraud_assessment"
    livemode: bool
    order: str
    buyer: str
    amount: Amount
    outcome: Outcome
    score_bp: int
    reason: str
    signals: list[Signal]
    version: str
    placed_at: datetime
    assessed_at: datetime


class ListAssessments(ListQuery, kw_only=True, forbid_unknown_fields=True):
    order: Annotated[str, id_meta(ORDER)] | None = None
    outcome: Outcome | None = None


def operations() -> list[Operation]:
    return [
        Operation(
            id="getFraudSettings",
            method="GET",
            path="/v1/fraud/settings",
            summary="Fetch what stops an order",
            handler=get_settings,
            scope="fraud:read",
            returns=FraudSettingsView,
        ),
        Operation(
            id="changeFraudSettings",
            method="POST",
            path="/v1/fraud/settings",
            summary="Set what stops an order",
            description="Holds for orders that are assessed from now on.",
            handler=change_settings,
            scope="fraud:write",
            body=ChangeFraudSettings,
            returns=FraudSettingsView,
            errors=(InvalidLimits,),
            example={
                "limits": [
                    {
                        "review": {"amount": 100_000, "currency": "BRL"},
                        "first_challenge": {"amount": 80_000, "currency": "BRL"},
                    }
                ],
                "buyer_orders_1h_max": 3,
                "buyer_orders_24h_max": 6,
                "payment_orders_24h_max": 6,
            },
        ),
        Operation(
            id="addFraudListEntry",
            method="POST",
            path="/v1/fraud/list_entries",
            summary="Allow or deny a buyer, a payment method or a country",
            handler=add_list_entry,
            scope="fraud:write",
            body=AddListEntry,
            returns=ListEntryView,
            status=201,
            errors=(InvalidCountry, AlreadyListed),
            example={
                "list": "deny",
                "kind": "buyer",
                "value": "buy_01h455vb4pex5vskknk084sn2q",
                "reason": "Chargebacks on three orders.",
            },
        ),
        Operation(
            id="getFraudListEntry",
            method="GET",
            path="/v1/fraud/list_entries/{entry_id}",
            ids={"entry_id": LIST_ENTRY},
            summary="Fetch an entry of the allow or deny list",
            handler=get_list_entry,
            scope="fraud:read",
            returns=ListEntryView,
            errors=(ListEntryNotFound,),
        ),
        Operation(
            id="listFraudListEntries",
            method="GET",
            path="/v1/fraud/list_entries",
            summary="List the entries of the allow and deny lists, the newest first",
            handler=list_list_entries,
            scope="fraud:read",
            query=ListEntriesQuery,
            returns=List[ListEntryView],
        ),
        Operation(
            id="removeFraudListEntry",
            method="POST",
            path="/v1/fraud/list_entries/{entry_id}/remove",
            ids={"entry_id": LIST_ENTRY},
            summary="Take an entry off its list; it stays on record",
            handler=remove_list_entry,
            scope="fraud:write",
            body=RemoveListEntry,
            returns=ListEntryView,
            errors=(ListEntryNotFound,),
            example={"reason": "The bank took the chargebacks back."},
        ),
        Operation(
            id="listFraudAssessments",
            method="GET",
            path="/v1/fraud/assessments",
            summary="List how orders were judged, the newest first",
            handler=list_assessments,
            scope="fraud:read",
            query=ListAssessments,
            returns=List[AssessmentView],
        ),
    ]


async def get_settings(call: Call) -> FraudSettingsView:
    return _settings(call, await service.get_settings(call.tx))


async def change_settings(call: Call, body: ChangeFraudSettings) -> FraudSettingsView:
    settings = await service.change_settings(
        call.tx,
        limits=[Limits(it.review.money(), it.first_challenge.money()) for it in body.limits],
        buyer_orders_1h_max=body.buyer_orders_1h_max,
        buyer_orders_24h_max=body.buyer_orders_24h_max,
        payment_orders_24h_max=body.payment_orders_24h_max,
    )
    return _settings(call, settings)


async def add_list_entry(call: Call, body: AddListEntry) -> ListEntryView:
    draft = ListEntryDraft(list=body.list, kind=body.kind, value=body.value, reason=body.reason)
    return _entry(call, await service.add_list_entry(call.tx, draft))


async def get_list_entry(call: Call) -> ListEntryView:
    return _entry(call, await service.get_list_entry(call.tx, call.path["entry_id"]))


async def list_list_entries(call: Call[ListEntriesQuery]) -> List[ListEntryView]:
    query = call.query
    page = await service.list_entries(
        call.tx,
        list_name=query.list,
        kind=query.kind,
        value=query.value,
        is_removed=query.removed,
        limit=query.limit,
        cursor=query.cursor,
    )
    return List[ListEntryView].of(page, lambda entry: _entry(call, entry))


async def remove_list_entry(call: Call, body: RemoveListEntry) -> ListEntryView:
    entry = await service.remove_list_entry(call.tx, call.path["entry_id"], reason=body.reason)
    return _entry(call, entry)


async def list_assessments(call: Call[ListAssessments]) -> List[AssessmentView]:
    query = call.query
    page = await service.list_assessments(
        call.tx, order=query.order, outcome=query.outcome, limit=query.limit, cursor=query.cursor
    )
    return List[AssessmentView].of(page, lambda assessment: _assessment(call, assessment))


def _settings(call: Call, settings: Settings) -> FraudSettingsView:
    return FraudSettingsView(
        livemode=call.key.livemode,
        limits=[
            LimitsView(
                review=Amount.of(pair.review), first_challenge=Amount.of(pair.first_challenge)
            )
            for _, pair in sorted(settings.limits.items())
        ],
        buyer_orders_1h_max=settings.buyer_orders_1h_max,
        buyer_orders_24h_max=settings.buyer_orders_24h_max,
        payment_orders_24h_max=settings.payment_orders_24h_max,
        updated_at=settings.updated_at,
        updated_by=settings.updated_by,
    )


def _entry(call: Call, entry: ListEntry) -> ListEntryView:
    return ListEntryView(
        id=LIST_ENTRY.text(entry.entry_id),
        livemode=call.key.livemode,
        list=entry.list,
        kind=entry.kind,
        value=entry.value,
        reason=entry.reason,
        added_by=entry.added_by,
        added_at=entry.added_at,
        removed_by=entry.removed_by,
        removed_at=entry.removed_at,
    )


def _assessment(call: Call, assessment: Assessment) -> AssessmentView:
    return AssessmentView(
        id=ASSESSMENT.text(assessment.assessment_id),
        livemode=call.key.livemode,
        order=assessment.subject,
        buyer=BUYER.text(assessment.buyer_id),
        amount=Amount.of(assessment.amount),
        outcome=assessment.outcome,
        score_bp=assessment.score_bp,
        reason=assessment.reason,
        signals=[convert(signal, Signal) for signal in assessment.signals],
        version=assessment.version,
        placed_at=assessment.placed_at,
        assessed_at=assessment.assessed_at,
    )
