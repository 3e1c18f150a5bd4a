"""The console's pages from sample records, without a database: for looking at them.

python -m tests.console.preview 8765
"""

import sys
from collections.abc import Callable, Coroutine
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from banyan.console.assets import serve_asset
from banyan.console.render import page_html, plain_html
from banyan.console.security import PAGE_HEADERS
from tests.console.samples import PAGES, SamplePage, SignInView
from tests.console.samples_migration import MIGRATION_PAGES


def preview_app() -> Starlette:
    pages = [Route(page.path, _show(page)) for page in (*PAGES, *MIGRATION_PAGES)]
    return Starlette(
        routes=[
            Route("/console/static/{name}", serve_asset),
            Route("/console/sign-in", _sign_in),
            *pages,
        ]
    )


def _show(page: SamplePage) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def show(request: Request) -> Response:
        html = page_html(page.template, page.frame, page.view)
        return HTMLResponse(html, headers=dict(PAGE_HEADERS))

    return show


async def _sign_in(request: Request) -> Response:
    return HTMLResponse(
        plain_html("signing_in/sign_in.html", SignInView()), headers=dict(PAGE_HEADERS)
    )


if __name__ == "__main__":
    uvicorn.run(preview_app(), host="127.0.0.1", port=int(sys.argv[1]), log_level="warning")
