"""Disputes over HTTP: how they stand, what was booked and answered, and how to answer them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType
from msgspec.structs import asdict

from banyan.payments import model
from banyan.payments.errors import DisputeNotAnswerable, DisputeNotFound
from banyan.payments.model import ANSWER, DISPUTE, PAYMENT
from banyan.payments.service import disputes, refunds
from banyan.runtime.http import Amount, Call, List, ListQuery, Operation, id_meta

Text = Annotated[str, Meta(min_length=1, max_length=5_000)]


class DisputeView(Struct, kw_only=True):
    """``held``: how much of it is held or lost out of the payment; the rest is the marketplace's.

    ``borne_by`` and ``borne_reason``: who bears what is lost, and why.
    """

    id: str
    object: Literal["dispute"] = "dispute"
    livemode: bool
    state: model.DisputeState
    stage: model.DisputeStage
    payment: str
    order: str
    amount: Amount
    held: Amount
    fee: Amount
    reason: str
    reason_code: str
    category: model.DisputeCategory
    respond_by: datetime | None
    borne_by: model.Bearer
    borne_reason: str
    decision: model.Decision | None
    decided_by: str | None
    decision_reason: str | None
    evidence_strength: model.Strength | None
    opened_at: datetime
    closed_at: datetime | None


class DisputeMoveView(Struct, kw_only=True):
    """One booking of a dispute. A fee that was given back is below zero."""

    what: model.MoveKind
    amount: Amount
    at: datetime


class DisputeAnswerView(Struct, kw_only=True):
    """What the provider was told, as it was told. ``page`` is the evidence as HTML for people."""

    id: str
    object: Literal["dispute_answer"] = "dispute_answer"
    livemode: bool
    dispute: str
    kind: Literal["contest", "accept"]
    stage: model.DisputeStage
    state: model.AnswerState
    strength: model.Strength | None
    missing: list[model.EvidenceKind]
    evidence: Mapping[str, str]
    page: str
    made_by: str
    created_at: datetime


class DisputeSettingsView(Struct, kw_only=True):
    object: Literal["dispute_settings"] = "dispute_settings"
    livemode: bool
    fraud_bearer: Literal["platform", "seller"]
    other_bearer: Literal["platform", "seller"]
    fee_bearer: Literal["platform", "seller"]
    contests_by_itself: bool
    accept_below_minor: int
    answer_hours_before: int
    destination_days: int
    refund_commission: model.CommissionTerms


class ListDisputes(ListQuery, kw_only=True, forbid_unknown_fields=True):
    state: model.DisputeState | None = None
    payment: Annotated[str, id_meta(model.PAYMENT)] | None = None


class ContestDispute(Struct, kw_only=True, forbid_unknown_fields=True):
    """The order's own evidence goes along by itself; these are what it doesn't have."""

    reason: Annotated[str, Meta(min_length=1, max_length=500)]
    statement: Text | None = None
    communication: Text | None = None
    refund_policy: Text | None = None


class AcceptDispute(Struct, kw_only=True, forbid_unknown_fields=True):
    reason: Annotated[str, Meta(min_length=1, max_length=500)]


class UpdateDisputeSettings(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is left out stays as it is. ``refund_commission`` counts for payments made from now on."""

    fraud_bearer: Literal["platform", "seller"] | UnsetType = UNSET
    other_bearer: Literal["platform", "seller"] | UnsetType = UNSET
    fee_bearer: Literal["platform", "seller"] | UnsetType = UNSET
    contests_by_itself: bool | UnsetType = UNSET
    accept_below_minor: Annotated[int, Meta(ge=0, le=10**12)] | UnsetType = UNSET
    answer_hours_before: Annotated[int, Meta(ge=1, le=240)] | UnsetType = UNSET
    destination_days: Annotated[int, Meta(ge=1, le=365)] | UnsetType = UNSET
    refund_commission: model.CommissionTerms | UnsetType = UNSET


def operations() -> list[Operation]:
    return [*_reading(), *_answering(), *_setting()]


def _reading() -> list[Operation]:
    return [
        Operation(
            id="listDisputes",
            method="GET",
            path="/v1/disputes",
            summary="List disputes, the newest first",
            handler=list_disputes,
            scope="payments:read",
            query=ListDisputes,
            returns=List[DisputeView],
        ),
        Operation(
            id="getDispute",
            method="GET",
            path="/v1/disputes/{dispute_id}",
            ids={"dispute_id": DISPUTE},
            summary="Fetch a dispute",
            handler=get_dispute,
            scope="payments:read",
            returns=DisputeView,
            errors=(DisputeNotFound,),
        ),
        Operation(
            id="listDisputeMoves",
            method="GET",
            path="/v1/disputes/{dispute_id}/moves",
            ids={"dispute_id": DISPUTE},
            summary="List what was booked for a dispute, in order",
            handler=list_moves,
            scope="payments:read",
            returns=List[DisputeMoveView],
            errors=(DisputeNotFound,),
        ),
        Operation(
            id="listDisputeAnswers",
            method="GET",
            path="/v1/disputes/{dispute_id}/answers",
            ids={"dispute_id": DISPUTE},
            summary="List what was answered in a dispute, with the evidence as it was handed in",
            handler=list_answers,
            scope="payments:read",
            returns=List[DisputeAnswerView],
            errors=(DisputeNotFound,),
        ),
    ]


def _answering() -> list[Operation]:
    refused = (DisputeNotFound, DisputeNotAnswerable)
    return [
        Operation(
            id="contestDispute",
            method="POST",
            path="/v1/disputes/{dispute_id}/contest",
            ids={"dispute_id": DISPUTE},
            summary="Contest a dispute with the evidence of its order",
            handler=contest_dispute,
            scope="payments:write",
            body=ContestDispute,
            returns=DisputeView,
            errors=refused,
            needs_idempotency_key=True,
            example={"reason": "The buyer has it.", "communication": "Thanks, it arrived!"},
        ),
        Operation(
            id="acceptDispute",
            method="POST",
            path="/v1/disputes/{dispute_id}/accept",
            ids={"dispute_id": DISPUTE},
            summary="Accept a dispute: the buyer keeps the money",
            handler=accept_dispute,
            scope="payments:write",
            body=AcceptDispute,
            returns=DisputeView,
            errors=refused,
            needs_idempotency_key=True,
            example={"reason": "The seller agrees."},
        ),
    ]


def _setting() -> list[Operation]:
    return [
        Operation(
            id="getDisputeSettings",
            method="GET",
            path="/v1/dispute_settings",
            summary="Fetch how disputes and refunds are dealt with",
            handler=get_settings,
            scope="payments:read",
            returns=DisputeSettingsView,
        ),
        Operation(
            id="updateDisputeSettings",
            method="POST",
            path="/v1/dispute_settings",
            summary="Change how disputes and refunds are dealt with from now on",
            handler=update_settings,
            scope="payments:write",
            body=UpdateDisputeSettings,
            returns=DisputeSettingsView,
            example={"fraud_bearer": "platform", "accept_below_minor": 2_000},
        ),
    ]


async def list_disputes(call: Call[ListDisputes]) -> List[DisputeView]:
    query = call.query
    page = await disputes.list_disputes(
        call.tx,
        state=query.state,
        payment_id=None if query.payment is None else PAYMENT.parse(query.payment),
        limit=query.limit,
        cursor=query.cursor,
    )
    return List[DisputeView].of(
        page, lambda dispute: dispute_view(dispute, livemode=call.key.livemode)
    )


async def get_dispute(call: Call) -> DisputeView:
    dispute = await disputes.get_dispute(call.tx, call.path["dispute_id"])
    return dispute_view(dispute, livemode=call.key.livemode)


async def list_moves(call: Call) -> List[DisputeMoveView]:
    dispute = await disputes.get_dispute(call.tx, call.path["dispute_id"])
    return List[DisputeMoveView].whole(
        DisputeMoveView(
            what=move.what, amount=Amount(move.amount_minor, dispute.currency), at=move.made_at
        )
        for move in await disputes.moves_of(call.tx, dispute.dispute_id)
    )


async def list_answers(call: Call) -> List[DisputeAnswerView]:
    dispute = await disputes.get_dispute(call.tx, call.path["dispute_id"])
    return List[DisputeAnswerView].whole(
        _answer_view(answer, livemode=call.key.livemode)
        for answer in await disputes.answers_of(call.tx, dispute.dispute_id)
    )


async def contest_dispute(call: Call, body: ContestDispute) -> DisputeView:
    extra: dict[model.EvidenceKind, str] = {
        "statement": body.statement or "",
        "communication": body.communication or "",
        "refund_policy": body.refund_policy or "",
    }
    dispute = await disputes.answer_dispute(
        call.tx,
        call.path["dispute_id"],
        "contest",
        by=call.tx.cause.actor or call.tx.cause.id,
        reason=body.reason,
        extra=extra,
    )
    return dispute_view(dispute, livemode=call.key.livemode)


async def accept_dispute(call: Call, body: AcceptDispute) -> DisputeView:
    dispute = await disputes.answer_dispute(
        call.tx,
        call.path["dispute_id"],
        "accept",
        by=call.tx.cause.actor or call.tx.cause.id,
        reason=body.reason,
    )
    return dispute_view(dispute, livemode=call.key.livemode)


async def get_settings(call: Call) -> DisputeSettingsView:
    return await _settings_view(call)


async def update_settings(call: Call, body: UpdateDisputeSettings) -> DisputeSettingsView:
    changes = {name: value for name, value in asdict(body).items() if value is not UNSET}
    commission = changes.pop("refund_commission", None)
    if commission is not None:
        await refunds.set_commission_terms(call.tx, commission)
    changed = replace(await disputes.get_dispute_settings(call.tx), **changes)
    await disputes.update_dispute_settings(call.tx, changed)
    return await _settings_view(call)


async def _settings_view(call: Call) -> DisputeSettingsView:
    settings = await disputes.get_dispute_settings(call.tx)
    return DisputeSettingsView(
        livemode=call.key.livemode,
        fraud_bearer=settings.fraud_bearer,
        other_bearer=settings.other_bearer,
        fee_bearer=settings.fee_bearer,
        contests_by_itself=settings.contests_by_itself,
        accept_below_minor=settings.accept_below_minor,
        answer_hours_before=settings.answer_hours_before,
        destination_days=settings.destination_days,
        refund_commission=await refunds.get_commission_terms(call.tx),
    )


def dispute_view(dispute: model.Dispute, *, livemode: bool) -> DisputeView:
    return DisputeView(
        id=DISPUTE.text(dispute.dispute_id),
        livemode=livemode,
        state=dispute.state,
        stage=dispute.stage,
        payment=PAYMENT.text(dispute.payment_id),
        order=dispute.subject,
        amount=Amount.of(dispute.amount),
        held=Amount.of(dispute.held),
        fee=Amount.of(dispute.fee),
        reason=dispute.reason,
        reason_code=dispute.reason_code,
        category=dispute.category,
        respond_by=dispute.respond_by,
        borne_by=dispute.bearer,
        borne_reason=dispute.bearer_reason,
        decision=dispute.decision,
        decided_by=dispute.decided_by,
        decision_reason=dispute.decision_reason,
        evidence_strength=dispute.strength,
        opened_at=dispute.opened_at,
        closed_at=dispute.closed_at,
    )


def _answer_view(answer: model.DisputeAnswer, *, livemode: bool) -> DisputeAnswerView:
    return DisputeAnswerView(
        id=ANSWER.text(answer.answer_id),
        livemode=livemode,
        dispute=DISPUTE.text(answer.dispute_id),
        kind=answer.kind,
        stage=answer.stage,
        state=answer.state,
        strength=answer.strength,
        missing=answer.missing,
        evidence={str(kind): text for kind, text in answer.evidence.items()},
        page=answer.page,
        made_by=answer.made_by,
        created_at=answer.created_at,
    )
