"""The command line. Bad input ends with one sentence on standard error and exit code 2."""

import logging
import sys
from collections.abc import Sequence
from pathlib import Path

import click
import uvicorn
from rich.console import Console
from starlette.applications import Starlette

from banyan import __version__, app, migration, replay
from banyan.commands.export import export_group
from banyan.commands.fx import fx_group
from banyan.commands.keys import keys_group
from banyan.commands.ledger import ledger_group
from banyan.commands.migrate import migrate_group
from banyan.commands.places import execute, place_of, process_settings, with_database, with_schema
from banyan.commands.providers import providers_group
from banyan.commands.reconcile import reconcile_group
from banyan.commands.users import users_group
from banyan.demo import demo_migration
from banyan.kernel import BanyanError, Unavailable
from banyan.runtime import Settings, apply_schema, describe, telemetry
from banyan.runtime.local import check_port
from banyan.up import up as run_up

_REFUSED = 2
_START_WAIT_S = 10.0
"""For a database that starts up at the same time."""
_terminal = Console(highlight=False)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command, by default that of the command line; refusals end with exit code 2."""
    # What becomes of a connection is told by whoever waits for it.
    logging.getLogger("psycopg.pool").addHandler(logging.NullHandler())
    try:
        cli(arguments, prog_name="banyan", standalone_mode=False)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.exceptions.NoArgsIsHelpError as error:
        error.show()
        sys.exit(_REFUSED)
    except click.ClickException as error:
        click.echo(f"banyan: {error.format_message()}", err=True)
        sys.exit(_REFUSED)
    except BanyanError as error:
        click.echo(f"banyan: {error.detail}", err=True)
        sys.exit(_REFUSED)
    except KeyboardInterrupt:
        sys.exit(130)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="banyan %(version)s")
def cli() -> None:
    """Marketplace infrastructure that grows around the platform a company already runs.

    Settings come from the environment; `banyan settings` lists them.
    """


@cli.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: 8000]")
@click.option("--demo/--no-demo", default=True, help="Replay real orders, or start empty.")
def up(host: str | None, port: int | None, demo: bool) -> None:
    """Run everything on this machine, with the demo or empty.

    That is PostgreSQL (unless BANYAN_DATABASE_URL names one), API, console and worker. They stay
    until Ctrl-C, and go on where they stopped the next time.
    """
    settings = process_settings(host, port)
    execute(run_up(settings, demo=demo, terminal=_terminal))


@cli.command("demo-migration")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the API.  [default: 8000]")
@click.option(
    "--stay/--no-stay",
    default=None,
    help="Keep everything running at the end, to look around.  [default: on a terminal]",
)
def demo_migration_command(port: int | None, stay: bool | None) -> None:
    """Take a legacy shop over while its customers shop.

    That takes a few minutes.

    Runs in a checkout: the shops are in `examples`. It uses the Banyan that runs in this folder, or
    starts one.
    """
    is_staying = _terminal.is_terminal if stay is None else stay
    execute(demo_migration(process_settings(None, port), _terminal, stay=is_staying))


@cli.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: 8000]")
def serve(host: str | None, port: int | None) -> None:
    """Answer HTTP: API, docs and console."""
    settings = with_schema(process_settings(host, port), wait_s=_START_WAIT_S)
    check_port(settings.host, settings.port)
    telemetry.configure_logging(settings.log_level)
    execute(_serve(settings))


@cli.command()
def work() -> None:
    """Run jobs: order journeys, payments, timers."""
    settings = with_schema(process_settings(), wait_s=_START_WAIT_S)
    telemetry.configure_logging(settings.log_level)
    execute(app.work(settings))


@cli.command()
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


@cli.command("replay")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--url",
    envvar="BANYAN_URL",
    show_envvar=True,
    default="http://127.0.0.1:8000",
    show_default=True,
    help="Where the API is.",
)
@click.option(
    "--key", envvar="BANYAN_API_KEY", show_envvar=True, required=True, help="API key of a sandbox."
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first orders.")
def replay_command(path: Path, url: str, key: str, limit: int | None) -> None:
    """Replay real orders through the API of a sandbox.

    The folder PATH has the files of the Olist data set, or an extract such as examples/olist. An interrupted
    replay goes on where it stopped.
    """
    execute(replay.watch(path, url.rstrip("/"), key, _terminal, limit=limit))


@cli.command()
def settings() -> None:
    """List every setting with its meaning and present value."""
    for row in describe(process_settings()):
        click.echo(f"{click.style(row.variable, bold=True)}={row.value}")
        click.echo(click.wrap_text(row.about, 78, "    ", "    "))


@cli.command()
def schema() -> None:
    """Bring the database's schema up to date."""
    for name in apply_schema(with_database(process_settings()).database_url):
        click.echo(f"applied {name}")
    click.echo("The schema is current.")


@cli.command()
def reference() -> None:
    """List every operation of the API."""
    operations = app.operations()
    path_width = max(len(operation.path) for operation in operations)
    scope_width = max(len(operation.scope or "any") for operation in operations)
    for operation in operations:
        click.echo(
            f"{operation.method:<6}  {operation.path:<{path_width}}  "
            f"{operation.scope or 'any':<{scope_width}}  {operation.summary}"
        )


async def _serve(settings: Settings) -> None:
    async with app.open_database(settings) as database:
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


for _group in (
    export_group, fx_group, keys_group, ledger_group, migrate_group, providers_group, reconcile_group,
    users_group,
):  # fmt: skip
    cli.add_command(_group)
