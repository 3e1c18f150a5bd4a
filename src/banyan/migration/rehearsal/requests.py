"""What the customers of a rehearsal ask for: named in a file, or found by following links."""

import re
from collections import deque
from collections.abc import Iterable, Mapping
from urllib.parse import urljoin, urlsplit

import httpx

from banyan.gateway import GatewaySpec, route_of
from banyan.migration.errors import RehearsalImpossible

PATHS_MAX = 20
"""Of one route."""
PAGES_MAX = 200
_LINK = re.compile(r"""(?:href|src|action)\s*=\s*["']([^"'#]+)""", re.IGNORECASE)
_JSON_LINK = re.compile(r'"((?:https?:)?/[^"\\\s]{1,300})"')


def read_requests(text: str, spec: GatewaySpec) -> dict[str, tuple[str, ...]]:
    """Paths by route, from lines such as ``GET /product/1`` or ``/product/1``; # begins a remark.

    Only safe requests are rehearsed. Raises ``RehearsalImpossible`` for a line that is no such request
    or that no route takes.
    """
    found: dict[str, list[str]] = {}
    for number, line in enumerate(text.splitlines(), 1):
        words = (
            line.partition("#")[0].split() if not line.lstrip().startswith("/") else line.split()
        )
        if not words:
            continue
        method, path = ("GET", words[0]) if len(words) == 1 else (words[0].upper(), words[1])
        if method != "GET" or not path.startswith("/"):
            raise RehearsalImpossible(
                f"Line {number} of the requests is {line.strip()[:60]!r}: each is `GET /path`."
            )
        route = route_of(spec, method, path)
        if route is None:
            raise RehearsalImpossible(f"Line {number} of the requests: no route takes {path[:60]}.")
        found.setdefault(route.name, []).append(path)
    return {name: tuple(dict.fromkeys(paths))[:PATHS_MAX] for name, paths in found.items()}


async def crawl(legacy: str, host: str, spec: GatewaySpec) -> Mapping[str, tuple[str, ...]]:
    """Paths by route, found by following legacy's own links from ``/``; nothing is posted.

    Only pages that a link leads to are asked for, as any search engine does.
    """
    found: dict[str, list[str]] = {}
    waiting, seen = deque(["/"]), {"/"}
    async with httpx.AsyncClient(timeout=10, follow_redirects=False, trust_env=False) as client:
        for _ in range(PAGES_MAX):
            if not waiting:
                break
            path = waiting.popleft()
            try:
                response = await client.get(f"{legacy}{path}", headers={"host": host})
            except httpx.HTTPError:
                continue
            route = route_of(spec, "GET", path)
            if route is not None and response.status_code < 400:
                found.setdefault(route.name, []).append(path)
            for link in _links(response, path, {host, urlsplit(legacy).netloc}):
                if link not in seen:
                    seen.add(link)
                    waiting.append(link)
    return {name: tuple(paths)[:PATHS_MAX] for name, paths in found.items()}


def _links(response: httpx.Response, path: str, hosts: set[str]) -> Iterable[str]:
    kind = response.headers.get("content-type", "")
    location = response.headers.get("location")
    links = [location] if location else []
    if "html" in kind:
        links += _LINK.findall(response.text)
    elif "json" in kind:
        links += _JSON_LINK.findall(response.text)
    for link in links:
        try:
            parts = urlsplit(
                urljoin(f"http://{next(iter(hosts))}{path}", link.replace("&amp;", "&"))
            )
        except ValueError:
            continue
        is_ours = parts.netloc in hosts and parts.scheme in {"http", "https"}
        if is_ours and not _ENDS_SESSION.search(parts.path):
            yield (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


_ENDS_SESSION = re.compile(r"log[-_]?out|sign[-_]?out|delete|remove", re.IGNORECASE)
"""Links that do something although they are links."""
