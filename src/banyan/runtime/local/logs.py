"""Log files of the processes on this machine: appended to, and kept from growing for ever."""

import os
from pathlib import Path
from typing import BinaryIO

LOG_SIZE_BYTES_MAX = 10_000_000

_TAIL_BYTES = 4096


def open_log(path: Path) -> BinaryIO:
    """Open ``path`` to append; a large one is first moved to ``<name>.1`` in place of the last."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > LOG_SIZE_BYTES_MAX:
        path.replace(path.with_name(path.name + ".1"))
    log = path.open("ab")
    log.seek(0, os.SEEK_END)
    return log


def last_line(path: Path) -> str:
    """The last line that says something, or an empty string."""
    if not path.exists():
        return ""
    with path.open("rb") as log:
        log.seek(max(0, path.stat().st_size - _TAIL_BYTES))
        lines = log.read().decode(errors="replace").splitlines()
    return next((line.strip() for line in reversed(lines) if line.strip()), "")
