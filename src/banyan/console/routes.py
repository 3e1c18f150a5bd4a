"""Every address of the console."""

from collections.abc import Awaitable, Callable
from functools import partial

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from banyan.console import (
    cases,
    disputes,
    events,
    health,
    home,
    invoices,
    ledger,
    money,
    orders,
    payouts,
    periods,
    reconciliation,
    reliability,
    sellers,
    signing_in,
    status_pages,
)
from banyan.console.assets import serve_asset
from banyan.console.endpoints import Action, Page, action, page, refused, to_sign_in
from banyan.console.errors import PageNotFound
from banyan.console.live import LiveFeed, serve_live
from banyan.console.markets import AREAS
from banyan.console.migration import (
    board,
    data,
    divergences,
    notices,
    rehearsals,
    report,
    route,
    steps,
)
from banyan.console.model import Permission
from banyan.console.visit import Console, find_session, markets_of
from banyan.kernel import Clock, SystemClock
from banyan.runtime import Database, Settings

_PAGES: dict[str, Page] = {
    "": home.show_home,
    "/search": orders.search,
    "/orders": orders.show_orders,
    "/orders/{order_id}": orders.show_order,
    "/orders/{subject}/events.json": events.events_as_json,
    "/cases": cases.show_cases,
    "/cases/{case_id}": cases.show_case,
    "/sellers": sellers.show_sellers,
    "/sellers/{seller_id}": sellers.show_seller,
    "/sellers/{seller_id}/statement": payouts.show_seller_statement,
    "/payments": money.show_payments,
    "/payments/status": reliability.show_reliability,
    "/payments/{payment_id}": money.show_payment,
    "/payouts": money.show_payouts,
    "/payouts/batches": payouts.show_batches,
    "/payouts/batches/{batch_id}": payouts.show_batch,
    "/payouts/{payout_id}": payouts.show_payout,
    "/payouts/{payout_id}/statement": payouts.show_payout_statement,
    "/disputes": money.show_disputes,
    "/disputes/{dispute_id}": disputes.show_dispute,
    "/disputes/{dispute_id}/evidence/{answer_id}": disputes.show_evidence,
    "/invoices": invoices.show_invoices,
    "/invoices/{invoice_id}": invoices.show_invoice,
    "/invoices/{invoice_id}/document": invoices.show_document,
    "/invoices/{invoice_id}/lines.csv": invoices.download_lines,
    "/reconciliation": reconciliation.show_reconciliation,
    "/reconciliation/lines": reconciliation.show_lines,
    "/ledger": ledger.show_ledger,
    "/ledger/accounts/{path}/{currency}": ledger.show_account,
    "/ledger/accounts/{path}/{currency}/statement": periods.show_statement,
    "/ledger/periods": periods.show_periods,
    "/ledger/periods/{month}": periods.show_period,
    "/ledger/transfers": ledger.show_transfers,
    "/ledger/transfers/{transfer_id}": ledger.show_transfer,
    "/migration": board.show_plans,
    "/migration/{plan}": board.show_board,
    "/migration/{plan}/routes/{route}": route.show_route,
    "/migration/{plan}/divergences": divergences.show_divergences,
    "/migration/{plan}/divergences/{divergence_id}": divergences.show_divergence,
    "/migration/{plan}/data": data.show_data,
    "/migration/{plan}/data/{set_id}": data.show_data_set,
    "/migration/{plan}/rehearsals": rehearsals.show_rehearsals,
    "/migration/{plan}/rehearsals/{rehearsal_id}": rehearsals.show_rehearsal,
    "/migration/{plan}/notices": notices.show_notices,
    "/migration/{plan}/report": report.show_report,
    "/events": events.show_events,
    "/events/{position}": events.show_event,
}

_ACTIONS: dict[str, tuple[Action, Permission]] = {
    "/cases/{case_id}/assign": (cases.take_case, Permission.WORK_CASES),
    "/cases/{case_id}/resolve": (cases.decide_case, Permission.WORK_CASES),
    "/orders/{order_id}/cancel": (orders.cancel, Permission.ACT_ON_ORDERS),
    "/orders/{order_id}/refund": (orders.refund, Permission.MOVE_MONEY),
    **{
        f"/migration/{{plan}}{path}": (act, Permission.MIGRATE)
        for path, act in {
            "/routes/{route}/advance": steps.advance_route,
            "/routes/{route}/approve": steps.approve_route,
            "/routes/{route}/hold": steps.hold_route,
            "/routes/{route}/release": steps.release_route,
            "/routes/{route}/rollback": steps.roll_route_back,
            "/routes/{route}/documents/{document}": steps.tick_box,
            "/divergences/{divergence_id}/decide": divergences.decide_divergence,
            "/links": notices.make_link,
            "/links/{link_id}/revoke": notices.revoke,
            "/notices/{notice_id}/again": notices.send_notice_again,
        }.items()
    },
}


def console_routes(
    database: Database, settings: Settings, *, clock: Clock | None = None
) -> list[BaseRoute]:
    """The routes of the console under ``/console``, ``/``, which leads there, and ``/status``.

    ``clock`` is the people's time, for sessions and the audit log; a marketplace has its own.
    """
    console = Console(database, settings, clock or SystemClock())
    feed = LiveFeed(database)
    return [
        Route("/", _redirect("/console")),
        Route("/console", _in_first_market(console)),
        Route("/console/static/{name}", serve_asset),
        Route("/console/sign-in", signing_in.show_sign_in(console), methods=["GET"]),
        Route("/console/sign-in", signing_in.sign_in(console), methods=["POST"]),
        Route("/console/sign-out", signing_in.leave(console), methods=["POST"]),
        Route("/console/theme", signing_in.choose_theme(console), methods=["POST"]),
        Route("/console/health", page(console, health.show_health)),
        Route("/console/audit", page(console, health.show_audit, Permission.READ_AUDIT)),
        *(Route(f"/console/{area}", _in_first_market(console)) for area in sorted(AREAS)),
        *(Route(f"/console/{area}/{{rest:path}}", _in_first_market(console)) for area in AREAS),
        Route("/console/{market}/live", partial(serve_live, console, feed)),
        *(
            Route(f"/console/{{market}}{path}", page(console, show))
            for path, show in _PAGES.items()
        ),
        *(
            Route(f"/console/{{market}}{path}", action(console, act, permission), methods=["POST"])
            for path, (act, permission) in _ACTIONS.items()
        ),
        Route("/console/{path:path}", _not_found(console)),
        *status_pages.status_routes(console),
    ]


def _redirect(to: str) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(_request: Request) -> Response:
        return RedirectResponse(to, 303)

    return endpoint


def _in_first_market(console: Console) -> Callable[[Request], Awaitable[Response]]:
    """An address that names no marketplace leads to the page of the first one."""

    async def endpoint(request: Request) -> Response:
        if await find_session(console, request) is None:
            return to_sign_in(request)
        slug = next(iter(await markets_of(console)), None)
        if slug is None:
            return refused(request, PageNotFound("There is no marketplace yet."))
        rest = request.url.path.removeprefix("/console")
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(f"/console/{slug}{rest}{query}", 303)

    return endpoint


def _not_found(console: Console) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if await find_session(console, request) is None:
            return to_sign_in(request)
        return refused(request, PageNotFound("There is no such page in the console."))

    return endpoint
