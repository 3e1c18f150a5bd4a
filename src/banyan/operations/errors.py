"""Refusals of operations."""

from banyan.kernel import Conflict, NotFound, Unprocessable


class CaseNotFound(NotFound):
    code = "case_not_found"
    title = "No such case"


class CaseClosed(Conflict):
    code = "case_closed"
    title = "The case is closed"


class ResolutionNotAllowed(Unprocessable):
    code = "resolution_not_allowed"
    title = "Not a resolution of this case"
