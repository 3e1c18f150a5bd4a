import asyncio
import hashlib
from datetime import timedelta
from uuid import UUID

import pytest

from banyan.developers import (
    KEY,
    ApiKey,
    InvalidKeyName,
    InvalidScope,
    KeyNotFound,
    authenticator,
    create_key,
    list_keys,
    revoke_key,
)
from banyan.developers.service import TRUSTED_S
from banyan.kernel import new_id
from banyan.runtime import Database, advance_clock, events_of

SCOPES = ["orders:read", "orders:write", "payments:read"]


async def _create(
    database: Database, marketplace: UUID, *scopes: str, name: str = "shop"
) -> tuple[ApiKey, str]:
    async with database.transaction(marketplace) as tx:
        return await create_key(tx, name=name, scopes=scopes or ["*"], known_scopes=SCOPES)


async def _revoke(database: Database, marketplace: UUID, key_id: UUID) -> ApiKey:
    async with database.transaction(marketplace) as tx:
        return await revoke_key(tx, key_id)


async def test_a_key_says_whether_its_money_is_real(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    _, test = await _create(database, sandbox)
    _, real = await _create(database, live)
    assert test.startswith("bk_test_")
    assert real.startswith("bk_live_")
    assert len(test) == len(real) == 40


async def test_only_a_hash_and_the_first_letters_are_kept(
    database: Database, sandbox: UUID
) -> None:
    key, text = await _create(database, sandbox)
    async with database.transaction(sandbox) as tx:
        [(row, digest)] = await tx.rows("select keys::text, hash from developers.keys")
        [event] = await events_of(tx, KEY.text(key.key_id))
    assert key.prefix == text[:12]
    assert digest == hashlib.sha256(text.encode()).digest()
    for kept in (row, str(event), str(key)):
        assert text[12:] not in kept
    assert event.type == "key.created"


async def test_a_key_leads_to_its_marketplace_and_scopes(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    authenticate = authenticator(database, SCOPES)
    for marketplace in (sandbox, live):
        key, text = await _create(database, marketplace, "orders:read")
        principal = await authenticate(text)
        assert principal is not None
        assert principal.marketplace_id == marketplace
        assert principal.livemode is (marketplace == live)
        assert principal.key_id == key.key_id
        assert principal.scopes == {"orders:read"}


async def test_a_star_stands_for_every_scope(database: Database, sandbox: UUID) -> None:
    _, text = await _create(database, sandbox, "*")
    principal = await authenticator(database, SCOPES)(text)
    assert principal is not None
    assert principal.scopes == set(SCOPES)


async def test_what_is_no_key_leads_nowhere(database: Database, sandbox: UUID) -> None:
    _, text = await _create(database, sandbox)
    authenticate = authenticator(database, SCOPES)
    for wrong in (
        "",
        "x",
        text[:-1],
        text.upper(),
        f"{text} ",
        "bk_test_\xe9",
        "bk_" + "0" * 9_999,
    ):
        assert await authenticate(wrong) is None


@pytest.mark.parametrize("scopes", [["orders:delete"], ["orders:read", "ORDERS:READ"], [""]])
async def test_an_unknown_scope_is_refused(
    database: Database, sandbox: UUID, scopes: list[str]
) -> None:
    with pytest.raises(InvalidScope, match="orders:read"):
        await _create(database, sandbox, *scopes)
    async with database.transaction(sandbox) as tx:
        assert await list_keys(tx) == []


async def test_a_key_needs_a_scope_and_a_name(database: Database, sandbox: UUID) -> None:
    with pytest.raises(InvalidScope):
        async with database.transaction(sandbox) as tx:
            await create_key(tx, name="shop", scopes=[], known_scopes=SCOPES)
    for name in ("", "x" * 81):
        with pytest.raises(InvalidKeyName):
            await _create(database, sandbox, name=name)


async def test_a_revoked_key_soon_leads_nowhere(database: Database, sandbox: UUID) -> None:
    key, text = await _create(database, sandbox)
    authenticate = authenticator(database, SCOPES, trusted_s=0.2)
    assert await authenticate(text) is not None
    await _revoke(database, sandbox, key.key_id)
    async with asyncio.timeout(10):
        while True:
            if await authenticate(text) is None:
                break
            await asyncio.sleep(0.01)
    assert await authenticator(database, SCOPES)(text) is None, "a process that never saw it"


def test_a_revoked_key_may_work_for_seconds_only() -> None:
    assert 0 < TRUSTED_S <= 5


async def test_revoking_again_changes_nothing(database: Database, sandbox: UUID) -> None:
    key, _ = await _create(database, sandbox)
    first = await _revoke(database, sandbox, key.key_id)
    assert await _revoke(database, sandbox, key.key_id) == first
    async with database.transaction(sandbox) as tx:
        await advance_clock(tx, tx.now + timedelta(days=1))
    assert await _revoke(database, sandbox, key.key_id) == first
    async with database.transaction(sandbox) as tx:
        types = [event.type for event in await events_of(tx, KEY.text(key.key_id))]
    assert types == ["key.created", "key.revoked"]


async def test_another_marketplace_neither_sees_nor_revokes_a_key(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    key, text = await _create(database, live)
    with pytest.raises(KeyNotFound):
        await _revoke(database, sandbox, key.key_id)
    async with database.transaction(sandbox) as tx:
        assert await list_keys(tx) == []
    assert await authenticator(database, SCOPES)(text) is not None


async def test_a_key_that_is_not_there_can_not_be_revoked(
    database: Database, sandbox: UUID
) -> None:
    with pytest.raises(KeyNotFound):
        await _revoke(database, sandbox, new_id())


async def test_keys_are_listed_the_newest_first(database: Database, sandbox: UUID) -> None:
    made = [(await _create(database, sandbox, name=name))[0] for name in ("a", "b", "c")]
    revoked = await _revoke(database, sandbox, made[1].key_id)
    async with database.transaction(sandbox) as tx:
        listed = await list_keys(tx)
    assert sorted(listed, key=lambda key: key.name) == [made[0], revoked, made[2]]
    assert listed == sorted(listed, key=lambda key: key.key_id, reverse=True)
