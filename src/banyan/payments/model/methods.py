"""How buyers pay."""

from dataclasses import dataclass
from typing import Literal

MethodType = Literal["card", "debit_card", "boleto", "pix", "voucher", "bank_transfer"]


@dataclass(frozen=True, slots=True)
class Method:
    """How the buyer pays. ``token`` is the provider's; ``fingerprint`` tells one card again."""

    type: MethodType
    token: str
    installments: int = 1
    fingerprint: str = ""
