"""Everything that the demo needs, started and ended in order."""

import asyncio
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from pathlib import Path
from urllib.parse import quote
from uuid import UUID

import httpx
from rich.console import Console as Terminal

from banyan import app, fraud, migration, movement
from banyan.console import add_user, find_user, sign_in_link
from banyan.demo import shops as places
from banyan.demo.show import Board, print_summary
from banyan.demo.story import ENGINEER, Stage, play
from banyan.developers import create_key
from banyan.gateway import DataPlane
from banyan.kernel import SystemClock
from banyan.marketplaces import ensure_marketplaces, ensure_shop
from banyan.migration import Phase
from banyan.runtime import MARKETPLACE, Cause, Database, Settings, Transaction, apply_schema
from banyan.runtime.local import StartError, Supervisor, check_port, find_server, locked
from banyan.subscriptions import open_database
from banyan.up import (
    DEMO_USER,
    LINK_LASTS,
    MIGRATION_DONE,
    MIGRATION_PLAN,
    make_folder,
    start_processes,
    with_database,
)

_CAUSE = Cause("person", ENGINEER, "banyan demo-migration")


async def demo_migration(settings: Settings, terminal: Terminal, *, stay: bool) -> None:
    """Play the whole story; ``stay``: leave everything running at the end, until told to stop.

    Uses the Banyan that runs in the state folder, or starts one. ``StartError`` if something is in the
    way, ``GotStuck`` if the story can't go on.
    """
    places.check_checkout()
    state = settings.state_folder.absolute()
    make_folder(state)
    say = partial(terminal.print, soft_wrap=True, markup=False)
    with ExitStack() as locks:
        locks.enter_context(locked(state / "demo-migration.lock"))
        is_alone = _take(locks, state)
        async with Supervisor(state / "log", say=say) as supervisor:
            if is_alone:
                check_port(settings.host, settings.port)
                settings = await with_database(supervisor, settings, terminal)
                apply_schema(settings.database_url)
                async with open_database(settings) as database:
                    await ensure_marketplaces(database, settings, demo=True)
                await start_processes(supervisor, settings, state)
            else:
                settings = await _attached(settings)
                terminal.print(f"Banyan: the one that runs at {settings.url}.")
            await _with_shops(settings, supervisor, terminal, stay=stay)


def _take(locks: ExitStack, state: Path) -> bool:
    """Whether nothing of Banyan runs in the folder, so that we start it."""
    try:
        locks.enter_context(locked(state / "banyan.lock"))
    except StartError:
        return False
    return True


async def _attached(settings: Settings) -> Settings:
    """The settings of the Banyan that runs; ``StartError`` if it doesn't answer."""
    if not settings.database_url:
        server = find_server(settings.state_folder.absolute() / "postgres")
        if server is None:
            raise StartError("Banyan is just starting or ending here; try again in a moment.")
        settings = replace(settings, database_url=server.url)
    async with httpx.AsyncClient() as client:
        try:
            (await client.get(f"{settings.url}/health/ready")).raise_for_status()
        except httpx.HTTPError:
            raise StartError(
                f"Banyan runs in this folder, and not at {settings.url}: name its port with --port."
            ) from None
    return settings


async def _with_shops(
    settings: Settings, supervisor: Supervisor, terminal: Terminal, *, stay: bool
) -> None:
    state = settings.state_folder.absolute()
    async with open_database(settings) as database:
        marketplace = await ensure_shop(database)
        marketplace_id = marketplace.marketplace_id
        plane = DataPlane(migration.folder_of(state, MIGRATION_PLAN, marketplace_id))
        await plane.stop()  # one that a killed demo has left
        shops = places.choose(state / "demo-migration")
        async with database.transaction(marketplace_id, _CAUSE) as tx:
            _, key = await create_key(
                tx, name="demo-migration", scopes=["*"], known_scopes=app.scopes()
            )
            await _expect_busy_buyers(tx)
        try:
            await places.start_shops(supervisor, shops, settings.url, key)
            plan_id = await _begin(database, marketplace_id, shops)
            env = _environment(settings)
            ours = (MIGRATION_PLAN, MARKETPLACE.text(marketplace_id), env)
            await places.start_mover(supervisor, shops, *ours)
            await places.start_gateway(supervisor, shops, *ours)
            await places.start_customers(supervisor, shops)
            links = await _links(database, settings, shops)
            for link in links:
                terminal.print(link, highlight=False, soft_wrap=True)
            board = Board(terminal)
            stage = Stage(
                database, marketplace_id, plan_id, shops, supervisor, board.say, board.show
            )
            with board.shown():
                told = await play(stage)
            print_summary(terminal, told, stage.report, links)
            (state / MIGRATION_DONE).touch()
            if stay:
                terminal.print("\nCtrl-C ends the demo.", style="dim")
                await asyncio.Event().wait()
        finally:
            await supervisor.end(places.CUSTOMERS_CHILD)  # or Envoy would wait for their requests
            await supervisor.end(places.GATEWAY_CHILD)  # while it starts, it would start Envoy anew
            await plane.stop()
            await plane.__aexit__(None, None, None)


async def _expect_busy_buyers(tx: Transaction) -> None:
    """A few buyers order all day here, which fraud would have a person look at."""
    settings = await fraud.get_settings(tx)
    await fraud.change_settings(
        tx,
        limits=list(settings.limits.values()),
        buyer_orders_1h_max=fraud.COUNT_MAX,
        buyer_orders_24h_max=fraud.COUNT_MAX,
        payment_orders_24h_max=fraud.COUNT_MAX,
    )


async def _begin(database: Database, marketplace_id: UUID, shops: places.Shops) -> UUID:
    """Apply the plan, every route in legacy: also after a demo that has been here before."""
    source = shops.plan(SystemClock().now().date())
    async with database.transaction(marketplace_id, _CAUSE) as tx:
        for stored in await migration.list_plans(tx):
            if stored.name == MIGRATION_PLAN:
                await _reset(tx, stored.plan_id)
                for one in await movement.list_sets(tx, plan_id=stored.plan_id):
                    await movement.restart(tx, one.plan_id, one.name, is_forced=True)
    async with database.transaction(marketplace_id, _CAUSE) as tx:
        applied = await migration.apply_plan(tx, source, by=ENGINEER, why="The demo begins.")
        plan_id = applied.stored.plan_id
        for route in (await migration.status_of(tx, plan_id)).routes:
            why = "First see how legacy does by itself."
            await migration.hold(tx, plan_id, route.plan.name, by=ENGINEER, why=why)
    return plan_id


async def _reset(tx: Transaction, plan_id: UUID) -> None:
    status = await migration.status_of(tx, plan_id)
    for route in status.routes:
        name, why = route.plan.name, "The demo begins anew."
        phase = route.standing.phase
        while True:
            await migration.release(tx, plan_id, name, by=ENGINEER, why=why)
            if phase == Phase.LEGACY:
                break
            change = await migration.roll_back(
                tx, plan_id, name, by=ENGINEER, why=why, is_forced=True
            )
            phase = Phase.LEGACY if change is None else change.to_phase


def _environment(settings: Settings) -> Mapping[str, str]:
    return {
        "BANYAN_DATABASE_URL": settings.database_url,
        "BANYAN_STATE_FOLDER": str(settings.state_folder.absolute()),
    }


async def _links(database: Database, settings: Settings, shops: places.Shops) -> list[str]:
    user = await find_user(database, DEMO_USER) or await add_user(database, DEMO_USER, "admin")
    link = await sign_in_link(database, user.user_id, LINK_LASTS)
    board = quote(f"/console/{MIGRATION_PLAN}/migration/{MIGRATION_PLAN}")
    return [
        f"[bold]The shop[/]   {shops.url}   (log in as customer0007@lojaboa.example, senha-0007)",
        f"[bold]The board[/]  {settings.url}{link}&next={board}",
    ]
