"""Which provider a name stands for in a marketplace."""

from collections.abc import Awaitable, Callable, Mapping
from uuid import UUID

from banyan.payments.errors import ProviderNotFound
from banyan.payments.providers.provider import Provider

__all__ = ["Connect", "Providers"]

Connect = Callable[[UUID, str], Awaitable[Provider | None]]
"""Opens what a marketplace has connected under a name; None if there is nothing."""


class Providers:
    """The providers that every marketplace has (``fixed``), and those it has connected itself."""

    def __init__(self, fixed: Mapping[str, Provider], connect: Connect | None = None) -> None:
        self._fixed = fixed
        self._connect = connect

    async def get(self, marketplace_id: UUID | None, name: str) -> Provider:
        """``ProviderNotFound`` if nothing is connected under this name.

        Without a marketplace only those that every marketplace has are found.
        """
        provider = self._fixed.get(name)
        if provider is None and self._connect is not None and marketplace_id is not None:
            provider = await self._connect(marketplace_id, name)
        if provider is None:
            raise ProviderNotFound(f"There is no provider {name[:40]!r}.")
        return provider
