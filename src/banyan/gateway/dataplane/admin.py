"""Envoy's own page, over its socket: which versions are in use, and its counters."""

from types import TracebackType
from typing import Any, Self

import msgspec

from banyan.gateway.rules import Json

STAT_OF = {
    "clusters": "cluster_manager.cds",
    "edge": "http.edge.rds.edge",
    "shadow": "http.shadow.rds.shadow",
    "listeners": "listener_manager.lds",
}
"""What Envoy calls the subscription of each kind of resources in its counters."""

_TIMEOUT_S = 5.0
_BEGAN_WITHIN_S = 3


class NotAnswering(Exception):
    """Envoy is not there, or doesn't answer on its page."""


class Admin:
    """Asks one Envoy; ``address`` is ``unix:/path`` or ``host:port``."""

    def __init__(self, address: str) -> None:
        import httpx  # only where there is an Envoy to ask

        if address.startswith("unix:"):
            transport = httpx.AsyncHTTPTransport(uds=address.removeprefix("unix:"))
            base = "http://envoy"
        else:
            transport = httpx.AsyncHTTPTransport()
            base = f"http://{address}"
        self._client = httpx.AsyncClient(transport=transport, base_url=base, timeout=_TIMEOUT_S)
        self._began_s = 0

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.aclose()

    async def stats(self, pattern: str) -> dict[str, Any]:
        """Counters, gauges and texts whose names match the regular expression."""
        told = await self._get("/stats", {"filter": pattern, "format": "json"})
        found: dict[str, Any] = {}
        for entry in told.get("stats", []):
            if "name" in entry:
                found[entry["name"]] = entry["value"]
        return found

    async def is_live(self) -> bool:
        """Whether customers' connections are taken."""
        try:
            found = await self.stats("^server.live$|^listener_manager.workers_started$")
        except NotAnswering:
            return False
        return all(
            found.get(name) == 1 for name in ("server.live", "listener_manager.workers_started")
        )

    async def epoch(self, now_s: int) -> str:
        """Names the run of Envoy by when it began, which its page tells within a second or two."""
        began = now_s - int((await self.stats("^server.uptime$")).get("server.uptime", 0))
        if abs(began - self._began_s) > _BEGAN_WITHIN_S:
            self._began_s = began
        return str(self._began_s)

    async def versions(self) -> dict[str, str | None]:
        """The version of each kind of resources that is in use."""
        found = await self.stats(
            r"^(cluster_manager\.cds|http\..*\.rds\..*|listener_manager\.lds)\.version_text$"
        )
        return {kind: found.get(f"{name}.version_text") for kind, name in STAT_OF.items()}

    async def refusals(self, kind: str) -> int:
        name = f"{STAT_OF[kind]}.update_rejected"
        return int((await self.stats(f"^{_quoted(name)}$")).get(name, 0))

    async def standing(self, kind: str) -> tuple[str | None, int]:
        """The version in use, and how many updates were refused so far."""
        name = STAT_OF[kind]
        found = await self.stats(f"^{_quoted(name)}.(version_text|update_rejected)$")
        return found.get(f"{name}.version_text"), int(found.get(f"{name}.update_rejected", 0))

    async def why_refused(self, kind: str) -> str:
        """What Envoy says of the update that it refused last."""
        resource = {
            "clusters": "dynamic_active_clusters",
            "listeners": "dynamic_listeners",
        }.get(kind, "dynamic_route_configs")
        dump = await self._get("/config_dump", {"resource": resource})
        for config in dump.get("configs", []):
            if (state := config.get("error_state")) is not None:
                return str(state.get("details", ""))
        return ""

    async def _get(self, path: str, query: dict[str, str]) -> Json:
        import httpx

        for is_last in (False, True):
            try:
                told = await self._client.get(path, params=query)
                told.raise_for_status()
                return msgspec.json.decode(told.content)
            except (httpx.TransportError, httpx.HTTPStatusError, msgspec.DecodeError) as error:
                # A connection that was kept may be one to an Envoy that is gone.
                if is_last or not isinstance(error, httpx.RemoteProtocolError | httpx.ReadError):
                    raise NotAnswering(str(error)) from None
        raise AssertionError


def _quoted(name: str) -> str:
    return name.replace(".", r"\.")
