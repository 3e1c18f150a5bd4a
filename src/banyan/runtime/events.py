"""Events: what happened, written in the transaction that made it happen (the outbox).

An event has a type in the past tense (``payment.captured``), the prefixed id of its subject, a
number that counts that subject's events without a gap, a payload, and its cause. A job kind may
subscribe to types (see ``jobs``): the job is then enqueued with the event, so that delivery can't be
forgotten. A job that is retried, or a second worker, may let a later event of a subject pass an
earlier one: a handler looks at the state that it finds, and at ``sequence`` where that is not enough.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"


@dataclass(frozen=True, slots=True)
class Cause:
    """Who or what made something happen.

    ``id`` names the request, job or person; ``actor`` is what people call them, such as the key's
    name or the person's e-mail address.
    """

    kind: Literal["request", "job", "person", "provider", "system"]
    id: str
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Event:
    """News about ``subject`` (a prefixed id) to be written to the outbox."""

    type: str
    subject: str
    payload: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """An event as it stands in the outbox; ``occurred_at`` is the marketplace's time."""

    position: int
    xid: int
    subject: str
    sequence: int
    type: str
    payload: dict[str, Json]
    cause: dict[str, str]
    occurred_at: datetime
    recorded_at: datetime
