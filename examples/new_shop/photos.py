"""Customers' photos: the first table that is the new shop's own.

Its rows were legacy's; `data` in the plan copies and follows them, and from the cutover on what is
written here flows back to legacy's table.
"""

import sqlite3
from datetime import UTC, datetime
from pathlib import Path

_BUSY_S = 20
_SCHEMA = """
create table if not exists photos (
  customer_id integer primary key,
  bytes integer not null,
  sha256 text not null,
  taken_at timestamp not null
)
"""


class Photos:
    """The new shop's database file."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, timeout=_BUSY_S, isolation_level=None)
        self._connection.execute("pragma journal_mode = wal")
        self._connection.execute("pragma synchronous = normal")
        self._connection.execute(_SCHEMA)

    def close(self) -> None:
        self._connection.close()

    def keep(self, customer: int, size: int, digest: str) -> None:
        """A customer's photo, in place of the one before."""
        now = datetime.now(UTC).replace(tzinfo=None).isoformat(" ", "microseconds")
        self._connection.execute(
            "insert into photos values (?, ?, ?, ?) on conflict (customer_id) do update set"
            " bytes = excluded.bytes, sha256 = excluded.sha256, taken_at = excluded.taken_at",
            (customer, size, digest, now),
        )
