"""One process at a time: a lock that the kernel lets go of when its holder ends, however it ends."""

import fcntl
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from banyan.runtime.local.errors import AlreadyRunning


@contextmanager
def locked(path: Path, *, wait: bool = False) -> Generator[None]:
    """Hold the lock file at ``path``; unless it may ``wait``, a held one raises ``AlreadyRunning``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _take(descriptor, path, wait=wait)
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _take(descriptor: int, path: Path, *, wait: bool) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        holder = os.pread(descriptor, 20, 0).decode().strip() or "unknown"
        raise AlreadyRunning(
            f"Banyan is already running in {path.parent.absolute()} (process {holder}): stop it with Ctrl-C "
            f"in its terminal or `kill {holder}`, or use it as it is."
        ) from None
