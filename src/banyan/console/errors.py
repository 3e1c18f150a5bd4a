"""Refusals of the console."""

from banyan.kernel import Conflict, Forbidden, InvalidRequest, NotAuthenticated, NotFound


class SignInRefused(NotAuthenticated):
    code = "sign_in_refused"
    title = "Not signed in"


class FormExpired(Forbidden):
    code = "form_expired"
    title = "The form has expired"


class NotPermitted(Forbidden):
    code = "not_permitted"
    title = "Your role does not allow this"


class PageNotFound(NotFound):
    code = "page_not_found"
    title = "No such page"


class InvalidUser(InvalidRequest):
    code = "invalid_user"
    title = "Invalid user"


class EmailTaken(Conflict):
    code = "email_taken"
    title = "The e-mail address has an account"


class ReasonMissing(InvalidRequest):
    """Say why: the reason is kept with the step."""

    code = "reason_missing"
    title = "A reason is missing"
