"""Runs a plan against a marketplace.

The marketplace's own state is the only memory: a run begins by asking what is there, leaves out
what has been done, and sends the rest. So a run that was stopped anywhere goes on where it was.

Time goes in slices. The sandbox's clock is put at the end of a slice, what happened in the slice is
sent, and the next one waits until the worker has done all that is due: every order meets the world
in the state that it was in.
"""

import asyncio
import heapq
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from banyan.replay.calls import (
    READY_LATER,
    Call,
    buyer_call,
    clock_call,
    offer_call,
    order_call,
    seller_call,
    step_call,
)
from banyan.replay.client import Marketplace, Refused
from banyan.replay.errors import CallRefused, NothingToReplay, WorkerStandsStill
from banyan.replay.known import Ids, Known, recall
from banyan.replay.model import (
    CaseRow,
    Clock,
    JobsSummary,
    LedgerProof,
    MarketplaceSummary,
    OrderRow,
    Progress,
    ReplaySummary,
)
from banyan.replay.operators import cases_to_resolve, resolution_call
from banyan.replay.plan import Act, Plan, Step, make_plan
from banyan.replay.source import Buyer, Order, read_source

SLICE = timedelta(hours=6)
DAY = timedelta(days=1)
RUNS_ON = timedelta(days=21)
"""How long the clock runs on after the last order: most have arrived then, some are on their way."""
CASES_LEFT_OPEN = 3
"""The newest cases of each kind stay open, for people to see on the console."""
WORKER_PATIENCE_S = 60.0
"""How long the worker may take without getting anything done: a restart and more."""

Watch = Callable[[Progress], None]


async def replay(
    source: Path,
    base_url: str,
    api_key: str,
    *,
    limit: int | None = None,
    slice_length: timedelta = SLICE,
    cases_left_open: int = CASES_LEFT_OPEN,
    on_progress: Watch = lambda _: None,
    transport: httpx.AsyncBaseTransport | None = None,
) -> ReplaySummary:
    """Replays the data set in the folder ``source`` in the sandbox that ``api_key`` belongs to.

    ``limit`` takes only the first orders. Cancel it at any moment: the next run goes on from there.
    Raises ``SourceNotFound`` and ``InvalidSource`` for the data, ``MarketplaceUnreachable`` or
    ``WorkerStandsStill`` after a minute of silence, ``CallRefused`` for what must not be refused.
    """
    plan = make_plan(read_source(source), limit)
    if not plan.steps:
        raise NothingToReplay(f"{source} has no order with items.")
    async with Marketplace(base_url, api_key, transport=transport) as marketplace:
        known = await recall(marketplace)
        run = _Run(marketplace, plan, known, slice_length, cases_left_open, on_progress)
        await run.open_catalogue()
        await run.take_steps()
        return await run.summary()


class _Run:
    """One run: what is ahead, and the marketplace's time as far as the run has moved it."""

    def __init__(
        self,
        marketplace: Marketplace,
        plan: Plan,
        known: Known,
        slice_length: timedelta,
        cases_left_open: int,
        on_progress: Watch,
    ) -> None:
        self._marketplace = marketplace
        self._plan = plan
        self._known = known
        self._slice_length = slice_length
        self._cases_left_open = cases_left_open
        self._on_progress = on_progress
        self._now = _floor(plan.steps[0].at, slice_length)
        last_order_at = max(step.at for step in plan.steps if step.act is Act.PLACE)
        self._ends_at = _floor(last_order_at + RUNS_ON, slice_length)
        self._ahead = [
            _entry(step.at, step)
            for step in plan.steps
            if step.at <= self._ends_at and known.is_ahead(step)
        ]
        self._continued = plan.orders_count - sum(act is Act.PLACE for _, _, act, _ in self._ahead)
        self._sent = 0
        self._placed = 0
        self._late = 0
        self._refusals: list[str] = []
        self._started_s = time.monotonic()

    async def open_catalogue(self) -> None:
        """Sellers and offers stand before the first order comes."""
        self._tell("Opening the catalogue")
        await self._set_out()
        sellers, offers = self._known.sellers, self._known.offers
        new_sellers = [each for each in self._plan.sellers if each.seller_id not in sellers]
        await _all(
            self._create(seller_call(each, self._plan), sellers, each.seller_id)
            for each in new_sellers
        )
        new_offers = [
            each
            for each in self._plan.offers
            if each.external_id not in offers and each.seller_id in sellers
        ]
        await _all(
            self._create(
                offer_call(each, self._plan, sellers[each.seller_id]), offers, each.external_id
            )
            for each in new_offers
        )
        await self._worker_done()
        self._started_s = time.monotonic()

    async def take_steps(self) -> None:
        """Slice by slice to the end; days without a step pass too, so that timers come due."""
        heapq.heapify(self._ahead)
        operators_come_at = self._now
        while self._now < self._ends_at:
            self._now = self._next_stop()
            await self._marketplace.attempt(clock_call(self._now))
            await self._take(self._pop_due())
            if self._now >= operators_come_at:
                await self._operate()
                operators_come_at = self._now + DAY
            self._tell("Replaying" if self._done < self._plan.orders_count else "Settling")

    async def summary(self) -> ReplaySummary:
        marketplace = await self._marketplace.get("/v1/summary", MarketplaceSummary)
        ledger = await self._marketplace.get("/v1/ledger/verification", LedgerProof)
        jobs = await self._jobs()
        return ReplaySummary(
            marketplace=marketplace,
            ledger=ledger,
            orders_placed=self._placed,
            orders_continued=self._continued,
            orders_without_items=self._plan.orders_without_items,
            orders_too_late=self._late,
            refusals=tuple(self._refusals),
            elapsed_s=self._elapsed_s,
            orders_per_s=self._orders_per_s,
            jobs_failed=jobs.failed,
            steps_waiting=len(self._ahead),
        )

    @property
    def _done(self) -> int:
        return self._continued + self._sent + self._late

    @property
    def _elapsed_s(self) -> float:
        return time.monotonic() - self._started_s

    @property
    def _orders_per_s(self) -> float:
        return self._placed / max(self._elapsed_s, 0.001)

    def _next_stop(self) -> datetime:
        stop = self._ends_at
        if self._ahead:
            stop = _floor(self._ahead[0][0], self._slice_length) + self._slice_length
        return min(max(stop, self._now), self._now + DAY, self._ends_at)

    def _pop_due(self) -> list[Step]:
        due: list[Step] = []
        while self._ahead and self._ahead[0][0] <= self._now:
            due.append(heapq.heappop(self._ahead)[-1])
        return due

    async def _take(self, steps: list[Step]) -> None:
        """One slice: what is ordered in it and what happens to earlier orders goes side by side.

        What happens to an order in the slice in which it was placed waits until it has gone as far
        as it goes by itself.
        """
        orders = [step.order for step in steps if step.act is Act.PLACE]
        new_ids = {order.order_id for order in orders}
        chains: dict[str, list[Step]] = defaultdict(list)
        for step in steps:
            if step.act is not Act.PLACE:
                chains[step.order.order_id].append(step)
        buyers = {order.buyer.buyer_id: order.buyer for order in orders}
        await _all(self._create_buyer(buyer) for buyer in buyers.values())
        placing = [self._place(order) for order in orders]
        earlier = [self._happen(chain) for order, chain in chains.items() if order not in new_ids]
        await _all([*placing, *earlier])
        await self._worker_done()
        at_once = [self._happen(chain) for order, chain in chains.items() if order in new_ids]
        if at_once:
            await _all(at_once)
            await self._worker_done()

    async def _create_buyer(self, buyer: Buyer) -> None:
        if buyer.buyer_id not in self._known.buyers:
            await self._create(buyer_call(buyer), self._known.buyers, buyer.buyer_id)

    async def _place(self, order: Order) -> None:
        self._sent += 1
        buyer = self._known.buyers.get(order.buyer.buyer_id)
        if buyer is not None:
            call = order_call(order, self._plan, buyer, self._known.offers)
            await self._create(call, self._known.orders, order.order_id)
            self._placed += order.order_id in self._known.orders

    async def _create(self, call: Call, known: Ids, external_id: str) -> None:
        """Makes one thing and remembers its id. What is refused is left out, and said at the end."""
        made = await self._marketplace.create(call)
        if isinstance(made, Refused):
            self._refusals.append(f"{call.path}: {made.detail}")
        else:
            known[external_id] = made

    async def _happen(self, chain: list[Step]) -> None:
        """What happens to one order, one after the other."""
        for step in sorted(chain, key=lambda step: step.act):
            order = self._known.orders.get(step.order.order_id)
            if order is not None:
                await self._do(step, order)

    async def _do(self, step: Step, order: str) -> None:
        payment = None
        if step.act is Act.AUTHENTICATE:
            payment = (await self._order(order)).payment
        refused = await self._marketplace.attempt(step_call(step, order, payment))
        if refused and (await self._order(order)).state in READY_LATER[step.act]:
            heapq.heappush(self._ahead, _entry(self._now + DAY, step))

    async def _order(self, order: str) -> OrderRow:
        return await self._marketplace.get(f"/v1/orders/{order}", OrderRow)

    async def _operate(self) -> None:
        """Has the demo's operators clear the older cases."""
        pages = self._marketplace.pages("/v1/cases", CaseRow)
        open_cases = [case async for case in pages]
        ids_ahead = {entry[-1].order.order_id for entry in self._ahead}
        coming = {self._known.orders.get(order_id) for order_id in ids_ahead}
        external_ids = {order: external_id for external_id, order in self._known.orders.items()}
        calls = [
            resolution_call(
                case,
                is_coming=case.subject in coming,
                about=external_ids.get(case.subject, case.subject),
            )
            for case in cases_to_resolve(open_cases, self._now, self._cases_left_open)
        ]
        if any(calls):
            await _all(self._marketplace.attempt(call) for call in calls if call)
            await self._worker_done()

    async def _set_out(self) -> None:
        """Begin where the sandbox's clock stands, or move it to the first order.

        The clock never goes back: orders from before it are left out, those of the slice that an
        earlier run was in the middle of are not.
        """
        clock = await self._marketplace.get("/v1/clock", Clock)
        stands_at = _floor(clock.now, self._slice_length)
        if stands_at <= self._now:
            await self._marketplace.attempt(clock_call(self._now))
            return
        if not self._known.orders:
            raise CallRefused(
                f"The orders begin on {self._now:%Y-%m-%d}, but the sandbox's clock stands at "
                f"{clock.now:%Y-%m-%d} and never goes back. Replay them in a new sandbox."
            )
        self._now = stands_at
        in_time = [entry for entry in self._ahead if not self._is_late(entry[-1])]
        self._late = len(self._ahead) - len(in_time)
        self._ahead = in_time

    def _is_late(self, step: Step) -> bool:
        return step.act is Act.PLACE and step.at + self._slice_length < self._now

    async def _worker_done(self) -> None:
        """Waits until no job is due; ``WorkerStandsStill`` if there aren't fewer for a minute."""
        fewest, pause_s = None, 0.005
        give_up_s = 0.0
        while (due := (await self._jobs()).due) > 0:
            now_s = time.monotonic()
            if fewest is None or due < fewest:
                fewest, give_up_s = due, now_s + WORKER_PATIENCE_S
            if now_s > give_up_s:
                raise WorkerStandsStill(
                    f"{due} jobs have been due for {WORKER_PATIENCE_S:.0f} s. Start a worker with "
                    f"`banyan work`, then run the replay again."
                )
            await asyncio.sleep(pause_s)
            pause_s = min(2 * pause_s, 0.04)

    async def _jobs(self) -> JobsSummary:
        return await self._marketplace.get("/v1/jobs/summary", JobsSummary)

    def _tell(self, phase: str) -> None:
        total = self._plan.orders_count
        self._on_progress(Progress(phase, self._done, total, self._now, self._orders_per_s))


def _entry(at: datetime, step: Step) -> tuple[datetime, str, Act, Step]:
    """A place in the heap: by time, and never by comparing steps."""
    return at, step.order.order_id, step.act, step


def _floor(at: datetime, length: timedelta) -> datetime:
    midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + (at - midnight) // length * length


async def _all(calls: Iterable[Awaitable[object]]) -> None:
    """Makes all calls at once; the first that fails ends the others."""
    async with asyncio.TaskGroup() as group:
        for call in calls:
            group.create_task(_awaited(call))


async def _awaited(call: Awaitable[object]) -> None:
    await call
