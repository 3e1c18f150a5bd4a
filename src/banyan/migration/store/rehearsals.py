"""Rehearsals, what they say of each route, and the keys that signed them."""

from datetime import datetime
from uuid import UUID

from banyan.migration.model.rehearsal import RehearsedRoute, SigningKey, StoredRehearsal
from banyan.runtime import Transaction


async def find_key(tx: Transaction, key_id: str | None = None) -> SigningKey | None:
    """One key, or the newest."""
    return await tx.one(
        SigningKey,
        """
        select key_id, public_key, sealed, made_at
        from migration.rehearsal_keys
        where marketplace_id = %(marketplace_id)s
          and (%(key_id)s::text is null or key_id = %(key_id)s)
        order by made_at desc
        limit 1
        """,
        key_id=key_id,
    )


async def insert_key(tx: Transaction, key_id: str, *, public_key: bytes, sealed: bytes) -> None:
    await tx.execute(
        """
        insert into migration.rehearsal_keys (marketplace_id, key_id, public_key, sealed, made_at)
        values (%(marketplace_id)s, %(key_id)s, %(public_key)s, %(sealed)s, %(now)s)
        """,
        key_id=key_id,
        public_key=public_key,
        sealed=sealed,
        now=tx.now,
    )


async def lock_keys(tx: Transaction) -> None:
    """One process at a time makes a marketplace's key."""
    await tx.execute(
        """
        select pg_advisory_xact_lock(
          hashtextextended('migration.rehearsal_keys/' || %(marketplace_id)s::text, 0)
        )
        """
    )


async def insert_rehearsal(
    tx: Transaction,
    plan_id: UUID,
    rehearsal_id: UUID,
    *,
    plan_version: int,
    has_passed: bool,
    began_at: datetime,
    ended_at: datetime,
    by: str,
    key_id: str,
    evidence: str,
) -> bool:
    """False if it was there already."""
    return bool(
        await tx.execute(
            """
            insert into migration.rehearsals
              (marketplace_id, plan_id, rehearsal_id, plan_version, has_passed, began_at, ended_at,
               recorded_by, recorded_at, key_id, evidence)
            values
              (%(marketplace_id)s, %(plan_id)s, %(rehearsal_id)s, %(plan_version)s, %(has_passed)s,
               %(began_at)s, %(ended_at)s, %(by)s, %(now)s, %(key_id)s, %(evidence)s)
            on conflict do nothing
            """,
            plan_id=plan_id,
            rehearsal_id=rehearsal_id,
            plan_version=plan_version,
            has_passed=has_passed,
            began_at=began_at,
            ended_at=ended_at,
            by=by,
            now=tx.now,
            key_id=key_id,
            evidence=evidence,
        )
    )


async def insert_route(
    tx: Transaction,
    plan_id: UUID,
    rehearsal_id: UUID,
    route: str,
    *,
    fingerprint: str,
    has_passed: bool,
    ended_at: datetime,
    sentence: str,
) -> None:
    await tx.execute(
        """
        insert into migration.rehearsed_routes
          (marketplace_id, plan_id, rehearsal_id, route, fingerprint, has_passed, ended_at, sentence)
        values
          (%(marketplace_id)s, %(plan_id)s, %(rehearsal_id)s, %(route)s, %(fingerprint)s,
           %(has_passed)s, %(ended_at)s, %(sentence)s)
        """,
        plan_id=plan_id,
        rehearsal_id=rehearsal_id,
        route=route,
        fingerprint=fingerprint,
        has_passed=has_passed,
        ended_at=ended_at,
        sentence=sentence,
    )


async def find_newest(tx: Transaction, plan_id: UUID, route: str) -> RehearsedRoute | None:
    return await tx.one(
        RehearsedRoute,
        """
        select rehearsal_id, route, fingerprint, has_passed, ended_at, sentence
        from migration.rehearsed_routes
        where marketplace_id = %(marketplace_id)s
          and plan_id = %(plan_id)s and route = %(route)s
        order by ended_at desc, rehearsal_id desc
        limit 1
        """,
        plan_id=plan_id,
        route=route,
    )


async def select_rehearsals(tx: Transaction, plan_id: UUID, limit: int) -> list[StoredRehearsal]:
    """The newest first."""
    return await tx.all(
        StoredRehearsal,
        """
        select plan_id, rehearsal_id, plan_version, has_passed, began_at, ended_at, recorded_by,
               recorded_at, key_id
        from migration.rehearsals
        where marketplace_id = %(marketplace_id)s and plan_id = %(plan_id)s
        order by ended_at desc, rehearsal_id desc
        limit %(limit)s
        """,
        plan_id=plan_id,
        limit=limit,
    )


async def find_rehearsal(
    tx: Transaction, plan_id: UUID, rehearsal_id: UUID
) -> StoredRehearsal | None:
    return await tx.one(
        StoredRehearsal,
        """
        select plan_id, rehearsal_id, plan_version, has_passed, began_at, ended_at, recorded_by,
               recorded_at, key_id
        from migration.rehearsals
        where marketplace_id = %(marketplace_id)s
          and plan_id = %(plan_id)s and rehearsal_id = %(rehearsal_id)s
        """,
        plan_id=plan_id,
        rehearsal_id=rehearsal_id,
    )


async def find_evidence(tx: Transaction, plan_id: UUID, rehearsal_id: UUID) -> str | None:
    """The signed file."""
    return await tx.value(
        """
        select evidence
        from migration.rehearsals
        where marketplace_id = %(marketplace_id)s
          and plan_id = %(plan_id)s and rehearsal_id = %(rehearsal_id)s
        """,
        plan_id=plan_id,
        rehearsal_id=rehearsal_id,
    )
