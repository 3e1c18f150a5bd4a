"""The demo's data plane ends with the demo, however impatient the person."""

import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from banyan.gateway.dataplane.keeper import holder
from banyan.runtime.local.supervisor import AGAIN_S
from tests.simulation.machine import ROOT, Machine, free_port, is_alive, until

_START_S = 400.0


@pytest.mark.slow
@pytest.mark.parametrize("pauses_s", [(), (0.0,), (2 * AGAIN_S,)])
def test_it_leaves_no_process(tmp_path: Path, pauses_s: Sequence[float]) -> None:
    """Told once, twice at once as by `timeout`, and twice by a person."""
    environment = Machine(tmp_path).environment
    said = tmp_path / "said"
    with said.open("wb") as log:
        demo = subprocess.Popen(
            [sys.executable, "-m", "banyan", "demo-migration", "--port", str(free_port())],
            cwd=ROOT, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )  # fmt: skip
    try:
        until(
            lambda: "1. Legacy alone" in said.read_text() or demo.poll() is not None,
            "the demo has begun",
            _START_S,
        )
        assert demo.poll() is None, said.read_text()
        locks = list((tmp_path / "var/gateway").glob("*/*.lock"))
        pids = [holder(each) for each in locks if each.stem in ("keeper", "envoy")]
        assert all(pids), "keeper and Envoy run"
        assert len(pids) == 2
    finally:
        demo.send_signal(signal.SIGTERM)
        for pause_s in pauses_s:
            time.sleep(pause_s)
            demo.send_signal(signal.SIGTERM)
        code = demo.wait(_START_S)
    assert code == 0, said.read_text()
    assert [pid for pid in pids if pid and is_alive(pid)] == []
