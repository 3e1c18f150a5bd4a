"""`banyan migrate rollback`: with the database, without it, and without a control plane."""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from banyan import migration
from banyan.commands.migrate.options import BY, FORCE, MARKETPLACE, PLAN, ROUTE, WHY
from banyan.commands.migrate.steps import is_effective, step_words
from banyan.commands.places import Place, execute, place_of, process_settings
from banyan.gateway import data_plane
from banyan.kernel import NotFound, Unavailable
from banyan.migration import Change, StoredPlan
from banyan.runtime import Settings

NOT_EFFECTIVE = 1
_DATABASE_WAIT_S = 3.0
"""A rollback waits so long for the database, and for locks in it, before it goes without."""


@click.command("rollback")
@ROUTE
@WHY
@BY
@PLAN
@MARKETPLACE
@FORCE
def rollback(
    route: str, why: str, by: str, plan: str | None, marketplace: str | None, force: bool
) -> None:
    """Take ROUTE out of its customers' way, now.

    It works without the database and without a control plane, too, if the data plane is on this
    machine. The route is held then until `banyan migrate release`.
    """
    asked = _Rollback(route, why, by, plan, marketplace, force)
    sys.exit(execute(_roll_back(process_settings(), asked)))


@dataclass(frozen=True, slots=True)
class _Rollback:
    route: str
    why: str
    by: str
    plan: str | None
    marketplace: str | None
    is_forced: bool


async def _roll_back(settings: Settings, asked: _Rollback) -> int:
    try:
        async with place_of(asked.marketplace) as place:
            return await _roll_back_stored(place, settings, asked)
    except (Unavailable, NotFound) as error:
        here = migration.remembered_in(settings.state_folder.absolute(), asked.plan)
        if not here or isinstance(error, migration.RouteNotFound):
            raise
        return await _roll_back_here(settings, here, asked, error.detail)


async def _roll_back_stored(place: Place, settings: Settings, asked: _Rollback) -> int:
    stored, change = await _written_down(place, asked)
    if change is None:
        click.echo(f"{asked.route} is rolled back already, and held.")
        return 0
    words = f"{step_words(change)} Its customers are on legacy. It is held."
    if await _tell_here(place, settings, stored, even_if_led=False):
        click.echo(f"{words} No control plane runs here: the data plane was told directly.")
        return 0
    if await is_effective(place, change):
        click.echo(words)
        return 0
    if await _tell_here(place, settings, stored, even_if_led=True):
        click.echo(f"{words} The control plane here hangs: the data plane was told directly.")
        return 0
    click.echo(
        f"{step_words(change)} That is written down, BUT NOT IN EFFECT: no control plane leads "
        "the plan, and its data plane isn't on this machine. Run `banyan gateway` where it is, or this "
        "command there.",
        err=True,
    )
    return NOT_EFFECTIVE


async def _written_down(place: Place, asked: _Rollback) -> tuple[StoredPlan, Change | None]:
    try:
        async with asyncio.timeout(_DATABASE_WAIT_S), place.transaction(asked.by) as tx:
            stored = await migration.find_plan(tx, asked.plan)
            change = await migration.roll_back(
                tx,
                stored.plan_id,
                asked.route,
                by=asked.by,
                why=asked.why,
                is_forced=asked.is_forced,
            )
    except TimeoutError:
        raise Unavailable(
            f"The database has not taken the rollback within {_DATABASE_WAIT_S:.0f} s."
        ) from None
    return stored, change


async def _tell_here(
    place: Place, settings: Settings, stored: StoredPlan, *, even_if_led: bool
) -> bool:
    """Have the data plane on this machine follow the database; whether there is one, and it did."""
    folder = migration.folder_of(
        settings.state_folder.absolute(), stored.name, stored.marketplace_id
    )
    if migration.ControlFolder(folder).recall() is None:
        return False
    async with data_plane(folder, settings) as plane, place.transaction() as tx:
        return await migration.follow_here(tx, plane, stored.plan_id, even_if_led=even_if_led)


async def _roll_back_here(
    settings: Settings,
    here: Sequence[tuple[Path, migration.Remembered]],
    asked: _Rollback,
    why_not: str,
) -> int:
    folders = [path for path, kept in here if asked.route in kept.standings]
    if len(folders) != 1:
        raise NotFound(
            f"{why_not} And of {asked.route} there is no one data plane on this machine."
        )
    async with data_plane(folders[0], settings) as plane:
        done = await migration.roll_back_here(
            plane, asked.route, by=asked.by, why=asked.why, is_forced=asked.is_forced
        )
    click.echo(
        f"{asked.route} is rolled back in the data plane here, after {done.took_ms:.0f} ms; its "
        f"customers are on legacy. It is written down once the database is back. ({why_not})"
    )
    return 0
