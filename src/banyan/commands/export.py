"""The commands of `banyan export`: what accounting takes out."""

from pathlib import Path

import click

from banyan import invoicing
from banyan.commands.places import MARKETPLACE_OPTION, execute, marketplaces


@click.group("export")
def export_group() -> None:
    """Take out what accounting needs."""


@export_group.command("journal")
@click.argument("month")
@click.option(
    "--to",
    "path",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    required=True,
    help="The file; it is written whole, or not at all.",
)
@MARKETPLACE_OPTION
def journal(month: str, path: Path, marketplace: str) -> None:
    """Write the journal of MONTH (2018-03) as CSV.

    Every entry that takes effect in it, with balances by number of the chart of accounts.
    """
    folder = path.absolute().parent
    if not folder.is_dir():
        raise click.BadParameter(f"there is no folder {folder}")

    async def write() -> int:
        async with marketplaces(marketplace) as (database, [chosen]):
            return await invoicing.write_journal(database, chosen.marketplace_id, month, path)

    click.echo(f"{path}: {execute(write()):,} bytes")
