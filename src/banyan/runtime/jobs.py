"""Durable work: rows that a worker takes, and the handlers for each kind of them.

A job is enqueued in the transaction that makes it necessary and deleted in the transaction that
does its work: it can't be lost, and its effects can't happen twice. What calls the outside can't be
undone by a rollback; it is an ``OutsideJob`` and must choose its ids beforehand, so that a second
run finds out what the first one did.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, TypeAlias
from uuid import UUID

from banyan.runtime.events import Json

if TYPE_CHECKING:
    from banyan.runtime.database import Database, Transaction


@dataclass(frozen=True, slots=True)
class JobDraft:
    """Work to be done once the marketplace's clock has reached ``due_at`` (None: now).

    While a job of the same kind and key waits, a second one is not added.
    """

    kind: str
    key: str
    payload: Mapping[str, Json] = field(default_factory=dict[str, Json])
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job that a worker has taken."""

    marketplace_id: UUID
    job_id: int
    kind: str
    key: str
    payload: dict[str, Json]
    due_at: datetime
    attempts: int


Finish: TypeAlias = "Callable[[Transaction], Awaitable[None]]"


@dataclass(frozen=True, slots=True)
class BatchJob:
    """A kind of job that needs the database only.

    ``run`` gets up to ``batch_max`` jobs of one marketplace in one transaction. If it raises, the
    jobs are run again one by one, so that one that can't succeed holds up no other.
    ``subscribes`` names event types: each such event enqueues a job whose payload is the event
    (``type``, ``subject``, ``sequence``, ``payload``).
    """

    kind: str
    run: "Callable[[Transaction, Sequence[Job]], Awaitable[None]]"
    batch_max: int = 200
    subscribes: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OutsideJob:
    """A kind of job that calls something outside, between transactions of its own.

    ``run`` gets the database, the job and ``finish``, which it awaits inside its last transaction.
    The job is leased meanwhile: after a crash it runs again when ``lease_s`` has passed.
    """

    kind: str
    run: "Callable[[Database, Job, Finish], Awaitable[None]]"
    concurrency: int = 32
    lease_s: int = 15


JobHandler: TypeAlias = "BatchJob | OutsideJob"

ATTEMPTS_MAX = 8
"""Tries of a job before it is left as failed, for a person to look at."""


def backoff_s(attempts: int) -> int:
    """Real seconds to wait after the ``attempts``-th failure: 1, 2, 4 … at most 300."""
    return min(300, 2 ** max(0, attempts - 1))
