"""A plan that says otherwise of a set than before: what of it has to be done anew, and when it may not be."""

from enum import IntEnum
from typing import Any

import msgspec

from banyan.movement.model import (
    Changes,
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
    if not is_same_source(before, after) or _goes_to(before) != _goes_to(after):
        return Anew.EVERYTHING
    if _said(_meaning(before.set)) != _said(_meaning(after.set)):
        return Anew.COMPARISON
    return Anew.NOTHING


def anew_of(data_set: DataSet, before: Declared, after: Declared) -> Anew:
    """The same of a set that has come so far."""
    much = anew(before, after)
    if data_set.is_gone:  # nobody looked after it
        much = max(much, Anew.COMPARISON)
    if data_set.phase == SetPhase.REVERSING:  # filling would overwrite what the new side wrote
        return min(much, Anew.COMPARISON)
    if data_set.phase == SetPhase.BACKFILLING and much:
        return Anew.EVERYTHING  # a part has been copied as it was said before
    return much


def is_same_source(before: Declared, after: Declared) -> bool:
    """Whether the same is read by the same key, and changes are caught in the same way."""
    one, other = (
        _said([each.source, each.set.source, _caught(each.set.changes)]) for each in (before, after)
    )
    return one == other


def is_same_target(before: Declared, after: Declared) -> bool:
    """Whether rows go to the same place, and changes are caught there in the same way."""
    if _goes_to(before) != _goes_to(after):
        return False
    one, other = (reverse_of(each.set) for each in (before, after))
    return (one and _caught(one.changes)) == (other and _caught(other.changes))


def change_of(data_set: DataSet, before: Declared, after: Declared | None) -> SetChange | None:
    """What becomes of a set if the plan says ``after`` (None: no longer anything); None: nothing."""
    name = data_set.name
    if after is None:
        why_not = _why_not_without(data_set, before.set)
        return SetChange(name, "left alone", "Nothing carries it any more.", why_not)
    much = anew_of(data_set, before, after)
    if much == Anew.NOTHING:
        return None
    effect = "Until all of its rows were compared it isn't verified."
    if data_set.phase == SetPhase.REVERSING:
        why_not = (
            f"{name} is cut over: what the new side takes would flow back otherwise, or elsewhere. "
            "Roll its routes back first."
        )
        return SetChange(name, "compared anew", effect, why_not)
    is_kept = much == Anew.COMPARISON and is_same_target(before, after)
    why_not = "" if is_kept else _why_unsettled(data_set, before.set)
    becomes = "compared anew" if much == Anew.COMPARISON else "filled and compared anew"
    return SetChange(name, becomes, effect, why_not)


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


def _goes_to(declared: Declared) -> bytes:
    target = declared.set.target
    place = TargetTable(table=target.table, schema=target.schema, key=target.key)
    return _said([declared.target, place])


def _caught(changes: Changes) -> str:
    return changes if isinstance(changes, str) else f"polling {changes.polling}"


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
