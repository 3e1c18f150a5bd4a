"""Keeps the processes of one machine running, and ends them in order.

::

    async with Supervisor(state / "log") as supervisor:
        server = await supervisor.start_postgres(state / "postgres")
        await supervisor.start(Child("api", ["banyan", "serve"], ready=api_answers))
        await supervisor.start(Child("worker", ["banyan", "work"]))
        await supervisor.wait()

The first Ctrl-C or SIGTERM cancels the body of the block, like a time limit would; on the way out
the children are ended in the reverse of their order and PostgreSQL last, and the block is left
without an error. A second signal kills the children, and tells guests again, who may have children of
their own.

A child that ends by itself is started again, later each time; if it dies at once five times, the
block ends with ``ChildFailed``. A child never outlives the supervisor (on Linux); PostgreSQL does,
and is adopted by the next start.
"""

import asyncio
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self

from banyan.runtime.local.errors import ChildFailed, StartError
from banyan.runtime.local.logs import last_line, open_log
from banyan.runtime.local.postgres import LocalServer, start
from banyan.runtime.local.user import LAUNCH

EARLY_DEATHS_MAX = 5
EARLY_S = 5.0
PAUSE_FIRST_S = 0.2
PAUSE_MAX_S = 10.0
READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
SERVER_CHECK_S = 1.0
AGAIN_S = 0.5
"""Within it, a second signal is the first one: `timeout` tells a process and its group, which is twice."""
_READY_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class Child:
    """A process to keep running; ``env`` goes on top of our own, ``ready`` says whether it works."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    ready: Callable[[], Awaitable[bool]] | None = None


@dataclass(slots=True)
class _Kept:
    child: Child
    log: Path
    process: asyncio.subprocess.Process
    early_deaths: int = 0
    keeper: asyncio.Task[None] | None = None


class Supervisor:
    """Runs children while its block lasts; ``say`` is told what a person should know."""

    def __init__(self, logs: Path, say: Callable[[str], None] = lambda _: None) -> None:
        self._logs = logs
        self._say = say
        self._kept: list[_Kept] = []
        self._guests: list[asyncio.subprocess.Process] = []
        self._tasks: list[asyncio.Task[None]] = []
        self._server: asyncio.Task[LocalServer] | None = None
        self._body: asyncio.Task[object] | None = None
        self._failure: StartError | None = None
        self._after_guests: list[Callable[[], Awaitable[None]]] = []
        self._stops = 0
        self._told_at_s = -AGAIN_S

    async def __aenter__(self) -> Self:
        self._body = asyncio.current_task()
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, self._on_signal)
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool:
        assert self._body is not None
        ours = self._stops > 0 and kind is asyncio.CancelledError and self._body.uncancel() == 0
        try:
            await self._stop_all()
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                asyncio.get_running_loop().remove_signal_handler(number)
        if self._failure is not None and (ours or error is None):
            raise self._failure
        return ours

    async def start(self, child: Child) -> None:
        """Start ``child`` and keep it running; returns once it is ready."""
        log = self._logs / f"{child.name}.log"
        kept = _Kept(child, log, await _spawn(child, log))
        kept.keeper = asyncio.create_task(self._keep(kept))
        self._kept.append(kept)
        self._tasks.append(kept.keeper)
        if child.ready is not None:
            await _until_ready(child.ready, child.name, log)

    async def end(self, name: str) -> None:
        """End a child for good, before the others; one that wasn't started has ended."""
        kept = next((kept for kept in self._kept if kept.child.name == name), None)
        if kept is None:
            return
        assert kept.keeper is not None, "a child that was started is kept"
        kept.keeper.cancel()
        await asyncio.gather(kept.keeper, return_exceptions=True)
        await _stop(kept.process)
        self._kept.remove(kept)
        self._tasks.remove(kept.keeper)

    async def invite(
        self, argv: Sequence[str], env: Mapping[str, str]
    ) -> asyncio.subprocess.Process:
        """Start a guest: it writes where we write, may end when it likes, and is ended first."""
        guest = await asyncio.create_subprocess_exec(
            *_tied(argv),
            env={**os.environ, **env},
            stdin=asyncio.subprocess.DEVNULL,
            start_new_session=True,
        )
        self._guests.append(guest)
        return guest

    def after_guests(self, act: Callable[[], Awaitable[None]]) -> None:
        """Have this done at the end, when the guests are gone, however they went."""
        self._after_guests.append(act)

    async def start_postgres(self, folder: Path) -> LocalServer:
        """Start or adopt the server on ``folder``, keep it running, stop it after all children."""
        self._server = asyncio.create_task(asyncio.to_thread(start, folder))
        server = await asyncio.shield(self._server)
        self._tasks.append(asyncio.create_task(self._keep_postgres(server)))
        return server

    async def wait(self) -> None:
        """Wait to be stopped."""
        await asyncio.Event().wait()

    def pid_of(self, name: str) -> int:
        """The present process of a child; another after each restart."""
        return next(kept.process.pid for kept in self._kept if kept.child.name == name)

    def _on_signal(self) -> None:
        now_s = time.monotonic()
        if self._stops == 0:
            self._told_at_s = now_s
            self._end_body()
        elif now_s - self._told_at_s >= AGAIN_S:
            for guest in self._guests:
                _signal(guest, signal.SIGTERM)
            for kept in self._kept:
                _signal(kept.process, signal.SIGKILL)

    def _end_body(self, failure: StartError | None = None) -> None:
        """Cancel the block's body, once."""
        self._failure = self._failure or failure
        self._stops += 1
        if self._stops == 1 and self._body is not None:
            self._body.cancel()

    async def _keep(self, kept: _Kept) -> None:
        """Start a child again whenever it ends, until cancelled or it proves hopeless."""
        name = kept.child.name
        while True:
            started = time.monotonic()
            code = await kept.process.wait()
            if self._stops:
                return
            is_early = time.monotonic() - started < EARLY_S
            kept.early_deaths = kept.early_deaths + 1 if is_early else 0
            if kept.early_deaths >= EARLY_DEATHS_MAX:
                self._end_body(_gave_up(kept))
                return
            self._say(f"{name} ended ({_ending(code)}); starting it again. Its log is {kept.log}.")
            await asyncio.sleep(min(PAUSE_FIRST_S * 2**kept.early_deaths, PAUSE_MAX_S))
            kept.process = await _spawn(kept.child, kept.log)

    async def _keep_postgres(self, server: LocalServer) -> None:
        while True:
            await asyncio.sleep(SERVER_CHECK_S)
            if await asyncio.to_thread(server.is_running):
                continue
            self._say(f"PostgreSQL ended; starting it again. Its log is in {server.folder}.")
            self._server = asyncio.create_task(asyncio.to_thread(start, server.folder))
            try:
                server = await asyncio.shield(self._server)
            except StartError as failure:
                self._end_body(failure)
                return

    async def _stop_all(self) -> None:
        """End the children one after the other, the last one started first, then PostgreSQL."""
        self._stops += 1  # from here on a signal kills
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for guest in self._guests:
            await _stop(guest)
        for act in self._after_guests:
            await act()
        for kept in reversed(self._kept):
            await _stop(kept.process)
        if self._server is not None:
            with suppress(StartError):  # told already, by whoever waited for the start
                server = await self._server
                await asyncio.to_thread(server.stop)


async def _spawn(child: Child, log: Path) -> asyncio.subprocess.Process:
    """Run a child in a session of its own: Ctrl-C is for the supervisor, who ends it in order."""
    with open_log(log) as output:
        return await asyncio.create_subprocess_exec(
            *_tied(child.argv),
            env={**os.environ, **child.env},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )


def _tied(argv: Sequence[str]) -> list[str]:
    """The command, so that its process ends when ours does."""
    return [sys.executable, "-I", "-S", str(LAUNCH), "tied", str(os.getpid()), *argv]


async def _until_ready(ready: Callable[[], Awaitable[bool]], name: str, log: Path) -> None:
    try:
        async with asyncio.timeout(READY_TIMEOUT_S):
            while not await ready():  # noqa: ASYNC110 - another process's state sets no event of ours
                await asyncio.sleep(_READY_POLL_S)
    except TimeoutError:
        raise ChildFailed(
            f"{name} is not ready after {READY_TIMEOUT_S:.0f} s. Its log is {log}."
        ) from None


async def _stop(process: asyncio.subprocess.Process) -> None:
    _signal(process, signal.SIGTERM)
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        _signal(process, signal.SIGKILL)
        await process.wait()


def _signal(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        process.send_signal(number)


def _gave_up(kept: _Kept) -> ChildFailed:
    words = last_line(kept.log) or "it said nothing"
    return ChildFailed(
        f"{kept.child.name} died {EARLY_DEATHS_MAX} times right after its start; its last words: "
        f"{words!r}. Its log is {kept.log}."
    )


def _ending(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
