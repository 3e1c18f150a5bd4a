"""Refusals as problem details (RFC 9457): the one place that maps kinds to statuses."""

from msgspec import Struct

from banyan.kernel import (
    BanyanError,
    Conflict,
    Forbidden,
    InvalidRequest,
    NotAuthenticated,
    NotFound,
    RateLimited,
    TooLarge,
    Unavailable,
    Unprocessable,
    UnsupportedMedia,
)
from banyan.runtime.http.answers import PROBLEM_JSON, Answer, Headers, encode
from banyan.runtime.http.errors import MethodNotAllowed, RateExceeded

_STATUS: tuple[tuple[type[BanyanError], int], ...] = (
    (InvalidRequest, 400),
    (NotAuthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (MethodNotAllowed, 405),
    (Conflict, 409),
    (TooLarge, 413),
    (UnsupportedMedia, 415),
    (Unprocessable, 422),
    (RateLimited, 429),
    (Unavailable, 503),
)


class FaultShape(Struct, omit_defaults=True, rename=None):
    """One thing that is wrong with the request."""

    code: str
    detail: str
    pointer: str | None = None
    parameter: str | None = None


class Problem(Struct, kw_only=True):
    """Problem details (RFC 9457). `code` is stable; `detail` is for people and may change."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    retryable: bool
    errors: list[FaultShape]


def status_of(error: type[BanyanError]) -> int:
    return next((status for kind, status in _STATUS if issubclass(error, kind)), 500)


def problem_answer(error: BanyanError, request_id: str) -> Answer:
    """The refusal as an answer, with the headers that its status asks for."""
    status = status_of(type(error))
    problem = Problem(
        type=f"/docs/errors#{error.code}",
        title=error.title,
        status=status,
        detail=error.detail,
        code=error.code,
        request_id=request_id,
        retryable=error.retryable,
        errors=[
            FaultShape(fault.code, fault.detail, fault.pointer, fault.parameter)
            for fault in error.faults
        ],
    )
    return Answer(status, encode(problem), PROBLEM_JSON, _headers(error))


def _headers(error: BanyanError) -> Headers:
    if isinstance(error, NotAuthenticated):
        return [(b"www-authenticate", b'Bearer realm="Banyan"')]
    if isinstance(error, MethodNotAllowed):
        return [(b"allow", error.allow.encode())]
    if isinstance(error, RateExceeded):
        return [(b"retry-after", b"%d" % error.retry_after_s)]
    if isinstance(error, Unavailable):
        return [(b"retry-after", b"1")]
    return []
