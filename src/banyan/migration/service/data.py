"""The data behind a route's writes: whether it is verified, and which side is the truth."""

from collections.abc import Iterable, Sequence
from uuid import UUID

from banyan import movement
from banyan.migration.errors import RouteNotReady
from banyan.movement import (
    DataSetNotFound,
    DataSetNotVerified,
    NotReversible,
    ReturnStanding,
    SetPhase,
)
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
    """Why the source would never have what was written since the cutover, or not for long; empty: it
    has everything, or will soon."""
    return (await way_back(tx, plan_id, names)).refusal


async def way_back(tx: Transaction, plan_id: UUID, names: Sequence[str]) -> ReturnStanding:
    """Whether sets that the new side writes to can be given back."""
    if not names:
        return ReturnStanding(is_safe=True, sentence="")
    found = await movement.can_return(tx, plan_id, names)
    one_way = [each.name for each in found.sets if each.phase != SetPhase.REVERSING]
    if found.refusal or not one_way:
        return found
    why = f"Nothing carries {', '.join(one_way)} back."
    return ReturnStanding(False, why, found.sets, refusal=why, is_one_way=True)


async def cut_over(
    tx: Transaction, plan_id: UUID, names: Iterable[str], *, is_forced: bool
) -> None:
    """Let the new side be the truth, also of a set that has no way back, if the plan says so.

    Forcing doesn't help where a set isn't filled: its rows would go on overwriting the new side's.
    """
    for name in names:
        try:
            await movement.begin_reverse(tx, plan_id, name, is_forced=is_forced)
        except DataSetNotVerified as error:
            hint = " That can't be forced: filling overwrites what the new side writes."
            raise RouteNotReady(f"{error.detail}{hint if is_forced else ''}") from None
        except (NotReversible, DataSetNotFound) as error:
            if not is_forced:
                raise RouteNotReady(error.detail) from None


async def give_back(
    tx: Transaction, plan_id: UUID, names: Iterable[str], *, is_forced: bool
) -> None:
    """Let the old side be the truth again; what it lacks yet is carried back after."""
    for name in names:
        try:
            await movement.begin_return(tx, plan_id, name, is_forced=is_forced)
        except DataSetNotFound:
            continue


async def unreturned(tx: Transaction, plan_id: UUID, names: Sequence[str]) -> str:
    """What the source lacks of what was written before these sets were given back; empty: nothing."""
    return await movement.unreturned(tx, plan_id, names)
