"""A site under load, under every fault, in every phase: its customers notice nothing.

Customers (``examples/legacy_shop/customers.py``) check each answer against what legacy has always said.
``BANYAN_SOAK=10`` makes it ten times as long.
"""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from banyan.gateway import (
    BP,
    Cookies,
    DataPlane,
    FallBack,
    GatewaySpec,
    PathMatch,
    RouteSpec,
    Shadow,
    Upstream,
)
from tests.migration.soak.candidate import FAULTS
from tests.migration.soak.site import Site, factor

pytestmark = pytest.mark.slow

CHANGES = 1_000
REQUESTS_A_FAULT = 60
WEIGHTS = (0, 2_500, BP)


@pytest.fixture
async def site(tmp_path: Path) -> AsyncIterator[Site]:
    opened = Site(tmp_path)
    try:
        await opened.start_shops()
        yield opened
    finally:
        opened.kill_all()


def _spec(site: Site, read_bp: int) -> GatewaySpec:
    return GatewaySpec(
        name="soak",
        host="127.0.0.1",
        port=site.gateway_port,
        legacy=Upstream("legacy", "127.0.0.1", site.legacy_port),
        candidates=(Upstream("new", "127.0.0.1", site.candidate_port),),
        routes=(
            RouteSpec(
                name="all",
                match=PathMatch("prefix", "/"),
                candidate="new",
                read_bp=read_bp,
                fall_back=FallBack(after_ms=300),
                shadow=Shadow(sample_bp=2_000),
            ),
        ),
        cookies=Cookies(legacy=("cart",)),
    )


async def test_thousands_of_weight_changes(site: Site) -> None:
    """Without a control plane: nobody reads the reports, nobody compares, and all goes on."""
    dice = random.Random(1)
    async with DataPlane(site.folder / "gateway") as plane:
        try:
            await plane.start(_spec(site, 0))
            async with site.customers():
                for _ in range(CHANGES * factor()):
                    await plane.apply(_spec(site, dice.randint(0, BP)))
                site.nobody_complained("after all changes")
        finally:
            await plane.stop()
    site.nobody_complained("at the end")
    assert site.tally.requests > CHANGES
    assert site.tally.orders > 20


async def test_every_fault_at_every_weight(site: Site) -> None:
    """The data plane alone keeps every fault but a wrong answer from customers."""
    async with DataPlane(site.folder / "gateway") as plane:
        try:
            await plane.start(_spec(site, 0))
            async with site.customers():
                for _ in range(factor()):
                    for read_bp in WEIGHTS:
                        await plane.apply(_spec(site, read_bp))
                        for fault in (*FAULTS, "crash"):
                            await site.plant(fault)
                            await site.served(REQUESTS_A_FAULT)
                            await site.plant("none")
                            site.nobody_complained(f"{fault} at {read_bp} of {BP}")
        finally:
            await plane.stop()
    site.nobody_complained("at the end")
