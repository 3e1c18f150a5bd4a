"""What stands around every page."""

from dataclasses import dataclass, field
from datetime import datetime

from banyan.console.look import Tone


@dataclass(frozen=True, slots=True)
class Crumb:
    label: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class NavLink:
    """A link of the navigation; ``count`` only where someone should look."""

    area: str
    label: str
    href: str
    key: str = ""
    count: int = 0
    is_late: bool = False


@dataclass(frozen=True, slots=True)
class NavGroup:
    label: str
    links: tuple[NavLink, ...]


@dataclass(frozen=True, slots=True)
class MarketLink:
    """A marketplace that the switcher offers."""

    name: str
    livemode: bool
    href: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Person:
    """Who is signed in, and what the page may offer them."""

    email: str
    role: str
    permissions: frozenset[str]

    def may(self, permission: str) -> bool:
        return permission in self.permissions


@dataclass(frozen=True, slots=True)
class Toast:
    text: str
    tone: Tone = Tone.GO


@dataclass(frozen=True, slots=True)
class Frame:
    """The shell of a page in one marketplace.

    ``base`` is the path of the marketplace's pages, ``now`` the marketplace's time (a sandbox's
    clock may stand years ago), ``live_href`` the stream that tells when the page is out of date.
    """

    title: str
    area: str
    base: str
    marketplace: str
    marketplace_id: str
    currency: str
    country: str
    livemode: bool
    now: datetime
    person: Person
    csrf: str
    theme: str
    nav: tuple[NavGroup, ...]
    markets: tuple[MarketLink, ...]
    crumbs: tuple[Crumb, ...] = ()
    live_href: str = ""
    search: str = ""
    toast: Toast | None = None
    has_chart: bool = False
    back: str = ""
    api_url: str = field(default="http://127.0.0.1:8000")


@dataclass(frozen=True, slots=True)
class Choice:
    """An entry of a select or of the tabs above a list."""

    value: str
    label: str
    href: str = ""
    is_chosen: bool = False
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Fact:
    """A name and a value, with a link to what it is made of."""

    label: str
    value: str
    href: str = ""


@dataclass(frozen=True, slots=True)
class Pages:
    """Where the rest of a list is; empty texts where there is none."""

    first_href: str = ""
    next_href: str = ""
    note: str = ""
