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
        comparing.wait(timeout=300)


HANGS = """
import asyncio, pathlib, sys, time
from banyan.migration.control import comparing
from banyan.runtime import Settings, Vault

async def main():
    comparer = comparing.Comparer(
        Vault(Settings(state_folder=pathlib.Path(sys.argv[1]))), hung_after_s=0
    )
    comparer._key = b"k"
    comparing._within = lambda waiting, _: waiting
    submit = comparer._started().submit
    comparer._started().submit = lambda *_: submit(time.sleep, 600)
    comparer.offer([None])
    [process] = comparing._processes_of(comparer._started())
    comparer.end_if_hung()
    process.join(1)
    print(process.is_alive())
    while comparer.room == 0:
        comparer.end_if_hung()
        await asyncio.sleep(0.05)
    await asyncio.sleep(0)
    print(comparer.dropped, comparer._pool, flush=True)
    comparer._started().submit(time.sleep, 600)
    comparer.close()

asyncio.run(main())
"""


def test_a_batch_that_hangs_is_given_up_and_nothing_waits_for_it(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", HANGS, str(tmp_path)],
        capture_output=True, check=True, timeout=300,
    )  # fmt: skip
    assert done.stdout.decode().split() == ["True", "1", "None"]
