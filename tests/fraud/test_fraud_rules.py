import csv
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID, uuid4, uuid5

import pytest

from banyan.fraud import (
    FraudRequest,
    InvalidLimits,
    Limits,
    ListEntry,
    ListKind,
    ListName,
    Settings,
)
from banyan.fraud.model import PastOrder
from banyan.fraud.rules import History, check_limits, decide
from banyan.kernel import Money
from banyan.parties import BUYER, Buyer

AT = datetime(2018, 3, 1, 12, tzinfo=UTC)
MARKETPLACE = UUID(int=1)
OLIST = Path(__file__).parents[2] / "examples" / "olist"


def request(
    minor: int = 10_000,
    *,
    buyer: int = 3,
    currency: str = "BRL",
    fingerprint: str = "",
    at: datetime = AT,
    to: str = "BR",
) -> FraudRequest:
    return FraudRequest(
        subject_id=uuid4(),
        order="ord_1",
        buyer=Buyer(MARKETPLACE, UUID(int=buyer), None, "BR", "SP", "active", AT),
        amount=Money.of(minor, currency),
        fingerprint=fingerprint,
        ship_to_country=to,
        ship_to_region="SP",
        placed_at=at,
    )


def past(it: FraudRequest, *, hours: float = 0.5) -> PastOrder:
    """An order of the same buyer and payment method, some hours before."""
    at = it.placed_at - timedelta(hours=hours)
    return PastOrder(uuid4(), it.buyer.buyer_id, it.fingerprint, at)


def entry(list_name: ListName, kind: ListKind, value: str) -> ListEntry:
    return ListEntry(
        MARKETPLACE, uuid4(), list_name, kind, value, "Seen before.", "ana", AT, None, None
    )


def outcome(it: FraudRequest, *before: PastOrder) -> str:
    return decide(it, Settings(), [], History(before)).outcome


@pytest.mark.parametrize(
    ("minor", "first", "later"),
    [
        (80_000, "allow", "allow"),
        (80_001, "challenge", "allow"),
        (100_000, "challenge", "allow"),
        (100_001, "review", "review"),
    ],
)
def test_amounts(minor: int, first: str, later: str) -> None:
    it = request(minor)
    assert outcome(it) == first
    assert outcome(it, past(it, hours=24 * 300)) == later


def test_the_reason_names_the_amount_and_the_limit() -> None:
    decision = decide(request(123_400), Settings(), [], History())
    assert decision.reason == "To be reviewed: 1234.00 BRL is over the limit of 1000.00 BRL."
    assert decision.score_bp == 9_872
    allowed = decide(request(10_000), Settings(), [], History())
    assert allowed.reason == (
        "Allowed: 100.00 BRL and the number of recent orders are within the limits."
    )


def test_a_currency_without_limits_is_challenged() -> None:
    decision = decide(request(1, currency="JPY"), Settings(), [], History())
    assert (decision.outcome, decision.reason) == (
        "challenge",
        "Challenged: no limits are set for JPY.",
    )


def test_counts_of_a_buyer_in_an_hour_and_a_day() -> None:
    it = request()
    assert outcome(it, *[past(it) for _ in range(2)]) == "allow"
    assert outcome(it, *[past(it) for _ in range(3)]) == "review"
    assert outcome(it, *[past(it, hours=2) for _ in range(5)]) == "allow"
    assert outcome(it, *[past(it, hours=2) for _ in range(6)]) == "review"
    assert outcome(it, *[past(it, hours=24) for _ in range(6)]) == "allow"


def test_counts_of_a_payment_method_over_buyers() -> None:
    it = request(fingerprint="card-1")
    others = [past(request(buyer=10 + nth, fingerprint="card-1")) for nth in range(6)]
    assert outcome(it, *others[:5]) == "allow"
    decision = decide(it, Settings(), [], History(others))
    assert decision.reason == (
        "To be reviewed: orders with this payment method within 24 hours are 7, more than 6."
    )


def test_payments_that_cannot_be_told_apart_do_not_count_together() -> None:
    others = [past(request(buyer=10 + nth)) for nth in range(20)]
    assert outcome(request(), *others) == "allow"


def test_an_order_assessed_again_does_not_count_itself() -> None:
    it = request(90_000)
    again = PastOrder(it.subject_id, it.buyer.buyer_id, "", it.placed_at)
    decision = decide(it, Settings(), [], History([again] * 9))
    assert decision.outcome == "challenge", "it is still the buyer's first"
    assert {signal.name: signal.value for signal in decision.signals}["buyer_orders_1h"] == 1


def test_lists_deny_first_then_allow() -> None:
    it = request(500_000, fingerprint="card-1")
    buyer = BUYER.text(it.buyer.buyer_id)
    allowed = entry("allow", "buyer", buyer)
    denied = entry("deny", "payment", "card-1")
    decision = decide(it, Settings(), [allowed], History())
    assert (decision.outcome, decision.score_bp) == ("allow", 0)
    assert decision.reason == "Allowed: the buyer is on the allow list (Seen before)."
    decision = decide(it, Settings(), [allowed, denied], History())
    assert (decision.outcome, decision.score_bp) == ("deny", 10_000)
    assert decision.reason == "Denied: the payment method is on the deny list (Seen before)."
    names = [signal.name for signal in decision.signals]
    assert names[:3] == ["buyer_on_allow_list", "payment_on_deny_list", "amount"]


def test_limits_that_contradict_each_other() -> None:
    def limits(review: Money, challenge: Money) -> Limits:
        return Limits(review, challenge)

    good = limits(Money.of(100, "BRL"), Money.of(100, "BRL"))
    check_limits([good, limits(Money.of(100, "EUR"), Money.of(1, "EUR"))])
    for bad in (
        [limits(Money.of(100, "BRL"), Money.of(101, "BRL"))],
        [limits(Money.of(100, "BRL"), Money.of(1, "EUR"))],
        [good, good],
    ):
        with pytest.raises(InvalidLimits):
            check_limits(bad)


def _real_requests() -> Iterator[FraudRequest]:
    """The orders in examples/olist as fraud sees them, in the order of time."""
    amounts: dict[str, Money] = defaultdict(lambda: Money.zero("BRL"))
    for row in _table("order_items"):
        for column in ("price", "freight_value"):
            amounts[row["order_id"]] += Money.parse(row[column], "BRL")
    buyers = {row["customer_id"]: row["customer_unique_id"] for row in _table("customers")}
    for row in sorted(_table("orders"), key=lambda row: row["order_purchase_timestamp"]):
        if row["order_id"] in amounts:
            placed_at = datetime.fromisoformat(row["order_purchase_timestamp"])
            yield request(
                amounts[row["order_id"]].minor,
                buyer=uuid5(MARKETPLACE, buyers[row["customer_id"]]).int,
                at=placed_at.replace(tzinfo=UTC),
            )


def _table(name: str) -> list[dict[str, str]]:
    with (OLIST / f"{name}.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_about_one_real_order_in_a_hundred_is_stopped() -> None:
    history, outcomes = History(), Counter[str]()
    for it in _real_requests():
        outcomes[decide(it, Settings(), [], history).outcome] += 1
        history.add(PastOrder(it.subject_id, it.buyer.buyer_id, "", it.placed_at))
    total = outcomes.total()
    assert total > 2_400
    assert 0.005 <= outcomes["review"] / total <= 0.015, outcomes
    assert (outcomes["review"] + outcomes["challenge"]) / total <= 0.02, outcomes
    assert outcomes["deny"] == 0
