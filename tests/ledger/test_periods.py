"""Closing a month: what it keeps, what it refuses from then on, and its archive on disk."""

import gzip
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest

from banyan import ledger
from banyan.ledger import Kind, Rejection
from banyan.runtime import MARKETPLACE, Database, advance_clock, events_of
from tests.ledger.accounts import BANK, HELD, SELLER, brl, hold, move, resolve
from tests.ledger.books import as_owner, post_at, run_jobs, seal_all

APRIL = datetime(2018, 4, 10, tzinfo=UTC)
MAY = datetime(2018, 5, 2, 9, tzinfo=UTC)
END = datetime(2018, 5, 1, tzinfo=UTC)


async def _april(database: Database, marketplace_id: UUID) -> None:
    """Three transfers of April, one of them recorded in May, and one of May."""
    await post_at(database, marketplace_id, APRIL, [move(BANK, HELD, 100), move(HELD, SELLER, 30)])
    late = replace(move(BANK, HELD, 7), effective_at=APRIL + timedelta(days=3))
    await post_at(database, marketplace_id, MAY, [late, move(BANK, HELD, 1000)])


async def _close(database: Database, marketplace_id: UUID, month: str) -> ledger.Period:
    async with database.transaction(marketplace_id) as tx:
        period = await ledger.close_month(tx, month)
    await run_jobs(database)
    return period


async def test_a_closed_month_stays_as_it_was(database: Database, sandbox: UUID) -> None:
    await _april(database, sandbox)
    period = await _close(database, sandbox, "2018-04")
    assert (period.month, period.closed_through) == ("2018-04", END - timedelta(microseconds=1))
    into_april = replace(move(BANK, HELD, 5), effective_at=END - timedelta(microseconds=1))
    at_its_end = replace(move(BANK, HELD, 5), effective_at=END)
    async with database.transaction(sandbox) as tx:
        rejected, posted = await ledger.post(tx, [into_april, at_its_end])
        assert rejected == Rejection(ledger.Reason.PERIOD_CLOSED)
        assert posted is ledger.Outcome.POSTED
        period = await ledger.get_month(tx, "2018-04")
        assert period.balanced_at is not None
        (kept,) = await ledger.period_balances(tx, period, by_account=True)
        assert {line.head: (line.debits, line.credits) for line in kept.lines} == {
            BANK.path: (brl(107), brl(0)),
            HELD.path: (brl(0), brl(77)),
            SELLER.path: (brl(0), brl(30)),
        }
        assert kept.is_balanced
        assert [kept] == await ledger.trial_balance(
            tx, effective_at=period.closed_through, by_account=True
        )
        events = [
            event
            for event in await events_of(tx, MARKETPLACE.text(sandbox))
            if "ledger" in event.type
        ]
        assert [event.payload["month"] for event in events] == ["2018-04"]


async def test_what_can_not_be_closed_is_refused(database: Database, sandbox: UUID) -> None:
    await _april(database, sandbox)
    await _close(database, sandbox, "2018-04")
    for month, words in (
        ("2018-05", "has not passed yet"),
        ("2018-04", "is closed already"),
        ("2018-03", "is closed already"),
    ):
        with pytest.raises(ledger.PeriodNotClosable, match=words):
            async with database.transaction(sandbox) as tx:
                await ledger.close_month(tx, month)
    for month in ("2018", "2018-13", "2018-4", "9999-12", "April"):
        with pytest.raises(ledger.InvalidMonth):
            async with database.transaction(sandbox) as tx:
                await ledger.close_month(tx, month)
    async with database.transaction(sandbox) as tx:
        with pytest.raises(ledger.PeriodNotFound):
            await ledger.get_month(tx, "2018-03")


async def test_an_open_hold_does_not_hinder(database: Database, sandbox: UUID) -> None:
    """It has moved nothing in April; when it is posted, the money moves in May."""
    held = hold(BANK, HELD, 80)
    await post_at(database, sandbox, APRIL, [held])
    await post_at(database, sandbox, MAY, [move(BANK, HELD, 1)])
    period = await _close(database, sandbox, "2018-04")
    assert period.open_holds == 1
    async with database.transaction(sandbox) as tx:
        (outcome,) = await ledger.post(tx, [resolve(held, Kind.POST, 80)])
        assert outcome is ledger.Outcome.POSTED
        assert await ledger.period_balances(tx, await ledger.get_month(tx, "2018-04")) == []
        assert (await ledger.verify(tx)).findings == ()


async def test_periods_are_listed(database: Database, sandbox: UUID) -> None:
    await _april(database, sandbox)
    for month in ("2018-01", "2018-02", "2018-04"):
        await _close(database, sandbox, month)
    async with database.transaction(sandbox) as tx:
        first = await ledger.list_periods(tx, limit=2)
        rest = await ledger.list_periods(tx, limit=2, cursor=first.next_cursor)
    assert [period.month for period in first.data + rest.data] == ["2018-04", "2018-02", "2018-01"]
    assert not rest.has_more


async def test_a_balance_of_the_close_that_was_changed_is_found(
    database: Database, database_url: str, sandbox: UUID
) -> None:
    await _april(database, sandbox)
    await _close(database, sandbox, "2018-03")
    await _close(database, sandbox, "2018-04")
    async with as_owner(database, database_url, sandbox) as (owner, tx):
        assert (await ledger.verify(tx)).findings == ()
        for statement in (
            "update ledger.period_balances set posted_minor = posted_minor + 1 where posted_minor = 30",
            "delete from ledger.period_balances where posted_minor = 30",
        ):
            async with owner.transaction(force_rollback=True):
                await owner.execute(statement.encode())
                found = {finding.check for finding in (await ledger.verify(tx)).findings}
                assert found == {"closed_balances_stay"}


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def _archive(database: Database, marketplace_id: UUID, folder: Path) -> ledger.Archive:
    async with database.transaction(marketplace_id) as tx:
        return await ledger.archive_month(tx, "2018-04", folder)


async def test_a_month_is_archived_and_checked_from_its_files(
    database: Database, sandbox: UUID, tmp_path: Path
) -> None:
    await post_at(database, sandbox, APRIL - timedelta(days=30), [move(BANK, HELD, 3)])
    await _close_march(database, sandbox)
    await _april(database, sandbox)
    await _close(database, sandbox, "2018-04")
    await post_at(database, sandbox, MAY, [move(BANK, HELD, 9)])
    with pytest.raises(ledger.ArchiveRefused, match="not sealed"):
        await _archive(database, sandbox, tmp_path)
    await seal_all(database, sandbox)
    archive = await _archive(database, sandbox, tmp_path)
    assert (archive.legs, archive.batches) == (4, 1)
    assert _names(archive.path) == [
        "legs-000001.jsonl.gz", "manifest.json", "trial_balance.csv",
    ]  # fmt: skip
    assert ledger.check_archive(archive.path) == []
    legs = gzip.decompress((archive.path / "legs-000001.jsonl.gz").read_bytes()).splitlines()
    assert [json.loads(leg)["amount"] for leg in legs] == [100, 30, 7, 1000]
    assert (archive.path / "trial_balance.csv").read_text().count("\n") == 4

    again = await _archive(database, sandbox, tmp_path)
    assert again == archive
    elsewhere = await _archive(database, sandbox, tmp_path / "copy")
    assert elsewhere.manifest_sha256 == archive.manifest_sha256
    async with database.transaction(sandbox) as tx:
        assert (await ledger.get_month(tx, "2018-04")).archived_at is not None
        seals = {seal.batch: seal for seal in (await ledger.list_seals(tx)).data}
        archived = [
            event
            for event in await events_of(tx, MARKETPLACE.text(sandbox))
            if event.type == "ledger.period_archived"
        ]
    assert len(archived) == 1
    assert ledger.check_archive(archive.path, against=seals[2]) == []
    forged = replace(seals[2], hash=b"\1" * 32)
    (finding,) = ledger.check_archive(archive.path, against=forged)
    assert "not the exported seal" in finding.detail
    (finding,) = ledger.check_archive(archive.path, against=seals[1])
    assert finding.detail == "batch 1: it isn't in the archive (batches 2 to 2)"


async def _close_march(database: Database, marketplace_id: UUID) -> None:
    async with database.transaction(marketplace_id) as tx:
        await advance_clock(tx, datetime(2018, 4, 1, 1, tzinfo=UTC))
    await _close(database, marketplace_id, "2018-03")


def _change_leg(folder: Path) -> None:
    file = folder / "legs-000001.jsonl.gz"
    text = gzip.decompress(file.read_bytes()).replace(b'"amount" : 30', b'"amount" : 31')
    file.write_bytes(gzip.compress(text))


def _drop_leg(folder: Path) -> None:
    file = folder / "legs-000001.jsonl.gz"
    lines = gzip.decompress(file.read_bytes()).splitlines(keepends=True)
    file.write_bytes(gzip.compress(b"".join(lines[:-1])))


def _add_leg(folder: Path) -> None:
    file = folder / "legs-000001.jsonl.gz"
    file.write_bytes(file.read_bytes() + gzip.compress(b"{}\n"))


def _cut(folder: Path) -> None:
    file = folder / "legs-000001.jsonl.gz"
    file.write_bytes(file.read_bytes()[:-9])


def _change_seal(folder: Path) -> None:
    file = folder / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest["seals"][0]["root"] = "00" * 32
    file.write_text(json.dumps(manifest))


def _another_marketplace(folder: Path) -> None:
    file = folder / "manifest.json"
    manifest = json.loads(file.read_text())
    manifest["marketplace"] = "mkt_00000000000000000000000000"
    file.write_text(json.dumps(manifest))


def _change_trial_balance(folder: Path) -> None:
    (folder / "trial_balance.csv").write_text("all is well\n")


def _no_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


HARM = [
    (_change_leg, "not the legs that were sealed"),
    (_drop_leg, "not the legs that were sealed"),
    (_add_leg, "more legs than were sealed"),
    (_cut, "can't be read"),
    (_change_seal, "its hash is not that of its parts"),
    (_another_marketplace, "begin as a chain of its marketplace"),
    (_change_trial_balance, "trial_balance.csv is not"),
    (_no_manifest, "can't be read"),
]


@pytest.mark.parametrize(("harm", "words"), HARM, ids=lambda value: getattr(value, "__name__", ""))
async def test_an_archive_that_was_harmed_is_found(
    database: Database, sandbox: UUID, tmp_path: Path, harm: Callable[[Path], None], words: str
) -> None:
    await _april(database, sandbox)
    await _close(database, sandbox, "2018-04")
    await seal_all(database, sandbox)
    archive = await _archive(database, sandbox, tmp_path)
    harm(archive.path)
    assert words in ledger.check_archive(archive.path)[0].detail
    with pytest.raises(ledger.ArchiveRefused, match="is not the archive"):
        await _archive(database, sandbox, tmp_path)


async def test_a_crash_while_archiving_leaves_nothing_that_looks_whole(
    database: Database, sandbox: UUID, tmp_path: Path
) -> None:
    """What lies beside the place is a part, and the next run begins anew."""
    await _april(database, sandbox)
    await _close(database, sandbox, "2018-04")
    await seal_all(database, sandbox)
    partial = tmp_path / ".2018-04.partial"
    partial.mkdir()
    (partial / "legs-000001.jsonl.gz").write_bytes(b"half a file")
    assert not (tmp_path / "2018-04").exists()
    archive = await _archive(database, sandbox, tmp_path)
    assert ledger.check_archive(archive.path) == []
    assert _names(tmp_path) == ["2018-04"]


async def test_an_archive_that_was_written_but_not_noted_is_noted(
    database: Database, sandbox: UUID, tmp_path: Path
) -> None:
    """The process died between the rename and the commit."""
    await _april(database, sandbox)
    await _close(database, sandbox, "2018-04")
    await seal_all(database, sandbox)
    with pytest.raises(ZeroDivisionError):
        async with database.transaction(sandbox) as tx:
            await ledger.archive_month(tx, "2018-04", tmp_path)
            raise ZeroDivisionError
    async with database.transaction(sandbox) as tx:
        assert (await ledger.get_month(tx, "2018-04")).archived_at is None
    assert ledger.check_archive((await _archive(database, sandbox, tmp_path)).path) == []
    async with database.transaction(sandbox) as tx:
        assert (await ledger.get_month(tx, "2018-04")).archived_at is not None
