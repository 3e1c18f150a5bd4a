"""Which requests a route takes, in Envoy's words and in ours."""

import re
from collections.abc import Sequence

from banyan.gateway.model import GatewaySpec, PathMatch, RouteSpec
from banyan.gateway.rules.envoy import Json

_PARAMETER = re.compile(r"\{[^{}]*\}")


def path_match(match: PathMatch) -> Json:
    if match.kind == "exact":
        return {"path": match.value}
    if match.kind == "prefix":
        if match.value.endswith("/"):
            return {"prefix": match.value}
        return {"path_separated_prefix": match.value}
    return {"safe_regex": {"regex": regex_of(match)}}


def regex_of(match: PathMatch) -> str:
    """A regular expression that matches the same whole paths, in RE2's language."""
    if match.kind == "exact":
        return re.escape(match.value)
    if match.kind == "prefix":
        start = re.escape(match.value)
        return f"{start}.*" if match.value.endswith("/") else f"{start}(/.*)?"
    if match.kind == "regex":
        return match.value
    parts: list[str] = []
    end = 0
    for found in _PARAMETER.finditer(match.value):
        parts.append(re.escape(match.value[end : found.start()]))
        parts.append(".*" if found.group().endswith(":**}") else "[^/]+")
        end = found.end()
    parts.append(re.escape(match.value[end:]))
    return "".join(parts)


def methods_match(methods: Sequence[str]) -> list[Json]:
    """Of one of these methods; all, if there is none."""
    if not methods:
        return []
    if len(methods) == 1:
        return [{"name": ":method", "string_match": {"exact": methods[0]}}]
    regex = "|".join(re.escape(method) for method in methods)
    return [{"name": ":method", "string_match": {"safe_regex": {"regex": regex}}}]


def route_of(spec: GatewaySpec, method: str, target: str) -> RouteSpec | None:
    """The route that takes a request for ``target`` (path, with or without a query), if one does."""
    path = re.split("[?#]", target, maxsplit=1)[0]
    for route in spec.routes:
        if route.methods and method not in route.methods:
            continue
        if re.fullmatch(regex_of(route.match), path, re.DOTALL):
            return route
    return None
