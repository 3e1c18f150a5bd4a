"""What has changed at a side since last asked: the keys of rows, never their values.

A notice says only that a row of this key may be other than before. The mover then reads the row as
it is now, so that notices may come twice, late, or in any order. ``done`` is called once what they
led to is written at the other side: until then they are given again, whoever dies.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from banyan.movement.model import Key
from banyan.movement.sources.connection import Session


@dataclass(frozen=True, slots=True)
class Notices:
    """Keys of changed rows, each once. ``is_more``: others wait.

    ``ages_s``: how long ago each was changed first, by its database's clock, where that is known.
    """

    keys: list[Key] = field(default_factory=list[Key])
    token: Any = None
    is_more: bool = False
    ages_s: dict[Key, float] = field(default_factory=dict[Key, float])


@dataclass(frozen=True, slots=True)
class Lag:
    """Changes that wait, and since when the oldest does; None: not known."""

    rows: int | None = None
    seconds: float | None = None


class Capture(Protocol):
    def install(self) -> None:
        """Begin to catch changes; again changes nothing."""
        ...

    def remove(self) -> None:
        """Leave nothing of ours behind."""
        ...

    def begin(self) -> Any:
        """Where to catch up from, before the first row is copied: to be kept by the caller."""
        ...

    def take(self, limit: int) -> Notices: ...

    def done(self, notices: Notices) -> Any:
        """What to keep of it (the position), or None."""
        ...

    def waiting(self, session: Session, keys: Sequence[Key]) -> set[Key]:
        """Which of these keys have notices that aren't done, as ``session`` of this side sees it."""
        ...

    def lag(self) -> Lag: ...


class NoCapture:
    """A table that doesn't change, or whose changes nobody needs."""

    def install(self) -> None:
        return

    def remove(self) -> None:
        return

    def begin(self) -> Any:
        return None

    def take(self, limit: int) -> Notices:  # noqa: ARG002 - as the others
        return Notices()

    def done(self, notices: Notices) -> Any:  # noqa: ARG002 - as the others
        return None

    def waiting(self, session: Session, keys: Sequence[Key]) -> set[Key]:  # noqa: ARG002 - as the others
        return set()

    def lag(self) -> Lag:
        return Lag(0, 0.0)
