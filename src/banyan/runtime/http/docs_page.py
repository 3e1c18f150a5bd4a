"""The pages that describe the API: its OpenAPI document, the reference, the problems.

Everything comes from this server: the reference's script is the one that a package brought along,
so the page works without a way to the outside, and the content security policy keeps it so.
"""

import gzip
import hashlib
import html
import inspect
from collections.abc import Sequence
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from banyan.kernel import BanyanError
from banyan.runtime.http.answers import encode
from banyan.runtime.http.errors import HTTP_ERRORS
from banyan.runtime.http.openapi import errors_of
from banyan.runtime.http.operations import Operation
from banyan.runtime.http.problems import status_of

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
}
_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}


def docs_routes(operations: Sequence[Operation], document: dict[str, Any]) -> list[BaseRoute]:
    """``/openapi.json``, ``/docs`` and what belongs to it."""
    openapi = encode(document)
    reference = _reference(operations).encode()
    problems = _problems(operations).encode()

    async def serve_openapi(request: Request) -> Response:
        return _packed(request, openapi, "application/json")

    async def serve_reference(request: Request) -> Response:
        return _packed(request, reference, "text/html")

    async def serve_problems(request: Request) -> Response:
        return _packed(request, problems, "text/html")

    return [
        Route("/openapi.json", serve_openapi),
        Route("/docs", serve_reference),
        Route("/docs/errors", serve_problems),
        Route("/docs/start.js", _serve_start),
        Route("/docs/style.css", _serve_style),
        Route("/docs/scalar.js", _serve_scalar),
    ]


async def _serve_start(request: Request) -> Response:
    return _packed(request, _START.encode(), "text/javascript")


async def _serve_style(request: Request) -> Response:
    return _packed(request, _STYLE.encode(), "text/css")


async def _serve_scalar(request: Request) -> Response:
    """The reference's script, some megabytes: packed once, kept by browsers for good."""
    script = await run_in_threadpool(_scalar)
    packed = await run_in_threadpool(_gzipped, script)
    return _packed(request, script, "text/javascript", packed=packed, more=_FOREVER)


def _packed(
    request: Request,
    content: bytes,
    media_type: str,
    *,
    packed: bytes | None = None,
    more: dict[str, str] | None = None,
) -> Response:
    """``content``, gzipped where the client takes it."""
    headers = _HEADERS | {"Vary": "Accept-Encoding"} | (more or {"Cache-Control": "no-cache"})
    if "gzip" in request.headers.get("accept-encoding", ""):
        content = packed or _gzipped(content)
        headers["Content-Encoding"] = "gzip"
    return Response(content, headers=headers, media_type=media_type)


@cache
def _gzipped(content: bytes) -> bytes:
    return gzip.compress(content, compresslevel=6, mtime=0)


@cache
def _scalar() -> bytes:
    """Found without importing the package, which would ask for a web framework of its own."""
    package = find_spec("flask_openapi_scalar")
    assert package is not None, "flask-openapi-scalar is not installed"
    assert package.origin is not None
    script = Path(package.origin).parent / "templates/scalar/js/scalar.standalone.js"
    return script.read_bytes()


@cache
def _scalar_version() -> str:
    return hashlib.sha256(_scalar()).hexdigest()[:12]


def all_errors(operations: Sequence[Operation]) -> list[type[BanyanError]]:
    """Every refusal that the API can give, by status and code."""
    every = {error.code: error for operation in operations for error in errors_of(operation)}
    every |= {error.code: error for error in HTTP_ERRORS}
    return sorted(every.values(), key=lambda error: (status_of(error), error.code))


def advice(error: type[BanyanError]) -> str:
    """What to do about a refusal: its docstring, or its kind's."""
    for kind in error.__mro__:
        text = kind.__dict__.get("__doc__")
        if text and issubclass(kind, BanyanError) and kind is not BanyanError:
            return inspect.cleandoc(text).replace("\n", " ")
    return _ADVICE[status_of(error)]


def _problems(operations: Sequence[Operation]) -> str:
    rows = [
        f'<tr id="{error.code}"><td><a href="#{error.code}"><code>{error.code}</code></a></td>'
        f"<td>{status_of(error)}</td><td><b>{html.escape(error.title)}</b><br>"
        f"{_with_code(advice(error))}</td><td>{'yes' if error.retryable else 'no'}</td></tr>"
        for error in all_errors(operations)
    ]
    return _page(
        "Problems",
        "<p>Every error is a problem document (RFC 9457) with one of these codes. A code never"
        " changes its meaning; the sentence in <code>detail</code> may. What is wrong with single"
        " fields stands in <code>errors</code>, each with a JSON pointer or the parameter's name."
        ' <a href="/docs">Reference</a></p>'
        "<table><thead><tr><th>code</th><th>status</th><th>what to do</th>"
        f"<th>same request again?</th></tr></thead><tbody>{''.join(rows)}</tbody></table>",
    )


def _reference(operations: Sequence[Operation]) -> str:
    rows = [
        f"<tr><td><code>{operation.method}</code></td><td><code>{operation.path}</code></td>"
        f"<td>{html.escape(operation.summary)}</td>"
        f"<td><code>{operation.scope or ''}</code></td></tr>"
        for operation in operations
    ]
    listing = (
        '<p>The whole description is in <a href="/openapi.json">openapi.json</a>.'
        ' <a href="/docs/errors">Problems</a></p>'
        "<table><thead><tr><th>method</th><th>path</th><th>what it does</th><th>scope</th></tr>"
        f"</thead><tbody>{''.join(rows)}</tbody></table>"
    )
    scripts = (
        f'<div id="reference"></div><script src="/docs/scalar.js?v={_scalar_version()}"></script>'
        '<script src="/docs/start.js"></script>'
    )
    return _page("API reference", f"<noscript>{listing}</noscript>{scripts}", is_wide=True)


def _page(title: str, content: str, *, is_wide: bool = False) -> str:
    heading = "" if is_wide else f"<h1>{title}</h1>"
    noscript = f"<noscript><h1>{title}</h1></noscript>" if is_wide else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>{title} · Banyan</title>"
        '<link rel="icon" href="data:,"><link rel="stylesheet" href="/docs/style.css"></head>'
        f"<body{'' if is_wide else ' class=text'}>{heading}{noscript}{content}</body></html>"
    )


def _with_code(text: str) -> str:
    """Escapes ``text`` and shows what is between backticks as code."""
    parts = html.escape(text).split("`")
    return "".join(
        f"<code>{part}</code>" if index % 2 else part for index, part in enumerate(parts)
    )


_ADVICE = {
    400: "Correct the request; `errors` lists every fault in it.",
    401: "Send an API key that is active.",
    403: "Use a key that may do this.",
    404: "There is no such thing in this marketplace; check the id, and sandbox against live.",
    409: "Look at the present state first; it doesn't allow this.",
    413: "Send less at once.",
    415: "Send JSON.",
    422: "The request is understood but against a rule, which `detail` names.",
    429: "Wait for the seconds in `Retry-After`.",
    500: "A fault of ours. Quote the request id when you ask about it.",
    503: "Send the same request again, with the same `Idempotency-Key`.",
}

_START = """\
Scalar.createApiReference("#reference", {
  url: "/openapi.json",
  withDefaultFonts: false,
  telemetry: false,
  showDeveloperTools: "never",
  hideClientButton: true,
  agent: { disabled: true },
  mcp: { disabled: true },
  persistAuth: true,
  defaultOpenAllTags: false,
  documentDownloadType: "json",
});
"""

_STYLE = """\
:root { color-scheme: light dark; --line: light-dark(#d9dcd6, #363b36); }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
body.text { max-width: 60rem; margin: 0 auto; padding: 2rem 1rem; }
noscript { display: block; max-width: 60rem; margin: 0 auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 600; }
th, td { padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:target { background: light-dark(#fff4cc, #40381a); }
@media (width > 40rem) { td:first-child { white-space: nowrap; } }
code { font: .875em ui-monospace, monospace; overflow-wrap: anywhere; }
a:focus-visible { outline: 2px solid; outline-offset: 2px; }
"""
