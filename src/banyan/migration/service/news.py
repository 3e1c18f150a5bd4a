"""What migration tells the outbox. The subject is the plan."""

from banyan.migration.model.plan import Phase, Plan, RoutePlan
from banyan.migration.model.report import Capacity, Measurement
from banyan.migration.model.standing import PLAN, AppliedPlan, Change, Position, StoredPlan
from banyan.runtime import Event, Json


def plan_applied(applied: AppliedPlan) -> Event:
    stored, diff = applied.stored, applied.diff
    return Event(
        "migration.plan_applied",
        PLAN.text(stored.plan_id),
        {
            "plan": stored.name,
            "version": stored.version,
            "by": stored.applied_by,
            "why": stored.why,
            "changes": [
                {
                    "kind": each.kind,
                    "what": each.what,
                    "route": each.route,
                    "before": each.before[:500],
                    "after": each.after[:500],
                    "effect": each.effect,
                }
                for each in diff.changes
            ],
        },
    )


def route_advanced(plan: Plan, route: RoutePlan, change: Change) -> Event:
    return Event("migration.route_advanced", *_about(plan, route, change))


def route_rolled_back(plan: Plan, route: RoutePlan, change: Change) -> Event:
    return Event("migration.route_rolled_back", *_about(plan, route, change))


def route_held(plan: Plan, route: RoutePlan, change: Change) -> Event:
    return Event("migration.route_held", *_about(plan, route, change))


def route_released(plan: Plan, route: RoutePlan, change: Change) -> Event:
    return Event("migration.route_released", *_about(plan, route, change))


def route_approved(plan: Plan, route: RoutePlan, change: Change, to_phase: Phase) -> Event:
    subject, payload = _about(plan, route, change)
    return Event("migration.route_approved", subject, {**payload, "to_phase": to_phase.value})


def route_announced(
    plan: Plan, route: RoutePlan, change: Change, to: Position, earliest_at: str
) -> Event:
    subject, payload = _about(plan, route, change)
    payload = {
        **payload,
        "to_phase": to.phase.value,
        "to_bp": to.read_bp,
        "earliest_at": earliest_at,
    }
    return Event("migration.route_announced", subject, payload)


def route_measured(
    stored: StoredPlan, measurement: Measurement, capacity: Capacity | None
) -> Event:
    payload: dict[str, Json] = {
        "plan": stored.name,
        "route": measurement.route,
        "by": measurement.by,
        "paths": list(measurement.paths),
        "limit_us": None if capacity is None else capacity.limit_us,
        "legacy_per_second": None if capacity is None else round(capacity.legacy.value, 1),
        "candidate_per_second": None if capacity is None else round(capacity.candidate.value, 1),
    }
    return Event("migration.route_measured", PLAN.text(stored.plan_id), payload)


def _about(plan: Plan, route: RoutePlan, change: Change) -> tuple[str, dict[str, Json]]:
    return PLAN.text(change.plan_id), {
        "plan": plan.plan,
        "route": change.route,
        "title": route.title,
        "change": change.change,
        "from_phase": change.from_phase.value,
        "to_phase": change.to_phase.value,
        "from_bp": change.from_bp,
        "to_bp": change.to_bp,
        "writes_to": change.writes_to,
        "by": change.by,
        "why": change.why,
        "owner": route.owner,
        "dependents": list(route.dependents),
    }
