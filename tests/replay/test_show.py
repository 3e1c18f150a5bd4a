import io
from dataclasses import replace

import pytest
from rich.console import Console

from banyan.replay import MarketplaceSummary, ReplaySummary, print_summary
from banyan.replay.model import Amount, LedgerProof, MoneySummary


def shown(summary: ReplaySummary) -> str:
    console = Console(file=io.StringIO(), width=100)
    print_summary(console, summary)
    return console.file.getvalue()


@pytest.fixture
def summary() -> ReplaySummary:
    amounts = [Amount(minor, "BRL") for minor in (34_567_890, 1, 2, 3, 4, 5, 6, 7)]
    market = MarketplaceSummary(
        orders={"settled": 2_300, "in_review": 8, "shipped": 0},
        money=MoneySummary(*amounts),
        human_touches_per_1000=3.25,
    )
    return ReplaySummary(
        marketplace=market,
        ledger=LedgerProof(is_balanced=True, legs=21_000),
        orders_placed=2_308,
        orders_continued=0,
        orders_without_items=31,
        orders_too_late=0,
        refusals=(),
        elapsed_s=60.0,
        orders_per_s=38.47,
        jobs_failed=0,
        steps_waiting=0,
    )


def test_the_figures_can_be_checked(summary: ReplaySummary):
    text = shown(summary)
    assert "R$345,678.90" in text
    assert "2,308 placed now, 31 without items left out" in text
    assert "in review" in text
    assert "shipped" not in text
    assert [line.split()[:3] for line in text.splitlines() if "balanced" in line] == [
        ["Ledger", "balanced", "yes"]
    ]
    assert "!" not in text


def test_trouble_is_said(summary: ReplaySummary):
    text = shown(replace(summary, jobs_failed=2, refusals=("/v1/orders: [too much]",)))
    assert "2 jobs failed for good" in text
    assert "/v1/orders: [too much]" in text
