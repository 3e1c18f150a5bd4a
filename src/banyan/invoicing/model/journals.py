"""What accounting takes out of the ledger."""

from dataclasses import dataclass

from banyan.kernel import Money


@dataclass(frozen=True, slots=True)
class ChartLine:
    """Accounts of the ledger that fit ``pattern`` are ``number`` in the accountant's chart.

    A star stands for one or more letters of a path, colons excepted: ``seller:*:pending``.
    """

    pattern: str
    number: str
    name: str


@dataclass(slots=True)
class Control:
    """One number of the chart in one currency over a period; balances are credits less debits."""

    line: ChartLine
    currency: str
    opening_minor: int = 0
    debits_minor: int = 0
    credits_minor: int = 0
    ledger_minor: int = 0
    """What the ledger itself says it closes with."""

    @property
    def closing_minor(self) -> int:
        return self.opening_minor + self.credits_minor - self.debits_minor

    def money(self, minor: int) -> Money:
        return Money.of(minor, self.currency)
