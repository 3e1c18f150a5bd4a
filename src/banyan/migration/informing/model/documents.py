"""Runbooks and roll-back procedures with boxes to tick."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

DocumentName = Literal["runbook", "rollback"]


@dataclass(frozen=True, slots=True)
class Tick:
    """Who ticked which box, and when."""

    text_hash: bytes
    by: str
    checked_at: datetime


@dataclass(frozen=True, slots=True)
class Item:
    """A box of a document; ``number`` counts from 0, ``tick`` is None while it is empty."""

    number: int
    text: str
    text_hash: bytes
    tick: Tick | None = None


@dataclass(frozen=True, slots=True)
class Document:
    """A runbook or a roll-back procedure of a route.

    ``parts`` are pieces of safe HTML; between part n and n + 1 stands the box of item n.
    """

    name: DocumentName
    items: tuple[Item, ...]
    parts: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not self.items and not "".join(self.parts).strip()
