"""A threaded WSGI server that speaks HTTP/1.1: kept connections, chunks both ways, headers as given."""

import sys
from collections.abc import Callable, Iterable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase, BytesIO
from typing import Any
from urllib.parse import unquote_to_bytes

Headers = list[tuple[str, str]]
StartResponse = Callable[[str, Headers], None]
Application = Callable[[dict[str, Any], StartResponse], Iterable[bytes]]

_IDLE_S = 75
_NO_BODY = {204, 304}


class Server(ThreadingHTTPServer):
    """Serves one WSGI application; a thread for each connection."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(
        self,
        address: tuple[str, int],
        application: Application,
        handler: "type[Handler] | None" = None,
    ) -> None:
        super().__init__(address, handler or Handler)
        self.application = application

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that left is no news."""
        if not isinstance(sys.exc_info()[1], ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """One connection; ``answer`` is called for each request, whatever its method."""

    server: Server
    protocol_version = "HTTP/1.1"
    server_version = "LojaBoa/2.3"
    sys_version = ""
    timeout = _IDLE_S
    disable_nagle_algorithm = True
    wbufsize = -1

    def log_message(self, *_: Any) -> None:
        """Nobody reads the log of this shop."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.answer
        raise AttributeError(name)

    def answer(self) -> None:
        started: list[tuple[str, Headers]] = []

        def start_response(status: str, headers: Headers, *_: Any) -> None:
            started[:] = [(status, headers)]

        body = self._body()
        parts = self.server.application(self._environment(body), start_response)
        try:
            self._send(parts, started)
        finally:
            _rest(body)
            close = getattr(parts, "close", None)
            if close is not None:
                close()

    def _send(self, parts: Iterable[bytes], started: list[tuple[str, Headers]]) -> None:
        held = iter(parts)
        first = next(held, b"")
        status, headers = started[0]
        code, _, reason = status.partition(" ")
        self.send_response_only(int(code), reason or None)
        names = {name.lower() for name, _ in headers}
        for name, value in headers:
            self.send_header(name, value)
        if "date" not in names:
            self.send_header("Date", self.date_time_string())
        has_body = int(code) not in _NO_BODY and int(code) >= HTTPStatus.OK
        is_chunked = has_body and "content-length" not in names
        if is_chunked and self.request_version == "HTTP/1.1":
            self.send_header("Transfer-Encoding", "chunked")
        elif is_chunked:
            is_chunked = False
            self.close_connection = True
        self.end_headers()
        if self.command == "HEAD" or not has_body:
            self.wfile.flush()
            return
        self._write(first, is_chunked)
        for part in held:
            self._write(part, is_chunked)
        if is_chunked:
            self.wfile.write(b"0\r\n\r\n")
        self.wfile.flush()

    def _write(self, part: bytes, is_chunked: bool) -> None:
        if not part:
            return
        self.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if is_chunked else part)
        if is_chunked:
            self.wfile.flush()

    def _body(self) -> BufferedIOBase:
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return BytesIO(b"".join(self._chunks()))
        return _Bounded(self.rfile, int(self.headers.get("Content-Length") or 0))

    def _chunks(self) -> Iterable[bytes]:
        while size := int(self.rfile.readline(1024).split(b";")[0], 16):
            yield self.rfile.read(size)
            self.rfile.readline(1024)
        while self.rfile.readline(65_536) not in (b"\r\n", b"\n", b""):
            pass

    def _environment(self, body: BufferedIOBase) -> dict[str, Any]:
        path, _, query = self.path.partition("?")
        host, port = self.server.server_address[:2]
        environment: dict[str, Any] = {
            "REQUEST_METHOD": self.command,
            "SCRIPT_NAME": "",
            "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
            "QUERY_STRING": query,
            "SERVER_NAME": str(host),
            "SERVER_PORT": str(port),
            "SERVER_PROTOCOL": self.request_version,
            "REMOTE_ADDR": self.client_address[0],
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": self.headers.get("Content-Length", ""),
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.input": body,
            "wsgi.errors": sys.stderr,
            "wsgi.multithread": True,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
        }
        for name in self.headers:
            key = "HTTP_" + name.upper().replace("-", "_")
            joint = "; " if key == "HTTP_COOKIE" else ","
            environment[key] = joint.join(self.headers.get_all(name, []))
        return environment


class _Bounded(BufferedIOBase):
    """As much of a connection as belongs to this request."""

    def __init__(self, stream: Any, size: int) -> None:
        self._stream = stream
        self._left = size

    def read(self, size: int | None = -1, /) -> bytes:
        wanted = self._left if size is None or size < 0 else min(size, self._left)
        found: bytes = self._stream.read(wanted) if wanted else b""
        self._left -= len(found) or self._left
        return found


def _rest(body: BufferedIOBase) -> None:
    """Read what the application left, so that the next request begins where it begins."""
    while body.read(65_536):
        pass
