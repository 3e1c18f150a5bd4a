"""The engine against generated markets whose truth is known: everything found, nothing invented."""

import random

import pytest

from banyan.reconciliation import Outcome, Tolerances, compare
from benchmarks.reconciliation_world import KINDS, RATES, TOLERANCES, World, make, score


def reconcile(world: World) -> tuple[Outcome, Outcome]:
    tolerances = Tolerances(TOLERANCES)
    return (
        compare(
            "operations", *world.operations, today=world.today, tolerances=tolerances, rates=RATES
        ),
        compare("settlements", *world.settlements, today=world.today, tolerances=tolerances),
    )


@pytest.mark.parametrize("start", range(0, 120, 10))
def test_every_clean_line_matches_and_every_break_is_found(start: int) -> None:
    for seed in range(start, start + 10):
        world = make(seed, payments=250, breaks_each=2)
        result = score(world, *reconcile(world))
        assert set(result.planted) == set(KINDS)
        assert result.is_perfect, f"seed {seed}: {result}"


@pytest.mark.slow
def test_many_more_seeds() -> None:
    for seed in range(1_000, 1_300):
        result = score(world := make(seed, payments=600), *reconcile(world))
        assert result.is_perfect, f"seed {seed}: {result}"


def test_the_order_of_the_lines_changes_nothing() -> None:
    world = make(7, payments=300)
    first = [sorted(str(p) for p in outcome.proposals) for outcome in reconcile(world)]
    dice = random.Random(1)
    for lines in (world.books, world.report, world.bank):
        dice.shuffle(lines)
    assert [sorted(str(p) for p in outcome.proposals) for outcome in reconcile(world)] == first


def test_every_line_ends_up_in_one_place() -> None:
    world = make(11, payments=300)
    for outcome, sides in zip(reconcile(world), (world.operations, world.settlements), strict=True):
        matched = [line.line_id for proposal in outcome.proposals for line in proposal.lines]
        broken = [one.line.line_id for one in outcome.breaks]
        waiting = [line.line_id for line in outcome.waiting]
        told = [*matched, *broken, *waiting]
        assert len(told) == len(set(told))
        explained = {one.other.line_id for one in outcome.breaks if one.other is not None}
        every = {line.line_id for side in sides for line in side}
        assert every == {*told, *explained} & every
        assert every <= {*told, *explained}


def test_the_score_notices_what_is_wrong() -> None:
    world = make(3, payments=200, breaks_each=1)
    operations, settlements = reconcile(world)
    lost = operations.proposals.pop()
    assert not score(world, operations, settlements).is_perfect
    operations.proposals.append(lost)
    assert score(world, operations, settlements).is_perfect
    operations.breaks.append(operations.breaks[0])
    assert score(world, operations, settlements).invented
