"""Captured exchanges, compared off the loops' path: in a process of its own, one batch at a time."""

import asyncio
import logging
import multiprocessing
import os
import threading
import time
from collections import Counter, defaultdict, deque
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from datetime import UTC, datetime
from multiprocessing.process import BaseProcess
from uuid import UUID

import msgspec

from banyan import comparison
from banyan.comparison import Asked, Comparing, Finding
from banyan.gateway import Exchange
from banyan.migration.model.plan import Plan
from banyan.migration.rules.comparisons import how_of
from banyan.runtime import Transaction, Vault

BATCH_MAX = 50
BATCH_BYTES_MAX = 16_000_000
FINDINGS_MAX = 2_000
HUNG_AFTER_S = 120.0
"""A batch takes a second or two, ten times that on a busy machine; one that takes so long never ends."""
STARTED_WITHIN_S = 300.0
"""On a busy machine the process alone may need a minute: customers' requests come first."""
_END_S = 5.0
_NICENESS = 5
"""A third of the share of what serves: with less, a busy machine would never let it compare at all."""

_log = logging.getLogger(__name__)


class Comparer:
    """Compares what was captured. What is too much is let go and counted, never queued.

    Nothing is compared before ``prepare``: without the plan's key nothing could be masked.
    """

    def __init__(self, vault: Vault, *, hung_after_s: float = HUNG_AFTER_S) -> None:
        self._vault = vault
        self._hung_after_s = hung_after_s
        self._began_at_s = 0.0
        self._pool: ProcessPoolExecutor | None = None
        self._start: Future[int] | None = None
        self._batch: Future[list[Finding]] | None = None
        self._findings: deque[Finding] = deque()
        self._key: bytes | None = None
        self._plan = b""
        self._rest: list[Exchange] = []
        self.dropped = 0

    async def prepare(self, tx: Transaction, plan_id: UUID, plan: Plan) -> None:
        """Compare as this plan says from now on; again, if ``tx`` isn't committed."""
        self._key = await comparison.masking_key(tx, self._vault, plan_id)
        self._plan = msgspec.json.encode(plan)

    @property
    def room(self) -> int:
        """How many exchanges could be taken now."""
        is_busy = self._batch is not None and not self._batch.done()
        return 0 if is_busy or self._key is None else BATCH_MAX - len(self._rest)

    def end_if_hung(self) -> None:
        """Give a batch up that takes for ever, with the process that hangs on it; another one starts."""
        if self._batch is None or self._batch.done() or self._pool is None:
            return
        now = time.monotonic()
        is_starting = self._start is not None and not self._start.done()
        limit = STARTED_WITHIN_S if is_starting else self._hung_after_s
        if not is_starting and self._start is not None:
            self._start, self._began_at_s = None, now
        if now - self._began_at_s < limit:
            return
        _log.error("comparing has hung for %.0f s; it starts anew", limit)
        for process in _processes_of(self._pool):
            process.kill()  # the batch then ends as one of a broken pool

    def offer(self, exchanges: Sequence[Exchange]) -> None:
        """Compare these, if there was ``room`` for them."""
        waiting = [*self._rest, *exchanges]
        if not waiting or self._key is None or (self._batch and not self._batch.done()):
            self.dropped += len(exchanges)
            return
        batch = _within(waiting, BATCH_BYTES_MAX)
        self._rest = waiting[len(batch) :]
        pool = self._started()
        try:
            self._batch = pool.submit(_examine_all, self._plan, self._key, batch)
        except (BrokenProcessPool, RuntimeError) as error:
            self._lose(pool, len(batch), error)
            return
        self._began_at_s = time.monotonic()
        count = len(batch)
        loop = asyncio.get_running_loop()

        def done(future: Future[list[Finding]]) -> None:
            if not loop.is_closed():
                loop.call_soon_threadsafe(self._take, pool, future, count)

        self._batch.add_done_callback(done)

    def take_findings(self) -> list[Finding]:
        findings = list(self._findings)
        self._findings.clear()
        return findings

    def give_back(self, findings: Sequence[Finding]) -> None:
        """They could not be written down: another time, as far as there is room."""
        self._findings.extendleft(reversed(findings))
        self._shed()

    async def record(
        self, tx: Transaction, plan_id: UUID, findings: Sequence[Finding]
    ) -> Mapping[str, tuple[int, int]]:
        """Write findings down; of each route how many were compared, and how many differ."""
        by_route: dict[str, list[Finding]] = defaultdict(list)
        for finding in findings:
            by_route[finding.route].append(finding)
        told: dict[str, tuple[int, int]] = {}
        for route, members in by_route.items():
            recorded = await comparison.record(tx, plan_id, members)
            told[route] = recorded.compared, recorded.diverged
        return told

    def close(self) -> None:
        """Whatever it is at: nothing waits for what is being compared."""
        pool, self._pool = self._pool, None
        if pool is None:
            return
        processes = _processes_of(pool)
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.kill()
        for process in processes:
            process.join(_END_S)

    def _started(self) -> ProcessPoolExecutor:
        if self._pool is None:
            # Not forked: this process has threads and a loop that a copy can't have.
            context = multiprocessing.get_context("spawn")
            self._pool = ProcessPoolExecutor(1, mp_context=context, initializer=_begin)
            self._start = self._pool.submit(os.getpid)
        return self._pool

    def _take(self, pool: ProcessPoolExecutor, future: Future[list[Finding]], count: int) -> None:
        if future.cancelled():
            self.dropped += count
            return
        error = future.exception()
        if error is not None:
            self._lose(pool, count, error)
            return
        self._findings.extend(future.result())
        self._shed()

    def _lose(self, pool: ProcessPoolExecutor, count: int, error: BaseException) -> None:
        self.dropped += count
        # Not the error's words: they may hold what customers sent.
        _log.error("%d exchanges could not be compared: %s", count, type(error).__name__)
        if isinstance(error, BrokenProcessPool) and self._pool is pool:
            pool.shutdown(wait=False)
            self._pool = None

    def _shed(self) -> None:
        while len(self._findings) > FINDINGS_MAX:
            self._findings.popleft()
            self.dropped += 1


def _processes_of(pool: ProcessPoolExecutor) -> list[BaseProcess]:
    # Until Python 3.14 there is no other way to end a process that hangs.
    held: Mapping[int, BaseProcess] | None = vars(pool)["_processes"]
    return list((held or {}).values())


def _within(exchanges: Sequence[Exchange], bytes_max: int) -> list[Exchange]:
    """As many as fit, but at least one."""
    taken: list[Exchange] = []
    size = 0
    for exchange in exchanges:
        sides = (exchange.primary, exchange.legacy, exchange.candidate)
        size += sum(len(side.body) for side in sides if side is not None)
        if taken and size > bytes_max:
            break
        taken.append(exchange)
    return taken


def _begin() -> None:
    """In the process that compares: customers' requests come first, and it ends with its parent."""
    os.nice(_NICENESS)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None, "it was started by the control plane"
    parent.join()
    os._exit(0)


_known: dict[bytes, tuple[Plan, dict[str, Comparing]]] = {}


def _examine_all(document: bytes, key: bytes, exchanges: Sequence[Exchange]) -> list[Finding]:
    """In the process that compares."""
    if document not in _known:
        _known.clear()
        _known[document] = msgspec.json.decode(document, type=Plan), {}
    plan, ways = _known[document]
    routes = {route.name: route for route in plan.routes}
    failed: Counter[str] = Counter()
    findings: list[Finding] = []
    for exchange in exchanges:
        route = routes.get(exchange.route)
        if route is None:
            continue
        if route.name not in ways:
            ways[route.name] = how_of(plan, route, key)
        try:
            finding = _examine(exchange, ways[route.name])
        except Exception as error:  # what one answer does must not lose the others
            failed[type(error).__name__] += 1
            continue
        if finding is not None:
            findings.append(finding)
    for error, count in failed.items():
        _log.error("%d answers could not be compared: %s", count, error)
    return findings


def _examine(exchange: Exchange, how: Comparing) -> Finding | None:
    return comparison.examine(
        exchange.route,
        exchange.request_id,
        Asked(exchange.method, exchange.path, exchange.headers),
        primary_arm=exchange.primary_arm,
        primary=exchange.primary,
        legacy=exchange.legacy,
        candidate=exchange.candidate,
        how=how,
        at=datetime.fromtimestamp(exchange.captured_at_us / 1_000_000, UTC),
    )
