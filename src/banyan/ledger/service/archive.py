"""Archives: a closed and sealed month as compressed files that can be checked without a database.

An archive holds whole batches of the chain of seals: those recorded after the period before was
closed, until this one was. Each line is a leg exactly as it was hashed, so that the files alone give
the roots, the roots the hashes, and the last hash is the one in the database, and in whatever was
exported. It is written beside its place and moved there at the end: there is a whole one or none.
"""

import gzip
import hashlib
import zlib
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from uuid import UUID

from banyan.kernel import BanyanError
from banyan.ledger import rules
from banyan.ledger.errors import ArchiveRefused
from banyan.ledger.model import Archive, Finding, Period, Seal
from banyan.ledger.service import periods
from banyan.ledger.store import files
from banyan.ledger.store import periods as period_store
from banyan.ledger.store import sealing as store
from banyan.ledger.store.files import Manifest, SealLine
from banyan.runtime import MARKETPLACE, Event, Transaction

_FORMAT = "banyan ledger archive 1"
_UNREADABLE = (
    OSError,
    ValueError,
    OverflowError,
    EOFError,
    BanyanError,
    gzip.BadGzipFile,
    zlib.error,
)


async def archive_month(tx: Transaction, month: str, folder: Path) -> Archive:
    """Write the archive of a closed month to ``folder / month``, check it there, and note it.

    Again, it only checks. ``PeriodNotFound``; ``ArchiveRefused`` if the month isn't sealed to its
    end or its trial balance isn't kept yet, or if what lies there is not its archive.
    """
    period = await periods.get_month(tx, month)
    await period_store.lock_archives(tx)
    after = await period_store.position_before(tx, period.closed_through)
    seals = await store.seals_between(tx, after, period.last_position)
    if (seals[-1].last_position if seals else after) < period.last_position:
        raise ArchiveRefused(f"{month} is not sealed to its end yet: run `banyan ledger seal`.")
    if period.balanced_at is None:
        raise ArchiveRefused(f"The trial balance of {month} isn't kept yet; a worker does that.")
    target = folder / month
    if not files.exists(target):
        await _write(tx, period, seals, after, target)
    for finding in check_archive(target, ours=(tx.marketplace_id, seals)):
        raise ArchiveRefused(f"{target} is not the archive of {month}: {finding.detail}.")
    archive = Archive(
        path=target,
        legs=sum(seal.legs for seal in seals),
        batches=len(seals),
        manifest_sha256=files.digest_of(target),
    )
    await _note(tx, period, seals, archive)
    return archive


async def _write(
    tx: Transaction, period: Period, seals: Sequence[store.SealParts], after: int, target: Path
) -> None:
    before = await store.seal_at(tx, after)
    trial = await periods.period_balances(tx, period, by_account=True)
    with files.writing(target) as writer:
        trial_digest = writer.text(files.TRIAL_BALANCE, rules.trial_balance_csv(trial))
        for seal in seals:
            rows = await store.leg_texts(tx, after, seal.last_position)
            writer.batch([text for (text,) in rows])
            after = seal.last_position
        writer.manifest(
            Manifest(
                format=_FORMAT,
                marketplace=MARKETPLACE.text(tx.marketplace_id),
                month=target.name,
                closed_through=period.closed_through.isoformat(),
                closed_at=period.closed_at.isoformat(),
                legs=sum(seal.legs for seal in seals),
                first_batch=1 if before is None else before.batch + 1,
                previous_hash=(await store.genesis(tx) if before is None else before.hash).hex(),
                seals=tuple(_line(seal) for seal in seals),
                trial_balance_sha256=trial_digest,
                files=writer.finish_legs(),
            )
        )


async def _note(
    tx: Transaction, period: Period, seals: Sequence[store.SealParts], archive: Archive
) -> None:
    """Note it once; the same archive written to another place is no news."""
    batches = (seals[0].batch, seals[-1].batch) if seals else (1, 0)
    digest = archive.manifest_sha256
    if await period_store.note_archive(tx, period.closed_through, batches, archive.legs, digest):
        await tx.record(
            Event(
                "ledger.period_archived",
                MARKETPLACE.text(tx.marketplace_id),
                {
                    "month": period.month,
                    "legs": archive.legs,
                    "batches": archive.batches,
                    "manifest_sha256": digest.hex(),
                },
            )
        )


def _line(seal: store.SealParts) -> SealLine:
    return SealLine(
        batch=seal.batch,
        last_position=seal.last_position,
        legs=seal.legs,
        root=seal.root.hex(),
        hash=seal.hash.hex(),
    )


def check_archive(
    folder: Path,
    *,
    against: Seal | None = None,
    ours: tuple[UUID, Sequence[store.SealParts]] | None = None,
) -> list[Finding]:
    """What is wrong with an archive, from its files alone; nothing if it is whole.

    ``against`` is a seal that was exported: the archive must have its batch, with that very hash.
    ``ours`` holds it against a marketplace and its seals in the database.
    """
    try:
        manifest = files.read_manifest(folder)
        findings = [*_chain_findings(manifest, against), *_file_findings(folder, manifest)]
    except _UNREADABLE as error:
        return [Finding("archive_files", f"it can't be read ({error})")]
    if ours is not None:
        marketplace_id, seals = ours
        if manifest.marketplace != MARKETPLACE.text(marketplace_id):
            findings.append(Finding("archive_chain", "it is of another marketplace"))
        if manifest.seals != tuple(_line(seal) for seal in seals):
            findings.append(Finding("archive_chain", "its seals are not those of the ledger"))
    return findings


def _chain_findings(manifest: Manifest, against: Seal | None) -> Iterator[Finding]:
    last_batch = manifest.first_batch + len(manifest.seals) - 1
    if against is not None and not manifest.first_batch <= against.batch <= last_batch:
        has = f"batches {manifest.first_batch} to {last_batch}" if manifest.seals else "none"
        yield Finding("archive_chain", f"batch {against.batch}: it isn't in the archive ({has})")
    previous = bytes.fromhex(manifest.previous_hash)
    if manifest.first_batch == 1 and previous != rules.seal_genesis(
        MARKETPLACE.parse(manifest.marketplace)
    ):
        yield Finding("archive_chain", "it doesn't begin as a chain of its marketplace does")
    for number, seal in enumerate(manifest.seals, start=manifest.first_batch):
        root = bytes.fromhex(seal.root)
        found = rules.seal_hash(previous, number, seal.last_position, seal.legs, root)
        if (seal.batch, seal.hash) != (number, found.hex()):
            yield Finding("archive_chain", f"batch {number}: its hash is not that of its parts")
            return
        if against is not None and against.batch == number and against.hash != found:
            yield Finding("archive_chain", f"batch {number}: it is not the exported seal")
        previous = found


def _file_findings(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    if files.digest_of(folder, files.TRIAL_BALANCE).hex() != manifest.trial_balance_sha256:
        yield Finding("archive_files", f"{files.TRIAL_BALANCE} is not the one that was written")
    lines = files.lines(folder, manifest)
    for seal in manifest.seals:
        digests = [hashlib.sha256(line).digest() for line in islice(lines, seal.legs)]
        if hashlib.sha256(b"".join(digests)).hexdigest() != seal.root:
            yield Finding("archive_files", f"batch {seal.batch}: not the legs that were sealed")
            return
    if next(lines, None) is not None:
        yield Finding("archive_files", "there are more legs than were sealed")
