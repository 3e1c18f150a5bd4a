"""The comparison of a set's sides, stretch by stretch, between one look at the tail and the next."""

import asyncio
from collections.abc import Generator, Sequence
from time import monotonic

from banyan.kernel import plural
from banyan.movement.model import (
    DataSet,
    FindingKind,
    FlowName,
    Key,
    SetPhase,
    SetPlan,
)
from banyan.movement.rules.expressions import CannotMap
from banyan.movement.rules.standing import seconds_of
from banyan.movement.rules.values import key_hash, key_in, key_out
from banyan.movement.service.carrying import FINDINGS_AT_ONCE, TAIL_AT_ONCE, Carrier
from banyan.movement.service.flow import Flow
from banyan.movement.service.opened import Pass
from banyan.movement.service.verifying import (
    Confirmed,
    Difference,
    Strays,
    Telling,
    compare_chunk,
    confirm,
    sorts_alike,
)
from banyan.movement.sources.polling import PollingCapture
from banyan.movement.store import findings as findings_store
from banyan.movement.store import progress
from banyan.movement.store import sets as sets_store
from banyan.runtime import Transaction

_ROUNDS_TO_CATCH_UP = 50
_TRIES_TO_SETTLE = 5
_REPAIRED_AT_ONCE = 100_000
_DIFFERENT = (FindingKind.MISSING, FindingKind.EXTRA, FindingKind.DIFFERS)


class Checker(Carrier):
    """A carrier that also compares, and repairs what differs."""

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
        begins = data_set.pass_began_at is None
        if not self._pass.began:
            self._pass = Pass(began=True)
            # Triggers may be gone since: with the table that they were on, or by someone's hand.
            await asyncio.to_thread(self.moving.install)
            await self._look_again(flow)
        after = None if data_set.pass_cursor is None else key_in(data_set.pass_cursor)
        began_s = monotonic()
        compared = self._pass.held
        if compared is None:
            compared = await asyncio.to_thread(compare_chunk, flow, after, plan.chunk)
        took_s = monotonic() - began_s
        confirmed = await self._confirm(flow, compared.suspects)
        self._pass.held = None
        async with self._transaction() as tx:
            await self._stuck(tx, flow, compared.stuck)
            await self._differ(tx, flow, confirmed)
            if confirmed.unsettled:
                # They move too fast to be judged: the stretch isn't done until they were.
                compared.suspects = confirmed.unsettled
                self._pass.held = compared
                return False
            cursor = None if compared.cursor is None else key_out(compared.cursor)
            done = await progress.update_pass(
                tx,
                self._set_id,
                data_set.epoch,
                phase=data_set.phase,
                cursor=cursor,
                rows=compared.rows,
                begins=begins,
            )
        if not done:
            return await self._begin_anew()
        if compared.is_last:
            if not sorts_alike(flow) and flow.deletes != "keep":
                self._pass.strays = Strays(flow, plan.chunk)
                self._pass.steps = self._pass.strays.steps()
                return True
            await self._end_pass()
        await self._rest(compared.rows, took_s)
        return True

    async def _judge_foreign(self) -> bool:
        """Compare rows that others have written at the target, before the next whole comparison.

        Such notices must not outlive a cutover: they would be carried back as the new side's writes.
        Those that were taken while the source still was the truth are none.
        """
        forward, back = self.moving.forward, self.moving.back
        if self.data_set.phase != SetPhase.FOLLOWING or back is None:
            return False
        notices = await asyncio.to_thread(forward.guard.take, TAIL_AT_ONCE)
        await self._reload()
        if self.data_set.phase != SetPhase.FOLLOWING or self._was_turned:
            return False
        if notices.keys:
            suspects = await asyncio.to_thread(_origins_of, forward, back, notices.keys)
            found = await asyncio.to_thread(confirm, forward, suspects, self._telling())
            if found.unsettled:
                return False  # a change of the source is under way to them, too
            async with self._transaction() as tx:
                await self._differ(tx, forward, found)
        await asyncio.to_thread(forward.guard.done, notices)
        return notices.is_more

    def _telling(self) -> Telling:
        return Telling(
            show=self.moving.plan.verify.show_values,
            salt=self._salt,
            is_guarded=self._is_two_sided,
        )

    async def _begin_anew(self) -> bool:
        """Drop a comparison that somebody wants from the beginning; ``MoverReplaced``."""
        self._pass = Pass()
        await self._reload()
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
            one = await asyncio.to_thread(confirm, flow, left, self._telling())
            confirmed.alike += one.alike
            confirmed.differences += one.differences
            left = one.unsettled
        confirmed.unsettled = left
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
        seen = await asyncio.to_thread(confirm, back, dict(turned), self._telling())
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
                found = await findings_store.select_findings(
                    tx, self._set_id, kinds=_DIFFERENT, after=after, limit=FINDINGS_AT_ONCE
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
            if len(found) < FINDINGS_AT_ONCE:
                return
            last = found[-1]
            after = last.flow + last.kind + last.key_hash

    async def _differ(self, tx: Transaction, flow: Flow, confirmed: Confirmed) -> None:
        if confirmed.alike:
            hashes = [key_hash(key) for key in confirmed.alike]
            await findings_store.close_findings(
                tx, self._set_id, flow.name, list(_DIFFERENT), hashes
            )
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
            await findings_store.close_findings(tx, self._set_id, flow.name, others, [one.key_hash])
        if await findings_store.upsert_findings(tx, found):
            name = self.moving.name
            many = plural(len(found), f"row of {name} is", f"rows of {name} are")
            why = f"{many} not alike on both sides."
            await self._tell(tx, "data.differs", why, len(found))

    def _is_stuck(self, flow: Flow, origin_key: Key | None) -> bool:
        known = self._due.stuck_hashes
        return bool(known) and origin_key is not None and flow.name + key_hash(origin_key) in known

    async def _end_pass(self) -> None:
        if self.moving.plan.verify.repair == "automatic" and self._pass.differing:
            await self._repair()
        self._pass = Pass()
        async with self._transaction() as tx:
            before = self.data_set.verified_at
            epoch, phase = self.data_set.epoch, self.data_set.phase
            done = await progress.update_verified(tx, self._set_id, epoch, phase=phase)
            await self._reload_in(tx)
            if not done:
                return
            open_now = await findings_store.select_findings(
                tx, self._set_id, kinds=[*_DIFFERENT, FindingKind.STUCK], limit=1
            )
            if before is None and not open_now:
                rows = self.data_set.verified_rows
                await self._tell(
                    tx, "data.verified", f"{plural(rows, 'row is', 'rows are')} alike.", rows
                )

    async def _repair(self) -> None:
        """Carry over again what differs, from the side that is the truth; then look again."""
        truth = self._truth()
        if truth is None:
            return
        async with self._transaction() as tx:
            found = await findings_store.select_findings(
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
        if strays := await self._still_strays(truth, strays):
            await asyncio.to_thread(truth.remove, strays, self.data_set.epoch, self._now)
        await self._look_again(self.moving.forward)
        async with self._transaction() as tx:
            await sets_store.update_wanted(tx, self._set_id, "")
            if found:
                why = f"{plural(len(found), 'row was', 'rows were')} carried over again."
                await self._tell(tx, "data.repaired", why, len(found))

    async def _still_strays(self, flow: Flow, keys: Sequence[Key]) -> list[Key]:
        """Those of these keys of the target that no row of the source has come to since."""
        if not keys:
            return []
        search = Strays(flow, self.moving.plan.chunk)
        steps = search.steps()
        while await asyncio.to_thread(_advance, steps):
            await self._tail_round()
        found = {*search.found}
        if search.is_sure:
            confirmed = Confirmed(alike=[key for key in keys if key not in found])
            async with self._transaction() as tx:
                await self._differ(tx, flow, confirmed)
        return [key for key in keys if key in found]


def _origins_of(forward: Flow, back: Flow, keys: Sequence[Key]) -> dict[Key, Key | None]:
    """Keys of the target as a comparison has them, with the source's."""
    made: dict[Key, Key | None] = {}
    for key in keys:
        try:
            made[forward.map.key_reread(key)] = back.map.key_of(key)
        except CannotMap:
            continue  # no row of the source comes to it: the next comparison finds it as extra
    return made


def _advance(steps: Generator[None]) -> bool:
    """Whether there was a step left."""
    try:
        next(steps)
    except StopIteration:
        return False
    return True
