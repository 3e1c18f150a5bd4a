"""The overview: is money moving, is the machine well, does anything need a person?"""

from dataclasses import dataclass
from datetime import date, datetime

from banyan.console.look import Pill, Tone
from banyan.console.views.cases import CaseLine
from banyan.console.views.orders import OrderLine
from banyan.kernel import Money


@dataclass(frozen=True, slots=True)
class Tile:
    """A figure with its name; ``href`` leads to what it is made of."""

    label: str
    value: str
    href: str = ""
    note: str = ""
    tone: Tone = Tone.IDLE


@dataclass(frozen=True, slots=True)
class DayFigures:
    """One point of the chart and one row of the table behind it."""

    on: date
    orders: int
    placed: Money
    href: str


@dataclass(frozen=True, slots=True)
class HealthLine:
    label: str
    pill: Pill
    note: str


@dataclass(frozen=True, slots=True)
class HomeView:
    now: datetime
    tiles: tuple[Tile, ...]
    currency: str
    days: tuple[DayFigures, ...]
    needs: tuple[CaseLine, ...]
    needs_total: int
    health: tuple[HealthLine, ...]
    latest: tuple[OrderLine, ...]
