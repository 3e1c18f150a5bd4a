"""``banyan up``: everything on one machine, with or without the demo."""

import asyncio
import os
import shlex
import shutil
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from functools import partial
from pathlib import Path

import httpx
import msgspec
from rich.console import Console as Terminal
from rich.markup import escape

from banyan import app, migration, replay
from banyan.console import add_user, find_user, sign_in_link
from banyan.developers import authenticator, create_key
from banyan.gateway import DataPlane
from banyan.kernel import BanyanError
from banyan.marketplaces import SHOP_NAME, ensure_marketplaces, ensure_shop
from banyan.runtime import (
    MARKETPLACE,
    Cause,
    Database,
    Marketplace,
    Settings,
    apply_schema,
    list_marketplaces,
)
from banyan.runtime.local import Child, StartError, Supervisor, check_port, locked
from banyan.subscriptions import open_database

DEMO_USER = "demo@banyan.example"
DEMO_SOURCE = Path("examples/olist")
MIGRATION_SOURCE = Path("examples/legacy_shop/migration.yaml")
MIGRATION_PLAN = "loja-boa"
MIGRATION_DONE = Path("demo-migration/done")
"""Under the state folder; there once that demo has come to its end."""
LINK_LASTS = timedelta(hours=12)
_GUEST_POLL_S = 0.2
_UP = Cause("system", "banyan up", "banyan up")


class DemoKey(msgspec.Struct, frozen=True):
    """What the demo keeps for the next start: the key that it printed."""

    api_key: str


async def up(settings: Settings, *, demo: bool, terminal: Terminal) -> None:
    """Start everything, print where it is, replay the demo, and stay until told to stop.

    Raises ``StartError`` with a sentence if something is in the way.
    """
    state = settings.state_folder.absolute()
    make_folder(state)
    with locked(state / "banyan.lock"):
        check_port(settings.host, settings.port)
        say = partial(terminal.print, soft_wrap=True, markup=False)
        async with Supervisor(state / "log", say=say) as supervisor:
            settings = await with_database(supervisor, settings, terminal)
            applied = apply_schema(settings.database_url)
            terminal.print(
                f"Schema: {len(applied)} changes applied." if applied else "Schema: current."
            )
            async with open_database(settings) as database:
                _, sandbox = await ensure_marketplaces(database, settings, demo=demo)
                plans = await plans_to_lead(database)
            await start_processes(supervisor, settings, state)
            await _lead(supervisor, settings, state, plans)
            if demo:
                await _run_demo(settings, sandbox, terminal)
                await _run_migration(supervisor, settings, terminal)
            else:
                _print_empty(terminal, settings)
            terminal.print("\nCtrl-C stops everything; what was done is kept.", style="dim")
            await supervisor.wait()


def make_folder(state: Path) -> None:
    """The state folder; ``StartError`` where it can't be."""
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise StartError(f"The folder {state} can't be made: {error.strerror}.") from None
    if not os.access(state, os.W_OK | os.X_OK):
        raise StartError(f"The folder {state} can't be written by this user (uid {os.geteuid()}).")


async def with_database(supervisor: Supervisor, settings: Settings, terminal: Terminal) -> Settings:
    """The settings with a database: the one they name, or an embedded one that is started."""
    if settings.database_url:
        terminal.print("PostgreSQL: the one that BANYAN_DATABASE_URL names.")
        return settings
    server = await supervisor.start_postgres(settings.state_folder.absolute() / "postgres")
    terminal.print(f"PostgreSQL: embedded, in {settings.state_folder / 'postgres'}.")
    return replace(settings, database_url=server.url)


async def plans_to_lead(database: Database) -> list[migration.StoredPlan]:
    """The migrations that were under way when everything stopped.

    Without the demo's, which ``banyan demo-migration`` leads: of two that lead one plan, one waits.
    """
    async with database.across_marketplaces() as queries:
        known = await list_marketplaces(queries)
    found: list[migration.StoredPlan] = []
    for marketplace in known:
        has_demo = marketplace.name == SHOP_NAME and not marketplace.livemode
        async with database.transaction(marketplace.marketplace_id) as tx:
            plans = await migration.list_plans(tx)
        found += [one for one in plans if not (has_demo and one.name == MIGRATION_PLAN)]
    return found


async def _lead(
    supervisor: Supervisor,
    settings: Settings,
    state: Path,
    plans: Sequence[migration.StoredPlan],
) -> None:
    for stored in plans:
        lead = ["gateway", "--keep-trying", "--plan", stored.name]
        lead += ["--marketplace", MARKETPLACE.text(stored.marketplace_id)]
        argv = [sys.executable, "-m", "banyan", *lead]
        child = Child(f"gateway-{stored.name}", argv, _environment(settings, state))
        await supervisor.start(child)


async def start_processes(supervisor: Supervisor, settings: Settings, state: Path) -> None:
    """API and worker."""
    metrics = state / "metrics"
    shutil.rmtree(metrics, ignore_errors=True)
    metrics.mkdir()
    env = {**_environment(settings, state), "PROMETHEUS_MULTIPROC_DIR": str(metrics)}
    banyan = [sys.executable, "-m", "banyan"]

    async def answers() -> bool:
        async with httpx.AsyncClient() as client:
            try:
                ready = await client.get(f"http://{settings.host}:{settings.port}/health/ready")
            except httpx.TransportError:
                return False
            return ready.is_success

    await supervisor.start(Child("api", [*banyan, "serve"], env, ready=answers))
    await supervisor.start(Child("worker", [*banyan, "work"], env))


def _environment(settings: Settings, state: Path) -> dict[str, str]:
    return {
        "BANYAN_DATABASE_URL": settings.database_url,
        "BANYAN_STATE_FOLDER": str(state),
        "BANYAN_HOST": settings.host,
        "BANYAN_PORT": str(settings.port),
    }


async def _run_demo(settings: Settings, sandbox: Marketplace, terminal: Terminal) -> None:
    """Print the ways in, replay the real orders, and print the ways in again under the figures."""
    state = settings.state_folder.absolute()
    async with open_database(settings) as database:
        api_key = await _demo_key(database, sandbox, state / "demo-key.json")
    await _print_ways_in(settings, api_key, terminal)
    if not DEMO_SOURCE.is_dir():
        terminal.print(f"\n{DEMO_SOURCE} is not here, so there is nothing to replay.")
        return
    terminal.print(f"\nReplaying the real orders in {DEMO_SOURCE} through the API:")
    try:
        await replay.watch(DEMO_SOURCE, settings.url, api_key, terminal)
    except BanyanError as error:
        terminal.print(f"[red]The replay stopped:[/] {escape(error.detail)}")
    await _print_ways_in(settings, api_key, terminal)


async def _run_migration(supervisor: Supervisor, settings: Settings, terminal: Terminal) -> None:
    """Have ``banyan demo-migration`` play as a guest; however it ends, everything else goes on.

    In the end its data plane ends, too, although the guest was killed.
    """
    if not (MIGRATION_SOURCE.is_file() and DEMO_SOURCE.is_dir()):
        return
    terminal.print("\nTaking a legacy shop over while its customers shop (docs/demo-migration.md):")
    state = settings.state_folder.absolute()
    done = state / MIGRATION_DONE
    done.unlink(missing_ok=True)
    async with open_database(settings) as database:
        shop = await ensure_shop(database)
    folder = migration.folder_of(state, MIGRATION_PLAN, shop.marketplace_id)

    async def end_its_data_plane() -> None:
        async with DataPlane(folder) as plane:
            await plane.stop()

    supervisor.after_guests(end_its_data_plane)
    argv = [sys.executable, "-m", "banyan", "demo-migration", "--stay"]
    guest = await supervisor.invite(argv, _environment(settings, state))
    while guest.returncode is None and not done.exists():  # noqa: ASYNC110 - another process's doing
        await asyncio.sleep(_GUEST_POLL_S)
    if guest.returncode:
        terminal.print("[yellow]That demo has stopped; its reason is above.[/] All else goes on.")


async def _demo_key(database: Database, sandbox: Marketplace, file: Path) -> str:
    """The same key at each start, as long as its file is there and the database knows it."""
    with suppress(FileNotFoundError, msgspec.DecodeError):
        kept = msgspec.json.decode(file.read_bytes(), type=DemoKey).api_key
        owner = await authenticator(database, app.scopes())(kept)
        if owner is not None and owner.marketplace_id == sandbox.marketplace_id:
            return kept
    async with database.transaction(sandbox.marketplace_id, _UP) as tx:
        _, text = await create_key(tx, name="demo", scopes=["*"], known_scopes=app.scopes())
    new = file.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_bytes(msgspec.json.encode(DemoKey(text)))
    new.rename(file)
    return text


async def _print_ways_in(settings: Settings, api_key: str, terminal: Terminal) -> None:
    async with open_database(settings) as database:  # not kept: PostgreSQL may have died since
        user = await find_user(database, DEMO_USER) or await add_user(database, DEMO_USER, "admin")
        link = await sign_in_link(database, user.user_id, LINK_LASTS)
    url = settings.url
    terminal.print(
        f"""
[bold]Console[/]   {url}{link}
[bold]API docs[/]  {url}/docs
[bold]API key[/]   {api_key}
[bold]Try it[/]    curl -s -H "Authorization: Bearer {api_key}" "{url}/v1/orders?limit=1"
""".rstrip(),
        soft_wrap=True,
    )


def _print_empty(terminal: Terminal, settings: Settings) -> None:
    url, banyan = settings.url, _this_command()
    port = "" if settings.port == Settings().port else f"BANYAN_PORT={settings.port} "
    terminal.print(
        f"""
[bold]Console[/]   {url}/console
[bold]API docs[/]  {url}/docs

Two marketplaces are here, both empty: live and sandbox. In another terminal, make
[bold]the first administrator[/]   {port}{banyan} users add you@example.com --role admin
[bold]the first key[/]             {banyan} keys create --marketplace sandbox --name first
""".rstrip(),
        soft_wrap=True,
    )


def _this_command() -> str:
    """The path of `banyan`, as short as it can be typed here."""
    path = Path(sys.executable).with_name("banyan")
    here = Path.cwd()
    return shlex.quote(str(path.relative_to(here) if path.is_relative_to(here) else path))
