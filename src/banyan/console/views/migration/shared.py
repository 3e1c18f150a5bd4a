"""What several pages of a migration show."""

from dataclasses import dataclass
from datetime import datetime

from banyan.console.look import Pill
from banyan.console.views.frame import Choice


@dataclass(frozen=True, slots=True)
class PlanHead:
    """What stands above every page of a plan; ``control`` says who leads it."""

    name: str
    title: str
    version: int
    tabs: tuple[Choice, ...]
    control: Pill
    control_note: str


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """A step of a route: what, by whom, why, and since when the data plane does so.

    ``figures`` is the rest of a reason whose first sentence says it.
    """

    key: str
    at: datetime
    route: str
    route_href: str
    what: str
    kind: Pill
    by: str
    why: str
    effect: str
    figures: str = ""


@dataclass(frozen=True, slots=True)
class DivergenceLine:
    divergence_id: str
    href: str
    title: str
    route: str
    where: str
    state: Pill
    owner: str
    requests: int
    first_at: datetime
    last_at: datetime
