"""Whatever dies and whatever fails: every payment is taken once, and nothing is lost."""

from uuid import UUID

import pytest

from banyan import ledger
from banyan.runtime import Database
from tests.simulation.chaos import Chaos


async def _prove(chaos: Chaos) -> None:
    await chaos.check()
    async with chaos.database.transaction(chaos.marketplace) as tx:
        report = await ledger.verify(tx)
    assert report.is_sound, report.findings


async def test_deaths_and_faults_lose_nothing(database: Database, sandbox: UUID) -> None:
    chaos = Chaos(database, sandbox)
    await chaos.prepare()
    for seed in range(28):
        await chaos.run(seed)
    assert chaos.deaths > 5
    assert chaos.faults > 20
    await _prove(chaos)
    assert chaos.captured > 10


@pytest.mark.slow
async def test_dying_at_every_await_loses_nothing(database: Database, sandbox: UUID) -> None:
    """Each story is told once for each step that it has, and dies at it."""
    chaos = Chaos(database, sandbox)
    await chaos.prepare()
    for story in (0, 2, 5, 11):
        step, is_alive = 1, True
        while is_alive:
            fuse = await chaos.run(story, dies_at=step)
            is_alive = fuse.has_blown
            step += 3
    assert chaos.deaths > 50
    await _prove(chaos)
