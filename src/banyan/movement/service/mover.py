"""The mover of one set: fills, follows, verifies, and flows back, until it is told to stop.

It works in rounds: carry over what has changed, then fill or compare a stretch. What it has done
is written down after it stands at the destination: whoever dies in between does it again, with the
same effect. The databases of both sides are called in a thread, Banyan's own by the event loop.
"""

import asyncio
import logging
from collections.abc import Generator, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from time import monotonic
from typing import Literal
from uuid import UUID

from banyan.kernel import BanyanError, Unavailable
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
    SetPlan,
)
from banyan.movement.rules.standing import seconds_of
from banyan.movement.rules.throttle import Pace
from banyan.movement.rules.values import key_hash, key_in, key_out
from banyan.movement.service.building import Moving, build
from banyan.movement.service.flow import Carried, Flow, Stuck
from banyan.movement.service.verifying import (
    Confirmed,
    Difference,
    Strays,
    compare_chunk,
    confirm,
    sorts_alike,
)
from banyan.movement.sources.capture import Lag
from banyan.movement.sources.connection import Refused
from banyan.movement.sources.polling import PollingCapture
from banyan.movement.sources.tables import count
from banyan.movement.sources.writing import claim, raise_sequences
from banyan.runtime import Cause, Database, Event, Json, Transaction

_log = logging.getLogger(__name__)

CAUSE = Cause("system", "data mover", "data mover")
TAIL_AT_ONCE = 1_000
IDLE_S = 0.2
_SAVE_EVERY_S = 1.0
_STUCK_EVERY_S = 10.0
_SEQUENCES_EVERY_S = 5.0
_AGAIN_S_MAX = 30.0
_ROUNDS_TO_CATCH_UP = 50
_TRIES_TO_SETTLE = 5
_FINDINGS_AT_ONCE = 500
_REPAIRED_AT_ONCE = 100_000
_DIFFERENT = (FindingKind.MISSING, FindingKind.EXTRA, FindingKind.DIFFERS)


_News = Literal[
    "data.backfilled",
    "data.verified",
    "data.differs",
    "data.repaired",
    "data.stuck",
    "data.conflicted",
]


@dataclass(slots=True)
class _Pass:
    """A comparison under way. ``strays``: its last part, where there is one."""

    began: bool = False
    strays: Strays | None = None
    steps: Generator[None] | None = None
    differing: int = 0


@dataclass(slots=True)
class _Due:
    """When (monotonic seconds) something was done last."""

    saved: float = -1e9
    stuck: float = -1e9
    sequences: float = -1e9
    stuck_hashes: set[str] = field(default_factory=set[str])


class Mover:
    """Carries one set. ``open`` it, then ``run`` or ``round`` it; ``close`` in any case."""

    def __init__(self, database: Database, marketplace_id: UUID, set_id: UUID) -> None:
        self._database = database
        self._marketplace_id = marketplace_id
        self._set_id = set_id
        self._set: DataSet | None = None
        self._moving: Moving | None = None
        self._pace: Pace | None = None
        self._pass = _Pass()
        self._due = _Due()
        self._carried = 0
        self._tail: dict[str, object] = {}
        self._clock: datetime | None = None

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
            self._clock = tx.now
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

    async def run(self, stop: asyncio.Event) -> None:
        """Round after round until ``stop``; what fails is tried again, ever more seldom.

        ``MoverReplaced`` if another one has taken over.
        """
        again_s = IDLE_S
        while not stop.is_set():
            try:
                if self._moving is None:
                    await self.open()
                is_busy = await self.round()
                again_s = IDLE_S
                if is_busy:
                    await asyncio.sleep(0)
                    continue
            except MoverReplaced:
                raise
            except (BanyanError, Refused) as error:
                await self._failed(error)
                again_s = min(again_s * 2, _AGAIN_S_MAX)
            await _wait(stop, again_s)
        await self.close()

    async def round(self) -> bool:
        """One round; whether there is more to do at once."""
        await self._reload()
        phase = self.data_set.phase
        if phase == SetPhase.WAITING:
            return await self._begin()
        is_busy = await self._tail_round()
        if phase == SetPhase.BACKFILLING:
            return await self._fill_round() or is_busy
        await self._retry_stuck()
        await self._raise_sequences()
        if self.data_set.wanted == "repair":
            await self._repair()
        return await self._verify_round() or is_busy

    # Begin, fill

    async def _begin(self) -> bool:
        """From here on changes are caught; then the rows are counted, then they are copied."""
        for name in self.moving.plan.after:
            if not await self._is_filled(name):
                await self._save(force=True)
                return False
        forward = self.moving.forward
        since = await asyncio.to_thread(forward.capture.begin)
        self._tail = {} if since is None else {"forward": key_out((since,))}

        def counted() -> int:
            with forward.origin.side.reading() as session:
                return count(session, forward.origin)

        rows = await asyncio.to_thread(counted)
        async with self._transaction() as tx:
            await self._ours(
                await store.update_begun(tx, self._set_id, self.data_set.epoch, rows, self._tail)
            )
        return True

    async def _is_filled(self, name: str) -> bool:
        async with self._transaction() as tx:
            sets = await store.select_sets(tx, self.data_set.plan_id, None)
        other = next((one for one in sets if one.name == name), None)
        return other is None or other.phase not in (SetPhase.WAITING, SetPhase.BACKFILLING)

    async def _fill_round(self) -> bool:
        moving, data_set = self.moving, self.data_set
        after = None if data_set.cursor is None else key_in(data_set.cursor)
        filled = await asyncio.to_thread(
            moving.forward.fill, after, moving.plan.chunk, data_set.epoch, self._now
        )
        if filled.is_last:
            await asyncio.to_thread(self._raise_now, moving.forward)
        async with self._transaction() as tx:
            await self._stuck(tx, moving.forward, filled.stuck)
            cursor = None if filled.cursor is None else key_out(filled.cursor)
            await self._ours(
                await store.update_filled(
                    tx, self._set_id, data_set.epoch, cursor, filled.rows, is_done=filled.is_last
                )
            )
            if filled.is_last:
                rows = data_set.rows_done + filled.rows
                await self._tell(tx, "data.backfilled", f"{rows:,} rows are at the target.", rows)
        await self._rest(filled.rows, filled.took_s)
        return True

    async def _rest(self, rows: int, took_s: float) -> None:
        assert self._pace is not None, "open() made it"
        rest_s = self._pace.rest_s(rows, took_s)
        until_s = monotonic() + rest_s
        while (left_s := until_s - monotonic()) > 0:
            await asyncio.sleep(min(left_s, IDLE_S))
            await self._tail_round()

    # Tail

    async def _tail_round(self) -> bool:
        """Carry over what waits, both ways; whether more waits."""
        moving = self.moving
        is_more = False
        is_back = self.data_set.phase == SetPhase.REVERSING
        if is_back and moving.back is not None:
            is_more = await self._follow(moving.back)
        if not is_back or self._knows_ours(moving.forward):
            is_more = await self._follow(moving.forward) or is_more
        await self._save(force=False)
        return is_more

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
        wins = self._is_truth(flow)
        if wins and flow.name == FlowName.FORWARD:
            # The set may be cut over this very moment: then the target's own changes count.
            carried = await asyncio.to_thread(flow.carry, keys, epoch, now, wins=False)
            if carried.conflicts:
                await self._reload()
                if self._is_truth(flow):
                    struck = carried.conflicts
                    rest = await asyncio.to_thread(flow.carry, struck, epoch, now, wins=True)
                    carried = Carried(carried.keys + rest.keys, carried.stuck + rest.stuck, [])
        else:
            carried = await asyncio.to_thread(flow.carry, keys, epoch, now, wins=wins)
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
            why = f"{len(found):,} rows were changed on both sides; the {side}'s were kept."
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
            why = f"{len(found):,} rows can't be written: {stuck[0].why}"
            await self._tell(tx, "data.stuck", why, len(found))

    async def _retry_stuck(self) -> None:
        if not self._due.stuck_hashes or monotonic() - self._due.stuck < _STUCK_EVERY_S:
            return
        self._due.stuck = monotonic()
        async with self._transaction() as tx:
            found = await store.select_findings(
                tx, self._set_id, kinds=[FindingKind.STUCK], limit=_FINDINGS_AT_ONCE
            )
        for flow in self._flows():
            keys = [key_in(one.origin_key) for one in found if one.flow == flow.name]
            if keys and self._is_truth(flow):
                await self._carry(flow, keys)

    async def _raise_sequences(self) -> None:
        if monotonic() - self._due.sequences < _SEQUENCES_EVERY_S:
            return
        self._due.sequences = monotonic()
        flow = self._truth()
        if flow is not None:
            await asyncio.to_thread(self._raise_now, flow)

    def _raise_now(self, flow: Flow) -> None:
        margin = self.moving.plan.sequence_margin
        for column in flow.map.key:
            raise_sequences(flow.destination, column, margin)

    # Verification

    async def _verify_round(self) -> bool:
        """Compare a stretch, if it is time; whether to go on at once."""
        if self._truth() is None:
            return False
        flow = self.moving.forward
        data_set, plan = self.data_set, self.moving.plan
        if not self._pass.began and not self._is_due(data_set, plan):
            return False
        if self._pass.steps is not None:
            return await self._strays_round(flow)
        begins = not self._pass.began and data_set.pass_cursor is None
        if not self._pass.began:
            self._pass = _Pass(began=True)
            await self._look_again(flow)
        after = None if data_set.pass_cursor is None else key_in(data_set.pass_cursor)
        began_s = monotonic()
        compared = await asyncio.to_thread(compare_chunk, flow, after, plan.chunk)
        took_s = monotonic() - began_s
        confirmed = await self._confirm(flow, compared.suspects)
        async with self._transaction() as tx:
            await self._stuck(tx, flow, compared.stuck)
            await self._differ(tx, flow, confirmed)
            cursor = None if compared.cursor is None else key_out(compared.cursor)
            await self._ours(
                await store.update_pass(
                    tx,
                    self._set_id,
                    data_set.epoch,
                    cursor=cursor,
                    rows=compared.rows,
                    begins=begins,
                )
            )
        if compared.is_last:
            if not sorts_alike(flow) and flow.deletes != "keep":
                self._pass.strays = Strays(flow, plan.chunk)
                self._pass.steps = self._pass.strays.steps()
                return True
            await self._end_pass()
        await self._rest(compared.rows, took_s)
        return True

    def _is_due(self, data_set: DataSet, plan: SetPlan) -> bool:
        if data_set.pass_cursor is not None or data_set.verified_at is None:
            return True
        return (self._now - data_set.verified_at).total_seconds() >= seconds_of(plan.verify.every)

    async def _strays_round(self, flow: Flow) -> bool:
        steps, strays = self._pass.steps, self._pass.strays
        assert steps is not None, "the search was begun"
        assert strays is not None, "the search was begun"
        if await asyncio.to_thread(_advance, steps):
            return True
        if strays.found:
            await self._catch_up()
            there = await asyncio.to_thread(strays.still_there, strays.found)
            await self._strayed(flow, there)
        await self._end_pass()
        return True

    async def _strayed(self, flow: Flow, keys: Sequence[Key]) -> None:
        """Rows that only the target has, of keys whose source isn't known."""
        is_back = self.data_set.phase == SetPhase.REVERSING
        if keys and not is_back and isinstance(flow.capture, PollingCapture):
            await asyncio.to_thread(flow.remove, keys, self.data_set.epoch, self._now)
            self._carried += len(keys)
            return
        found = Confirmed([Difference(FindingKind.EXTRA, key, None, [], {}) for key in keys])
        async with self._transaction() as tx:
            await self._differ(tx, flow, found)

    async def _confirm(self, flow: Flow, suspects: dict[Key, Key | None]) -> Confirmed:
        """Let changes under way arrive, then look at suspects again until they are settled."""
        confirmed = Confirmed()
        left = suspects
        for _ in range(_TRIES_TO_SETTLE):
            if not left:
                break
            await self._catch_up()
            salt = self._set_id.bytes
            show = self.moving.plan.verify.show_values
            one = await asyncio.to_thread(confirm, flow, left, show=show, salt=salt)
            confirmed.alike += one.alike
            confirmed.differences += one.differences
            left = one.unsettled
        await self._alike_backwards(confirmed)
        deleted = await self._polled_deletions(confirmed)
        if deleted:
            confirmed.differences = [d for d in confirmed.differences if d not in deleted]
        return confirmed

    async def _alike_backwards(self, confirmed: Confirmed) -> None:
        """After the cutover the new side fills its columns as it likes: a row is alike, too, if what
        goes back of it is what the source has."""
        back = self.moving.back
        if self.data_set.phase != SetPhase.REVERSING or back is None:
            return
        turned = {
            one.origin_key: one.key
            for one in confirmed.differences
            if one.kind == FindingKind.DIFFERS and one.origin_key is not None
        }
        if not turned:
            return
        seen = await asyncio.to_thread(
            confirm, back, dict(turned), show=False, salt=self._set_id.bytes
        )
        alike = {turned[key] for key in [*seen.alike, *seen.unsettled]}
        confirmed.alike += sorted(alike, key=repr)
        confirmed.differences = [one for one in confirmed.differences if one.key not in alike]

    async def _polled_deletions(self, confirmed: Confirmed) -> list[Difference]:
        """Polling can't see a deletion: a row that the truth has no more is one."""
        truth = self._truth()
        if truth is None or not isinstance(truth.capture, PollingCapture):
            return []
        is_back = self.data_set.phase == SetPhase.REVERSING
        lacking = FindingKind.MISSING if is_back else FindingKind.EXTRA
        gone = [one for one in confirmed.differences if one.kind == lacking]
        keys = [one.key if is_back else one.origin_key for one in gone]
        known = [key for key in keys if key is not None]
        if known:
            await self._carry(truth, known)
            self._carried += len(known)
        return gone

    async def _catch_up(self) -> None:
        """Carry over what waits by now."""
        for flow in self._flows():
            if isinstance(flow.capture, PollingCapture):
                flow.capture.look_now()
        for _ in range(_ROUNDS_TO_CATCH_UP):
            if not await self._tail_round():
                return

    async def _look_again(self, flow: Flow) -> None:
        """Close what was found before and is alike by now."""
        after: str | None = None
        while True:
            async with self._transaction() as tx:
                found = await store.select_findings(
                    tx, self._set_id, kinds=_DIFFERENT, after=after, limit=_FINDINGS_AT_ONCE
                )
            mine = {
                key_in(one.key): None if one.origin_key is None else key_in(one.origin_key)
                for one in found
            }
            confirmed = await self._confirm(flow, mine)
            unknown = [key for key, origin_key in mine.items() if origin_key is None]
            if unknown:
                there = await asyncio.to_thread(Strays(flow, 1).still_there, unknown)
                confirmed.alike += [key for key in unknown if key not in there]
            async with self._transaction() as tx:
                await self._differ(tx, flow, confirmed)
            if len(found) < _FINDINGS_AT_ONCE:
                return
            last = found[-1]
            after = last.flow + last.kind + last.key_hash

    async def _differ(self, tx: Transaction, flow: Flow, confirmed: Confirmed) -> None:
        if confirmed.alike:
            hashes = [key_hash(key) for key in confirmed.alike]
            await store.close_findings(tx, self._set_id, flow.name, list(_DIFFERENT), hashes)
        found = [
            self._finding(flow, one.kind, one.key, one.origin_key, one.columns, one.detail)
            for one in confirmed.differences
            if not self._is_stuck(flow, one.origin_key)  # that is told already, with its reason
        ]
        if not found:
            return
        self._pass.differing += len(found)
        for one in found:  # a row is missing, extra or different, never two of them
            others = [kind for kind in _DIFFERENT if kind != one.kind]
            await store.close_findings(tx, self._set_id, flow.name, others, [one.key_hash])
        if await store.upsert_findings(tx, found):
            why = f"{len(found):,} rows of {self.moving.name} are not alike on both sides."
            await self._tell(tx, "data.differs", why, len(found))

    def _is_stuck(self, flow: Flow, origin_key: Key | None) -> bool:
        known = self._due.stuck_hashes
        return bool(known) and origin_key is not None and flow.name + key_hash(origin_key) in known

    async def _end_pass(self) -> None:
        if self.moving.plan.verify.repair == "automatic" and self._pass.differing:
            await self._repair()
        self._pass = _Pass()
        async with self._transaction() as tx:
            before = self.data_set.verified_at
            await self._ours(await store.update_verified(tx, self._set_id, self.data_set.epoch))
            await self._reload_in(tx)
            open_now = await store.select_findings(
                tx, self._set_id, kinds=[*_DIFFERENT, FindingKind.STUCK], limit=1
            )
            if before is None and not open_now:
                rows = self.data_set.verified_rows
                await self._tell(tx, "data.verified", f"{rows:,} rows are alike.", rows)

    async def _repair(self) -> None:
        """Carry over again what differs, from the side that is the truth; then look again."""
        truth = self._truth()
        if truth is None:
            return
        async with self._transaction() as tx:
            found = await store.select_findings(
                tx, self._set_id, kinds=_DIFFERENT, limit=_REPAIRED_AT_ONCE
            )
        if truth.name == FlowName.REVERSE:
            keys = [key_in(one.key) for one in found]
            strays: list[Key] = []
        else:
            keys = [key_in(one.origin_key) for one in found if one.origin_key is not None]
            strays = [key_in(one.key) for one in found if one.origin_key is None]
        for start in range(0, len(keys), TAIL_AT_ONCE):
            await self._carry(truth, keys[start : start + TAIL_AT_ONCE])
        if strays:
            await asyncio.to_thread(truth.remove, strays, self.data_set.epoch, self._now)
        await self._look_again(self.moving.forward)
        async with self._transaction() as tx:
            await store.update_wanted(tx, self._set_id, "")
            if found:
                why = f"{len(found):,} rows were carried over again."
                await self._tell(tx, "data.repaired", why, len(found))

    # What is common

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
                    carried=carried,
                    tail=self._tail or None,
                    lag=(lag.rows, lag.seconds),
                    lag_back=(back.rows, back.seconds),
                )
            )

    async def _failed(self, error: BanyanError | Refused) -> None:
        why = error.detail if isinstance(error, BanyanError) else f"a database refuses: {error}"
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
            self._pass = _Pass()  # turned round, or asked to begin anew
        self._set = found
        self._clock = tx.now

    @property
    def _now(self) -> datetime:
        assert self._clock is not None, "open() read it"
        return self._clock

    async def _ours(self, rows: int) -> None:
        if rows != 1:
            raise MoverReplaced(f"Another mover carries {self.data_set.name}, or it was restarted.")

    def _transaction(self) -> AbstractAsyncContextManager[Transaction]:
        return self._database.transaction(self._marketplace_id, CAUSE)

    async def _tell(self, tx: Transaction, event: _News, why: str, rows: int) -> None:
        news: dict[str, Json] = {
            "name": self.data_set.name,
            "plan": self.data_set.plan,
            "rows": rows,
            "reason": why,
        }
        await tx.record(Event(event, DATA_SET.text(self._set_id), news))


def _advance(steps: Generator[None]) -> bool:
    """Whether there was a step left."""
    try:
        next(steps)
    except StopIteration:
        return False
    return True


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
