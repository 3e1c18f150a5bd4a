"""What accounting takes out, over HTTP."""

from typing import Annotated, Literal

from msgspec import Meta, Struct

from banyan.invoicing.errors import InvalidChart, InvalidMonth
from banyan.invoicing.model import ChartLine
from banyan.invoicing.rules import MONTH_PATTERN, PATTERN_PATTERN
from banyan.invoicing.service import exporting
from banyan.runtime.http import Call, File, Operation

_LINES_MAX = 500


class ChartLineShape(Struct, kw_only=True, forbid_unknown_fields=True):
    """A star stands for a part of a path: ``seller:*:pending``."""

    pattern: Annotated[str, Meta(pattern=PATTERN_PATTERN, max_length=120)]
    number: Annotated[str, Meta(pattern="^[A-Za-z0-9.-]{1,20}$")]
    name: Annotated[str, Meta(min_length=1, max_length=80)]


class ChartView(Struct, kw_only=True):
    """The first line that fits counts. What fits none stands under 9999."""

    object: Literal["chart_of_accounts"] = "chart_of_accounts"
    livemode: bool
    lines: list[ChartLineShape]


class SetChart(Struct, kw_only=True, forbid_unknown_fields=True):
    """Without lines: the chart that every marketplace starts with."""

    lines: Annotated[list[ChartLineShape], Meta(max_length=_LINES_MAX)]


class ExportJournal(Struct, kw_only=True, forbid_unknown_fields=True):
    month: Annotated[
        str,
        Meta(
            pattern=MONTH_PATTERN,
            examples=["2018-03"],
            description="As the legal entity counts it; without one, in UTC.",
        ),
    ]


def operations() -> list[Operation]:
    return [
        Operation(
            id="getChartOfAccounts",
            method="GET",
            path="/v1/chart_of_accounts",
            summary="Fetch which number of your chart each account of the ledger has",
            handler=get_chart,
            scope="ledger:read",
            returns=ChartView,
        ),
        Operation(
            id="setChartOfAccounts",
            method="PUT",
            path="/v1/chart_of_accounts",
            summary="Replace the chart of accounts",
            handler=set_chart,
            scope="ledger:write",
            body=SetChart,
            returns=ChartView,
            errors=(InvalidChart,),
            example={
                "lines": [
                    {"pattern": "platform:commission", "number": "8400", "name": "Commission"},
                    {"pattern": "seller:*:*", "number": "1700", "name": "Sellers"},
                ]
            },
        ),
        Operation(
            id="exportJournal",
            method="GET",
            path="/v1/exports/journal",
            summary="Download the journal of a month as CSV",
            description="Opening balances, every entry, turnovers and closing balances by number "
            "of the chart. It comes in pieces; a file without its `total` lines is not whole.",
            handler=export_journal,
            scope="ledger:read",
            query=ExportJournal,
            returns=File,
            media_types=("text/csv; charset=utf-8",),
            errors=(InvalidMonth,),
            transaction=False,
        ),
    ]


async def get_chart(call: Call) -> ChartView:
    return _view(await exporting.get_chart(call.tx), livemode=call.key.livemode)


async def set_chart(call: Call, body: SetChart) -> ChartView:
    lines = [ChartLine(line.pattern, line.number, line.name) for line in body.lines]
    return _view(await exporting.set_chart(call.tx, lines), livemode=call.key.livemode)


async def export_journal(call: Call[ExportJournal]) -> File:
    assert call.database is not None, "the operation has transactions of its own"
    marketplace_id = call.key.marketplace_id
    async with call.database.transaction(marketplace_id) as tx:
        period = await exporting.period_of(tx, call.query.month)
    chunks = exporting.journal_chunks(call.database, marketplace_id, period)
    return File(f"journal-{period.month}.csv", "text/csv; charset=utf-8", chunks)


def _view(lines: list[ChartLine], *, livemode: bool) -> ChartView:
    return ChartView(
        livemode=livemode,
        lines=[
            ChartLineShape(pattern=line.pattern, number=line.number, name=line.name)
            for line in lines
        ],
    )
