"""A statement as a page that prints well: one file, no script, nothing from elsewhere."""

from datetime import datetime
from functools import cache
from pathlib import Path
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from banyan.kernel import Money
from banyan.payments.model import LineKind, Statement
from banyan.payments.rules.statements import LABELS

_TEMPLATES = Path(__file__).parents[1] / "templates"
_MOVES: tuple[LineKind, ...] = ("reserve_kept", "reserve_freed")


def statement_page(statement: Statement) -> str:
    """HTML for A4. What comes from outside (names) is escaped."""
    zone = ZoneInfo(statement.time_zone)

    def local(at: datetime) -> str:
        return at.astimezone(zone).strftime("%Y-%m-%d %H:%M")

    opening, closing = statement.opening, statement.closing
    sums = [(label, statement.total(kind)) for kind, label in LABELS.items() if kind not in _MOVES]
    moves = [(LABELS[kind], statement.moved(kind)) for kind in _MOVES]
    return _template().render(
        statement=statement,
        from_on=local(statement.from_at),
        until_on=local(statement.until_at),
        sums=[(label, amount) for label, amount in sums if amount.minor],
        moves=[(label, amount) for label, amount in moves if amount.minor],
        parts=[
            ("Pending, until the orders are settled", opening.pending, closing.pending),
            ("Available for payouts", opening.available, closing.available),
            ("Delayed", opening.held, closing.held),
            ("In reserve", opening.reserve, closing.reserve),
        ],
        labels=LABELS,
        local=local,
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
    )
    environment.filters["money"] = _money
    return environment.get_template("statement.html")


def _money(money: Money) -> str:
    return money.format()
