"""Customers of a rehearsal: they ask the gateway, and know what they should have got.

Legacy is the oracle. An answer is as it should be if it is legacy's or the sound candidate's, asked at
the same time with the same cookies, but for what differs between two answers of that same side.
"""

import asyncio
import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from types import TracebackType
from typing import Self

import httpx

from banyan.comparison import Answer, Asked, Comparing, compare
from banyan.kernel import Clock

AT_ONCE = 8
_TIMEOUT_S = 30.0
_KNOWN_MAX = 4
"""Pairs of answers that are remembered of one customer and path."""
_ENDS = ("content-encoding", "content-length", "transfer-encoding", "connection", "keep-alive")
_SETTLED_AFTER_S = 0.05
"""Between two requests of one customer, so that a rehearsal is no load test."""


@dataclass(slots=True)
class Tally:
    """What the customers of one route met since it was begun."""

    requests: int = 0
    errors: int = 0
    differences: int = 0
    slowest_ms: int = 0
    example: str = ""


@dataclass(frozen=True, slots=True)
class Asking:
    """One path of a route, and how answers to it are compared."""

    route: str
    path: str
    how: Comparing
    candidate: str
    """Address of the sound candidate."""


@dataclass(slots=True)
class _Customer:
    number: int
    device: str
    cookies: dict[str, str] = field(default_factory=dict[str, str])


class Customers:
    """So many customers, each with a device and cookies of its own, eight asking at a time."""

    def __init__(
        self,
        gateway: str,
        legacy: str,
        host: str,
        asking: Sequence[Asking],
        *,
        count: int,
        device_cookie: str,
        clock: Clock,
    ) -> None:
        self._gateway, self._legacy, self._host = gateway, legacy, host
        self._asking, self._device_cookie, self._clock = asking, device_cookie, clock
        self._customers = [
            _Customer(number, hashlib.sha256(f"rehearsal {number}".encode()).hexdigest()[:15])
            for number in range(count)
        ]
        self._tallies: dict[str, Tally] = defaultdict(Tally)
        self._known: dict[tuple[int, str], list[tuple[Answer, Answer]]] = defaultdict(list)
        self._turn = 0
        self._client = httpx.AsyncClient(
            timeout=_TIMEOUT_S, follow_redirects=False, trust_env=False,
            limits=httpx.Limits(max_connections=4 * AT_ONCE),
        )  # fmt: skip
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.stop()
        await self._client.aclose()

    async def arrive(self) -> None:
        """Each customer comes to legacy first and takes the cookies that it gives."""
        gate = asyncio.Semaphore(AT_ONCE)

        async def one(customer: _Customer) -> None:
            asking = self._asking[customer.number % len(self._asking)]
            async with gate:
                response = await self._get(self._legacy, asking.path, customer)
                for value in response.headers.get_list("set-cookie"):
                    customer.cookies.update(_set(value))

        await asyncio.gather(*(one(customer) for customer in self._customers))

    def start(self) -> None:
        """Begin to ask, until ``stop``."""
        self._tasks = [asyncio.create_task(self._ask_on()) for _ in range(AT_ONCE)]

    async def stop(self) -> None:
        for task in self._tasks:
            task.cancel()
        results = await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        for result in results:
            if isinstance(result, Exception):
                raise result

    def begin(self) -> None:
        """Count anew; requests under way belong to what was before."""
        self._tallies = defaultdict(Tally)

    def tallies(self) -> Mapping[str, Tally]:
        return self._tallies

    async def _ask_on(self) -> None:
        while True:
            self._turn += 1
            turn, many = self._turn, len(self._asking)
            # Every customer asks for every path in the course of time.
            customer = self._customers[turn % len(self._customers)]
            asking = self._asking[(turn + turn // len(self._customers)) % many]
            tallies = self._tallies
            await self._ask(customer, asking, tallies[asking.route])
            await asyncio.sleep(_SETTLED_AFTER_S)

    async def _ask(self, customer: _Customer, asking: Asking, tally: Tally) -> None:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            answer = _answer(await self._get(self._gateway, asking.path, customer))
        except httpx.HTTPError as error:
            tally.errors += 1
            tally.example = tally.example or (
                f"GET {asking.path}: {type(error).__name__} {error}".rstrip()
            )
            return
        finally:
            tally.requests += 1
            tally.slowest_ms = max(tally.slowest_ms, int((loop.time() - began) * 1_000))
        wrong = await self._wrong(customer, asking, answer)
        if wrong is None:
            return
        if answer.status >= 500:
            tally.errors += 1
        else:
            tally.differences += 1
        tally.example = tally.example or f"GET {asking.path}: {wrong}"

    async def _wrong(self, customer: _Customer, asking: Asking, answer: Answer) -> str | None:
        """What is wrong with an answer, in a few words; None: nothing."""
        place = (customer.number, asking.path)
        if any(self._fault(answer, pair, asking) is None for pair in self._known[place]):
            return None
        found, pairs = "", list[tuple[Answer, Answer]]()
        for side in (self._legacy, asking.candidate):
            try:
                first, second = [
                    _answer(await self._get(side, asking.path, customer)) for _ in range(2)
                ]
            except httpx.HTTPError as error:
                found = found or f"the oracle doesn't answer: {type(error).__name__}"
                continue
            pairs.append((first, second))
            fault = self._fault(answer, (first, second), asking)
            if fault is None:
                self._known[place] = [*pairs, *self._known[place]][:_KNOWN_MAX]
                return None
            found = found or fault
        return found[:300]

    def _fault(self, answer: Answer, pair: tuple[Answer, Answer], asking: Asking) -> str | None:
        """In what an answer differs from those that one side gave, beyond what these two differ in."""
        first, second = pair
        if _is_alike(answer, first) or _is_alike(answer, second):
            return None
        compared = compare(first, answer, second, asking.how, asked=Asked("GET", asking.path))
        if compared.is_same and not compared.is_unsteady:
            return None
        if not compared.differences:
            return f"status {answer.status}, legacy {first.status}"
        difference = compared.differences[0]
        return (
            f"{difference.path} {difference.kind}: legacy {difference.legacy!r},"
            f" got {difference.candidate!r}"
        )

    async def _get(self, side: str, path: str, customer: _Customer) -> httpx.Response:
        cookies = {**customer.cookies, self._device_cookie: customer.device}
        header = "; ".join(f"{name}={value}" for name, value in cookies.items())
        return await self._client.get(
            f"{side}{path}", headers={"host": self._host, "cookie": header}
        )


def _answer(response: httpx.Response) -> Answer:
    headers = tuple(
        (name.lower(), value)
        for name, value in response.headers.multi_items()
        if name.lower() not in _ENDS
    )
    return Answer(response.status_code, headers, response.content)


def _is_alike(one: Answer, other: Answer) -> bool:
    """Quick, and never wrong: the same in all that a customer can tell."""
    return (
        one.status == other.status
        and one.body == other.body
        and all(one.all(name) == other.all(name) for name in ("location", "set-cookie"))
        and one.header("content-type") == other.header("content-type")
    )


def _set(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items() if morsel.value}
    except CookieError:
        return {}
