from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.gateway.dataplane.rig import Rig, running


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[Rig]:
    """A route whose customers are all legacy's, as long as nothing is changed."""
    async with running(tmp_path / "gateway") as opened:
        yield opened
