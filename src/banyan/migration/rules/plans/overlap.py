"""Which routes take each other's requests."""

import re

from banyan.migration.model.plan import RoutePlan


def covers(earlier: RoutePlan, later: RoutePlan) -> bool:
    """Whether ``earlier`` certainly takes every request that ``later`` could: when in doubt, no."""
    if earlier.methods and not (later.methods and set(later.methods) <= set(earlier.methods)):
        return False
    if earlier.regex is not None:
        return earlier.regex == later.regex or _regex_covers(earlier.regex, later)
    if earlier.prefix is not None:
        return _prefix_covers(earlier.prefix, later)
    return earlier.path is not None and _template_covers(earlier.path, later)


def may_share(one: RoutePlan, other: RoutePlan) -> bool:
    """Whether there may be a request that both could take: when in doubt, yes."""
    if one.methods and other.methods and not set(one.methods) & set(other.methods):
        return False
    for route, beside in ((one, other), (other, one)):
        if route.path is not None and "{" not in route.path:
            return _takes(beside, route.path)
    if one.path is not None and other.path is not None:
        return _templates_meet(one.path.split("/"), other.path.split("/"))
    head, beside_head = _head(one), _head(other)
    return head.startswith(beside_head) or beside_head.startswith(head)


def _takes(route: RoutePlan, path: str) -> bool:
    if route.path is not None:
        return _templates_meet(route.path.split("/"), path.split("/"))
    if route.prefix is not None:
        inside = route.prefix if route.prefix.endswith("/") else f"{route.prefix}/"
        return path == route.prefix or path.startswith(inside)
    try:
        return re.fullmatch(route.regex or "", path) is not None
    except re.error:
        return True


def _templates_meet(ours: list[str], theirs: list[str]) -> bool:
    for one, other in zip(ours, theirs, strict=False):
        if one.endswith(":**}") or other.endswith(":**}"):
            return True
        if one != other and not one.startswith("{") and not other.startswith("{"):
            return False
    return len(ours) == len(theirs)


def _head(route: RoutePlan) -> str:
    """What every path that the route takes certainly begins with."""
    if route.regex is None:
        return route.prefix or (route.path or "").split("{")[0]
    if "|" in route.regex:
        return ""
    plain = re.match(r"\^?([^\\.\[\](){}*+?^$]*)([*?{]?)", route.regex)
    assert plain is not None, "it matches nothing, too"
    return plain[1][:-1] if plain[2] else plain[1]


def _prefix_covers(prefix: str, later: RoutePlan) -> bool:
    if later.prefix is not None:
        return later.prefix.startswith(prefix)
    if later.path is not None:
        return later.path.split("{")[0].startswith(prefix)
    return prefix == "/"


def _regex_covers(regex: str, later: RoutePlan) -> bool:
    if regex in (".*", "/.*"):
        return True
    if later.path is None or "{" in later.path:
        return False
    try:
        return re.fullmatch(regex, later.path) is not None
    except re.error:
        return False


def _template_covers(path: str, later: RoutePlan) -> bool:
    ours = path.split("/")
    if ours[-1].endswith(":**}"):
        front = ours[:-1]
        if later.prefix is not None:
            theirs = later.prefix.split("/")
            return len(theirs) > len(front) and _same(front, theirs[: len(front)])
        theirs = (later.path or "").split("/")
        return (
            later.path is not None
            and len(theirs) > len(front)
            and _same(front, theirs[: len(front)])
        )
    if later.path is None:
        return False
    theirs = later.path.split("/")
    return len(ours) == len(theirs) and _same(ours, theirs)


def _same(ours: list[str], theirs: list[str]) -> bool:
    return all(
        one == other or (one.startswith("{") and other != "" and not other.endswith(":**}"))
        for one, other in zip(ours, theirs, strict=True)
    )
