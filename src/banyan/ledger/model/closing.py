"""What closes and proves the books: periods, seals, archives, and the report of a check."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from uuid import UUID

MICROSECOND = timedelta(microseconds=1)
"""The ledger's times are that fine: what ends before an instant ends so much earlier."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A closed period: nothing new takes effect at or before ``closed_through``.

    ``open_holds`` were pending legs that nothing had resolved at the close. ``balanced_at`` is when
    the trial balance at its end was stored (None: not yet), ``archived_at`` when it was archived.
    """

    closed_through: datetime
    closed_at: datetime
    last_position: int
    open_holds: int | None
    balanced_at: datetime | None
    archived_at: datetime | None

    @property
    def month(self) -> str | None:
        """The month that ends with it, as ``2018-03``; None if it doesn't end with one."""
        after = self.closed_through + MICROSECOND
        is_whole = (after.day, after.time()) == (1, time())
        return f"{self.closed_through:%Y-%m}" if is_whole else None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that breaks an invariant: which, and where."""

    check: str
    detail: str


@dataclass(frozen=True, slots=True)
class Seal:
    """One link of the chain: the legs behind the last position of the batch before, up to its own.

    ``hash`` follows from the one before and from every leg of the batch, so that it stands for
    everything recorded until then.
    """

    batch: int
    last_position: int
    legs: int
    hash: bytes
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class Archive:
    """A month's archive in its folder: how much it holds, and the digest of its manifest."""

    path: Path
    legs: int
    batches: int
    manifest_sha256: bytes


@dataclass(frozen=True, slots=True)
class LegDigest:
    """A leg as a seal remembers it: ``digest`` is the start of its sha256, 8 bytes."""

    position: int
    transfer_id: UUID
    digest: bytes


@dataclass(frozen=True, slots=True)
class Report:
    """What ``verify`` has counted and found; up to 100 findings are listed.

    ``head`` is the last seal; what was recorded after it isn't sealed yet.
    """

    accounts: int
    transfers: int
    legs: int
    findings: tuple[Finding, ...]
    head: Seal | None = None

    @property
    def is_sound(self) -> bool:
        return not self.findings
