"""Plans: their schema, what is wrong with one, what it would change, and letting it hold."""

from pathlib import Path

import click
import msgspec

from banyan import migration
from banyan.commands.migrate.options import BY, FILE, FORCE, MARKETPLACE, WHY
from banyan.commands.places import execute, place_of
from banyan.gateway import check_spec
from banyan.kernel import InvalidRequest, plural
from banyan.migration import Phase, PlanDiff, Position

_SIGNS = {"added": ("+", "green"), "removed": ("-", "red"), "changed": ("~", "yellow")}


@click.command("schema")
def schema() -> None:
    """Print the JSON Schema of a plan, for editors.

    With its first line `# yaml-language-server: $schema=migration.schema.json` an editor checks
    and completes a plan while it is written.
    """
    click.echo(msgspec.json.format(msgspec.json.encode(migration.plan_schema())).decode())


@click.command("validate")
@FILE
def validate(path: Path) -> None:
    """Check the plan in FILE; every fault is named with its line.

    Where Envoy is installed, it is asked, too, whether it would take the routes.
    """
    plan = _read(path)
    click.echo(f"{path}: {plan.plan} is sound: {plural(len(plan.routes), 'route')}.")


def _read(path: Path) -> migration.Plan:
    """The plan in a file, which Envoy would take; its faults go to standard error, one a line."""
    read = migration.read_plan(_text(path))
    if read.plan is None:
        for fault in read.faults:
            where = f"{fault.path}: " if fault.path else ""
            click.echo(f"{path}:{fault.line}:{fault.column}: {where}{fault.sentence}", err=True)
        raise InvalidRequest(f"{path} has {plural(len(read.faults), 'fault')}.")
    execute(_check_with_envoy(read.plan))
    return read.plan


async def _check_with_envoy(plan: migration.Plan) -> None:
    """Raise ``ConfigurationRefused`` if Envoy wouldn't take the plan's routes, all at work."""
    at_work = Position(Phase.CANARY, step=1, read_bp=1)
    await check_spec(migration.spec_of(plan, {route.name: at_work for route in plan.routes}))


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        raise InvalidRequest(f"{path} isn't UTF-8 text.") from None


@click.command("plan")
@FILE
@MARKETPLACE
def plan(path: Path, marketplace: str | None) -> None:
    """Show what applying the plan in FILE would change. Nothing is done."""
    _read(path)

    async def compare() -> PlanDiff:
        async with place_of(marketplace) as place, place.transaction() as tx:
            return await migration.compare_plan(tx, _text(path))

    _print_diff(execute(compare()))


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


@click.command("apply")
@FILE
@WHY
@BY
@MARKETPLACE
@FORCE
@click.option("--yes", is_flag=True, help="Don't ask.")
def apply(path: Path, why: str, by: str, marketplace: str | None, force: bool, yes: bool) -> None:
    """Let the plan in FILE hold from now on.

    What changes is shown first, and asked about.
    """
    _read(path)
    source = _text(path)

    async def go() -> None:
        async with place_of(marketplace) as place:
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

    execute(go())
