"""What keeps Banyan from starting on this machine.

::

    StartError
    ├── AlreadyRunning     another supervisor holds this folder
    ├── PortUnusable       the address for HTTP is taken
    ├── FolderUnusable     the data folder can't be written, or its disk is full
    ├── OtherVersion       the data was written by another major version of PostgreSQL
    ├── RootNotPossible    root can't give PostgreSQL a user of its own here
    ├── PostgresFailed     PostgreSQL said no, in its own words
    └── ChildFailed        a process died again and again

Each carries one sentence for the person at the terminal; none is meant for an API's caller.
"""

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from banyan.kernel import BanyanError


class StartError(BanyanError):
    """Banyan can't start, or can't go on, on this machine."""

    code = "start_failed"
    title = "Could not start"


class AlreadyRunning(StartError):
    code = "already_running"
    title = "Already running"


class PortUnusable(StartError):
    code = "port_unusable"
    title = "Port can't be used"


class FolderUnusable(StartError):
    code = "folder_unusable"
    title = "Folder can't be used"


class OtherVersion(StartError):
    code = "other_version"
    title = "Data of another version"


class RootNotPossible(StartError):
    code = "root_not_possible"
    title = "Not possible as root"


class PostgresFailed(StartError):
    code = "postgres_failed"
    title = "PostgreSQL failed"


class ChildFailed(StartError):
    code = "child_failed"
    title = "A process keeps dying"


@contextmanager
def readable_errors(folder: Path) -> Generator[None]:
    """Turn what the operating system refuses into a sentence."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise disk_full(folder) from error
        raise FolderUnusable(
            f"PostgreSQL's folder {folder} can't be used by this user (uid {os.geteuid()}): "
            f"{error.strerror} ({error.filename}). Make it this user's, or set BANYAN_DATABASE_URL."
        ) from error


def refusal(folder: Path, said: str) -> StartError:
    """What PostgreSQL said, shortened to one sentence."""
    if "No space left on device" in said or "Disk quota exceeded" in said:
        return disk_full(folder)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    marks = ("PANIC:", "FATAL:", "error:")
    told = [line.partition(mark)[2].strip() for line in lines for mark in marks if mark in line]
    words = (told or lines or ["it said nothing"])[-1].rstrip(".")
    return PostgresFailed(f"PostgreSQL did not start: {words}. Its log is {log_of(folder)}.")


def disk_full(folder: Path) -> FolderUnusable:
    return FolderUnusable(
        f"The disk of {folder} is full: free at least 200 MB, then start again. Nothing is lost."
    )


def log_of(folder: Path) -> Path:
    return folder / "postgresql.log"
