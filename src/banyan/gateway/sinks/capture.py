"""Captured exchanges, one stream each, as Envoy's external processor is shown them."""

from collections.abc import AsyncIterator

from banyan.comparison import Answer
from banyan.gateway.sinks.encodings import NotDecodable, decode
from banyan.gateway.sinks.messages import BodyPart, Part, RequestHead, ResponseHead
from banyan.gateway.sinks.pairing import Captured, Pairs
from banyan.kernel import Clock

STREAMS_MAX = 4_000


class CaptureSink:
    """Reads each stream to its end, cuts what is too long, and hands the parts to ``pairs``."""

    def __init__(self, clock: Clock, pairs: Pairs, *, streams_max: int = STREAMS_MAX) -> None:
        self._clock, self._pairs, self._streams_max = clock, pairs, streams_max
        self._streams = 0

    async def hear(self, messages: AsyncIterator[Part]) -> None:
        if self._streams >= self._streams_max:
            self._pairs.counts.captured += 1
            self._pairs.counts.excess += 1
            return
        self._streams += 1
        reading = _Reading()
        try:
            async for part in messages:
                self._add(reading, part)
                if reading.is_ended or reading.is_excess:
                    break
        finally:
            # Also when Envoy takes the stream back: what came so far is all there will be.
            self._streams -= 1
            self._pairs.counts.captured += 1
            self._pairs.size_bytes -= len(reading.body)
            self._finish(reading)

    def _add(self, reading: "_Reading", part: Part) -> None:
        reading.ended_at_us = int(self._clock.now().timestamp() * 1_000_000)
        match part:
            case RequestHead():
                reading.request, reading.began_at_us = part, reading.ended_at_us
            case ResponseHead():
                reading.response, reading.is_ended = part, part.is_last
            case BodyPart() if reading.request is not None:
                reading.is_ended = part.is_last
                room = reading.request.body_bytes_max - len(reading.body)
                taken = part.content[: max(0, room)]
                reading.is_cut = reading.is_cut or len(taken) < len(part.content)
                if self._pairs.has_room(len(taken)):
                    self._pairs.size_bytes += len(taken)
                    reading.body += taken
                else:
                    reading.is_excess = True
            case BodyPart():
                reading.is_ended = part.is_last

    def _finish(self, reading: "_Reading") -> None:
        counts, request, response = self._pairs.counts, reading.request, reading.response
        if request is None or not request.request_id:
            return
        if reading.is_excess or (response is not None and response.is_overflow):
            counts.excess += 1
            return
        if request.role == "primary" and not reading.is_ended:
            counts.incomplete += 1
            return
        status = response.status if response is not None and reading.is_ended else 0
        # A shadow that broke off has given no whole answer, whatever its head said; and what Envoy
        # says in its place is no answer either.
        headers = response.headers if response is not None and response.status else ()
        encoding = ", ".join(value for name, value in headers if name == "content-encoding")
        try:
            body, is_cut = decode(
                bytes(reading.body), encoding,
                bytes_max=request.body_bytes_max, is_cut=reading.is_cut,
            )  # fmt: skip
        except NotDecodable:
            counts.undecodable += 1
            return
        primary_arm = response.arm if response is not None else "legacy"
        self._pairs.add(
            Captured(
                request_id=request.request_id,
                role=request.role,
                route=request.route,
                method=request.method,
                path=request.path,
                headers=request.headers,
                arm=primary_arm if request.role == "primary" else request.role,
                answer=Answer(
                    status=status,
                    headers=headers,
                    body=body if status else b"",
                    is_cut=is_cut,
                    duration_us=reading.ended_at_us - reading.began_at_us,
                ),
                captured_at_us=reading.ended_at_us,
            )
        )


class _Reading:
    """What has come of one stream."""

    def __init__(self) -> None:
        self.request: RequestHead | None = None
        self.response: ResponseHead | None = None
        self.body = bytearray()
        self.is_cut = self.is_ended = self.is_excess = False
        self.began_at_us = self.ended_at_us = 0
