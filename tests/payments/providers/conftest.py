"""The simulators that the providers are put to the test with."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.payments.providers.simulators.serving import free_port, process

SIMULATORS = Path(__file__).parent / "simulators"


@pytest.fixture(scope="session")
def localstripe(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of localstripe, which ignores idempotency keys."""
    port, folder = free_port(), tmp_path_factory.mktemp("localstripe")
    command = [sys.executable, SIMULATORS / "run_localstripe.py", str(port)]
    with process(command, port, os.environ, folder / "log") as url:
        yield url
