"""One Envoy in one folder, told by files and asked over its socket."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from banyan.gateway.dataplane import folder as files
from banyan.gateway.dataplane.admin import Admin, NotAnswering
from banyan.gateway.dataplane.binary import check, find_envoy, validate, words_of
from banyan.gateway.dataplane.keeping import (
    envoy_pid,
    epoch,
    has_crashed,
    keeper_pid,
    start_keeper,
    tell_keeper,
)
from banyan.gateway.dataplane.port import check_port
from banyan.gateway.errors import ConfigurationRefused, GatewayUnusable
from banyan.gateway.model import Applied, DataPlaneStatus, GatewaySpec, Places, Written
from banyan.gateway.rules import KINDS, Configuration, Json, render, shape_of
from banyan.kernel import Clock, SystemClock
from banyan.runtime.local import locked

CONFIRM_TIMEOUT_S = 15.0
START_TIMEOUT_S = 30.0
STOP_TIMEOUT_S = 30.0
DRAIN_S = 5.0
_POLL_FIRST_S = 0.002
_POLL_MAX_S = 0.05


class DataPlane:
    """Envoy in ``folder``, which outlives this object and this process.

    ``is_external``: Envoy is somebody else's to run; files are written, and confirmed if ``places``
    name an address at which Envoy's page can be asked (``asks_admin``).
    """

    def __init__(
        self,
        folder: Path,
        *,
        envoy: Path | None = None,
        places: Places | None = None,
        is_external: bool = False,
        asks_admin: bool = True,
        concurrency: int | None = None,
        drain_s: float = DRAIN_S,
        clock: Clock | None = None,
    ) -> None:
        self.folder = folder.absolute()
        self.places = places or files.places_of(self.folder)
        files.make(self.folder)
        self._envoy = envoy
        self._is_external = is_external
        self._asks_admin = asks_admin or not is_external
        self._concurrency = concurrency
        self._drain_s = drain_s
        self._clock = clock or SystemClock()
        self._admin = Admin(self.places.admin)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._admin.__aexit__(kind, error, trace)

    async def start(self, spec: GatewaySpec) -> Applied:
        """Have Envoy run with this spec: started, or adopted and brought up to it.

        Raises ``GatewayUnusable`` when it can't run here, ``ConfigurationRefused`` when Envoy doesn't
        take the spec; one that runs already goes on as it was.
        """
        configuration = render(spec, self.places)
        if self._is_external:
            return await self.apply(spec)
        envoy = self._binary()
        async with self._exclusive():
            if envoy_pid(self.folder) is None:
                return await self._start(envoy, spec, configuration)
            is_other = files.write_bootstrap(self.folder, configuration)
            await start_keeper(self.folder, self._command(envoy), self._drain_s)
            if is_other:
                await self._restart(spec)
            return await self._apply(configuration)

    async def apply(self, spec: GatewaySpec) -> Applied:
        """Bring Envoy up to ``spec``; it is in use when this returns.

        Raises ``ConfigurationRefused``, and what was in use stays in use; ``GatewayUnusable`` when
        Envoy doesn't answer in time: the files are written, and a restarted Envoy takes them; one that
        hung may need them once more (``apply`` again).
        """
        configuration = render(spec, self.places)
        async with self._exclusive():
            if self._is_external:
                files.write_bootstrap(self.folder, configuration)
            return await self._apply(configuration)

    async def keep(self) -> None:
        """Have a keeper again where one was killed: it adopts Envoy, or starts it as it was told last.

        A keeper that was told to end stays ended. Raises ``GatewayUnusable`` when none starts.
        """
        if self._is_external or not has_crashed(self.folder):
            return
        async with self._exclusive():
            await start_keeper(self.folder, self._command(self._binary()), self._drain_s)

    async def status(self) -> DataPlaneStatus:
        """What runs; never raises for an Envoy that is down."""
        version: str | None = None
        is_current: bool | None = None
        is_live = self._asks_admin and await self._admin.is_live()
        if is_live:
            try:
                standing = await self._admin.versions()
            except NotAnswering:
                is_live = False
            else:
                version = standing["edge"]
                written = {kind: files.read(self.folder, kind) for kind in KINDS}
                is_current = all(
                    document is not None and document.version_info == standing[kind]
                    for kind, document in written.items()
                )
        return DataPlaneStatus(
            pid=envoy_pid(self.folder),
            keeper_pid=keeper_pid(self.folder),
            is_listening=is_live,
            version=version,
            is_current=is_current,
        )

    async def written(self) -> Written | None:
        """How many entries of access logs Envoy has written and dropped; None if it can't be asked."""
        asked_at = self._now_us()
        try:
            run = await self._epoch()
            found = await self._admin.stats(
                r"^access_logs\.grpc_access_log\.logs_(written|dropped)$"
            )
            if run != await self._epoch():  # another Envoy has answered than the one that is named
                return None
        except NotAnswering:
            return None
        prefix = "access_logs.grpc_access_log.logs_"
        return Written(
            epoch=run,
            written=int(found.get(f"{prefix}written", 0)),
            dropped=int(found.get(f"{prefix}dropped", 0)),
            asked_at_us=asked_at,
            told_at_us=self._now_us(),
        )

    async def ejected(self) -> frozenset[str] | None:
        """Routes whose candidate is out of use for its failures; None if Envoy can't be asked."""
        start, end = "cluster.candidate.", ".outlier_detection.ejections_active"
        try:
            found = await self._admin.stats(
                r"^cluster\.candidate\..*\.outlier_detection\.ejections_active$"
            )
        except NotAnswering:
            return None
        return frozenset(
            name.removeprefix(start).removesuffix(end) for name, value in found.items() if value > 0
        )

    async def stop(self) -> None:
        """Drain Envoy and end it and its keeper; what was applied stays written."""
        if self._is_external:
            return
        async with self._exclusive():
            if not tell_keeper(self.folder, signal.SIGTERM) and envoy_pid(self.folder) is not None:
                # A keeper that is gone can't drain: another one does.
                await start_keeper(self.folder, self._command(self._binary()), self._drain_s)
                tell_keeper(self.folder, signal.SIGTERM)
            try:
                async with asyncio.timeout(STOP_TIMEOUT_S + self._drain_s):
                    while keeper_pid(self.folder) is not None:  # noqa: ASYNC110 - another process
                        await asyncio.sleep(_POLL_MAX_S)
            except TimeoutError:
                raise GatewayUnusable(
                    f"Envoy (process {envoy_pid(self.folder)}) does not stop. Its keeper's log is "
                    f"{self.folder / 'keeper.log'}."
                ) from None

    async def _start(self, envoy: Path, spec: GatewaySpec, configuration: Configuration) -> Applied:
        began = time.monotonic()
        check_port(spec.host, spec.port)
        await validate(envoy, configuration)
        documents = {kind: files.document(configuration.resources[kind]) for kind in KINDS}
        files.write_bootstrap(self.folder, configuration)
        for kind, document in documents.items():
            files.write(self.folder, kind, document)
        log_from = _size(self.folder / "envoy.log")
        await start_keeper(self.folder, self._command(envoy), self._drain_s)
        await self._until_live(spec, log_from)
        return Applied(
            version=documents["edge"].version_info,
            changed=KINDS,
            took_ms=(time.monotonic() - began) * 1000,
        )

    async def _until_live(self, spec: GatewaySpec, log_from: int) -> None:
        """Wait until customers are answered; an Envoy that can't is ended, and told why."""
        until = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < until:
            if await self._admin.is_live():
                refused = await self._refusals("listeners")
                if refused == 0:
                    return
                if refused is not None:
                    break
            if self._said(log_from) and envoy_pid(self.folder) is None:
                break
            await asyncio.sleep(_POLL_MAX_S)
        said = self._said(log_from)
        tell_keeper(self.folder, signal.SIGTERM)
        raise GatewayUnusable(
            f"Envoy does not listen on {spec.host}:{spec.port}: {words_of(said)} Its log is "
            f"{self.folder / 'envoy.log'}."
        )

    async def _restart(self, spec: GatewaySpec) -> None:
        """End Envoy and start it anew: for what it reads at its start only."""
        before = epoch(self.folder)
        log_from = _size(self.folder / "envoy.log")
        tell_keeper(self.folder, signal.SIGHUP)
        until = time.monotonic() + START_TIMEOUT_S + self._drain_s
        while epoch(self.folder) == before and time.monotonic() < until:  # noqa: ASYNC110 - another process
            await asyncio.sleep(_POLL_MAX_S)
        await self._until_live(spec, log_from)

    async def _apply(self, configuration: Configuration) -> Applied:
        began = time.monotonic()
        before = {kind: files.read(self.folder, kind) for kind in KINDS}
        after = {kind: files.document(configuration.resources[kind]) for kind in KINDS}
        waits = self._asks_admin and (not self._is_external or await self._admin.is_live())
        in_use = await self._in_use() if waits else {}
        changed = tuple(
            kind
            for kind in KINDS
            # What is written may still not be used: it came while Envoy was away, or hung.
            if before[kind] != after[kind]
            or in_use.get(kind, after[kind].version_info) != after[kind].version_info
        )
        if changed and not _same_shape(before, after) and self._may_validate():
            await validate(self._binary(), configuration)
        is_confirmed = waits
        try:
            for kind, document in _steps(before, after, changed):
                if is_confirmed:
                    is_confirmed = await self._bring_in(kind, document)
                else:
                    files.write(self.folder, kind, document)
        except ConfigurationRefused:
            for kind in reversed(changed):
                if (old := before[kind]) is not None:
                    files.write(self.folder, kind, old)
            raise
        if waits and not is_confirmed:
            raise GatewayUnusable(
                f"Envoy has not taken what is new within {CONFIRM_TIMEOUT_S:.0f} s; it is written: "
                f"apply it again once Envoy answers. Its log is {self.folder / 'envoy.log'}."
            )
        return Applied(
            version=after["edge"].version_info,
            changed=changed,
            took_ms=(time.monotonic() - began) * 1000,
            is_confirmed=is_confirmed,
        )

    async def _bring_in(self, kind: str, document: files.Resources) -> bool:
        """Write one file, and wait until Envoy has taken it; False: it doesn't say so in time."""
        refused = await self._refusals(kind)
        files.write(self.folder, kind, document)
        pause, until = _POLL_FIRST_S, time.monotonic() + CONFIRM_TIMEOUT_S
        while time.monotonic() < until:
            try:
                version, refused_now = await self._admin.standing(kind)
            except NotAnswering:
                pass  # what it refused before is no less refused
            else:
                if version == document.version_info:
                    return True
                if refused is None:
                    refused = refused_now
                if refused_now < refused:
                    refused = 0  # another run of Envoy, which has read nothing but what is new
                if refused_now > refused:
                    why = await self._why_refused(kind)
                    raise ConfigurationRefused(
                        f"Envoy refuses the new {kind} and goes on with the old: {words_of(why)}"
                    )
            await asyncio.sleep(pause)
            pause = min(pause * 1.5, _POLL_MAX_S)
        return False

    async def _in_use(self) -> dict[str, str | None]:
        try:
            return await self._admin.versions()
        except NotAnswering:
            return {}

    async def _refusals(self, kind: str) -> int | None:
        """None: it doesn't say."""
        try:
            return await self._admin.refusals(kind)
        except NotAnswering:
            return None

    async def _why_refused(self, kind: str) -> str:
        try:
            return await self._admin.why_refused(kind)
        except NotAnswering:
            return ""

    @asynccontextmanager
    async def _exclusive(self) -> AsyncGenerator[None]:
        """One at a time in this folder, over all processes."""
        lock = locked(self.folder / "apply.lock", wait=True)
        await asyncio.to_thread(lock.__enter__)
        try:
            yield
        finally:
            lock.__exit__(None, None, None)

    async def _epoch(self) -> str:
        if not self._is_external:
            return epoch(self.folder)
        return await self._admin.epoch(self._now_us() // 1_000_000)

    def _binary(self) -> Path:
        if self._envoy is None:
            return find_envoy()
        check(self._envoy)
        return self._envoy

    def _may_validate(self) -> bool:
        """A fleet's machine needs no Envoy of ours, and its certificates may be elsewhere than here."""
        return not self._is_external

    def _command(self, envoy: Path) -> list[str]:
        return [
            str(envoy),
            *("-c", str(self.folder / "bootstrap.json")),
            "--disable-hot-restart",
            *("--concurrency", str(self._concurrency or os.cpu_count() or 1)),
            *("--drain-time-s", "60"),
            *("-l", "warning"),
        ]

    def _said(self, since: int) -> str:
        try:
            with (self.folder / "envoy.log").open("rb") as log:
                log.seek(since)
                return log.read().decode(errors="replace")
        except FileNotFoundError:
            return ""

    def _now_us(self) -> int:
        return int(self._clock.now().timestamp() * 1_000_000)


def _same_shape(
    before: dict[str, files.Resources | None], after: dict[str, files.Resources]
) -> bool:
    """Whether only weights and samples differ, which can't be wrong in a way that Envoy would see."""
    for kind in KINDS:
        old = before[kind]
        if old is None or shape_of(old.resources) != shape_of(after[kind].resources):
            return False
    return True


def _steps(
    before: dict[str, files.Resources | None],
    after: dict[str, files.Resources],
    changed: tuple[str, ...],
) -> list[tuple[str, files.Resources]]:
    """In which order to write: a side comes before the routes that lead to it, and goes after them."""
    steps = [(kind, after[kind]) for kind in changed]
    old = before["clusters"]
    if "clusters" not in changed or old is None:
        return steps
    names = {cluster["name"] for cluster in after["clusters"].resources}
    leaving: list[Json] = [cluster for cluster in old.resources if cluster["name"] not in names]
    if not leaving:
        return steps
    both = files.document([*after["clusters"].resources, *leaving])
    return [("clusters", both), *steps[1:], ("clusters", after["clusters"])]


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
