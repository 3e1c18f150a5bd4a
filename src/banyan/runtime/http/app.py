"""The HTTP application: operations, the pages that describe them, and the routes handed in."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute
from starlette.types import ExceptionHandler, Lifespan

from banyan.kernel import BanyanError
from banyan.runtime.database import Database
from banyan.runtime.http.answers import Answer
from banyan.runtime.http.dispatch import Observe, OperationDispatch
from banyan.runtime.http.docs_page import docs_routes
from banyan.runtime.http.endpoint import Authenticate, Endpoint, Services
from banyan.runtime.http.errors import InternalError, MethodNotAllowed, RouteNotFound
from banyan.runtime.http.incoming import Incoming
from banyan.runtime.http.openapi import Tag, openapi
from banyan.runtime.http.operations import Operation, checked
from banyan.runtime.http.problems import problem_answer
from banyan.runtime.http.rates import Rate, RateLimiter

BODY_BYTES_MAX = 1_048_576
RATES: Mapping[str, Rate] = {"default": Rate(quota=6_000, window_s=60)}


def http_app(
    *,
    operations: Sequence[Operation],
    database: Database,
    authenticate: Authenticate,
    routes: Sequence[BaseRoute] = (),
    tags: Sequence[Tag] = (),
    rates: Mapping[str, Rate] = RATES,
    body_bytes_max: int = BODY_BYTES_MAX,
    observe: Observe | None = None,
    public_url: str = "",
    exception_handlers: Mapping[Any, ExceptionHandler] | None = None,
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    """An ASGI application that serves ``operations``, their description, and ``routes``.

    ``authenticate`` turns a bearer token into who is asking (None: nobody). ``rates`` names the
    rate classes that operations may use; ``observe`` is told of each answer. Errors of ``routes``
    become problems too, unless ``exception_handlers`` has something better.
    """
    every = checked(operations)
    limiters = {name: RateLimiter[UUID](name, rate) for name, rate in rates.items()}
    services = Services(database, authenticate, limiters, body_bytes_max)
    endpoints = [Endpoint(operation, services) for operation in every]
    document = openapi(every, tags=tags, public_url=public_url)
    return Starlette(
        routes=[*docs_routes(every, document), *routes],
        middleware=[Middleware(OperationDispatch, endpoints=endpoints, observe=observe)],
        exception_handlers={
            HTTPException: _on_http_exception,
            BanyanError: _on_refusal,
            Exception: _on_bug,
            **(exception_handlers or {}),
        },
        lifespan=lifespan,
    )


async def _on_http_exception(request: Request, error: Exception) -> Response:
    """Starlette's own refusals: mostly that there is no such path."""
    assert isinstance(error, HTTPException)
    if error.status_code == 405:
        allow = (error.headers or {}).get("Allow", "")
        return _problem(request, MethodNotAllowed(allow))
    if error.status_code == 404:
        return _problem(request, RouteNotFound(f"Nothing is served at {request.url.path[:100]}."))
    return Response(error.detail, error.status_code, error.headers)


async def _on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, BanyanError)
    return _problem(request, error)


async def _on_bug(request: Request, error: Exception) -> Response:  # noqa: ARG001 - Starlette logs it
    return _problem(request, InternalError("This is a fault of ours."))


def _problem(request: Request, error: BanyanError) -> Response:
    incoming = Incoming.of(request.scope, request.receive)
    answer = problem_answer(error, incoming.request_id)
    return _response(answer, incoming)


def _response(answer: Answer, incoming: Incoming) -> Response:
    headers = {
        name.decode(): value.decode() for name, value in [*incoming.answer_headers, *answer.headers]
    }
    return Response(answer.body, answer.status, headers, media_type=answer.media_type.decode())
