"""Whole rehearsals: the real control plane and Envoy, a sound candidate made to fail."""

import asyncio
from collections.abc import Sequence

import pytest

from banyan.migration import Evidence, RehearsalImpossible
from banyan.migration import RehearsalFault as Fault
from banyan.migration.model.rehearsal import PHASES, RehearsedPhase
from banyan.migration.rehearsal import Wanted, rehearse
from tests.migration.rehearsal.shop import Shop, plan_of

PATIENCE_S = 300.0
"""For a route to be back: on a machine that has much else to do it takes its time."""


async def test_faults_are_noticed_and_customers_notice_nothing(database_url: str) -> None:
    said: list[str] = []
    async with Shop("legacy") as legacy, Shop("candidate") as candidate:
        evidence = await rehearse(
            Wanted(
                source=plan_of(legacy.url, candidate.url), version=3, legacy=legacy.url,
                candidates={"candidate": candidate.url}, by="ann",
                faults=(Fault.ERROR_500, Fault.WRONG_BODY), phases=("canary",),
                rollback_s_max=PATIENCE_S,
                database_url=database_url,
            ),
            said.append,
        )  # fmt: skip
    assert all(cell.has_passed for cell in evidence.cells), said
    assert {(cell.fault, cell.route) for cell in evidence.cells} == {
        (fault, route)
        for fault in (Fault.ERROR_500, Fault.WRONG_BODY)
        for route in ("product", "stock")
    }
    assert sum(cell.errors for cell in evidence.cells) == 0
    assert all(cell.rolled_back_ms is not None for cell in evidence.cells)
    assert evidence.plan_version == 3
    # Not all faults in all phases: that proves nothing about the plan.
    assert not evidence.has_passed


@pytest.mark.slow
@pytest.mark.soak
async def test_every_fault_in_every_phase() -> None:
    """Two halves side by side, each with a gateway and a control plane of its own."""
    said: list[str] = []

    async def half(phases: Sequence[RehearsedPhase]) -> Evidence:
        async with Shop("legacy") as legacy, Shop("candidate") as candidate:
            return await rehearse(
                Wanted(
                    source=plan_of(legacy.url, candidate.url), version=1, legacy=legacy.url,
                    candidates={"candidate": candidate.url}, by="ann", phases=phases,
                    rollback_s_max=PATIENCE_S,
                ),
                said.append,
            )  # fmt: skip

    halves = await asyncio.gather(half(PHASES[:2]), half(PHASES[2:]))
    cells = [cell for evidence in halves for cell in evidence.cells]
    assert all(cell.has_passed for cell in cells), "\n".join(said)
    assert len(cells) == len(Fault) * len(PHASES) * 2
    assert sum(cell.errors for cell in cells) == 0


@pytest.mark.slow
async def test_a_candidate_that_is_not_sound_fails_without_a_fault(
    database_url: str,
) -> None:
    class Dearer(Shop):
        def _answer(self, head: str) -> bytes:
            return super()._answer(head).replace(b"19.90", b"20.90")

    async with Shop("legacy") as legacy, Dearer("candidate") as candidate:
        evidence = await rehearse(
            Wanted(
                source=plan_of(legacy.url, candidate.url), version=1, legacy=legacy.url,
                candidates={"candidate": candidate.url}, by="ann", faults=(Fault.NONE,),
                phases=("canary",), rollback_s_max=PATIENCE_S, database_url=database_url,
            ),
            print,
        )  # fmt: skip
    by_route = {cell.route: cell for cell in evidence.cells}
    assert by_route["stock"].has_passed
    assert not by_route["product"].has_passed


async def test_a_staging_copy_that_gives_nothing_is_refused() -> None:
    async with Shop("gone") as gone, Shop("candidate") as candidate:
        pass
    with pytest.raises(RehearsalImpossible, match="--requests"):
        await rehearse(
            Wanted(
                source=plan_of(gone.url, candidate.url), version=1, legacy=gone.url,
                candidates={"candidate": candidate.url}, by="ann",
            ),
            print,
        )  # fmt: skip
