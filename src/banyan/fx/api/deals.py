"""HTTP operations on deals, and on the positions and gains that come of them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.fx.api.fields import Path
from banyan.fx.errors import (
    DealNotFound,
    InvalidTrade,
    RateMissing,
    RateStale,
)
from banyan.fx.model import DEAL, Deal, DealKind, Exposure, Gain, TradeDraft, shown
from banyan.fx.service import deals as service
from banyan.fx.service import positions as position_service
from banyan.kernel import InvalidMoney, Money, new_id
from banyan.ledger import AccountNotFound, TransferRejected
from banyan.runtime.http import (
    Amount,
    Call,
    Instant,
    List,
    ListQuery,
    Operation,
    PositiveAmount,
)


class GainView(Struct, kw_only=True):
    """What closing (part of) a position has brought; below zero a loss.

    `closed` is above zero for what was held, below for what was owed.
    """

    currency: str
    closed: Amount
    cost: Amount
    value: Amount
    gain: Amount


class DealView(Struct, kw_only=True):
    """An exchange that has changed the positions: a quote that was used, or a trade at a bank.

    Seen by the marketplace: what came in, and what went out for it. `value` is what came in, in the
    marketplace's own currency; `spread` the part of it that nothing went out for.
    """

    id: str
    object: Literal["fx_deal"] = "fx_deal"
    livemode: bool
    kind: DealKind
    about: str
    came_in: Amount
    went_out: Amount
    value: Amount
    spread: Amount
    made_at: datetime
    booked_at: datetime | None
    """Null: it is not in the book yet, and its gains are not known."""
    gains: list[GainView]


class ExposureView(Struct, kw_only=True):
    """One currency: how much of it is held (or owed, below zero), at what cost and value.

    `market` and what follows from it are null without a rate that isn't too old.
    """

    currency: str
    quantity: Amount
    book: Amount
    market: Amount | None
    unrealised: Amount | None
    rate: str | None
    rate_effective_at: datetime | None
    is_balanced: bool


class PositionsView(Struct, kw_only=True):
    """Every currency that is held or owed, in the marketplace's own currency.

    `is_balanced`: the ledger says the same, to the minor unit.
    """

    object: Literal["fx_positions"] = "fx_positions"
    livemode: bool
    currency: str
    at: datetime
    exposures: list[ExposureView]
    book: Amount
    unrealised: Amount | None
    is_balanced: bool
    deals_not_booked: int


class RealisedGainView(Struct, kw_only=True):
    currency: str
    deals: int
    gain: Amount


class ResultsView(Struct, kw_only=True):
    """What exchanging has brought in a period, in the marketplace's own currency.

    Spread counts when a deal is made, a gain when it is booked.
    """

    object: Literal["fx_results"] = "fx_results"
    livemode: bool
    since: datetime | None
    until: datetime | None
    spread: Amount
    realised: Amount
    gains: list[RealisedGainView]


class RecordTrade(Struct, kw_only=True, forbid_unknown_fields=True):
    """`sold` left the account `sold_from`, `bought` came to `bought_to`.

    `traded_at` null: now.
    """

    sold: PositiveAmount
    bought: PositiveAmount
    sold_from: Path
    bought_to: Path
    about: Annotated[str, Meta(min_length=1, max_length=80)] | None = None
    """What it belongs to, such as the bank's reference. Null: the deal itself."""
    traded_at: Instant | None = None


class Period(Struct, kw_only=True, forbid_unknown_fields=True):
    """From `since` to before `until`; without one of them, open at that end."""

    since: Instant | None = None
    until: Instant | None = None


def operations() -> list[Operation]:
    return [
        Operation(
            id="getFxPositions",
            method="GET",
            path="/v1/fx/positions",
            summary="Fetch what is held and owed in other currencies, at cost and at value",
            handler=get_positions,
            scope="fx:read",
            returns=PositionsView,
        ),
        Operation(
            id="getFxResults",
            method="GET",
            path="/v1/fx/results",
            summary="Fetch what exchanging has brought in a period",
            handler=get_results,
            scope="fx:read",
            query=Period,
            returns=ResultsView,
        ),
        Operation(
            id="recordFxTrade",
            method="POST",
            path="/v1/fx/deals",
            summary="Record a trade that was made at a bank, and post it",
            description="What it closes of a position is gained or lost at once.",
            handler=record_trade,
            scope="fx:write",
            body=RecordTrade,
            returns=DealView,
            status=201,
            errors=(
                InvalidTrade,
                RateMissing,
                RateStale,
                InvalidMoney,
                AccountNotFound,
                TransferRejected,
            ),
            example={
                "sold": {"amount": 10_000, "currency": "USD"},
                "bought": {"amount": 51_930, "currency": "BRL"},
                "sold_from": "platform:bank",
                "bought_to": "platform:bank",
            },
            needs_idempotency_key=True,
        ),
        Operation(
            id="listFxDeals",
            method="GET",
            path="/v1/fx/deals",
            summary="List deals with what they have gained, the latest first",
            handler=list_deals,
            scope="fx:read",
            query=ListQuery,
            returns=List[DealView],
        ),
        Operation(
            id="getFxDeal",
            method="GET",
            path="/v1/fx/deals/{deal_id}",
            ids={"deal_id": DEAL},
            summary="Fetch a deal with what it has gained",
            handler=get_deal,
            scope="fx:read",
            returns=DealView,
            errors=(DealNotFound,),
        ),
    ]


async def get_positions(call: Call) -> PositionsView:
    found = await position_service.positions(call.tx)
    return PositionsView(
        livemode=call.key.livemode,
        currency=found.own_currency,
        at=found.at,
        exposures=[_exposure_view(exposure) for exposure in found.exposures],
        book=Amount.of(found.book),
        unrealised=_amount(found.unrealised),
        is_balanced=found.is_balanced,
        deals_not_booked=found.deals_not_booked,
    )


async def get_results(call: Call[Period]) -> ResultsView:
    since, until = call.query.since, call.query.until
    found = await position_service.results(call.tx, since, until)
    return ResultsView(
        livemode=call.key.livemode,
        since=since,
        until=until,
        spread=Amount.of(found.spread),
        realised=Amount.of(found.realised),
        gains=[
            RealisedGainView(currency=it.currency, deals=it.deals, gain=Amount.of(it.gain))
            for it in found.gains
        ],
    )


async def record_trade(call: Call, body: RecordTrade) -> DealView:
    trade_id = new_id(call.tx.now)
    draft = TradeDraft(
        trade_id,
        body.sold.money(),
        body.bought.money(),
        body.about or DEAL.text(trade_id),
        body.traded_at,
    )
    deal = await service.trade(call.tx, draft, sold_from=body.sold_from, bought_to=body.bought_to)
    return await _one(call, deal)


async def list_deals(call: Call[ListQuery]) -> List[DealView]:
    page = await service.list_deals(call.tx, limit=call.query.limit, cursor=call.query.cursor)
    gains = await service.gains_of(call.tx, [deal.deal_id for deal in page.data])
    return List[DealView].of(page, lambda deal: _view(call, deal, gains[deal.deal_id]))


async def get_deal(call: Call) -> DealView:
    return await _one(call, await service.get_deal(call.tx, call.path["deal_id"]))


async def _one(call: Call, deal: Deal) -> DealView:
    gains = await service.gains_of(call.tx, [deal.deal_id])
    return _view(call, deal, gains[deal.deal_id])


def _view(call: Call, deal: Deal, gains: Sequence[Gain]) -> DealView:
    return DealView(
        id=DEAL.text(deal.deal_id),
        livemode=call.key.livemode,
        kind=deal.kind,
        about=deal.subject,
        came_in=Amount.of(deal.came_in),
        went_out=Amount.of(deal.went_out),
        value=Amount.of(deal.value),
        spread=Amount.of(deal.spread),
        made_at=deal.made_at,
        booked_at=deal.booked_at,
        gains=[
            GainView(
                currency=gain.currency,
                closed=Amount(gain.closed_minor, gain.currency),
                cost=Amount(gain.cost_minor, deal.own_currency),
                value=Amount(gain.value_minor, deal.own_currency),
                gain=Amount(gain.gain_minor, deal.own_currency),
            )
            for gain in gains
        ],
    )


def _exposure_view(exposure: Exposure) -> ExposureView:
    rate = exposure.rate
    return ExposureView(
        currency=exposure.currency,
        quantity=Amount.of(exposure.quantity),
        book=Amount.of(exposure.book),
        market=_amount(exposure.market),
        unrealised=_amount(exposure.unrealised),
        rate=f"{shown(rate.value):f}" if rate else None,
        rate_effective_at=rate.effective_at if rate else None,
        is_balanced=exposure.is_balanced,
    )


def _amount(money: Money | None) -> Amount | None:
    return None if money is None else Amount.of(money)
