"""The sandbox: a provider that takes no money and plays every outcome on request.

It stands in for another company's machine: books of its own, transactions of its own, its own idea
of when to answer. What happens is chosen by the token (see ``tokens`` and docs/payments.md).
"""

from banyan.payments.providers.sandbox.provider import SIGNATURE_HEADER, Sandbox
from banyan.payments.providers.sandbox.tokens import (
    BANK_TOKENS,
    TOKENS,
    BankToken,
    Token,
    check_bank_token,
    check_token,
)

__all__ = [
    "BANK_TOKENS",
    "SIGNATURE_HEADER",
    "TOKENS",
    "BankToken",
    "Sandbox",
    "Token",
    "check_bank_token",
    "check_token",
]
