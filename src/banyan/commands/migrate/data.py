"""The commands of `banyan migrate data`: install, run, status, verify, repair, restart, remove.

`run` is a process of its own: it holds connections to both sides for as long as the migration lasts, and
neither the worker's jobs nor the gateway's control loop should wait for a legacy database.
"""

import asyncio
import signal
import sys
from collections.abc import Awaitable, Callable, Sequence

import click

from banyan import movement
from banyan.commands.migrate.options import MARKETPLACE
from banyan.commands.places import execute, place_of, process_settings, with_schema
from banyan.kernel import InvalidRequest, NotFound, plural
from banyan.movement import DataSet, DataStanding
from banyan.runtime import Transaction, telemetry

VERIFIED, NOT_VERIFIED = 0, 1
_INDENT = " " * 4
_PLAN = click.option("--plan", help="Name of an applied plan.  [default: the only one with data]")
_SETS = click.option("--set", "names", multiple=True, help="May be given again.  [default: all]")


@click.group("data")
def data_group() -> None:
    """Copy, follow, compare and copy back the plan's data sets."""


@data_group.command("run")
@MARKETPLACE
@_PLAN
@click.option("--wait/--no-wait", default=True, help="Stand by while another process runs.")
def run(marketplace: str | None, plan: str | None, wait: bool) -> None:
    """Carry the sets of a plan until Ctrl-C or SIGTERM.

    It fills the target, follows the changes, compares all rows again and again, and after the
    cutover carries changes back. Whatever dies, it goes on where it was.
    """
    settings = with_schema(process_settings())
    telemetry.configure_logging(settings.log_level)

    async def carry() -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, stop.set)
        async with place_of(marketplace) as place:
            database, marketplace_id = place.database, place.marketplace.marketplace_id
            async with database.transaction(marketplace_id) as tx:
                sets = _of_one_plan(await movement.list_sets(tx, plan=plan), plan)
            url = settings.database_url
            await movement.run(database, url, marketplace_id, sets[0].plan_id, stop, waits=wait)

    execute(carry())


@data_group.command("install")
@MARKETPLACE
@_PLAN
@_SETS
def install(marketplace: str | None, plan: str | None, names: tuple[str, ...]) -> None:
    """Check the tables of both sides, and begin to catch changes.

    Nothing is copied yet; `run` does the same by itself.
    """
    sets = execute(_chosen(marketplace, plan, names))
    execute(movement.install(sets))
    for one in sets:
        click.echo(f"{one.name}: changes are caught.")


@data_group.command("remove")
@MARKETPLACE
@_PLAN
@_SETS
@click.option("--yes", is_flag=True, help="Don't ask.")
def remove(marketplace: str | None, plan: str | None, names: tuple[str, ...], yes: bool) -> None:
    """Take triggers, logs, slots and fences away from both sides.

    For when a migration is over, or a set has left the plan. Changes aren't caught any more: sets
    that shall move after all have to be restarted.
    """
    sets = execute(_chosen(marketplace, plan, names, with_gone=True))
    if not yes:
        click.confirm(
            f"Remove what is ours of {plural(len(sets), 'set')} from both sides?", abort=True
        )
    execute(movement.remove(sets))
    for one in sets:
        click.echo(f"{one.name}: nothing of ours is left.")


@data_group.command("status")
@MARKETPLACE
@_PLAN
@_SETS
@click.option("--differences", is_flag=True, help="List the rows, too.")
def status(
    marketplace: str | None, plan: str | None, names: tuple[str, ...], differences: bool
) -> None:
    """Say how far each set is, and whether it may be relied on.

    Ends with exit code 1 if one of them may not.
    """

    async def show() -> int:
        async with place_of(marketplace) as place, place.transaction() as tx:
            sets = _named(await movement.list_sets(tx, plan=plan), names)
            standings = await movement.standings_of(tx, sets)
            for one in standings:
                _say(one)
                if differences and one.set_id is not None:
                    page = await movement.page_findings(tx, one.set_id, limit=1000)
                    for found in page.data:
                        columns = f": {', '.join(found.columns)}" if found.columns else ""
                        click.echo(f"{_INDENT}{found.kind} {found.key}{columns} {found.detail}")
        return VERIFIED if all(one.is_verified for one in standings) else NOT_VERIFIED

    sys.exit(execute(show()))


def _say(one: DataStanding) -> None:
    click.echo(f"{one.name:<20}  {one.phase or 'unknown':<11}  {one.sentence}")
    progress = one.progress
    if progress is None or progress.left_s is None or progress.left_s == 0:
        return
    share = f"{progress.share:.0%}, " if progress.share is not None else ""
    rate = f"{progress.rows_per_s:,.0f} rows/s, " if progress.rows_per_s is not None else ""
    click.echo(f"{_INDENT}{share}{rate}about {progress.left_s:,.0f} s left")


@data_group.command("verify")
@MARKETPLACE
@_PLAN
@_SETS
def verify(marketplace: str | None, plan: str | None, names: tuple[str, ...]) -> None:
    """Have every row compared anew; `status` tells the result."""

    async def want(tx: Transaction, one: DataSet) -> str:
        await movement.want_verification(tx, one.plan_id, one.name)
        return "its mover compares it."

    _for_each(marketplace, plan, names, want)


@data_group.command("repair")
@MARKETPLACE
@_PLAN
@_SETS
def repair(marketplace: str | None, plan: str | None, names: tuple[str, ...]) -> None:
    """Carry the rows that differ over again from the true side."""

    async def want(tx: Transaction, one: DataSet) -> str:
        rows = await movement.want_repair(tx, one.plan_id, one.name)
        return f"its mover repairs {plural(rows, 'row')}."

    _for_each(marketplace, plan, names, want)


@data_group.command("accept")
@MARKETPLACE
@_PLAN
@_SETS
def accept(marketplace: str | None, plan: str | None, names: tuple[str, ...]) -> None:
    """Let conflicts stand as they are: somebody has looked at them."""

    async def decide(tx: Transaction, one: DataSet) -> str:
        rows = await movement.decide_conflicts(tx, one.plan_id, one.name)
        return f"{plural(rows, 'conflict')} accepted."

    _for_each(marketplace, plan, names, decide)


@data_group.command("restart")
@MARKETPLACE
@_PLAN
@click.option("--set", "name", required=True)
@click.option("--force", is_flag=True, help="Even if legacy lacks rows of the new side.")
def restart(marketplace: str | None, plan: str | None, name: str, force: bool) -> None:
    """Fill and compare a set anew, from the beginning.

    The short way when its mapping has changed. Rows at the target stay and are written over.
    """

    async def begin(tx: Transaction, one: DataSet) -> str:
        await movement.restart(tx, one.plan_id, one.name, is_forced=force)
        return "it begins anew."

    _for_each(marketplace, plan, (name,), begin)


def _for_each(
    marketplace: str | None,
    plan: str | None,
    names: Sequence[str],
    act: Callable[[Transaction, DataSet], Awaitable[str]],
) -> None:
    """Do it to the chosen sets, all or none, and say what was done."""

    async def go() -> list[str]:
        async with place_of(marketplace) as place, place.transaction() as tx:
            sets = _named(await movement.list_sets(tx, plan=plan), names)
            return [f"{one.name}: {await act(tx, one)}" for one in sets]

    for line in execute(go()):
        click.echo(line)


async def _chosen(
    marketplace: str | None, plan: str | None, names: Sequence[str], *, with_gone: bool = False
) -> list[DataSet]:
    async with place_of(marketplace) as place, place.transaction() as tx:
        return _named(await movement.list_sets(tx, plan=plan, with_gone=with_gone), names)


def _named(sets: Sequence[DataSet], names: Sequence[str]) -> list[DataSet]:
    known = {one.name for one in sets}
    for name in names:
        if name not in known:
            raise NotFound(f"There is no data set {name}; there are {', '.join(sorted(known))}.")
    if not sets:
        raise NotFound("No applied plan declares data sets.")
    return [one for one in sets if not names or one.name in names]


def _of_one_plan(sets: Sequence[DataSet], plan: str | None) -> list[DataSet]:
    plans = sorted({one.plan for one in sets})
    if not plans:
        of = f" of the name {plan}" if plan else ""
        raise NotFound(f"There is no applied plan{of} that declares data sets.")
    if len(plans) > 1:
        raise InvalidRequest(f"Say which plan by --plan: {', '.join(plans)}.")
    return list(sets)
