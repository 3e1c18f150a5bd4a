"""Signing in: passwords, links, throttling, sessions."""

from datetime import timedelta

import pytest

from banyan.console import EmailTaken, InvalidUser, User, add_user, sign_in_link
from banyan.console.accounts import (
    FAILURES_MAX,
    FAILURES_WINDOW,
    TRIES_MAX_PER_ADDRESS,
    sign_in_by_link,
    sign_in_by_password,
)
from banyan.console.errors import SignInRefused
from banyan.console.model import PERMISSIONS, Permission, Role
from banyan.kernel import FixedClock
from banyan.runtime import Database

PASSWORD = "correct horse battery"
ADDRESS = "203.0.113.7"


@pytest.fixture
async def ana(database: Database, clock: FixedClock) -> User:
    return await add_user(database, " Ana@Example.com ", "operator", PASSWORD, clock=clock)


async def test_a_right_password_signs_in_whatever_the_case_of_the_address(
    database: Database, clock: FixedClock, ana: User
) -> None:
    session = await sign_in_by_password(database, clock.now(), "ANA@example.com", PASSWORD, ADDRESS)
    assert session.user.user_id == ana.user_id
    assert session.user.email == "ana@example.com"


async def test_wrong_passwords_and_unknown_addresses_get_the_same_answer(
    database: Database, clock: FixedClock, ana: User
) -> None:
    said: set[str] = set()
    for email in (ana.email, "nobody@example.com"):
        with pytest.raises(SignInRefused) as refusal:
            await sign_in_by_password(database, clock.now(), email, "wrong password", ADDRESS)
        said.add(refusal.value.detail)
    assert len(said) == 1


async def test_after_some_wrong_passwords_even_the_right_one_has_to_wait(
    database: Database, clock: FixedClock, ana: User
) -> None:
    for _ in range(FAILURES_MAX):
        with pytest.raises(SignInRefused):
            await sign_in_by_password(database, clock.now(), ana.email, "wrong", ADDRESS)
    with pytest.raises(SignInRefused):
        await sign_in_by_password(database, clock.now(), ana.email, PASSWORD, ADDRESS)
    clock.advance(FAILURES_WINDOW + timedelta(seconds=1))
    await sign_in_by_password(database, clock.now(), ana.email, PASSWORD, ADDRESS)


async def test_success_forgets_the_failures_before(
    database: Database, clock: FixedClock, ana: User
) -> None:
    for _ in range(3):
        for _ in range(FAILURES_MAX - 1):
            with pytest.raises(SignInRefused):
                await sign_in_by_password(database, clock.now(), ana.email, "wrong", ADDRESS)
        await sign_in_by_password(database, clock.now(), ana.email, PASSWORD, ADDRESS)


async def test_one_network_address_can_not_try_many_people(
    database: Database, clock: FixedClock, ana: User
) -> None:
    async with database.across_marketplaces() as queries:
        from banyan.console.security import digest
        from banyan.console.store import insert_failure

        for _ in range(TRIES_MAX_PER_ADDRESS):
            await insert_failure(queries, digest(f"address:{ADDRESS}"), clock.now())
    with pytest.raises(SignInRefused):
        await sign_in_by_password(database, clock.now(), ana.email, PASSWORD, ADDRESS)
    await sign_in_by_password(database, clock.now(), ana.email, PASSWORD, "198.51.100.1")


async def test_a_link_works_once_and_until_it_expires(
    database: Database, clock: FixedClock, ana: User
) -> None:
    link = await sign_in_link(database, ana.user_id, timedelta(minutes=5), clock=clock)
    token = link.partition("?token=")[2]
    session = await sign_in_by_link(database, clock.now(), token)
    assert session.user.user_id == ana.user_id
    with pytest.raises(SignInRefused):
        await sign_in_by_link(database, clock.now(), token)
    late = await sign_in_link(database, ana.user_id, timedelta(minutes=5), clock=clock)
    clock.advance(timedelta(minutes=6))
    with pytest.raises(SignInRefused):
        await sign_in_by_link(database, clock.now(), late.partition("?token=")[2])


async def test_no_token_or_password_is_kept(
    database: Database, clock: FixedClock, ana: User
) -> None:
    link = await sign_in_link(database, ana.user_id, clock=clock)
    token = link.partition("?token=")[2]
    session = await sign_in_by_link(database, clock.now(), token)
    async with database.across_marketplaces() as queries:
        rows = await queries.rows(
            """
            select users::text from console.users
            union all select sessions::text from console.sessions
            union all select sign_in_links::text from console.sign_in_links
            union all select audit::text from console.audit
            """
        )
    kept = " ".join(row for (row,) in rows)
    assert token not in kept
    assert session.token not in kept
    assert PASSWORD not in kept


@pytest.mark.parametrize(
    ("email", "role", "password"),
    [
        ("no-at-sign", "viewer", PASSWORD),
        ("a@b\n.example", "viewer", PASSWORD),
        ("ana@example.com", "owner", PASSWORD),
        ("ana@example.com", "viewer", "short"),
    ],
)
async def test_a_user_with_something_wrong_is_refused(
    database: Database, email: str, role: str, password: str
) -> None:
    with pytest.raises(InvalidUser):
        await add_user(database, email, role, password)


async def test_an_address_has_one_account(database: Database, ana: User) -> None:
    with pytest.raises(EmailTaken):
        await add_user(database, ana.email.upper(), "viewer", PASSWORD)


async def test_the_audit_log_can_not_be_changed_by_the_process(database: Database) -> None:
    import psycopg

    for statement in ("delete from console.audit", "update console.audit set note = ''"):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            async with database.across_marketplaces() as queries:
                await queries.execute(statement)


def test_every_role_may_view_and_only_some_may_act() -> None:
    assert set(PERMISSIONS) == set(Role)
    assert all(Permission.VIEW in allowed for allowed in PERMISSIONS.values())
    assert PERMISSIONS[Role.VIEWER] == {Permission.VIEW}
    assert PERMISSIONS[Role.ADMIN] == set(Permission)
    assert Permission.MOVE_MONEY not in PERMISSIONS[Role.ANALYST]
