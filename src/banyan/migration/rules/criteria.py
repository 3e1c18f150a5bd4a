"""Criteria as the judge wants them: plan, route and defaults made one, for where a route stands."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from msgspec import UNSET

from banyan.gateway import SAFE_METHODS
from banyan.migration.model.bounds import DEFAULT_BOUNDS, Bounds
from banyan.migration.model.plan import Phase, Plan, RoutePlan, ShadowPlan
from banyan.migration.model.standing import Position
from banyan.migration.rules.phases import (
    ORDER,
    criteria_of,
    data_before_cutover,
    next_position,
    path_of,
    takes_writes,
)
from banyan.migration.rules.units import basis_points, milliseconds


def bounds_of(plan: Plan, route: RoutePlan, at: Position) -> Bounds:
    """What must hold where a route stands before it goes on.

    A person is asked for ``retired``, and for each phase beyond ``auto_advance_to``. The last position
    before ``candidate`` asks for all data that the ways there name. A route that nothing is mirrored of
    isn't compared.
    """
    criteria = criteria_of(plan, route, at.phase)
    given: dict[str, Any] = {
        "requests_min": criteria.requests_min,
        "compared_min": criteria.compared_min,
        "time_min_us": _us(criteria.time_min),
        "errors_increase_max": _part(criteria.errors_increase_max),
        "latency_increase_max": _part(criteria.latency_increase_max),
        "latency_floor_us": _us(criteria.latency_floor),
        "divergence_max": _part(criteria.divergence_max),
        "confidence": _part(criteria.confidence),
        "data": criteria.data,
        "rehearsed": criteria.rehearsed,
        "approval": criteria.approval,
    }
    bounds = replace(
        DEFAULT_BOUNDS[at.phase],
        fall_back_after_us=None if route.fall_back is None else _us(route.fall_back.after),
        **{key: value for key, value in given.items() if value is not UNSET},
    )
    ahead = next_position(path_of(plan, route), at)
    if ahead is None:
        return bounds
    if ahead.phase == Phase.CANDIDATE:
        bounds = replace(bounds, data=data_before_cutover(plan, route))
    if needs_person(route, at, ahead):
        bounds = replace(bounds, approval=True)
    if _milestone_asks_for_rehearsal(plan, route, at, ahead):
        bounds = replace(bounds, rehearsed=True)
    if not _is_mirrored(plan, route) or route.compare.body == "none":
        bounds = replace(bounds, compared_min=0)
    return bounds


def _milestone_asks_for_rehearsal(
    plan: Plan, route: RoutePlan, at: Position, ahead: Position
) -> bool:
    """Whether the next step reaches the phase of a milestone that demands the evidence."""
    return any(
        milestone.rehearsed
        and route.name in milestone.routes
        and ORDER[at.phase] < ORDER[milestone.phase] <= ORDER[ahead.phase]
        for milestone in plan.milestones
    )


def needs_person(route: RoutePlan, at: Position, ahead: Position) -> bool:
    """Whether the plan lets nobody but a person take this step."""
    is_new = ahead.phase != at.phase
    return is_new and (
        ahead.phase == Phase.RETIRED or ORDER[ahead.phase] > ORDER[route.auto_advance_to]
    )


def is_candidate_asked(plan: Plan, route: RoutePlan, at: Position) -> bool:
    """Whether any request of the route can reach the candidate where it stands."""
    if at.phase in (Phase.CANARY, Phase.RAMP, Phase.CANDIDATE) and takes_reads(route):
        return True
    if at.phase == Phase.CANDIDATE and at.writes_to == "candidate":
        return True
    return at.phase not in (Phase.LEGACY, Phase.RETIRED) and _is_mirrored(plan, route)


def takes_reads(route: RoutePlan) -> bool:
    return not route.methods or any(method in SAFE_METHODS for method in route.methods)


def _is_mirrored(plan: Plan, route: RoutePlan) -> bool:
    shadow: ShadowPlan = route.shadow or plan.shadow
    mirrors = takes_reads(route) or (takes_writes(route) and shadow.writes != "never")
    return basis_points(shadow.sample) > 0 and mirrors


def _us(duration: Any) -> Any:
    return UNSET if duration is UNSET else milliseconds(duration) * 1_000


def _part(share: Any) -> Any:
    return UNSET if share is UNSET else float(Decimal(share.removesuffix("%")) / 100)
