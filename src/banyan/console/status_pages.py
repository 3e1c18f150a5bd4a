"""Status pages of migrations: for readers without an account, who have a link.

The token in the address is all that is asked for; it is kept out of other servers' logs by
``Referrer-Policy: no-referrer``, and out of search engines.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

import msgspec
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from banyan.console.endpoints import RefusalView
from banyan.console.look import Pill, Tone, words
from banyan.console.render import plain_html
from banyan.console.security import PAGE_HEADERS
from banyan.console.views.status_pages import MilestoneLine, RouteLine, StatusView
from banyan.console.visit import Console
from banyan.kernel import BanyanError
from banyan.migration import informing
from banyan.migration.informing import Snapshot, StatusLink, StatusPage
from banyan.runtime.http import status_of

_log = logging.getLogger(__name__)

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        **PAGE_HEADERS,
        "Referrer-Policy": "no-referrer",
        "X-Robots-Tag": "noindex, nofollow",
        "Cache-Control": "private, no-cache",
    }
)
_PHASES = {
    "legacy": Pill("Old platform"),
    "shadow": Pill("Shadow", Tone.INFO),
    "canary": Pill("Canary", Tone.INFO),
    "ramp": Pill("Ramp", Tone.INFO),
    "candidate": Pill("New platform", Tone.GO),
    "retired": Pill("Done", Tone.GO),
}
_STANDINGS = {"done": Tone.GO, "on_time": Tone.INFO, "at_risk": Tone.WAIT, "late": Tone.LOST}

Shape = Callable[[Request, Snapshot, StatusLink], Response]


def status_routes(console: Console) -> list[BaseRoute]:
    """``/status/{token}`` as a page, ``.json``, a calendar and a feed."""
    return [
        Route("/status/{token}.json", _endpoint(console, _json)),
        Route("/status/{token}/calendar.ics", _endpoint(console, _calendar)),
        Route("/status/{token}/changes.atom", _endpoint(console, _feed)),
        Route("/status/{token}", _endpoint(console, _page)),
    ]


def _endpoint(console: Console, shape: Shape) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            link = await informing.open_link(console.database, request.path_params["token"])
            async with console.database.transaction(link.marketplace_id) as tx:
                snapshot = await informing.snapshot_of_plan(tx, link.plan_id)
        except BanyanError as refusal:
            _log.info("no status page", extra={"code": refusal.code})
            view = RefusalView(refusal.title, refusal.detail, "", "")
            html = plain_html("status/refusal.html", view)
            return HTMLResponse(html, status_of(type(refusal)), headers=dict(HEADERS))
        return shape(request, snapshot, link)

    return endpoint


def _page(request: Request, snapshot: Snapshot, link: StatusLink) -> Response:
    page = informing.status_page(snapshot, link.team)
    html = plain_html("status/page.html", status_page_view(page, request.url.path))
    return HTMLResponse(html, headers=dict(HEADERS))


def _json(_request: Request, snapshot: Snapshot, link: StatusLink) -> Response:
    shown = informing.status_view(informing.status_page(snapshot, link.team))
    return Response(
        msgspec.json.encode(shown), media_type="application/json", headers=dict(HEADERS)
    )


def _calendar(_request: Request, snapshot: Snapshot, link: StatusLink) -> Response:
    made = informing.calendar(snapshot, link.team)
    headers = {**HEADERS, "Content-Disposition": 'inline; filename="migration.ics"'}
    return Response(made, media_type="text/calendar; charset=utf-8", headers=headers)


def _feed(request: Request, snapshot: Snapshot, link: StatusLink) -> Response:
    address = str(request.url.replace(query="")).removesuffix("/changes.atom")
    made = informing.atom(snapshot, link.team, address)
    return Response(made, media_type="application/atom+xml; charset=utf-8", headers=dict(HEADERS))


def status_page_view(page: StatusPage, path: str) -> StatusView:
    """The page as its template wants it; ``path`` is its own address."""
    return StatusView(
        page=page,
        routes=tuple(
            RouteLine(
                route=route,
                pill=Pill("On hold", Tone.WAIT) if route.is_held else _PHASES[route.phase.value],
                percent=f"{route.share_bp / 100:g}",
            )
            for route in page.routes
        ),
        milestones=tuple(
            MilestoneLine(one, Pill(words(one.standing), _STANDINGS[one.standing]))
            for one in page.milestones
        ),
        calendar_href=f"{path}/calendar.ics",
        feed_href=f"{path}/changes.atom",
        json_href=f"{path}.json",
    )
