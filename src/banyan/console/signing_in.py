"""The sign-in page, signing out, and the choice of colours."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from banyan.console.accounts import (
    SESSION_TTL,
    sign_in_by_link,
    sign_in_by_password,
    sign_out,
)
from banyan.console.endpoints import Endpoint, refused, set_cookie, to_sign_in
from banyan.console.errors import FormExpired, SignInRefused
from banyan.console.model import Session
from banyan.console.render import plain_html
from banyan.console.security import PAGE_HEADERS, csrf_token
from banyan.console.visit import (
    SESSION_COOKIE,
    THEME_COOKIE,
    Console,
    find_session,
    read_form,
    theme_of,
)
from banyan.kernel import new_token
from banyan.runtime.http import status_of

_BROWSER_COOKIE = "banyan_browser"
"""Marks a browser before anybody has signed in with it, so that its sign-in form can be told."""


@dataclass(frozen=True, slots=True)
class SignInView:
    csrf: str
    next: str
    email: str = ""
    link_token: str = ""
    fault: str = ""


def show_sign_in(console: Console) -> Endpoint:
    """GET /console/sign-in, with ``token`` from a sign-in link or ``next`` to come back to.

    A link is not used up by opening it, only by the button: whatever fetches addresses ahead of a
    person can't spend it.
    """

    async def endpoint(request: Request) -> Response:
        wanted = _inside(request.query_params.get("next", ""))
        if await find_session(console, request) is not None:
            return RedirectResponse(wanted, 303)
        browser = request.cookies.get(_BROWSER_COOKIE) or new_token()
        link_token = request.query_params.get("token", "")[:100]
        view = SignInView(csrf_token(browser), wanted, link_token=link_token)
        return _sign_in_page(console, request, view, browser)

    return endpoint


def sign_in(console: Console) -> Endpoint:
    """POST /console/sign-in"""

    async def endpoint(request: Request) -> Response:
        browser = request.cookies.get(_BROWSER_COOKIE, "")
        try:
            form = await read_form(request, browser)
        except FormExpired as refusal:
            return refused(request, refusal)
        try:
            session = await _session(console, request, form)
        except SignInRefused as refusal:
            view = SignInView(
                csrf_token(browser),
                _inside(form.get("next", "")),
                email=form.get("email", "")[:254],
                fault=refusal.detail,
            )
            return _sign_in_page(console, request, view, browser, status_of(SignInRefused))
        answer = RedirectResponse(_inside(form.get("next", "")), 303)
        set_cookie(console, answer, SESSION_COOKIE, session.token, int(SESSION_TTL.total_seconds()))
        return answer

    return endpoint


def leave(console: Console) -> Endpoint:
    """POST /console/sign-out"""

    async def endpoint(request: Request) -> Response:
        session = await find_session(console, request)
        if session is None:
            return to_sign_in(request)
        try:
            await read_form(request, session.token)
        except FormExpired as refusal:
            return refused(request, refusal)
        await sign_out(console.database, session.token)
        answer = RedirectResponse("/console/sign-in", 303)
        answer.delete_cookie(SESSION_COOKIE, path="/console")
        return answer

    return endpoint


def choose_theme(console: Console) -> Endpoint:
    """POST /console/theme: remembers the colours in a cookie for a year."""

    async def endpoint(request: Request) -> Response:
        session = await find_session(console, request)
        if session is None:
            return to_sign_in(request)
        try:
            form = await read_form(request, session.token)
        except FormExpired as refusal:
            return refused(request, refusal)
        answer = RedirectResponse(_inside(form.get("back", "")), 303)
        theme = form.get("theme", "")
        chosen = theme if theme in ("light", "dark") else "auto"
        set_cookie(console, answer, THEME_COOKIE, chosen, 365 * 86_400)
        return answer

    return endpoint


async def _session(console: Console, request: Request, form: dict[str, str]) -> Session:
    now = console.clock.now()
    if form.get("token"):
        return await sign_in_by_link(console.database, now, form["token"])
    address = request.client.host if request.client else ""
    return await sign_in_by_password(
        console.database, now, form.get("email", ""), form.get("password", "")[:200], address
    )


def _sign_in_page(
    console: Console, request: Request, view: SignInView, browser: str, status: int = 200
) -> Response:
    html = plain_html("signing_in/sign_in.html", view, theme_of(request))
    answer = HTMLResponse(html, status, headers=dict(PAGE_HEADERS))
    set_cookie(console, answer, _BROWSER_COOKIE, browser, 86_400)
    return answer


def _inside(path: str) -> str:
    """A path of the console; anything else, such as another site, becomes the overview."""
    is_ours = path == "/console" or path.startswith(("/console/", "/console?"))
    is_plain = path.isprintable() and "\\" not in path
    return path if is_ours and is_plain else "/console"
