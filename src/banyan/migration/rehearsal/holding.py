"""A whole rehearsal: each fault in each phase, and the evidence of what came of it."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from signal import SIGKILL
from urllib.parse import urlsplit

import banyan
from banyan.comparison import IgnoreRule, comparing
from banyan.kernel import Clock, SystemClock, new_id
from banyan.migration.errors import RehearsalImpossible
from banyan.migration.model.plan import Phase, Plan, RoutePlan
from banyan.migration.model.rehearsal import (
    PHASES,
    Cell,
    Evidence,
    Fault,
    RehearsedPhase,
    RouteResult,
)
from banyan.migration.model.standing import Position, StoredVerdict
from banyan.migration.rehearsal.customers import Asking, Customers
from banyan.migration.rehearsal.requests import crawl, read_requests
from banyan.migration.rehearsal.stage import RouteAt, Stage
from banyan.migration.rules.plans import read_plan
from banyan.migration.rules.rehearsal import Seen, fingerprint_of, result_of, verdict_on
from banyan.migration.rules.specs import spec_of

CUSTOMERS = 60
_POLL_S = 0.1
_WARM_S = 2.0
_SETTLE_TRIES = 3
_AFTER_S = 1.0
_DEAD_S = 3.0
_SOUND_S = 6.0
_SOUND_COMPARED = 20
"""So many answers the judge must have compared before a sound candidate counts as left alone."""
_NOTICED = ("errors", "latency", "divergence", "ejection")
"""Gates of the judge that fail because of a candidate."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What to rehearse, where. ``candidates`` by the names that the plan gives them.

    ``requests`` is the text of a file of paths; None: found by following legacy's links. ``host`` is
    the Host that customers send; '' legacy's own. ``database_url`` is an empty database to use and to
    spoil; None: a server is started for it, and thrown away.
    """

    source: str
    version: int
    legacy: str
    candidates: Mapping[str, str]
    by: str
    requests: str | None = None
    host: str = ""
    faults: Sequence[Fault] = tuple(Fault)
    phases: Sequence[RehearsedPhase] = PHASES
    customers: int = CUSTOMERS
    rollback_s_max: float = 30.0
    database_url: str | None = None
    clock: Clock = field(default_factory=SystemClock)


async def rehearse(wanted: Wanted, say: Callable[[str], None]) -> Evidence:
    """Hold a rehearsal; ``say`` is told each outcome as it comes.

    ``RehearsalImpossible`` if the staging copy doesn't answer or nothing of the plan can be asked for;
    ``InvalidPlan`` for a plan with faults.
    """
    read = read_plan(wanted.source, wanted.clock.now().date())
    if read.plan is None:
        raise RehearsalImpossible("The plan has faults; see `banyan migrate validate`.")
    _check(wanted, read.plan)
    host = wanted.host or urlsplit(wanted.legacy).netloc
    paths = await _paths(wanted, read.plan, host)
    routes = [route for route in read.plan.routes if paths.get(route.name)]
    if not routes:
        raise RehearsalImpossible(
            "No page of any route was found by following legacy's links from `/`; name some with"
            " --requests."
        )
    rehearsal_id = new_id(wanted.clock.now())
    began_at = wanted.clock.now()
    cells: list[Cell] = []
    say("Setting up a database, a control plane and a gateway of its own …")
    async with (
        await Stage.build(
            read.document, legacy=wanted.legacy, candidates=wanted.candidates, clock=wanted.clock,
            database_url=wanted.database_url,
        ) as stage,
        Customers(
            stage.gateway, wanted.legacy, host,
            [_asking(read.plan, route, path, wanted, host) for route in routes
             for path in paths[route.name]],
            count=wanted.customers,
            device_cookie=read.plan.gateway.identity.cookie,
            clock=wanted.clock,
        ) as customers,
    ):  # fmt: skip
        await customers.arrive()
        for phase in wanted.phases:
            for fault in wanted.faults:
                found = await _cell(stage, customers, wanted, fault, phase, routes)
                cells += found
                for cell in found:
                    sign = "✓" if cell.has_passed else "✗"
                    say(f"{sign} {cell.phase:<9} {cell.fault:<18} {cell.route}: {cell.sentence}")
        changed = stage.changed
    results = tuple(
        result_of(
            route.name,
            fingerprint_of(read.plan, route),
            paths.get(route.name, ()),
            [cell for cell in cells if cell.route == route.name],
            is_complete=set(wanted.faults) == set(Fault) and set(wanted.phases) == set(PHASES),
        )
        for route in read.plan.routes
    )
    return Evidence(
        rehearsal_id=str(rehearsal_id),
        plan=read.plan.plan,
        plan_version=wanted.version,
        plan_sha256=hashlib.sha256(wanted.source.encode()).hexdigest(),
        changed=changed,
        legacy=wanted.legacy,
        candidates=dict(wanted.candidates),
        customers=wanted.customers,
        began_at=_text(began_at),
        ended_at=_text(wanted.clock.now()),
        by=wanted.by,
        software=f"banyan {banyan.__version__}",
        faults=tuple(wanted.faults),
        phases=tuple(wanted.phases),
        cells=tuple(cells),
        routes=results,
        has_passed=_have_passed(results),
    )


def _have_passed(results: Sequence[RouteResult]) -> bool:
    return bool(results) and all(result.has_passed for result in results)


async def _cell(
    stage: Stage,
    customers: Customers,
    wanted: Wanted,
    fault: Fault,
    phase: RehearsedPhase,
    routes: Sequence[RoutePlan],
) -> list[Cell]:
    """One fault in one phase, for all routes at once."""
    names = [route.name for route in routes]
    # Evidence comes slowly: a candidate out of rotation is asked only every now and then, a shadow that
    # hangs is waited for, and speed is judged after 20 seconds.
    is_slow = fault == Fault.DEAD_CONTROL_PLANE or phase == "shadow"
    rollback_s_max = wanted.rollback_s_max * (2 if is_slow else 1)
    await stage.renew()
    unsound = await _settle(stage, customers, phase, names)
    watch = _Watch(stage, phase, fault, names)
    envoy = await stage.envoy()
    try:
        await watch.begin()
        customers.begin()
        if not unsound:
            await stage.inject(fault)
            if fault == Fault.DEAD_CONTROL_PLANE:
                await stage.stop_control(SIGKILL)
                await asyncio.sleep(_DEAD_S)
                await stage.start_control()
                await stage.led()
                watch.restart()
            await watch.until(rollback_s_max)
        await asyncio.sleep(_AFTER_S)
    finally:
        await stage.inject(Fault.NONE)
        await customers.stop()
    has_died = envoy is None or await stage.envoy() != envoy
    tallies = customers.tallies()
    cells: list[Cell] = []
    for route in routes:
        tally, seen = tallies[route.name], watch.of(route.name)
        cells.append(
            verdict_on(
                Seen(
                    fault=fault,
                    phase=phase,
                    route=route.name,
                    requests=tally.requests,
                    errors=tally.errors,
                    differences=tally.differences,
                    slowest_ms=tally.slowest_ms,
                    noticed_ms=seen.noticed_ms,
                    rolled_back_ms=seen.rolled_back_ms,
                    verdict=seen.verdict,
                    example=tally.example,
                    unsound=unsound.get(route.name, ""),
                    has_gateway_died=has_died,
                ),
                rollback_ms_max=int(rollback_s_max * 1_000),
            )
        )
    return cells


async def _settle(
    stage: Stage, customers: Customers, phase: RehearsedPhase, routes: Sequence[str]
) -> Mapping[str, str]:
    """Bring routes into a phase, have customers ask, and see that a sound candidate is left alone.

    What was captured under the fault before may still come in, so it is tried a few times. Returns what
    the judge has against routes nevertheless. Customers go on asking.
    """
    alarms: dict[str, str] = {}
    for _ in range(_SETTLE_TRIES):
        await stage.place(phase)
        customers.start()
        alarms = await _alarms(stage, phase, routes)
        if not alarms:
            return {}
        await customers.stop()
    customers.start()
    return alarms


async def _alarms(stage: Stage, phase: RehearsedPhase, routes: Sequence[str]) -> dict[str, str]:
    """What the judge says against routes while nothing is wrong, by the first word of it."""
    loop = asyncio.get_running_loop()
    until_s = loop.time() + _WARM_S
    while loop.time() < until_s:
        found: dict[str, str] = {}
        for name, at in (await stage.routes()).items():
            has_left = at.standing.phase != Phase(phase)
            verdict = at.verdict
            is_of_now = (
                verdict is not None and verdict.numbers.get("change") == at.standing.entered_change
            )
            if name in routes and has_left:
                found[name] = at.last.why if at.last is not None else "it has left the phase"
            elif name in routes and verdict is not None and is_of_now and _is_alarm(verdict):
                found[name] = verdict.sentence
        if found:
            return found
        await asyncio.sleep(_POLL_S)
    return {}


@dataclass(slots=True)
class _SeenOf:
    change: int = 0
    compared: int = 0
    noticed_ms: int | None = None
    rolled_back_ms: int | None = None
    verdict: str = ""


class _Watch:
    """When the judge noticed, and when the data plane had everybody back."""

    def __init__(
        self, stage: Stage, phase: RehearsedPhase, fault: Fault, routes: Sequence[str]
    ) -> None:
        self._stage, self._phase, self._fault = stage, phase, fault
        self._seen = {route: _SeenOf() for route in routes}
        self._began_at = stage.now()

    def of(self, route: str) -> _SeenOf:
        return self._seen[route]

    async def begin(self) -> None:
        for name, at in (await self._stage.routes()).items():
            if name in self._seen:
                self._seen[name].change = at.standing.entered_change
        self._began_at = self._stage.now()

    def restart(self) -> None:
        """Measure from now on: before, nobody could notice anything."""
        self._began_at = self._stage.now()

    async def until(self, seconds: float) -> None:
        """Look until every route is done with, at most for so long.

        A sound candidate is looked at for a while, and until it has been compared.
        """
        loop = asyncio.get_running_loop()
        until_s = loop.time() + seconds
        while loop.time() < until_s:
            for name, at in (await self._stage.routes()).items():
                if name in self._seen:
                    self._look(self._seen[name], at)
            if all(self._is_done(seen) for seen in self._seen.values()):
                return
            await asyncio.sleep(_POLL_S)

    def _is_done(self, seen: _SeenOf) -> bool:
        if self._fault == Fault.NONE and seen.noticed_ms is None:
            is_long = self._stage.now() - self._began_at >= timedelta(seconds=_SOUND_S)
            return is_long and seen.compared >= _SOUND_COMPARED
        if self._phase == "shadow":
            return seen.noticed_ms is not None
        return seen.rolled_back_ms is not None

    def _look(self, seen: _SeenOf, at: RouteAt) -> None:
        verdict, change = at.verdict, at.last
        if verdict is not None and verdict.numbers.get("change") == seen.change:
            seen.verdict = verdict.sentence[:500]
            seen.compared = _compared(verdict)
            if seen.noticed_ms is None and _is_alarm(verdict):
                # As it can be read; a verdict that goes on holding doesn't say since when it worries.
                seen.noticed_ms = self._ms(self._stage.now())
        has_gone = at.standing.phase in (Phase.SHADOW, Phase.LEGACY) and self._phase != "shadow"
        is_new = change is not None and change.change > seen.change
        if has_gone and is_new and change is not None and change.effective_at is not None:
            if seen.rolled_back_ms is None:
                seen.rolled_back_ms = self._ms(change.effective_at)
                seen.verdict = change.why[:500]
            if seen.noticed_ms is None:
                seen.noticed_ms = self._ms(change.decided_at)

    def _ms(self, at: datetime) -> int:
        return max(0, int((at - self._began_at).total_seconds() * 1_000))


def _compared(verdict: StoredVerdict) -> int:
    """How many answers the judge had compared by then."""
    return sum(
        int(gate["numbers"].get("compared", 0))
        for gate in verdict.numbers.get("gates", [])
        if gate["name"] == "compared"
    )


def _is_alarm(verdict: StoredVerdict) -> bool:
    return verdict.verdict == "rollback" or any(
        gate["state"] == "fail" and gate["name"] in _NOTICED
        for gate in verdict.numbers.get("gates", [])
    )


def _check(wanted: Wanted, plan: Plan) -> None:
    missing = sorted(set(plan.candidates) - set(wanted.candidates))
    if missing:
        raise RehearsalImpossible(
            f"The plan has the candidate {missing[0]!r} too: give it with --candidate"
            f" {missing[0]}=URL."
        )
    unknown = sorted(set(wanted.candidates) - set(plan.candidates))
    if unknown:
        raise RehearsalImpossible(f"The plan has no candidate {unknown[0]!r}.")


async def _paths(wanted: Wanted, plan: Plan, host: str) -> Mapping[str, tuple[str, ...]]:
    spec = spec_of(plan, {route.name: Position(Phase.LEGACY) for route in plan.routes})
    if wanted.requests is not None:
        return read_requests(wanted.requests, spec)
    return await crawl(wanted.legacy, host, spec)


def _asking(plan: Plan, route: RoutePlan, path: str, wanted: Wanted, host: str) -> Asking:
    name = plan.candidate_of(route)
    assert name is not None, "a checked plan says which"
    candidate = wanted.candidates[name]
    how = comparing(
        body=route.compare.body,
        headers=route.compare.headers,
        numbers=route.compare.numbers,
        unordered=route.compare.unordered,
        ignore=[
            IgnoreRule(path=rule.path, pattern=rule.pattern)
            for rule in plan.noise
            if not rule.routes or route.name in rule.routes
        ],
        hosts={host, urlsplit(wanted.legacy).netloc, urlsplit(candidate).netloc},
    )
    return Asking(route.name, path, how, candidate)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")
