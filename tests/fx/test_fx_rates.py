import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from uuid import UUID

import psycopg
import pytest

from banyan import fx
from banyan.fx import SOURCES, InvalidRate, InvalidRateFile, RateMissing, RateStale
from banyan.kernel import InvalidMoney
from banyan.runtime import Cause, Database
from tests.fx import files
from tests.fx.conftest import Desk

DAY = timedelta(days=1)


async def test_a_file_loads_once(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        first = await fx.load_rates(tx, SOURCES["ecb"], files.HISTORY_CSV)
        again = await fx.load_rates(tx, SOURCES["ecb"], files.zipped(files.HISTORY_CSV))
        events = await tx.rows("select type, payload from runtime.events order by position")
    assert (first.added, first.corrected, first.unchanged, first.skipped) == (8, 0, 0, ("CYP",))
    assert (again.added, again.corrected, again.unchanged) == (0, 0, 8)
    assert first.first_at == datetime(2007, 12, 31, 15, tzinfo=UTC)
    [(kind, news)] = events
    assert (kind, news["added"], news["source"]) == ("fx.rates_loaded", 8, "ecb")


async def test_only_what_is_asked_for(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        since = datetime(2018, 2, 28, tzinfo=UTC)
        loaded = await fx.load_rates(tx, SOURCES["ecb"], files.HISTORY_CSV, since=since)
        page = await fx.list_rates(tx, currency="USD")
    assert loaded.added == 3
    assert [str(rate.rate) for rate in page.data] == ["1.2214"]


async def test_a_correction_is_a_new_version(database: Database, sandbox: UUID) -> None:
    corrected = files.DAILY_XML.replace(b"1.2214", b"1.2241")
    async with database.transaction(sandbox, Cause("person", "usr_1", "ana@example.com")) as tx:
        await fx.load_rates(tx, SOURCES["ecb"], files.DAILY_XML)
        loaded = await fx.load_rates(tx, SOURCES["ecb"], corrected)
        page = await fx.list_rates(tx, currency="USD")
        now = await fx.rate_at(tx, "EUR", "USD")
    assert (loaded.added, loaded.corrected, loaded.unchanged) == (0, 1, 2)
    assert {(rate.version, str(rate.rate)) for rate in page.data} == {(1, "1.2214"), (2, "1.2241")}
    assert {rate.recorded_by for rate in page.data} == {"ana@example.com"}
    assert (now.value, now.path[0].version) == (Fraction("1.2241"), 2)


async def test_a_rate_is_never_rewritten(database: Database, desk: Desk) -> None:
    for statement in ("update fx.rates set rate = 1", "delete from fx.rates"):
        async with desk.begin() as tx:
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                await tx.execute(statement)


async def test_a_file_that_contradicts_itself_is_refused(database: Database, sandbox: UUID) -> None:
    lines = files.HISTORY_CSV + b"2018-02-28,1.3,,,,\n"
    async with database.transaction(sandbox) as tx:
        with pytest.raises(InvalidRateFile, match="two rates of EUR in USD for 2018-02-28"):
            await fx.load_rates(tx, SOURCES["ecb"], lines)


async def test_the_past_knows_nothing_of_what_came_later(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        await fx.load_rates(tx, SOURCES["ecb"], files.HISTORY_XML)
        morning = datetime(2018, 2, 28, 9, tzinfo=UTC)
        before = await fx.rate_at(tx, "EUR", "USD", morning)
        after = await fx.rate_at(tx, "EUR", "USD", morning + timedelta(hours=6))
    assert (before.value, after.value) == (Fraction("1.2301"), Fraction("1.2214"))
    assert before.effective_at == datetime(2018, 2, 27, 15, tzinfo=UTC)


async def test_a_rate_that_is_too_old_or_missing_is_refused(desk: Desk) -> None:
    await desk.later(days=4)  # Monday: three working days since Wednesday
    async with desk.begin() as tx:
        with pytest.raises(RateStale, match="USD to BRL is of 2018-02-28"):
            await fx.rate_at(tx, "USD", "BRL")
        with pytest.raises(RateMissing):
            await fx.rate_at(tx, "USD", "NOK")
        await fx.change_settings(
            tx, spread_bp=0, quote_ttl_s=60, rate_age_days_max=3, sources=["ecb"]
        )
        assert (await fx.rate_at(tx, "USD", "BRL")).effective_at is not None


async def test_a_rate_by_hand_goes_first(desk: Desk) -> None:
    async with desk.begin() as tx:
        made = await fx.set_rate(tx, "USD", "BRL", Decimal("3.3"))
        again = await fx.set_rate(tx, "USD", "BRL", Decimal("3.30"))
        other = await fx.set_rate(tx, "USD", "BRL", Decimal("3.31"))
        found = await fx.rate_at(tx, "USD", "BRL")
    assert again == made
    assert (other.version, other.effective_at) == (2, made.effective_at)
    assert (found.value, found.path[0].source) == (Fraction("3.31"), "manual")
    assert (await desk.events()).count("fx_rate.set") == 2


@pytest.mark.parametrize("rate", ["0", "-1", "NaN", "Infinity"])
async def test_a_rate_by_hand_has_to_be_one(desk: Desk, rate: str) -> None:
    async with desk.begin() as tx:
        with pytest.raises(InvalidRate):
            await fx.set_rate(tx, "USD", "BRL", Decimal(rate))
        with pytest.raises(InvalidRate):
            await fx.set_rate(tx, "USD", "USD", Decimal(1))
        with pytest.raises(InvalidMoney):
            await fx.set_rate(tx, "USD", "XXX", Decimal(1))


async def test_two_who_correct_at_once_make_two_versions(desk: Desk) -> None:
    at = datetime(2018, 3, 1, tzinfo=UTC)

    async def correct(rate: str) -> None:
        async with desk.begin() as tx:
            await fx.set_rate(tx, "EUR", "USD", Decimal(rate), at)

    await asyncio.gather(*(correct(f"1.2{n}") for n in range(1, 7)))
    async with desk.begin() as tx:
        page = await fx.list_rates(tx, source="manual")
    assert sorted(rate.version for rate in page.data) == [1, 2, 3, 4, 5, 6]


async def test_pages_of_rates(desk: Desk) -> None:
    async with desk.begin() as tx:
        await fx.load_rates(tx, SOURCES["ecb"], files.HISTORY_CSV)
        first = await fx.list_rates(tx, limit=4)
        rest = await fx.list_rates(tx, limit=100, cursor=first.next_cursor)
    instants = [rate.effective_at for rate in first.data + rest.data]
    assert instants == sorted(instants, reverse=True)
    assert len({rate.rate_id for rate in first.data + rest.data}) == len(instants) == 8


async def test_rates_of_another_marketplace_are_not_there(
    database: Database, desk: Desk, live: UUID
) -> None:
    async with database.transaction(live) as tx:
        assert (await fx.list_rates(tx)).data == []
        with pytest.raises(RateMissing):
            await fx.rate_at(tx, "EUR", "USD")
