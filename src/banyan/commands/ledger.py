"""The commands of `banyan ledger`: prove, seal, close, archive, and what finance reads.

A command that writes JSON or CSV writes nothing else to standard output, so that it can be piped.
"""

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import msgspec

from banyan import ledger
from banyan.commands.places import MARKETPLACE_OPTION, execute, marketplaces, transaction
from banyan.kernel import InvalidRequest
from banyan.ledger import Seal, Time
from banyan.runtime import MARKETPLACE, Database, Marketplace

SOUND, NOT_SOUND = 0, 1
_INDENT = " " * 4
_PAGE = 1000
_TIMES = [time.value for time in Time]


class ExportedSeal(msgspec.Struct, frozen=True, kw_only=True):
    """A seal as it is kept elsewhere."""

    marketplace: str
    batch: int
    last_position: int
    legs: int
    hash: str
    sealed_at: datetime


@click.group("ledger")
def ledger_group() -> None:
    """Look after the ledger."""


@ledger_group.command("verify")
@click.option("--marketplace", help="live, sandbox, demo or mkt_…  [default: all of them]")
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A seal that was exported by `banyan ledger seal`.",
)
def verify(marketplace: str | None, against: Path | None) -> None:
    """Check every invariant and every seal from the entries.

    Says what it finds, and ends with exit code 1 if that is anything.
    """
    exported = None if against is None else _read_seal(against)
    sys.exit(execute(_verify_all(marketplace, exported)))


async def _verify_all(name: str | None, exported: ExportedSeal | None) -> int:
    async with marketplaces(name) as (database, chosen):
        names = {MARKETPLACE.text(each.marketplace_id) for each in chosen}
        if exported is not None and exported.marketplace not in names:
            raise InvalidRequest(f"The seal is of {exported.marketplace}, which isn't looked at.")
        sound = [await _verify_one(database, each, exported) for each in chosen]
    return SOUND if all(sound) else NOT_SOUND


async def _verify_one(
    database: Database, marketplace: Marketplace, exported: ExportedSeal | None
) -> bool:
    """Say what the ledger of one marketplace looks like; whether it is sound."""
    async with database.snapshot(marketplace.marketplace_id) as tx:
        report = await ledger.verify(tx)
        findings = [*report.findings]
        is_of_it = exported and exported.marketplace == MARKETPLACE.text(marketplace.marketplace_id)
        if exported is not None and is_of_it:
            findings += await ledger.check_against(tx, _seal_of(exported))
    verdict = "NOT SOUND" if findings else "sound"
    click.echo(
        f"{marketplace.name}: {verdict} ({report.accounts:,} accounts, "
        f"{report.transfers:,} transfers, {report.legs:,} legs)"
    )
    if report.head is not None:
        click.echo(f"{_INDENT}sealed through batch {report.head.batch:,}: {report.head.hash.hex()}")
    for finding in findings:
        click.echo(f"{_INDENT}{finding.check}: {finding.detail}")
    return not findings


@ledger_group.command("seal")
@MARKETPLACE_OPTION
def seal(marketplace: str) -> None:
    """Seal what is recorded, and print the last seal as JSON.

    Keep it elsewhere: `banyan ledger verify --against` tells later whether the ledger still
    runs through it.
    """

    async def run() -> bytes:
        for _ in range(2):  # the second time, what the first one has waited for is over
            while True:
                async with transaction(marketplace) as tx:
                    if not await ledger.seal(tx):
                        break
        async with transaction(marketplace) as tx:
            head = await ledger.head(tx)
            if head is None:
                raise InvalidRequest("Nothing is sealed: nothing was recorded, or it isn't over.")
            shown = _exported(MARKETPLACE.text(tx.marketplace_id), head)
        return msgspec.json.format(msgspec.json.encode(shown))

    click.echo(execute(run()).decode())


@ledger_group.command("close")
@click.argument("month")
@MARKETPLACE_OPTION
def close(month: str, marketplace: str) -> None:
    """Close MONTH (such as 2018-03, in UTC) for good.

    Nothing takes effect in it any more, nor before it; it can't be opened again. What belongs
    there after all is dated behind it.
    """

    async def run() -> list[ledger.TrialBalance]:
        async with transaction(marketplace) as tx:
            period = await ledger.close_month(tx, month)
        async with transaction(marketplace) as tx:
            await ledger.keep_balances(tx, period.closed_through)
            return await ledger.period_balances(tx, period)

    trials = execute(run())
    click.echo(f"{month} is closed.")
    for trial in trials:
        click.echo(f"{_INDENT}debits {trial.debits}, credits {trial.credits}")


@ledger_group.command("periods")
@MARKETPLACE_OPTION
def periods(marketplace: str) -> None:
    """List closed periods, the latest first."""

    async def run() -> None:
        cursor = None
        while True:
            async with transaction(marketplace) as tx:
                page = await ledger.list_periods(tx, limit=100, cursor=cursor)
            for period in page.data:
                name = period.month or f"{period.closed_through:%Y-%m-%dT%H:%M:%S%z}"
                kept = "balanced" if period.balanced_at else "trial balance not kept yet"
                archived = ["archived"] if period.archived_at else []
                closed = f"closed {period.closed_at:%Y-%m-%d}"
                click.echo("  ".join([name, closed, kept, *archived]))
            cursor = page.next_cursor
            if cursor is None:
                return

    execute(run())


@ledger_group.command("trial-balance")
@MARKETPLACE_OPTION
@click.option("--at", help="As of this instant or end of this day (UTC).  [default: now]")
@click.option("--time", type=click.Choice(_TIMES), default="effective", show_default=True)
@click.option("--by", type=click.Choice(["head", "account"]), default="head", show_default=True)
def trial_balance(marketplace: str, at: str | None, time: str, by: str) -> None:
    """Write a trial balance as CSV."""
    instant = None if at is None else _last(at)
    is_effective = time == Time.EFFECTIVE

    async def run() -> str:
        async with transaction(marketplace) as tx:
            return ledger.trial_balance_csv(
                await ledger.trial_balance(
                    tx,
                    at=None if is_effective else instant,
                    effective_at=instant if is_effective else None,
                    by_account=by == "account",
                )
            )

    click.echo(execute(run()), nl=False)


@ledger_group.command("statement")
@click.argument("path")
@click.argument("currency")
@MARKETPLACE_OPTION
@click.option("--since", required=True, help="The first day (UTC), or an instant.")
@click.option("--until", required=True, help="The last day (UTC), or the instant after it.")
@click.option("--time", type=click.Choice(_TIMES), default="effective", show_default=True)
def statement(
    path: str, currency: str, marketplace: str, since: str, until: str, time: str
) -> None:
    """Write an account's statement as CSV.

    PATH and CURRENCY name the account: platform:bank EUR.
    """
    begin, end = _instant(since), _behind(until)

    async def run() -> str:
        async with transaction(marketplace) as tx:
            states = await ledger.accounts_at(tx, [path])
            found = next((state for state in states if state.currency == currency), None)
            if found is None:
                raise ledger.AccountNotFound(f"There is no account {path} in {currency}.")
            number = ledger.account_uuid(tx.marketplace_id, found.account_id)
            listed: list[ledger.Entry] = []
            cursor = None
            while True:
                page = await ledger.statement(
                    tx, number, begin, end, time=Time(time), limit=_PAGE, cursor=cursor
                )
                listed += page.entries
                cursor = page.next_cursor
                if cursor is None:
                    return ledger.statement_csv(listed, page.opening)

    click.echo(execute(run()), nl=False)


@ledger_group.command("archive")
@click.argument("month")
@MARKETPLACE_OPTION
@click.option(
    "--to",
    "folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="The folder that gets one of the month's name.",
)
def archive(month: str, marketplace: str, folder: Path) -> None:
    """Write the closed and sealed MONTH to compressed files.

    They can be checked without a database: `banyan ledger check-archive`. The ledger keeps
    what is archived.
    """

    async def run() -> ledger.Archive:
        async with transaction(marketplace) as tx:
            return await ledger.archive_month(tx, month, folder)

    made = execute(run())
    click.echo(f"{made.path}: {made.legs:,} legs in {made.batches:,} batches")
    click.echo(f"{_INDENT}sha256 of its manifest: {made.manifest_sha256.hex()}")


@ledger_group.command("check-archive")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--against",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A seal that was exported by `banyan ledger seal`.",
)
def check_archive(folder: Path, against: Path | None) -> None:
    """Check the archive in FOLDER from its files alone.

    Ends with exit code 1 if anything is not as it was sealed.
    """
    exported = None if against is None else _seal_of(_read_seal(against))
    findings = ledger.check_archive(folder, against=exported)
    click.echo(f"{folder}: {'NOT WHOLE' if findings else 'whole'}")
    for finding in findings:
        click.echo(f"{_INDENT}{finding.check}: {finding.detail}")
    sys.exit(NOT_SOUND if findings else SOUND)


def _exported(marketplace: str, seal: Seal) -> ExportedSeal:
    return ExportedSeal(
        marketplace=marketplace,
        batch=seal.batch,
        last_position=seal.last_position,
        legs=seal.legs,
        hash=seal.hash.hex(),
        sealed_at=seal.sealed_at.astimezone(UTC),
    )


def _seal_of(exported: ExportedSeal) -> Seal:
    return Seal(
        exported.batch, exported.last_position, exported.legs, bytes.fromhex(exported.hash),
        exported.sealed_at,
    )  # fmt: skip


def _read_seal(path: Path) -> ExportedSeal:
    try:
        exported = msgspec.json.decode(path.read_bytes(), type=ExportedSeal)
        bytes.fromhex(exported.hash)
    except ValueError as error:
        raise InvalidRequest(f"{path} is not a seal that was exported: {error}.") from None
    return exported


def _instant(text: str) -> datetime:
    """A day (its beginning) or an instant with its zone; UTC if it has none."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequest(f"{text[:40]!r} is neither a day nor an instant.") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _is_day(text: str) -> bool:
    return "T" not in text and " " not in text


def _behind(text: str) -> datetime:
    """The first instant that is not in it any more: behind a day, or the instant itself."""
    return _instant(text) + (timedelta(days=1) if _is_day(text) else timedelta(0))


def _last(text: str) -> datetime:
    """The last instant of a day, or the instant itself."""
    return _behind(text) - (timedelta(microseconds=1) if _is_day(text) else timedelta(0))
