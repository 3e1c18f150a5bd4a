"""A request to the console: who asks, in which marketplace, and what goes back."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request

from banyan.console import store
from banyan.console.errors import FormExpired
from banyan.console.markets import by_slug, likeliest_first
from banyan.console.model import AuditEntry, Permission, Session
from banyan.console.security import digest, is_csrf_token
from banyan.console.views.frame import Crumb
from banyan.kernel import Clock
from banyan.runtime import (
    Database,
    Marketplace,
    Settings,
    StreamPosition,
    Transaction,
    list_marketplaces,
    marketplaces_in_use,
)

SESSION_COOKIE = "banyan_session"
THEME_COOKIE = "banyan_theme"
ONCE_COOKIE = "banyan_once"
"""What only the next page is to know: a secret that must not stand in an address."""
FORM_BYTES_MAX = 16_384

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Console:
    """What every page needs from outside."""

    database: Database
    settings: Settings
    clock: Clock


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of a signed-in person in one marketplace, inside one transaction."""

    request: Request
    console: Console
    session: Session
    tx: Transaction
    base: str
    form: Mapping[str, str] = field(default_factory=dict[str, str])

    @property
    def query(self) -> Mapping[str, str]:
        return self.request.query_params

    @property
    def once(self) -> str:
        """What the action that led here has left for this page; empty when it is seen again."""
        return self.request.cookies.get(ONCE_COOKIE, "")

    def path(self, name: str) -> str:
        return self.request.path_params[name]

    def may(self, permission: Permission) -> bool:
        return self.session.user.may(permission)

    def href(self, path: str, **query: str | None) -> str:
        """The address of a page of this marketplace; what is None or empty is left out."""
        given = {name: value for name, value in query.items() if value}
        return f"{self.base}/{path}" + (f"?{urlencode(given)}" if given else "")

    def again(self, **changes: str | None) -> str:
        """This page's own address with some of its query changed."""
        query: dict[str, str | None] = {**self.query, **changes}
        query.pop("done", None)
        given = {name: value for name, value in query.items() if value}
        return self.request.url.path + (f"?{urlencode(given)}" if given else "")

    async def audit(self, action: str, subject: str, note: str) -> None:
        """Record a privileged action together with its effects."""
        at = self.console.clock.now()
        actor = self.session.user.email
        entry = AuditEntry(at, self.tx.marketplace_id, actor, action, subject, note)
        await store.insert_audit(self.tx, entry)


@dataclass(frozen=True, slots=True)
class Shown:
    """A page: its template and record, and what its shell says.

    ``live_subjects`` are the subjects whose events make the page out of date; None: every event
    does; empty: it never is. ``live_every_s``: figures on it change without events, too, and it is
    out of date after so many seconds; 0: only by events.
    """

    template: str
    title: str
    area: str
    view: object
    crumbs: tuple[Crumb, ...] = ()
    live_subjects: tuple[str, ...] | None = ()
    live_every_s: int = 0
    has_chart: bool = False
    search: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """An action that took effect; ``word`` names what the next page says (see ``_SAID``).

    ``once`` is for that page alone, which reads it from ``Visit.once``.
    """

    href: str
    word: str
    once: str = ""


async def find_session(console: Console, request: Request) -> Session | None:
    """Who is signed in, if anybody is."""
    token = request.cookies.get(SESSION_COOKIE, "")
    if not token:
        return None
    async with console.database.across_marketplaces() as queries:
        user = await store.find_user_by_session(queries, digest(token), console.clock.now())
    return Session(user, token) if user else None


async def read_form(request: Request, secret: str) -> dict[str, str]:
    """The fields of a form that carries the token made from ``secret``; else ``FormExpired``."""
    sent_by = request.headers.get("sec-fetch-site", "same-origin")
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > FORM_BYTES_MAX:
            raise FormExpired("The form is larger than any of ours.")
    form = dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=30))
    if sent_by not in ("same-origin", "none") or not is_csrf_token(form.get("csrf", ""), secret):
        raise FormExpired("The form was not made for this session. Go back, reload, try again.")
    return form


def theme_of(request: Request) -> str:
    theme = request.cookies.get(THEME_COOKIE, "auto")
    return theme if theme in ("light", "dark") else "auto"


async def markets_of(console: Console) -> dict[str, Marketplace]:
    """Every marketplace by its name in addresses, the likeliest first."""
    async with console.database.across_marketplaces() as queries:
        markets = by_slug(await list_marketplaces(queries))
        return likeliest_first(markets, await marketplaces_in_use(queries))


def position_text(at: StreamPosition) -> str:
    return f"{at.xid}-{at.position}"


def position_in(text: str) -> StreamPosition:
    """The position that ``position_text`` wrote; the stream's beginning for anything else."""
    xid, _, position = text.partition("-")
    if not (xid.isascii() and xid.isdigit() and position.isascii() and position.isdigit()):
        return StreamPosition()
    return StreamPosition(int(xid), int(position))
