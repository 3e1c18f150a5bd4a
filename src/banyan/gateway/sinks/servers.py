"""The servers and what they gather, taken a tick at a time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from banyan.gateway.errors import GatewayUnusable
from banyan.gateway.model import Attempt, Exchange, RouteCounts, Served, SinkState, Written
from banyan.gateway.sinks.capture import CaptureSink
from banyan.gateway.sinks.counting import Windows
from banyan.gateway.sinks.gaps import Gaps, Standing
from banyan.gateway.sinks.messages import Logged
from banyan.gateway.sinks.pairing import Pairs
from banyan.kernel import Clock, SystemClock

if TYPE_CHECKING:
    from grpc.aio import Server

Listener = Callable[[Sequence[Attempt], Sequence[Served]], None]


@dataclass(frozen=True, slots=True)
class Seen:
    """What one tick brought: ``counts`` of each route that was ever heard of, and how whole it is."""

    counts: tuple[RouteCounts, ...]
    state: SinkState
    standing: Standing

    @property
    def is_whole(self) -> bool:
        return self.standing.is_whole


class Sinks:
    """Hears access logs and captured exchanges; everything in it is bounded.

    Made by ``open``. ``take`` and ``take_exchanges`` never wait. ``listener`` is told every attempt
    and answer as it comes, on the event loop: it has to be quick and must not raise.
    """

    def __init__(self, clock: Clock, listener: Listener | None, pairs: Pairs) -> None:
        self._clock, self._listener = clock, listener
        self._gaps = Gaps()
        self._windows = Windows(self._now_us())
        self.pairs = pairs
        self._capture = CaptureSink(clock, pairs)
        self._servers: list[Server] = []
        self.reports = self.capture = ""
        """Where the servers listen."""

    @classmethod
    async def open(
        cls,
        reports: str,
        capture: str,
        *,
        clock: Clock | None = None,
        listener: Listener | None = None,
        pairs: Pairs | None = None,
    ) -> Self:
        """Listen on two addresses, each ``unix:/path`` or ``host:port`` (port 0: any).

        A socket file that nobody listens on any more is replaced. Raises ``GatewayUnusable`` when an
        address can't be had.
        """
        sinks = cls(clock or SystemClock(), listener, pairs or Pairs())
        sinks.reports = await sinks._listen(reports, logs=True)
        try:
            sinks.capture = await sinks._listen(capture, logs=False)
        except GatewayUnusable:
            await sinks.close()
            raise
        return sinks

    def hear(self, logged: Logged) -> None:
        self._gaps.hear(logged.ended_us)
        self._windows.add(logged.attempts, logged.served)
        if self._listener is not None:
            self._listener(logged.attempts, logged.served)

    def take(self, counter: Written | None) -> Seen:
        """What came since the last time. ``counter`` is Envoy's, None when Envoy didn't tell it.

        Counts are whole when all that Envoy had written until a moment ago is in them or in earlier
        ones. A loss shows some seconds after it happened: its counts say so, earlier ones couldn't.
        """
        now_us = self._now_us()
        standing = self._gaps.read(now_us, counter)
        self.pairs.sweep(now_us)
        counts = self._windows.take(now_us, is_whole=standing.is_whole, lost=standing.lost)
        return Seen(counts, self._gaps.state(), standing)

    def take_exchanges(self, at_most: int) -> list[Exchange]:
        """Whole exchanges, oldest first; beyond a bound they are let go if nobody takes them."""
        return self.pairs.take(at_most)

    def capture_counts(self) -> dict[str, int]:
        """What became of what was captured so far."""
        return self.pairs.counts.as_dict()

    async def close(self) -> None:
        for server in self._servers:
            await server.stop(None)
        self._servers.clear()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _listen(self, address: str, *, logs: bool) -> str:
        from banyan.gateway.sinks.wire import start_server  # gRPC: only who listens needs it

        try:
            server, bound = start_server(
                address, logs=self if logs else None, exchanges=None if logs else self._capture
            )
            await server.start()
        except RuntimeError as error:
            raise GatewayUnusable(
                f"The gateway's reports can't be heard at {address}: is the folder there and"
                " writable, and the path shorter than 108 bytes?"
            ) from error
        self._servers.append(server)
        return bound

    def _now_us(self) -> int:
        return int(self._clock.now().timestamp() * 1_000_000)
