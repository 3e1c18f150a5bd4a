"""One request as it came in, and the reading of its parts that every operation needs."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from starlette.types import Receive, Scope

from banyan.kernel import IdKind, new_id
from banyan.runtime.http.answers import JSON, Headers
from banyan.runtime.http.errors import BodyTooLarge, InvalidApiKey, JsonExpected, MediaTypeRefused

REQUEST = IdKind("req")

_REQUEST_ID = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")
_TRACEPARENT = re.compile(rb"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}(-.*)?")


class ClientGone(Exception):
    """The client went away before its request was whole; there is nobody to answer."""


@dataclass(slots=True)
class Incoming:
    """A request. ``answer_headers`` go out with whatever answer it gets."""

    method: str
    path: str
    query: bytes
    headers: dict[bytes, bytes]
    receive: Receive
    request_id: str
    answer_headers: Headers = field(default_factory=Headers)

    @staticmethod
    def of(scope: Scope, receive: Receive) -> "Incoming":
        headers = dict(scope["headers"])
        request_id = _request_id(headers)
        return Incoming(
            scope["method"],
            scope["path"],
            scope["query_string"],
            headers,
            receive,
            request_id,
            [(b"request-id", request_id.encode())],
        )

    def bearer_token(self) -> str:
        """The API key; ``InvalidApiKey`` says how to send one."""
        scheme, _, token = self.headers.get(b"authorization", b"").partition(b" ")
        if scheme.lower() != b"bearer" or not token or not token.isascii():
            raise InvalidApiKey("Send your API key as `Authorization: Bearer <key>`.")
        return token.decode().strip()

    async def json_body(self, size_max: int) -> bytes:
        """The bytes of a JSON body of at most ``size_max``; ``JsonExpected``, ``BodyTooLarge``."""
        if not self._is_json() and not self._is_without_body():
            raise JsonExpected("Send the body as `Content-Type: application/json`.")
        return await self._read(size_max)

    async def raw_body(self, media_types: Sequence[str], size_max: int) -> bytes:
        """The bytes of a body of one of these types; ``MediaTypeRefused``, ``BodyTooLarge``."""
        given = (
            self.headers.get(b"content-type", b"")
            .partition(b";")[0]
            .strip()
            .lower()
            .decode("latin-1")
        )
        if given not in media_types:
            expected = " or ".join(f"`{media_type}`" for media_type in media_types)
            raise MediaTypeRefused(f"Send the body with the `Content-Type` {expected}.")
        return await self._read(size_max)

    async def _read(self, size_max: int) -> bytes:
        length = self.headers.get(b"content-length", b"")
        if length.isdigit() and int(length) > size_max:
            raise _too_large(size_max)
        body = bytearray()
        while True:
            message = await self.receive()
            if message["type"] != "http.request":
                raise ClientGone
            body += message.get("body", b"")
            if len(body) > size_max:
                raise _too_large(size_max)
            if not message.get("more_body", False):
                return bytes(body)

    def _is_json(self) -> bool:
        given = self.headers.get(b"content-type", b"")
        return given == JSON or given.partition(b";")[0].strip().lower() == JSON

    def _is_without_body(self) -> bool:
        length = self.headers.get(b"content-length", b"0")
        return length == b"0" and b"transfer-encoding" not in self.headers


def _request_id(headers: dict[bytes, bytes]) -> str:
    """The caller's ``X-Request-Id`` or trace id if it is a sane one, else a new id."""
    given = headers.get(b"x-request-id")
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given.decode()
    trace = _TRACEPARENT.fullmatch(headers.get(b"traceparent", b""))
    if trace is not None:
        return trace[1].decode()
    return REQUEST.text(new_id())


def _too_large(size_max: int) -> BodyTooLarge:
    return BodyTooLarge(f"The body is larger than {size_max} bytes.")
