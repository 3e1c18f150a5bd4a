"""The SDK's way to the network: httpx, with the timeouts of a call that somebody waits for."""

import ssl
from collections.abc import Mapping
from typing import Any

import httpx
import stripe

CALL_TIMEOUT_S = 4.0
"""Shorter than the caller's patience, so that what we report is Stripe's silence and not our own."""
CONNECT_TIMEOUT_S = 2.0


class Transport(stripe.HTTPClient):
    """One pool of connections. It never tries again: that is decided by who keeps the attempt."""

    name = "httpx"

    def __init__(self) -> None:
        super().__init__()  # pyright: ignore[reportUnknownMemberType]
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(CALL_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
            verify=ssl.create_default_context(cafile=stripe.ca_bundle_path),
            trust_env=False,
        )

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str] | None, post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """``stripe.APIConnectionError``, whose cause tells whether anything was sent."""
        try:
            answer = await self._client.request(method, url, headers=headers, content=post_data)
        except httpx.HTTPError as error:
            raise stripe.APIConnectionError(f"{type(error).__name__} of the connection.") from error
        return answer.content, answer.status_code, answer.headers

    async def close_async(self) -> None:
        await self._client.aclose()
