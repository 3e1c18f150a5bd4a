"""An operation at work: one request in, one answer out.

who (401) → how fast (429) → may they (403) → path and query (400) → body (415, 413, 400)
→ in one transaction: idempotency, handler, stored answer → commit → answer
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from msgspec import Struct
from psycopg.errors import DeadlockDetected, LockNotAvailable, QueryCanceled, SerializationFailure

from banyan.kernel import Fault
from banyan.runtime.database import Database, DatabaseUnavailable
from banyan.runtime.events import Cause
from banyan.runtime.http.answers import CSV, Answer, encode
from banyan.runtime.http.errors import InvalidApiKey, MissingScope
from banyan.runtime.http.idempotency import IdempotentRequest, find_answer, keep_answer
from banyan.runtime.http.incoming import Incoming
from banyan.runtime.http.operations import Call, Operation, Principal
from banyan.runtime.http.query import QueryReader
from banyan.runtime.http.rates import RateLimiter
from banyan.runtime.http.shapes import Csv, File
from banyan.runtime.http.validation import BodyReader, invalid, read_nothing

Authenticate = Callable[[str], Awaitable[Principal | None]]

_ATTEMPTS = 2


@dataclass(frozen=True, slots=True)
class Services:
    """What every endpoint works with."""

    database: Database
    authenticate: Authenticate
    limiters: Mapping[str, RateLimiter[UUID]]
    body_bytes_max: int


class Endpoint:
    """Answers the requests of one operation."""

    def __init__(self, operation: Operation, services: Services) -> None:
        self.operation = operation
        self._services = services
        self._limiter = services.limiters[operation.rate]
        self._read_query = QueryReader(operation.query).read
        self._read_body = None if operation.body is None else BodyReader(operation.body).read

    async def answer(self, incoming: Incoming, names: tuple[str, ...], texts: list[str]) -> Answer:
        """The answer to one request; refusals are raised as ``BanyanError``."""
        operation = self.operation
        key = await self._services.authenticate(incoming.bearer_token())
        if key is None:
            raise InvalidApiKey("This API key is not known, or no longer active.")
        self._limiter.take(key.key_id, incoming.answer_headers)
        _require_scope(operation.scope, key)
        ids, others = self._path(names, texts)
        query = self._read_query(incoming.query)
        raw, body = await self._body(incoming)
        request = None
        if operation.is_idempotent_by_key:
            request = IdempotentRequest.of(
                incoming.headers.get(b"idempotency-key"),
                operation.method.encode(),
                incoming.path.encode(),
                raw,
                needed=operation.needs_idempotency_key,
            )
        call: Call[Any] = Call(
            key=key,
            request_id=incoming.request_id,
            path=ids,
            text=others,
            query=query,
            idempotency_key=None if request is None else request.key,
            database=self._services.database,
        )
        return await self._with_retry(call, body, request)

    def _path(
        self, names: tuple[str, ...], texts: list[str]
    ) -> tuple[dict[str, UUID], dict[str, str]]:
        ids: dict[str, UUID] = {}
        others: dict[str, str] = {}
        for name, text in zip(names, texts, strict=True):
            kind = self.operation.ids.get(name)
            if kind is not None:
                ids[name] = kind.parse(text, parameter=name)
            elif "\0" in text or len(text) > 200:
                detail = "Expected 1 to 200 characters, none of them NUL."
                raise invalid([Fault("wrong_format", detail, parameter=name)])
            else:
                others[name] = text
        return ids, others

    async def _body(self, incoming: Incoming) -> tuple[bytes, Struct | bytes | None]:
        if self.operation.method == "GET":
            return b"", None
        if self.operation.raw is not None:
            raw = await incoming.raw_body(
                self.operation.raw.media_types, self.operation.raw.bytes_max
            )
            return raw, raw
        raw = await incoming.json_body(self._services.body_bytes_max)
        if self._read_body is None:
            read_nothing(raw)
            return raw, None
        return raw, self._read_body(raw)

    async def _with_retry(
        self, call: Call[Any], body: Struct | bytes | None, request: IdempotentRequest | None
    ) -> Answer:
        """Two requests that met in the database: the one that lost is done again, once."""
        for _ in range(_ATTEMPTS):
            try:
                if self.operation.transaction:
                    return await self._in_transaction(call, body, request)
                return await self._around_transactions(call, body, request)
            except (SerializationFailure, DeadlockDetected):
                continue
            except (LockNotAvailable, QueryCanceled) as error:
                raise DatabaseUnavailable("The database is busy; send it again.") from error
        raise DatabaseUnavailable("Too many requests changed the same thing; send it again.")

    async def _in_transaction(
        self, call: Call[Any], body: Struct | bytes | None, request: IdempotentRequest | None
    ) -> Answer:
        async with self._services.database.transaction(
            call.key.marketplace_id, _cause(call)
        ) as call.transaction:
            if request is None:
                return await self._handle(call, body)
            answer = await find_answer(call.tx, request)
            if answer is None:
                answer = await self._handle(call, body)
                await keep_answer(call.tx, request, answer)
            return answer

    async def _around_transactions(
        self, call: Call[Any], body: Struct | bytes | None, request: IdempotentRequest | None
    ) -> Answer:
        """For handlers with transactions of their own, whose ids follow from the key."""
        if request is None:
            return await self._handle(call, body)
        database, marketplace_id = self._services.database, call.key.marketplace_id
        async with database.transaction(marketplace_id, _cause(call)) as tx:
            answer = await find_answer(tx, request)
        if answer is None:
            answer = await self._handle(call, body)
            async with database.transaction(marketplace_id, _cause(call)) as tx:
                await keep_answer(tx, request, answer)
        return answer

    async def _handle(self, call: Call[Any], body: Struct | bytes | None) -> Answer:
        arguments = (call,) if body is None else (call, body)
        result = await self.operation.handler(*arguments)
        if self.operation.returns is None:
            return Answer(204)
        if isinstance(result, Csv):
            result = File(result.name, CSV.decode(), result.text.encode())
        if isinstance(result, File):
            return await _file_answer(result)
        return Answer(self.operation.status, encode(result))


def _require_scope(scope: str | None, key: Principal) -> None:
    if scope is not None and scope not in key.scopes:
        raise MissingScope(f"This needs the scope {scope}, which the API key does not have.")


async def _file_answer(file: File) -> Answer:
    how = "inline" if file.is_shown else "attachment"
    headers = [(b"content-disposition", f'{how}; filename="{file.name}"'.encode())]
    if file.is_shown:  # it needs its own style, and nothing else
        headers.append(
            (b"content-security-policy", b"default-src 'none'; style-src 'unsafe-inline'")
        )
    media_type = file.media_type.encode()
    if isinstance(file.body, bytes):
        return Answer(200, file.body, media_type, headers)
    return Answer(200, b"", media_type, headers, chunks=await _begun(file.body))


async def _begun(chunks: AsyncGenerator[bytes]) -> AsyncGenerator[bytes]:
    """The same pieces, once the first is there: what is refused by then is a problem yet."""
    first = await anext(chunks, b"")

    async def every() -> AsyncGenerator[bytes]:
        async with aclosing(chunks):
            yield first
            async for chunk in chunks:
                yield chunk

    return every()


def _cause(call: Call[Any]) -> Cause:
    return Cause("request", call.request_id, call.key.name)
