"""Records of compliance."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from banyan import parties
from banyan.kernel import Money

VERSION = "country-lists 1"

Outcome = Literal["allow", "hold", "deny"]

DENIED_COUNTRIES_DEFAULT = ("CU", "IR", "KP", "SY")
"""What a marketplace starts with: countries under broad embargoes of the United States or the
European Union in recent years, which most payment providers don't serve. A starting point that the
operator must check against the law that binds them; it is not legal advice."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Where a marketplace trades; ``allowed_countries`` None: it sends anywhere not denied."""

    allowed_countries: list[str] | None
    denied_countries: list[str]
    updated_at: datetime | None = None
    updated_by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComplianceRequest:
    """An order to be: who buys from whom, for how much, and where it goes."""

    subject_id: UUID
    buyer: parties.Buyer
    sellers: tuple[parties.Seller, ...]
    amount: Money
    ship_to_country: str


@dataclass(frozen=True, slots=True)
class ComplianceDecision:
    """``codes`` name every rule that was broken; ``reason`` tells the ones that decided."""

    subject_id: UUID
    outcome: Outcome
    reason: str
    codes: tuple[str, ...] = ()
    version: str = VERSION
