"""Makes .venv with exactly the packages of the lock file, or sees within a moment that it is there.

    tools/bootstrap [--dev]

Needs only the standard library of Python 3.11. Every package is checked against its hash. What pip
says goes to var/log/install.log; the terminal gets one line a step. An installation that was cut
short is begun anew. Nothing is written outside this folder but pip's own cache.
"""

import fcntl
import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
UNFINISHED = VENV / "unfinished"
LOG = ROOT / "var" / "log" / "install.log"
RUNTIME_LOCK = ROOT / "requirements.lock"
DEV_LOCK = ROOT / "requirements-dev.lock"  # holds the runtime's packages too

LAUNCHER = """\
#!/bin/sh
'''exec' "$(dirname -- "$0")/python" "$0" "$@"
' '''
import sys

from banyan.cli import main

if __name__ == "__main__":
    sys.exit(main())
"""


class Refusal(Exception):
    """One sentence for the person at the terminal."""


def main(*, is_dev: bool) -> None:
    if is_installed(DEV_LOCK) or (not is_dev and is_installed(RUNTIME_LOCK)):
        return
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with one_at_a_time():
        LOG.write_bytes(b"")
        if UNFINISHED.exists() or not works(PYTHON):
            make_venv()
        UNFINISHED.touch()
        install(DEV_LOCK if is_dev else RUNTIME_LOCK)
        UNFINISHED.unlink()


def is_installed(lock: Path) -> bool:
    """Whether ``lock`` was installed whole, for this folder and the Python that .venv has now."""
    stamp = stamp_of(lock)
    if sys.prefix != str(VENV) or UNFINISHED.exists() or not stamp.exists():
        return False
    return stamp.read_text() == fingerprint(lock)


def stamp_of(lock: Path) -> Path:
    return VENV / f"{lock.stem}.installed"


def fingerprint(lock: Path) -> str:
    """Of all that an installation depends on: packages, Python, and where the folder is."""
    parts = [lock.read_text(), LAUNCHER, sys.version, str(ROOT)]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def works(python: Path) -> bool:
    if not python.exists():
        return False
    asked = [python, "-I", "-m", "pip", "--version"]
    return subprocess.run(asked, capture_output=True, check=False).returncode == 0  # noqa: S603


def make_venv() -> None:
    for module in ("venv", "ensurepip"):
        if importlib.util.find_spec(module) is None:
            version = f"{sys.version_info.major}.{sys.version_info.minor}"
            raise Refusal(
                f"This Python has no module {module}: install the package python{version}-venv "
                f"(Debian, Ubuntu: apt-get install python{version}-venv), then run this again."
            )
    base = getattr(sys, "_base_executable", None) or sys.executable
    with step("Making .venv"):
        shutil.rmtree(VENV, ignore_errors=True)
        run([base, "-m", "venv", str(VENV)], "Python could not make .venv")


def install(lock: Path) -> None:
    """Install every package of ``lock``, then Banyan itself as a link to this folder."""
    count = sum(1 for line in lock.read_text().splitlines() if "==" in line)
    tools = " (with the tools for tests)" if lock == DEV_LOCK else ""
    pip = [str(PYTHON), "-I", "-m", "pip", "install", "--require-hashes", "--no-deps"]
    quiet = ["--disable-pip-version-check", "--no-input", "--progress-bar=off", "--no-compile"]
    with step(f"Installing {count} packages{tools}"):
        run([*pip, *quiet, "--only-binary=:all:", "-r", str(lock)], "pip could not install them")
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    link = VENV / "lib" / version / "site-packages" / "banyan-source.pth"
    link.write_text(f"{ROOT / 'src'}\n")
    launcher = VENV / "bin" / "banyan"
    launcher.write_text(LAUNCHER)
    launcher.chmod(0o755)
    stamp_of(lock).write_text(fingerprint(lock))


def run(command: list[str], complaint: str) -> None:
    """Run to the end; ``one_at_a_time`` stays locked until then even if we are killed."""
    with LOG.open("ab") as log:
        result = subprocess.run(  # noqa: S603 - our own words
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, close_fds=False, check=False
        )
    if result.returncode != 0:
        raise Refusal(f"{complaint}: {reason()} All it said: {LOG.relative_to(ROOT)}")


def reason() -> str:
    """Why the last command failed, in short."""
    said = LOG.read_text(errors="replace")
    known = {
        "No space left on device": "the disk is full.",
        "DO NOT MATCH THE HASHES": "a package is not the one that the lock file names.",
        "Failed to establish a new connection": "the package index can't be reached.",
        "Temporary failure in name resolution": "the package index can't be reached.",
        "Permission denied": "this folder can't be written.",
    }
    for mark, meaning in known.items():
        if mark in said:
            return meaning
    errors = [line.removeprefix("ERROR: ") for line in said.splitlines() if "ERROR" in line]
    lines = errors or said.split("\n") or [""]
    return lines[0].strip().rstrip(".") + "."


@contextmanager
def step(name: str) -> Iterator[None]:
    """Tell a step with its seconds, which count up on a terminal."""
    started = time.monotonic()
    done = threading.Event()

    def tell(end: str) -> None:
        back = "\r" if sys.stdout.isatty() else ""
        print(f"{back}  {name} … {time.monotonic() - started:.0f} s", end=end, flush=True)  # noqa: T201

    def count() -> None:
        while not done.wait(1):
            tell("")

    counter = threading.Thread(target=count, daemon=True)
    if sys.stdout.isatty():
        tell("")
        counter.start()
    try:
        yield
    finally:
        done.set()
        if counter.is_alive():
            counter.join()
        tell("\n")


@contextmanager
def one_at_a_time() -> Iterator[None]:
    with LOG.with_name("install.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        os.set_inheritable(lock.fileno(), True)
        yield


if __name__ == "__main__":
    try:
        main(is_dev="--dev" in sys.argv[1:])
    except Refusal as refusal:
        sys.exit(str(refusal))
    except OSError as error:
        sys.exit(f"The installation stopped: {error.strerror} ({error.filename}).")
    except KeyboardInterrupt:
        sys.exit("\nStopped; the next run begins anew.")
