"""What deals do to positions: cost by weighted average, gains where a position is closed.

A deal adds to a position in its direction at its value; against its direction it closes part of it:
that part's cost leaves, and the difference to the value is a gain. So at any time, to the unit::

    sum of costs  =  sum of the deals' values  +  sum of gains

because every deal brings in what it gives out (with its spread): costs less gains are what the own
currency has paid, which is what the ledger's position account of the own currency says.
"""

from collections.abc import Iterable, Mapping
from fractions import Fraction
from uuid import UUID

from banyan.fx.model import Deal, Gain, Position


def book(
    positions: Mapping[str, Position], deals: Iterable[Deal]
) -> tuple[dict[str, Position], list[Gain]]:
    """The positions after the deals, in their order, and what was gained."""
    after = dict(positions)
    gains: list[Gain] = []
    for deal in deals:
        sides = (
            (deal.in_currency, deal.in_minor, deal.in_value_minor),
            (deal.out_currency, -deal.out_minor, -deal.out_value_minor),
        )
        for currency, quantity_minor, value_minor in sides:
            if currency == deal.own_currency:
                continue
            before = after.get(currency, Position(currency))
            after[currency], gain = _changed(before, quantity_minor, value_minor, deal.deal_id)
            gains += [gain] if gain else []
    return after, gains


def _changed(
    position: Position, quantity_minor: int, value_minor: int, deal_id: UUID
) -> tuple[Position, Gain | None]:
    """The position with a quantity more (or less), and the gain if that closed part of it."""
    held = position.quantity_minor
    if held == 0 or (held > 0) == (quantity_minor > 0):
        return _with(position, quantity_minor, value_minor), None
    closed = max(-held, quantity_minor) if held > 0 else min(-held, quantity_minor)
    value_closed = _part(value_minor, closed, quantity_minor)
    cost_closed = _part(position.cost_minor, -closed, held)
    gain = Gain(
        deal_id=deal_id,
        currency=position.currency,
        closed_minor=-closed,
        cost_minor=cost_closed,
        value_minor=-value_closed,
        gain_minor=-value_closed - cost_closed,
    )
    rest = _with(position, closed, -cost_closed)
    return _with(rest, quantity_minor - closed, value_minor - value_closed), gain


def _with(position: Position, quantity_minor: int, cost_minor: int) -> Position:
    return Position(
        position.currency,
        position.quantity_minor + quantity_minor,
        position.cost_minor + cost_minor,
    )


def _part(amount: int, part: int, whole: int) -> int:
    """``part`` / ``whole`` of an amount, to the nearest unit; the rest is the other part's."""
    return round(Fraction(amount * part, whole))
