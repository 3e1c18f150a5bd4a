"""The plan as it is rehearsed, and when a rehearsal is evidence for a plan."""

import hashlib
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime, timedelta
from typing import Any

import msgspec

from banyan.migration.model.plan import Plan, RoutePlan
from banyan.migration.model.rehearsal import RehearsedRoute

STEPS = ("20%", "50%")
AGE_MAX = timedelta(days=90)
"""How old evidence may be: what surrounds a platform changes even if the plan doesn't."""

_NOT_SERVING = (
    "title", "owner", "dependents", "criteria", "auto_advance_to", "runbook", "rollback", "writes",
)  # fmt: skip


def fingerprint_of(plan: Plan, route: RoutePlan) -> str:
    """A hash of all in the plan that changes how a route is served and compared.

    Criteria, texts, dates and addresses are not in it: a rehearsal is of a staging copy anyway.
    """
    own: dict[str, Any] = msgspec.to_builtins(route)
    for name in _NOT_SERVING:
        own.pop(name, None)
    own["shadow"] = _without_sample(msgspec.to_builtins(route.shadow or plan.shadow))
    whole: dict[str, Any] = {
        "route": own,
        "identity": msgspec.to_builtins(plan.gateway.identity),
        "cookies": msgspec.to_builtins(plan.gateway.cookies),
        "noise": [
            msgspec.to_builtins(rule)
            for rule in plan.noise
            if not rule.routes or route.name in rule.routes
        ],
    }
    return hashlib.sha256(msgspec.json.encode(whole, order="deterministic")).hexdigest()


def rehearsal_plan(
    document: Mapping[str, Any], *, listen: str, legacy: str
) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The document of a plan changed so that it can be rehearsed, and what was changed.

    The candidates' addresses are left to who gives them.
    """
    changed = deepcopy(dict(document))
    changed["legacy"] = legacy
    changed["gateway"] = {**changed.get("gateway", {}), "listen": listen}
    changed["shadow"] = {**changed.get("shadow", {}), "sample": "100%"}
    for name in ("freezes", "milestones", "data", "notice"):
        changed.pop(name, None)
    changed["criteria"] = _criteria(changed.get("criteria", {}))
    for route in changed["routes"]:
        route["auto_advance_to"] = "legacy"
        route["writes"] = "legacy"
        if "criteria" in route:
            route["criteria"] = _criteria(route["criteria"])
        if route.get("shadow"):
            route["shadow"] = {**route["shadow"], "sample": "100%"}
    return changed, (
        "Addresses are those of the staging copy; the gateway listens on a port of its own.",
        f"The steps of the ramp are {' and '.join(STEPS)}, so that few customers tell much.",
        "All safe requests are compared, not a sample of them.",
        "Nothing advances by itself; freezes, milestones and notices are left out.",
        "Writes stay on legacy and were not sent: only safe requests were rehearsed.",
    )


def missing_of(rehearsed: RehearsedRoute | None, fingerprint: str, now: datetime) -> str:
    """What is wrong with the newest rehearsal of a route; '' nothing."""
    if rehearsed is None:
        return "none yet"
    if not rehearsed.has_passed:
        return f"the last one, of {rehearsed.ended_at:%Y-%m-%d}, failed: {rehearsed.sentence}"
    if rehearsed.fingerprint != fingerprint:
        return f"the route has changed since the last one, of {rehearsed.ended_at:%Y-%m-%d}"
    age = now - rehearsed.ended_at
    if age > AGE_MAX:
        return f"the last one is {age.days} days old; {AGE_MAX.days} are allowed"
    return ""


def _criteria(criteria: Mapping[str, Any]) -> dict[str, Any]:
    """Without what nobody in a rehearsal can say yes to; bounds of errors and latency stay."""
    kept: dict[str, Any] = {}
    for phase in ("shadow", "canary", "ramp", "candidate"):
        own = dict(criteria.get(phase) or {})
        for name in ("data", "rehearsed", "approval"):
            own.pop(name, None)
        kept[phase] = own
    kept["ramp"]["steps"] = list(STEPS)
    return kept


def _without_sample(shadow: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in shadow.items() if name != "sample"}
