"""Files that pages load: the stylesheet, the scripts, the chart library from its package on disk.

Each is addressed with a digest of its content, so that browsers may keep it for good.
"""

import gzip
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

_HERE = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_NAMES = ("banyan.svg", "chart.css", "chart.js", "console.css", "console.js", "plotly.min.js")


@dataclass(frozen=True, slots=True)
class Asset:
    media_type: str
    body: bytes
    zipped: bytes


def asset_href(name: str) -> str:
    """The address of an asset, which changes with its content."""
    path = _path(name)
    return f"/console/static/{name}?v={_digest(path, path.stat().st_mtime_ns)}"


async def serve_asset(request: Request) -> Response:
    """GET /console/static/{name}; zipped where the browser takes it."""
    name = request.path_params["name"]
    if name not in _NAMES:
        return Response(status_code=404)
    path = _path(name)
    asset = await run_in_threadpool(_load, name, path.stat().st_mtime_ns)
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "Vary": "Accept-Encoding",
        "X-Content-Type-Options": "nosniff",
    }
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(asset.body, media_type=asset.media_type, headers=headers)
    headers["Content-Encoding"] = "gzip"
    return Response(asset.zipped, media_type=asset.media_type, headers=headers)


@cache
def _load(name: str, changed_ns: int) -> Asset:
    """``changed_ns`` is in the key only, so that an edited file is read again."""
    del changed_ns
    path = _path(name)
    body = path.read_bytes()
    zipped = gzip.compress(body, 6, mtime=0)
    return Asset(_TYPES[path.suffix], body, zipped)


@cache
def _digest(path: Path, changed_ns: int) -> str:
    del changed_ns
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]


@cache
def _path(name: str) -> Path:
    if name != "plotly.min.js":
        return _HERE / name
    package = find_spec("plotly")
    assert package is not None, "plotly is one of our dependencies"
    assert package.origin is not None
    return Path(package.origin).parent / "package_data" / name
