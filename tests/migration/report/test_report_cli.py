"""`banyan migrate report`, called as people call it."""

import asyncio
import json
import sys
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

import pytest
import uvloop
from lxml import html

from banyan import app, migration
from banyan.cli import main
from banyan.marketplaces import ensure_marketplaces
from banyan.migration.store.findings import save_minutes
from banyan.runtime import Settings, describe
from tests.migration.plans import plan_text
from tests.migration.report.minutes import minutes_of
from tests.migration.sides import Side


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


Banyan = Callable[..., Said]


@pytest.fixture
def sides() -> Iterator[tuple[str, str]]:
    """Addresses of both sides, which run in a loop of their own, as they would elsewhere."""
    loop = asyncio.new_event_loop()
    legacy, candidate = Side("legacy"), Side("candidate")
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    for side in (legacy, candidate):
        asyncio.run_coroutine_threadsafe(side.__aenter__(), loop).result()
    yield legacy.url, candidate.url
    for side in (legacy, candidate):
        asyncio.run_coroutine_threadsafe(side.__aexit__(), loop).result()
    loop.call_soon_threadsafe(loop.stop)
    thread.join()
    loop.close()


@pytest.fixture
def banyan(
    tmp_path: Path,
    database_url: str,
    sides: tuple[str, str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Banyan:
    """Runs a command where a plan is applied and a route has been seen before and after."""
    for row in describe(Settings()):
        monkeypatch.delenv(row.variable, raising=False)
    monkeypatch.setenv("BANYAN_STATE_FOLDER", str(tmp_path / "var"))
    monkeypatch.setenv("BANYAN_DATABASE_URL", database_url)
    monkeypatch.chdir(tmp_path)

    async def prepare() -> None:
        settings = Settings(database_url=database_url)
        async with app.open_database(settings) as database:
            made = await ensure_marketplaces(database, settings, demo=False)
            live = next(each for each in made if each.livemode)
            text = plan_text(legacy=sides[0], candidates={"candidate": sides[1]})
            async with database.transaction(live.marketplace_id) as tx:
                done = await migration.apply_plan(tx, text, by="ana", why="Test")
                for phase, median_us in (("shadow", 200_000), ("candidate", 50_000)):
                    seen = minutes_of("served", phase, 10, route="catalogue", median_us=median_us)
                    await save_minutes(tx, done.stored.plan_id, seen)

    uvloop.run(prepare())

    def run(*arguments: str) -> Said:
        monkeypatch.setattr(sys, "stdin", StringIO())
        code = 0
        try:
            main(("migrate", "report", *arguments))
        except SystemExit as ending:
            code = int(ending.code or 0)
        captured = capsys.readouterr()
        return Said(code, captured.out, captured.err)

    return run


def test_the_page_is_written(banyan: Banyan, tmp_path: Path) -> None:
    said = banyan("--since", "2026-01-01")
    assert (said.code, said.err) == (0, "")
    assert "catalogue: Customers: p50 " in said.out
    assert said.out.endswith("The page is in shop-report.html.\n")
    page = html.fromstring((tmp_path / "shop-report.html").read_text())
    assert page.xpath("//h1/text()") == ["The shop: before and after"]
    assert banyan("--since", "2026-01-01", "--out", "-").out.startswith("<!doctype html>")


def test_figures_are_json(banyan: Banyan) -> None:
    said = banyan("--json", "--since", "2026-01-01")
    figures = json.loads(said.out)
    assert figures["plan"] == "shop"
    assert figures["routes"][0]["customers"]["before"]["requests"] == 600


def test_sides_are_measured_on_request(banyan: Banyan) -> None:
    costs = ("--cost-legacy", "3.60", "--cost-candidate", "1.80")
    load = ("--measure", "--path", "/product/1", "--seconds", "0.1", "--rounds", "1", "--yes")
    said = banyan(*load, *costs, "--json")
    assert (said.code, said.err) == (0, "")
    catalogue = json.loads(said.out)["routes"][0]
    assert catalogue["capacity"]["legacy"]["value"] > 0
    kept = json.loads(banyan("--json").out)["routes"][0]
    assert kept["capacity"] == catalogue["capacity"]


NO_SENSE = (
    (("--measure", "--yes"), "--path /product/1"),
    (("--path", "/product/1"), "--measure as well"),
    (("--measure", "--path", "product"), "No route of the plan takes GET product"),
    (("--measure", "--path", "/product/1", "--path", "/x"), "several routes: catalogue, rest"),
    (("--measure", "--path", "/product/1"), "Say --yes."),
    (("--cost-legacy", "1"), "--cost-candidate"),
    (("--cost-legacy", "dear", "--cost-candidate", "1"), "is no amount"),
    (("--header", "Cookie"), "is no header"),
    (("--plan", "other"), "There is no plan 'other'"),
)


def test_what_makes_no_sense_is_refused(banyan: Banyan) -> None:
    for arguments, words in NO_SENSE:
        said = banyan(*arguments)
        assert (said.code, said.out) == (2, "")
        assert said.err.startswith("banyan: ")
        assert said.err.count("\n") == 1
        assert words in said.err
