"""The commands of `banyan migrate`: plans, and where their routes stand.

A command that writes JSON writes nothing else to standard output, so that it can be piped.
"""

import asyncio
import getpass
import sys
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import msgspec
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from banyan import migration
from banyan.gateway import data_plane
from banyan.kernel import InvalidRequest, NotFound, Unavailable
from banyan.ledger_commands import Ways
from banyan.migration import (
    Change,
    Phase,
    PlanDiff,
    PlanStatus,
    RouteStatus,
    StoredPlan,
)
from banyan.movement_commands import data_group
from banyan.report_commands import report_command
from banyan.runtime import MARKETPLACE, Cause, Database, Marketplace, Settings, Transaction

REFUSED = 2
NOT_EFFECTIVE = 1
_CONFIRM_WAIT_S = 3.0
_DATABASE_WAIT_S = 3.0
"""A rollback waits so long for the database, and for locks in it, before it goes without."""
_POLL_S = 0.05
_ALIVE_WITHIN = timedelta(seconds=10)
_FILE = click.argument(
    "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE"
)
_WHY = click.option("--why", required=True, help="Kept with the change, for whoever asks later.")
_PLAN = click.option("--plan", "plan", help="Which plan.  [default: the only one]")
_ROUTE = click.argument("route")
_BY = click.option("--by", default=getpass.getuser, help="Who you are.  [default: this user]")
_FORCE = click.option("--force", is_flag=True, help="Although something speaks against it.")
_MARKETPLACE = click.option(
    "--marketplace", help="live, sandbox, demo or mkt_…  [default: the only live one]"
)
_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}
_COLOURS = {"advance": "green", "hold": "yellow", "rollback": "red"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a command acts."""

    database: Database
    marketplace: Marketplace

    @asynccontextmanager
    async def transaction(self, by: str = "command line") -> AsyncGenerator[Transaction]:
        cause = Cause("person", by, by)
        async with self.database.transaction(self.marketplace.marketplace_id, cause) as tx:
            yield tx


@asynccontextmanager
async def place_of(ways: Ways, name: str | None) -> AsyncGenerator[Place]:
    """The marketplace that a person names, or the only live one."""
    async with ways.marketplaces(name) as (database, known):
        chosen = known if name is not None else [each for each in known if each.livemode]
        if len(chosen) != 1:
            there = ", ".join(f"{MARKETPLACE.text(m.marketplace_id)} ({m.name})" for m in chosen)
            raise NotFound(f"Say which marketplace; there are: {there or 'none'}.")
        yield Place(database, chosen[0])


def migrate_group(
    ways: Ways, settings: Callable[[], Settings], with_schema: Callable[[], Settings]
) -> click.Group:
    """`banyan migrate` with its commands.

    ``settings`` are there without a database, ``with_schema`` name one that can be used.
    """
    group = click.Group("migrate", help="Take a legacy platform over, route by route.")
    group.add_command(_schema())
    group.add_command(_validate())
    for make in (_plan, _apply, _status, _advance, _hold, _release, _approve, _history):
        group.add_command(make(ways))
    group.add_command(_rollback(ways, settings))
    group.add_command(data_group(ways, with_schema))
    group.add_command(report_command(ways, place_of))
    return group


def _schema() -> click.Command:
    @click.command("schema")
    def schema() -> None:
        """Print the JSON Schema of a plan, for editors.

        With its first line `# yaml-language-server: $schema=migration.schema.json` an editor checks
        and completes a plan while it is written.
        """
        click.echo(msgspec.json.format(msgspec.json.encode(migration.plan_schema())).decode())

    return schema


def _validate() -> click.Command:
    @click.command("validate")
    @_FILE
    def validate(path: Path) -> None:
        """Check the plan in FILE; every fault is named with its line."""
        plan = _read(path)
        count = len(plan.routes)
        click.echo(f"{path}: {plan.plan} is sound: {count} route{'s' if count != 1 else ''}.")

    return validate


def _read(path: Path) -> migration.Plan:
    """The plan in a file; its faults go to standard error, one a line."""
    read = migration.read_plan(_text(path))
    if read.plan is None:
        for fault in read.faults:
            where = f"{fault.path}: " if fault.path else ""
            click.echo(f"{path}:{fault.line}:{fault.column}: {where}{fault.sentence}", err=True)
        count = len(read.faults)
        raise InvalidRequest(f"{path} has {count} fault{'s' if count != 1 else ''}.")
    return read.plan


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest(f"{path} isn't UTF-8 text.") from None


def _plan(ways: Ways) -> click.Command:
    @click.command("plan")
    @_FILE
    @_MARKETPLACE
    def plan(path: Path, marketplace: str | None) -> None:
        """Show what applying the plan in FILE would change. Nothing is done."""
        _read(path)

        async def compare() -> PlanDiff:
            async with place_of(ways, marketplace) as place, place.transaction() as tx:
                return await migration.compare_plan(tx, _text(path))

        _print_diff(ways.run(compare()))

    return plan


def _print_diff(diff: PlanDiff) -> None:
    if not diff.changes:
        click.echo(f"{diff.name}: nothing would change.")
        return
    before = f"version {diff.from_version}" if diff.from_version else "nothing yet"
    click.echo(f"{diff.name}, compared with {before}:")
    for change in diff.changes:
        sign, colour = _SIGNS[change.kind]
        values = change.after or change.before
        if change.kind == "changed":
            values = f"{change.before} → {change.after}"
        click.echo(f"  {click.style(sign, fg=colour)} {change.what}: {values}")
        if change.effect:
            click.echo(f"      {change.effect}")
        if change.refusal:
            click.secho(f"      Refused: {change.refusal}", fg="red")
    click.echo("No customer changes sides by this: weights move only with phases.")


def _apply(ways: Ways) -> click.Command:
    @click.command("apply")
    @_FILE
    @_WHY
    @_BY
    @_MARKETPLACE
    @_FORCE
    @click.option("--yes", is_flag=True, help="Don't ask.")
    def apply(
        path: Path, why: str, by: str, marketplace: str | None, force: bool, yes: bool
    ) -> None:
        """Let the plan in FILE hold from now on.

        What changes is shown first, and asked about.
        """
        _read(path)
        source = _text(path)

        async def go() -> None:
            async with place_of(ways, marketplace) as place:
                async with place.transaction(by) as tx:
                    diff = await migration.compare_plan(tx, source)
                _print_diff(diff)
                if not yes and diff.changes:
                    click.confirm("Apply?", abort=True)
                async with place.transaction(by) as tx:
                    applied = await migration.apply_plan(
                        tx,
                        source,
                        by=by,
                        why=why,
                        expected_version=diff.from_version,
                        is_forced=force,
                    )
            stored = applied.stored
            said = "holds from now on" if applied.is_new else "holds already"
            click.echo(f"Version {stored.version} of {stored.name} {said}.")

        ways.run(go())

    return apply


def _status(ways: Ways) -> click.Command:
    @click.command("status")
    @_PLAN
    @_MARKETPLACE
    @click.option("--json", "as_json", is_flag=True, help="For programs.")
    def status(plan: str | None, marketplace: str | None, as_json: bool) -> None:
        """Show where every route stands, why, and what comes next."""

        async def show() -> PlanStatus:
            async with place_of(ways, marketplace) as place, place.transaction() as tx:
                stored = await migration.find_plan(tx, plan)
                return await migration.status_of(tx, stored.plan_id)

        found: PlanStatus = ways.run(show())
        if as_json:
            click.echo(msgspec.json.encode(_status_json(found)).decode())
        else:
            _print_status(found)

    return status


def _status_json(status: PlanStatus) -> dict[str, Any]:
    stored = status.stored
    return {
        "plan": stored.name,
        "id": migration.PLAN.text(stored.plan_id),
        "version": stored.version,
        "routes": [
            {
                "route": each.plan.name,
                "phase": each.standing.phase.value,
                "read_bp": each.standing.read_bp,
                "writes_to": each.standing.writes_to,
                "change": each.standing.change,
                "held": each.standing.held_why or None,
                "verdict": each.verdict and each.verdict.verdict,
                "sentence": each.sentence,
                "next": each.next and migration.describe(each.next),
            }
            for each in status.routes
        ],
        "milestones": [msgspec.to_builtins(each) for each in status.milestones],
        "control_plane": status.controller and msgspec.to_builtins(status.controller),
    }


def _print_status(status: PlanStatus) -> None:
    terminal = Console(highlight=False)
    stored = status.stored
    terminal.print(
        f"[bold]{escape(status.plan.title or stored.name)}[/] · plan {stored.name}, version "
        f"{stored.version} of {stored.applied_at:%Y-%m-%d %H:%M} by {escape(stored.applied_by)}"
    )
    terminal.print(_control_plane(status), soft_wrap=True)
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("route", no_wrap=True)
    table.add_column("phase", no_wrap=True)
    table.add_column("reads", justify="right", no_wrap=True)
    table.add_column("writes", no_wrap=True)
    table.add_column("next", no_wrap=True)
    table.add_column("verdict")
    for each in status.routes:
        table.add_row(*_row(each))
    terminal.print(table)
    for milestone in status.milestones:
        colour = {"reached": "green", "on_time": "", "late": "red"}[milestone.state]
        words = escape(f"{milestone.on}  {milestone.name}: {milestone.sentence}")
        terminal.print(f"[{colour}]{words}[/]" if colour else words, soft_wrap=True)


def _row(each: RouteStatus) -> tuple[str, ...]:
    standing = each.standing
    verdict = "rollback" if standing.held_why else each.verdict.verdict if each.verdict else ""
    colour = _COLOURS.get(verdict, "")
    sentence = escape(each.sentence)
    return (
        each.plan.name,
        standing.phase.value,
        f"{standing.read_bp / 100:g} %",
        standing.writes_to,
        "" if each.next is None else migration.describe(each.next).replace(" of customers", ""),
        f"[{colour}]{sentence}[/]" if colour else sentence,
    )


def _control_plane(status: PlanStatus) -> str:
    beat = status.controller
    if beat is None:
        return "[yellow]No control plane has led it yet: run `banyan gateway`.[/]"
    if beat.says:
        return f"[red]The data plane: {escape(beat.says)}[/]"
    age = status.at - beat.beat_at
    if status.stored.version != beat.version:
        return f"[yellow]The data plane has version {beat.version} yet.[/]"
    if age > _ALIVE_WITHIN:
        return (
            f"[yellow]The control plane {escape(beat.holder)} was last heard of at "
            f"{beat.beat_at:%Y-%m-%d %H:%M:%S}; the data plane goes on as it was.[/]"
        )
    return f"[dim]Led by {escape(beat.holder)}, listening on {beat.data_plane.get('listen')}.[/]"


def _advance(ways: Ways) -> click.Command:
    @click.command("advance")
    @_ROUTE
    @_WHY
    @_BY
    @_PLAN
    @_MARKETPLACE
    @_FORCE
    def advance(
        route: str, why: str, by: str, plan: str | None, marketplace: str | None, force: bool
    ) -> None:
        """Take ROUTE its next step now."""

        async def go() -> None:
            async with place_of(ways, marketplace) as place:
                async with place.transaction(by) as tx:
                    stored = await migration.find_plan(tx, plan)
                    change = await migration.advance(
                        tx, stored.plan_id, route, by=by, why=why, is_forced=force
                    )
                click.echo(_step_words(change))
                if not await _is_effective(place, change):
                    click.echo(
                        "It takes effect once a control plane leads the plan (`banyan gateway`)."
                    )

        ways.run(go())

    return advance


def _step_words(change: Change) -> str:
    share = f", {change.to_bp / 100:g} % of customers" if change.to_bp else ""
    return f"{change.route} is in {change.to_phase.value}{share}."


async def _is_effective(place: Place, change: Change) -> bool:
    """Whether the data plane confirms a change soon."""
    waited = 0.0
    while waited < _CONFIRM_WAIT_S:
        async with place.transaction() as tx:
            found = await migration.find_change(tx, change.plan_id, change.route, change.change)
        if found is not None and found.effective_at is not None:
            return True
        await asyncio.sleep(_POLL_S)
        waited += _POLL_S
    return False


def _rollback(ways: Ways, settings: Callable[[], Settings]) -> click.Command:
    @click.command("rollback")
    @_ROUTE
    @_WHY
    @_BY
    @_PLAN
    @_MARKETPLACE
    @_FORCE
    def rollback(
        route: str, why: str, by: str, plan: str | None, marketplace: str | None, force: bool
    ) -> None:
        """Take ROUTE out of its customers' way, now.

        It works without the database and without a control plane, too, if the data plane is on this
        machine. The route is held then until `banyan migrate release`.
        """
        asked = _Rollback(route, why, by, plan, marketplace, force)
        sys.exit(ways.run(_roll_back(ways, settings(), asked)))

    return rollback


@dataclass(frozen=True, slots=True)
class _Rollback:
    route: str
    why: str
    by: str
    plan: str | None
    marketplace: str | None
    is_forced: bool


async def _roll_back(ways: Ways, settings: Settings, asked: _Rollback) -> int:
    try:
        async with place_of(ways, asked.marketplace) as place:
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
    words = f"{_step_words(change)} Its customers are on legacy. It is held."
    if await _tell_here(place, settings, stored, even_if_led=False):
        click.echo(f"{words} No control plane runs here: the data plane was told directly.")
        return 0
    if await _is_effective(place, change):
        click.echo(words)
        return 0
    if await _tell_here(place, settings, stored, even_if_led=True):
        click.echo(f"{words} The control plane here hangs: the data plane was told directly.")
        return 0
    click.echo(
        f"{_step_words(change)} That is written down, BUT NOT IN EFFECT: no control plane leads "
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


def _hold(ways: Ways) -> click.Command:
    return _small(ways, "hold", "Keep ROUTE where it is until it is released.", "is held")


def _release(ways: Ways) -> click.Command:
    return _small(ways, "release", "Let a held ROUTE go on; it is judged anew.", "is released")


def _small(ways: Ways, name: str, about: str, done: str) -> click.Command:
    act = {"hold": migration.hold, "release": migration.release}[name]

    @click.command(name, help=about)
    @_ROUTE
    @_WHY
    @_BY
    @_PLAN
    @_MARKETPLACE
    def command(route: str, why: str, by: str, plan: str | None, marketplace: str | None) -> None:
        async def go() -> Change | None:
            async with place_of(ways, marketplace) as place, place.transaction(by) as tx:
                stored = await migration.find_plan(tx, plan)
                return await act(tx, stored.plan_id, route, by=by, why=why)

        change = ways.run(go())
        click.echo(f"{route} {done}." if change is not None else f"{route}: nothing changes.")

    return command


def _approve(ways: Ways) -> click.Command:
    @click.command("approve")
    @_ROUTE
    @_WHY
    @_BY
    @_PLAN
    @_MARKETPLACE
    @click.option(
        "--phase",
        type=click.Choice([phase.value for phase in Phase]),
        help="The phase you mean; it has to be the next.",
    )
    def approve(
        route: str, why: str, by: str, plan: str | None, marketplace: str | None, phase: str | None
    ) -> None:
        """Say yes to the next phase of ROUTE.

        The step follows once all else holds.
        """

        async def go() -> Change | None:
            async with place_of(ways, marketplace) as place, place.transaction(by) as tx:
                stored = await migration.find_plan(tx, plan)
                return await migration.approve(
                    tx,
                    stored.plan_id,
                    route,
                    by=by,
                    why=why,
                    phase=None if phase is None else Phase(phase),
                )

        change = ways.run(go())
        said = "nothing changes; it was approved before" if change is None else "approved"
        click.echo(f"{route}: {said}.")

    return approve


def _history(ways: Ways) -> click.Command:
    @click.command("history")
    @_PLAN
    @_MARKETPLACE
    @click.option("--route", help="Only of this route.")
    @click.option("--limit", type=click.IntRange(1, 1000), default=30, show_default=True)
    def history(plan: str | None, marketplace: str | None, route: str | None, limit: int) -> None:
        """Show every change, the newest first.

        What was changed, when, by whom and why.
        """

        async def read() -> list[Change]:
            async with place_of(ways, marketplace) as place, place.transaction() as tx:
                stored = await migration.find_plan(tx, plan)
                page = await migration.history(tx, stored.plan_id, route=route, limit=limit)
                return page.data

        for change in ways.run(read()):
            click.echo(_history_line(change))

    return history


def _history_line(change: Change) -> str:
    moved = ""
    if (change.from_phase, change.from_bp) != (change.to_phase, change.to_bp):
        moved = (
            f" {change.from_phase.value} {change.from_bp / 100:g} % → "
            f"{change.to_phase.value} {change.to_bp / 100:g} %"
        )
    took = ""
    if change.effective_at is None:
        took = " (not in effect yet)"
    return (
        f"{change.decided_at:%Y-%m-%d %H:%M:%S}  {change.route} {change.kind}{moved}, by {change.by}: "
        f"{change.why}{took}"
    )
