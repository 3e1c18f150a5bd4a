"""Refusals of the movement of data."""

from banyan.kernel import Conflict, InvalidRequest, NotFound, Unavailable, Unprocessable


class DataSetNotFound(NotFound):
    """Declare it in the plan's section ``data`` and apply the plan."""

    code = "data_set_not_found"
    title = "No such data set"


class MalformedDataPlan(InvalidRequest):
    """Correct the plan at the places that the faults name."""

    code = "malformed_data_plan"
    title = "The plan's data section is wrong"


class DataSetNotVerified(Conflict):
    """Wait until its standing says that it is verified, or repair what differs."""

    code = "data_set_not_verified"
    title = "The data is not verified"


class WrongDataPhase(Conflict):
    """The set is elsewhere on its way; look at its standing."""

    code = "wrong_data_phase"
    title = "Not in this phase of the data"


class NotReversible(Conflict):
    """Give the set a reverse mapping, or leave the new side in charge."""

    code = "data_not_reversible"
    title = "The data has no way back"


class TableUnfit(Unprocessable):
    """Change the table or the plan as the sentence says."""

    code = "data_table_unfit"
    title = "The table can't be moved as planned"


class SideUnavailable(Unavailable):
    """The database of one side can't be reached; it is tried again."""

    code = "data_side_unavailable"
    title = "A side's database can't be reached"


class MoverReplaced(Conflict):
    """Another mover has taken over; this one stops."""

    code = "data_mover_replaced"
    title = "Another mover has taken over"


class MoverRuns(Conflict):
    """Only one mover at a time carries a set; wait or stop the other one."""

    code = "data_mover_runs"
    title = "The set has a mover already"
