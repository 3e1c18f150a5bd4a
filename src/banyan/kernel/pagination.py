"""Pages by cursor: the next page starts behind the last row seen, whatever was added meanwhile."""

import base64
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar
from uuid import UUID

from banyan.kernel.errors import Fault, InvalidRequest

LIMIT_DEFAULT = 20
LIMIT_MAX = 100

_INT8_MAX = 2**63 - 1

T = TypeVar("T")
Key = str | int | datetime | UUID


class InvalidCursor(InvalidRequest):
    code = "invalid_cursor"
    title = "Invalid cursor"


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """Some rows of a list, and where the next ones start (None at the end)."""

    data: list[T]
    next_cursor: str | None

    @property
    def has_more(self) -> bool:
        return self.next_cursor is not None


def encode_cursor(*keys: Key) -> str:
    """An opaque text of the sort keys of the last row of a page."""
    plain = [key if isinstance(key, str | int) else _text(key) for key in keys]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def decode_cursor(cursor: str, kinds: Sequence[type[Key]]) -> tuple[Key, ...]:
    """The sort keys in a cursor, in the types asked for; ``InvalidCursor`` if they aren't."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        keys: object = json.loads(base64.urlsafe_b64decode(padded))
        if not isinstance(keys, list):
            raise ValueError("not a list")
        return tuple(_typed(key, kind) for key, kind in zip(keys, kinds, strict=True))  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    except (ValueError, OverflowError, RecursionError):
        detail = "The cursor is not one that a list of this kind gave out."
        raise InvalidCursor(
            detail, faults=(Fault("invalid_cursor", detail, parameter="cursor"),)
        ) from None


def id_of_cursor(cursor: str | None) -> UUID | None:
    """The id of the last row of the page before, where rows are sorted by it; None at the start."""
    if cursor is None:
        return None
    [key] = decode_cursor(cursor, (UUID,))
    assert isinstance(key, UUID), "decode_cursor gives the types asked for"
    return key


def page_of(rows: list[T], limit: int, keys_of: Callable[[T], Key | tuple[Key, ...]]) -> Page[T]:
    """A page of ``limit`` rows, out of one row more than that if there are more.

    ``keys_of`` gives what a row is sorted by.
    """
    if len(rows) <= limit:
        return Page(rows, None)
    keys = keys_of(rows[limit - 1])
    return Page(rows[:limit], encode_cursor(*(keys if isinstance(keys, tuple) else (keys,))))


def _text(key: datetime | UUID) -> str:
    return key.isoformat() if isinstance(key, datetime) else key.hex


def _typed(key: object, kind: type[Key]) -> Key:
    if kind is datetime and isinstance(key, str):
        at = datetime.fromisoformat(key)
        if at.tzinfo is None:
            raise ValueError("no time zone")
        return at.astimezone(UTC)
    if kind is UUID and isinstance(key, str):
        return UUID(key)
    if isinstance(key, bool) or not isinstance(key, kind):
        raise ValueError("another type")
    if isinstance(key, int) and not -_INT8_MAX <= key <= _INT8_MAX:
        raise ValueError("beyond a bigint")
    if isinstance(key, str) and b"\0" in key.encode():
        raise ValueError("not a text of PostgreSQL")
    return key
