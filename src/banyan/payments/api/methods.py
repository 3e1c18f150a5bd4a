"""How buyers can pay, over HTTP."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.kernel import Money
from banyan.payments import model
from banyan.payments.rules import usable_methods
from banyan.payments.rules.routing import Wanted, usable
from banyan.payments.service import routing
from banyan.payments.service.settings import get_settings
from banyan.runtime.http import Call, CurrencyCode, List, Operation


class MethodListQuery(Struct, kw_only=True, forbid_unknown_fields=True):
    """The buyer's country, and the currency to pay in. Without them, the marketplace's own."""

    country: Annotated[str, Meta(pattern="^[A-Z]{2}$")] | None = None
    currency: CurrencyCode | None = None


class UsableMethodView(Struct, kw_only=True):
    """A method of payment for such a buyer.

    ``family`` tells what its life is like; ``expires_after_s`` how long the buyer has to act;
    ``refunds_to`` whether a refund goes the way it came or needs an account. ``providers`` are those
    that can take it; empty: none is connected.
    """

    object: Literal["payment_method"] = "payment_method"
    type: model.MethodType
    name: str
    family: model.Family
    is_captured_at_once: bool
    expires_after_s: int | None
    refunds_to: Literal["source", "account"]
    refund_within_days: int | None
    is_disputable: bool
    installments_max: int
    providers: list[str]


def operations() -> list[Operation]:
    return [
        Operation(
            id="listPaymentMethods",
            method="GET",
            path="/v1/payment_methods",
            summary="List the methods that a buyer can pay with",
            handler=list_methods,
            scope="payments:read",
            query=MethodListQuery,
            returns=List[UsableMethodView],
        )
    ]


async def list_methods(call: Call[MethodListQuery]) -> List[UsableMethodView]:
    marketplace = call.tx.marketplace
    country = call.query.country or marketplace.country
    currency = call.query.currency or marketplace.currency
    connections = await routing.connections_of(call.tx, await get_settings(call.tx))

    def takers(spec: model.MethodSpec) -> list[str]:
        wanted = Wanted(Money.zero(currency), model.Method(spec.type, "any"), country)
        return [one.name for one in usable(wanted, connections)]

    return List[UsableMethodView].whole(
        UsableMethodView(
            type=spec.type,
            name=spec.name,
            family=spec.family,
            is_captured_at_once=spec.is_captured_at_once,
            expires_after_s=int(spec.expires_after.total_seconds()) if spec.expires_after else None,
            refunds_to=spec.refunds_to,
            refund_within_days=spec.refund_within.days if spec.refund_within else None,
            is_disputable=spec.is_disputable,
            installments_max=spec.installments_max.get(country, 1),
            providers=takers(spec),
        )
        for spec in usable_methods(country, currency)
    )
