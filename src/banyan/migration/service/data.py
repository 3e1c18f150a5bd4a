"""The data behind a route's writes: whether it is verified, and which side is the truth."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from banyan import movement
from banyan.migration.errors import RouteNotReady
from banyan.movement import DataSetNotFound, DataSetNotVerified, NotReversible, SetPhase
from banyan.runtime import Transaction


async def missing_data(tx: Transaction, plan_id: UUID, names: Sequence[str]) -> dict[str, str]:
    """Which of these sets aren't verified, with why."""
    missing: dict[str, str] = {}
    for name in names:
        standing = await movement.standing(tx, plan_id, name)
        if not standing.is_verified:
            missing[name] = standing.sentence.rstrip(".")
    return missing


async def why_no_return(tx: Transaction, plan_id: UUID, names: Sequence[str]) -> str:
    """Why the source may lack what was written since the cutover; empty: it has everything."""
    if not names:
        return ""
    found = await movement.can_return(tx, plan_id, names)
    if not found.is_safe:
        return found.sentence
    one_way = [each.name for each in found.sets if each.phase != SetPhase.REVERSING]
    return f"Nothing carries {', '.join(one_way)} back." if one_way else ""


async def cut_over(
    tx: Transaction, plan_id: UUID, names: Iterable[str], *, is_forced: bool
) -> None:
    """Let the new side be the truth, also of a set that has no way back, if the plan says so."""
    for name in names:
        try:
            await movement.begin_reverse(tx, plan_id, name, is_forced=is_forced)
        except (NotReversible, DataSetNotVerified, DataSetNotFound) as error:
            if not is_forced:
                raise RouteNotReady(error.detail) from None


async def give_back(
    tx: Transaction, plan_id: UUID, names: Iterable[str], *, is_forced: bool
) -> None:
    """Let the old side be the truth again."""
    for name in names:
        try:
            await movement.begin_return(tx, plan_id, name, is_forced=is_forced)
        except DataSetNotFound:
            continue
