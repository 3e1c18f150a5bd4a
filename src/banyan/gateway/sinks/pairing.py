"""One customer's request and its shadows, put together again within bounds."""

from collections import OrderedDict, deque
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field

from banyan.comparison import Answer
from banyan.gateway.model import SAFE_METHODS, Arm, Exchange, Role

WAIT_US = 10_000_000
"""How long the other parts of an exchange are awaited."""
PENDING_MAX = 10_000
READY_MAX = 2_000
BYTES_MAX = 256_000_000
"""Of bodies, and of headers and paths in which they come: being received, waiting for their other parts, and waiting to be taken."""


@dataclass(frozen=True, slots=True)
class Captured:
    """One of the three: a request and what was answered."""

    request_id: str
    role: Role
    route: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    arm: Arm
    answer: Answer
    captured_at_us: int


@dataclass(slots=True)
class CaptureCounts:
    """What became of what was captured, three parts an exchange; what isn't ``paired`` was let go.

    ``unpaired``: the customer's or the other side's part never came. ``incomplete``: the customer
    left, so that nobody knows the answer. ``undecodable``: compressed in a way that can't be undone.
    ``excess``: beyond what memory allows. ``repeated``: a part that was there already.
    """

    captured: int = 0
    paired: int = 0
    unpaired: int = 0
    incomplete: int = 0
    undecodable: int = 0
    excess: int = 0
    repeated: int = 0

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


@dataclass(slots=True)
class _Pending:
    since_us: int
    parts: dict[Role, Captured] = field(default_factory=dict[Role, Captured])

    @property
    def size_bytes(self) -> int:
        return sum(_size_of_part(part) for part in self.parts.values())


class Pairs:
    """Parts come in any order; whole exchanges are taken in the order in which they became whole."""

    def __init__(
        self, *, pending_max: int = PENDING_MAX, ready_max: int = READY_MAX,
        bytes_max: int = BYTES_MAX,
    ) -> None:  # fmt: skip
        self.counts = CaptureCounts()
        self.size_bytes = 0
        self._pending_max, self._ready_max, self._bytes_max = pending_max, ready_max, bytes_max
        self._pending: OrderedDict[str, _Pending] = OrderedDict()
        self._ready: deque[Exchange] = deque()

    @property
    def pending(self) -> int:
        return len(self._pending)

    def has_room(self, size_bytes: int = 0) -> bool:
        return self.size_bytes + size_bytes <= self._bytes_max

    def add(self, part: Captured) -> None:
        size_bytes = _size_of_part(part)
        pending = self._pending.get(part.request_id)
        if pending is None:
            if len(self._pending) >= self._pending_max:
                self.counts.excess += 1
                return
            pending = _Pending(part.captured_at_us)
        if part.role in pending.parts:
            self.counts.repeated += 1
            return
        if not self.has_room(size_bytes):
            self.counts.excess += 1
            return
        pending.parts[part.role] = part
        self._pending[part.request_id] = pending
        self.size_bytes += size_bytes
        if _is_whole(pending.parts):
            self._finish(part.request_id)

    def sweep(self, now_us: int) -> None:
        """Give up waiting where it has been long: a pair without a baseline is still a pair.

        A pair of later than now is of before the clock was set back.
        """
        while self._pending:
            request_id, pending = next(iter(self._pending.items()))
            if 0 <= now_us - pending.since_us < WAIT_US:
                return
            self._finish(request_id)

    def take(self, at_most: int) -> list[Exchange]:
        taken = [self._ready.popleft() for _ in range(min(at_most, len(self._ready)))]
        self.size_bytes -= sum(_size(exchange) for exchange in taken)
        return taken

    def _finish(self, request_id: str) -> None:
        pending = self._pending.pop(request_id)
        exchange = _exchange(pending.parts)
        if exchange is None:
            self.counts.unpaired += 1
        elif len(self._ready) >= self._ready_max:
            self.counts.excess += 1
        else:
            self.counts.paired += 1
            self._ready.append(exchange)
            self.size_bytes += _size(exchange)
        self.size_bytes -= pending.size_bytes


def _is_whole(parts: dict[Role, Captured]) -> bool:
    primary = parts.get("primary")
    if primary is None:
        return False
    if primary.method in SAFE_METHODS:
        return len(parts) == 3
    # A write is mirrored to the candidate alone.
    return "candidate" in parts


def _exchange(parts: dict[Role, Captured]) -> Exchange | None:
    primary = parts.get("primary")
    if primary is None:
        return None
    other: Role = "candidate" if primary.arm == "legacy" else "legacy"
    if other not in parts:
        return None
    shadows = {role: part.answer for role, part in parts.items() if role != "primary"}
    return Exchange(
        request_id=primary.request_id,
        route=primary.route,
        method=primary.method,
        path=primary.path,
        headers=primary.headers,
        primary_arm=primary.arm,
        primary=primary.answer,
        legacy=shadows.get("legacy"),
        candidate=shadows.get("candidate"),
        captured_at_us=primary.captured_at_us,
    )


def _size(exchange: Exchange) -> int:
    answers = (exchange.primary, exchange.legacy, exchange.candidate)
    return _size_of_head(exchange.path, exchange.headers) + sum(
        _size_of_answer(answer) for answer in answers if answer is not None
    )


def _size_of_part(part: Captured) -> int:
    return _size_of_head(part.path, part.headers) + _size_of_answer(part.answer)


def _size_of_answer(answer: Answer) -> int:
    return len(answer.body) + _size_of_head("", answer.headers)


def _size_of_head(path: str, headers: Iterable[tuple[str, str]]) -> int:
    return len(path) + sum(len(name) + len(value) for name, value in headers)
