"""A site under migration: legacy, a candidate that fails on demand, customers, gateway, control plane."""

import asyncio
import os
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from examples.legacy_shop.customers import Goods, Tally, drive
from examples.legacy_shop.seed import OLIST, seed

ROOT = Path(__file__).parents[3]
CUSTOMERS = 12
PAUSE_S = 0.05
PATIENCE_S = 600.0
"""For anything to happen: many times what it takes on a quiet machine."""


def factor() -> int:
    """How much longer than usual to run: ``BANYAN_SOAK=10`` for an hour instead of minutes."""
    return max(1, int(os.environ.get("BANYAN_SOAK", "1")))


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


@dataclass
class Site:
    folder: Path
    legacy_port: int = field(default_factory=free_port)
    candidate_port: int = field(default_factory=free_port)
    gateway_port: int = field(default_factory=free_port)
    tally: Tally = field(default_factory=Tally)
    _processes: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    @property
    def database(self) -> Path:
        return self.folder / "shop.db"

    def start(self, name: str, *argv: str, env: dict[str, str] | None = None) -> None:
        """A process of Python; it ends with us, because its standard input does."""
        with (self.folder / f"{name}.log").open("ab") as log:
            self._processes[name] = subprocess.Popen(
                [sys.executable, *argv], cwd=ROOT, env={**os.environ, **(env or {})},
                stdin=subprocess.PIPE, stdout=log, stderr=log,
            )  # fmt: skip

    def kill(self, name: str) -> None:
        """Unless it has been killed before."""
        process = self._processes.pop(name, None)
        if process is None:
            return
        process.kill()
        process.wait()
        assert process.stdin is not None
        with suppress(BrokenPipeError):
            process.stdin.close()

    def kill_all(self) -> None:
        for name in list(self._processes):
            self.kill(name)

    def said(self, name: str) -> str:
        return (self.folder / f"{name}.log").read_text(errors="replace")[-2000:]

    async def start_shops(self) -> None:
        seed(self.database, OLIST)
        self.start(
            "legacy", "-m", "examples.legacy_shop",
            "--port", str(self.legacy_port), "--database", str(self.database),
        )  # fmt: skip
        await self.start_candidate()
        await self.until_answers(self.legacy_port)

    async def start_candidate(self, name: str = "candidate", port: int | None = None) -> None:
        self.start(
            name, "-m", "tests.migration.soak.candidate",
            str(port or self.candidate_port), str(self.database),
        )  # fmt: skip
        await self.until_answers(port or self.candidate_port)

    async def until_answers(self, port: int) -> None:
        async with httpx.AsyncClient(timeout=60) as client:

            async def answers() -> bool:
                with suppress(httpx.TransportError):
                    return (await client.get(f"http://127.0.0.1:{port}/health")).is_success
                return False

            async with asyncio.timeout(PATIENCE_S):
                while not await answers():  # noqa: ASYNC110 - another process sets no event of ours
                    await asyncio.sleep(0.02)

    async def plant(self, fault: str) -> None:
        """Have the candidate fail like this from now on; ``crash`` kills it, ``none`` mends it."""
        if fault == "crash":
            self.kill("candidate")
            return
        if "candidate" not in self._processes:
            await self.start_candidate()
        await self.plant_at(self.candidate_port, {"*": fault})

    async def plant_at(self, port: int, faults: Mapping[str, str]) -> None:
        """Have a candidate fail like this, by the first segment of the path."""
        async with httpx.AsyncClient(timeout=PATIENCE_S) as client:
            answer = await client.put(f"http://127.0.0.1:{port}/_fault", json=faults)
            assert answer.status_code == 200

    async def served(self, requests: int) -> None:
        """Wait until customers have made so many requests more."""
        wanted = self.tally.requests + requests
        await self.until(lambda: self.tally.requests >= wanted, f"{requests} requests")

    async def until(self, is_so: Callable[[], bool], what: str) -> None:
        try:
            async with asyncio.timeout(PATIENCE_S):
                while not is_so():  # noqa: ASYNC110 - nor do customers
                    await asyncio.sleep(0.02)
        except TimeoutError:
            raise AssertionError(f"not within {PATIENCE_S:.0f} s: {what}") from None

    @asynccontextmanager
    async def customers(self) -> AsyncGenerator[None]:
        """Customers shop while the block lasts; every complaint of theirs is in the tally."""
        leaving = False
        load = asyncio.create_task(
            drive(
                f"http://127.0.0.1:{self.gateway_port}", Goods.read(self.database), self.tally,
                customers=CUSTOMERS, pause_s=PAUSE_S, until=lambda: leaving,
            )
        )  # fmt: skip
        try:
            yield
        finally:
            leaving = True
            await load

    def nobody_complained(self, when: str) -> None:
        said = "\n".join(str(complaint) for complaint in self.tally.complaints[:5])
        assert not self.tally.complaints, (
            f"{len(self.tally.complaints)} complaints, {when}:\n{said}"
        )
