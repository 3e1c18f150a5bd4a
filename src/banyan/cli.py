"""The command line. Bad input ends with one sentence on standard error and exit code 2."""

import logging
import sys
from collections.abc import AsyncGenerator, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click
import httpx
import uvicorn
import uvloop
from rich.console import Console
from starlette.applications import Starlette

from banyan import __version__, app, fx, migration, reconciliation, replay
from banyan.console import Role, add_user, find_user, sign_in_link
from banyan.demo import demo_migration
from banyan.developers import KEY, create_key, list_keys, revoke_key
from banyan.export_commands import export_group
from banyan.kernel import BanyanError, NotFound, TooLarge, Unavailable
from banyan.ledger_commands import Ways, ledger_group
from banyan.migration_commands import migrate_group, place_of
from banyan.provider_commands import providers_group
from banyan.rehearsal_commands import evidence_group, rehearse_command
from banyan.runtime import (
    MARKETPLACE,
    Cause,
    Database,
    Marketplace,
    Settings,
    Transaction,
    apply_schema,
    check_schema,
    describe,
    list_marketplaces,
    telemetry,
)
from banyan.runtime.local import check_port, find_server
from banyan.up import up as run_up

T = TypeVar("T")

_BY_HAND = Cause("person", "command line", "command line")
_REFUSED = 2
_INDENT = " " * 4
_START_WAIT_S = 10.0
"""For a database that starts up at the same time."""
_FETCH_TIMEOUT_S = 30.0
_FETCH_BYTES_MAX = 64 * 1024 * 1024
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
    settings = _settings(host, port)
    _run(run_up(settings, demo=demo, terminal=_terminal))


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
    _run(demo_migration(_settings(None, port), _terminal, stay=is_staying))


@cli.command()
@click.option("--host", help="Address to listen on.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: 8000]")
def serve(host: str | None, port: int | None) -> None:
    """Answer HTTP: API, docs and console."""
    settings = _with_schema(_settings(host, port), wait_s=_START_WAIT_S)
    check_port(settings.host, settings.port)
    telemetry.configure_logging(settings.log_level)
    _run(_serve(settings))


@cli.command()
def work() -> None:
    """Run jobs: order journeys, payments, timers."""
    settings = _with_schema(_settings(), wait_s=_START_WAIT_S)
    telemetry.configure_logging(settings.log_level)
    _run(app.work(settings))


@cli.command()
@click.option("--plan", help="Which plan to lead.  [default: the only one]")
@click.option("--marketplace", help="live, sandbox, demo or mkt_…  [default: the only live one]")
@click.option("--keep-trying", is_flag=True, help="Wait until Envoy can run, in place of ending.")
def gateway(plan: str | None, marketplace: str | None, keep_trying: bool) -> None:
    """Lead a migration plan: judge its routes, and tell Envoy.

    Envoy is started, or adopted if it runs, and goes on when this ends. Another process that leads
    the same plan stands by until this one is gone. Without the database it goes on with what it knew.
    """
    settings = _settings()
    telemetry.configure_logging(settings.log_level)
    _run(app.lead(*_run(_led(settings, plan, marketplace)), keeps_trying=keep_trying))


async def _led(
    settings: Settings, plan: str | None, marketplace: str | None
) -> tuple[Settings, Path, migration.StoredPlan | migration.Remembered]:
    """The plan to lead with its data plane's folder: from the database, or from what is known here."""
    state = settings.state_folder.absolute()
    try:
        settings = _with_schema(settings, wait_s=_START_WAIT_S)
        async with place_of(_WAYS, marketplace) as place, place.transaction() as tx:
            stored = await migration.find_plan(tx, plan)
    except (Unavailable, NotFound):
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
    _run(replay.watch(path, url.rstrip("/"), key, _terminal, limit=limit))


@cli.group("fx")
def fx_group() -> None:
    """Exchange rates."""


@fx_group.command("load")
@click.argument("place")
@click.option("--marketplace", required=True, help="live, sandbox, demo or mkt_…")
@click.option(
    "--source",
    type=click.Choice(list(fx.SOURCES)),
    default="ecb",
    show_default=True,
    help="Whose file it is.",
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only rates from this day on.")
def fx_load(place: str, marketplace: str, source: str, since: datetime | None) -> None:
    """Load the exchange rates in PLACE, a file or a URL.

    The European Central Bank publishes eurofxref-daily.xml, eurofxref-hist.xml and both as CSV in a
    zip. Loading a file again changes nothing; where it says otherwise than before, the rate gets a
    new version.
    """
    content = _content(place)

    async def load() -> fx.Loaded:
        first_at = since and since.replace(tzinfo=UTC)
        async with _transaction(marketplace) as tx:
            return await fx.load_rates(tx, fx.SOURCES[source], content, since=first_at)

    loaded = _run(load())
    click.echo(
        f"{loaded.added:,} rates added, {loaded.corrected:,} corrected, "
        f"{loaded.unchanged:,} known before."
    )
    if loaded.first_at and loaded.last_at:
        click.echo(f"They are of {loaded.first_at:%Y-%m-%d} to {loaded.last_at:%Y-%m-%d}.")
    if loaded.skipped:
        click.echo(f"Skipped, out of use: {', '.join(loaded.skipped)}.")


def _content(place: str) -> bytes:
    """A file, or what a URL answers; nothing is fetched that nobody has named."""
    if not place.startswith(("https://", "http://")):
        try:
            return Path(place).read_bytes()
        except OSError as error:
            raise NotFound(f"{place} can't be read: {error.strerror}.") from None
    parts: list[bytes] = []
    try:
        with httpx.stream("GET", place, timeout=_FETCH_TIMEOUT_S, follow_redirects=True) as answer:
            answer.raise_for_status()
            for part in answer.iter_bytes():
                parts.append(part)
                if sum(map(len, parts)) > _FETCH_BYTES_MAX:
                    raise TooLarge(f"{place} has more than {_FETCH_BYTES_MAX:,} bytes.")
    except httpx.HTTPError as error:
        raise Unavailable(f"{place} can't be fetched: {error}") from None
    return b"".join(parts)


@cli.group("reconcile")
def reconcile_group() -> None:
    """Compare our books with what providers and banks say."""


@reconcile_group.command("import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--marketplace", required=True, help="live, sandbox, demo or mkt_…")
@click.option("--provider", help="Whose settlement report it is; without it, a bank statement.")
@click.option(
    "--format",
    "report_format",
    type=click.Choice(["banyan", "stripe", "adyen"]),
    default="banyan",
    show_default=True,
    help="The shape of a report's columns.",
)
def reconcile_import(
    path: Path, marketplace: str, provider: str | None, report_format: reconciliation.Format
) -> None:
    """Take in a settlement report or a bank statement.

    The file PATH is a report in CSV, or statements as camt.053 or MT940. The same file again changes nothing. `banyan work` reconciles it then.
    """

    content, by = path.read_bytes(), _BY_HAND.actor

    async def take() -> reconciliation.Import:
        async with _transaction(marketplace) as tx:
            if provider is None:
                return await reconciliation.import_statements(tx, content, by=by)
            return await reconciliation.import_report(tx, provider, report_format, content, by=by)

    made = _run(take())
    click.echo(f"{made.format}: {made.lines:,} lines, {made.repeated:,} of them known before")


@reconcile_group.command("run")
@click.option("--marketplace", required=True, help="live, sandbox, demo or mkt_…")
def reconcile_run(marketplace: str) -> None:
    """Match what is open, now.

    Ends with exit code 1 if a difference was found that nothing explains.
    """

    async def match() -> reconciliation.Run:
        async with _transaction(marketplace) as tx:
            return await reconciliation.run(tx)

    done = _run(match())
    click.echo(
        f"{done.matched:,} matches made, {done.waiting:,} lines wait, "
        f"{done.opened:,} breaks opened, {done.closed:,} closed"
    )
    sys.exit(1 if done.opened else 0)


@reconcile_group.command("status")
@click.option("--marketplace", required=True, help="live, sandbox, demo or mkt_…")
def reconcile_status(marketplace: str) -> None:
    """Say how the lines of each side, source and currency stand."""

    async def show() -> list[reconciliation.Standing]:
        async with _transaction(marketplace) as tx:
            return await reconciliation.standings(tx)

    for one in _run(show()):
        oldest = f", the oldest of {one.oldest_open_on}" if one.oldest_open_on else ""
        click.echo(
            f"{one.side:<8}  {one.source}  {one.currency}  {one.matched:,} matched, "
            f"{one.open:,} open{oldest}, {one.breaks:,} breaks"
        )


@cli.command()
def settings() -> None:
    """List every setting with its meaning and present value."""
    for row in describe(_settings()):
        click.echo(f"{click.style(row.variable, bold=True)}={row.value}")
        click.echo(click.wrap_text(row.about, 78, _INDENT, _INDENT))


@cli.command()
def schema() -> None:
    """Bring the database's schema up to date."""
    for name in apply_schema(_with_database(_settings()).database_url):
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


@cli.group()
def keys() -> None:
    """Make, list and revoke API keys."""


@keys.command("create")
@click.option("--marketplace", required=True, help="live, sandbox, demo or mkt_…")
@click.option("--name", required=True, help="What people call the key.")
@click.option("--scope", "scopes", multiple=True, default=["*"], help="May be given again.")
def keys_create(marketplace: str, name: str, scopes: tuple[str, ...]) -> None:
    """Make a key and print it, this once."""

    async def create() -> str:
        async with _transaction(marketplace) as tx:
            _, text = await create_key(tx, name=name, scopes=scopes, known_scopes=app.scopes())
        return text

    click.echo(_run(create()))


@keys.command("list")
@click.option("--marketplace", required=True, help="live, sandbox, demo or mkt_…")
def keys_list(marketplace: str) -> None:
    """List the keys of a marketplace, never the keys themselves."""

    async def show() -> None:
        async with _transaction(marketplace) as tx:
            for key in await list_keys(tx):
                state = f"revoked {key.revoked_at:%Y-%m-%d}" if key.revoked_at else "active"
                shown = (KEY.text(key.key_id), f"{key.prefix}…", state, key.name, *key.scopes)
                click.echo("  ".join(shown))

    _run(show())


@keys.command("revoke")
@click.argument("key_id")
@click.option("--marketplace", required=True, help="live, sandbox, demo or mkt_…")
def keys_revoke(key_id: str, marketplace: str) -> None:
    """Take the key KEY_ID (key_…) out of use for good."""

    async def revoke() -> None:
        async with _transaction(marketplace) as tx:
            await revoke_key(tx, KEY.parse(key_id))

    _run(revoke())
    click.echo("Revoked; running processes forget it within seconds.")


@cli.group()
def users() -> None:
    """Let people into the console."""


@users.command("add")
@click.argument("email")
@click.option("--role", type=click.Choice([role.value for role in Role]), default="viewer")
def users_add(email: str, role: str) -> None:
    """Let EMAIL into the console with a password.

    It is asked for, or read from the first line of standard input if that is no terminal.
    """
    password = _ask_password()

    async def add() -> None:
        async with app.open_database(_with_schema(_settings())) as database:
            await add_user(database, email, role, password)

    _run(add())
    click.echo(f"{email} may sign in as {role} at {_settings().url}/console")


@users.command("link")
@click.argument("email")
def users_link(email: str) -> None:
    """Print a link that signs EMAIL in once, within half an hour."""

    async def link() -> str:
        async with app.open_database(_with_schema(_settings())) as database:
            user = await find_user(database, email)
            if user is None:
                raise NotFound(f"{email} has no account; `banyan users add` makes one.")
            return await sign_in_link(database, user.user_id)

    click.echo(f"{_settings().url}{_run(link())}")


def _ask_password() -> str:
    """Never an argument: every user of the machine sees those."""
    if sys.stdin.isatty():
        return click.prompt("Password", hide_input=True, confirmation_prompt=True)
    return sys.stdin.readline().removesuffix("\n")


def _run(task: Coroutine[object, object, T]) -> T:
    return uvloop.run(task)


def _settings(host: str | None = None, port: int | None = None) -> Settings:
    given = Settings.from_environment()
    return replace(given, host=host or given.host, port=port or given.port)


def _with_database(settings: Settings) -> Settings:
    """The database that is named, or else the embedded one if it runs."""
    if settings.database_url:
        return settings
    folder = settings.state_folder.absolute()
    try:
        server = find_server(folder / "postgres")
    except PermissionError:
        raise NotFound(
            f"The database in {folder} is another user's; set BANYAN_DATABASE_URL."
        ) from None
    if server is None:
        raise NotFound("No database runs here: start `banyan up`, or set BANYAN_DATABASE_URL.")
    return replace(settings, database_url=server.url)


def _with_schema(settings: Settings, *, wait_s: float = 0) -> Settings:
    """The same, once it is known that it can be used; says at once why it can't."""
    settings = _with_database(settings)
    check_schema(settings.database_url, wait_s=wait_s)
    return settings


@asynccontextmanager
async def _transaction(name: str) -> AsyncGenerator[Transaction]:
    """In the marketplace that a person names by its id, or as live, sandbox, demo or shop."""
    async with app.open_database(_with_schema(_settings())) as database:
        chosen = _chosen(await _all_marketplaces(database), name)
        async with database.transaction(chosen.marketplace_id, _BY_HAND) as tx:
            yield tx


def _chosen(known: list[Marketplace], name: str) -> Marketplace:
    for marketplace in known:
        called = {app.DEMO_NAME: "demo", app.SHOP_NAME: "shop"}.get(marketplace.name, "sandbox")
        names = {MARKETPLACE.text(marketplace.marketplace_id), marketplace.name}
        names.add("live" if marketplace.livemode else called)
        if name in names:
            return marketplace
    there = ", ".join(f"{MARKETPLACE.text(m.marketplace_id)} ({m.name})" for m in known) or "none"
    raise NotFound(f"There is no marketplace {name!r}; there are: {there}.")


async def _all_marketplaces(database: Database) -> list[Marketplace]:
    async with database.across_marketplaces() as queries:
        return await list_marketplaces(queries)


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


@asynccontextmanager
async def _marketplaces(name: str | None) -> AsyncGenerator[tuple[Database, list[Marketplace]]]:
    """The marketplace that a person names, or all of them, in an open database."""
    async with app.open_database(_with_schema(_settings())) as database:
        known = await _all_marketplaces(database)
        yield database, known if name is None else [_chosen(known, name)]


_WAYS = Ways(run=_run, transaction=_transaction, marketplaces=_marketplaces)
cli.add_command(ledger_group(_WAYS))
cli.add_command(export_group(_WAYS))
cli.add_command(providers_group(_WAYS, _settings))
_migrate = migrate_group(_WAYS, _settings, lambda: _with_schema(_settings()))
_migrate.add_command(rehearse_command(_WAYS, _settings))
_migrate.add_command(evidence_group(_WAYS))
cli.add_command(_migrate)
