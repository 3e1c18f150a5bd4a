"""What a request is and what an answer: the shop's own little framework."""

import hashlib
import json
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, quote, unquote
from zoneinfo import ZoneInfo

from examples.legacy_shop.server import Headers

ZONE = ZoneInfo("America/Sao_Paulo")
HTML = "text/html; charset=utf-8"
JSON = "application/json; charset=utf-8"


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    cookies: dict[str, str]
    headers: dict[str, str]
    body: Any
    form: dict[str, str] = field(default_factory=dict[str, str])
    user: dict[str, Any] | None = None
    sid: str = ""
    flash: str = ""

    @staticmethod
    def of(environment: dict[str, Any]) -> "Request":
        cookies = SimpleCookie(environment.get("HTTP_COOKIE", ""))
        request = Request(
            method=environment["REQUEST_METHOD"],
            path=environment["PATH_INFO"].encode("latin-1").decode("utf-8", "replace"),
            query=dict(parse_qsl(environment["QUERY_STRING"])),
            cookies={name: morsel.value for name, morsel in cookies.items()},
            headers={
                name.removeprefix("HTTP_").replace("_", "-").lower(): value
                for name, value in environment.items()
                if name.startswith("HTTP_")
            },
            body=environment["wsgi.input"],
        )
        request.flash = unquote(request.cookies.get("flash", ""))
        if "x-www-form-urlencoded" in environment["CONTENT_TYPE"]:
            request.form = dict(parse_qsl(request.body.read(100_000).decode("utf-8", "replace")))
        return request

    def number(self, name: str, otherwise: int) -> int:
        text = self.query.get(name, "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else otherwise


@dataclass
class Response:
    """``body`` is bytes, whose length is told, or parts, which are sent in chunks."""

    status: str
    body: bytes | Iterable[bytes]
    content_type: str = HTML
    headers: Headers = field(default_factory=list[tuple[str, str]])

    def cookie(self, name: str, value: str, *attributes: str) -> "Response":
        text = "; ".join((f"{name}={quote(value)}", "Path=/", *attributes))
        self.headers.append(("Set-Cookie", text))
        return self

    def forget(self, name: str) -> "Response":
        return self.cookie(name, "", "Expires=Thu, 01 Jan 1970 00:00:00 GMT", "Max-Age=0")

    def all_headers(self) -> Headers:
        headers: Headers = [("Content-Type", self.content_type), *self.headers]
        if isinstance(self.body, bytes):
            headers.append(("Content-Length", str(len(self.body))))
        return headers


def redirect(to: str, flash: str = "") -> Response:
    """Also how the shop tells of most errors: somewhere else, with a message."""
    response = Response("302 Found", b"", headers=[("Location", to)])
    return response.cookie("flash", flash) if flash else response


def json_response(content: object, status: str = "200 OK") -> Response:
    return Response(status, json.dumps(content).encode(), JSON)


def now_text() -> str:
    """The time on the wall in Sao Paulo; which zone that is, nobody wrote down."""
    return datetime.now(ZONE).strftime("%Y-%m-%d %H:%M:%S")


def csrf_token(secret: str, sid: str) -> str:
    """Another one each time, good as long as the session."""
    salt = secrets.token_hex(8)
    return salt + _signature(secret, sid, salt)


def is_csrf_token(secret: str, sid: str, token: str) -> bool:
    return bool(sid) and secrets.compare_digest(
        token[16:].encode(), _signature(secret, sid, token[:16]).encode()
    )


def _signature(secret: str, sid: str, salt: str) -> str:
    return hashlib.sha256(f"{secret}:{sid}:{salt}".encode()).hexdigest()[:32]
