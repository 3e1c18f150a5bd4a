"""`banyan settings` and `banyan schema`: how this machine is set up, and its database."""

import click

from banyan.commands.places import process_settings, with_database
from banyan.runtime import apply_schema, describe


@click.command()
def settings() -> None:
    """List every setting with its meaning and present value."""
    for row in describe(process_settings()):
        click.echo(f"{click.style(row.variable, bold=True)}={row.value}")
        click.echo(click.wrap_text(row.about, 78, "    ", "    "))


@click.command()
def schema() -> None:
    """Bring the database's schema up to date."""
    for name in apply_schema(with_database(process_settings()).database_url):
        click.echo(f"applied {name}")
    click.echo("The schema is current.")
