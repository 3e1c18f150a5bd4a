"""Connecting providers: what is taken in, what is refused, what is shown, who is opened."""

import logging
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from uuid import UUID

import httpx
import pytest
from cryptography.fernet import Fernet

from banyan import payments
from banyan.payments import (
    Addresses,
    ConnectionDraft,
    ConnectionNameTaken,
    ConnectionNotFound,
    InvalidConnection,
    Opener,
    WrongMode,
)
from banyan.payments.api import operations
from banyan.runtime import Database, Settings, Vault
from tests.http_client import client_of

STRIPE_KEY, WEBHOOK_SECRET = "sk_test_connections9876", "whsec_connections5432"
ADYEN_KEY = "AQEsecretkeyofadyen"
KEYS = Settings(secret_keys=Fernet.generate_key().decode())
VAULT = Vault(KEYS)

STRIPE = ConnectionDraft(
    name="stripe_eu",
    kind="stripe",
    secrets={"api_key": STRIPE_KEY, "webhook_secret": WEBHOOK_SECRET},
    currencies=["EUR"],
)


async def _connect(
    database: Database, marketplace_id: UUID, draft: ConnectionDraft
) -> payments.ConnectionDetails:
    async with database.transaction(marketplace_id) as tx:
        return await payments.connect(tx, VAULT, draft)


async def _events(database: Database, marketplace_id: UUID) -> list[Any]:
    async with database.transaction(marketplace_id) as tx:
        found = await tx.rows(
            """
            select type, payload
            from runtime.events
            where marketplace_id = %(marketplace_id)s
            order by position
            """
        )
    return [*found]


async def test_secrets_are_sealed_and_shown_by_their_last_letters(
    database: Database, sandbox: UUID, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    connection = await _connect(database, sandbox, STRIPE)
    assert connection.hints == {"api_key": "…9876", "webhook_secret": "…5432"}
    async with database.transaction(sandbox) as tx:
        row = await tx.value("select c::text from payments.connections c")
    shown = [
        repr(connection),
        repr(STRIPE),
        row,
        repr(await _events(database, sandbox)),
        caplog.text,
    ]
    assert STRIPE_KEY not in " ".join(shown)
    assert WEBHOOK_SECRET not in " ".join(shown)


async def test_who_connects_first_pays_through_it(database: Database, live: UUID) -> None:
    draft = replace(STRIPE, secrets={"api_key": "sk_live_connections9876"})
    await _connect(database, live, draft)
    await _connect(database, live, replace(draft, name="second"))
    async with database.transaction(live) as tx:
        assert (await payments.get_settings(tx)).provider == "stripe_eu"
        assert [one.name for one in await payments.list_connections(tx)] == ["second", "stripe_eu"]


@pytest.mark.parametrize(
    "draft",
    [
        ConnectionDraft(name="play", kind="sandbox"),
        replace(STRIPE, name="test_key"),
        replace(STRIPE, secrets={"api_key": "rk_test_connections9876"}),
    ],
)
async def test_play_does_not_get_into_a_live_marketplace(
    database: Database, live: UUID, draft: ConnectionDraft
) -> None:
    with pytest.raises(WrongMode):
        await _connect(database, live, draft)


async def test_real_money_does_not_get_into_a_sandbox(database: Database, sandbox: UUID) -> None:
    with pytest.raises(WrongMode):
        await _connect(
            database, sandbox, replace(STRIPE, secrets={"api_key": "sk_live_connections9876"})
        )


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"secrets": {}}, "/secrets/api_key"),
        ({"secrets": {"api_key": "pk_test_public"}}, "/secrets/api_key"),
        ({"secrets": {"api_key": STRIPE_KEY, "password": "hunter2secret"}}, "/secrets"),
        ({"settings": {"return_url": "javascript:alert(1)"}}, "/settings/return_url"),
        ({"settings": {"url": "http://169.254.169.254"}}, "/settings"),
        ({"kind": "adyen", "secrets": {"api_key": ADYEN_KEY}}, "/settings/merchant_account"),
        ({"kind": "iso20022"}, None),
    ],
)
async def test_what_does_not_fit_is_named_and_not_repeated(
    database: Database, sandbox: UUID, changes: dict[str, Any], pointer: str | None
) -> None:
    draft = replace(STRIPE, **changes)
    with pytest.raises(InvalidConnection) as refused:
        await _connect(database, sandbox, draft)
    assert pointer in [fault.pointer for fault in refused.value.faults] or pointer is None
    said = f"{refused.value} {refused.value.faults}"
    assert not any(secret in said for secret in draft.secrets.values())


async def test_a_live_account_of_adyen_has_a_prefix(database: Database, live: UUID) -> None:
    draft = ConnectionDraft(
        name="adyen",
        kind="adyen",
        settings={"merchant_account": "BanyanLive"},
        secrets={"api_key": ADYEN_KEY},
    )
    with pytest.raises(InvalidConnection, match="prefix"):
        await _connect(database, live, draft)
    prefixed = {**draft.settings, "live_prefix": "1797a841fbb37ca7-Banyan"}
    await _connect(database, live, replace(draft, settings=prefixed))


async def test_a_name_is_given_once(database: Database, sandbox: UUID) -> None:
    await _connect(database, sandbox, STRIPE)
    for name in ("stripe_eu", "sandbox", "bank"):
        with pytest.raises(ConnectionNameTaken):
            await _connect(database, sandbox, replace(STRIPE, name=name))


async def test_what_is_changed_is_opened_anew_and_the_rest_is_kept(
    database: Database, sandbox: UUID
) -> None:
    await _connect(database, sandbox, STRIPE)
    opener = Opener(database, VAULT, Addresses(stripe_url="http://127.0.0.1:9"), look_again_s=0)
    first = await opener.open(sandbox, "stripe_eu")
    assert await opener.open(sandbox, "stripe_eu") is first
    async with database.transaction(sandbox) as tx:
        changed = await payments.change_connection(
            tx, VAULT, "stripe_eu", secrets={"webhook_secret": "whsec_another0000"}
        )
    assert changed.hints == {"api_key": "…9876", "webhook_secret": "…0000"}
    assert await opener.open(sandbox, "stripe_eu") is not first
    async with database.transaction(sandbox) as tx:
        disabled = await payments.set_enabled(tx, "stripe_eu", is_enabled=False)
        again = await payments.set_enabled(tx, "stripe_eu", is_enabled=False)
    assert (disabled.is_enabled, again.version) == (False, disabled.version)
    assert await opener.open(sandbox, "stripe_eu"), "what is under way goes on"
    assert await opener.open(sandbox, "nobody") is None
    await opener.close()
    types = [event[0] for event in await _events(database, sandbox)]
    assert types == ["provider.connected", "provider.changed", "provider.disabled"]


async def test_keys_are_rotated(database: Database, sandbox: UUID) -> None:
    await _connect(database, sandbox, STRIPE)
    new = Fernet.generate_key().decode()
    async with database.transaction(sandbox) as tx:
        both = Vault(Settings(secret_keys=f"{new},{KEYS.secret_keys}"))
        assert await payments.reseal_connections(tx, both) == 1
    opener = Opener(database, Vault(Settings(secret_keys=new)), Addresses("http://127.0.0.1:9"))
    assert await opener.open(sandbox, "stripe_eu")
    await opener.close()


@pytest.fixture
async def http(database: Database, sandbox: UUID) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(database, sandbox, operations(KEYS)) as client:
        yield client


PATH = "/v1/payment_providers"


async def test_a_provider_is_connected_over_http(http: httpx.AsyncClient) -> None:
    body = {
        "name": "stripe_eu",
        "kind": "stripe",
        "secrets": {"api_key": STRIPE_KEY},
        "method_types": ["card", "ideal"],
        "fee_bp": 140,
    }
    made = await http.post(PATH, json=body)
    assert made.status_code == 201, made.text
    view = made.json()
    assert (view["secrets"], view["fee_bp"]) == ({"api_key": "…9876"}, 140)
    assert view["webhook_path"].startswith("/v1/providers/stripe_eu/webhooks/mkt_")
    assert (await http.get(f"{PATH}/stripe_eu")).json() == view
    assert (await http.get(PATH)).json()["data"] == [view]
    changed = await http.patch(f"{PATH}/stripe_eu", json={"currencies": ["EUR"], "fee_bp": 120})
    assert changed.status_code == 200, changed.text
    assert (changed.json()["currencies"], changed.json()["fee_bp"]) == (["EUR"], 120)
    assert changed.json()["method_types"] == ["card", "ideal"]
    back = await http.patch(f"{PATH}/stripe_eu", json={"currencies": None})
    assert back.json()["currencies"] is None
    assert (await http.post(f"{PATH}/stripe_eu/disable")).json()["is_enabled"] is False
    assert (await http.post(f"{PATH}/stripe_eu/enable")).json()["is_enabled"] is True
    again = await http.post(PATH, json=body)
    assert (again.status_code, again.json()["code"]) == (409, "connection_name_taken")
    settings = await http.post("/v1/payment_settings", json={"provider": "stripe_eu"})
    assert settings.json()["provider"] == "stripe_eu"
    missing = await http.post("/v1/payment_settings", json={"provider": "nobody"})
    assert (missing.status_code, missing.json()["code"]) == (404, "connection_not_found")


async def test_refusals_over_http_show_no_secret(http: httpx.AsyncClient) -> None:
    body = {"name": "stripe", "kind": "stripe", "secrets": {"api_key": "sk_tset_typo_in_secret"}}
    refused = await http.post(PATH, json=body)
    assert refused.status_code == 422
    assert refused.json()["errors"][0]["pointer"] == "/secrets/api_key"
    long = await http.post(PATH, json={**body, "secrets": {"api_key": "x" * 3_000}})
    assert long.status_code == 400
    assert "typo_in_secret" not in refused.text
    assert "xxx" not in long.text


async def test_a_connection_is_checked_over_http(http: httpx.AsyncClient) -> None:
    await http.post(PATH, json={"name": "second", "kind": "sandbox"})
    checked = await http.post(f"{PATH}/second/check")
    assert checked.json()["works"] is True
    missing = await http.post(f"{PATH}/nobody/check")
    assert missing.status_code == 404


async def test_what_is_not_connected_is_not_found(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        with pytest.raises(ConnectionNotFound):
            await payments.get_connection(tx, "nobody")
