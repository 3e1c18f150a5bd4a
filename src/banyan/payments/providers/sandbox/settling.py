"""What the sandbox settles in another currency than the buyer paid in, at rates of its own.

Its rates never change, and it takes 1 % of each exchange: what goes back to a buyer costs more than
was settled for it.
"""

import math
from fractions import Fraction
from typing import Final

from msgspec.structs import replace

from banyan.kernel import Currency, Money
from banyan.payments.model import Operation
from banyan.payments.providers import Answer, Settled, Succeeded

FEE_BP: Final = 290
FEE_FIXED_MINOR: Final = 30
_EXCHANGE_BP: Final = 100

_IN_EUR: Final = {
    "AUD": Fraction("1.65"), "BRL": Fraction("6.25"), "CAD": Fraction("1.60"),
    "CHF": Fraction("0.95"), "EUR": Fraction(1), "GBP": Fraction("0.84"), "INR": Fraction(100),
    "JPY": Fraction(160), "KRW": Fraction(1600), "KWD": Fraction("0.336"),
    "MXN": Fraction("21.50"), "USD": Fraction("1.10"),
}  # fmt: skip
"""What one euro costs. A payment in any other currency is settled as it was paid."""


def fee_of(amount: Money) -> int:
    """What the sandbox keeps of a capture, in minor units of its currency."""
    return amount.portion(FEE_BP).minor + FEE_FIXED_MINOR


def settled(answer: Answer, operation: Operation, currency: str | None) -> Answer:
    """The answer with what is settled for it, if that is in another currency; with the fee in it."""
    if currency is None or not isinstance(answer, Succeeded):
        return answer
    amount = Money.of(answer.amount_minor, answer.currency)
    if operation == "refund" and (back := settled_back(amount, currency)):
        return replace(answer, settled=Settled(back.minor, currency))
    if operation == "capture" or answer.is_captured:
        rate = _rate(amount, currency)
        if rate is not None:
            minor = math.floor(amount.minor * rate * (10_000 - _EXCHANGE_BP) / 10_000)
            fee_minor = fee_of(Money.of(minor, currency))
            return replace(answer, fee_minor=0, settled=Settled(minor, currency, fee_minor))
    return answer


def settled_back(amount: Money, currency: str | None) -> Money | None:
    """What giving ``amount`` back costs us in the settled currency; None if that is the same."""
    rate = None if currency is None else _rate(amount, currency)
    if currency is None or rate is None:
        return None
    minor = math.ceil(amount.minor * rate * (10_000 + _EXCHANGE_BP) / 10_000)
    return Money.of(minor, currency)


def _rate(amount: Money, currency: str) -> Fraction | None:
    """What one minor unit of an amount is worth in those of a currency."""
    paid, other = amount.currency, Currency.of(currency)
    if paid.code not in _IN_EUR or paid == other:
        return None
    rate = _IN_EUR[other.code] / _IN_EUR[paid.code]
    return rate * Fraction(10) ** (other.exponent - paid.exponent)
