"""Opening the providers that marketplaces have connected."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec import convert

from banyan.payments.errors import InvalidConnection
from banyan.payments.model import Capability, Connection, ConnectionDetails
from banyan.payments.providers import Connected, Provider
from banyan.payments.providers.kinds import (
    AdyenSecrets,
    AdyenSettings,
    StripeSecrets,
    StripeSettings,
)
from banyan.payments.providers.sandbox import Sandbox
from banyan.payments.service.connections import get_connection, opened_secrets
from banyan.payments.store import connections as store
from banyan.runtime import MARKETPLACE, Database, Settings, Vault

LOOK_AGAIN_S = 1.0
"""How long a change of a connection may go unnoticed."""
_CLOSE_AFTER_S = 60.0
"""Longer than any call that was under way when a connection was changed."""


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where providers are (empty: their own addresses; others are simulators'), and where we are."""

    stripe_url: str = ""
    adyen_url: str = ""
    public_url: str = ""

    def back(self, connection: Connection) -> str:
        """Where buyers come back to from authenticating."""
        if not self.public_url:
            return ""
        marketplace = MARKETPLACE.text(connection.marketplace_id)
        return f"{self.public_url}/v1/providers/{connection.name}/return/{marketplace}"


def addresses_of(settings: Settings) -> Addresses:
    return Addresses(settings.stripe_url, settings.adyen_url, settings.url)


def open_connection(
    connection: ConnectionDetails,
    secrets: Mapping[str, str],
    database: Database,
    addresses: Addresses,
    *,
    livemode: bool,
) -> Connected:
    """The provider behind a connection. Its code is loaded when it is first needed."""
    match connection.kind:
        case "sandbox":
            return Sandbox(database, connection.name)
        case "stripe":
            from banyan.payments.providers.stripe import Stripe

            return Stripe(
                connection.marketplace_id,
                connection.name,
                convert(connection.settings, StripeSettings),
                convert(secrets, StripeSecrets),
                now=lambda: _now(database, connection.marketplace_id),
                url=addresses.stripe_url,
                back_url=addresses.back(connection),
                # Simulators can't search.
                looks_up_by="list" if addresses.stripe_url else "search",
            )
        case "adyen":
            from banyan.payments.providers.adyen import Adyen

            return Adyen(
                connection.marketplace_id,
                connection.name,
                convert(connection.settings, AdyenSettings),
                convert(secrets, AdyenSecrets),
                database,
                url=addresses.adyen_url,
                back_url=addresses.back(connection),
                livemode=livemode,
            )
        case "iso20022":
            raise InvalidConnection("Bank rails are no provider that can be called.")


async def _now(database: Database, marketplace_id: UUID) -> datetime:
    """The marketplace's time, which a provider doesn't know."""
    async with database.transaction(marketplace_id) as tx:
        return tx.now


@dataclass(slots=True)
class _Kept:
    provider: Connected
    version: int
    looked_at_s: float


class Opener:
    """Opens what is connected under a name, and keeps it open until the connection is changed."""

    def __init__(
        self,
        database: Database,
        vault: Vault,
        addresses: Addresses,
        *,
        look_again_s: float = LOOK_AGAIN_S,
    ) -> None:
        self._look_again_s = look_again_s
        self._database = database
        self._vault = vault
        self._addresses = addresses
        self._kept: dict[tuple[UUID, str], _Kept] = {}
        self._retired: list[tuple[float, Connected]] = []

    async def open(self, marketplace_id: UUID, name: str) -> Provider | None:
        """None if nothing is connected. A disabled connection is opened too: payments that are
        under way through it must come to an end."""
        now_s = asyncio.get_running_loop().time()
        kept = self._kept.get((marketplace_id, name))
        if kept is not None and now_s - kept.looked_at_s < self._look_again_s:
            return kept.provider
        async with self._database.transaction(marketplace_id) as tx:
            connection = await store.find_connection(tx, name)
            livemode = tx.livemode
        if connection is None:
            return None
        kept = self._kept.get((marketplace_id, name))  # another task may have opened it meanwhile
        if kept is None or kept.version < connection.version:
            if kept is not None:
                self._retired.append((now_s, kept.provider))
            kept = _Kept(self._opened(connection, livemode=livemode), connection.version, now_s)
            self._kept[marketplace_id, name] = kept
            await self._close_retired(now_s)
        kept.looked_at_s = now_s
        return kept.provider

    async def close(self) -> None:
        """Close everything that was opened."""
        providers = [kept.provider for kept in self._kept.values()]
        providers += [provider for _, provider in self._retired]
        self._kept.clear()
        self._retired.clear()
        for provider in providers:
            await provider.close()

    def _opened(self, connection: ConnectionDetails, *, livemode: bool) -> Connected:
        secrets = opened_secrets(self._vault, connection)
        return open_connection(
            connection, secrets, self._database, self._addresses, livemode=livemode
        )

    async def _close_retired(self, now_s: float) -> None:
        due = [one for one in self._retired if now_s - one[0] >= _CLOSE_AFTER_S]
        self._retired = [one for one in self._retired if one not in due]
        for _, provider in due:
            await provider.close()


async def check_connection(
    database: Database, vault: Vault, addresses: Addresses, marketplace_id: UUID, name: str
) -> list[Capability]:
    """Ask the provider, changing nothing, whether the connection works. ``ConnectionNotFound``."""
    async with database.transaction(marketplace_id) as tx:
        connection = await get_connection(tx, name)
        livemode = tx.livemode
    secrets = opened_secrets(vault, connection)
    provider = open_connection(connection, secrets, database, addresses, livemode=livemode)
    try:
        return await provider.check()
    finally:
        await provider.close()
