"""The chart of accounts: which number of the accountant's an account of the ledger has."""

import re
from collections.abc import Sequence
from functools import cache

from banyan.invoicing.errors import InvalidChart
from banyan.invoicing.model import ChartLine
from banyan.kernel import Fault

PATTERN_PATTERN = r"^[a-z0-9_*]+(:[A-Za-z0-9_.*\-]+)*$"
_PATTERN = re.compile(PATTERN_PATTERN.removesuffix("$"))

UNMAPPED = ChartLine("*", "9999", "Not in the chart")

DEFAULT = (
    ChartLine("provider:*:receivable", "1200", "Held by payment providers"),
    ChartLine("platform:bank", "1000", "Bank"),
    ChartLine("payouts:in_transit", "1250", "Payouts in transit"),
    ChartLine("disputes:held", "1260", "Held for disputes"),
    ChartLine("buyer:funds_held", "2000", "Buyers' money held"),
    ChartLine("seller:*:pending", "2100", "Owed to sellers, not due yet"),
    ChartLine("seller:*:available", "2110", "Owed to sellers, due"),
    ChartLine("seller:*:reserve", "2120", "Sellers' reserves"),
    ChartLine("seller:*:*", "2190", "Sellers, other"),
    ChartLine("tax:*:*", "2300", "Tax payable"),
    ChartLine("fx:position", "2800", "Currency positions"),
    ChartLine("fx:*", "4800", "Gains and losses on currencies"),
    ChartLine("platform:commission", "4000", "Commission"),
    ChartLine("platform:service_fees", "4010", "Service fees of buyers"),
    ChartLine("platform:shipping", "4020", "Shipping"),
    ChartLine("platform:dispute_fees", "4030", "Dispute fees charged on"),
    ChartLine("platform:promotions", "6100", "Promotions"),
    ChartLine("platform:write_offs", "6200", "Losses on disputes"),
    ChartLine("platform:reconciliation_differences", "6300", "Differences to statements"),
    ChartLine("provider:*:fees", "6000", "Fees of payment providers"),
    ChartLine("platform:*", "4900", "Platform, other"),
)
"""What a marketplace starts with: 1 assets, 2 liabilities, 4 income, 6 expenses."""


def check_chart(lines: Sequence[ChartLine]) -> None:
    """``InvalidChart`` for a pattern that no account could fit, or one that comes twice."""
    seen: set[str] = set()
    for place, line in enumerate(lines):
        pointer = f"/lines/{place}/pattern"
        if not _PATTERN.fullmatch(line.pattern):
            raise _invalid(
                pointer, f"{line.pattern[:60]!r} is no pattern, such as tax:*:commission."
            )
        if line.pattern in seen:
            raise _invalid(pointer, f"{line.pattern} comes twice; only the first would count.")
        seen.add(line.pattern)


class Chart:
    """A chart at work: finds the line of a path, and remembers it."""

    def __init__(self, lines: Sequence[ChartLine]) -> None:
        self._lines = [(_matcher(line.pattern), line) for line in lines]
        self._known: dict[str, ChartLine] = {}

    def line_of(self, path: str) -> ChartLine:
        """The first line whose pattern fits; ``UNMAPPED`` if none does."""
        line = self._known.get(path)
        if line is None:
            line = next((one for fits, one in self._lines if fits.fullmatch(path)), UNMAPPED)
            if len(self._known) < _KNOWN_MAX:
                self._known[path] = line
        return line


_KNOWN_MAX = 100_000


@cache
def _matcher(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", "[^:]+"))


def _invalid(pointer: str, detail: str) -> InvalidChart:
    return InvalidChart(detail, faults=(Fault("invalid_chart", detail, pointer),))
