"""A route of a plan, whose answers are compared."""

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest

from banyan import comparison
from banyan.comparison import Answer, Asked, Comparing, Divergence, Finding, Recorded, Standing
from banyan.difference import comparing
from banyan.kernel import new_id
from banyan.runtime import Database, advance_clock
from tests.conftest import START

ASKED = Asked("GET", "/api/basket?page=2", (("host", "shop.example"), ("accept", "*/*")))


@dataclass
class Route:
    """What is compared on the route ``basket`` and what became of it."""

    database: Database
    marketplace: UUID
    how: Comparing = field(default_factory=lambda: comparing(key=b"k"))
    plan_id: UUID = field(default_factory=lambda: new_id(START))
    at: datetime = START
    numbers: "itertools.count[int]" = field(default_factory=itertools.count)

    def look(
        self,
        legacy: Answer,
        candidate: Answer,
        again: Answer | None = None,
        *,
        request_id: str | None = None,
        version: str = "",
        asked: Asked = ASKED,
    ) -> Finding:
        found = comparison.examine(
            "basket",
            request_id or f"r{next(self.numbers)}",
            asked,
            primary_arm="legacy",
            primary=legacy,
            legacy=again,
            candidate=candidate,
            how=self.how,
            at=self.at,
            version=version,
        )
        assert found is not None
        return found

    async def record(self, *findings: Finding) -> Recorded:
        async with self.database.transaction(self.marketplace) as tx:
            return await comparison.record(tx, self.plan_id, findings)

    async def divergences(self) -> list[Divergence]:
        async with self.database.transaction(self.marketplace) as tx:
            page = await comparison.list_divergences(tx, plan_id=self.plan_id)
        return page.data

    async def shown(self, divergence_id: UUID) -> comparison.Shown:
        async with self.database.transaction(self.marketplace) as tx:
            return await comparison.get_divergence(tx, divergence_id)

    async def standing(self) -> Standing:
        async with self.database.transaction(self.marketplace) as tx:
            return await comparison.standing(tx, self.plan_id, "basket", START)

    async def decide(
        self,
        divergence_id: UUID,
        choice: comparison.Choice,
        *,
        owner: str | None = None,
        fixed_in: str = "",
    ) -> Divergence:
        async with self.database.transaction(self.marketplace) as tx:
            return await comparison.decide(
                tx, divergence_id, choice, why="Seen.", by="ann", owner=owner, fixed_in=fixed_in
            )

    async def later(self, minutes: int) -> None:
        self.at += timedelta(minutes=minutes)
        async with self.database.transaction(self.marketplace) as tx:
            await advance_clock(tx, self.at)

    async def events(self) -> list[str]:
        async with self.database.transaction(self.marketplace) as tx:
            rows = await tx.rows("select type from runtime.events order by position")
        return [kind for (kind,) in rows if kind.startswith("divergence.")]


@pytest.fixture
async def route(database: Database, sandbox: UUID) -> Route:
    return Route(database, sandbox)
