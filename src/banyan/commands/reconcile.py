"""The commands of `banyan reconcile`: import, run, status."""

import sys
from pathlib import Path

import click

from banyan import reconciliation
from banyan.commands.places import BY_HAND, MARKETPLACE_OPTION, execute, transaction


@click.group("reconcile")
def reconcile_group() -> None:
    """Compare our books with what providers and banks say."""


@reconcile_group.command("import")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@MARKETPLACE_OPTION
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

    content, by = path.read_bytes(), BY_HAND.actor

    async def take() -> reconciliation.Import:
        async with transaction(marketplace) as tx:
            if provider is None:
                return await reconciliation.import_statements(tx, content, by=by)
            return await reconciliation.import_report(tx, provider, report_format, content, by=by)

    made = execute(take())
    click.echo(f"{made.format}: {made.lines:,} lines, {made.repeated:,} of them known before")


@reconcile_group.command("run")
@MARKETPLACE_OPTION
def reconcileexecute(marketplace: str) -> None:
    """Match what is open, now.

    Ends with exit code 1 if a difference was found that nothing explains.
    """

    async def match() -> reconciliation.Run:
        async with transaction(marketplace) as tx:
            return await reconciliation.run(tx)

    done = execute(match())
    click.echo(
        f"{done.matched:,} matches made, {done.waiting:,} lines wait, "
        f"{done.opened:,} breaks opened, {done.closed:,} closed"
    )
    sys.exit(1 if done.opened else 0)


@reconcile_group.command("status")
@MARKETPLACE_OPTION
def reconcile_status(marketplace: str) -> None:
    """Say how the lines of each side, source and currency stand."""

    async def show() -> list[reconciliation.Standing]:
        async with transaction(marketplace) as tx:
            return await reconciliation.standings(tx)

    for one in execute(show()):
        oldest = f", the oldest of {one.oldest_open_on}" if one.oldest_open_on else ""
        click.echo(
            f"{one.side:<8}  {one.source}  {one.currency}  {one.matched:,} matched, "
            f"{one.open:,} open{oldest}, {one.breaks:,} breaks"
        )
