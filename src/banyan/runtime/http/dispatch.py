"""The ASGI entry: requests of an operation are answered here, everything else passes through.

It stands in front of Starlette's router, which costs several times what this look-up does.
"""

import logging
import time
from collections.abc import Callable, Sequence

from starlette.types import ASGIApp, Receive, Scope, Send

from banyan.kernel import BanyanError
from banyan.runtime.http.answers import Answer, send_answer
from banyan.runtime.http.endpoint import Endpoint
from banyan.runtime.http.errors import InternalError, MethodNotAllowed
from banyan.runtime.http.incoming import ClientGone, Incoming
from banyan.runtime.http.problems import problem_answer
from banyan.runtime.http.routing import Found, tree_of

Observe = Callable[[str, int, float], None]
"""Told of every answer: operation id, status, seconds."""

log = logging.getLogger("banyan.http")


class OperationDispatch:
    """Answers operations; hands what it doesn't know to ``app``."""

    def __init__(
        self, app: ASGIApp, endpoints: Sequence[Endpoint], observe: Observe | None
    ) -> None:
        self._app = app
        self._observe = observe
        self._tree = tree_of(
            (endpoint.operation.method, endpoint.operation.path, endpoint) for endpoint in endpoints
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        match = self._tree.find(scope["path"]) if scope["type"] == "http" else None
        if match is None:
            await self._app(scope, receive, send)
            return
        started_s = time.perf_counter()
        found, texts = match
        incoming = Incoming.of(scope, receive)
        is_head = incoming.method == "HEAD"
        endpoint = found.by_method.get("GET" if is_head else incoming.method)
        try:
            answer = await _answer(incoming, found, endpoint, texts)
        except ClientGone:
            return
        await send_answer(send, answer, incoming.answer_headers, head_only=is_head)
        name = "unknown" if endpoint is None else endpoint.operation.id
        if self._observe is not None:
            self._observe(name, answer.status, time.perf_counter() - started_s)


async def _answer(
    incoming: Incoming, found: Found[Endpoint], endpoint: Endpoint | None, texts: list[str]
) -> Answer:
    """The endpoint's answer, or the problem that came of it. Nothing of a bug leaks out."""
    try:
        if endpoint is None and incoming.method == "OPTIONS":
            return Answer(204, headers=[(b"allow", found.allow.encode())])
        if endpoint is None:
            raise MethodNotAllowed(found.allow)
        return await endpoint.answer(incoming, found.names, texts)
    except BanyanError as refusal:
        return problem_answer(refusal, incoming.request_id)
    except ClientGone:
        raise
    except Exception:
        log.exception("request failed", extra={"request_id": incoming.request_id})
        detail = f"This is a fault of ours. Quote {incoming.request_id} when you ask about it."
        return problem_answer(InternalError(detail), incoming.request_id)
