"""What a mover does with keys: take the notices, carry the rows over, write down what came of it."""

import asyncio
from collections.abc import Sequence
from time import monotonic

from banyan.kernel import plural
from banyan.movement.model import FindingKind, Key, SetPhase
from banyan.movement.rules.expressions import CannotMap
from banyan.movement.rules.values import key_hash, key_in, key_out
from banyan.movement.service.flow import Carried, Flow, Stuck
from banyan.movement.service.opened import Opened
from banyan.movement.sources.capture import Notices
from banyan.movement.sources.polling import PollingCapture
from banyan.movement.sources.sequences import given_out, raise_sequences
from banyan.movement.store import findings as findings_store
from banyan.movement.store import progress
from banyan.runtime import Transaction

TAIL_AT_ONCE = 1_000
IDLE_S = 0.2
FINDINGS_AT_ONCE = 500
_STUCK_EVERY_S = 10.0
_SEQUENCES_EVERY_S = 1.0
_CLOCK_TICK_S = 1.0
"""Logs write times down in whole seconds."""


class Carrier(Opened):
    """Carries over the rows whose keys it takes from the tails, both ways."""

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
            return await self._follow_last(back)
        return await self._judge_foreign()

    async def _follow_last(self, back: Flow) -> bool:
        """Carry back what requests that were under way when the truth went back to the source still
        write at the target; what was written there after that time isn't theirs."""
        over_s = self._return_over_s
        notices = await asyncio.to_thread(back.capture.take, TAIL_AT_ONCE)
        in_time = [
            key for key in notices.keys if notices.ages_s.get(key, over_s) >= over_s - _CLOCK_TICK_S
        ]
        if len(in_time) == len(notices.keys):
            await self._carry_taken(back, notices)
            if over_s >= 0 and not notices.is_more:
                await self._end_return()
            return notices.is_more
        # Of what comes behind in the log nothing was in time: it is left for the judge of foreign rows.
        if in_time:
            await self._carry(back, in_time)
        await self._end_return()
        return False

    async def _end_return(self) -> None:
        """All that was written at the target in the return's time has been seen and carried: what comes
        from now on is written by others. Not before every row could be written."""
        turned_at, epoch = self.data_set.turned_at, self.data_set.epoch
        assert turned_at is not None, "it was turned"
        async with self._transaction() as tx:
            if await progress.update_settled(tx, self._set_id, epoch, turned_at):
                why = f"All that the new side took of {self.data_set.name} is at the old side."
                await self._tell(tx, "data.settled", why)
            await self._reload_in(tx)

    async def _judge_foreign(self) -> bool:
        """Compare rows that others have written at the target; the checker knows how."""
        return False

    def _knows_ours(self, flow: Flow) -> bool:
        """Polling can't tell what the mover has written itself."""
        return not isinstance(flow.capture, PollingCapture)

    async def _follow(self, flow: Flow) -> bool:
        notices = await asyncio.to_thread(flow.capture.take, TAIL_AT_ONCE)
        await self._carry_taken(flow, notices)
        return notices.is_more

    async def _carry_taken(self, flow: Flow, notices: Notices) -> None:
        if notices.keys:
            await self._carry(flow, notices.keys)
        position = await asyncio.to_thread(flow.capture.done, notices)
        if position is not None:
            self._tail[flow.name] = key_out((position,))
            await self._save(force=True)
        self._carried += len(notices.keys)
        self._due.ids += len(notices.keys)

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

    async def _settled(self, tx: Transaction, flow: Flow, carried: Carried) -> None:
        """Write down what became of keys."""
        await self._stuck(tx, flow, carried.stuck)
        if self._due.stuck_hashes and carried.keys:
            freed = {key_hash(key) for key in carried.keys}
            freed = {one for one in freed if flow.name + one in self._due.stuck_hashes}
            if freed:
                await findings_store.close_findings(
                    tx, self._set_id, flow.name, [FindingKind.STUCK], sorted(freed)
                )
                self._due.stuck_hashes -= {flow.name + one for one in freed}
        if not carried.conflicts:
            return
        found = [
            self._finding(flow, FindingKind.CONFLICT, key, key, [], {}) for key in carried.conflicts
        ]
        if await findings_store.upsert_findings(tx, found):
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
        if await findings_store.upsert_findings(tx, found):
            why = f"{plural(len(found), 'row')} can't be written: {stuck[0].why}"
            await self._tell(tx, "data.stuck", why, len(found))

    async def _retry_stuck(self) -> None:
        if not self._due.stuck_hashes or monotonic() - self._due.stuck < _STUCK_EVERY_S:
            return
        self._due.stuck = monotonic()
        async with self._transaction() as tx:
            found = await findings_store.select_findings(
                tx, self._set_id, kinds=[FindingKind.STUCK], limit=FINDINGS_AT_ONCE
            )
        for flow in self._flows():
            keys = [key_in(one.origin_key) for one in found if one.flow == flow.name]
            # Also what is stuck on its way to the truth; it doesn't win over what stands there.
            if keys and (self._is_truth(flow) or self.moving.is_guarded):
                await self._carry(flow, keys)

    async def _raise_sequences(self) -> None:
        """Now and then, and before so many rows came that the ids of both sides could meet: the other
        side may become the truth any moment, and gives out ids from then on."""
        is_early = monotonic() - self._due.sequences < _SEQUENCES_EVERY_S
        if is_early and self._due.ids < self.moving.plan.sequence_margin // 4:
            return
        self._due.sequences, self._due.ids = monotonic(), 0
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
