from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from banyan.replay.model import CaseRow
from banyan.replay.operators import cases_to_resolve, resolution_call

NOW = datetime(2018, 3, 1, tzinfo=UTC)
EVERY = ["approve", "decline", "cancel", "more_time", "refund", "arrived", "keep_waiting"]


def case(number: int, kind: str = "order.review", days: int = 2) -> CaseRow:
    return CaseRow(f"cas_{number}", kind, f"ord_{number}", NOW - timedelta(days=days), EVERY)


def test_the_newest_of_each_kind_and_what_is_fresh_stay_open():
    reviews = [case(number, days=9 - number) for number in range(1, 10)]
    lost = [case(20, "order.lost", days=30)]
    chosen = cases_to_resolve([*reversed(reviews), *lost], NOW, left_open=2)
    assert [each.id for each in chosen] == [f"cas_{number}" for number in range(1, 8)]
    assert cases_to_resolve(reviews, NOW, left_open=0) == reviews[:-1]


def test_one_review_in_five_is_declined():
    calls = [
        resolution_call(case(number), is_coming=True, about=f"order-{number}")
        for number in range(1_000)
    ]
    resolutions = Counter(call.body["resolution"] for call in calls if call)
    assert resolutions.keys() == {"approve", "decline"}
    assert 150 < resolutions["decline"] < 250


@pytest.mark.parametrize(
    ("kind", "is_coming", "resolution"),
    [
        ("order.ship_late", True, "more_time"),
        ("order.ship_late", False, "cancel"),
        ("order.lost", True, "more_time"),
        ("order.lost", False, "refund"),
        ("order.payment_unknown", True, "keep_waiting"),
    ],
)
def test_what_is_still_to_come_gets_more_time(kind: str, is_coming: bool, resolution: str):
    call = resolution_call(case(1, kind), is_coming=is_coming, about="x")
    assert call is not None
    assert call.path == "/v1/cases/cas_1/resolve"
    assert call.body["resolution"] == resolution


def test_other_kinds_are_left_to_people():
    assert resolution_call(case(1, "job.failed"), is_coming=False, about="x") is None
    forbidden = CaseRow("cas_1", "order.lost", "ord_1", NOW, ["escalate"])
    assert resolution_call(forbidden, is_coming=False, about="x") is None
