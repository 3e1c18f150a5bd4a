"""Decisions of compliance, without input or output."""

from collections.abc import Iterator
from typing import NamedTuple

from banyan.compliance.model import ComplianceDecision, ComplianceRequest, Outcome, Settings
from banyan.parties import Seller


class Finding(NamedTuple):
    """A broken rule and what it asks for."""

    outcome: Outcome
    code: str
    sentence: str


def decide(request: ComplianceRequest, settings: Settings) -> ComplianceDecision:
    """Deny if any rule denies, hold if any holds, else allow."""
    found = list(findings(request, settings))
    codes = tuple(dict.fromkeys(finding.code for finding in found))
    denials = [finding.sentence for finding in found if finding.outcome == "deny"]
    holds = [finding.sentence for finding in found if finding.outcome == "hold"]
    if denials:
        return ComplianceDecision(request.subject_id, "deny", _sentence("Denied", denials), codes)
    if holds:
        return ComplianceDecision(request.subject_id, "hold", _sentence("Held", holds), codes)
    sellers = "the seller is" if len(request.sellers) == 1 else "every seller is"
    reason = (
        f"Allowed: {request.ship_to_country} is served, {sellers} active, the buyer is not blocked."
    )
    return ComplianceDecision(request.subject_id, "allow", reason)


def findings(request: ComplianceRequest, settings: Settings) -> Iterator[Finding]:
    """Every rule that the order breaks."""
    denied = settings.denied_countries
    served = settings.allowed_countries
    buyer = request.buyer
    if request.ship_to_country in denied:
        yield Finding(
            "deny",
            "ship_to_denied",
            f"{request.ship_to_country} is on the list of denied countries",
        )
    elif served is not None and request.ship_to_country not in served:
        yield Finding("deny", "ship_to_not_served", f"nothing is sent to {request.ship_to_country}")
    if buyer.country in denied:
        yield Finding(
            "deny", "buyer_country_denied", f"the buyer is in {buyer.country}, a denied country"
        )
    if buyer.status == "blocked":
        yield Finding("deny", "buyer_blocked", "the buyer is blocked")
    for seller in request.sellers:
        if seller.country in denied:
            yield Finding(
                "deny",
                "seller_country_denied",
                f"the seller {seller.name} is in {seller.country}, a denied country",
            )
        if seller.status == "suspended":
            yield Finding("deny", "seller_suspended", f"the seller {seller.name} is suspended")
        if seller.status == "pending":
            yield Finding("hold", "seller_pending", f"the seller {seller.name} is not approved yet")


def payout_refusal(seller: Seller, settings: Settings) -> str | None:
    """Why a seller may not be paid out now, in a sentence; None: it may be."""
    if seller.country in settings.denied_countries:
        return f"The seller is in {seller.country}, a denied country."
    if seller.status == "suspended":
        return "The seller is suspended."
    if seller.status == "pending":
        return "The seller is not approved yet."
    return None


def _sentence(outcome: str, sentences: list[str]) -> str:
    return f"{outcome}: {'; '.join(dict.fromkeys(sentences))}."
