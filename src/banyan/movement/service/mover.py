"""The mover of one set: fills, follows, verifies, and flows back, until it is told to stop.

It works in rounds: carry over what has changed, then fill or compare a stretch. What it has done
is written down after it stands at the destination: whoever dies in between does it again, with the
same effect. The databases of both sides are called in a thread, Banyan's own by the event loop.
"""

import asyncio

from banyan.kernel import BanyanError, plural
from banyan.movement.errors import MoverReplaced
from banyan.movement.model import (
    SetPhase,
)
from banyan.movement.rules.values import key_in, key_out
from banyan.movement.service.carrying import IDLE_S
from banyan.movement.service.checking import Checker
from banyan.movement.sources.connection import Refused
from banyan.movement.sources.tables import count
from banyan.movement.store import progress
from banyan.movement.store import sets as sets_store

_AGAIN_S_MAX = 30.0


class Mover(Checker):
    """Carries one set. ``open`` it, then ``run`` or ``round`` it; ``close`` in any case."""

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
                await self.fail(error)
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
                await progress.update_begun(tx, self._set_id, self.data_set.epoch, rows, self._tail)
            )
        return True

    async def _is_filled(self, name: str) -> bool:
        async with self._transaction() as tx:
            sets = await sets_store.select_sets(tx, self.data_set.plan_id, None)
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
                await progress.update_filled(
                    tx, self._set_id, data_set.epoch, cursor, filled.rows, is_done=filled.is_last
                )
            )
            if filled.is_last:
                rows = data_set.rows_done + filled.rows
                await self._tell(
                    tx,
                    "data.backfilled",
                    f"{plural(rows, 'row is', 'rows are')} at the target.",
                    rows,
                )
        await self._rest(filled.rows, filled.took_s)
        return True


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        return
