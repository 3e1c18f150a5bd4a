"""What `banyan migrate rollback` does: with the database, without it, and without a control plane."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from banyan import migration
from banyan.commands.migrate.steps import is_effective, soon, step_words
from banyan.commands.places import Place, execute, place_of, process_settings
from banyan.gateway import data_plane
from banyan.kernel import NotFound, SystemClock, Unavailable
from banyan.migration import Change, StoredPlan
from banyan.runtime import Settings

NOT_EFFECTIVE = 1
_DATABASE_WAIT_S = 3.0
"""A rollback waits so long for the database, and for locks in it, before it goes without."""
_RETURN_WAIT_S = 10.0
_TELL_WAIT_S = 15.0


@dataclass(frozen=True, slots=True)
class Rollback:
    route: str
    why: str
    by: str
    plan: str | None
    marketplace: str | None
    is_forced: bool


def roll_back(asked: Rollback) -> int:
    """The code to end with."""
    return execute(_roll_back(process_settings(), asked))


async def _roll_back(settings: Settings, asked: Rollback) -> int:
    """Through the database where one can be reached: what it says holds. Else with what is known here."""
    try:
        async with AsyncExitStack() as stack:
            async with _in_time(_DATABASE_WAIT_S):
                place = await stack.enter_async_context(place_of(asked.marketplace))
                stored, change = await _written_down(place, asked)
            return await _brought_about(place, settings, asked, stored, change)
    except Unavailable as error:
        here = migration.remembered_in(settings.state_folder.absolute(), asked.plan)
        if not here:
            raise
        return await _roll_back_here(settings, here, asked, error.detail)


@asynccontextmanager
async def _in_time(within_s: float) -> AsyncGenerator[None]:
    """A database that hangs is one that isn't there."""
    try:
        async with asyncio.timeout(within_s):
            yield
    except TimeoutError:
        raise Unavailable(f"The database has not answered within {within_s:.0f} s.") from None


async def _written_down(place: Place, asked: Rollback) -> tuple[StoredPlan, Change | None]:
    async with place.transaction(asked.by) as tx:
        stored = await migration.find_plan(tx, asked.plan)
        change = await migration.roll_back(
            tx, stored.plan_id, asked.route, by=asked.by, why=asked.why, is_forced=asked.is_forced
        )
    return stored, change


async def _brought_about(
    place: Place, settings: Settings, asked: Rollback, stored: StoredPlan, change: Change | None
) -> int:
    """It is written down; whoever tells the data plane is waited for, or else it is told from here."""
    if change is None:
        click.echo(f"{asked.route} is rolled back already, and held.")
        await _say_what_comes_back(place, stored, asked.route)
        return 0
    words = f"{step_words(change)} Its customers are on legacy. It is held."
    if await _tell_here(place, settings, stored, even_if_led=False):
        words += " No control plane runs here: the data plane was told directly."
    elif not await is_effective(place, change):
        if not await _tell_here(place, settings, stored, even_if_led=True):
            click.echo(
                f"{step_words(change)} That is written down, BUT NOT IN EFFECT: no control plane "
                "leads the plan, and its data plane isn't on this machine. Run `banyan gateway` where "
                "it is, or this command there.",
                err=True,
            )
            return NOT_EFFECTIVE
        words += " The control plane here hangs: the data plane was told directly."
    click.echo(words)
    await _say_what_comes_back(place, stored, asked.route)
    return 0


async def _say_what_comes_back(place: Place, stored: StoredPlan, route: str) -> None:
    """Whether legacy has all that the candidate took, where that had to come back."""
    said: list[str] = []

    async def is_back() -> bool:
        async with place.transaction() as tx:
            said.append(await migration.unreturned(tx, stored.plan_id, route))
        return not said[-1]

    if not await soon(is_back, within_s=_RETURN_WAIT_S) and said:
        click.echo(
            f"Legacy does not have all yet that the candidate took. {said[-1]} It comes by itself as "
            "long as `banyan migrate data run` runs; `banyan migrate data status` tells how far it is.",
            err=True,
        )
    elif len(said) > 1:
        click.echo("Legacy has all that the candidate took.")


async def _tell_here(
    place: Place, settings: Settings, stored: StoredPlan, *, even_if_led: bool
) -> bool:
    """Have the data plane on this machine follow the database; whether there is one, and it did."""
    folder = migration.folder_of(
        settings.state_folder.absolute(), stored.name, stored.marketplace_id
    )
    if migration.ControlFolder(folder).recall() is None:
        return False
    async with (
        _in_time(_TELL_WAIT_S),
        data_plane(folder, settings) as plane,
        place.transaction() as tx,
    ):
        return await migration.follow_here(tx, plane, stored.plan_id, even_if_led=even_if_led)


async def _roll_back_here(
    settings: Settings,
    here: Sequence[tuple[Path, migration.Remembered]],
    asked: Rollback,
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
        f"customers are on legacy. ({why_not})"
    )
    age_s = (SystemClock().now() - done.known_at).total_seconds()
    click.echo(
        f"What is known here is of {done.known_at:%Y-%m-%d %H:%M:%S} UTC, {age_s:,.0f} s old. "
        "The rollback is written down once a control plane here reaches the database; where that says "
        "otherwise, it holds."
    )
    return 0
