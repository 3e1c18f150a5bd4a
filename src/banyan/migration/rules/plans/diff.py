"""What applying a plan would change, and what that does to customers.

Applying never moves a weight. A route that carries customers keeps its requests, its candidate and
where its writes go: whoever wants those changed rolls it back first, or forces it, and what was
gathered about it begins anew.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeGuard, cast

import msgspec

from banyan.migration.model.plan import Phase, Plan, RoutePlan
from banyan.migration.model.standing import PlanChange, PlanDiff, Position, RouteStanding
from banyan.migration.rules.phases import describe, moves_writes, next_position, path_of
from banyan.migration.rules.plans.overlap import may_share
from banyan.movement import SetChange

_SHOWN = 120
_MATCH = ("path", "prefix", "regex", "methods")
_LEAVES = (Phase.LEGACY, Phase.RETIRED)
_EFFECTS: Mapping[str, str] = {
    "legacy": "All customers of every route go to another legacy.",
    "gateway.listen": "The gateway listens elsewhere, and no longer where it did.",
    "gateway.identity": "Customers are told apart otherwise: some change sides once.",
    "gateway.cookies": "Takes effect at once.",
    "noise": "Counts from now on.",
    "masking": "Holds for what is stored from now on.",
}


@dataclass(slots=True)
class _Found:
    changes: list[PlanChange] = field(default_factory=list[PlanChange])
    renewed: dict[str, None] = field(default_factory=dict[str, None])


def diff_of(
    old: Plan | None,
    new: Plan,
    standings: Mapping[str, RouteStanding],
    from_version: int = 0,
    sets: Sequence[SetChange] = (),
) -> PlanDiff:
    """Compare a plan with the one that holds (None: there is none yet).

    ``sets``: what becomes of the data sets that there are.
    """
    found = _Found()
    if old is None:
        for route in new.routes:
            _added(found, new, route, standings.get(route.name))
        return PlanDiff(new.plan, from_version, tuple(found.changes))
    _common(found, old, new, standings)
    before = {route.name: route for route in old.routes}
    after = {route.name: route for route in new.routes}
    for name, route in before.items():
        if name not in after:
            _removed(found, old, route, standings.get(name))
    for name, route in after.items():
        if name not in before:
            _added(found, new, route, standings.get(name))
        else:
            _route(found, old, new, before[name], route, standings.get(name))
    _fronts(found, old, new, standings)
    for each in sets:
        what = f"data set {each.name}"
        found.changes.append(
            PlanChange("changed", what, "as it is", each.becomes, each.effect, None, each.refusal)
        )
    order = [name for name in after if name in before]
    if order != [name for name in before if name in after]:
        found.changes.append(
            PlanChange(
                "changed",
                "order of the routes",
                ", ".join(name for name in before if name in after),
                ", ".join(order),
                "The first that matches takes a request.",
            )
        )
    return PlanDiff(new.plan, from_version, tuple(found.changes), tuple(found.renewed))


def _fronts(found: _Found, old: Plan, new: Plan, standings: Mapping[str, RouteStanding]) -> None:
    """Who stands before a route takes requests of it, or leaves it those: no plan moves customers."""
    before, after = ({each.name: each for each in plan.routes} for plan in (old, new))
    for name, route in after.items():
        standing = standings.get(name)
        if standing is None or not standing.carries_customers or name not in before:
            continue
        was, becomes = _in_front(old, before[name]), _in_front(new, route)
        if was.keys() == becomes.keys():
            continue
        come = [each for key, each in becomes.items() if key not in was]
        gone = [each for key, each in was.items() if key not in becomes]
        said = [f"{', '.join(come)} before it"] * bool(come)
        said += [f"{', '.join(gone)} no longer before it"] * bool(gone)
        found.renewed[name] = None
        found.changes.append(
            PlanChange(
                "changed",
                f"{name}: routes before it",
                ", ".join(was.values()) or "none",
                ", ".join(becomes.values()) or "none",
                "It takes other requests. What was gathered about it begins anew.",
                name,
                _while_carrying(name, standing.at, f"takes other requests ({'; '.join(said)})"),
            )
        )


def _in_front(plan: Plan, route: RoutePlan) -> dict[tuple[object, ...], str]:
    """The routes that are asked before one and may take its requests, by what they match."""
    names = [each.name for each in plan.routes]
    return {
        (each.path, each.prefix, each.regex, frozenset(each.methods)): each.name
        for each in plan.routes[: names.index(route.name)]
        if may_share(each, route)
    }


def _added(found: _Found, plan: Plan, route: RoutePlan, standing: RouteStanding | None) -> None:
    at = standing.at if standing is not None and not standing.is_gone else Position(Phase.LEGACY)
    found.changes.append(
        PlanChange(
            "added",
            f"route {route.name}",
            "",
            _matched(plan, route),
            f"It begins in {describe(at)}: its customers notice nothing.",
            route.name,
        )
    )


def _removed(found: _Found, plan: Plan, route: RoutePlan, standing: RouteStanding | None) -> None:
    at = standing.at if standing is not None else Position(Phase.LEGACY)
    refusal = ""
    if at.phase not in _LEAVES:
        refusal = (
            f"{route.name} is in {describe(at)} and would vanish; only a route in legacy or retired "
            "may. Roll it back first."
        )
    effect = "What it took goes to the routes behind it, or to legacy."
    found.changes.append(
        PlanChange(
            "removed", f"route {route.name}", _matched(plan, route), "", effect, route.name, refusal
        )
    )


def _route(
    found: _Found,
    old: Plan,
    new: Plan,
    before: RoutePlan,
    after: RoutePlan,
    standing: RouteStanding | None,
) -> None:
    at = standing.at if standing is not None else Position(Phase.LEGACY)
    carries = standing is not None and standing.carries_customers
    for key, was, becomes in _differences(_plain(before), _plain(after)):
        refusal = ""
        effect = ""
        top = key.split(".")[0]
        if top in _MATCH or key == "candidate":
            what = "goes to another candidate" if key == "candidate" else "takes other requests"
            effect = f"It {what}."
            if carries:
                refusal = _while_carrying(after.name, at, what)
            if at.phase != Phase.LEGACY:
                found.renewed[after.name] = None
                effect += " What was gathered about it begins anew."
        elif key == "criteria.ramp.steps":
            effect = _steps_effect(new, after, at)
        found.changes.append(
            PlanChange("changed", f"{after.name}: {key}", was, becomes, effect, after.name, refusal)
        )
    _writes(found, old, new, before, after, at)


def _writes(
    found: _Found, old: Plan, new: Plan, before: RoutePlan, after: RoutePlan, at: Position
) -> None:
    """Where writes go is decided by several keys together, and moves only with the phase."""
    if moves_writes(old, before) and not moves_writes(new, after) and at.writes_to == "candidate":
        found.changes.append(
            PlanChange(
                "changed",
                f"{after.name}: where writes go",
                "candidate",
                "legacy",
                "",
                after.name,
                f"{after.name} takes writes on the candidate; a plan can't send them back. Roll the "
                "route back.",
            )
        )


def _steps_effect(plan: Plan, route: RoutePlan, at: Position) -> str:
    ahead = next_position(path_of(plan, route), at)
    stays = f"Nobody moves: it stays in {describe(at)}"
    return f"{stays}." if ahead is None else f"{stays}; next is {describe(ahead)}."


def _common(found: _Found, old: Plan, new: Plan, standings: Mapping[str, RouteStanding]) -> None:
    skipped = {"plan", "routes"}
    before, after = (
        {key: value for key, value in _plain(plan).items() if key not in skipped}
        | {"data": _data(plan)}
        for plan in (old, new)
    )
    moved = {
        name
        for name in set(old.candidates) & set(new.candidates)
        if old.candidates[name] != new.candidates[name]
    }
    for key, was, becomes in _differences(before, after):
        refusal = ""
        effect = _effect(key)
        parts = key.split(".")
        if parts[0] == "candidates" and parts[-1] in moved:
            effect = "Its routes go to another address; what was gathered about them begins anew."
            users = _users(new, parts[-1], standings)
            found.renewed.update(dict.fromkeys(users))
            carrying = [name for name in users if standings[name].carries_customers]
            if carrying:
                names = ", ".join(carrying)
                refusal = f"Customers of {names} would go to another candidate. Roll back first."
        if key == "legacy":
            found.renewed.update(
                {name: None for name, each in standings.items() if each.phase != Phase.LEGACY}
            )
        found.changes.append(PlanChange("changed", key, was, becomes, effect, None, refusal))


def _users(plan: Plan, candidate: str, standings: Mapping[str, RouteStanding]) -> list[str]:
    return [
        route.name
        for route in plan.routes
        if plan.candidate_of(route) == candidate
        and route.name in standings
        and standings[route.name].phase != Phase.LEGACY
    ]


def _effect(key: str) -> str:
    return next((said for start, said in _EFFECTS.items() if key.startswith(start)), "")


def _while_carrying(name: str, at: Position, what: str) -> str:
    return f"{name} is in {describe(at)} and would be one that {what}. Roll it back first."


def _matched(plan: Plan, route: RoutePlan) -> str:
    where = route.path or route.regex or f"{route.prefix}*"
    return f"{' '.join((*route.methods, where))} → {plan.candidate_of(route)}, owner {route.owner}"


def _data(plan: Plan) -> dict[str, Any]:
    """The section with its sets by name, so that a changed one is told by what changed in it."""
    data = dict(plan.data or {})
    return data | {"sets": {each["name"]: each for each in data.get("sets", ())}}


def _plain(value: object) -> dict[str, Any]:
    return cast("dict[str, Any]", msgspec.to_builtins(value))


def _differences(before: object, after: object, at: str = "") -> Iterator[tuple[str, str, str]]:
    """Where two values differ, as near to the leaves as it can still be read."""
    if before == after:
        return
    if _is_mapping(before) and _is_mapping(after):
        for key in dict.fromkeys((*before, *after)):
            inner = f"{at}.{key}" if at else str(key)
            yield from _differences(before.get(key), after.get(key), inner)
        return
    yield at, _text(before), _text(after)


def _is_mapping(value: object) -> TypeGuard[dict[str, Any]]:
    return isinstance(value, dict)


def _are_texts(value: object) -> TypeGuard[list[str]]:
    return isinstance(value, list | tuple) and all(
        isinstance(each, str) for each in cast("list[object]", value)
    )


def _text(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, str):
        text = value.strip().replace("\n", " ⏎ ")
    elif _are_texts(value):
        text = ", ".join(value) or "none"
    else:
        text = msgspec.json.encode(value).decode()
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 1]}…"
