"""Evidence of rehearsals: signed, kept, and asked for by the gates."""

from datetime import datetime
from uuid import UUID

from banyan.migration.errors import EvidenceInvalid
from banyan.migration.model.plan import Plan, RoutePlan
from banyan.migration.model.rehearsal import (
    Evidence,
    RehearsedRoute,
    SigningKey,
    StoredRehearsal,
)
from banyan.migration.model.standing import PLAN, StoredPlan
from banyan.migration.rules.rehearsal import (
    fingerprint_of,
    key_id_of,
    missing_of,
    new_key,
    read_signed,
    sign,
    verify,
)
from banyan.migration.store import rehearsals as store
from banyan.migration.store.plans import record_events
from banyan.runtime import Event, Transaction, Vault


async def sign_evidence(tx: Transaction, vault: Vault, evidence: Evidence) -> bytes:
    """The signed file, by the marketplace's key; the first one asked for makes it."""
    key = await store.find_key(tx)
    if key is None:
        await store.lock_keys(tx)
        key = await store.find_key(tx) or await _make_key(tx, vault)
    return sign(evidence, vault.open(key.sealed, _place(tx, key.key_id)))


def verify_evidence(signed: bytes) -> tuple[Evidence, str]:
    """The evidence in a signed file and the id of the key that signed it; ``EvidenceInvalid``.

    Whose key that is, ``signing_key`` tells.
    """
    return verify(read_signed(signed))


async def record_rehearsal(
    tx: Transaction, stored: StoredPlan, signed: bytes, *, by: str
) -> StoredRehearsal:
    """Keep signed evidence of a plan; again for the same rehearsal changes nothing.

    ``EvidenceInvalid`` if it was changed, is of another plan, or was signed elsewhere.
    """
    evidence, key_id = verify(read_signed(signed))
    if await store.find_key(tx, key_id) is None:
        raise EvidenceInvalid(
            f"The evidence was signed with the key {key_id}, which isn't this marketplace's."
        )
    if evidence.plan != stored.name:
        raise EvidenceInvalid(f"The evidence is of the plan {evidence.plan}, not {stored.name}.")
    rehearsal_id = UUID(evidence.rehearsal_id)
    ended_at = datetime.fromisoformat(evidence.ended_at)
    is_new = await store.insert_rehearsal(
        tx,
        stored.plan_id,
        rehearsal_id,
        plan_version=evidence.plan_version,
        has_passed=evidence.has_passed,
        began_at=datetime.fromisoformat(evidence.began_at),
        ended_at=ended_at,
        by=by,
        key_id=key_id,
        evidence=signed.decode(),
    )
    if is_new:
        for route in evidence.routes:
            await store.insert_route(
                tx,
                stored.plan_id,
                rehearsal_id,
                route.route,
                fingerprint=route.fingerprint,
                has_passed=route.has_passed,
                ended_at=ended_at,
                sentence=route.sentence[:2000],
            )
        await record_events(tx, stored.plan_id, _rehearsed(stored, evidence, by))
    kept = await store.find_rehearsal(tx, stored.plan_id, rehearsal_id)
    assert kept is not None, "it was just stored"
    return kept


async def list_rehearsals(
    tx: Transaction, plan_id: UUID, *, limit: int = 20
) -> list[StoredRehearsal]:
    """Rehearsals of a plan, the newest first."""
    return await store.select_rehearsals(tx, plan_id, limit)


async def find_evidence(tx: Transaction, plan_id: UUID, rehearsal_id: UUID) -> bytes | None:
    """The signed file of a rehearsal, byte for byte."""
    text = await store.find_evidence(tx, plan_id, rehearsal_id)
    return None if text is None else text.encode()


async def rehearsal_standing(tx: Transaction, plan_id: UUID, route: str) -> RehearsedRoute | None:
    """What the newest rehearsal says of a route; None if it was never rehearsed."""
    return await store.find_newest(tx, plan_id, route)


async def rehearsal_missing(tx: Transaction, plan_id: UUID, plan: Plan, route: RoutePlan) -> str:
    """What is wrong with the rehearsal of a route ("none yet", "failed: …"); '' it stands.

    The signature is looked at anew each time: a row that somebody has touched is worth nothing.
    """
    newest = await store.find_newest(tx, plan_id, route.name)
    missing = missing_of(newest, fingerprint_of(plan, route), tx.now)
    if missing or newest is None:
        return missing
    return await _doubt(tx, plan_id, newest)


async def signing_key(tx: Transaction, key_id: str) -> SigningKey | None:
    """A key of this marketplace by its id."""
    return await store.find_key(tx, key_id)


async def _doubt(tx: Transaction, plan_id: UUID, newest: RehearsedRoute) -> str:
    text = await store.find_evidence(tx, plan_id, newest.rehearsal_id)
    try:
        evidence, key_id = verify(read_signed((text or "").encode()))
    except EvidenceInvalid as error:
        return f"the evidence of {newest.ended_at:%Y-%m-%d} can't be trusted: {error.detail}"
    said = next((each for each in evidence.routes if each.route == newest.route), None)
    is_so = said is not None and said.has_passed and said.fingerprint == newest.fingerprint
    if not is_so or await store.find_key(tx, key_id) is None:
        return (
            f"the evidence of {newest.ended_at:%Y-%m-%d} says something else than the record of it"
        )
    return ""


async def _make_key(tx: Transaction, vault: Vault) -> SigningKey:
    private, public = new_key()
    key_id = key_id_of(public)
    sealed = vault.seal(private, _place(tx, key_id))
    await store.insert_key(tx, key_id, public_key=public, sealed=sealed)
    return SigningKey(key_id, public, sealed, tx.now)


def _place(tx: Transaction, key_id: str) -> str:
    return f"migration.rehearsal_keys/{tx.marketplace_id}/{key_id}"


def _rehearsed(stored: StoredPlan, evidence: Evidence, by: str) -> Event:
    return Event(
        "migration.rehearsed",
        PLAN.text(stored.plan_id),
        {
            "plan": stored.name,
            "version": evidence.plan_version,
            "rehearsal": evidence.rehearsal_id,
            "has_passed": evidence.has_passed,
            "routes": [
                {"route": each.route, "has_passed": each.has_passed, "sentence": each.sentence}
                for each in evidence.routes
            ],
            "by": by,
        },
    )
