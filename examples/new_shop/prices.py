"""How money is said to customers. They have seen legacy's amounts for years, so these are the same.

Legacy divides binary floats and rounds them: 54.90 in four is 13.72, where one would expect 13.73.
``instalment(…, is_exact=True)`` is what one would expect: the demo's planted regression.
"""

from decimal import ROUND_HALF_UP, Decimal

_CENT = Decimal("0.01")


def money(value: float) -> str:
    return "R$ " + f"{value:,.2f}".translate(str.maketrans(",.", ".,"))


def instalment(price: float, *, is_exact: bool = False) -> float:
    if is_exact:
        return float((Decimal(str(price)) / 4).quantize(_CENT, ROUND_HALF_UP))
    return round(price / 4, 2)
