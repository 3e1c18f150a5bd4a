"""A candidate that answers exactly as legacy does, until it is told to fail in one of many ways.

``python -m tests.migration.soak.candidate PORT DATABASE``; ``PUT /_fault`` with the names of faults by
the first segment of the paths that have them (JSON; ``*``: all others). It is legacy's own code on legacy's own tables, so that whatever customers notice comes
from the fault and not from the candidate. Answers have a length: Envoy holds only such ones back.
"""

import json
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from examples.legacy_shop.application import LegacyShop
from examples.legacy_shop.database import Database
from examples.legacy_shop.server import Handler, Headers, Server, StartResponse

SLOW_S = 3.0
HANG_S = 40.0
"""Longer than Envoy waits for a shadow (30 s)."""
FAULTS = (
    "error",
    "unavailable",
    "hang",
    "slow",
    "reset",
    "truncated",
    "garbage",
    "wrong_body",
    "wrong_cookie",
    "slow_database",
)
"""What a running candidate can do wrong; a crashed one is killed by the test.

What is wrong with a wrong body is nothing that the customers of these tests look at: whoever is at the
candidate sees it until it is found.
"""


class Whole:
    """Answers in one piece, with their length; changed as the fault wants it."""

    def __init__(self, shop: LegacyShop) -> None:
        self._shop = shop
        self.faults: dict[str, str] = {}

    def fault_of(self, path: str) -> str:
        first = path.partition("?")[0].split("/")[1]
        return self.faults.get(first, self.faults.get("*", "none"))

    def __call__(self, environment: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        told: list[tuple[str, Headers]] = []
        parts = self._shop(environment, lambda status, headers: told.append((status, headers)))
        if environment["PATH_INFO"] == "/events/stock":
            start(*told[0])
            return parts
        body = b"".join(parts)
        status, headers = told[0]
        fault = self.fault_of(environment["PATH_INFO"])
        if fault == "wrong_body":
            body = body.replace(b"since 2009", b"since 2010").replace(b"created_at", b"createdAt")
        if fault == "wrong_cookie":
            headers.append(("Set-Cookie", "cart=; Path=/; Max-Age=0"))
        kept = [(name, value) for name, value in headers if name.lower() != "content-length"]
        start(status, [*kept, ("Content-Length", str(len(body)))])
        return [body]


class Faulty(Handler):
    """Fails below HTTP where a WSGI application can't."""

    turns = 0

    def answer(self) -> None:
        application = self.server.application
        assert isinstance(application, Whole)
        if self.path == "/_fault":
            size = int(self.headers["Content-Length"])
            application.faults = json.loads(self.rfile.read(size))
            self._say(200, b"ok")
            return
        ways: dict[str, Callable[[], None]] = {
            "error": lambda: self._say(500, b"planted"),
            "unavailable": lambda: self._say(503, b"planted"),
            "hang": lambda: self._wait_and_answer(HANG_S),
            "slow": lambda: self._wait_and_answer(SLOW_S),
            "reset": self._reset,
            "truncated": self._truncate,
            "garbage": self._garble,
            "slow_database": self._wait_now_and_then,
        }
        ways.get(application.fault_of(self.path), super().answer)()

    def _say(self, status: int, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if self.command == "HEAD" else body)
        self.wfile.flush()

    def _wait_and_answer(self, seconds: float) -> None:
        time.sleep(seconds)
        super().answer()

    def _wait_now_and_then(self) -> None:
        Faulty.turns += 1
        self._wait_and_answer(SLOW_S if Faulty.turns % 3 == 0 else 0.0)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.connection.close()
        self.close_connection = True

    def _truncate(self) -> None:
        self.send_response_only(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", "5000")
        self.end_headers()
        self.wfile.write(b"<html>" * 300)
        self.wfile.flush()
        self.connection.shutdown(socket.SHUT_RDWR)
        self.close_connection = True

    def _garble(self) -> None:
        self.wfile.write(b"\x00\x01 this is no HTTP\r\n\r\n")
        self.wfile.flush()
        self.close_connection = True


def main() -> None:
    port, file = int(sys.argv[1]), Path(sys.argv[2])
    application = Whole(LegacyShop(Database(file)))
    server = Server(("127.0.0.1", port), application, Faulty)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    sys.stdin.read()  # until whoever started it ends


if __name__ == "__main__":
    main()
