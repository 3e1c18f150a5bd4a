"""The keeper of a folder's Envoy, seen from those who start and stop it."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from banyan.gateway.dataplane import keeper
from banyan.gateway.errors import GatewayUnusable

_START_TIMEOUT_S = 20.0
_KEEPER = Path(keeper.__file__)


def keeper_pid(folder: Path) -> int | None:
    return keeper.holder(folder / "keeper.lock")


def has_crashed(folder: Path) -> bool:
    """Whether there was a keeper that didn't end as it was told to."""
    with suppress(FileNotFoundError):
        return (folder / "keeper.lock").stat().st_size > 0 and keeper_pid(folder) is None
    return False


def envoy_pid(folder: Path) -> int | None:
    return keeper.holder(folder / "envoy.lock")


def epoch(folder: Path) -> str:
    """Names the run of Envoy: its pid and when it was started."""
    with suppress(FileNotFoundError):
        return (folder / "envoy.lock").read_text().strip()
    return ""


async def start_keeper(folder: Path, command: Sequence[str], drain_s: float) -> None:
    """Start one unless one runs; it starts or adopts Envoy, and is nobody's child."""
    if keeper_pid(folder) is None:
        await asyncio.to_thread(_start, folder, command, drain_s)


def _start(folder: Path, command: Sequence[str], drain_s: float) -> None:
    with (folder / "keeper.log").open("ab") as log:
        try:
            ended = subprocess.run(  # noqa: S603 - our own words
                [sys.executable, "-I", "-S", _KEEPER, folder, str(drain_s), *command],
                env={"PATH": os.defpath},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                timeout=_START_TIMEOUT_S,
                check=False,
            )
        except subprocess.TimeoutExpired:
            ended = None
    if ended is None or ended.returncode not in (0, keeper.BUSY):
        raise GatewayUnusable(
            f"The keeper of Envoy did not start. Its log is {folder / 'keeper.log'}."
        )


def tell_keeper(folder: Path, number: signal.Signals) -> bool:
    """Whether there was one to tell."""
    pid = keeper_pid(folder)
    if not pid:
        return False
    with suppress(ProcessLookupError):
        os.kill(pid, number)
    return True
