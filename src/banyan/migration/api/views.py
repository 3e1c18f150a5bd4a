"""Records of migration as the API shows them."""

from banyan.migration.api.shapes import (
    MigrationChangeView,
    MigrationControlPlaneView,
    MigrationMilestoneView,
    MigrationMinuteView,
    MigrationNextView,
    MigrationPlanView,
    MigrationRouteView,
    MigrationStatusView,
    MigrationVerdictView,
)
from banyan.migration.model.standing import (
    PLAN,
    Change,
    ControllerBeat,
    Minute,
    PlanStatus,
    RouteStatus,
    StoredPlan,
    StoredVerdict,
)


def plan_view(one: StoredPlan, *, livemode: bool) -> MigrationPlanView:
    return MigrationPlanView(
        id=PLAN.text(one.plan_id),
        livemode=livemode,
        name=one.name,
        title=str(one.document.get("title", "")),
        version=one.version,
        applied_by=one.applied_by,
        why=one.why,
        applied_at=one.applied_at,
        source=one.source,
    )


def status_view(one: PlanStatus, *, livemode: bool) -> MigrationStatusView:
    return MigrationStatusView(
        id=PLAN.text(one.stored.plan_id),
        livemode=livemode,
        name=one.stored.name,
        version=one.stored.version,
        routes=[route_view(each) for each in one.routes],
        milestones=[
            MigrationMilestoneView(
                name=each.name,
                on=each.on,
                phase=each.phase,
                state=each.state,
                missing=list(each.missing),
                sentence=each.sentence,
            )
            for each in one.milestones
        ],
        control_plane=None if one.controller is None else _control_plane(one.controller),
    )


def route_view(one: RouteStatus) -> MigrationRouteView:
    standing = one.standing
    return MigrationRouteView(
        name=one.plan.name,
        title=one.plan.title,
        owner=one.plan.owner,
        dependents=list(one.plan.dependents),
        phase=standing.phase,
        read_bp=standing.read_bp,
        writes_to=standing.writes_to,
        change=standing.change,
        entered_at=standing.entered_at,
        held_why=standing.held_why or None,
        approved_for=standing.approved_for or None,
        next=None if one.next is None else MigrationNextView(
            phase=one.next.phase, read_bp=one.next.read_bp
        ),
        sentence=one.sentence,
        verdict=None if one.verdict is None else _verdict(one.verdict),
    )  # fmt: skip


def change_view(one: Change) -> MigrationChangeView:
    return MigrationChangeView(
        route=one.route,
        change=one.change,
        kind=one.kind,
        from_phase=one.from_phase,
        to_phase=one.to_phase,
        from_bp=one.from_bp,
        to_bp=one.to_bp,
        writes_to=one.writes_to,
        by=one.by,
        why=one.why,
        numbers=one.numbers,
        decided_at=one.decided_at,
        effective_at=one.effective_at,
    )


def minute_view(one: Minute) -> MigrationMinuteView:
    return MigrationMinuteView(
        route=one.route,
        side=one.side,
        phase=one.phase,
        minute=one.minute,
        requests=one.requests,
        errors=one.errors,
        fall_backs=one.fall_backs,
        buckets=one.buckets,
    )


def _verdict(one: StoredVerdict) -> MigrationVerdictView:
    return MigrationVerdictView(
        verdict=one.verdict,
        sentence=one.sentence,
        since=one.since,
        judged_at=one.judged_at,
        gates=list(one.numbers.get("gates", [])),
    )


def _control_plane(one: ControllerBeat) -> MigrationControlPlaneView:
    return MigrationControlPlaneView(
        holder=one.holder,
        beat_at=one.beat_at,
        version=one.version,
        says=one.says,
        data_plane=one.data_plane,
    )
