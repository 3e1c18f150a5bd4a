"""How buyers pay."""

from dataclasses import dataclass
from typing import Literal

MethodType = Literal["card", "debit_card", "boleto", "pix", "voucher", "bank_transfer"]

Authentication = Literal[
    "auto", "challenge", "low_value", "low_risk", "merchant_initiated", "trusted", "out_of_scope"
]
"""What is asked of strong customer authentication: a challenge, an exemption, or the provider's choice."""

Liability = Literal["issuer", "merchant"]
"""Who bears a chargeback for fraud: the issuer, once the buyer has been authenticated."""


@dataclass(frozen=True, slots=True)
class Method:
    """How the buyer pays. ``token`` is the provider's; ``fingerprint`` tells one card again."""

    type: MethodType
    token: str
    installments: int = 1
    fingerprint: str = ""
