"""The rig, ready."""

import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.gateway.sinks.rig import Rig, Side


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder whose sockets have short paths."""
    with tempfile.TemporaryDirectory(prefix="bn", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
async def legacy() -> AsyncIterator[Side]:
    async with Side("legacy") as side:
        yield side


@pytest.fixture
async def candidate() -> AsyncIterator[Side]:
    async with Side("candidate") as side:
        yield side


@pytest.fixture
async def rig(folder: Path, legacy: Side, candidate: Side) -> AsyncIterator[Rig]:
    async with Rig(folder, legacy, candidate.port) as rig:
        yield rig
