"""The public API of a marketplace, as a replay calls it: bounded, and patient with restarts.

A call that meets a closed connection, a full server or a restart is sent again, with the same
``Idempotency-Key``, for up to a minute: so nothing happens twice and a ``kill -9`` is survived.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from types import TracebackType
from typing import Generic, Self, TypeVar

import httpx
import msgspec

from banyan.replay.calls import Call
from banyan.replay.errors import CallRefused, MarketplaceUnreachable

T = TypeVar("T")

CONNECTIONS_MAX = 12
PATIENCE_S = 60.0
PAGE_SIZE = 100

_PASSING = frozenset({429, 502, 503, 504})
_REFUSALS = frozenset({404, 409, 422})


@dataclass(frozen=True, slots=True)
class Refused:
    """The marketplace understood a call and said no: an expected outcome of some acts."""

    status: int
    code: str
    detail: str


class _Problem(msgspec.Struct):
    code: str = ""
    detail: str = ""
    retryable: bool = False


class _Created(msgspec.Struct):
    id: str


class _Page(msgspec.Struct, Generic[T]):
    data: list[T]
    has_more: bool = False
    next_cursor: str | None = None


class Marketplace:
    """Calls one marketplace, the one that the API key belongs to."""

    def __init__(
        self,
        base_url: str,
        api_key: str,
        *,
        patience_s: float = PATIENCE_S,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        self._patience_s = patience_s
        self._gate = asyncio.Semaphore(CONNECTIONS_MAX)
        self._http = httpx.AsyncClient(
            base_url=base_url,
            headers={"authorization": f"Bearer {api_key}"},
            timeout=30.0,
            limits=httpx.Limits(max_connections=CONNECTIONS_MAX),
            transport=transport,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self._http.aclose()

    async def get(self, path: str, answer: type[T]) -> T:
        response = await self._send("GET", path)
        if response.status_code != 200:
            raise _call_refused(response)
        return msgspec.json.decode(response.content, type=answer)

    async def pages(self, path: str, row: type[T]) -> AsyncIterator[T]:
        """Every row of a list; ``path`` may carry a query."""
        first = f"{path}{'&' if '?' in path else '?'}limit={PAGE_SIZE}"
        following = first
        while following:
            page = await self.get(following, _Page[row])
            for found in page.data:
                yield found
            following = f"{first}&cursor={page.next_cursor}" if page.has_more else ""

    async def create(self, call: Call) -> str | Refused:
        """The id of what was made, now or by the first call with this key."""
        response = await self._send("POST", call.path, call)
        if response.is_success:
            return msgspec.json.decode(response.content, type=_Created).id
        return _refused(response)

    async def attempt(self, call: Call) -> Refused | None:
        """Does something that the marketplace may refuse in its present state."""
        response = await self._send("POST", call.path, call)
        return None if response.is_success else _refused(response)

    async def _send(self, method: str, path: str, call: Call | None = None) -> httpx.Response:
        content: bytes | None = None
        headers: dict[str, str] = {}
        if call is not None:
            if call.body is not None:
                content = msgspec.json.encode(call.body)
                headers["content-type"] = "application/json"
            if call.key is not None:
                headers["idempotency-key"] = call.key
        give_up_s = time.monotonic() + self._patience_s
        pause_s = 0.05
        while True:
            try:
                async with self._gate:
                    response = await self._http.request(
                        method, path, content=content, headers=headers
                    )
            except httpx.UnsupportedProtocol as error:
                raise MarketplaceUnreachable(f"{self._http.base_url} is no URL: {error}") from None
            except httpx.TransportError as error:
                trouble = str(error) or type(error).__name__
            else:
                if not _is_passing(response):
                    return response
                trouble = f"it answered {response.status_code}"
                pause_s = max(pause_s, _retry_after_s(response))
            if time.monotonic() + pause_s > give_up_s:
                raise MarketplaceUnreachable(
                    f"{self._http.base_url} has not served {method} {path} for "
                    f"{self._patience_s:.0f} s: {trouble}. Start it, then run the replay again."
                )
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, 2.0)


def _is_passing(response: httpx.Response) -> bool:
    status = response.status_code
    return status in _PASSING or (status == 409 and _problem(response).retryable)


def _retry_after_s(response: httpx.Response) -> float:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdigit() else 0.0


def _problem(response: httpx.Response) -> _Problem:
    try:
        return msgspec.json.decode(response.content, type=_Problem)
    except msgspec.DecodeError:
        return _Problem(detail=response.text[:200])


def _refused(response: httpx.Response) -> Refused:
    if response.status_code not in _REFUSALS:
        raise _call_refused(response)
    problem = _problem(response)
    return Refused(response.status_code, problem.code, problem.detail)


def _call_refused(response: httpx.Response) -> CallRefused:
    request, problem = response.request, _problem(response)
    return CallRefused(
        f"{request.method} {request.url.path} was answered {response.status_code} "
        f"{problem.code}: {problem.detail}"
    )
