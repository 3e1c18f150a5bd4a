"""The files of an archive: legs as compressed lines, the trial balance, and a manifest of it all."""

import gzip
import hashlib
import os
import shutil
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

TRIAL_BALANCE = "trial_balance.csv"
_MANIFEST = "manifest.json"
_LEGS_A_FILE = 100_000


class SealLine(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A seal of the archive; ``root`` and ``hash`` in hexadecimal digits."""

    batch: int
    last_position: int
    legs: int
    root: str
    hash: str


class Manifest(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an archive holds. ``previous_hash`` is that of the batch before ``first_batch``."""

    format: str
    marketplace: str
    month: str
    closed_through: str
    closed_at: str
    legs: int
    first_batch: int
    previous_hash: str
    seals: tuple[SealLine, ...]
    trial_balance_sha256: str
    files: tuple[str, ...]
    """In the order of their legs."""


class Writer:
    """Writes an archive into a folder of its own: batches in order, then the manifest."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lines: list[str] = []
        self.files: list[str] = []

    def text(self, name: str, text: str) -> str:
        """Writes a plain file; its sha256 in hexadecimal digits."""
        _write(self._folder / name, text.encode())
        return hashlib.sha256(text.encode()).hexdigest()

    def batch(self, legs: Sequence[str]) -> None:
        self._lines += legs
        if len(self._lines) >= _LEGS_A_FILE:
            self._next_file()

    def manifest(self, manifest: Manifest) -> None:
        _write(self._folder / _MANIFEST, msgspec.json.format(msgspec.json.encode(manifest)))

    def finish_legs(self) -> tuple[str, ...]:
        """The names of the files with legs, once the last batch is in."""
        if self._lines:
            self._next_file()
        return tuple(self.files)

    def _next_file(self) -> None:
        name = f"legs-{len(self.files) + 1:06}.jsonl.gz"
        content = "".join(f"{line}\n" for line in self._lines).encode()
        _write(self._folder / name, gzip.compress(content, compresslevel=6, mtime=0))
        self.files.append(name)
        self._lines = []


@contextmanager
def writing(target: Path) -> Generator[Writer]:
    """A writer whose files appear as ``target`` at the end: all of them, on the disk, or none.

    What a crash has left beside it is removed; whoever calls sees to it that only one writes.
    """
    partial = target.with_name(f".{target.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        yield Writer(partial)
        _sync(partial)
        partial.rename(target)
        _sync(target.parent)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise


def exists(target: Path) -> bool:
    return target.exists()


def read_manifest(folder: Path) -> Manifest:
    """The manifest; ``OSError`` or ``ValueError`` if there is none that can be read."""
    return msgspec.json.decode((folder / _MANIFEST).read_bytes(), type=Manifest)


def digest_of(folder: Path, name: str = _MANIFEST) -> bytes:
    """The sha256 of a file as it lies there."""
    return hashlib.sha256((folder / name).read_bytes()).digest()


def lines(folder: Path, manifest: Manifest) -> Iterator[bytes]:
    """The legs of every file, one after the other, as they were hashed."""
    for name in manifest.files:
        with gzip.open(folder / Path(name).name) as file:
            for line in file:
                yield line.removesuffix(b"\n")


def _write(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    """Names in a folder are on the disk only once the folder is."""
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
