"""A plan that says otherwise of a set than before: what of it has to be done anew, and when it may not be."""

from enum import IntEnum
from typing import Any

import msgspec

from banyan.movement.model import (
    DataSet,
    Declared,
    SetChange,
    SetPhase,
    SetPlan,
    SourceTable,
    TargetTable,
    Throttle,
    VerifyPlan,
)
from banyan.movement.rules.plan import reverse_of
from banyan.movement.rules.standing import is_returning


class Anew(IntEnum):
    """What begins anew."""

    NOTHING = 0
    COMPARISON = 1
    """Other rows are alike than before."""
    EVERYTHING = 2
    """Other rows, or rows elsewhere: nothing of what was copied counts."""


def anew(before: Declared, after: Declared) -> Anew:
    """How much of a set's work a plan's change undoes; how fast and how often it is done undoes none."""
    if _said(_place(before)) != _said(_place(after)):
        return Anew.EVERYTHING
    if _said(_meaning(before.set)) != _said(_meaning(after.set)):
        return Anew.COMPARISON
    return Anew.NOTHING


def change_of(data_set: DataSet, before: Declared, after: Declared | None) -> SetChange | None:
    """What becomes of a set if the plan says ``after`` (None: no longer anything); None: nothing."""
    name = data_set.name
    if after is None:
        why_not = _why_not_without(data_set, before.set)
        return SetChange(name, "left alone", "Nothing carries it any more.", why_not)
    much = anew(before, after)
    if data_set.is_gone:
        much = max(much, Anew.COMPARISON)
    if much == Anew.NOTHING:
        return None
    effect = "Until all of its rows were compared it isn't verified."
    if data_set.phase == SetPhase.REVERSING:
        why_not = (
            f"{name} is cut over: what the new side takes would flow back otherwise, or elsewhere. "
            "Roll its routes back first."
        )
        return SetChange(name, "compared anew", effect, why_not)
    if much == Anew.COMPARISON:
        return SetChange(name, "compared anew", effect)
    return SetChange(name, "filled and compared anew", effect, _why_unsettled(data_set, before.set))


def _why_not_without(data_set: DataSet, plan: SetPlan) -> str:
    if data_set.phase == SetPhase.REVERSING and reverse_of(plan) is not None:
        return (
            f"{data_set.name} is cut over: nothing would flow back any more. Roll its routes back "
            "first."
        )
    return _why_unsettled(data_set, plan)


def _why_unsettled(data_set: DataSet, plan: SetPlan) -> str:
    if not is_returning(data_set, plan):
        return ""
    return (
        f"{data_set.name} was given back only just: what the new side took may still be on its way."
    )


def _place(declared: Declared) -> tuple[object, ...]:
    """Which rows, by which key, and where they go."""
    target = declared.set.target
    place = TargetTable(table=target.table, schema=target.schema, key=target.key)
    return declared.source, declared.target, declared.set.source, place


def _meaning(plan: SetPlan) -> SetPlan:
    """All that a comparison's outcome could depend on."""
    return msgspec.structs.replace(
        plan,
        source=SourceTable(key=plan.source.key),
        chunk=1,
        throttle=Throttle(),
        verify=VerifyPlan(),
        after=(),
        sequence_margin=0,
    )


def _said(value: Any) -> bytes:
    """As it is written: 1, true and 1.0 are three values of a column."""
    return msgspec.json.encode(value, order="deterministic")
