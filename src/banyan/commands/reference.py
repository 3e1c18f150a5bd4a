"""`banyan reference`: the API on a terminal."""

import click

from banyan import app


@click.command()
def reference() -> None:
    """List every operation of the API."""
    operations = app.operations()
    path_width = max(len(operation.path) for operation in operations)
    scope_width = max(len(operation.scope or "any") for operation in operations)
    for operation in operations:
        click.echo(
            f"{operation.method:<6}  {operation.path:<{path_width}}  "
            f"{operation.scope or 'any':<{scope_width}}  {operation.summary}"
        )
