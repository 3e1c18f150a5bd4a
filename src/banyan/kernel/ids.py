"""Ids: UUIDv7 inside, ``prefix_`` and 26 characters of Crockford's base32 at the edge.

UUIDv7 (RFC 9562) sorts by the time it was made, so that a B-tree grows at its right end. The text
form sorts alike, can be told apart by eye and survives a double click.
"""

import hashlib
import os
import secrets
import time
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from banyan.kernel.errors import Fault, InvalidRequest

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_VALUE = {letter: value for value, letter in enumerate(_ALPHABET)}
_LENGTH = 26
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
"""Two letters for each 10 bits: half the steps of one by one."""


class InvalidId(InvalidRequest):
    code = "invalid_id"
    title = "Invalid id"


@dataclass(frozen=True, slots=True)
class IdKind:
    """One kind of id, known by its prefix.

    >>> ORDER = IdKind("ord")
    >>> ORDER.text(UUID("01890a5d-ac96-774b-bcce-b302099a8057"))
    'ord_01h455vb4pex5vsknk084sn02q'
    """

    prefix: str

    def text(self, value: UUID) -> str:
        return f"{self.prefix}_{_encode(value.int)}"

    def parse(self, text: str, *, parameter: str | None = None, pointer: str | None = None) -> UUID:
        """The id behind ``text``; ``InvalidId`` if it is malformed or of another kind."""
        prefix, _, body = text.rpartition("_")
        value = _decode(body) if prefix == self.prefix else None
        if value is None:
            detail = f"Expected an id like {self.prefix}_… but got {text[:40]!r}."
            raise InvalidId(detail, faults=(Fault("invalid_id", detail, pointer, parameter),))
        return value


def new_id(at: datetime | None = None) -> UUID:
    """A new UUIDv7, made at ``at`` (default: the machine's time)."""
    at_ms = time.time_ns() // 1_000_000 if at is None else int(at.timestamp() * 1000)
    return _version_7(at_ms, int.from_bytes(os.urandom(10)))


def derived_id(parent: UUID, *labels: str | int) -> UUID:
    """The same parent and labels give the same id, so that a retry names the same thing.

    It keeps the parent's time in front, and so sorts beside it.
    """
    text = "/".join((parent.hex, *map(str, labels)))
    return _version_7(parent.int >> 80, int.from_bytes(hashlib.sha256(text.encode()).digest()[:10]))


def new_token() -> str:
    """32 random bytes, safe in a URL; for what must not be guessed."""
    return secrets.token_urlsafe(32)


def new_secret(length: int = 32) -> str:
    """``length`` letters of 5 random bits each; for what a person may have to type."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def _version_7(at_ms: int, random_80: int) -> UUID:
    value = (at_ms & (1 << 48) - 1) << 80 | random_80
    value = value & ~(0xF << 76) | 7 << 76
    return UUID(int=value & ~(0b11 << 62) | 0b10 << 62)


def _encode(value: int) -> str:
    return "".join([_PAIRS[value >> shift & 1023] for shift in range(5 * _LENGTH - 10, -1, -10)])


def _decode(text: str) -> UUID | None:
    if len(text) != _LENGTH or text[0] > "7":
        return None
    value = 0
    for letter in text:
        digit = _VALUE.get(letter)
        if digit is None:
            return None
        value = value << 5 | digit
    return UUID(int=value)
