"""`banyan migrate rehearse`: faults on purpose, and proof of what came of them."""

import asyncio
import signal
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import click

from banyan import migration
from banyan.commands.migrate.options import BY, MARKETPLACE, PLAN
from banyan.commands.places import execute, place_of, process_settings
from banyan.kernel import InvalidRequest, plural
from banyan.migration import (
    REHEARSED_PHASES,
    Evidence,
    RehearsalFault,
    StoredPlan,
    StoredRehearsal,
)
from banyan.migration.rehearsal import Wanted
from banyan.migration.rehearsal import rehearse as run_rehearsal
from banyan.runtime import Vault

FAILED = 1
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a person asks for on the command line."""

    name: str | None
    legacy: str | None
    candidates: tuple[str, ...]
    requests: Path | None
    host: str
    faults: tuple[str, ...]
    phases: tuple[str, ...]
    customers: int
    by: str
    is_on_live: bool


_FAULTS_HELP = f"Only these (may be repeated): {', '.join(RehearsalFault)}."


@click.command("rehearse")
@PLAN
@MARKETPLACE
@click.option("--legacy", metavar="URL", help="Legacy in your staging copy.")
@click.option(
    "--candidate", "candidates", multiple=True, metavar="[NAME=]URL",
    help="A candidate in your staging copy; with its name if the plan has several.",
)  # fmt: skip
@click.option(
    "--yes-on-live", is_flag=True,
    help="Rehearse with the plan's own addresses. They are asked a lot, but never failed.",
)  # fmt: skip
@click.option(
    "--requests", type=_FILE, metavar="FILE",
    help="Lines of `GET /path`.  [default: found by following legacy's links]",
)  # fmt: skip
@click.option("--host", default="", help="The Host that customers send.  [default: legacy's]")
@click.option(
    "--fault",
    "faults",
    multiple=True,
    type=click.Choice(list(RehearsalFault)),
    metavar="FAULT",
    help=_FAULTS_HELP,
)
@click.option("--phase", "phases", multiple=True, type=click.Choice(REHEARSED_PHASES))
@click.option("--customers", default=60, show_default=True, type=click.IntRange(10, 1_000))
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Where the signed evidence goes, besides the database.",
)
@BY
def rehearse(
    plan: str | None, marketplace: str | None, legacy: str | None, candidates: tuple[str, ...],
    yes_on_live: bool, requests: Path | None, host: str, faults: tuple[str, ...],
    phases: tuple[str, ...], customers: int, out: Path | None, by: str,
) -> None:  # fmt: skip
    """Put every fault into a candidate, in every phase.

    It shows that customers notice nothing, and that what is broken is rolled back.

    A database, a control plane and a gateway are set up for it and thrown away afterwards; your
    staging copy is only read from. What comes of it is signed and kept with the plan.
    """
    asked = _Asked(
        plan, legacy, candidates, requests, host, faults, phases, customers, by, yes_on_live
    )
    try:
        evidence, signed, stored = execute(_rehearsed(marketplace, asked))
    except asyncio.CancelledError:
        raise click.Abort from None
    if out is not None:
        out.write_bytes(signed)
    _print(evidence, stored, out)
    if not evidence.has_passed:
        raise SystemExit(FAILED)


async def _rehearsed(
    marketplace: str | None, asked: _Asked
) -> tuple[Evidence, bytes, StoredRehearsal]:
    async with place_of(marketplace) as place:
        _let_signals_cancel()
        async with place.transaction(asked.by) as tx:
            stored = await migration.find_plan(tx, asked.name)
        evidence = await run_rehearsal(_wanted(stored, asked), click.echo)
        async with place.transaction(asked.by) as tx:
            signed = await migration.sign_evidence(tx, Vault(process_settings()), evidence)
            kept = await migration.record_rehearsal(tx, stored, signed, by=asked.by)
    return evidence, signed, kept


def _let_signals_cancel() -> None:
    """Have a signal cancel this task, once: what it has started is ended in order then."""
    task = asyncio.current_task()
    assert task is not None, "a coroutine runs in a task"

    def tell() -> None:
        if not task.cancelling():
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, tell)


def _wanted(stored: StoredPlan, asked: _Asked) -> Wanted:
    plan = stored.plan
    is_given = asked.legacy is not None and asked.candidates
    if not is_given and not asked.is_on_live:
        raise InvalidRequest(
            "Give the addresses of a staging copy with --legacy and --candidate; to rehearse with the"
            " plan's own addresses, where customers are, say --yes-on-live."
        )
    candidates = dict(plan.candidates)
    for text in asked.candidates:
        name, is_named, url = text.partition("=")
        if not is_named or "/" in name:
            if len(candidates) > 1:
                names = ", ".join(sorted(candidates))
                raise InvalidRequest(f"Say which candidate {text} is, as NAME=URL, of {names}.")
            name, url = next(iter(candidates)), text
        candidates[name] = _address(url)
    given = {text.partition("=")[0] for text in asked.candidates if "=" in text}
    if len(candidates) > 1 and set(candidates) - given and not asked.is_on_live:
        left = min(set(candidates) - given)
        raise InvalidRequest(f"Give the staging address of {left} too: --candidate {left}=URL.")
    return Wanted(
        source=stored.source,
        version=stored.version,
        legacy=_address(asked.legacy or plan.legacy),
        candidates=candidates,
        by=asked.by,
        requests=asked.requests.read_text(encoding="utf-8") if asked.requests else None,
        host=asked.host,
        faults=tuple(RehearsalFault(fault) for fault in asked.faults) or tuple(RehearsalFault),
        phases=tuple(phase for phase in REHEARSED_PHASES if phase in asked.phases)
        or REHEARSED_PHASES,
        customers=asked.customers,
    )


def _address(text: str) -> str:
    url = text.rstrip("/")
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.path:
        raise InvalidRequest(f"{text[:80]} is no address such as http://staging.example:8000.")
    return url


def _print(evidence: Evidence, stored: StoredRehearsal, out: Path | None) -> None:
    click.echo()
    for route in evidence.routes:
        click.echo(f"{'✓' if route.has_passed else '✗'} {route.route}: {route.sentence}")
    requests = sum(cell.requests for cell in evidence.cells)
    errors = sum(cell.errors for cell in evidence.cells)
    click.echo(
        f"{plural(len(evidence.cells), 'trial')}, {plural(requests, 'request')} of customers, {errors:,} failed."
        f" Signed with {stored.key_id}, kept as {stored.rehearsal_id}"
        + (f" and in {out}." if out is not None else ".")
    )
