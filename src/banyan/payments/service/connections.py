"""What a marketplace has connected: entered, changed, taken out of use, checked.

Secrets come in and are sealed here, in one breath; nothing ever hands them out again but the
opening of a provider.
"""

from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct

from banyan.kernel import Fault
from banyan.payments.errors import ConnectionNameTaken, ConnectionNotFound, InvalidConnection
from banyan.payments.model import ConnectionDetails, ConnectionDraft, ProviderKind
from banyan.payments.providers.kinds import KINDS
from banyan.payments.rules import check_mode, hints_of
from banyan.payments.service.settings import get_settings, update_settings
from banyan.payments.store import connections as store
from banyan.runtime import MARKETPLACE, Event, Json, Transaction, Vault

RESERVED = frozenset({"sandbox", "bank"})
"""What marketplaces have without connecting it."""

Changeable = Literal["method_types", "currencies", "countries", "fee_bp", "fee_fixed_minor"]


async def connect(tx: Transaction, vault: Vault, draft: ConnectionDraft) -> ConnectionDetails:
    """Connect a provider; a marketplace without one pays through it from now on.

    ``InvalidConnection``, ``WrongMode``, ``ConnectionNameTaken``.
    """
    settings, secrets = _checked(draft.kind, draft.settings, draft.secrets, livemode=tx.livemode)
    connection = ConnectionDetails(
        marketplace_id=tx.marketplace_id,
        name=draft.name,
        kind=draft.kind,
        is_enabled=True,
        settings=settings,
        secrets=_sealed(tx, vault, draft.name, secrets),
        hints=hints_of(secrets),
        method_types=draft.method_types,
        currencies=draft.currencies,
        countries=draft.countries,
        fee_bp=draft.fee_bp,
        fee_fixed_minor=draft.fee_fixed_minor,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    if draft.name in RESERVED or not await store.insert_connection(tx, connection):
        raise ConnectionNameTaken(f"{draft.name!r} is connected already; choose another name.")
    await tx.record(_news("connected", connection, f"{draft.kind} is connected."))
    payment_settings = await get_settings(tx)
    if payment_settings.provider is None:
        await update_settings(tx, replace(payment_settings, provider=draft.name))
    return connection


async def change_connection(
    tx: Transaction,
    vault: Vault,
    name: str,
    *,
    settings: Mapping[str, str] | None = None,
    secrets: Mapping[str, str] | None = None,
    others: Mapping[Changeable, object] | None = None,
) -> ConnectionDetails:
    """Change what is given; ``settings`` and ``secrets`` each name only those that change.

    An empty text takes one away. ``ConnectionNotFound``, and as for ``connect``.
    """
    found = await _lock(tx, name)
    kept = opened_secrets(vault, found)
    new_settings, new_secrets = _checked(
        found.kind,
        {**found.settings, **(settings or {})},
        {**kept, **(secrets or {})},
        livemode=tx.livemode,
    )
    changed = replace(
        found,
        settings=new_settings,
        secrets=_sealed(tx, vault, name, new_secrets),
        hints=hints_of(new_secrets),
        **(others or {}),
    )
    names: set[str] = {*(settings or {}), *(secrets or {}), *(others or {})}
    saved = await store.save_connection(tx, changed)
    await tx.record(_news("changed", saved, "It was changed.", changed=sorted(names)))
    return saved


async def set_enabled(tx: Transaction, name: str, *, is_enabled: bool) -> ConnectionDetails:
    """Use it for new payments, or no longer; what is under way goes on through it either way."""
    found = await _lock(tx, name)
    if found.is_enabled == is_enabled:
        return found
    saved = await store.save_connection(tx, replace(found, is_enabled=is_enabled))
    if is_enabled:
        await tx.record(_news("enabled", saved, "It takes new payments."))
    else:
        await tx.record(_news("disabled", saved, "It takes no new payments."))
    return saved


async def get_connection(tx: Transaction, name: str) -> ConnectionDetails:
    """``ConnectionNotFound``."""
    found = await store.find_connection(tx, name)
    if found is None:
        raise _not_found(name)
    return found


async def check_connected(tx: Transaction, name: str) -> None:
    """``ConnectionNotFound`` unless payments and payouts can go through a provider of this name."""
    if tx.livemode or name != "sandbox":
        await get_connection(tx, name)


async def list_connections(tx: Transaction) -> list[ConnectionDetails]:
    """All of them, by name. A marketplace has a handful."""
    return await store.select_connections(tx)


async def reseal_connections(tx: Transaction, vault: Vault) -> int:
    """Seal the secrets of this marketplace with the newest key; how many there were."""
    sealed = [c for c in await store.select_connections(tx) if c.secrets is not None]
    for connection in sealed:
        assert connection.secrets is not None
        place = _place(tx.marketplace_id, connection.name)
        sealed_anew = vault.reseal(connection.secrets, place)
        await store.save_sealed(tx, connection.name, sealed_anew, instead_of=connection.secrets)
    return len(sealed)


def webhook_path(connection: ConnectionDetails) -> str:
    """Where the provider is to send its webhooks."""
    marketplace = MARKETPLACE.text(connection.marketplace_id)
    return f"/v1/providers/{connection.name}/webhooks/{marketplace}"


def opened_secrets(vault: Vault, connection: ConnectionDetails) -> dict[str, str]:
    """The secrets of a connection, for the provider that is opened with them."""
    if connection.secrets is None:
        return {}
    place = _place(connection.marketplace_id, connection.name)
    return msgspec.json.decode(vault.open(connection.secrets, place), type=dict[str, str])


def _sealed(tx: Transaction, vault: Vault, name: str, secrets: Mapping[str, str]) -> bytes | None:
    if not secrets:
        return None
    return vault.seal(msgspec.json.encode(secrets), _place(tx.marketplace_id, name))


def _place(marketplace_id: UUID, name: str) -> str:
    return f"{MARKETPLACE.text(marketplace_id)}/{name}"


async def _lock(tx: Transaction, name: str) -> ConnectionDetails:
    found = await store.lock_connection(tx, name)
    if found is None:
        raise _not_found(name)
    return found


def _not_found(name: str) -> ConnectionNotFound:
    return ConnectionNotFound(f"Nothing is connected under the name {name[:40]!r}.")


def _checked(
    kind: ProviderKind,
    settings: Mapping[str, str],
    secrets: Mapping[str, str],
    *,
    livemode: bool,
) -> tuple[dict[str, str], dict[str, str]]:
    """Settings and secrets as they are kept: without the empty ones."""
    shapes = KINDS.get(kind)
    if shapes is None:
        raise InvalidConnection(f"Providers of the kind {kind} can't be connected.")
    given_settings = {name: text for name, text in settings.items() if text}
    given_secrets = {name: text for name, text in secrets.items() if text}
    faults = [
        *_faults(given_settings, shapes.settings, "settings"),
        *_faults(given_secrets, shapes.secrets, "secrets"),
    ]
    if kind == "adyen" and livemode and "live_prefix" not in given_settings:
        detail = "A live account of Adyen has a prefix; see docs/providers.md."
        faults.append(Fault("missing", detail, "/settings/live_prefix"))
    if faults:
        raise InvalidConnection(faults[0].detail, faults=tuple(faults))
    check_mode(kind, given_secrets, livemode=livemode)
    return given_settings, given_secrets


def _faults(given: Mapping[str, str], shape: type[Struct], part: str) -> Collection[Fault]:
    """What is wrong with it. The text itself is never repeated: it may be a secret."""
    fields = msgspec.structs.fields(shape)
    unknown = sorted(given.keys() - {field.name for field in fields})
    if unknown:
        known = ", ".join(field.name for field in fields) or "none"
        return [
            Fault("unknown_field", f"{name[:40]!r} is not one of the {part}: {known}.", f"/{part}")
            for name in unknown
        ]
    faults = list[Fault]()
    for field in fields:
        pointer = f"/{part}/{field.name}"
        if field.name not in given:
            if field.required:
                faults.append(Fault("missing", f"{field.name!r} is required.", pointer))
            continue
        try:
            msgspec.convert(given[field.name], field.type)
        except msgspec.ValidationError:
            faults.append(Fault("wrong_format", f"{field.name!r} is malformed.", pointer))
    return faults


def _news(
    what: Literal["connected", "changed", "enabled", "disabled"],
    connection: ConnectionDetails,
    reason: str,
    **more: Json,
) -> Event:
    return Event(
        f"provider.{what}",
        f"prv_{connection.name}",
        {
            "provider": connection.name,
            "kind": connection.kind,
            "is_enabled": connection.is_enabled,
            "reason": reason,
            **more,
        },
    )
