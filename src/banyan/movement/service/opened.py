"""A set as its mover has it open, and what Banyan's database knows of it."""

import asyncio
import logging
from collections.abc import Generator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Any, Literal
from uuid import UUID

import msgspec

from banyan.kernel import BanyanError, Unavailable, new_secret
from banyan.movement.errors import DataSetNotFound, MoverReplaced
from banyan.movement.model import (
    DATA_SET,
    DataSet,
    Declared,
    Finding,
    FindingKind,
    FlowName,
    Key,
    SetPhase,
)
from banyan.movement.rules.standing import RETURN_TAKES, late_until
from banyan.movement.rules.throttle import Pace
from banyan.movement.rules.values import key_hash, key_out
from banyan.movement.service.building import Moving, build, remove_traces
from banyan.movement.service.flow import Flow
from banyan.movement.service.sets import declared_of
from banyan.movement.service.verifying import Compared, Strays
from banyan.movement.sources.capture import Lag
from banyan.movement.sources.connection import Refused
from banyan.movement.sources.writing import claim
from banyan.movement.store import findings as findings_store
from banyan.movement.store import progress
from banyan.movement.store import sets as sets_store
from banyan.runtime import Cause, Database, Event, Json, Transaction

_log = logging.getLogger(__name__)

CAUSE = Cause("system", "data mover", "data mover")
_SAVE_EVERY_S = 1.0

News = Literal[
    "data.backfilled",
    "data.verified",
    "data.differs",
    "data.repaired",
    "data.stuck",
    "data.conflicted",
    "data.settled",
]


@dataclass(slots=True)
class Pass:
    """A comparison under way. ``strays``: its last part, where there is one.

    ``held``: a stretch of which some rows couldn't be judged yet.
    """

    began: bool = False
    held: Compared | None = None
    strays: Strays | None = None
    steps: Generator[None] | None = None
    differing: int = 0


@dataclass(slots=True)
class Due:
    """When (monotonic seconds) something was done last, and since when the set is ``turned`` as it is;
    ``ids``: rows since the sequences were raised."""

    saved: float = -1e9
    stuck: float = -1e9
    sequences: float = -1e9
    turned: float = field(default_factory=monotonic)
    ids: int = 0
    stuck_hashes: set[str] = field(default_factory=set[str])


class Opened:
    """A set, opened on both sides. ``open`` it first; ``close`` it in any case."""

    def __init__(self, database: Database, marketplace_id: UUID, set_id: UUID) -> None:
        self._database = database
        self._marketplace_id = marketplace_id
        self._set_id = set_id
        self._set: DataSet | None = None
        self._moving: Moving | None = None
        self._pace: Pace | None = None
        self._pass = Pass()
        self._due = Due()
        self._carried: int = 0
        self._tail: dict[str, object] = {}
        self._clock: datetime | None = None
        self._is_live = True
        # Kept nowhere: what was hashed with it can't be found out by trying values.
        self._salt = new_secret().encode()[:32]

    @property
    def data_set(self) -> DataSet:
        assert self._set is not None, "open() comes first"
        return self._set

    @property
    def moving(self) -> Moving:
        assert self._moving is not None, "open() comes first"
        return self._moving

    async def open(self) -> None:
        """Take the set over: earlier movers can't write from here on."""
        async with self._database.transaction(self._marketplace_id, CAUSE) as tx:
            found = await progress.update_epoch(tx, self._set_id)
            if found is None:
                raise DataSetNotFound(f"There is no data set {DATA_SET.text(self._set_id)}.")
            stuck = await findings_store.select_findings(
                tx, self._set_id, kinds=[FindingKind.STUCK], limit=100_000
            )
            replaced = await sets_store.select_replaced(tx, self._set_id)
            self._clock, self._is_live = tx.now, tx.livemode
        self._set = found
        self._due.stuck_hashes = {one.flow + one.key_hash for one in stuck}
        self._tail = dict(found.tail or {})
        self._moving = await asyncio.to_thread(build, found)
        self._pace = Pace(self._moving.plan.throttle)
        await asyncio.to_thread(self._install, replaced)
        if replaced:
            async with self._transaction() as tx:
                await sets_store.delete_replaced(tx, self._set_id, found.epoch)

    def _install(self, replaced: Sequence[dict[str, Any]]) -> None:
        moving = self.moving
        now = declared_of(self.data_set)
        for before in replaced:
            remove_traces(msgspec.convert(before, Declared), now)
        if replaced and self.data_set.phase == SetPhase.WAITING:
            moving.remove()  # what is there under the same names may be of another key
        moving.install()
        claim(moving.target, moving.name, self.data_set.epoch)
        if moving.writes_source:
            claim(moving.source, moving.name, self.data_set.epoch)

    async def close(self) -> None:
        if self._moving is not None:
            await asyncio.to_thread(self._moving.close)
            self._moving = None

    async def fail(self, error: Exception) -> None:
        """Write down what stops the mover, for people."""
        if isinstance(error, BanyanError):
            why = error.detail
        elif isinstance(error, Refused):
            why = f"a database refuses: {error}"
        else:
            why = f"it has a fault of its own, {type(error).__name__}; its log says more"
        _log.warning("data set %s: %s", self._set.name if self._set else self._set_id, why)
        if self._set is None:
            return
        try:
            async with self._transaction() as tx:
                await progress.update_failure(tx, self._set_id, self.data_set.epoch, why[:500])
        except Unavailable as unavailable:
            _log.warning("Banyan's database: %s", unavailable.detail)

    async def _reload(self) -> None:
        async with self._transaction() as tx:
            await self._reload_in(tx)

    async def _reload_in(self, tx: Transaction) -> None:
        found = await sets_store.find_set(tx, self._set_id)
        if found is None or found.is_gone:
            raise MoverReplaced("The plan has no such data set any more.")
        if found.epoch != self.data_set.epoch:
            raise MoverReplaced(
                f"Another mover carries {found.name} by now, or the plan has changed it."
            )
        if found.phase != self.data_set.phase or (
            self._pass.began and self.data_set.pass_began_at and found.pass_began_at is None
        ):
            self._pass = Pass()  # turned round, or asked to begin anew
        if found.phase != self.data_set.phase:
            self._due.sequences, self._due.turned = -1e9, monotonic()
        self._set = found
        self._clock, self._is_live = tx.now, tx.livemode

    async def _ours(self, rows: int) -> None:
        if rows != 1:
            raise MoverReplaced(f"Another mover carries {self.data_set.name}, or it was restarted.")

    async def _save(self, *, force: bool) -> None:
        """Say how far behind we are, at least now and then."""
        if not force and monotonic() - self._due.saved < _SAVE_EVERY_S:
            return
        self._due.saved = monotonic()
        moving = self.moving
        lag = await asyncio.to_thread(moving.forward.capture.lag)
        back = Lag(0, 0.0)
        if moving.back is not None:
            back = await asyncio.to_thread(moving.back.capture.lag)
        carried, self._carried = self._carried, 0
        async with self._transaction() as tx:
            await self._ours(
                await progress.update_carried(
                    tx,
                    self._set_id,
                    self.data_set.epoch,
                    phase=self.data_set.phase,
                    carried=carried,
                    tail=self._tail or None,
                    lag=(lag.rows, lag.seconds),
                    lag_back=(back.rows, back.seconds),
                )
            )

    async def _tell(self, tx: Transaction, event: News, why: str, rows: int | None = None) -> None:
        news: dict[str, Json] = {
            "name": self.data_set.name,
            "plan": self.data_set.plan,
            "reason": why,
        }
        if rows is not None:
            news["rows"] = rows
        await tx.record(Event(event, DATA_SET.text(self._set_id), news))

    def _finding(
        self,
        flow: Flow,
        kind: FindingKind,
        key: Key,
        origin_key: Key | None,
        columns: list[str],
        detail: dict[str, object],
    ) -> Finding:
        return Finding(
            marketplace_id=self._marketplace_id,
            set_id=self._set_id,
            flow=flow.name.value,
            kind=kind,
            key_hash=key_hash(key),
            key=key_out(key),
            origin_key=None if origin_key is None else key_out(origin_key),
            columns=columns,
            detail=detail,
            attempts=1,
            found_at=self._now,
            last_at=self._now,
            closed_at=None,
        )

    def _truth(self) -> Flow | None:
        """The flow from the side that is the truth; None: nothing flows back."""
        is_back = self.data_set.phase == SetPhase.REVERSING
        return self.moving.back if is_back else self.moving.forward

    def _is_truth(self, flow: Flow) -> bool:
        is_back = self.data_set.phase == SetPhase.REVERSING
        return is_back == (flow.name == FlowName.REVERSE)

    def _flows(self) -> list[Flow]:
        moving = self.moving
        return [moving.forward] if moving.back is None else [moving.forward, moving.back]

    @property
    def _looks_for_late(self) -> bool:
        """Whether the source's late changes are polled, and nothing flows back yet."""
        until = late_until(self.data_set, self.moving.plan)
        # A sandbox's clock may stand still: there nobody would ever go on.
        return self._is_live and until is not None and self._now < until

    @property
    def _was_turned(self) -> bool:
        """Whether the target was the truth once, and the source is it again."""
        data_set = self.data_set
        return data_set.phase == SetPhase.FOLLOWING and data_set.turned_at is not None

    @property
    def _return_over_s(self) -> float:
        """For how long all requests that were under way at the return have ended; below 0: not yet."""
        turned_at = self.data_set.turned_at
        assert turned_at is not None, "it was turned"
        if not self._is_live:  # a sandbox's clock may stand still
            return monotonic() - self._due.turned - RETURN_TAKES.total_seconds()
        return (self._now - turned_at - RETURN_TAKES).total_seconds()

    @property
    def _is_two_sided(self) -> bool:
        """Whether what others write at the target counts: since the cutover, and after a return."""
        return self.data_set.phase == SetPhase.REVERSING or self._was_turned

    @property
    def _now(self) -> datetime:
        assert self._clock is not None, "open() read it"
        return self._clock

    def _transaction(self) -> AbstractAsyncContextManager[Transaction]:
        return self._database.transaction(self._marketplace_id, CAUSE)
