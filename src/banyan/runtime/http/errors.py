"""What the HTTP layer itself refuses, before or after an operation's handler runs.

A class's docstring is its entry on the page of problems: what to do about it.
"""

from banyan.kernel import (
    BanyanError,
    Conflict,
    Forbidden,
    InvalidRequest,
    NotAuthenticated,
    NotFound,
    RateLimited,
    TooLarge,
    Unprocessable,
    UnsupportedMedia,
)
from banyan.runtime.database import DatabaseUnavailable


class InvalidApiKey(NotAuthenticated):
    """Send `Authorization: Bearer <key>` with a key that is active. Keys are made in the console."""

    code = "invalid_api_key"
    title = "No valid API key"


class MissingScope(Forbidden):
    """Use a key that has the scope named in the answer, or add the scope to this key."""

    code = "missing_scope"
    title = "Missing scope"


class MalformedJson(InvalidRequest):
    """The body is not JSON in UTF-8. The answer names the line and the column."""

    code = "malformed_json"
    title = "Malformed JSON"


class JsonExpected(UnsupportedMedia):
    """Send the body as JSON, with `Content-Type: application/json`."""

    code = "unsupported_media_type"
    title = "Unsupported media type"


class MediaTypeRefused(UnsupportedMedia):
    """This operation takes a file. Send it with one of the content types that the answer names."""

    code = "media_type_refused"
    title = "Not a content type of this operation"


class BodyTooLarge(TooLarge):
    """Send less at once: the answer names the limit in bytes."""

    code = "body_too_large"
    title = "Body too large"


class RouteNotFound(NotFound):
    """Nothing is served at this path. Compare it with the reference; ids stand in for `{…}`."""

    code = "route_not_found"
    title = "No such path"


class MethodNotAllowed(BanyanError):
    """The path exists, but not with this method. The `Allow` header lists the ones it has."""

    code = "method_not_allowed"
    title = "Method not allowed"

    def __init__(self, allow: str) -> None:
        super().__init__(f"This path answers {allow}.")
        self.allow = allow


class RateExceeded(RateLimited):
    """Wait for the seconds in `Retry-After`, then send the same request again."""

    code = "rate_limited"
    title = "Too many requests"

    def __init__(self, retry_after_s: int) -> None:
        super().__init__(f"Wait {retry_after_s} s, then send the same request again.")
        self.retry_after_s = retry_after_s


class IdempotencyKeyMissing(InvalidRequest):
    """This operation moves money: send an `Idempotency-Key`, so that a retry can't move it twice."""

    code = "idempotency_key_missing"
    title = "Idempotency-Key missing"


class IdempotencyInFlight(Conflict):
    """The first request with this key still runs. Send it again in a moment for its answer."""

    code = "idempotency_in_flight"
    title = "Still running"
    retryable = True


class IdempotencyKeyReused(Unprocessable):
    """This key was used for another request. Use a new key for each new request."""

    code = "idempotency_key_reused"
    title = "Idempotency key reused"


class InternalError(BanyanError):
    """A fault of ours, which has been logged. Quote the request id when you ask about it."""

    code = "internal_error"
    title = "Internal error"


HTTP_ERRORS: tuple[type[BanyanError], ...] = (
    InvalidRequest,
    InvalidApiKey,
    MissingScope,
    MalformedJson,
    JsonExpected,
    MediaTypeRefused,
    BodyTooLarge,
    RouteNotFound,
    MethodNotAllowed,
    RateExceeded,
    IdempotencyKeyMissing,
    IdempotencyInFlight,
    IdempotencyKeyReused,
    DatabaseUnavailable,
    InternalError,
)
