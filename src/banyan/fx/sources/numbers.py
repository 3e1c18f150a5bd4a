"""Numbers and codes as files have them."""

import re
from decimal import Decimal

from banyan.fx.errors import InvalidRateFile

RATE_PATTERN = r"^[0-9]{1,12}(\.[0-9]{1,12})?$"
_RATE = re.compile(RATE_PATTERN.removesuffix("$"))
_CODE = re.compile(r"[A-Z]{3}")


def read_rate(text: str, where: str) -> Decimal:
    """A decimal number above zero, exactly as written."""
    if not _RATE.fullmatch(text) or not Decimal(text):
        raise InvalidRateFile(f"{where}: {text[:40]!r} is not a rate.")
    return Decimal(text)


def read_code(text: str, where: str) -> str:
    """Three capitals; whether anybody pays with it today is not asked here."""
    if not _CODE.fullmatch(text):
        raise InvalidRateFile(f"{where}: {text[:40]!r} is not a currency code.")
    return text
