"""From a function of a visit to an endpoint: session, permission, transaction, shell, refusals.

A page is a function from a ``Visit`` to what is ``Shown``, an action one to what is ``Done``.
"""

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from banyan.console.errors import NotPermitted, PageNotFound
from banyan.console.model import PERMISSIONS, USER, Permission, Session
from banyan.console.render import page_html, plain_html
from banyan.console.security import PAGE_HEADERS
from banyan.console.shell import frame_of
from banyan.console.visit import (
    ONCE_COOKIE,
    Console,
    Done,
    Shown,
    Visit,
    find_session,
    markets_of,
    read_form,
    theme_of,
)
from banyan.kernel import BanyanError
from banyan.runtime import Cause, Marketplace
from banyan.runtime.http import status_of

_ONCE_LASTS_S = 60

_log = logging.getLogger(__name__)

Page: TypeAlias = "Callable[[Visit], Awaitable[Shown | Response]]"
Action: TypeAlias = "Callable[[Visit], Awaitable[Done]]"
Endpoint: TypeAlias = "Callable[[Request], Awaitable[Response]]"


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
                frame = await frame_of(visit, shown, markets)
            html = page_html(shown.template, frame, shown.view)
            answer = HTMLResponse(html, headers=dict(PAGE_HEADERS))
            if visit.once:
                set_cookie(console, answer, ONCE_COOKIE, "", 0, path=request.url.path)
            return answer
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
        answer = RedirectResponse(f"{done.href}{joint}done={done.word}", 303)
        if done.once:
            path = done.href.partition("?")[0]
            set_cookie(console, answer, ONCE_COOKIE, done.once, _ONCE_LASTS_S, path=path)
        return answer

    return endpoint


def set_cookie(
    console: Console,
    answer: Response,
    name: str,
    value: str,
    max_age_s: int,
    *,
    path: str = "/console",
) -> None:
    """A cookie that no script reads and no other site's form brings along."""
    same_site: Literal["lax"] = "lax"
    answer.set_cookie(
        name,
        value,
        max_age=max_age_s,
        path=path,
        httponly=True,
        samesite=same_site,
        secure=console.settings.url.startswith("https://"),
    )


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


async def _who_and_where(
    console: Console, request: Request
) -> tuple[Session | None, dict[str, Marketplace]]:
    session = await find_session(console, request)
    if session is None:
        return None, {}
    return session, await markets_of(console)


def _chosen(request: Request, markets: dict[str, Marketplace]) -> tuple[str, Marketplace]:
    slug = request.path_params.get("market") or next(iter(markets), None)
    if slug is None:
        raise PageNotFound("There is no marketplace yet; make one with `banyan up`.")
    if slug not in markets:
        raise PageNotFound(f"There is no marketplace {slug[:40]!r}.")
    return slug, markets[slug]


def _must(session: Session, permission: Permission) -> None:
    if not session.user.may(permission):
        able = " or ".join(role for role, allowed in PERMISSIONS.items() if permission in allowed)
        raise NotPermitted(f"Your role is {session.user.role}; this needs {able}.")
