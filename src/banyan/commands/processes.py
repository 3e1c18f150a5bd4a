"""The processes: everything on one machine, or API, worker and gateway each by itself."""

from pathlib import Path

import click
import uvicorn
from rich.console import Console
from starlette.applications import Starlette

from banyan import app, migration
from banyan.commands.places import execute, place_of, process_settings, with_schema
from banyan.kernel import Unavailable
from banyan.runtime import Settings, telemetry
from banyan.runtime.local import check_port
from banyan.subscriptions import open_database
from banyan.up import up as run_up

_START_WAIT_S = 10.0
"""For a database that starts up at the same time."""


@click.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: 8000]")
@click.option("--demo/--no-demo", default=True, help="Replay real orders, or start empty.")
def up(host: str | None, port: int | None, demo: bool) -> None:
    """Run everything on this machine, with the demo or empty.

    That is PostgreSQL (unless BANYAN_DATABASE_URL names one), API, console and worker. They stay
    until Ctrl-C, and go on where they stopped the next time.
    """
    settings = process_settings(host, port)
    execute(run_up(settings, demo=demo, terminal=Console(highlight=False)))


@click.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: 8000]")
def serve(host: str | None, port: int | None) -> None:
    """Answer HTTP: API, docs and console."""
    settings = with_schema(process_settings(host, port), wait_s=_START_WAIT_S)
    check_port(settings.host, settings.port)
    telemetry.configure_logging(settings.log_level)
    execute(_serve(settings))


async def _serve(settings: Settings) -> None:
    async with open_database(settings) as database:
        await _server(settings, app.web_app(settings, database)).serve()


def _server(settings: Settings, application: Starlette) -> uvicorn.Server:
    config = uvicorn.Config(
        application,
        host=settings.host,
        port=settings.port,
        http="httptools",
        access_log=False,
        log_config=None,
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    return uvicorn.Server(config)


@click.command()
def work() -> None:
    """Run jobs: order journeys, payments, timers."""
    settings = with_schema(process_settings(), wait_s=_START_WAIT_S)
    telemetry.configure_logging(settings.log_level)
    execute(app.work(settings))


@click.command()
@click.option("--plan", help="Which plan to lead.  [default: the only one]")
@click.option("--marketplace", help="live, sandbox, demo or mkt_…  [default: the only live one]")
@click.option("--keep-trying", is_flag=True, help="Wait until Envoy can run, in place of ending.")
@click.option(
    "--stop", is_flag=True, help="End the Envoy that an ended gateway has left, in place."
)
def gateway(plan: str | None, marketplace: str | None, keep_trying: bool, stop: bool) -> None:
    """Lead a migration plan: judge its routes, and tell Envoy.

    Envoy is started, or adopted if it runs, and goes on when this ends. Where another machine leads the
    same plan, this one keeps its own Envoy in step. Without the database it goes on with what it knew.
    """
    settings = process_settings()
    if stop:
        name = execute(app.end_data_plane(settings, plan))
        click.echo(f"The Envoy of {name} has ended. Nobody answers customers here now.")
        return
    telemetry.configure_logging(settings.log_level)
    execute(app.lead(*execute(_led(settings, plan, marketplace)), keeps_trying=keep_trying))


async def _led(
    settings: Settings, plan: str | None, marketplace: str | None
) -> tuple[Settings, Path, migration.StoredPlan | migration.Remembered]:
    """The plan to lead with its data plane's folder: from the database, or from what is known here."""
    state = settings.state_folder.absolute()
    try:
        settings = with_schema(settings, wait_s=_START_WAIT_S)
        async with place_of(marketplace) as place, place.transaction() as tx:
            stored = await migration.find_plan(tx, plan)
    except Unavailable:
        here = migration.remembered_in(state, plan)
        if len(here) != 1 or not settings.database_url:
            raise
        return settings, *here[0]
    return settings, migration.folder_of(state, stored.name, stored.marketplace_id), stored
