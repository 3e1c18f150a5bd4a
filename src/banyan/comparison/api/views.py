"""Records shaped for answers, and reports read into findings."""

from banyan.comparison.api.shapes import (
    DivergenceDecisionView,
    DivergenceDifferenceView,
    DivergenceExampleView,
    DivergenceSignificanceView,
    DivergenceView,
    ReportDivergences,
)
from banyan.comparison.model import DIVERGENCE, PLAN, Divergence, Example, Finding, Shown
from banyan.difference import Asked, Comparison, Difference


def divergence_view(one: Divergence, *, livemode: bool) -> DivergenceView:
    return DivergenceView(
        id=DIVERGENCE.text(one.divergence_id),
        livemode=livemode,
        plan=PLAN.text(one.plan_id),
        route=one.route,
        source=one.source,
        title=one.title,
        pattern=one.pattern,
        kind=one.kind,
        also=one.also,
        requests=one.requests,
        requests_after=one.requests_after,
        first_seen_at=one.first_seen_at,
        last_seen_at=one.last_seen_at,
        state=one.state,
        owner=one.owner,
        why=one.why,
        decided_by=one.decided_by,
        decided_at=one.decided_at,
        fixed_in=one.fixed_in,
        returned=one.returned,
    )


def shown_view(shown: Shown, *, livemode: bool) -> DivergenceView:
    view = divergence_view(shown.divergence, livemode=livemode)
    view.significance = DivergenceSignificanceView(
        e_value=shown.significance.e_value,
        is_beyond_noise=shown.significance.is_beyond_noise,
        sentence=shown.significance.sentence,
    )
    view.examples = [_example(one) for one in shown.examples]
    view.decisions = [
        DivergenceDecisionView(
            choice=one.choice,
            state=one.state,
            owner=one.owner,
            why=one.why,
            by=one.by,
            fixed_in=one.fixed_in,
            decided_at=one.decided_at,
        )
        for one in shown.decisions
    ]
    return view


def report_of(body: ReportDivergences) -> list[Finding]:
    """Its observations as findings; not masked yet."""
    return [
        Finding(
            request_id=one.id,
            route=body.experiment,
            at=one.at,
            asked=Asked("CALL", body.experiment),
            comparison=Comparison(
                differences=tuple(
                    Difference(
                        d.path,
                        d.pattern,
                        d.kind,
                        d.legacy,
                        d.candidate,
                        d.legacy_shape,
                        d.candidate_shape,
                        d.detail,
                    )
                    for d in one.differences
                )
            ),
            source="experiment",
            legacy_us=one.control_us,
            candidate_us=one.candidate_us,
            version=one.version,
            context=one.context,
        )
        for one in body.observations
    ]


def _example(one: Example) -> DivergenceExampleView:
    return DivergenceExampleView(
        request_id=one.request_id,
        method=one.method,
        path=one.path,
        headers=one.headers,
        legacy_status=one.legacy_status,
        candidate_status=one.candidate_status,
        legacy_us=one.legacy_us,
        candidate_us=one.candidate_us,
        differences=[DivergenceDifferenceView(**difference) for difference in one.differences],
        context=one.context,
        seen_at=one.seen_at,
    )
