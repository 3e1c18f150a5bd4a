"""The console's own tables."""

from datetime import datetime
from uuid import UUID

from banyan.console.model import AuditEntry, User
from banyan.runtime import Queries


async def insert_user(queries: Queries, user: User) -> bool:
    """False if the e-mail address is taken."""
    return bool(
        await queries.execute(
            """
            insert into console.users
              (user_id, email, role, password_hash, is_active, created_at)
            values
              (%(user_id)s, %(email)s, %(role)s, %(password_hash)s, %(is_active)s, %(created_at)s)
            on conflict (email) do nothing
            """,
            user_id=user.user_id,
            email=user.email,
            role=user.role.value,
            password_hash=user.password_hash,
            is_active=user.is_active,
            created_at=user.created_at,
        )
    )


async def find_user_by_email(queries: Queries, email: str) -> User | None:
    return await queries.one(
        User,
        """
        select user_id, email, role, password_hash, is_active, created_at
        from console.users
        where email = %(email)s
        """,
        email=email,
    )


async def find_user_by_session(queries: Queries, token_digest: bytes, now: datetime) -> User | None:
    return await queries.one(
        User,
        """
        select user_id, email, role, password_hash, is_active, users.created_at
        from console.sessions
        join console.users using (user_id)
        where token_digest = %(token_digest)s and expires_at > %(now)s and is_active
        """,
        token_digest=token_digest,
        now=now,
    )


async def insert_session(
    queries: Queries, token_digest: bytes, user_id: UUID, now: datetime, expires_at: datetime
) -> None:
    """Adds a session, and clears away those that have ended."""
    await queries.execute("delete from console.sessions where expires_at <= %(now)s", now=now)
    await queries.execute(
        """
        insert into console.sessions (token_digest, user_id, created_at, expires_at)
        values (%(token_digest)s, %(user_id)s, %(now)s, %(expires_at)s)
        """,
        token_digest=token_digest,
        user_id=user_id,
        now=now,
        expires_at=expires_at,
    )


async def delete_session(queries: Queries, token_digest: bytes) -> None:
    await queries.execute(
        "delete from console.sessions where token_digest = %(token_digest)s",
        token_digest=token_digest,
    )


async def insert_link(
    queries: Queries, token_digest: bytes, user_id: UUID, expires_at: datetime
) -> None:
    await queries.execute(
        """
        insert into console.sign_in_links (token_digest, user_id, expires_at)
        values (%(token_digest)s, %(user_id)s, %(expires_at)s)
        """,
        token_digest=token_digest,
        user_id=user_id,
        expires_at=expires_at,
    )


async def use_link(queries: Queries, token_digest: bytes, now: datetime) -> User | None:
    """The user whom an unused link signs in; it is used from now on."""
    return await queries.one(
        User,
        """
        with used as (
          update console.sign_in_links
          set used_at = %(now)s
          where token_digest = %(token_digest)s and used_at is null and expires_at > %(now)s
          returning user_id
        )
        select user_id, email, role, password_hash, is_active, created_at
        from console.users
        join used using (user_id)
        where is_active
        """,
        token_digest=token_digest,
        now=now,
    )


async def lock_failures(queries: Queries, key: bytes) -> None:
    """Tries for one key come one after the other, so that none slips past the count."""
    await queries.execute(
        "select pg_advisory_xact_lock(hashtextextended(%(key)s, 0))", key=key.hex()
    )


async def count_failures(queries: Queries, key: bytes, since: datetime) -> int:
    return await queries.value(
        """
        select count(*)
        from console.sign_in_failures
        where key = %(key)s and failed_at > %(since)s
        """,
        key=key,
        since=since,
    )


async def insert_failure(queries: Queries, key: bytes, now: datetime) -> None:
    await queries.execute(
        "insert into console.sign_in_failures (key, failed_at) values (%(key)s, %(now)s)",
        key=key,
        now=now,
    )


async def delete_failures(queries: Queries, key: bytes, before: datetime) -> None:
    """Forget the failures for one key, and everybody's that no longer count."""
    await queries.execute(
        "delete from console.sign_in_failures where key = %(key)s or failed_at < %(before)s",
        key=key,
        before=before,
    )


async def insert_audit(queries: Queries, entry: AuditEntry) -> None:
    await queries.execute(
        """
        insert into console.audit (at, marketplace_id, actor, action, subject, note)
        values (%(at)s, %(marketplace)s, %(actor)s, %(action)s, %(subject)s, %(note)s)
        """,
        at=entry.at,
        marketplace=entry.marketplace_id,
        actor=entry.actor,
        action=entry.action,
        subject=entry.subject,
        note=entry.note,
    )


async def select_audit(queries: Queries, limit: int) -> list[AuditEntry]:
    return await queries.all(
        AuditEntry,
        """
        select at, marketplace_id, actor, action, subject, note
        from console.audit
        order by audit_id desc
        limit %(limit)s
        """,
        limit=limit,
    )
