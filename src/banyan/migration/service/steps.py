"""Moving routes: every step locks the route, counts on, is written down and told in one transaction.

Who advances says which change they have seen (``expected_change``): if the route has moved since, the
step is refused. A rollback asks for nothing of the kind, so that it wins over whatever came before.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from banyan import operations
from banyan.migration.errors import (
    NoWayBack,
    RouteMoved,
    RouteNotReady,
)
from banyan.migration.model.plan import Phase, Plan, RoutePlan
from banyan.migration.model.standing import (
    PLAN,
    Change,
    Position,
    RouteStanding,
    StoredVerdict,
)
from banyan.migration.rules.phases import (
    data_before_cutover,
    describe,
    freeze_of,
    next_position,
    path_of,
    position_back,
    takes_writes,
)
from banyan.migration.rules.units import in_words, milliseconds
from banyan.migration.service import data, news
from banyan.migration.service.cases import (
    RELEASE,
    ROLLED_BACK,
    STUCK,
    TITLES,
    UNRETURNED,
    case_of,
    case_subject,
)
from banyan.migration.service.located import JUDGE, Located, locate, move, write_down
from banyan.migration.store import findings as findings_store
from banyan.migration.store import plans as plans_store
from banyan.migration.store import routes as store
from banyan.runtime import Transaction

LACKING = "Rolled back, and legacy doesn't have all that the candidate took:"
_HAS_ALL = "Rolled back. By now legacy has all that the candidate took."
JUDGED_WITHIN_S = 60.0
"""Nobody but the judge itself advances on what the judge said longer ago, unless it is forced."""
_A_PERSONS = ("approval", "person", "notice")
"""Gates that a person passes by advancing."""


async def advance(
    tx: Transaction,
    plan_id: UUID,
    route: str,
    *,
    by: str,
    why: str,
    expected_change: int | None = None,
    is_forced: bool = False,
    is_judged: bool = False,
    numbers: dict[str, Any] | None = None,
) -> Change:
    """Take a route to the next position of its way.

    Refused with ``RouteNotReady`` in a freeze window, while the route is held, and to all but the judge
    (``is_judged``) while the judge isn't content; unless it is forced. ``RouteMoved`` if
    ``expected_change`` is over.
    """
    found = await locate(tx, plan_id, route)
    standing = found.standing
    _check_expected(standing, expected_change)
    to = next_position(path_of(found.plan, found.route), standing.at)
    if to is None:
        raise RouteNotReady(f"{route} is in {describe(standing.at)}, at the end of its way.")
    _check_retirable(found, to)
    if not is_forced:
        await _check_ready(tx, found, is_judged=is_judged)
    if to.writes_to == "candidate" and standing.writes_to == "legacy":
        names = data_before_cutover(found.plan, found.route)
        await data.cut_over(tx, plan_id, names, is_forced=is_forced)
    return await move(tx, found, to, "advanced", by=by, why=why, numbers=numbers or {}, held_why="")


async def roll_back(
    tx: Transaction,
    plan_id: UUID,
    route: str,
    *,
    by: str,
    why: str,
    is_forced: bool = False,
    is_ordered: bool = False,
    numbers: dict[str, Any] | None = None,
    effective_at: datetime | None = None,
) -> Change | None:
    """Take a route out of its customers' way, and hold it until a person releases it.

    It goes back to ``shadow``, from there to ``legacy``. None if it is there already and held, so that
    it may be asked for again. Where the candidate takes writes it is refused with ``NoWayBack`` unless
    legacy has them by reverse replication, or will have them soon; and where legacy was given up.

    ``is_ordered``: the data plane has sent customers to legacy already, when all seemed well. Then only
    that nothing at all carries the writes back is a reason against it: nobody goes to and fro because
    they are late.
    """
    found = await locate(tx, plan_id, route)
    standing = found.standing
    back = position_back(standing.at, is_legacy_there=is_forced)
    is_back = standing.phase in (Phase.LEGACY, Phase.SHADOW) and bool(standing.held_why)
    if is_back or back is None:
        if standing.phase == Phase.RETIRED:
            raise NoWayBack(
                f"{route} is retired: legacy is no longer behind it. If it still runs, force it."
            )
        if standing.held_why:
            return None
        raise RouteNotReady(f"{route} is in legacy; there is nothing to roll back.")
    if standing.writes_to == "candidate":
        await _give_back(tx, found, is_forced=is_forced, is_ordered=is_ordered)
    change = await move(
        tx,
        found,
        back,
        "rolled_back",
        by=by,
        why=why,
        numbers=numbers or {},
        held_why=f"Rolled back: {why}",
        effective_at=effective_at,
    )
    await operations.open_cases(tx, [case_of(tx, found.plan.plan, change, ROLLED_BACK)])
    return change


async def hold(
    tx: Transaction, plan_id: UUID, route: str, *, by: str, why: str, is_stuck: bool = False
) -> Change | None:
    """Keep a route where it is until somebody releases it; None if it is held for this already.

    ``is_stuck`` opens a case: the judge wants it back, and it can't be done without losing something.
    """
    found = await locate(tx, plan_id, route)
    if found.standing.held_why == why:
        return None
    change = await write_down(tx, found, "held", by=by, why=why, held_why=why)
    await plans_store.record_events(
        tx, found.standing.plan_id, news.route_held(found.plan, found.route, change)
    )
    if is_stuck:
        await operations.open_cases(tx, [case_of(tx, found.plan.plan, change, STUCK)])
    return change


async def note_return(tx: Transaction, plan_id: UUID, route: str, *, lacking: str) -> Change | None:
    """Say of a route that is held after its rollback what legacy still lacks; empty: nothing any more.

    Customers stay on legacy either way. A case is opened, and withdrawn once legacy has everything.
    None if that is said already.
    """
    found = await locate(tx, plan_id, route)
    held_why = found.standing.held_why
    if not held_why or bool(lacking) == held_why.startswith(LACKING):
        return None
    why = f"{LACKING} {lacking} ({held_why})"[:2000] if lacking else _HAS_ALL
    change = await write_down(tx, found, "held", by=JUDGE, why=why, held_why=why)
    await plans_store.record_events(
        tx, found.standing.plan_id, news.route_held(found.plan, found.route, change)
    )
    if lacking:
        await operations.open_cases(tx, [case_of(tx, found.plan.plan, change, UNRETURNED)])
    else:
        await operations.withdraw_cases(tx, [case_subject(plan_id, route)], kinds=[UNRETURNED])
    return change


async def release(
    tx: Transaction, plan_id: UUID, route: str, *, by: str, why: str
) -> Change | None:
    """Let a held route go on; what is gathered about it begins anew. None if it isn't held."""
    found = await locate(tx, plan_id, route)
    if not found.standing.held_why:
        return None
    change = await write_down(tx, found, "released", by=by, why=why, held_why="", is_renewed=True)
    await plans_store.record_events(
        tx, found.standing.plan_id, news.route_released(found.plan, found.route, change)
    )
    await operations.withdraw_cases(tx, [case_subject(plan_id, route)], kinds=list(TITLES))
    return change


async def approve(
    tx: Transaction, plan_id: UUID, route: str, *, by: str, why: str, phase: Phase | None = None
) -> Change | None:
    """Say yes to the next phase; None if that was said. The step follows once all else holds.

    ``RouteNotReady`` if ``phase`` isn't the next one.
    """
    found = await locate(tx, plan_id, route)
    standing = found.standing
    to = next_phase(found.plan, found.route, standing.at)
    if to is None:
        raise RouteNotReady(f"{route} is in {standing.phase.value}, at the end of its way.")
    if phase is not None and phase != to.phase:
        raise RouteNotReady(
            f"The next phase of {route} is {to.phase.value}, not {phase.value}; approve that one."
        )
    _check_retirable(found, to)
    if standing.approved_for == to.phase.value:
        return None
    change = await write_down(tx, found, "approved", by=by, why=why, approved_for=to.phase.value)
    await plans_store.record_events(
        tx, found.standing.plan_id, news.route_approved(found.plan, found.route, change, to.phase)
    )
    return change


async def announce(
    tx: Transaction, plan_id: UUID, route: str, *, by: str, expected_change: int
) -> Change:
    """Tell owner and dependents of the next step before it is taken."""
    found = await locate(tx, plan_id, route)
    _check_expected(found.standing, expected_change)
    to = next_position(path_of(found.plan, found.route), found.standing.at)
    assert to is not None, "at the end of the way there is nothing to announce"
    notice_ms = milliseconds(found.plan.notice)
    earliest = tx.now + timedelta(milliseconds=notice_ms)
    why = f"{describe(to)} in {in_words(notice_ms)} at the earliest"
    change = await write_down(
        tx, found, "announced", by=by, why=why, announced_for=announced(to), announced_at=tx.now
    )
    await plans_store.record_events(
        tx,
        found.standing.plan_id,
        news.route_announced(found.plan, found.route, change, to, earliest.isoformat()),
    )
    return change


def announced(to: Position) -> str:
    """How a step is named in ``announced_for``."""
    return f"{to.phase.value}/{to.step}"


def next_phase(plan: Plan, route: RoutePlan, at: Position) -> Position | None:
    """The first position of the next phase: what an approval is for."""
    path = path_of(plan, route)
    ahead = next_position(path, at)
    while ahead is not None and ahead.phase == at.phase:
        ahead = next_position(path, ahead)
    return ahead


async def follow_case(
    tx: Transaction, kind: str, subject: str, resolution: str, *, by: str, note: str
) -> None:
    """Do what a person has decided about a case of a route: release it, or leave it held."""
    if kind not in TITLES or resolution != RELEASE:
        return
    plan, _, route = subject.partition("/")
    await release(tx, PLAN.parse(plan), route, by=by, why=note or "Released by its case.")


async def _give_back(tx: Transaction, found: Located, *, is_forced: bool, is_ordered: bool) -> None:
    """Let legacy be the truth of the route's data again."""
    plan_id, route = found.standing.plan_id, found.route.name
    way = await data.way_back(tx, plan_id, data_before_cutover(found.plan, found.route))
    if way.refusal and not is_forced and (way.is_one_way or not is_ordered):
        raise NoWayBack(
            f"{route}: legacy may lack what the candidate has written. {way.refusal} Force it to go "
            "back without."
        )
    sets = await _sets_of_this_route_only(tx, found)
    await data.give_back(tx, plan_id, sets, is_forced=is_forced or is_ordered)


async def _sets_of_this_route_only(tx: Transaction, found: Located) -> list[str]:
    """The data sets that no other route writes to at the candidate."""
    routes = {each.name: each for each in found.plan.routes}
    others = [
        routes[each.route]
        for each in await store.select_routes(tx, found.standing.plan_id)
        if each.route != found.route.name and each.writes_to == "candidate" and each.route in routes
    ]
    shared = {name for each in others for name in data_before_cutover(found.plan, each)}
    return [name for name in data_before_cutover(found.plan, found.route) if name not in shared]


def _check_expected(standing: RouteStanding, expected_change: int | None) -> None:
    if expected_change is not None and standing.change != expected_change:
        raise RouteMoved(f"{standing.route} has moved since: it is in {describe(standing.at)} now.")


def _check_retirable(found: Located, to: Position) -> None:
    """Legacy can't go while it takes the writes."""
    if to.phase == Phase.RETIRED and to.writes_to == "legacy" and takes_writes(found.route):
        raise RouteNotReady(
            f"{found.route.name} can't retire: its writes still go to legacy. Say in its criteria "
            "which data has to be verified, or limit it to methods that only read."
        )


async def _check_ready(tx: Transaction, found: Located, *, is_judged: bool) -> None:
    standing = found.standing
    if standing.held_why:
        raise RouteNotReady(
            f"{standing.route} is held ({standing.held_why}); release it first, or force it."
        )
    freeze = freeze_of(found.plan, standing.route, tx.now)
    if freeze is not None:
        raise RouteNotReady(
            f"Nothing advances until {freeze.end:%Y-%m-%d %H:%M %Z}: {freeze.why} Force it if it "
            "can't wait."
        )
    if is_judged or standing.phase == Phase.LEGACY:
        return  # the judge knows; and out of legacy nobody has anything to judge by
    verdicts = await findings_store.select_verdicts(tx, standing.plan_id)
    verdict = next((each for each in verdicts if each.route == standing.route), None)
    waits = _waits(verdict, standing)
    at, is_recent = await findings_store.judged_at(tx, standing.plan_id, JUDGED_WITHIN_S)
    if not waits and not is_recent:
        since = "" if at is None else f" since {at:%Y-%m-%d %H:%M:%S} UTC"
        waits = f"nobody has judged it{since}; is `banyan gateway` running?"
    if waits:
        raise RouteNotReady(f"{standing.route} isn't ready: {waits} Force it if you know better.")


def _waits(verdict: StoredVerdict | None, standing: RouteStanding) -> str:
    """What of the judge's gates still waits, but for what a person passes; empty: nothing."""
    if verdict is None or verdict.numbers.get("change") != standing.entered_change:
        return "nobody has judged it since it is where it is; is `banyan gateway` running?"
    gates: list[dict[str, Any]] = verdict.numbers.get("gates", [])
    waiting = [
        str(gate["sentence"])
        for gate in gates
        if gate["state"] != "pass" and gate["name"] not in _A_PERSONS
    ]
    return " ".join(waiting)
