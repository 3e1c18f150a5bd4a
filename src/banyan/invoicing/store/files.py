"""Files that are there whole, or not at all."""

import os
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path


async def write_whole(path: Path, chunks: AsyncIterator[bytes]) -> int:
    """Write ``chunks`` to ``path``; how many bytes. What stood there stays until the end.

    They go to a file beside it, which takes its place once it is on disk: a crash, or a piece that
    can't be had, leaves the old file.
    """
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    draft = Path(name)
    size = 0
    try:
        with os.fdopen(descriptor, "wb") as file:
            async for chunk in chunks:
                size += file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        _put(draft, path)
    except BaseException:
        _drop(draft)
        raise
    return size


def _put(draft: Path, path: Path) -> None:
    """In its place, also after a power cut."""
    draft.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _drop(draft: Path) -> None:
    draft.unlink(missing_ok=True)
