from datetime import UTC, datetime
from uuid import UUID

import pytest

from banyan.compliance import DENIED_COUNTRIES_DEFAULT, ComplianceRequest, Settings
from banyan.compliance.rules import decide, payout_refusal
from banyan.kernel import Money
from banyan.parties import Buyer, BuyerStatus, Seller, SellerStatus

AT = datetime(2018, 3, 1, tzinfo=UTC)
DEFAULTS = Settings(None, list(DENIED_COUNTRIES_DEFAULT))


def seller(status: SellerStatus = "active", *, country: str = "BR", name: str = "Ana") -> Seller:
    return Seller(UUID(int=1), UUID(int=2), None, name, country, None, "BRL", 8_000, status, AT)


def request(
    *sellers: Seller, buyer: BuyerStatus = "active", buyer_country: str = "BR", to: str = "BR"
) -> ComplianceRequest:
    return ComplianceRequest(
        subject_id=UUID(int=9),
        buyer=Buyer(UUID(int=1), UUID(int=3), None, buyer_country, None, buyer, AT),
        sellers=sellers or (seller(),),
        amount=Money.of(1000, "BRL"),
        ship_to_country=to,
    )


@pytest.mark.parametrize(
    ("asked", "outcome", "codes", "reason"),
    [
        (
            request(),
            "allow",
            (),
            "Allowed: BR is served, the seller is active, the buyer is not blocked.",
        ),
        (
            request(seller("pending")),
            "hold",
            ("seller_pending",),
            "Held: the seller Ana is not approved yet.",
        ),
        (
            request(seller("suspended")),
            "deny",
            ("seller_suspended",),
            "Denied: the seller Ana is suspended.",
        ),
        (request(buyer="blocked"), "deny", ("buyer_blocked",), "Denied: the buyer is blocked."),
        (
            request(to="KP"),
            "deny",
            ("ship_to_denied",),
            "Denied: KP is on the list of denied countries.",
        ),
        (
            request(buyer_country="IR"),
            "deny",
            ("buyer_country_denied",),
            "Denied: the buyer is in IR, a denied country.",
        ),
        (
            request(seller(country="CU")),
            "deny",
            ("seller_country_denied",),
            "Denied: the seller Ana is in CU, a denied country.",
        ),
    ],
)
def test_each_rule(
    asked: ComplianceRequest, outcome: str, codes: tuple[str, ...], reason: str
) -> None:
    decision = decide(asked, DEFAULTS)
    assert (decision.outcome, decision.codes, decision.reason) == (outcome, codes, reason)
    assert (decision.subject_id, decision.version) == (asked.subject_id, "country-lists 1")


def test_where_nothing_is_sent_to() -> None:
    decision = decide(request(to="PT"), Settings(["BR"], []))
    assert decision.codes == ("ship_to_not_served",)
    assert decision.reason == "Denied: nothing is sent to PT."
    assert decide(request(to="BR"), Settings(["BR"], [])).outcome == "allow"


def test_a_denial_beats_a_hold_and_every_broken_rule_is_named() -> None:
    sellers = (seller("pending", name="Ana"), seller("suspended", name="Bia"))
    decision = decide(request(*sellers, buyer="blocked"), DEFAULTS)
    assert decision.outcome == "deny"
    assert decision.codes == ("buyer_blocked", "seller_pending", "seller_suspended")
    assert decision.reason == "Denied: the buyer is blocked; the seller Bia is suspended."


@pytest.mark.parametrize(
    ("who", "refusal"),
    [
        (seller(), None),
        (seller("suspended"), "The seller is suspended."),
        (seller("pending"), "The seller is not approved yet."),
        (seller(country="KP"), "The seller is in KP, a denied country."),
    ],
)
def test_who_may_be_paid_out(who: Seller, refusal: str | None) -> None:
    assert payout_refusal(who, DEFAULTS) == refusal
