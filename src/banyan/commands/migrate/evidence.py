"""`banyan migrate evidence`: what rehearsals have proven."""

from pathlib import Path
from uuid import UUID

import click

from banyan import migration
from banyan.commands.migrate.options import FILE, MARKETPLACE, PLAN
from banyan.commands.places import execute, place_of
from banyan.kernel import InvalidRequest, NotFound, Unavailable
from banyan.migration import StoredRehearsal

FAILED = 1


@click.group("evidence")
def evidence_group() -> None:
    """What rehearsals have proven."""


@evidence_group.command("verify")
@FILE
@click.option("--key", help="The id of the key that must have signed it; asks no database.")
@MARKETPLACE
def verify(path: Path, key: str | None, marketplace: str | None) -> None:
    """Check that FILE is as it was signed, and by whom."""
    evidence, key_id = migration.verify_evidence(path.read_bytes())
    click.echo(
        f"{path}: rehearsal of {evidence.plan}, version {evidence.plan_version}, which ended"
        f" {evidence.ended_at} and {'passed' if evidence.has_passed else 'did not pass'}."
    )
    for route in evidence.routes:
        click.echo(f"{'✓' if route.has_passed else '✗'} {route.route}: {route.sentence}")
    is_known = execute(_is_ours(marketplace, key_id)) if key is None else key == key_id
    if not is_known:
        click.echo(f"It is whole, but signed with {key_id}: not a key that is known here.")
        raise SystemExit(FAILED)
    click.echo(f"It is whole, and signed with {key_id}, as it should be.")


async def _is_ours(marketplace: str | None, key_id: str) -> bool:
    try:
        async with place_of(marketplace) as place, place.transaction() as tx:
            return await migration.signing_key(tx, key_id) is not None
    except Unavailable as error:
        raise InvalidRequest(
            f"The evidence is whole and signed with {key_id}. Whether that key is this marketplace's"
            f" only its database can tell: {error.detail} Or say --key."
        ) from error


@evidence_group.command("list")
@PLAN
@MARKETPLACE
def list_(plan: str | None, marketplace: str | None) -> None:
    """List rehearsals of a plan, the newest first."""

    async def found() -> list[StoredRehearsal]:
        async with place_of(marketplace) as place, place.transaction() as tx:
            stored = await migration.find_plan(tx, plan)
            return await migration.list_rehearsals(tx, stored.plan_id)

    for each in execute(found()):
        sign = "✓" if each.has_passed else "✗"
        click.echo(
            f"{sign} {each.rehearsal_id}  {each.ended_at:%Y-%m-%d %H:%M}  version"
            f" {each.plan_version}, by {each.recorded_by}, signed with {each.key_id}"
        )


@evidence_group.command("show")
@click.argument("rehearsal", type=click.UUID)
@PLAN
@MARKETPLACE
def show(rehearsal: UUID, plan: str | None, marketplace: str | None) -> None:
    """Print the signed file of a REHEARSAL, byte for byte."""

    async def found() -> bytes:
        async with place_of(marketplace) as place, place.transaction() as tx:
            stored = await migration.find_plan(tx, plan)
            evidence = await migration.find_evidence(tx, stored.plan_id, rehearsal)
        if evidence is None:
            raise NotFound(f"The plan {stored.name} has no rehearsal {rehearsal}.")
        return evidence

    click.echo(execute(found()).decode(), nl=False)
