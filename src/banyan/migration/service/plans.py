"""Applying plans: versions, and the routes that come and go with them."""

from collections.abc import Mapping
from dataclasses import replace

from banyan import movement
from banyan.kernel import Fault, new_id
from banyan.migration.errors import InvalidPlan, PlanMoved, PlanUnsafe
from banyan.migration.model.plan import Phase, Plan
from banyan.migration.model.standing import (
    AppliedPlan,
    ChangeKind,
    PlanDiff,
    Position,
    RouteStanding,
    StoredPlan,
)
from banyan.migration.rules.plans import ReadPlan, diff_of, read_plan
from banyan.migration.service import news
from banyan.migration.service.located import named
from banyan.migration.store import plans as store
from banyan.migration.store import routes as routes_store
from banyan.runtime import Transaction


def _checked(read: ReadPlan) -> Plan:
    """The plan of a file; ``InvalidPlan`` with all of its faults."""
    if read.plan is not None:
        return read.plan
    first = read.faults[0]
    more = f" ({len(read.faults) - 1} more)" if len(read.faults) > 1 else ""
    raise InvalidPlan(
        f"Line {first.line}: {first.path}: {first.sentence}{more}",
        faults=tuple(
            Fault("invalid_plan", f"line {each.line}: {each.path}: {each.sentence}")
            for each in read.faults
        ),
    )


async def compare_plan(tx: Transaction, source: str) -> PlanDiff:
    """What ``apply_plan`` would change; ``InvalidPlan``."""
    plan = _checked(read_plan(source, tx.now.date()))
    stored = await store.find_plan(tx, plan.plan)
    return await _compared(tx, stored, plan)


async def apply_plan(
    tx: Transaction,
    source: str,
    *,
    by: str,
    why: str,
    expected_version: int | None = None,
    is_forced: bool = False,
) -> AppliedPlan:
    """Let a plan hold from now on. The file that holds already changes nothing.

    ``InvalidPlan``; ``PlanMoved`` if ``expected_version`` (0: none) holds no longer; ``PlanUnsafe`` if
    customers are on a route that would change, unless it is forced.
    """
    read = read_plan(source, tx.now.date())
    plan = _checked(read)
    await store.lock_plans(tx, plan.plan)
    stored = await store.find_plan(tx, plan.plan)
    if stored is not None:
        await store.lock_events(tx, stored.plan_id)
    version = stored.version if stored is not None else 0
    if expected_version is not None and expected_version != version:
        raise PlanMoved(
            f"Version {version} of {plan.plan} holds by now, not {expected_version}; look again."
        )
    if stored is not None and stored.source == source:
        return AppliedPlan(stored, PlanDiff(plan.plan, version, ()), is_new=False)
    diff = await _compared(tx, stored, plan)
    if diff.refusals and not is_forced:
        raise PlanUnsafe(" ".join(diff.refusals))
    made = await store.insert_plan(
        tx,
        stored.plan_id if stored is not None else new_id(tx.now),
        name=plan.plan,
        version=version + 1,
        source=source,
        document=read.document,
        by=by,
        why=why,
    )
    await _follow(tx, made, plan, diff)
    await movement.declare(tx, made.plan_id, plan.plan, plan.data)
    applied = AppliedPlan(made, diff, is_new=True)
    await store.record_events(tx, made.plan_id, news.plan_applied(applied))
    return applied


async def _compared(tx: Transaction, stored: StoredPlan | None, plan: Plan) -> PlanDiff:
    if stored is None:
        return diff_of(None, plan, {})
    standings = await routes_store.select_routes(tx, stored.plan_id)
    known = {each.route: each for each in standings}
    sets = await movement.changes_of(tx, stored.plan_id, plan.data)
    return diff_of(stored.plan, plan, known, stored.version, sets)


async def _follow(tx: Transaction, stored: StoredPlan, plan: Plan, diff: PlanDiff) -> None:
    """Bring the routes' rows to the plan: new ones begin in legacy, gone ones are marked."""
    known: Mapping[str, RouteStanding] = {
        each.route: each for each in await routes_store.lock_routes(tx, stored.plan_id)
    }
    named = {route.name for route in plan.routes}
    for name in named:
        standing = known.get(name)
        if standing is None or standing.is_gone:
            await _begin(tx, stored, name, standing)
        elif name in diff.renewed:
            await _renew(tx, stored, standing)
    for name, standing in known.items():
        if name not in named and not standing.is_gone:
            number = standing.change + 1
            await routes_store.save_route(tx, replace(standing, change=number, is_gone=True))
            await _write_down(tx, stored, standing, number, "gone", standing.at)


async def _begin(
    tx: Transaction, stored: StoredPlan, name: str, gone: RouteStanding | None
) -> None:
    number = 1 if gone is None else gone.change + 1
    begun = RouteStanding(
        plan_id=stored.plan_id,
        route=name,
        phase=Phase.LEGACY,
        read_bp=0,
        writes_to="legacy",
        step=0,
        change=number,
        entered_change=number,
        entered_at=tx.now,
    )
    await routes_store.save_route(tx, begun)
    await _write_down(tx, stored, begun, number, "started", begun.at)


async def _renew(tx: Transaction, stored: StoredPlan, standing: RouteStanding) -> None:
    """What was gathered about the route is of something else now."""
    number = standing.change + 1
    renewed = replace(standing, change=number, entered_change=number, entered_at=tx.now)
    await routes_store.save_route(tx, renewed)
    await _write_down(tx, stored, standing, number, "returned", standing.at)


async def _write_down(
    tx: Transaction,
    stored: StoredPlan,
    standing: RouteStanding,
    number: int,
    kind: ChangeKind,
    to: Position,
) -> None:
    await routes_store.insert_change(
        tx,
        stored.plan_id,
        standing.route,
        number,
        kind=kind,
        from_at=standing.at,
        to_at=to,
        by=named(stored.applied_by, is_person=tx.cause.kind != "system"),
        why=f"Version {stored.version}: {stored.why}",
        numbers={"version": stored.version},
        effective_at=tx.now,
    )
