"""Sets as a plan declares them, where they stand, and turning them round."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

import msgspec

from banyan.kernel import Page, decode_cursor, derived_id, page_of
from banyan.movement.errors import (
    DataSetNotFound,
    DataSetNotVerified,
    MalformedDataPlan,
    NotReversible,
    WrongDataPhase,
)
from banyan.movement.model import (
    DATA_SET,
    DataPlan,
    DataSet,
    DataStanding,
    Declared,
    Finding,
    FindingKind,
    FlowName,
    ReturnStanding,
    SetChange,
    SetPhase,
    SetPlan,
)
from banyan.movement.rules.changes import Anew, anew_of, change_of, is_same_source, is_same_target
from banyan.movement.rules.plan import check_data, read_plan, reverse_of
from banyan.movement.rules.standing import (
    SETTLES,
    is_returning,
    one_way_of,
    refusal_of,
    return_of,
    standing_of,
    under_way_of,
    unreturned_of,
)
from banyan.movement.store import findings as findings_store
from banyan.movement.store import progress
from banyan.movement.store import sets as sets_store
from banyan.runtime import Event, Json, Transaction


def declared_of(data_set: DataSet) -> Declared:
    return msgspec.convert(data_set.declared, Declared)


def plan_of(data_set: DataSet) -> SetPlan:
    return declared_of(data_set).set


async def declare(
    tx: Transaction, plan_id: UUID, plan: str, data: Mapping[str, Any] | None
) -> list[DataSet]:
    """Take over the section ``data`` of a plan; how far sets have come stays where that still counts.

    A set of other rows, of another key, or whose rows go elsewhere is filled anew; one that is
    mapped otherwise is compared anew. ``changes_of`` says so beforehand, and what stands against it.
    ``MalformedDataPlan`` with a fault for each place that is wrong.
    """
    declared = _declared_in(data)
    for name, one in declared.items():
        set_id = set_id_of(plan_id, name)
        known = await sets_store.find_set(tx, set_id, lock=True)
        kept = msgspec.to_builtins(one, str_keys=True)
        await sets_store.upsert_set(tx, set_id, plan_id, plan, name, kept)
        if known is None:
            await _record(tx, set_id, "data.declared", plan, name, f"{name} is to move.")
        elif (change := change_of(known, declared_of(known), one)) is not None:
            await _renew(tx, known, one)
            await _record(tx, set_id, "data.renewed", plan, name, change.effect)
    await sets_store.update_gone(tx, plan_id, list(declared))
    return await sets_store.select_sets(tx, plan_id, None) if declared else []


async def changes_of(
    tx: Transaction, plan_id: UUID, data: Mapping[str, Any] | None
) -> list[SetChange]:
    """What declaring this section would do to the sets that the plan has; ``MalformedDataPlan``."""
    declared = _declared_in(data)
    sets = await sets_store.select_sets(tx, plan_id, None, with_gone=True)
    changes = [
        change_of(one, declared_of(one), declared.get(one.name))
        for one in sets
        if one.name in declared or not one.is_gone
    ]
    return [one for one in changes if one is not None]


def _declared_in(data: Mapping[str, Any] | None) -> dict[str, Declared]:
    """The sets of a section by name."""
    if data is None:
        return {}
    faults = check_data(data)
    if faults:
        raise MalformedDataPlan(faults[0].detail, faults=tuple(faults))
    read: DataPlan = read_plan(data)
    return {
        one.name: Declared(source=read.source, target=read.target, set=one) for one in read.sets
    }


async def _renew(tx: Transaction, known: DataSet, declared: Declared) -> None:
    """Begin anew what a change of the plan undoes; movers that know the plan of before are shut out."""
    before = declared_of(known)
    much = anew_of(known, before, declared)
    is_same = is_same_source(before, declared) and is_same_target(before, declared)
    is_awaited = known.phase == SetPhase.REVERSING or is_returning(known, before.set)
    if not is_same and (much == Anew.EVERYTHING or not is_awaited):
        await sets_store.insert_replaced(tx, known.set_id, known.epoch, known.declared)
    if much == Anew.EVERYTHING:
        await sets_store.update_restarted(tx, known.set_id)
        await findings_store.close_all_findings(tx, known.set_id, list(FindingKind))
    await sets_store.update_verification_wanted(tx, known.set_id)
    await progress.update_epoch(tx, known.set_id)


async def _record(
    tx: Transaction,
    set_id: UUID,
    event: Literal["data.declared", "data.renewed", "data.reversed", "data.returned"],
    plan: str,
    name: str,
    why: str,
) -> None:
    news: dict[str, Json] = {"name": name, "plan": plan, "reason": why}
    await tx.record(Event(event, DATA_SET.text(set_id), news))


def set_id_of(plan_id: UUID, name: str) -> UUID:
    return derived_id(plan_id, "data set", name)


async def get_set(tx: Transaction, set_id: UUID) -> DataSet:
    found = await sets_store.find_set(tx, set_id)
    if found is None:
        raise DataSetNotFound(f"There is no data set {DATA_SET.text(set_id)}.")
    return found


async def list_sets(
    tx: Transaction,
    *,
    plan_id: UUID | None = None,
    plan: str | None = None,
    with_gone: bool = False,
) -> list[DataSet]:
    """The sets of a plan (by id or by name), or of all plans; also those that have left it, if asked."""
    return await sets_store.select_sets(tx, plan_id, plan, with_gone=with_gone)


async def page_sets(tx: Transaction, *, limit: int, cursor: str | None = None) -> Page[DataSet]:
    after: UUID | None = None
    if cursor is not None:
        (decoded,) = decode_cursor(cursor, (UUID,))
        assert isinstance(decoded, UUID), "as decoded"
        after = decoded
    rows = await sets_store.select_page(tx, after, limit + 1)
    return page_of(rows, limit, lambda one: (one.set_id,))


async def page_findings(
    tx: Transaction, set_id: UUID, *, limit: int, cursor: str | None = None
) -> Page[Finding]:
    """Open findings of a set."""
    await get_set(tx, set_id)
    after: str | None = None
    if cursor is not None:
        (decoded,) = decode_cursor(cursor, (str,))
        assert isinstance(decoded, str), "as decoded"
        after = decoded
    rows = await findings_store.select_findings(tx, set_id, after=after, limit=limit + 1)
    return page_of(rows, limit, lambda one: (one.flow + one.kind + one.key_hash,))


async def standing(tx: Transaction, plan_id: UUID, name: str) -> DataStanding:
    """Whether the set ``name`` of a plan may be relied on; a set that isn't there may not."""
    data_set = await sets_store.find_set(tx, set_id_of(plan_id, name))
    if data_set is None or data_set.is_gone:
        sentence = f"{name} is not verified: the plan declares no such data set."
        return DataStanding(
            set_id=None, name=name, phase=None, is_verified=False, sentence=sentence
        )
    (one,) = await standings_of(tx, [data_set])
    return one


async def standings(tx: Transaction, plan_id: UUID) -> list[DataStanding]:
    """Where every set of a plan stands, by name."""
    return await standings_of(tx, await sets_store.select_sets(tx, plan_id, None))


async def standings_of(tx: Transaction, sets: Sequence[DataSet]) -> list[DataStanding]:
    counts = await findings_store.count_findings(tx)
    return [standing_of(one, plan_of(one), _counts_of(one, counts), tx.now) for one in sets]


async def begin_reverse(
    tx: Transaction, plan_id: UUID, name: str, *, is_forced: bool = False
) -> DataSet:
    """Cut a set over: from this commit on the target is the truth and flows back to the source.

    Changes of the source that are still under way, and late ones, are carried over as before,
    unless the same row was changed at the target: then the target's stays, and a finding tells.
    Already cut over: nothing changes. A set whose plan says ``reverse: none`` is turned, too: the
    source must not overwrite the target any more, and nothing is carried either way.

    ``DataSetNotVerified`` if it may not be relied on; ``NotReversible`` if the plan takes a way back
    for granted that there is not. ``is_forced`` turns it all the same, unless it isn't filled yet.
    """
    data_set = await _locked(tx, plan_id, name)
    if data_set.phase == SetPhase.REVERSING:
        return data_set
    plan = plan_of(data_set)
    if reverse_of(plan) is None and plan.reverse != "none" and not is_forced:
        raise NotReversible(
            f"{name} has no way back that could be made of its columns: declare a reverse mapping, or "
            "reverse: none to cut over without."
        )
    (now,) = await standings_of(tx, [data_set])
    if not now.is_verified and not (is_forced and data_set.phase == SetPhase.FOLLOWING):
        raise DataSetNotVerified(now.sentence)
    return await _turn(tx, data_set, SetPhase.REVERSING, "data.reversed", "the new side")


async def begin_return(
    tx: Transaction, plan_id: UUID, name: str, *, is_forced: bool = False
) -> DataSet:
    """Give the truth back to the source (a rollback of writes).

    From this commit on the source is the truth. What the target took and has not come back yet, or
    takes late, is carried back as before, unless the same row was changed at the source: then the
    source's stays, and a finding tells. ``unreturned`` says what is still to come.

    ``DataSetNotVerified`` where ``can_return`` has a refusal, unless ``is_forced``.
    """
    data_set = await _locked(tx, plan_id, name)
    if data_set.phase != SetPhase.REVERSING:
        return data_set
    verdict = await can_return(tx, plan_id, [name])
    if verdict.refusal and not is_forced:
        raise DataSetNotVerified(verdict.refusal)
    return await _turn(tx, data_set, SetPhase.FOLLOWING, "data.returned", "the old side")


async def can_return(tx: Transaction, plan_id: UUID, names: Sequence[str]) -> ReturnStanding:
    """Whether these sets could be given back to the source now without losing a write.

    ``is_safe``: the source has every write. With no ``refusal`` it will have them soon.
    """
    found = [await sets_store.find_set(tx, set_id_of(plan_id, name)) for name in names]
    sets = [(one, plan_of(one)) for one in found if one is not None]
    counts = await findings_store.count_findings(tx)
    one_way = [
        f"What was written to {name} isn't carried back."
        for name, one in zip(names, found, strict=True)
        if one is None
    ]
    one_way += [why for one, plan in sets if (why := one_way_of(one, plan))]
    refusals = [
        why for one, plan in sets if (why := refusal_of(one, plan, _counts_of(one, counts), tx.now))
    ]
    under_way = [why for one, plan in sets if (why := under_way_of(one, plan, tx.now))]
    standings = await standings_of(tx, [one for one, _ in sets])
    return return_of(standings, one_way, refusals, under_way)


async def unreturned(tx: Transaction, plan_id: UUID, names: Sequence[str]) -> str:
    """What the new side took of sets that were given back, and the source lacks; empty: nothing."""
    for name in names:
        data_set = await sets_store.find_set(tx, set_id_of(plan_id, name))
        if data_set is None:
            continue
        stuck = await findings_store.count_stuck(tx, data_set.set_id, FlowName.REVERSE)
        # A sandbox's clock may stand still.
        settles = SETTLES if tx.livemode else timedelta()
        if why := unreturned_of(data_set, plan_of(data_set), stuck, settles=settles):
            return why
    return ""


async def restart(tx: Transaction, plan_id: UUID, name: str, *, is_forced: bool = False) -> DataSet:
    """Fill and compare a set anew, from the beginning.

    ``WrongDataPhase`` after its cutover, and as long as the source lacks what the target took, unless
    ``is_forced``: where a database is another one now, or was restored, nothing can come back.
    """
    data_set = await _locked(tx, plan_id, name)
    if data_set.phase == SetPhase.REVERSING:
        raise WrongDataPhase(f"{name} is cut over: the target is the truth. Return first.")
    why = await unreturned(tx, plan_id, [name])
    if why and not is_forced:
        raise WrongDataPhase(f"Filled anew, {name} would lose what the new side took. {why}")
    if is_returning(data_set, plan_of(data_set)) and not is_forced:
        raise WrongDataPhase(
            f"{name} was given back only just: writes of the new side may still be under way. Its mover "
            "sees the end of that within minutes."
        )
    await sets_store.update_restarted(tx, data_set.set_id)
    # Those on their way to the target are found again; those on their way back are given up.
    await findings_store.close_all_findings(tx, data_set.set_id, ["stuck"])
    return await get_set(tx, data_set.set_id)


async def want_verification(tx: Transaction, plan_id: UUID, name: str) -> None:
    """Compare every row anew, now; until that is done, the set isn't verified."""
    data_set = await _locked(tx, plan_id, name)
    await sets_store.update_verification_wanted(tx, data_set.set_id)


async def want_repair(tx: Transaction, plan_id: UUID, name: str) -> int:
    """Have the set's mover carry over again what differs; how many rows that is."""
    data_set = await _locked(tx, plan_id, name)
    counts = await findings_store.count_findings(tx)
    await sets_store.update_wanted(tx, data_set.set_id, "repair")
    kinds = ("missing", "extra", "differs")
    return sum(counts.get((data_set.set_id, kind), 0) for kind in kinds)


async def decide_conflicts(tx: Transaction, plan_id: UUID, name: str) -> int:
    """A person has seen the conflicts of a set and lets what stands stand; how many those were."""
    data_set = await _locked(tx, plan_id, name)
    return await findings_store.close_all_findings(tx, data_set.set_id, ["conflict"])


def _counts_of(data_set: DataSet, counts: Mapping[tuple[UUID, str], int]) -> dict[str, int]:
    """Of one set, by kind."""
    return {kind: count for (set_id, kind), count in counts.items() if set_id == data_set.set_id}


async def _locked(tx: Transaction, plan_id: UUID, name: str) -> DataSet:
    data_set = await sets_store.find_set(tx, set_id_of(plan_id, name), lock=True)
    if data_set is None:
        raise DataSetNotFound(f"The plan declares no data set {name}.")
    return data_set


async def _turn(
    tx: Transaction,
    data_set: DataSet,
    phase: SetPhase,
    event: Literal["data.reversed", "data.returned"],
    truth: str,
) -> DataSet:
    await sets_store.update_turned(tx, data_set.set_id, phase)
    name = data_set.name
    why = f"The truth about {name} is on {truth} from now on."
    await _record(tx, data_set.set_id, event, data_set.plan, name, why)
    return await get_set(tx, data_set.set_id)
