import os
import subprocess
import sys
from pathlib import Path

import pytest

from banyan.runtime.local import StartError, locked


def test_a_second_holder_is_told_who_is_first(tmp_path: Path) -> None:
    lock = tmp_path / "banyan.lock"
    told = pytest.raises(StartError, match=f"already running.*process {os.getpid()}")
    with locked(lock), told, locked(lock):
        pass
    with locked(lock):
        pass


def test_a_killed_holder_leaves_no_lock(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from banyan.runtime.local import locked\n"
        "with locked(Path(sys.argv[1])): print('held', flush=True); sys.stdin.read()"
    )
    lock = tmp_path / "banyan.lock"
    with subprocess.Popen(
        [sys.executable, "-c", program, lock], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StartError, match=f"process {holder.pid}"), locked(lock):
            pass
        holder.kill()
    with locked(lock):
        assert lock.read_text() == f"{os.getpid()}\n"
