"""A request to the console: who asks, in which marketplace, and what goes back.

A page is a function from a ``Visit`` to a ``Shown`` (a template and its record). An action is a
function from a ``Visit`` to a ``Done`` (where to go, and what to say there). ``page`` and ``action``
wrap them: session, permission, form token, one transaction, shell, headers.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias
from urllib.parse import parse_qsl, quote, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from banyan.console import store
from banyan.console.errors import FormExpired, NotPermitted, PageNotFound
from banyan.console.look import Tone
from banyan.console.markets import by_slug, first_slug
from banyan.console.model import PERMISSIONS, USER, AuditEntry, Permission, Session
from banyan.console.render import page_html, plain_html
from banyan.console.security import PAGE_HEADERS, csrf_token, digest, is_csrf_token
from banyan.console.views.frame import Crumb, Frame, MarketLink, NavGroup, NavLink, Person, Toast
from banyan.kernel import BanyanError, Clock
from banyan.operations import CaseCounts, case_counts
from banyan.runtime import Cause, Database, Marketplace, Settings, Transaction, list_marketplaces
from banyan.runtime.http import status_of

SESSION_COOKIE = "banyan_session"
THEME_COOKIE = "banyan_theme"
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
    does; empty: it never is.
    """

    template: str
    title: str
    area: str
    view: object
    crumbs: tuple[Crumb, ...] = ()
    live_subjects: tuple[str, ...] | None = ()
    has_chart: bool = False
    search: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """An action that took effect; ``word`` names what the next page says (see ``_SAID``)."""

    href: str
    word: str


Page: TypeAlias = "Callable[[Visit], Awaitable[Shown | Response]]"
Action: TypeAlias = "Callable[[Visit], Awaitable[Done]]"
Endpoint: TypeAlias = "Callable[[Request], Awaitable[Response]]"

_SAID = {
    "assigned": "Assigned to you.",
    "resolved": "Decided. The order goes on.",
    "cancelled": "The order is being cancelled.",
    "refunded": "The refund is on its way.",
}


def page(console: Console, show: Page, permission: Permission = Permission.VIEW) -> Endpoint:
    """An endpoint that shows a page to who may see it."""

    async def endpoint(request: Request) -> Response:
        session, markets = await _who_and_where(console, request)
        if session is None:
            return to_sign_in(request)
        try:
            slug, marketplace = _chosen(request, markets)
            cause = Cause("person", USER.text(session.user.user_id), session.user.email)
            async with console.database.transaction(marketplace.marketplace_id, cause) as tx:
                visit = Visit(request, console, session, tx, f"/console/{slug}")
                _must(session, permission)
                shown = await show(visit)
                if isinstance(shown, Response):
                    return shown
                frame = _frame(visit, shown, markets, await case_counts(tx))
            html = page_html(shown.template, frame, shown.view)
            return HTMLResponse(html, headers=dict(PAGE_HEADERS))
        except BanyanError as refusal:
            return refused(request, refusal)

    return endpoint


def action(console: Console, act: Action, permission: Permission) -> Endpoint:
    """An endpoint for a form of ours that changes something, then goes to a page."""

    async def endpoint(request: Request) -> Response:
        session, markets = await _who_and_where(console, request)
        if session is None:
            return to_sign_in(request)
        try:
            form = await read_form(request, session.token)
            slug, marketplace = _chosen(request, markets)
            _must(session, permission)
            cause = Cause("person", USER.text(session.user.user_id), session.user.email)
            async with console.database.transaction(marketplace.marketplace_id, cause) as tx:
                done = await act(Visit(request, console, session, tx, f"/console/{slug}", form))
        except BanyanError as refusal:
            return refused(request, refusal)
        joint = "&" if "?" in done.href else "?"
        return RedirectResponse(f"{done.href}{joint}done={done.word}", 303)

    return endpoint


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


def to_sign_in(request: Request) -> Response:
    """To the sign-in page, which comes back here."""
    here = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    wanted = f"?next={quote(here)}" if request.method == "GET" else ""
    return RedirectResponse(f"/console/sign-in{wanted}", 303)


@dataclass(frozen=True, slots=True)
class RefusalView:
    title: str
    detail: str
    back: str
    back_label: str


def refused(request: Request, refusal: BanyanError) -> Response:
    """A refusal as a page that says what to do next."""
    _log.info("refused", extra={"code": refusal.code, "path": request.url.path})
    is_form = request.method == "POST"
    back = request.headers.get("referer", "") if is_form else ""
    origin = f"{request.url.scheme}://{request.url.netloc}/console"
    here = back if back.startswith(origin) else "/console"
    label = "Back" if here != "/console" else "To the overview"
    view = RefusalView(refusal.title, refusal.detail, here, label)
    html = plain_html("refusal.html", view, theme_of(request))
    return HTMLResponse(html, status_of(type(refusal)), headers=dict(PAGE_HEADERS))


def theme_of(request: Request) -> str:
    theme = request.cookies.get(THEME_COOKIE, "auto")
    return theme if theme in ("light", "dark") else "auto"


async def _who_and_where(
    console: Console, request: Request
) -> tuple[Session | None, dict[str, Marketplace]]:
    session = await find_session(console, request)
    if session is None:
        return None, {}
    return session, await markets_of(console)


async def markets_of(console: Console) -> dict[str, Marketplace]:
    """Every marketplace by its name in addresses."""
    async with console.database.across_marketplaces() as queries:
        return by_slug(await list_marketplaces(queries))


def _chosen(request: Request, markets: dict[str, Marketplace]) -> tuple[str, Marketplace]:
    slug = request.path_params.get("market") or first_slug(markets)
    if slug is None:
        raise PageNotFound("There is no marketplace yet; make one with `banyan up`.")
    if slug not in markets:
        raise PageNotFound(f"There is no marketplace {slug[:40]!r}.")
    return slug, markets[slug]


def _must(session: Session, permission: Permission) -> None:
    if not session.user.may(permission):
        able = " or ".join(role for role, allowed in PERMISSIONS.items() if permission in allowed)
        raise NotPermitted(f"Your role is {session.user.role}; this needs {able}.")


def _frame(visit: Visit, shown: Shown, markets: dict[str, Marketplace], cases: CaseCounts) -> Frame:
    user = visit.session.user
    here = visit.tx.marketplace
    said = _SAID.get(visit.query.get("done", ""))
    permissions = frozenset(permission.value for permission in PERMISSIONS[user.role])
    return Frame(
        title=shown.title,
        area=shown.area,
        base=visit.base,
        marketplace=here.name,
        livemode=here.livemode,
        now=visit.tx.now,
        person=Person(user.email, user.role, permissions),
        csrf=csrf_token(visit.session.token),
        theme=theme_of(visit.request),
        nav=_navigation(visit, cases),
        markets=tuple(
            MarketLink(market.name, market.livemode, f"/console/{slug}", market == here)
            for slug, market in markets.items()
        ),
        crumbs=shown.crumbs or (Crumb(shown.title),),
        live_href=_live_href(visit, shown),
        search=shown.search,
        toast=Toast(said, Tone.GO) if said else None,
        has_chart=shown.has_chart,
        back=visit.again(),
        api_url=visit.console.settings.url,
    )


def _live_href(visit: Visit, shown: Shown) -> str:
    if shown.live_subjects is None:
        return visit.href("live")
    return visit.href("live", subjects=",".join(shown.live_subjects)) if shown.live_subjects else ""


def _navigation(visit: Visit, cases: CaseCounts) -> tuple[NavGroup, ...]:
    def link(area: str, label: str, key: str = "") -> NavLink:
        return NavLink(area, label, visit.href(area), key)

    waiting = NavLink("cases", "Cases", visit.href("cases"), "c", cases.open, cases.overdue > 0)
    watch = [link("events", "Events", "e"), NavLink("health", "Health", "/console/health")]
    if visit.may(Permission.READ_AUDIT):
        watch.append(NavLink("audit", "Audit", "/console/audit"))
    return (
        NavGroup("", (NavLink("home", "Overview", visit.base, "h"),)),
        NavGroup("Run", (link("orders", "Orders", "o"), waiting, link("sellers", "Sellers", "s"))),
        NavGroup(
            "Money",
            (
                link("payments", "Payments", "p"),
                link("payouts", "Payouts"),
                link("disputes", "Disputes"),
                link("ledger", "Ledger", "l"),
            ),
        ),
        NavGroup("Watch", tuple(watch)),
    )
