"""The report of before and after: a page of its own, which prints."""

from starlette.responses import HTMLResponse, Response

from banyan.console.migration.shared import plan_href, plan_of
from banyan.console.security import PAGE_HEADERS
from banyan.console.visit import Visit
from banyan.migration import report_of, report_page

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"
"""The page carries its style and loads nothing."""


async def show_report(visit: Visit) -> Response:
    stored = await plan_of(visit)
    html = report_page(await report_of(visit.tx, stored.plan_id), plan_href(visit, stored.name))
    return HTMLResponse(html, headers={**PAGE_HEADERS, "Content-Security-Policy": _POLICY})
