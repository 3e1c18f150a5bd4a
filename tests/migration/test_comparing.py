"""The process that compares: it never outlives the control plane."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

CONTROL_PLANE = """
import os, pathlib, sys
from banyan.migration.control.comparing import Comparer
from banyan.runtime import Settings, Vault

comparer = Comparer(Vault(Settings(state_folder=pathlib.Path(sys.argv[1]))))
print(comparer._started().submit(os.getpid).result(), flush=True)
sys.stdin.read()
"""


def test_it_ends_when_the_control_plane_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CONTROL_PLANE, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as control_plane:
        assert control_plane.stdout is not None
        comparing = psutil.Process(int(control_plane.stdout.readline()))
        os.kill(control_plane.pid, signal.SIGKILL)
        comparing.wait(timeout=30)
