"""A spec made into everything that Envoy reads."""

from dataclasses import dataclass
from typing import Any, cast

from banyan.gateway.errors import ConfigurationRefused
from banyan.gateway.model import BP, GatewaySpec, Places
from banyan.gateway.rules.bootstrap import bootstrap, whole
from banyan.gateway.rules.clusters import clusters
from banyan.gateway.rules.envoy import Json
from banyan.gateway.rules.listeners import listeners
from banyan.gateway.rules.routes import edge_routes, has_own_host, shadow_routes

_NUMBERS = ("weight", "numerator")
KINDS = ("clusters", "edge", "shadow", "listeners")
"""Of resources, in the order in which a changed spec is brought in: what is named comes first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """``bootstrap`` needs a new start of Envoy; ``resources`` by kind don't.

    A changed weight or sample changes ``edge`` and ``shadow``, which end no connection; nor do a
    changed side's ``clusters``: what is under way ends where it began. An address to listen on, the
    identity or the owners of cookies change ``listeners``, whose open connections are drained.
    """

    name: str
    places: Places
    bootstrap: Json
    resources: dict[str, list[Json]]

    def whole(self) -> Json:
        """All in one file, without outside references, to be validated."""
        by_name = {
            route["name"]: route for kind in ("edge", "shadow") for route in self.resources[kind]
        }
        made: list[Json] = []
        for listener in self.resources["listeners"]:
            manager = listener["filter_chains"][0]["filters"][0]
            config = {key: value for key, value in manager["typed_config"].items() if key != "rds"}
            route = by_name[manager["typed_config"]["rds"]["route_config_name"]]
            config["route_config"] = {key: value for key, value in route.items() if key != "@type"}
            chain = {"filters": [{**manager, "typed_config": config}]}
            made.append({**listener, "filter_chains": [chain]})
        return whole(self.name, self.places, made, self.resources["clusters"])


def render(spec: GatewaySpec, places: Places) -> Configuration:
    """All that Envoy is told; the same spec and places make the same bytes.

    Raises ``ConfigurationRefused`` for what a reader of the spec could have seen. Envoy itself says
    the rest when it validates.
    """
    _check(spec)
    return Configuration(
        name=spec.name,
        places=places,
        bootstrap=bootstrap(spec.name, places),
        resources={
            "clusters": clusters(spec, places),
            "edge": [edge_routes(spec)],
            "shadow": [shadow_routes(spec)],
            "listeners": listeners(spec, places),
        },
    )


def _check(spec: GatewaySpec) -> None:
    known = {upstream.name for upstream in spec.candidates}
    names: set[str] = set()
    for route in spec.routes:
        if route.name in names:
            raise ConfigurationRefused(f"Two routes are called {route.name!r}: rename one.")
        names.add(route.name)
        if route.candidate is not None and route.candidate not in known:
            raise ConfigurationRefused(
                f"Route {route.name!r} names the candidate {route.candidate!r}, which is not among the "
                f"candidates ({', '.join(sorted(known)) or 'none'})."
            )
        needs = route.read_bp > 0 or route.is_retired or route.writes_to == "candidate"
        if route.candidate is None and needs:
            raise ConfigurationRefused(
                f"Route {route.name!r} needs a candidate to send requests to."
            )
        if not 0 <= route.read_bp <= BP or not 0 <= route.shadow.sample_bp <= BP:
            raise ConfigurationRefused(
                f"Route {route.name!r} has a share that is not between 0 and {BP} basis points."
            )
    _check_hosts(spec)


def _check_hosts(spec: GatewaySpec) -> None:
    """A Host once written over can't be had back when a request falls back to the other side."""
    if not has_own_host(spec):
        return
    for side in (spec.legacy, *spec.candidates):
        if side.host_header is None:
            raise ConfigurationRefused(
                f"Where one side has a Host of its own, each needs one: say what {side.name!r} is asked for."
            )


def shape_of(resources: list[Json]) -> list[Json]:
    """The resources without the numbers that a weight or a sample changes."""
    return [_shaped(resource) for resource in resources]


def _shaped(value: Json) -> Json:
    return {key: None if key in _NUMBERS else _shaped_part(part) for key, part in value.items()}


def _shaped_part(part: Any) -> Any:
    if isinstance(part, dict):
        return _shaped(cast("Json", part))
    if isinstance(part, list):
        return [_shaped_part(entry) for entry in cast("list[Any]", part)]
    return part
