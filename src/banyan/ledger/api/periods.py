"""Operations on closed periods, and on the seals that make tampering evident."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.ledger import model, service
from banyan.ledger.api.reports import TrialBalanceView, trial_balance_view
from banyan.ledger.errors import InvalidMonth, PeriodNotClosable, PeriodNotFound
from banyan.runtime.http import Call, List, ListQuery, Operation


class LedgerPeriodView(Struct, kw_only=True):
    """A closed period: nothing takes effect at or before ``closed_through`` any more.

    ``month`` is null if it doesn't end with one. ``balanced_at`` is when its trial balance was kept
    (null: that follows within seconds), ``archived_at`` when it was archived.
    """

    object: Literal["ledger_period"] = "ledger_period"
    livemode: bool
    month: str | None
    closed_through: datetime
    closed_at: datetime
    open_holds: int | None
    balanced_at: datetime | None
    archived_at: datetime | None


class LedgerPeriodBalanceView(Struct, kw_only=True):
    """A closed month with its trial balances as they were kept, one a currency."""

    object: Literal["ledger_period_balance"] = "ledger_period_balance"
    livemode: bool
    period: LedgerPeriodView
    trial_balances: list[TrialBalanceView]


class LedgerSealView(Struct, kw_only=True):
    """A batch of the chain: its hash stands for everything that was recorded until then."""

    object: Literal["ledger_seal"] = "ledger_seal"
    livemode: bool
    batch: int
    legs: int
    hash: str
    sealed_at: datetime


Month = Annotated[str, Meta(pattern=r"^[0-9]{4}-(0[1-9]|1[0-2])$", examples=["2018-02"])]


class ClosePeriod(Struct, kw_only=True, forbid_unknown_fields=True):
    month: Month
    """In UTC. Everything before it that is open is closed with it."""


def operations() -> list[Operation]:
    return [
        Operation(
            id="closePeriod",
            method="POST",
            path="/v1/ledger/periods",
            summary="Close a month for good: nothing takes effect in it any more",
            description="It can't be opened again. What belongs there after all is dated behind it. "
            "Pending legs may be open: they have moved nothing yet.",
            handler=close_period,
            scope="ledger:write",
            body=ClosePeriod,
            returns=LedgerPeriodView,
            status=201,
            errors=(InvalidMonth, PeriodNotClosable),
            example={"month": "2018-02"},
        ),
        Operation(
            id="listPeriods",
            method="GET",
            path="/v1/ledger/periods",
            summary="List closed periods, the latest first",
            handler=list_periods,
            scope="ledger:read",
            query=ListQuery,
            returns=List[LedgerPeriodView],
        ),
        Operation(
            id="getPeriod",
            method="GET",
            path="/v1/ledger/periods/{month}",
            summary="Fetch a closed month with the trial balance that was kept of it",
            handler=get_period,
            scope="ledger:read",
            returns=LedgerPeriodBalanceView,
            errors=(InvalidMonth, PeriodNotFound),
        ),
        Operation(
            id="listSeals",
            method="GET",
            path="/v1/ledger/seals",
            summary="List the seals of what was recorded, newest first",
            description="Keep the newest one somewhere else: whoever rewrites the ledger can't "
            "rewrite that. `banyan ledger verify --against` compares.",
            handler=list_seals,
            scope="ledger:read",
            query=ListQuery,
            returns=List[LedgerSealView],
        ),
    ]


async def close_period(call: Call, body: ClosePeriod) -> LedgerPeriodView:
    return _period(call, await service.close_month(call.tx, body.month))


async def list_periods(call: Call[ListQuery]) -> List[LedgerPeriodView]:
    page = await service.list_periods(call.tx, limit=call.query.limit, cursor=call.query.cursor)
    return List[LedgerPeriodView].of(page, lambda period: _period(call, period))


async def get_period(call: Call) -> LedgerPeriodBalanceView:
    period = await service.get_month(call.tx, call.text["month"])
    trials = await service.period_balances(call.tx, period)
    return LedgerPeriodBalanceView(
        livemode=call.key.livemode,
        period=_period(call, period),
        trial_balances=[trial_balance_view(call, trial) for trial in trials],
    )


async def list_seals(call: Call[ListQuery]) -> List[LedgerSealView]:
    page = await service.list_seals(call.tx, limit=call.query.limit, cursor=call.query.cursor)
    return List[LedgerSealView].of(page, lambda seal: seal_view(call, seal))


def _period(call: Call, period: model.Period) -> LedgerPeriodView:
    return LedgerPeriodView(
        livemode=call.key.livemode,
        month=period.month,
        closed_through=period.closed_through,
        closed_at=period.closed_at,
        open_holds=period.open_holds,
        balanced_at=period.balanced_at,
        archived_at=period.archived_at,
    )


def seal_view(call: Call, seal: model.Seal) -> LedgerSealView:
    return LedgerSealView(
        livemode=call.key.livemode,
        batch=seal.batch,
        legs=seal.legs,
        hash=seal.hash.hex(),
        sealed_at=seal.sealed_at,
    )
