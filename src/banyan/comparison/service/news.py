"""The events of comparison."""

from banyan.comparison.model import DIVERGENCE, PLAN, Divergence
from banyan.runtime import Event, Json


def found(one: Divergence) -> Event:
    return Event("divergence.found", DIVERGENCE.text(one.divergence_id), _about(one))


def returned(one: Divergence) -> Event:
    return Event("divergence.returned", DIVERGENCE.text(one.divergence_id), _about(one))


def decided(one: Divergence, choice: str) -> Event:
    payload = _about(one) | {"choice": choice, "why": one.why, "by": one.decided_by}
    return Event("divergence.decided", DIVERGENCE.text(one.divergence_id), payload)


def _about(one: Divergence) -> dict[str, Json]:
    return {
        "plan": PLAN.text(one.plan_id),
        "route": one.route,
        "source": one.source,
        "title": one.title,
        "state": one.state,
        "owner": one.owner,
        "requests": one.requests,
    }
