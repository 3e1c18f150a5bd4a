"""What can go wrong, in three kinds that never mix.

A *bug* is an ``assert`` and ends the task. An *expected outcome* (declined, denied, no match) is a
returned value. A *refusal* is one of these::

    BanyanError
    ├── InvalidRequest      the request can't be understood; correct it
    │   ├── InvalidId, InvalidMoney, InvalidCursor …
    ├── NotAuthenticated    who is asking is not known
    ├── Forbidden           the asker may not do this
    ├── NotFound            no such thing in this marketplace
    ├── Conflict            not in the present state, or not at the same time
    ├── TooLarge            more than we take at once
    ├── UnsupportedMedia    not a format we read
    ├── Unprocessable       understood, but against a rule
    ├── RateLimited         too many; later
    └── Unavailable         our fault and passing; the same request may be sent again

Contexts subclass these and set ``code``. Only the HTTP layer and the command line know what a kind
means to the outside (a status, an exit code).
"""

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong with a request.

    ``pointer`` is a JSON pointer into the body (RFC 6901), ``parameter`` names a query, path or
    header parameter; a fault has at most one of them.
    """

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None


class BanyanError(Exception):
    """A refusal: a stable ``code``, a sentence that tells what to do next, and its faults."""

    code: ClassVar[str] = "refused"
    title: ClassVar[str] = "Refused"
    retryable: ClassVar[bool] = False

    def __init__(self, detail: str, *, faults: tuple[Fault, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.faults = faults


class InvalidRequest(BanyanError):
    code = "invalid_request"
    title = "Invalid request"


class NotAuthenticated(BanyanError):
    code = "not_authenticated"
    title = "Not authenticated"


class Forbidden(BanyanError):
    code = "forbidden"
    title = "Forbidden"


class NotFound(BanyanError):
    code = "not_found"
    title = "Not found"


class Conflict(BanyanError):
    code = "conflict"
    title = "Conflict"


class TooLarge(BanyanError):
    code = "too_large"
    title = "Too large"


class UnsupportedMedia(BanyanError):
    code = "unsupported_media_type"
    title = "Unsupported media type"


class Unprocessable(BanyanError):
    code = "unprocessable"
    title = "Against a rule"


class RateLimited(BanyanError):
    code = "rate_limited"
    title = "Too many requests"
    retryable = True


class Unavailable(BanyanError):
    code = "unavailable"
    title = "Unavailable for the moment"
    retryable = True
