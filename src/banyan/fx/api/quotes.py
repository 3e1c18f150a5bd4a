"""HTTP operations on quotes."""

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from banyan.fx.api.fields import Path
from banyan.fx.api.rates import StepView, step_view
from banyan.fx.errors import (
    AmountTooSmall,
    QuoteExpired,
    QuoteNotFound,
    QuoteUsed,
    RateMissing,
    RateStale,
    SameCurrency,
)
from banyan.fx.model import DEAL, QUOTE, Fixed, Quote, QuoteState, Step
from banyan.fx.service import quotes as service
from banyan.kernel import InvalidMoney
from banyan.ledger import AccountNotFound, TransferRejected
from banyan.runtime.http import (
    Amount,
    Call,
    CurrencyCode,
    List,
    ListQuery,
    Operation,
    PositiveAmount,
    check_currency,
)


class QuoteView(Struct, kw_only=True):
    """A promise to take `sell` and to give `buy` for it, until `expires_at`, once.

    `fixed` says which of the two was asked for; the other one is rounded in the marketplace's favour.
    `rate` is `mid_rate` less the spread, both with 12 significant digits. `spread` is what stays with
    the marketplace, in its own currency, rounding included. `path` holds the rates that were used.
    """

    id: str
    object: Literal["fx_quote"] = "fx_quote"
    livemode: bool
    state: QuoteState
    sell: Amount
    buy: Amount
    fixed: Fixed
    rate: str
    mid_rate: str
    spread_bp: int
    spread: Amount
    path: list[StepView]
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    used_by: str | None
    deal: str | None
    """The deal that it became once it was used."""


class CreateQuote(Struct, kw_only=True, forbid_unknown_fields=True):
    """`amount` is what is sold, or what is bought if `fixed` says so; `currency` the other side."""

    amount: PositiveAmount
    currency: CurrencyCode
    fixed: Fixed = "sell"
    spread_bp: Annotated[int, Meta(ge=0, le=5000)] | None = None
    """Null: as the settings say."""
    ttl_s: Annotated[int, Meta(ge=1, le=604_800)] | None = None
    """For how long it holds. Null: as the settings say."""

    def __post_init__(self) -> None:
        check_currency(self.currency)


class ConvertQuote(Struct, kw_only=True, forbid_unknown_fields=True):
    """`source` is an account in the sold currency, `target` one in the bought currency."""

    source: Path
    target: Path


def operations() -> list[Operation]:
    return [
        Operation(
            id="createFxQuote",
            method="POST",
            path="/v1/fx/quotes",
            summary="Get a quote for an exchange",
            handler=create_quote,
            scope="fx:write",
            body=CreateQuote,
            returns=QuoteView,
            status=201,
            errors=(RateMissing, RateStale, SameCurrency, AmountTooSmall, InvalidMoney),
            example={"amount": {"amount": 10_000, "currency": "USD"}, "currency": "BRL"},
        ),
        Operation(
            id="getFxQuote",
            method="GET",
            path="/v1/fx/quotes/{quote_id}",
            ids={"quote_id": QUOTE},
            summary="Fetch a quote",
            handler=get_quote,
            scope="fx:read",
            returns=QuoteView,
            errors=(QuoteNotFound,),
        ),
        Operation(
            id="listFxQuotes",
            method="GET",
            path="/v1/fx/quotes",
            summary="List quotes, the newest first",
            handler=list_quotes,
            scope="fx:read",
            query=ListQuery,
            returns=List[QuoteView],
        ),
        Operation(
            id="convertFxQuote",
            method="POST",
            path="/v1/fx/quotes/{quote_id}/convert",
            ids={"quote_id": QUOTE},
            summary="Exchange what was quoted, between two accounts of the ledger",
            description="Again with the same accounts it changes nothing.",
            handler=convert_quote,
            scope="fx:write",
            body=ConvertQuote,
            returns=QuoteView,
            errors=(QuoteNotFound, QuoteExpired, QuoteUsed, AccountNotFound, TransferRejected),
            example={"source": "platform:bank", "target": "platform:bank"},
            needs_idempotency_key=True,
        ),
    ]


async def create_quote(call: Call, body: CreateQuote) -> QuoteView:
    amount = body.amount.money()
    quote = await service.quote(
        call.tx,
        sell=amount if body.fixed == "sell" else body.currency,
        buy=body.currency if body.fixed == "sell" else amount,
        spread_bp=body.spread_bp,
        ttl_s=body.ttl_s,
    )
    return _view(call, quote)


async def get_quote(call: Call) -> QuoteView:
    return _view(call, await service.get_quote(call.tx, call.path["quote_id"]))


async def list_quotes(call: Call[ListQuery]) -> List[QuoteView]:
    page = await service.list_quotes(call.tx, limit=call.query.limit, cursor=call.query.cursor)
    return List[QuoteView].of(page, lambda quote: _view(call, quote))


async def convert_quote(call: Call, body: ConvertQuote) -> QuoteView:
    quote = await service.convert(
        call.tx, call.path["quote_id"], source=body.source, target=body.target
    )
    return _view(call, quote)


def _view(call: Call, quote: Quote) -> QuoteView:
    return QuoteView(
        id=QUOTE.text(quote.quote_id),
        livemode=call.key.livemode,
        state=quote.state(call.tx.now),
        sell=Amount.of(quote.sell),
        buy=Amount.of(quote.buy),
        fixed=quote.fixed,
        rate=f"{quote.rate:f}",
        mid_rate=f"{quote.mid_rate:f}",
        spread_bp=quote.spread_bp,
        spread=Amount.of(quote.spread),
        path=[step_view(step) for step in msgspec.convert(quote.path, list[Step])],
        created_at=quote.created_at,
        expires_at=quote.expires_at,
        used_at=quote.used_at,
        used_by=quote.used_by,
        deal=DEAL.text(quote.quote_id) if quote.used_at else None,
    )
