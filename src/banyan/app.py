"""The composition root: every context, put together into processes.

``serve`` answers HTTP (``web_app``), ``work`` runs jobs (``work``), ``gateway`` leads a plan (``lead``).
"""

import asyncio
import logging
import os
import signal
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from banyan import migration
from banyan.commission import api as commission_api
from banyan.commission import jobs as commission_jobs
from banyan.comparison import api as comparison_api
from banyan.compliance import api as compliance_api
from banyan.console import console_routes
from banyan.developers import api as developers_api
from banyan.developers import authenticator
from banyan.fraud import api as fraud_api
from banyan.fx import api as fx_api
from banyan.fx import jobs as fx_jobs
from banyan.gateway import GatewayError, data_plane
from banyan.invoicing import api as invoicing_api
from banyan.invoicing import jobs as invoicing_jobs
from banyan.kernel import BanyanError, NotFound
from banyan.ledger import api as ledger_api
from banyan.ledger import jobs as ledger_jobs
from banyan.migration import api as migration_api
from banyan.migration import informing
from banyan.migration import jobs as migration_jobs
from banyan.movement import api as movement_api
from banyan.operations import api as operations_api
from banyan.operations import jobs as operations_jobs
from banyan.orders import api as orders_api
from banyan.orders import jobs as orders_jobs
from banyan.orders import purchase_of
from banyan.parties import api as parties_api
from banyan.payments import (
    BankRails,
    Opener,
    Provider,
    Providers,
    Sandbox,
    addresses_of,
    commission_defaults,
    sales_since,
)
from banyan.payments import api as payments_api
from banyan.payments import jobs as payments_jobs
from banyan.reconciliation import api as reconciliation_api
from banyan.reconciliation import jobs as reconciliation_jobs
from banyan.runtime import (
    Database,
    JobHandler,
    Settings,
    Vault,
    Worker,
    count_due_jobs,
    marketplaces_in_use,
    telemetry,
)
from banyan.runtime.http import Operation, Rate, Tag, delete_expired, http_app
from banyan.subscriptions import open_database, subscribe

_log = logging.getLogger(__name__)

_SWEEP_EVERY_S = 600
_LEAD_AGAIN_S = 5.0
_LEAD_WAIT_S = 3.0
"""How long a control plane waits for its database before it goes on without."""

TAGS = (
    Tag("marketplace", "The marketplace that your key belongs to."),
    Tag("orders", "What buyers order, from placed to settled."),
    Tag("sellers", "Who sells."),
    Tag("buyers", "Who buys."),
    Tag("offers", "Who sells what, where, at which price and how fast."),
    Tag("payments", "Money taken from buyers, held, and what is left of it."),
    Tag("payment_methods", "How buyers can pay."),
    Tag("payment_routing", "Which provider takes a payment, and why."),
    Tag("payment_reliability", "How well payments work."),
    Tag("sandbox_faults", "Letting the sandbox provider fail."),
    Tag("refunds", "Money given back to buyers."),
    Tag("disputes", "Payments that a buyer's bank has taken back, for now or for good."),
    Tag("dispute_settings", "Who bears disputes, and how they and refunds are dealt with."),
    Tag("payouts", "Money paid to sellers."),
    Tag("payment_providers", "Who takes the payments: connected, checked, disabled."),
    Tag("payout_batches", "What one run of payouts sends one way, and the files for the bank."),
    Tag("bank_status_reports", "What the bank answers to files."),
    Tag("payout_settings", "When sellers are paid, and by which calendar."),
    Tag("debits", "Money taken back from sellers who owe."),
    Tag("invoices", "What sellers are billed for: invoices and credit notes."),
    Tag("legal_entity", "Who issues the invoices."),
    Tag("payment_settings", "What the marketplace takes, and when it pays out."),
    Tag("commission", "What a sale costs a seller: rules, tiers, taxes, and a preview."),
    Tag("fx", "Exchange rates, quotes, and what is held and owed in other currencies."),
    Tag(
        "reconciliation",
        "Our books beside what providers and banks say; what matches and what doesn't.",
    ),
    Tag("divergences", "What candidate and legacy differ in, and what was decided about it."),
    Tag("divergence_reports", "What experiments within an application saw."),
    Tag("cases", "What a machine could not decide and a person must."),
    Tag("migration_status", "Who is told what of a migration: pages, notices, runbooks."),
    Tag("ledger", "Accounts, transfers and balances: where the money is."),
    Tag("chart_of_accounts", "Which number of your chart each account of the ledger has."),
    Tag("exports", "What accounting takes out."),
    Tag("fraud", "Limits, lists and what came of them."),
    Tag("compliance", "Where the marketplace trades."),
    Tag("migrations", "Plans that take a legacy platform over, and where their routes stand."),
    Tag("data_sets", "Tables that move from a legacy database, and whether they can be relied on."),
    Tag("summary", "The marketplace in figures."),
    Tag("events", "Everything that happened, in order."),
    Tag("clock", "The marketplace's time; a sandbox's may be moved."),
    Tag("jobs", "Work that waits, and work that has failed."),
    Tag("keys", "The keys that programs call the API with."),
)


def operations(settings: Settings | None = None) -> list[Operation]:
    """Every operation of the API."""
    return [
        *developers_api.operations(),
        *orders_api.operations(),
        *parties_api.operations(),
        *payments_api.operations(settings),
        *fx_api.operations(),
        *reconciliation_api.operations(),
        *invoicing_api.operations(),
        *operations_api.operations(),
        *ledger_api.operations(),
        *fraud_api.operations(),
        *compliance_api.operations(),
        *commission_api.operations(commission_defaults),
        *movement_api.operations(),
        *comparison_api.operations(settings),
        *migration_api.operations(),
        *informing.operations(settings or Settings()),
    ]


def scopes() -> list[str]:
    """Every scope that a key may have."""
    return sorted({operation.scope for operation in operations() if operation.scope})


def job_handlers(
    database: Database,
    providers: Providers | None = None,
    outbox: Path | None = None,
    settings: Settings | None = None,
) -> list[JobHandler]:
    """Every kind of job. Without ``providers`` there are only the sandbox and the bank rails.

    ``outbox`` is where files for the bank are left; None: people download them.
    """
    providers = providers or Providers(_fixed(database))
    return [
        *orders_jobs.jobs(),
        *payments_jobs.jobs(database, providers, purchase_of, outbox),
        *fx_jobs.jobs(),
        *reconciliation_jobs.jobs(providers),
        *invoicing_jobs.jobs(),
        *operations_jobs.jobs(),
        *ledger_jobs.jobs(),
        *commission_jobs.jobs(sales_since),
        *migration_jobs.jobs(),
        *informing.jobs(settings or Settings()),
    ]


def _outbox(settings: Settings) -> Path | None:
    return Path(settings.bank_outbox) if settings.bank_outbox else None


def _fixed(database: Database) -> dict[str, Provider]:
    """The providers that every marketplace has."""
    return {"sandbox": Sandbox(database), "bank": BankRails()}


@asynccontextmanager
async def open_providers(settings: Settings, database: Database) -> AsyncGenerator[Providers]:
    """Those that every marketplace has, and what marketplaces have connected."""
    opener = Opener(database, Vault(settings), addresses_of(settings))
    try:
        yield Providers(_fixed(database), opener.open)
    finally:
        await opener.close()


def web_app(settings: Settings, database: Database) -> Starlette:
    """The ASGI application: API, docs, console, health and metrics."""
    rates = {"default": Rate(quota=settings.requests_per_minute, window_s=60)}
    opener = Opener(database, Vault(settings), addresses_of(settings))
    providers = Providers(_fixed(database), opener.open)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncGenerator[None]:
        yield
        await opener.close()

    return http_app(
        operations=operations(settings),
        database=database,
        authenticate=authenticator(database, scopes()),
        routes=[
            *console_routes(database, settings),
            *payments_api.webhook_routes(database, providers),
            *_machine_routes(database),
            Route("/", _to_console),
        ],
        tags=TAGS,
        rates=rates,
        body_bytes_max=settings.body_size_bytes_max,
        observe=telemetry.observe_request,
        public_url=settings.url,
        lifespan=lifespan,
    )


async def work(settings: Settings) -> None:
    """Run jobs until SIGTERM or Ctrl-C; what is under way is finished first."""
    async with (
        open_database(settings) as database,
        open_providers(settings, database) as providers,
    ):
        worker = Worker(
            database,
            job_handlers(database, providers, _outbox(settings), settings),
            operations_jobs.open_case_for_failed_job,
            lanes=settings.worker_lanes,
        )
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, worker.stop)
        periodic = [
            asyncio.create_task(_sweep(database)),
            asyncio.create_task(ledger_jobs.keep_sealing(database)),
        ]
        await worker.run()
        for task in periodic:
            task.cancel()


async def lead(
    settings: Settings,
    folder: Path,
    stored: migration.StoredPlan | migration.Remembered,
    *,
    keeps_trying: bool = False,
) -> None:
    """Lead a migration plan until SIGTERM or Ctrl-C; its data plane goes on after that.

    ``GatewayUnusable`` if the data plane can't run here, unless it ``keeps_trying``.
    """

    async def open_for_it() -> Database:
        database = await Database.open(settings.database_url, size=4, wait_s=_LEAD_WAIT_S)
        subscribe(database)
        return database

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    comparer = migration.Comparer(Vault(settings))
    control = migration.Control.local(
        folder,
        stored,
        database_url=settings.database_url,
        open_database=open_for_it,
        comparer=comparer,
        plane=data_plane(folder, settings),
    )
    try:
        while not stop.is_set():
            try:
                await control.run(stop)
            except GatewayError as error:
                if not keeps_trying:
                    raise
                _log.error("the gateway can't run: %s", error.detail)
                with suppress(TimeoutError):
                    async with asyncio.timeout(_LEAD_AGAIN_S):
                        await stop.wait()
    finally:
        comparer.close()


async def end_data_plane(settings: Settings, plan: str | None) -> str:
    """Drain and end the Envoy of a plan on this machine, no database needed; the plan's name.

    ``NotFound`` if none runs, or several do and ``plan`` is None; ``DataPlaneLed``.
    """
    found = migration.remembered_in(settings.state_folder.absolute(), plan)
    running: dict[str, Path] = {}
    for folder, kept in found:
        async with data_plane(folder, settings) as plane:
            status = await plane.status()
        if status.pid is not None or status.keeper_pid is not None:
            running[kept.plan.plan] = folder
    if len(running) != 1:
        there = f"say which with --plan: {', '.join(running)}" if running else "none runs here"
        raise NotFound(f"There is no one data plane to end: {there}.")
    [(name, folder)] = running.items()
    async with data_plane(folder, settings) as plane:
        await migration.stop_here(plane)
    return name


async def _sweep(database: Database) -> None:
    """Forget what is kept only for a while, and see to what is done every night."""
    while True:
        try:
            async with database.across_marketplaces() as queries:
                await delete_expired(queries)
                used = await marketplaces_in_use(queries)
            for marketplace_id in used:
                async with database.transaction(marketplace_id) as tx:
                    await reconciliation_jobs.schedule(tx)
        except Exception as error:  # whatever it is, the next round may go well
            _log.warning("could not sweep: %r", error)
        await asyncio.sleep(_SWEEP_EVERY_S)


def _machine_routes(database: Database) -> Sequence[BaseRoute]:
    async def live(_: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def ready(_: Request) -> Response:
        try:
            async with database.across_marketplaces() as queries:
                await queries.value("select 1")
        except BanyanError as error:
            return JSONResponse({"status": "unavailable", "reason": error.detail}, 503)
        return JSONResponse({"status": "ok"})

    async def metrics(_: Request) -> Response:
        try:
            async with database.across_marketplaces() as queries:
                telemetry.observe_jobs_due(await count_due_jobs(queries))
        except BanyanError as error:
            _log.warning("could not count the jobs that wait: %s", error)
        return _metrics()

    return [
        Route("/health/live", live),
        Route("/health/ready", ready),
        Route("/metrics", metrics),
    ]


def _metrics() -> Response:
    """This process's figures, or those of all processes that share PROMETHEUS_MULTIPROC_DIR."""
    if "PROMETHEUS_MULTIPROC_DIR" not in os.environ:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
    registry = CollectorRegistry()
    MultiProcessCollector(registry)
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)


async def _to_console(_: Request) -> Response:
    return RedirectResponse("/console")
