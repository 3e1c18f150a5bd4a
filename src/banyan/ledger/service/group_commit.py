"""Group commit: callers that post at the same time share one database transaction.

While one batch is on its way to PostgreSQL, the next one gathers; there is no timer, so that a lone
caller waits for nobody. One lane a marketplace: a second one would only wait for the first one's
locks.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from uuid import UUID

from psycopg.errors import DeadlockDetected, SerializationFailure

from banyan.ledger.model import Outcome, Rejection, Transfer
from banyan.ledger.service.posting import post_alone
from banyan.runtime import Database, DatabaseUnavailable

_ATTEMPTS = 6
_PAUSE_S = 0.05


@dataclass(frozen=True, slots=True)
class _Waiting:
    transfer: Transfer
    outcome: asyncio.Future[Outcome | Rejection]


@dataclass(slots=True)
class _Lane:
    """The transfers of one marketplace: those that gather, and all whose outcome is awaited."""

    gathering: list[_Waiting] = field(default_factory=list[_Waiting])
    in_flight: dict[UUID, _Waiting] = field(default_factory=dict[UUID, _Waiting])
    run: asyncio.Task[None] | None = None


class GroupCommit:
    """Posts transfers of concurrent callers in batches of up to ``batch_max``."""

    def __init__(self, database: Database, *, batch_max: int = 1000) -> None:
        self._database = database
        self._batch_max = batch_max
        self._lanes: dict[UUID, _Lane] = {}

    async def post(self, marketplace_id: UUID, transfer: Transfer) -> Outcome | Rejection:
        """The outcome of one transfer, once it is durable.

        Callers of the same transfer share one outcome; another transfer under an id in flight waits
        and is then decided by itself. ``DatabaseUnavailable`` says that the outcome is not known:
        post it again, under the same id.
        """
        lane = self._lanes.setdefault(marketplace_id, _Lane())
        while ahead := lane.in_flight.get(transfer.id):
            if ahead.transfer == transfer:
                return await asyncio.shield(ahead.outcome)
            await asyncio.wait([ahead.outcome])
        waiting = _Waiting(transfer, asyncio.get_running_loop().create_future())
        lane.in_flight[transfer.id] = waiting
        lane.gathering.append(waiting)
        if lane.run is None:
            lane.run = asyncio.create_task(self._run(marketplace_id, lane))
        return await asyncio.shield(waiting.outcome)

    async def close(self) -> None:
        """Wait until everything that was handed in is decided."""
        runs = [lane.run for lane in self._lanes.values() if lane.run is not None]
        await asyncio.gather(*runs)

    async def _run(self, marketplace_id: UUID, lane: _Lane) -> None:
        while lane.gathering:
            batch = lane.gathering[: self._batch_max]
            del lane.gathering[: self._batch_max]
            await self._decide(marketplace_id, batch)
            for waiting in batch:
                del lane.in_flight[waiting.transfer.id]
        lane.run = None

    async def _decide(self, marketplace_id: UUID, batch: Sequence[_Waiting]) -> None:
        """Give every one of the batch its outcome; one that can't be posted fails alone."""
        try:
            outcomes = await self._post(marketplace_id, [each.transfer for each in batch])
        except Exception as error:
            if len(batch) == 1 or isinstance(error, DatabaseUnavailable):
                for waiting in batch:
                    waiting.outcome.set_exception(error)
            else:
                for waiting in batch:
                    await self._decide(marketplace_id, [waiting])
            return
        for waiting, outcome in zip(batch, outcomes, strict=True):
            waiting.outcome.set_result(outcome)

    async def _post(
        self, marketplace_id: UUID, transfers: Sequence[Transfer]
    ) -> list[Outcome | Rejection]:
        """Post in one transaction, again if it fails: what was posted already stays posted once."""
        for attempt in range(_ATTEMPTS):
            try:
                return await post_alone(self._database, marketplace_id, transfers)
            except (DatabaseUnavailable, DeadlockDetected, SerializationFailure):
                await asyncio.sleep(_PAUSE_S * attempt**2)
        raise DatabaseUnavailable("The outcome is not known; post it again under the same id.")
