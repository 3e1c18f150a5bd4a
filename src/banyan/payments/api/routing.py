"""Which provider takes a payment, over HTTP; and how well that works."""

from datetime import datetime, timedelta
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.kernel import new_id
from banyan.payments import model
from banyan.payments.errors import MethodNotUsable, ProviderMissing, ProviderNotFound, UnknownToken
from banyan.payments.rules.health import circuit_of
from banyan.payments.rules.routing import Wanted
from banyan.payments.service import reliability, routing
from banyan.runtime.http import Amount, Call, Operation, PositiveAmount


class RoutingView(Struct, kw_only=True):
    """The policy that payments are routed by, and the providers that it may choose from."""

    object: Literal["payment_routing"] = "payment_routing"
    livemode: bool
    rules: list[model.RoutingRule]
    exploration_bp: int
    value_bp: int
    attempts_max: int
    providers: list[str]


class PreviewRoute(Struct, kw_only=True, forbid_unknown_fields=True):
    """A payment as it might come."""

    amount: PositiveAmount
    type: model.MethodType = "card"
    token: Annotated[str, Meta(min_length=1, max_length=80)] = "tok_visa"  # noqa: S105
    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")]


class RouteCandidateView(Struct, kw_only=True):
    provider: str
    approval: float
    trials: float
    cost_minor: int
    value_minor: float
    circuit: Literal["closed", "probing", "open"]


class RouteView(Struct, kw_only=True):
    """The provider that such a payment would go to now, why, and what it was weighed against."""

    object: Literal["route"] = "route"
    livemode: bool
    provider: str
    reason: str
    is_explored: bool
    candidates: list[RouteCandidateView]


class ApprovalView(Struct, kw_only=True):
    """``approval_rate``: of those with an answer. Times are from asking to the approval."""

    provider: str
    method_type: model.MethodType
    asked: int
    approved: int
    declined: int
    unavailable: int
    open: int
    approval_rate: float | None
    confirm_p50_s: float | None
    confirm_p95_s: float | None


class OpenQuestionView(Struct, kw_only=True):
    provider: str
    operation: model.Operation
    count: int
    amount: Amount
    oldest_at: datetime


class InTransitView(Struct, kw_only=True):
    what: model.Transit
    age: model.Age
    count: int
    amount: Amount


class ProviderHealthView(Struct, kw_only=True):
    """``circuit``: ``open`` takes no new payments, ``probing`` one to find out."""

    provider: str
    circuit: Literal["closed", "probing", "open"]
    opened_at: datetime | None


class ReliabilityView(Struct, kw_only=True):
    object: Literal["payment_reliability"] = "payment_reliability"
    livemode: bool
    since: datetime
    approvals: list[ApprovalView]
    open_questions: list[OpenQuestionView]
    in_transit: list[InTransitView]
    providers: list[ProviderHealthView]


class ReliabilityQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    days: Annotated[int, Meta(ge=1, le=366)] = 30


def operations() -> list[Operation]:
    return [
        Operation(
            id="getPaymentRouting",
            method="GET",
            path="/v1/payment_routing",
            summary="Fetch the rules by which a provider is chosen",
            handler=get_routing,
            scope="payments:read",
            returns=RoutingView,
        ),
        Operation(
            id="setPaymentRouting",
            method="PUT",
            path="/v1/payment_routing",
            summary="Set the rules by which a provider is chosen, from now on",
            handler=set_routing,
            scope="payments:write",
            body=model.RoutingPolicy,
            returns=RoutingView,
            errors=(ProviderNotFound,),
            example={"rules": [{"providers": ["sandbox"], "order": "listed"}]},
        ),
        Operation(
            id="previewPaymentRoute",
            method="POST",
            path="/v1/payment_routing/preview",
            summary="Which provider a payment would go to now, and why",
            handler=preview_route,
            scope="payments:read",
            body=PreviewRoute,
            returns=RouteView,
            errors=(MethodNotUsable, ProviderMissing, UnknownToken),
            example={"amount": {"amount": 1999, "currency": "BRL"}, "country": "BR"},
        ),
        Operation(
            id="getPaymentReliability",
            method="GET",
            path="/v1/payment_reliability",
            summary="How well payments work: approvals, open questions, money on its way",
            handler=get_reliability,
            scope="payments:read",
            query=ReliabilityQuery,
            returns=ReliabilityView,
        ),
    ]


async def get_routing(call: Call) -> RoutingView:
    return await _view(call, await routing.get_policy(call.tx))


async def set_routing(call: Call, body: model.RoutingPolicy) -> RoutingView:
    return await _view(call, await routing.set_policy(call.tx, body))


async def preview_route(call: Call, body: PreviewRoute) -> RouteView:
    wanted = Wanted(body.amount.money(), model.Method(body.type, body.token), body.country)
    router = await routing.load_router(call.tx, [wanted])
    routing.check_taken(call.tx, wanted, router)
    route = router.route(wanted, new_id(call.tx.now))
    if route is None:
        raise routing.no_provider(wanted, livemode=call.tx.livemode)
    return RouteView(
        livemode=call.key.livemode,
        provider=route.provider,
        reason=route.reason,
        is_explored=route.is_explored,
        candidates=[
            RouteCandidateView(
                provider=one.provider,
                approval=one.approval,
                trials=one.trials,
                cost_minor=one.cost_minor,
                value_minor=one.value_minor,
                circuit=one.circuit,
            )
            for one in route.candidates
        ],
    )


async def get_reliability(call: Call[ReliabilityQuery]) -> ReliabilityView:
    since = call.tx.now - timedelta(days=call.query.days)
    figures = await reliability.reliability(call.tx, since)
    health = await routing.provider_health(call.tx)
    return ReliabilityView(
        livemode=call.key.livemode,
        since=figures.since,
        approvals=[
            ApprovalView(
                provider=one.provider,
                method_type=one.method_type,
                asked=one.asked,
                approved=one.approved,
                declined=one.declined,
                unavailable=one.unavailable,
                open=one.open,
                approval_rate=one.approval_rate,
                confirm_p50_s=one.confirm_p50_s,
                confirm_p95_s=one.confirm_p95_s,
            )
            for one in figures.approvals
        ],
        open_questions=[
            OpenQuestionView(
                provider=one.provider,
                operation=one.operation,
                count=one.count,
                amount=Amount.of(one.amount),
                oldest_at=one.oldest_at,
            )
            for one in figures.open_questions
        ],
        in_transit=[
            InTransitView(what=one.what, age=one.age, count=one.count, amount=Amount.of(one.amount))
            for one in figures.in_transit
        ],
        providers=[
            ProviderHealthView(
                provider=one.provider,
                circuit=circuit_of(one, call.tx.now),
                opened_at=one.opened_at,
            )
            for one in health
        ],
    )


async def _view(call: Call, policy: model.RoutingPolicy) -> RoutingView:
    settings = await routing.get_settings(call.tx)
    connections = await routing.connections_of(call.tx, settings)
    return RoutingView(
        livemode=call.key.livemode,
        rules=policy.rules,
        exploration_bp=policy.exploration_bp,
        value_bp=policy.value_bp,
        attempts_max=policy.attempts_max,
        providers=[one.name for one in connections if one.is_enabled],
    )
