"""HTTP operations on rates."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.fx.api.fields import RateText, SourceName
from banyan.fx.errors import InvalidRate, RateMissing, RateStale
from banyan.fx.model import RATE, CrossRate, Rate, Step, shown
from banyan.fx.service import rates as service
from banyan.kernel import Currency, InvalidMoney
from banyan.runtime.http import (
    Call,
    CurrencyCode,
    Instant,
    List,
    ListQuery,
    Operation,
    check_currency,
)


class RateView(Struct, kw_only=True):
    """One `base` costs `rate` of `currency`, from `effective_at` on.

    A correction has the same instant and the next `version`; what it corrects stays.
    """

    id: str
    object: Literal["fx_rate"] = "fx_rate"
    livemode: bool
    source: str
    base: str
    currency: str
    rate: str
    effective_at: datetime
    version: int
    recorded_at: datetime
    recorded_by: str


class StepView(Struct, kw_only=True):
    """One rate on the way. `is_inverted`: the way goes from its currency to its base."""

    id: str
    source: str
    base: str
    currency: str
    rate: str
    effective_at: datetime
    version: int
    is_inverted: bool


class CrossRateView(Struct, kw_only=True):
    """What one unit of `base` is worth in `currency` now, at the middle, and where that comes from.

    `rate` has 12 significant digits; amounts are computed with the product of the path's rates.
    """

    object: Literal["fx_cross_rate"] = "fx_cross_rate"
    livemode: bool
    base: str
    currency: str
    rate: str
    effective_at: datetime | None
    """Of the oldest rate on the way; null between a currency and itself."""
    path: list[StepView]


class ListRates(ListQuery, kw_only=True, forbid_unknown_fields=True):
    source: SourceName | None = None
    base: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None = None
    currency: Annotated[str, Meta(pattern="^[A-Z]{3}$")] | None = None


class CurrentRate(Struct, kw_only=True, forbid_unknown_fields=True):
    base: CurrencyCode
    currency: CurrencyCode


class SetRate(Struct, kw_only=True, forbid_unknown_fields=True):
    """`effective_at` null: from now on."""

    base: CurrencyCode
    currency: CurrencyCode
    rate: RateText
    effective_at: Instant | None = None

    def __post_init__(self) -> None:
        check_currency(self.base)
        check_currency(self.currency)


def operations() -> list[Operation]:
    return [
        Operation(
            id="listFxRates",
            method="GET",
            path="/v1/fx/rates",
            summary="List exchange rates in every version, the latest first",
            handler=list_rates,
            scope="fx:read",
            query=ListRates,
            returns=List[RateView],
        ),
        Operation(
            id="getFxRate",
            method="GET",
            path="/v1/fx/rates/current",
            summary="Fetch the rate between two currencies now, and what it comes from",
            handler=get_rate,
            scope="fx:read",
            query=CurrentRate,
            returns=CrossRateView,
            errors=(RateMissing, RateStale, InvalidMoney),
        ),
        Operation(
            id="setFxRate",
            method="POST",
            path="/v1/fx/rates",
            summary="Set an exchange rate by hand",
            description="The same rate again changes nothing; another one for the same instant is "
            "a new version. `banyan fx load` takes whole files.",
            handler=set_rate,
            scope="fx:write",
            body=SetRate,
            returns=RateView,
            status=201,
            errors=(InvalidRate, InvalidMoney),
            example={"base": "EUR", "currency": "BRL", "rate": "6.1834"},
        ),
    ]


async def list_rates(call: Call[ListRates]) -> List[RateView]:
    query = call.query
    page = await service.list_rates(
        call.tx,
        source=query.source,
        base=query.base,
        currency=query.currency,
        limit=query.limit,
        cursor=query.cursor,
    )
    return List[RateView].of(page, lambda rate: _view(call, rate))


async def get_rate(call: Call[CurrentRate]) -> CrossRateView:
    for code in (call.query.base, call.query.currency):
        Currency.of(code)
    rate = await service.rate_at(call.tx, call.query.base, call.query.currency)
    return _cross_view(call, rate)


async def set_rate(call: Call, body: SetRate) -> RateView:
    rate = await service.set_rate(
        call.tx, body.base, body.currency, Decimal(body.rate), body.effective_at
    )
    return _view(call, rate)


def step_view(step: Step) -> StepView:
    return StepView(
        id=RATE.text(step.rate_id),
        source=step.source,
        base=step.base,
        currency=step.currency,
        rate=f"{step.rate:f}",
        effective_at=step.effective_at,
        version=step.version,
        is_inverted=step.is_inverted,
    )


def _cross_view(call: Call[CurrentRate], rate: CrossRate) -> CrossRateView:
    return CrossRateView(
        livemode=call.key.livemode,
        base=rate.sell,
        currency=rate.buy,
        rate=f"{shown(rate.value):f}",
        effective_at=rate.effective_at,
        path=[step_view(step) for step in rate.path],
    )


def _view(call: Call[ListRates], rate: Rate) -> RateView:
    return RateView(
        id=RATE.text(rate.rate_id),
        livemode=call.key.livemode,
        source=rate.source,
        base=rate.base,
        currency=rate.currency,
        rate=f"{rate.rate:f}",
        effective_at=rate.effective_at,
        version=rate.version,
        recorded_at=rate.recorded_at,
        recorded_by=rate.recorded_by,
    )
