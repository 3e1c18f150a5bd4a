"""The journal for accounting: balanced, complete, and what the trial balance says."""

import csv
import io
from collections import defaultdict
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest

from banyan import invoicing, ledger
from banyan.invoicing import ChartLine, InvalidChart, InvalidMonth, JournalUnbalanced
from banyan.invoicing.rules import DEFAULT, Chart, Journal
from banyan.invoicing.store.files import write_whole
from banyan.kernel import Money
from banyan.ledger import Balance
from banyan.runtime import Database
from tests.invoicing.conftest import ENTITY, Market


async def _journal(market: Market, month: str = "2018-03") -> list[dict[str, str]]:
    async with market.begin() as tx:
        period = await invoicing.period_of(tx, month)
    chunks = invoicing.journal_chunks(market.database, market.marketplace, period)
    text = b"".join([chunk async for chunk in chunks]).decode()
    return list(csv.DictReader(io.StringIO(text)))


def _number(text: str) -> Decimal:
    return Decimal(text or 0)


async def _lived(market: Market) -> None:
    ana, bea = await market.add_seller("Ana"), await market.add_seller("Bea")
    await market.set_entity(replace(ENTITY, is_automatic=False))
    await market.refund(await market.sell({ana: 10_000, bea: 3_333}), 1_500)
    await market.sell({bea: 5_001}, currency="KWD", order="ord_2")
    await market.to(datetime(2018, 4, 3, tzinfo=UTC))
    await market.sell({ana: 700}, order="=cmd()")


async def test_every_transfer_balances_and_the_totals_are_those_of_the_ledger(
    market: Market,
) -> None:
    await _lived(market)
    rows = await _journal(market)
    sums: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in rows:
        if row["record"] == "entry":
            sums[row["document"], row["currency"]] += _number(row["debit"]) - _number(row["credit"])
            assert row["date"].startswith("2018-03")
    assert len(sums) == 3  # two captures and a refund
    assert set(sums.values()) == {Decimal(0)}
    assert [(r["currency"], r["debit"] == r["credit"]) for r in rows if r["record"] == "total"] == [
        ("BRL", True),
        ("KWD", True),
    ]
    closing = defaultdict[tuple[str, str], Decimal](Decimal)
    for row in rows:
        if row["record"] == "closing":
            head = next(line.pattern for line in DEFAULT if line.number == row["account"])
            key = head.split(":")[0], row["currency"]
            closing[key] += _number(row["credit"]) - _number(row["debit"])
    expected = defaultdict[tuple[str, str], Decimal](Decimal)
    async with market.begin() as tx:
        accounts = await ledger.list_accounts(tx, limit=100)
        for balance in await ledger.balances(
            tx,
            [account.path for account in accounts.data],
            effective_at=datetime(2018, 3, 31, 23, 59, 59, tzinfo=UTC),
        ):
            expected[balance.path.split(":")[0], balance.currency] += balance.posted.decimal
    assert {k: v for k, v in closing.items() if v} == {k: v for k, v in expected.items() if v}


async def test_a_month_goes_on_where_the_one_before_ended(market: Market) -> None:
    await _lived(market)
    march, april = await _journal(market), await _journal(market, "2018-04")

    def balances(rows: list[dict[str, str]], record: str) -> list[tuple[str, ...]]:
        wanted = ("account", "debit", "credit", "currency")
        return [tuple(row[name] for name in wanted) for row in rows if row["record"] == record]

    assert balances(march, "opening") == []
    assert balances(march, "closing") == balances(april, "opening") != []
    entries = [row for row in april if row["record"] == "entry"]
    assert {row["subject"] for row in entries} == {"'=cmd()"}
    async with market.begin() as tx:
        trial = {one.currency: one for one in await ledger.trial_balance(tx)}
    for currency in ("BRL", "KWD"):
        rows = [row for row in april if (row["record"], row["currency"]) == ("closing", currency)]
        net = sum(_number(row["debit"]) - _number(row["credit"]) for row in rows)
        assert net == 0
        assert sum(_number(row["credit"]) for row in rows) <= trial[currency].credits.decimal


async def test_a_month_without_entries_has_its_balances(market: Market) -> None:
    await _lived(market)
    rows = await _journal(market, "2018-07")
    assert {row["record"] for row in rows} == {"opening", "closing", "total"}
    with pytest.raises(InvalidMonth):
        await _journal(market, "2018-13")


async def test_the_chart_is_the_marketplaces_own(market: Market) -> None:
    await _lived(market)
    lines = [
        ChartLine("platform:commission", "8400", "Provisionserlöse"),
        ChartLine("seller:*:*", "1700", "Händler"),
    ]
    async with market.begin() as tx:
        assert (await invoicing.get_chart(tx)) == [*DEFAULT]
        assert (await invoicing.set_chart(tx, lines)) == lines
    numbers = {row["account"] for row in await _journal(market)} - {""}
    assert numbers == {"8400", "1700", "9999"}
    async with market.begin() as tx:
        assert (await invoicing.set_chart(tx, [])) == [*DEFAULT]
        for wrong in ([ChartLine("Not a path", "1", "x")], lines + lines):
            with pytest.raises(InvalidChart):
                await invoicing.set_chart(tx, wrong)


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("seller:sel_1:pending", "2100"),
        ("seller:sel_1:bonus", "2190"),
        ("tax:BR-ISS:commission", "2300"),
        ("provider:stripe:receivable", "1200"),
        ("provider:stripe:eu:receivable", "9999"),
        ("elsewhere", "9999"),
    ],
)
def test_the_first_pattern_that_fits_counts(path: str, number: str) -> None:
    assert Chart(DEFAULT).line_of(path).number == number


def test_a_journal_that_does_not_lead_to_the_ledgers_balance_is_refused() -> None:
    journal = Journal(Chart(DEFAULT), "UTC")
    journal.open_with([Balance("platform:commission", "EUR", Money.of(100, "EUR"))])
    journal.compare([Balance("platform:commission", "EUR", Money.of(101, "EUR"))])
    with pytest.raises(JournalUnbalanced):
        journal.check()


async def test_a_file_is_written_whole_or_not_at_all(market: Market, tmp_path: Path) -> None:
    await _lived(market)
    path = tmp_path / "journal.csv"
    size = await invoicing.write_journal(market.database, market.marketplace, "2018-03", path)
    assert path.stat().st_size == size
    assert path.read_text().startswith("record,date,document,")

    async def dies() -> AsyncIterator[bytes]:
        yield b"half"
        raise RuntimeError("it dies")

    with pytest.raises(RuntimeError):
        await write_whole(path, dies())
    assert path.stat().st_size == size
    assert _names(tmp_path) == ["journal.csv"]


def _names(folder: Path) -> list[str]:
    return [one.name for one in folder.iterdir()]


async def test_a_snapshot_does_not_see_what_comes_later(market: Market) -> None:
    database: Database = market.database
    await _lived(market)
    async with database.snapshot(market.marketplace) as tx:
        before = await ledger.trial_balance(tx)
        await market.book("platform:bank", "platform:goodwill", 5_000)
        assert await ledger.trial_balance(tx) == before
