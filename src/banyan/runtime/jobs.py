"""Durable work: rows that a worker takes, and the handlers for each kind of them.

A job is enqueued in the transaction that makes it necessary and deleted in the transaction that
does its work: it can't be lost, and its effects can't happen twice. What calls the outside can't be
undone by a rollback; it is an ``OutsideJob`` and must choose its ids beforehand, so that a second
run finds out what the first one did.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar
from uuid import UUID

from banyan.runtime.events import Json

if TYPE_CHECKING:
    from banyan.runtime.database import Transaction

Question = TypeVar("Question")
Answer = TypeVar("Answer")


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
class Answered(Generic[Question, Answer]):
    """A job, what was asked for it, and what came back."""

    job: Job
    question: Question
    answer: Answer


@dataclass(frozen=True, slots=True)
class OutsideJob(Generic[Question, Answer]):
    """A kind of job that calls something outside, between two transactions.

    ``begin`` prepares many jobs in one transaction: what to ask for each, or None if nothing is to
    be asked any more. Once it is committed, ``call`` asks, each by itself and all at once. ``end``
    gets what was answered meanwhile, in one transaction which also deletes those jobs.

    The jobs are leased meanwhile: after a crash they begin again when ``lease_s`` has passed. A call
    that raises, or takes longer than ``timeout_s``, is made again later. While a call runs, its lease
    is renewed: what takes long needs no long lease, and a dead worker's job is soon taken over.
    """

    kind: str
    begin: "Callable[[Transaction, Sequence[Job]], Awaitable[Sequence[Question | None]]]"
    call: "Callable[[Question], Awaitable[Answer]]"
    end: "Callable[[Transaction, Sequence[Answered[Question, Answer]]], Awaitable[None]]"
    concurrency: int = 32
    lease_s: int = 15
    timeout_s: int | None = None
    """None: a lease, which is then not renewed."""


JobHandler: TypeAlias = "BatchJob | OutsideJob[Any, Any]"

ATTEMPTS_MAX = 8
"""Tries of a job before it is left as failed, for a person to look at."""


def backoff_s(attempts: int) -> int:
    """Real seconds to wait after the ``attempts``-th failure: 1, 2, 4 … at most 300."""
    return min(300, 2 ** max(0, attempts - 1))
