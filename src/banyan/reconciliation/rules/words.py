"""How lines are spoken of in the sentences of matches and breaks."""

from banyan.kernel import Money
from banyan.reconciliation.model import Line


def about(line: Line) -> str:
    """``The capture of 19.99 EUR of 2018-03-01``."""
    return f"The {line.type.replace('_', ' ')} of {line.gross} of {line.on}"


def amount(minor: int, line: Line) -> str:
    """An amount in the currency of a line."""
    return str(Money.of(minor, line.currency))
