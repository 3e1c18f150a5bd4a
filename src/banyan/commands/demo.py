"""`banyan demo-migration` and `banyan replay`: what there is to look at."""

from pathlib import Path

import click
from rich.console import Console

from banyan import replay
from banyan.commands.places import execute, process_settings
from banyan.demo import demo_migration

_terminal = Console(highlight=False)


@click.command("demo-migration")
@click.option("--port", type=click.IntRange(1, 65535), help="Port of the API.  [default: 8000]")
@click.option(
    "--stay/--no-stay",
    default=None,
    help="Keep everything running at the end, to look around.  [default: on a terminal]",
)
def demo_migration_command(port: int | None, stay: bool | None) -> None:
    """Take a legacy shop over while its customers shop.

    That takes a few minutes.

    Runs in a checkout: the shops are in `examples`. It uses the Banyan that runs in this folder, or
    starts one.
    """
    is_staying = _terminal.is_terminal if stay is None else stay
    execute(demo_migration(process_settings(None, port), _terminal, stay=is_staying))


@click.command("replay")
@click.argument("path", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--url",
    envvar="BANYAN_URL",
    show_envvar=True,
    default="http://127.0.0.1:8000",
    show_default=True,
    help="Where the API is.",
)
@click.option(
    "--key", envvar="BANYAN_API_KEY", show_envvar=True, required=True, help="API key of a sandbox."
)
@click.option("--limit", type=click.IntRange(min=1), help="Only the first orders.")
def replay_command(path: Path, url: str, key: str, limit: int | None) -> None:
    """Replay real orders through the API of a sandbox.

    The folder PATH has the files of the Olist data set, or an extract such as examples/olist. An interrupted
    replay goes on where it stopped.
    """
    execute(replay.watch(path, url.rstrip("/"), key, _terminal, limit=limit))
