"""`banyan migrate rehearse` and `banyan migrate evidence`: faults on purpose, and proof of it."""

import getpass
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from uuid import UUID

import click

from banyan import migration
from banyan.kernel import InvalidRequest, NotFound, Unavailable
from banyan.ledger_commands import Ways
from banyan.migration import (
    REHEARSED_PHASES,
    Evidence,
    RehearsalFault,
    StoredPlan,
    StoredRehearsal,
    Wanted,
)
from banyan.migration_commands import place_of
from banyan.runtime import Settings, Vault

FAILED = 1
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_MARKETPLACE = click.option(
    "--marketplace", help="live, sandbox, demo or mkt_…  [default: the only live one]"
)
_PLAN = click.option("--plan", "name", help="Which plan.  [default: the only one]")


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


def rehearse_command(ways: Ways, settings: Callable[[], Settings]) -> click.Command:
    @click.command("rehearse")
    @_PLAN
    @_MARKETPLACE
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
    @click.option("--by", default=getpass.getuser, help="Who you are.  [default: this user]")
    def rehearse(
        name: str | None, marketplace: str | None, legacy: str | None, candidates: tuple[str, ...],
        yes_on_live: bool, requests: Path | None, host: str, faults: tuple[str, ...],
        phases: tuple[str, ...], customers: int, out: Path | None, by: str,
    ) -> None:  # fmt: skip
        """Put every fault into a candidate, in every phase.

        It shows that customers notice nothing, and that what is broken is rolled back.

        A database, a control plane and a gateway are set up for it and thrown away afterwards; your
        staging copy is only read from. What comes of it is signed and kept with the plan.
        """
        asked = _Asked(
            name, legacy, candidates, requests, host, faults, phases, customers, by, yes_on_live
        )
        evidence, signed, stored = ways.run(_rehearsed(ways, settings, marketplace, asked))
        if out is not None:
            out.write_bytes(signed)
        _print(evidence, stored, out)
        if not evidence.has_passed:
            raise SystemExit(FAILED)

    return rehearse


async def _rehearsed(
    ways: Ways, settings: Callable[[], Settings], marketplace: str | None, asked: _Asked
) -> tuple[Evidence, bytes, StoredRehearsal]:
    async with place_of(ways, marketplace) as place:
        async with place.transaction(asked.by) as tx:
            stored = await migration.find_plan(tx, asked.name)
        evidence = await migration.rehearse(_wanted(stored, asked), click.echo)
        async with place.transaction(asked.by) as tx:
            signed = await migration.sign_evidence(tx, Vault(settings()), evidence)
            kept = await migration.record_rehearsal(tx, stored, signed, by=asked.by)
    return evidence, signed, kept


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
        f"{len(evidence.cells)} trials, {requests} customers' requests, {errors} failed."
        f" Signed with {stored.key_id}, kept as {stored.rehearsal_id}"
        + (f" and in {out}." if out is not None else ".")
    )


def evidence_group(ways: Ways) -> click.Group:
    """`banyan migrate evidence` with its commands."""
    group = click.Group("evidence", help="What rehearsals have proven.")
    for make in (_verify, _list, _show):
        group.add_command(make(ways))
    return group


def _verify(ways: Ways) -> click.Command:
    @click.command("verify")
    @click.argument("path", type=_FILE, metavar="FILE")
    @click.option("--key", help="The id of the key that must have signed it; asks no database.")
    @_MARKETPLACE
    def verify(path: Path, key: str | None, marketplace: str | None) -> None:
        """Check that FILE is as it was signed, and by whom."""
        evidence, key_id = migration.verify_evidence(path.read_bytes())
        click.echo(
            f"{path}: rehearsal of {evidence.plan}, version {evidence.plan_version}, which ended"
            f" {evidence.ended_at} and {'passed' if evidence.has_passed else 'did not pass'}."
        )
        for route in evidence.routes:
            click.echo(f"{'✓' if route.has_passed else '✗'} {route.route}: {route.sentence}")
        if key is not None:
            is_known = key == key_id
        else:
            is_known = ways.run(_is_ours(ways, marketplace, key_id))
        if not is_known:
            click.echo(f"It is whole, but signed with {key_id}: not a key that is known here.")
            raise SystemExit(FAILED)
        click.echo(f"It is whole, and signed with {key_id}, as it should be.")

    return verify


async def _is_ours(ways: Ways, marketplace: str | None, key_id: str) -> bool:
    try:
        async with place_of(ways, marketplace) as place, place.transaction() as tx:
            return await migration.signing_key(tx, key_id) is not None
    except Unavailable as error:
        raise InvalidRequest(
            f"The evidence is whole and signed with {key_id}. Whether that key is this marketplace's"
            f" only its database can tell: {error.detail} Or say --key."
        ) from error


def _list(ways: Ways) -> click.Command:
    @click.command("list")
    @_PLAN
    @_MARKETPLACE
    def list_(name: str | None, marketplace: str | None) -> None:
        """List rehearsals of a plan, the newest first."""

        async def found() -> list[StoredRehearsal]:
            async with place_of(ways, marketplace) as place, place.transaction() as tx:
                stored = await migration.find_plan(tx, name)
                return await migration.list_rehearsals(tx, stored.plan_id)

        for each in ways.run(found()):
            sign = "✓" if each.has_passed else "✗"
            click.echo(
                f"{sign} {each.rehearsal_id}  {each.ended_at:%Y-%m-%d %H:%M}  version"
                f" {each.plan_version}, by {each.recorded_by}, signed with {each.key_id}"
            )

    return list_


def _show(ways: Ways) -> click.Command:
    @click.command("show")
    @click.argument("rehearsal", type=click.UUID)
    @_PLAN
    @_MARKETPLACE
    def show(rehearsal: UUID, name: str | None, marketplace: str | None) -> None:
        """Print the signed file of a REHEARSAL, byte for byte."""

        async def found() -> bytes:
            async with place_of(ways, marketplace) as place, place.transaction() as tx:
                stored = await migration.find_plan(tx, name)
                evidence = await migration.find_evidence(tx, stored.plan_id, rehearsal)
            if evidence is None:
                raise NotFound(f"The plan {stored.name} has no rehearsal {rehearsal}.")
            return evidence

        click.echo(ways.run(found()).decode(), nl=False)

    return show
