"""What a replay refuses."""

from banyan.kernel import InvalidRequest, NotFound, Unavailable, Unprocessable


class SourceNotFound(NotFound):
    """A file of the data set is not in the folder."""

    code = "replay_source_not_found"
    title = "No such data"


class InvalidSource(InvalidRequest):
    """A file of the data set can't be read; the sentence names the file, the row and the column."""

    code = "replay_source_invalid"
    title = "Data that can't be read"


class NothingToReplay(InvalidRequest):
    """The data set is well formed, but holds no order that says what was bought."""

    code = "replay_nothing_to_do"
    title = "Nothing to replay"


class MarketplaceUnreachable(Unavailable):
    """The marketplace did not answer for as long as a restart may take."""

    code = "replay_marketplace_unreachable"
    title = "The marketplace does not answer"


class WorkerStandsStill(Unavailable):
    """Jobs are due and nobody does them."""

    code = "replay_worker_stands_still"
    title = "The worker stands still"


class CallRefused(Unprocessable):
    """The marketplace refused a call that a replay can't go on without."""

    code = "replay_call_refused"
    title = "The marketplace refused a call"
