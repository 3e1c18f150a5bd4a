"""What comparison refuses."""

from banyan.kernel import InvalidRequest, NotFound


class DivergenceNotFound(NotFound):
    """Check the id. Divergences of another marketplace, or of the other mode, are not seen."""

    code = "divergence_not_found"
    title = "No such divergence"


class DecisionIncomplete(InvalidRequest):
    """A decision says why, and ``fix`` also who mends it: give both, and send it again."""

    code = "decision_incomplete"
    title = "The decision is incomplete"
