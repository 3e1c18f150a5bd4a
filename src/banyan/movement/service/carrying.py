"""What a mover does with keys: take the notices, carry the rows over, write down what came of it."""

import asyncio
import logging
from collections.abc import Generator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Literal
from uuid import UUID

from banyan.kernel import BanyanError, Unavailable, new_secret, plural
from banyan.movement import store
from banyan.movement.errors import DataSetNotFound, MoverReplaced
from banyan.movement.model import (
    DATA_SET,
    DataSet,
    Finding,
    FindingKind,
    FlowName,
    Key,
    SetPhase,
)
from banyan.movement.rules.expressions import CannotMap
from banyan.movement.rules.standing import late_until
from banyan.movement.rules.throttle import Pace
from banyan.movement.rules.values import key_hash, key_in, key_out
from banyan.movement.service.building import Moving, build
from banyan.movement.service.flow import Carried, Flow, Stuck
from banyan.movement.service.verifying import Compared, Strays
from banyan.movement.sources.capture import Lag
from banyan.movement.sources.connection import Refused
from banyan.movement.sources.polling import PollingCapture
from banyan.movement.sources.sequences import given_out, raise_sequences
from banyan.movement.sources.writing import claim
from banyan.runtime import Cause, Database, Event, Json, Transaction

_log = logging.getLogger(__name__)

CAUSE = Cause("system", "data mover", "data mover")
TAIL_AT_ONCE = 1_000
IDLE_S = 0.2
FINDINGS_AT_ONCE = 500
_SAVE_EVERY_S = 1.0
_STUCK_EVERY_S = 10.0
_SEQUENCES_EVERY_S = 5.0

News = Literal[
    "data.backfilled",
    "data.verified",
    "data.differs",
    "data.repaired",
    "data.stuck",
    "data.conflicted",
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
    """When (monotonic seconds) something was done last."""

    saved: float = -1e9
    stuck: float = -1e9
    sequences: float = -1e9
    stuck_hashes: set[str] = field(default_factory=set[str])


class Carrier:
    """A set, opened, and its tail. ``open`` it first; ``close`` it in any case."""

    def __init__(self, database: Database, marketplace_id: UUID, set_id: UUID) -> None:
        self._database = database
        self._marketplace_id = marketplace_id
        self._set_id = set_id
        self._set: DataSet | None = None
        self._moving: Moving | None = None
        self._pace: Pace | None = None
        self._pass = Pass()
        self._due = Due()
        self._carried = 0
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
            found = await store.update_epoch(tx, self._set_id)
            if found is None:
                raise DataSetNotFound(f"There is no data set {DATA_SET.text(self._set_id)}.")
            stuck = await store.select_findings(
                tx, self._set_id, kinds=[FindingKind.STUCK], limit=100_000
            )
            self._clock, self._is_live = tx.now, tx.livemode
        self._set = found
        self._due.stuck_hashes = {one.flow + one.key_hash for one in stuck}
        self._tail = dict(found.tail or {})
        self._moving = await asyncio.to_thread(build, found)
        self._pace = Pace(self._moving.plan.throttle)
        await asyncio.to_thread(self._install)

    def _install(self) -> None:
        moving = self.moving
        moving.install()
        claim(moving.target, moving.name, self.data_set.epoch)
        if moving.writes_source:
            claim(moving.source, moving.name, self.data_set.epoch)

    async def close(self) -> None:
        if self._moving is not None:
            await asyncio.to_thread(self._moving.close)
            self._moving = None

    async def _rest(self, rows: int, took_s: float) -> None:
        assert self._pace is not None, "open() made it"
        rest_s = self._pace.rest_s(rows, took_s)
        until_s = monotonic() + rest_s
        while (left_s := until_s - monotonic()) > 0:
            await asyncio.sleep(min(left_s, IDLE_S))
            await self._tail_round()

    async def _tail_round(self) -> bool:
        """Carry over what waits, both ways; whether more waits."""
        moving = self.moving
        is_more = False
        is_back = self.data_set.phase == SetPhase.REVERSING
        if self._looks_for_late:
            is_more = await self._follow(moving.forward)
            await self._save(force=False)
            return is_more
        if moving.back is not None:
            is_more = await self._tail_of_target(moving.back)
        if is_back and not moving.is_guarded:
            # Nobody could tell which of the target's rows are newer than a late change of the source.
            await self._save(force=False)
            return is_more
        if not is_back or self._knows_ours(moving.forward):
            is_more = await self._follow(moving.forward) or is_more
        await self._save(force=False)
        return is_more

    async def _tail_of_target(self, back: Flow) -> bool:
        """What others write at the target is carried back once the set was cut over, and else judged."""
        if self.data_set.phase == SetPhase.REVERSING:
            # Before the first row is back: if nobody lived to do it after, the source would give its id out.
            await self._raise_sequences()
            return await self._follow(back)
        if not self._knows_ours(back):
            return False
        if self._was_turned:
            # Requests that were under way when the truth went back to the source end at the target.
            return await self._follow(back)
        return await self._judge_foreign()

    async def _judge_foreign(self) -> bool:
        """Compare rows that others have written at the target; the checker knows how."""
        return False

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
    def _is_two_sided(self) -> bool:
        """Whether what others write at the target counts: since the cutover, and after a return."""
        return self.data_set.phase == SetPhase.REVERSING or self._was_turned

    def _knows_ours(self, flow: Flow) -> bool:
        """Polling can't tell what the mover has written itself."""
        return not isinstance(flow.capture, PollingCapture)

    async def _follow(self, flow: Flow) -> bool:
        notices = await asyncio.to_thread(flow.capture.take, TAIL_AT_ONCE)
        if notices.keys:
            await self._carry(flow, notices.keys)
        position = await asyncio.to_thread(flow.capture.done, notices)
        if position is not None:
            self._tail[flow.name] = key_out((position,))
            await self._save(force=True)
        self._carried += len(notices.keys)
        return notices.is_more

    async def _carry(self, flow: Flow, keys: Sequence[Key]) -> None:
        """Bring keys over; where both sides changed, the truth's side wins, and it is told."""
        epoch, now = self.data_set.epoch, self._now
        carried = await asyncio.to_thread(flow.carry, keys, epoch, now, wins=False)
        if carried.conflicts:
            # The set may be turned round this very moment: who wins is asked once both are seen.
            await self._reload()
            if self._is_truth(flow):
                struck = carried.conflicts
                rest = await asyncio.to_thread(flow.carry, struck, epoch, now, wins=True)
                told = struck if self._is_two_sided else []
                carried = Carried(carried.keys + rest.keys, carried.stuck + rest.stuck, told)
        async with self._transaction() as tx:
            await self._settled(tx, flow, carried)

    def _is_truth(self, flow: Flow) -> bool:
        is_back = self.data_set.phase == SetPhase.REVERSING
        return is_back == (flow.name == FlowName.REVERSE)

    async def _settled(self, tx: Transaction, flow: Flow, carried: Carried) -> None:
        """Write down what became of keys."""
        await self._stuck(tx, flow, carried.stuck)
        if self._due.stuck_hashes and carried.keys:
            freed = {key_hash(key) for key in carried.keys}
            freed = {one for one in freed if flow.name + one in self._due.stuck_hashes}
            if freed:
                await store.close_findings(
                    tx, self._set_id, flow.name, [FindingKind.STUCK], sorted(freed)
                )
                self._due.stuck_hashes -= {flow.name + one for one in freed}
        if not carried.conflicts:
            return
        found = [
            self._finding(flow, FindingKind.CONFLICT, key, key, [], {}) for key in carried.conflicts
        ]
        if await store.upsert_findings(tx, found):
            side = "target" if self.data_set.phase == SetPhase.REVERSING else "source"
            many = plural(len(found), "row was", "rows were")
            why = f"{many} changed on both sides; what the {side} has was kept."
            await self._tell(tx, "data.conflicted", why, len(found))

    async def _stuck(self, tx: Transaction, flow: Flow, stuck: Sequence[Stuck]) -> None:
        if not stuck:
            return
        found = [
            self._finding(
                flow, FindingKind.STUCK, one.origin_key, one.origin_key, [], {"why": one.why}
            )
            for one in stuck
        ]
        self._due.stuck_hashes |= {flow.name + one.key_hash for one in found}
        if await store.upsert_findings(tx, found):
            why = f"{plural(len(found), 'row')} can't be written: {stuck[0].why}"
            await self._tell(tx, "data.stuck", why, len(found))

    async def _retry_stuck(self) -> None:
        if not self._due.stuck_hashes or monotonic() - self._due.stuck < _STUCK_EVERY_S:
            return
        self._due.stuck = monotonic()
        async with self._transaction() as tx:
            found = await store.select_findings(
                tx, self._set_id, kinds=[FindingKind.STUCK], limit=FINDINGS_AT_ONCE
            )
        for flow in self._flows():
            keys = [key_in(one.origin_key) for one in found if one.flow == flow.name]
            # Also what is stuck on its way to the truth; it doesn't win over what stands there.
            if keys and (self._is_truth(flow) or self.moving.is_guarded):
                await self._carry(flow, keys)

    async def _raise_sequences(self) -> None:
        if monotonic() - self._due.sequences < _SEQUENCES_EVERY_S:
            return
        self._due.sequences = monotonic()
        flow = self._truth()
        if flow is not None:
            await asyncio.to_thread(self._raise_now, flow)
        if self._was_turned and self.moving.back is not None:
            await asyncio.to_thread(self._raise_past_rows, self.moving.back)

    def _raise_now(self, flow: Flow) -> None:
        """Also past what the truth's side has given out and hasn't shown yet: the two must not meet
        when the other side becomes the truth."""
        margin = self.moving.plan.sequence_margin
        given = self._given_out(flow)
        for column in flow.map.key:
            raise_sequences(flow.destination, column, margin, given.get(column, 0))

    def _raise_past_rows(self, back: Flow) -> None:
        """Past what came back to a source that gives ids out itself: by no more, or both sides' sequences
        would drive each other on."""
        for column in back.map.key:
            raise_sequences(back.destination, column, 0)

    def _given_out(self, flow: Flow) -> dict[str, int]:
        """The highest ids of the origin as they are at the destination, by the key's column."""
        if len(flow.origin.key) != 1:
            return {}
        try:
            key = flow.map.key_of((given_out(flow.origin, flow.origin.key[0]),))
        except CannotMap:
            return {}
        pairs = zip(flow.map.key, key, strict=True)
        return {column: value for column, value in pairs if isinstance(value, int)}

    def _truth(self) -> Flow | None:
        """The flow from the side that is the truth; None: nothing flows back."""
        is_back = self.data_set.phase == SetPhase.REVERSING
        return self.moving.back if is_back else self.moving.forward

    def _flows(self) -> list[Flow]:
        moving = self.moving
        return [moving.forward] if moving.back is None else [moving.forward, moving.back]

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
                await store.update_carried(
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
                await store.update_failure(tx, self._set_id, self.data_set.epoch, why[:500])
        except Unavailable as unavailable:
            _log.warning("Banyan's database: %s", unavailable.detail)

    async def _reload(self) -> None:
        async with self._transaction() as tx:
            await self._reload_in(tx)

    async def _reload_in(self, tx: Transaction) -> None:
        found = await store.find_set(tx, self._set_id)
        if found is None or found.is_gone:
            raise MoverReplaced("The plan has no such data set any more.")
        if found.epoch != self.data_set.epoch:
            raise MoverReplaced(f"Another mover carries {found.name} by now.")
        if found.phase != self.data_set.phase or (
            self._pass.began and self.data_set.pass_began_at and found.pass_began_at is None
        ):
            self._pass = Pass()  # turned round, or asked to begin anew
        if found.phase != self.data_set.phase:
            self._due.sequences = -1e9
        self._set = found
        self._clock, self._is_live = tx.now, tx.livemode

    @property
    def _now(self) -> datetime:
        assert self._clock is not None, "open() read it"
        return self._clock

    async def _ours(self, rows: int) -> None:
        if rows != 1:
            raise MoverReplaced(f"Another mover carries {self.data_set.name}, or it was restarted.")

    def _transaction(self) -> AbstractAsyncContextManager[Transaction]:
        return self._database.transaction(self._marketplace_id, CAUSE)

    async def _tell(self, tx: Transaction, event: News, why: str, rows: int) -> None:
        news: dict[str, Json] = {
            "name": self.data_set.name,
            "plan": self.data_set.plan,
            "rows": rows,
            "reason": why,
        }
        await tx.record(Event(event, DATA_SET.text(self._set_id), news))
