"""Signing in and out, and the people who may.

A session is a random token in a cookie; the table keeps its digest. Within ``FAILURES_WINDOW`` a
password may be wrong ``FAILURES_MAX`` times for one e-mail address, and one network address may
make ``TRIES_MAX_PER_ADDRESS`` tries.
Nothing here writes a token, a password or an e-mail address to a log.
"""

from datetime import datetime, timedelta
from functools import cache
from uuid import UUID

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from starlette.concurrency import run_in_threadpool

from banyan.console import store
from banyan.console.errors import EmailTaken, InvalidUser, SignInRefused
from banyan.console.model import AuditEntry, Role, Session, User
from banyan.console.security import digest
from banyan.kernel import Clock, SystemClock, new_id, new_token
from banyan.runtime import Database

SESSION_TTL = timedelta(hours=12)
LINK_TTL = timedelta(minutes=30)
FAILURES_MAX = 5
TRIES_MAX_PER_ADDRESS = 100
FAILURES_WINDOW = timedelta(minutes=15)
PASSWORD_LENGTH_MIN = 12

_REFUSED = (
    "The e-mail address or the password is wrong, or too many tries were made; wait 15 minutes."
)


async def add_user(
    database: Database,
    email: str,
    role: str,
    password: str | None = None,
    *,
    clock: Clock | None = None,
) -> User:
    """Add a person; without a password they can only use sign-in links.

    ``InvalidUser`` names what is wrong; ``EmailTaken`` if the address has an account.
    """
    address = email.strip().lower()
    if len(address) > 254 or "@" not in address[1:-1] or not address.isprintable():
        raise InvalidUser(f"{email[:60]!r} is not an e-mail address.")
    if role not in Role.__members__.values():
        raise InvalidUser(f"{role[:40]!r} is not a role; choose one of {', '.join(Role)}.")
    if password is not None and len(password) < PASSWORD_LENGTH_MIN:
        raise InvalidUser(f"A password has at least {PASSWORD_LENGTH_MIN} characters.")
    now = (clock or SystemClock()).now()
    hashed = await run_in_threadpool(_hasher().hash, password or new_token())
    user = User(new_id(now), address, Role(role), hashed, is_active=True, created_at=now)
    async with database.across_marketplaces() as queries:
        if not await store.insert_user(queries, user):
            raise EmailTaken(f"{address} has an account.")
    return user


async def find_user(database: Database, email: str) -> User | None:
    async with database.across_marketplaces() as queries:
        return await store.find_user_by_email(queries, email.strip().lower())


async def sign_in_link(
    database: Database, user_id: UUID, ttl: timedelta = LINK_TTL, *, clock: Clock | None = None
) -> str:
    """The path of a page that signs ``user_id`` in once, until ``ttl`` has passed."""
    token = new_token()
    expires_at = (clock or SystemClock()).now() + ttl
    async with database.across_marketplaces() as queries:
        await store.insert_link(queries, digest(token), user_id, expires_at)
    return f"/console/sign-in?token={token}"


async def sign_in_by_password(
    database: Database, now: datetime, email: str, password: str, address: str
) -> Session:
    """A session for who knows the password; ``SignInRefused`` says the same for every reason."""
    keys = {
        _email_key(email): FAILURES_MAX,
        digest(f"address:{address}"): TRIES_MAX_PER_ADDRESS,
    }
    await _count_try(database, now, keys)
    user = await find_user(database, email)
    hashed = user.password_hash if user else _nobodys_hash()
    is_right = await run_in_threadpool(_matches, hashed, password)
    if user is None or not user.is_active or not is_right:
        raise SignInRefused(_REFUSED)
    session = Session(user, new_token())
    async with database.across_marketplaces() as queries:
        await store.delete_failures(queries, _email_key(email), now - FAILURES_WINDOW)
        expires_at = now + SESSION_TTL
        await store.insert_session(queries, digest(session.token), user.user_id, now, expires_at)
        await store.insert_audit(queries, _signed_in(now, user, "password"))
    return session


async def sign_in_by_link(database: Database, now: datetime, link_token: str) -> Session:
    """A session for who holds an unused link; ``SignInRefused`` if it was used or has expired."""
    async with database.across_marketplaces() as queries:
        user = await store.use_link(queries, digest(link_token), now)
        if user is None:
            raise SignInRefused("This link was used before or has expired; ask for a new one.")
        session = Session(user, new_token())
        expires_at = now + SESSION_TTL
        await store.insert_session(queries, digest(session.token), user.user_id, now, expires_at)
        await store.insert_audit(queries, _signed_in(now, user, "link"))
    return session


async def sign_out(database: Database, token: str) -> None:
    async with database.across_marketplaces() as queries:
        await store.delete_session(queries, digest(token))


async def _count_try(database: Database, now: datetime, keys: dict[bytes, int]) -> None:
    """Count a try before it is made, so that many at once can't all be the first."""
    async with database.across_marketplaces() as queries:
        for key in sorted(keys):
            await store.lock_failures(queries, key)
            if await store.count_failures(queries, key, now - FAILURES_WINDOW) >= keys[key]:
                raise SignInRefused(_REFUSED)
        for key in keys:
            await store.insert_failure(queries, key, now)


def _email_key(email: str) -> bytes:
    return digest(f"email:{email.strip().lower()}")


def _signed_in(now: datetime, user: User, how: str) -> AuditEntry:
    return AuditEntry(now, None, user.email, "sign_in", "", f"by {how}")


def _matches(hashed: str, password: str) -> bool:
    try:
        return _hasher().verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


@cache
def _hasher() -> PasswordHasher:
    """argon2id with the library's parameters, those of RFC 9106 for little memory."""
    return PasswordHasher()


@cache
def _nobodys_hash() -> str:
    """Checked for addresses without an account, so that the time taken tells nothing."""
    return _hasher().hash(new_token())
