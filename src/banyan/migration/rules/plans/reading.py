"""From a file to a plan, or to everything that is wrong with it."""

from dataclasses import dataclass
from datetime import date
from typing import Any, cast

import msgspec

from banyan.migration.model.plan import Plan
from banyan.migration.model.standing import PlanFault
from banyan.migration.rules.plans.checks import check_plan
from banyan.migration.rules.plans.shape import shape_faults
from banyan.migration.rules.plans.tree import Path, Tree


@dataclass(frozen=True, slots=True)
class ReadPlan:
    """What a file was read to. ``plan`` is None as soon as there is a fault."""

    plan: Plan | None
    document: dict[str, Any]
    faults: tuple[PlanFault, ...]


def read_plan(source: str, today: date | None = None) -> ReadPlan:
    """Read and check a plan; every fault, in the order of the file.

    ``today`` lets milestones be checked that can't be reached any more.
    """
    from banyan.migration.rules.plans.parsing import read_tree  # YAML: most commands read none

    tree = read_tree(source)
    faults = [*tree.faults]
    plan = None
    if not faults:
        faults = shape_faults(tree)
    if not faults:
        plan = _converted(tree, faults)
    if plan is not None:
        faults = [tree.fault(path, sentence) for path, sentence in check_plan(plan, today)]
    faults.sort(key=lambda fault: (fault.line, fault.column, fault.path, fault.sentence))
    if faults or plan is None:
        return ReadPlan(None, {}, tuple(faults))
    return ReadPlan(plan, cast("dict[str, Any]", msgspec.to_builtins(plan)), ())


def _converted(tree: Tree, faults: list[PlanFault]) -> Plan | None:
    try:
        return msgspec.convert(tree.value, Plan)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$")
        path = _path(place.rstrip("`"))
        faults.append(tree.fault(path, f"{said.replace('RFC3339 encoded ', '')}."))
        return None


def _path(text: str) -> Path:
    """msgspec's ``.freezes[0].start`` as a path."""
    parts: list[str | int] = []
    for part in text.replace("[", ".[").split("."):
        if part.startswith("["):
            inside = part.strip("[]")
            parts.append(int(inside) if inside.isdigit() else inside)
        elif part:
            parts.append(part)
    return tuple(parts)
