"""The commands of `banyan fx`: exchange rates."""

from datetime import UTC, datetime
from pathlib import Path

import click
import httpx

from banyan import fx
from banyan.commands.places import MARKETPLACE_OPTION, execute, transaction
from banyan.kernel import NotFound, TooLarge, Unavailable

_FETCH_TIMEOUT_S = 30.0
_FETCH_BYTES_MAX = 64 * 1024 * 1024


@click.group("fx")
def fx_group() -> None:
    """Exchange rates."""


@fx_group.command("load")
@click.argument("place")
@MARKETPLACE_OPTION
@click.option(
    "--source",
    type=click.Choice(list(fx.SOURCES)),
    default="ecb",
    show_default=True,
    help="Whose file it is.",
)
@click.option("--since", type=click.DateTime(["%Y-%m-%d"]), help="Only rates from this day on.")
def fx_load(place: str, marketplace: str, source: str, since: datetime | None) -> None:
    """Load the exchange rates in PLACE, a file or a URL.

    The European Central Bank publishes eurofxref-daily.xml, eurofxref-hist.xml and both as CSV in a
    zip. Loading a file again changes nothing; where it says otherwise than before, the rate gets a
    new version.
    """
    content = _content(place)

    async def load() -> fx.Loaded:
        first_at = since and since.replace(tzinfo=UTC)
        async with transaction(marketplace) as tx:
            return await fx.load_rates(tx, fx.SOURCES[source], content, since=first_at)

    loaded = execute(load())
    click.echo(
        f"{loaded.added:,} rates added, {loaded.corrected:,} corrected, "
        f"{loaded.unchanged:,} known before."
    )
    if loaded.first_at and loaded.last_at:
        click.echo(f"They are of {loaded.first_at:%Y-%m-%d} to {loaded.last_at:%Y-%m-%d}.")
    if loaded.skipped:
        click.echo(f"Skipped, out of use: {', '.join(loaded.skipped)}.")


def _content(place: str) -> bytes:
    """A file, or what a URL answers; nothing is fetched that nobody has named."""
    if not place.startswith(("https://", "http://")):
        try:
            return Path(place).read_bytes()
        except OSError as error:
            raise NotFound(f"{place} can't be read: {error.strerror}.") from None
    parts: list[bytes] = []
    try:
        with httpx.stream("GET", place, timeout=_FETCH_TIMEOUT_S, follow_redirects=True) as answer:
            answer.raise_for_status()
            for part in answer.iter_bytes():
                parts.append(part)
                if sum(map(len, parts)) > _FETCH_BYTES_MAX:
                    raise TooLarge(f"{place} has more than {_FETCH_BYTES_MAX:,} bytes.")
    except httpx.HTTPError as error:
        raise Unavailable(f"{place} can't be fetched: {error}") from None
    return b"".join(parts)
