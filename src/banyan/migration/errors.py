"""What migration refuses."""

from banyan.kernel import Conflict, InvalidRequest, NotFound, Unprocessable


class InvalidPlan(InvalidRequest):
    """The plan has faults; each names its line and place. Nothing of it was applied: correct them all,
    and try again with ``banyan migrate validate``."""

    code = "invalid_plan"
    title = "The plan has faults"


class PlanNotFound(NotFound):
    """No plan of this name or id was applied in this marketplace. ``banyan migrate apply`` does."""

    code = "plan_not_found"
    title = "No such plan"


class PlanMoved(Conflict):
    """Somebody else has applied a version since yours was compared. Look at the difference again."""

    code = "plan_moved"
    title = "The plan has changed meanwhile"


class PlanUnsafe(Unprocessable):
    """A route that carries customers can't be taken out of the plan, sent to another candidate or be
    given other requests: nobody has seen how those fare. Roll it back first."""

    code = "plan_unsafe"
    title = "Customers are on a route that would change"


class RouteNotFound(NotFound):
    """The plan has no route of this name; ``banyan migrate status`` lists them."""

    code = "migration_route_not_found"
    title = "No such route"


class RouteMoved(Conflict):
    """The route has taken another step since you looked. Look again, then decide."""

    code = "route_moved"
    title = "The route has moved meanwhile"


class RouteNotReady(Unprocessable):
    """The route may not take this step now; the sentence says what it waits for. A step can be forced
    by whoever says why."""

    code = "route_not_ready"
    title = "Not ready for this step"


class NoWayBack(Unprocessable):
    """Legacy lacks what the candidate has written, or is no longer there: rolling back would lose it.
    Have reverse replication running and verified, or force it and say why."""

    code = "no_way_back"
    title = "Rolling back isn't safe"


class DataPlaneLed(Conflict):
    """A control plane tells this data plane, and would go on: end that ``banyan gateway`` first."""

    code = "data_plane_led"
    title = "A control plane runs here"


class EvidenceInvalid(InvalidRequest):
    """The file isn't evidence of a rehearsal, or was changed after it was signed: ask for the file as
    ``banyan migrate rehearse`` wrote it, or rehearse anew."""

    code = "evidence_invalid"
    title = "Not valid evidence"


class RehearsalImpossible(Unprocessable):
    """The rehearsal can't be held like this; the sentence says what it lacks."""

    code = "rehearsal_impossible"
    title = "Nothing was rehearsed"
