"""Whether a plan of the right shape makes sense: every fault with its place."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from ipaddress import ip_address
from typing import Any, TypeAlias, cast
from urllib.parse import SplitResult, urlsplit

from msgspec import UNSET

from banyan import movement
from banyan.kernel import plural
from banyan.migration.model.plan import Phase, Plan, RoutePlan
from banyan.migration.rules.comparisons import rule_faults
from banyan.migration.rules.phases import ORDER, criteria_of, steps_of, takes_writes
from banyan.migration.rules.plans.overlap import covers
from banyan.migration.rules.plans.tree import Path
from banyan.migration.rules.units import basis_points, in_words, milliseconds, percent

Problem: TypeAlias = tuple[Path, str]

_LOCAL = frozenset({"127.0.0.1", "localhost", "::1", "0.0.0.0", "::"})  # noqa: S104 - compared, not bound
_REPEATS_MAX = 1_000
_JUDGED = (Phase.SHADOW, Phase.CANARY, Phase.RAMP, Phase.CANDIDATE)


def check_plan(plan: Plan, today: date | None = None) -> list[Problem]:
    """What is wrong with a plan, beside its shape."""
    return [
        *_addresses(plan),
        *_routes(plan),
        *_shadowed(plan),
        *_criteria(plan),
        *_rules(plan),
        *_data(plan),
        *_milestones(plan, today),
        *_freezes(plan),
    ]


def _addresses(plan: Plan) -> Iterator[Problem]:
    listen = plan.gateway.listen
    host, _, port_text = listen.rpartition(":")
    port = int(port_text)
    if not 1 <= port <= 65_535:
        yield ("gateway", "listen"), f"There is no port {port}."
    if not _is_own_address(host):
        yield (
            ("gateway", "listen"),
            f"{host[:60]!r} isn't an IP address of this machine: say 127.0.0.1, or 0.0.0.0 for all.",
        )
    if not plan.candidates:
        yield ("candidates",), "Name at least one candidate, such as `candidate: http://…`."
    yield from _sides(plan, (host.strip("[]"), port))


def _sides(plan: Plan, own: tuple[str, int]) -> Iterator[Problem]:
    sides: dict[Path, str] = {("legacy",): plan.legacy}
    sides |= {("candidates", name): url for name, url in plan.candidates.items()}
    legacy = _address(plan.legacy)
    for path, url in sides.items():
        at = _address(url)
        if "@" in url:
            yield path, "An address has no user or password: sides see only what customers send."
        elif at is None:
            yield path, f"{url[:60]!r} isn't an address such as http://10.0.0.5:8080."
        elif at == own or (at[1] == own[1] and {at[0], own[0]} <= _LOCAL):
            yield (
                path,
                f"This is where the gateway itself listens ({plan.gateway.listen}): it would ask itself.",
            )
        elif path != ("legacy",) and at == legacy:
            yield path, "This is legacy's own address; a candidate is something else."


def _is_own_address(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        ip_address(host.strip("[]"))
    except ValueError:
        return False
    return True


def _address(url: str) -> tuple[str, int] | None:
    try:
        parts: SplitResult = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname else None


def _routes(plan: Plan) -> Iterator[Problem]:
    counts = Counter(route.name for route in plan.routes)
    seen: set[str] = set()
    for at, route in enumerate(plan.routes):
        here: Path = ("routes", at)
        if counts[route.name] > 1 and route.name in seen:
            yield (*here, "name"), f"There are {counts[route.name]} routes named {route.name}."
        seen.add(route.name)
        given = [key for key in ("path", "prefix", "regex") if getattr(route, key) is not None]
        if len(given) != 1:
            said = "none of them" if not given else " and ".join(given)
            yield here, f"{route.name} needs exactly one of path, prefix and regex; it has {said}."
        yield from _match(route, here)
        yield from _teams(plan, route, here)
        known = ", ".join(plan.candidates) or "none"
        if route.candidate is not None and route.candidate not in plan.candidates:
            yield (
                (*here, "candidate"),
                f"There is no candidate {route.candidate}; there are: {known}.",
            )
        elif plan.candidates and plan.candidate_of(route) is None:
            yield here, f"Say which candidate {route.name} is of; there are: {known}."
        if route.auto_advance_to == Phase.RETIRED:
            yield (
                (*here, "auto_advance_to"),
                "A route never retires by itself: legacy is given up by a person.",
            )
        doubles = [method for method, count in Counter(route.methods).items() if count > 1]
        if doubles:
            yield (*here, "methods"), f"{doubles[0]} is here twice."


def _match(route: RoutePlan, here: Path) -> Iterator[Problem]:
    if route.regex is not None:
        yield from (((*here, "regex"), said) for said in _regex(route.regex))
    for key in ("path", "prefix"):
        text: str | None = getattr(route, key)
        if text is None:
            continue
        if "?" in text or "#" in text:
            yield (*here, key), "A path ends before `?` and `#`; what follows doesn't count."
        if any(ord(letter) <= 32 or ord(letter) == 127 for letter in text):
            yield (*here, key), "A path has no spaces; write them as %20."
        if key == "prefix" and "{" in text:
            yield (*here, key), "A prefix has no {…}; end a path with {rest:**} for that."
    if route.path is not None and ("{" in route.path or "}" in route.path):
        yield from (((*here, "path"), said) for said in _template(route.path))


def _regex(text: str) -> Iterator[str]:
    try:
        re.compile(text)
    except re.error as error:
        yield f"This isn't a regular expression: {error.msg} at position {error.pos}."
        return
    if re.search(r"\(\?(?:[=!>(#]|<[=!])|\\[1-9]|\(\?P=|[*+?}]\+", _without_escapes(text)):
        yield (
            "Regular expressions are RE2's: no look-ahead, look-behind, back-references, conditions, "
            "comments, atomic groups or possessive quantifiers."
        )
    if any(int(n) > _REPEATS_MAX for n in re.findall(r"[{,](\d+)(?=[,}])", _without_escapes(text))):
        yield f"RE2 repeats something {_REPEATS_MAX} times at most."
    if not text.startswith(("/", "^/", ".*", "(", "[", "^(", "^[")):
        yield "It has to match the whole path, which begins with /."


def _without_escapes(text: str) -> str:
    """Without what a backslash or a class makes a plain letter; back-references stay."""
    plain = re.sub(r"\\[^1-9]", "_", text)
    return re.sub(r"\[\^?\]?[^\]]*\]", "_", plain)


def _template(path: str) -> Iterator[str]:
    names: list[str] = []
    segments = path.split("/")
    for at, segment in enumerate(segments):
        if "{" not in segment and "}" not in segment:
            continue
        found = re.fullmatch(r"\{([A-Za-z_][A-Za-z0-9_]*)(:\*\*)?\}", segment)
        if found is None:
            yield f"{segment[:40]!r} should be one {{name}} between slashes, or {{rest:**}} at the end."
            continue
        if found[2] and at != len(segments) - 1:
            yield f"{segment} takes all that is left, so it stands at the end."
        if found[1] in names:
            yield f"{{{found[1]}}} is in the path twice."
        names.append(found[1])


def _teams(plan: Plan, route: RoutePlan, here: Path) -> Iterator[Problem]:
    known = ", ".join(plan.teams) or "none"
    if route.owner not in plan.teams:
        yield (*here, "owner"), f"There is no team {route.owner}; there are: {known}."
    for at, team in enumerate(route.dependents):
        if team not in plan.teams:
            yield (*here, "dependents", at), f"There is no team {team}; there are: {known}."


def _shadowed(plan: Plan) -> Iterator[Problem]:
    """The first route that matches takes the request: one behind a wider one never gets any."""
    for at, route in enumerate(plan.routes):
        for earlier in plan.routes[:at]:
            if earlier.name != route.name and covers(earlier, route):
                yield (
                    ("routes", at),
                    f"{route.name} never gets a request: {earlier.name} stands before it and takes "
                    "all of them. Put it further up.",
                )
                break


def _criteria(plan: Plan) -> Iterator[Problem]:
    sets = data_sets(plan.data)
    places: list[tuple[Path, Any]] = [(("criteria",), plan.criteria)]
    places += [(("routes", at, "criteria"), route.criteria) for at, route in enumerate(plan.routes)]
    for path, by_phase in places:
        for phase in _JUDGED:
            criteria = getattr(by_phase, phase.value)
            here = (*path, phase.value)
            if criteria.steps is not UNSET:
                yield from _steps(phase, criteria.steps, (*here, "steps"))
            if criteria.data is not UNSET:
                for at, name in enumerate(criteria.data):
                    if name not in sets:
                        known = ", ".join(sets) or "none"
                        yield (
                            (*here, "data", at),
                            f"There is no data set {name} under data; there are: {known}.",
                        )
            if criteria.confidence is not UNSET and not (
                5_000 <= basis_points(criteria.confidence) < 10_000
            ):
                yield (*here, "confidence"), "How sure to be lies between 50% and 99.99%."


def _steps(phase: Phase, steps: Sequence[str], here: Path) -> Iterator[Problem]:
    if phase != Phase.RAMP:
        yield here, "Only ramp has steps; canary takes the first of them."
        return
    if not steps:
        yield here, "The list is empty; it needs at least one."
    weights = [basis_points(step) for step in steps]
    for at, weight in enumerate(weights):
        if weight == 0:
            yield (*here, at), "A step of 0% sends nobody."
        if at and weight <= weights[at - 1]:
            yield (
                (*here, at),
                f"Steps rise: {percent(weight)} stands behind {percent(weights[at - 1])}.",
            )


def data_sets(data: Mapping[str, Any] | None) -> tuple[str, ...]:
    """The names of the data sets of a plan, whichever way they are written down."""
    sets: object = (data or {}).get("sets")
    if isinstance(sets, Mapping):
        return tuple(str(name) for name in cast("Mapping[str, Any]", sets))
    if not isinstance(sets, list):
        return ()
    entries = cast("list[object]", sets)
    named = [cast("Mapping[str, Any]", each) for each in entries if isinstance(each, Mapping)]
    return tuple(str(each["name"]) for each in named if "name" in each)


def _rules(plan: Plan) -> Iterator[Problem]:
    names = {route.name for route in plan.routes}
    yield from rule_faults(plan)
    for at, rule in enumerate(plan.noise):
        for nth, name in enumerate(rule.routes):
            if name not in names:
                yield ("noise", at, "routes", nth), f"There is no route {name}."


def _data(plan: Plan) -> Iterator[Problem]:
    if plan.data is None:
        return
    for fault in movement.check_data(plan.data):
        path: Path = tuple(
            int(part) if part.isdigit() else part
            for part in (fault.pointer or "/data").strip("/").split("/")
        )
        said = fault.detail.removeprefix(f"{fault.pointer}: ")
        yield path, f"{said[0].upper()}{said[1:].rstrip('.')}."


def _milestones(plan: Plan, today: date | None) -> Iterator[Problem]:
    routes = {route.name: route for route in plan.routes}
    names = Counter(milestone.name for milestone in plan.milestones)
    for at, milestone in enumerate(plan.milestones):
        here: Path = ("milestones", at)
        if names[milestone.name] > 1:
            yield (*here, "name"), f"There are {names[milestone.name]} milestones of this name."
        if not milestone.routes:
            yield (*here, "routes"), "A milestone is of at least one route."
        if milestone.phase == Phase.LEGACY:
            yield (*here, "phase"), "Every route begins in legacy: nothing is to be reached."
        for nth, name in enumerate(milestone.routes):
            route = routes.get(name)
            if route is None:
                yield (*here, "routes", nth), f"There is no route {name}."
                continue
            yield from _reachable(plan, route, milestone.phase, milestone.on, today, here)


def _reachable(
    plan: Plan, route: RoutePlan, phase: Phase, on: date, today: date | None, here: Path
) -> Iterator[Problem]:
    if phase == Phase.RETIRED and route.writes == "legacy" and takes_writes(route):
        yield (
            (*here, "phase"),
            f"{route.name} can't retire: its writes stay on legacy (`writes: legacy`).",
        )
    needed_ms = time_until(plan, route, phase)
    if today is None or on < today:
        return
    left = timedelta(days=(on - today).days + 1)
    if timedelta(milliseconds=needed_ms) > left:
        yield (
            (*here, "on"),
            f"{route.name} needs {in_words(needed_ms)} from legacy to {phase.value} by its criteria; "
            f"{plural(left.days, 'day is', 'days are')} left.",
        )


def time_until(plan: Plan, route: RoutePlan, phase: Phase) -> int:
    """The least time (ms) that the criteria and notices let a route take from legacy to a phase."""
    total, notice = 0, milliseconds(plan.notice)
    ramp_steps = len(steps_of(plan, route)) - 1
    for each in _JUDGED:
        if ORDER[each] >= ORDER[phase]:
            break
        time_min = criteria_of(plan, route, each).time_min
        stays = ramp_steps if each == Phase.RAMP else 1
        total += stays * (notice + (0 if time_min is UNSET else milliseconds(time_min)))
    return total + notice


def _freezes(plan: Plan) -> Iterator[Problem]:
    names = {route.name for route in plan.routes}
    for at, freeze in enumerate(plan.freezes):
        here: Path = ("freezes", at)
        if freeze.end <= freeze.start:
            yield (*here, "end"), "It ends before it starts."
        for nth, name in enumerate(freeze.routes):
            if name not in names:
                yield (*here, "routes", nth), f"There is no route {name}."
