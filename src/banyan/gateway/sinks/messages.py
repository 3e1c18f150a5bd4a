"""What Envoy's messages say, and who hears them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Protocol, TypeAlias

from banyan.gateway.model import Arm, Attempt, Role, Served


@dataclass(slots=True)
class Logged:
    """One message of one access log; ``ended_us`` are the instants at which its entries ended."""

    attempts: list[Attempt] = field(default_factory=list[Attempt])
    served: list[Served] = field(default_factory=list[Served])
    ended_us: list[int] = field(default_factory=list[int])


class HearsLogs(Protocol):
    def hear(self, logged: Logged) -> None: ...


class HearsExchanges(Protocol):
    async def hear(self, messages: AsyncIterator["Part"]) -> None: ...


@dataclass(frozen=True, slots=True)
class RequestHead:
    """The head of a captured request; pseudo-headers stand in ``method`` and ``path``."""

    request_id: str
    role: Role
    route: str
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body_bytes_max: int


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """``status`` 0: it is Envoy's own, made because the side gave none. ``is_overflow``: the side was
    not even asked, since too many requests to it were open.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    arm: Arm
    is_last: bool
    is_overflow: bool = False


@dataclass(frozen=True, slots=True)
class BodyPart:
    content: bytes
    is_last: bool


Part: TypeAlias = RequestHead | ResponseHead | BodyPart
