"""Which tax stands on a commission; the European rates against what others keep."""

import csv
import json
import os
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from banyan.commission import Tax, domestic_tax, tax_on_commission
from banyan.commission.rules.tax_rates import EU, TAXES

HISTORIES = Path(os.environ.get("BANYAN_TEST_VAT_HISTORIES", "."))
"""A folder with two collections of rates: kdeldycke's ``vat_rates_history.csv`` and ibericode's
``vat_rates_eu.json``. They are not ours to ship; without them two tests are left out."""

_NEEDS_HISTORIES = pytest.mark.skipif(
    not (HISTORIES / "vat_rates_eu.json").exists(),
    reason="BANYAN_TEST_VAT_HISTORIES names no folder with the rates that others keep",
)
AT = datetime(2018, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("platform", "seller", "jurisdiction", "rate_bp"),
    [
        ("BR", "BR", "BR-ISS", 500),
        ("BR", "AR", "BR-EXPORT", 0),
        ("DE", "DE", "DE-VAT", 1_900),
        ("DE", "FR", "FR-REVERSE", 0),
        ("DE", "GB", "GB-REVERSE", 0),
        ("DE", "CH", "DE-EXPORT", 0),
        ("US", "US", "US-NONE", 0),
        ("US", "DE", "US-EXPORT", 0),
    ],
)
def test_by_where_platform_and_seller_are(
    platform: str, seller: str, jurisdiction: str, rate_bp: int
) -> None:
    tax = tax_on_commission(platform, seller, AT)
    assert (tax.jurisdiction, tax.rate_bp) == (jurisdiction, rate_bp)
    assert tax.reason.endswith(".")


def test_the_united_kingdom_has_left() -> None:
    assert tax_on_commission("DE", "GB", datetime(2021, 1, 1, tzinfo=UTC)).jurisdiction == (
        "DE-EXPORT"
    )


def test_a_consumer_in_another_member_state_pays_the_platforms_rate() -> None:
    assert tax_on_commission("DE", "FR", AT, is_business=False).jurisdiction == "DE-VAT"


def test_the_rate_is_that_of_the_day() -> None:
    for day, rate_bp in [("2020-06-30", 1_900), ("2020-07-01", 1_600), ("2021-01-01", 1_900)]:
        at = datetime.fromisoformat(f"{day}T00:00:00+00:00")
        assert domestic_tax("DE", at).rate_bp == rate_bp
    assert domestic_tax("IN", datetime(2017, 6, 30, tzinfo=UTC)).jurisdiction == "IN-NONE"


def test_a_marketplace_may_set_its_own_at_home() -> None:
    own = Tax("BR-ISS-SP", 290, "2.9 % by the payment settings.")
    assert tax_on_commission("BR", "BR", AT, own=own) == own
    assert tax_on_commission("BR", "AR", AT, own=own).rate_bp == 0


def test_the_table_is_sound() -> None:
    assert set(TAXES) >= EU
    for country, tax in TAXES.items():
        days = [day for day, _ in tax.rates]
        assert days == sorted(set(days)), country
        assert tax.jurisdiction.startswith(f"{country}-")
        assert len(tax.jurisdiction) <= 20
        assert all(0 < rate_bp <= 3_000 for _, rate_bp in tax.rates), country


def _rate_on(country: str, day: date) -> int:
    return domestic_tax(country, datetime(day.year, day.month, day.day, tzinfo=UTC)).rate_bp


@_NEEDS_HISTORIES
def test_the_european_rates_are_those_that_others_keep() -> None:
    items = json.loads((HISTORIES / "vat_rates_eu.json").read_text())["items"]
    today = date(2026, 1, 1)
    checked = 0
    for country, history in items.items():
        country = {"EL": "GR"}.get(country, country)
        for period in history:
            since = date.fromisoformat(period["effective_from"].replace("0000", "0001"))
            if since >= date(2016, 1, 1):
                assert _rate_on(country, since) == round(period["rates"]["standard"] * 100), (
                    country, since,
                )  # fmt: skip
                checked += 1
        latest = max(history, key=lambda period: period["effective_from"])
        assert _rate_on(country, today) == round(latest["rates"]["standard"] * 100), country
    assert checked > 15


@_NEEDS_HISTORIES
def test_the_histories_agree_since_2014() -> None:
    checked = 0
    with (HISTORIES / "vat_rates_history.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            country = row["territory_codes"].split("\n")[0]
            if country not in EU or row["rate_type"] != "standard":
                continue
            begin = max(date.fromisoformat(row["start_date"]), date(2014, 2, 1))
            end = date.fromisoformat(row["stop_date"] or "2019-12-31") - timedelta(days=1)
            if begin <= end:
                for day in (begin, end):
                    rate_bp = round(float(row["rate"]) * 10_000)
                    assert _rate_on(country, day) == rate_bp, (country, day)
                checked += 1
    assert checked > 25
