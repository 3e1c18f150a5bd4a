"""Evidence can't be changed afterwards, is kept once, and is what the gate asks for."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banyan import migration
from banyan.kernel import FixedClock
from banyan.migration import EvidenceInvalid, RehearsalFault, StoredPlan
from banyan.migration.model.rehearsal import PHASES, Cell, Evidence, RehearsedRoute, RouteResult
from banyan.migration.rules.rehearsal import (
    fingerprint_of,
    missing_of,
    new_key,
    read_signed,
    sign,
    verify,
)
from banyan.runtime import Cause, Database, Settings, Vault
from tests.conftest import START
from tests.migration.rehearsal.shop import plan_of

PERSON = Cause("person", "ann", "ann")
SOURCE = plan_of("http://127.0.0.1:1", "http://127.0.0.1:2")


def read(source: str = SOURCE) -> migration.Plan:
    plan = migration.read_plan(source).plan
    assert plan is not None
    return plan


def evidence(plan: migration.Plan, *, has_passed: bool = True, number: int = 1) -> Evidence:
    cell = Cell(
        fault=RehearsalFault.HANG, phase="canary", route="product", requests=100, errors=0,
        differences=0, slowest_ms=700, noticed_ms=900, rolled_back_ms=1_000, verdict="Bäck.",
        has_passed=has_passed, sentence="Rolled back after 1.0 s.",
    )  # fmt: skip
    routes = tuple(
        RouteResult(
            route=route.name, fingerprint=fingerprint_of(plan, route), paths=("/product/1",),
            has_passed=has_passed, sentence="Said.",
        )
        for route in plan.routes
    )  # fmt: skip
    return Evidence(
        rehearsal_id=str(UUID(int=number)), plan=plan.plan, plan_version=1, plan_sha256="0" * 64,
        changed=(), legacy="http://127.0.0.1:1", candidates={"candidate": "http://127.0.0.1:2"},
        customers=60, began_at=START.isoformat(), ended_at=START.isoformat(), by="ann",
        software="banyan 0", faults=tuple(RehearsalFault), phases=PHASES, cells=(cell,),
        routes=routes, has_passed=has_passed,
    )  # fmt: skip


def test_what_was_signed_is_verified() -> None:
    private, _ = new_key()
    said = evidence(read())
    found, _ = verify(read_signed(sign(said, private)))
    assert found == said


def _places(value: Any) -> list[Any]:
    """The keys of an object, the indexes of a list, none of anything else."""
    if isinstance(value, dict):
        return sorted(cast("dict[str, Any]", value))
    return list(range(len(cast("list[Any]", value)))) if isinstance(value, list) else []


@settings(deadline=None)
@given(st.data())
def test_no_value_of_it_can_be_changed(data: st.DataObject) -> None:
    private, _ = new_key()
    signed = msgspec.json.decode(sign(evidence(read()), private))
    holder: Any = signed["evidence"]
    key: Any = data.draw(st.sampled_from(sorted(holder)))
    while inner := _places(holder[key]):
        holder, key = holder[key], data.draw(st.sampled_from(inner))
    holder[key] = data.draw(
        st.one_of(st.integers(-5, 5), st.booleans(), st.none(), st.text(max_size=5)).filter(
            lambda value: msgspec.json.encode(value) != msgspec.json.encode(holder[key])
        )
    )
    with pytest.raises(EvidenceInvalid):
        verify(read_signed(msgspec.json.encode(signed)))


def test_a_signature_by_another_key_is_by_another_key() -> None:
    said = evidence(read())
    (one, _), (other, _) = new_key(), new_key()
    signed = msgspec.json.decode(sign(said, one))
    signed["signature"] = msgspec.json.decode(sign(evidence(read(), number=2), other))["signature"]
    with pytest.raises(EvidenceInvalid, match="changed after"):
        verify(read_signed(msgspec.json.encode(signed)))


@given(st.binary(max_size=200))
def test_rubbish_is_refused(content: bytes) -> None:
    with pytest.raises(EvidenceInvalid):
        verify(read_signed(content))


def test_the_order_of_keys_in_the_file_means_nothing() -> None:
    private, _ = new_key()
    signed = msgspec.json.decode(sign(evidence(read()), private))
    signed["evidence"] = dict(reversed(signed["evidence"].items()))
    verify(read_signed(msgspec.json.encode(signed)))


def test_a_fingerprint_is_of_how_a_route_is_served() -> None:
    plan = read()
    before = fingerprint_of(plan, plan.routes[0])
    for changes in (
        {"noise": [{"path": "header:etag", "why": "by time"}]},
        {"gateway": {"cookies": {"legacy": ["another"]}}},
    ):
        changed = read(plan_of("http://127.0.0.1:1", "http://127.0.0.1:2", **changes))
        assert fingerprint_of(changed, changed.routes[0]) != before
    same = read(plan_of("http://127.0.0.1:3", "http://127.0.0.1:4", criteria={}, title="Other"))
    assert fingerprint_of(same, same.routes[0]) == before


def test_what_is_missing_is_said() -> None:
    newest = RehearsedRoute(UUID(int=1), "product", "f", True, START, "All went well.")
    assert missing_of(None, "f", START) == "none yet"
    assert missing_of(newest, "f", START + timedelta(days=90)) == ""
    assert "91 days old" in missing_of(newest, "f", START + timedelta(days=91))
    assert "changed since" in missing_of(newest, "g", START)
    assert "failed: All" in missing_of(replace(newest, has_passed=False), "f", START)


@pytest.fixture
def vault(tmp_path: Path) -> Vault:
    return Vault(Settings(state_folder=tmp_path))


@pytest.fixture
async def stored(database: Database, sandbox: UUID) -> StoredPlan:
    async with database.transaction(sandbox, PERSON) as tx:
        applied = await migration.apply_plan(tx, SOURCE, by="ann", why="Test")
    return applied.stored


async def missing(database: Database, stored: StoredPlan) -> str:
    plan = stored.plan
    async with database.transaction(stored.marketplace_id, PERSON) as tx:
        return await migration.rehearsal_missing(tx, stored.plan_id, plan, plan.routes[0])


async def test_evidence_is_kept_once_and_opens_the_gate(
    database: Database, stored: StoredPlan, vault: Vault
) -> None:
    assert await missing(database, stored) == "none yet"
    async with database.transaction(stored.marketplace_id, PERSON) as tx:
        signed = await migration.sign_evidence(tx, vault, evidence(stored.plan))
        kept = await migration.record_rehearsal(tx, stored, signed, by="ann")
    async with database.transaction(stored.marketplace_id, PERSON) as tx:
        assert await migration.record_rehearsal(tx, stored, signed, by="ben") == kept
        assert await migration.list_rehearsals(tx, stored.plan_id) == [kept]
        assert await migration.find_evidence(tx, stored.plan_id, kept.rehearsal_id) == signed
        _, key_id = migration.verify_evidence(signed)
        assert await migration.signing_key(tx, key_id) is not None
        events = await tx.value(
            """
            select count(*) from runtime.events
            where marketplace_id = %(marketplace_id)s and type = 'migration.rehearsed'
            """
        )
    assert events == 1
    assert await missing(database, stored) == ""


async def test_a_later_failure_counts(
    database: Database, stored: StoredPlan, vault: Vault, clock: FixedClock
) -> None:
    for number, has_passed in ((1, True), (2, False)):
        said = evidence(stored.plan, has_passed=has_passed, number=number)
        async with database.transaction(stored.marketplace_id, PERSON) as tx:
            signed = await migration.sign_evidence(tx, vault, said)
            await migration.record_rehearsal(tx, stored, signed, by="ann")
    assert "failed" in await missing(database, stored)


async def test_evidence_of_another_key_or_plan_is_refused(
    database: Database, stored: StoredPlan, vault: Vault
) -> None:
    private, _ = new_key()
    async with database.transaction(stored.marketplace_id, PERSON) as tx:
        with pytest.raises(EvidenceInvalid, match="isn't this marketplace's"):
            signed = sign(evidence(stored.plan), private)
            await migration.record_rehearsal(tx, stored, signed, by="ann")
        other = msgspec.structs.replace(evidence(stored.plan), plan="other")
        with pytest.raises(EvidenceInvalid, match="of the plan other"):
            signed = await migration.sign_evidence(tx, vault, other)
            await migration.record_rehearsal(tx, stored, signed, by="ann")


async def test_a_row_that_was_touched_is_worth_nothing(
    database: Database, stored: StoredPlan, vault: Vault
) -> None:
    async with database.transaction(stored.marketplace_id, PERSON) as tx:
        failed = evidence(stored.plan, has_passed=False)
        signed = await migration.sign_evidence(tx, vault, failed)
        await migration.record_rehearsal(tx, stored, signed, by="ann")
        await tx.execute(
            """
            update migration.rehearsed_routes set has_passed = true
            where marketplace_id = %(marketplace_id)s
            """
        )
    assert "something else than the record" in await missing(database, stored)
