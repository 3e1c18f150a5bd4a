"""How buyers pay."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Literal

MethodType = Literal[
    "card",
    "debit_card",
    "apple_pay",
    "google_pay",
    "paypal",
    "klarna",
    "ideal",
    "bancontact",
    "upi",
    "pix",
    "boleto",
    "bank_transfer",
    "sepa_instant",
    "sepa_debit",
    "voucher",
]

Family = Literal["card", "redirect", "push", "debit", "prepaid"]
"""What a method's life is like:

- ``card``: answered at once, authorized first and captured later; the buyer may have to authenticate.
- ``redirect``: the buyer confirms elsewhere, within minutes or an hour; mostly taken at once.
- ``push``: the buyer is told how to pay and does it, or lets it expire; taken when it arrives.
- ``debit``: we pull from the buyer's account; certain only days later, and it can still come back.
- ``prepaid``: taken at once from what the buyer has paid before.
"""

Authentication = Literal[
    "auto", "challenge", "low_value", "low_risk", "merchant_initiated", "trusted", "out_of_scope"
]
"""What is asked of strong customer authentication: a challenge, an exemption, or the provider's choice."""

Liability = Literal["issuer", "merchant"]
"""Who bears a chargeback for fraud: the issuer, once the buyer has been authenticated."""

Risk = Literal["normal", "low", "high"]
"""What is known of a payment's risk: ``high`` asks for a challenge, ``low`` may be exempted from it."""


@dataclass(frozen=True, slots=True)
class Method:
    """How the buyer pays. ``fingerprint`` tells one card again.

    ``token`` is understood by every provider that may be asked; ``tokens`` are those of single
    providers, by their names. Only providers that have a token can be asked.
    """

    type: MethodType
    token: str = ""
    installments: int = 1
    fingerprint: str = ""
    tokens: Mapping[str, str] = field(default_factory=dict[str, str])

    def token_for(self, provider: str) -> str:
        """The provider's token; empty if it has none."""
        return self.tokens.get(provider, self.token)


@dataclass(frozen=True, slots=True, kw_only=True)
class MethodSpec:
    """What is true of a method of payment, whoever the provider is.

    ``countries`` (of buyers) and ``currencies``: where it is used, None for everywhere.
    ``is_captured_at_once``: there is nothing to authorize first. ``expires_after``: how long the buyer
    has to confirm or to pay. ``refunds_to``: ``source`` is the way it came; ``account`` means that the
    buyer has to name a bank account. ``installments_max`` by country.
    """

    type: MethodType
    name: str
    family: Family
    countries: frozenset[str] | None = None
    currencies: frozenset[str] | None = None
    is_captured_at_once: bool
    expires_after: timedelta | None = None
    refunds_to: Literal["source", "account"] = "source"
    refund_within: timedelta | None = None
    is_disputable: bool
    needs_sca: bool = False
    installments_max: Mapping[str, int] = field(default_factory=dict[str, int])
