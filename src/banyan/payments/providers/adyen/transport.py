"""Calls of Adyen: one request, and what its failure means."""

from dataclasses import dataclass
from typing import Any

import httpx

from banyan.payments.providers.answers import Declined, Unavailable, Unknown
from banyan.payments.providers.declines import declined

CALL_TIMEOUT_S = 4.0
"""Shorter than the caller's patience."""
CONNECT_TIMEOUT_S = 2.0

_NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)

_IN_PROGRESS = "704"
"""The key is in use by a call that is under way."""


class Failed(Exception):
    """A call that gave no usable answer."""

    def __init__(self, answer: Declined | Unavailable | Unknown) -> None:
        super().__init__(type(answer).__name__)
        self.answer = answer


@dataclass(frozen=True, slots=True)
class Addresses:
    checkout: str
    transfers: str
    disputes: str
    reports: str

    @staticmethod
    def of(url: str, live_prefix: str, *, livemode: bool) -> "Addresses":
        if url:  # a simulator, which is all four
            return Addresses(f"{url}/checkout/v71", f"{url}/btl/v4", f"{url}/disputes", url)
        world = "live" if livemode else "test"
        checkout = (
            f"https://{live_prefix}-checkout-live.adyenpayments.com/checkout/v71"
            if livemode
            else "https://checkout-test.adyen.com/v71"
        )
        return Addresses(
            checkout,
            f"https://balanceplatform-api-{world}.adyen.com/btl/v4",
            f"https://ca-{world}.adyen.com/ca/services/DisputeService/v30",
            f"https://ca-{world}.adyen.com",
        )


class Transport:
    """One pool of connections. It never tries again: that is decided by who keeps the attempt."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient(
            timeout=httpx.Timeout(CALL_TIMEOUT_S, connect=CONNECT_TIMEOUT_S), trust_env=False
        )

    async def close(self) -> None:
        await self._client.aclose()

    async def post(self, url: str, api_key: str, body: dict[str, Any], key: str = "") -> bytes:
        """The body of a good answer; ``Failed``."""
        headers = {"x-api-key": api_key, "content-type": "application/json"}
        if key:
            headers["idempotency-key"] = key
        return await self._send(self._client.build_request("POST", url, json=body, headers=headers))

    async def get(self, url: str, api_key: str, query: dict[str, str]) -> bytes:
        """``Failed``."""
        headers = {"x-api-key": api_key}
        request = self._client.build_request("GET", url, params=query, headers=headers)
        return await self._send(request)

    async def download(self, url: str, user: str, password: str) -> bytes | None:
        """A file; None if it is not there. ``Failed``."""
        answer = await self._answer(self._client.build_request("GET", url), (user, password))
        return None if answer.status_code == 404 else _good(answer)

    async def _send(self, request: httpx.Request) -> bytes:
        return _good(await self._answer(request))

    async def _answer(
        self, request: httpx.Request, login: tuple[str, str] | None = None
    ) -> httpx.Response:
        try:
            return await self._client.send(request, auth=login)
        except _NEVER_SENT:
            raise Failed(Unavailable("Adyen could not be reached.")) from None
        except httpx.HTTPError as error:
            raise Failed(Unknown(f"Adyen gave no answer: {type(error).__name__}.")) from None


def _good(answer: httpx.Response) -> bytes:
    """Its body, unless it is a failure: certainly not done only where Adyen did not look at it."""
    status = answer.status_code
    if answer.is_success:
        return answer.content
    code = _error_code(answer)
    if status in (401, 403):
        raise Failed(Unavailable(f"Adyen does not accept our key ({status})."))
    if status == 429:
        raise Failed(Unavailable("Adyen takes no more calls for the moment (429)."))
    if status in (400, 404, 422) and code != _IN_PROGRESS:
        raise Failed(declined("invalid_request", f"{status} {code}"))
    raise Failed(Unknown(f"Adyen gave no usable answer: {status} {code}."))


def _error_code(answer: httpx.Response) -> str:
    try:
        told: Any = answer.json()
        return str(told.get("errorCode", ""))[:20]
    except (ValueError, AttributeError):
        return ""
