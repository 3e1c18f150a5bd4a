"""What the control plane keeps beside the data plane, so that a rollback needs no database.

``control.json``
    the plan and where its routes stood when the data plane was last told; as old as the database's last
    word on it.
``rollbacks/<id>.json``
    routes that are to be out of customers' way, whatever the database says: decided by the judge, or
    by a person on the command line. One goes away once the database has it.
``control.lock``
    held by the process that tells the data plane.
"""

import fcntl
import os
from collections.abc import Generator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from banyan.gateway import GatewaySpec
from banyan.migration.model.plan import Phase, Plan
from banyan.migration.model.standing import Position, RouteStanding
from banyan.migration.rules.specs import spec_of

_STATE = "control.json"
_ROLLBACKS = "rollbacks"
_LOCK = "control.lock"


class Remembered(msgspec.Struct, frozen=True, kw_only=True):
    """The plan and its routes as the data plane was told of them last.

    ``stuck``: routes whose writes legacy doesn't have for certain, so that nobody may take them back
    without saying so.
    """

    marketplace_id: UUID
    plan_id: UUID
    version: int
    document: dict[str, Any]
    standings: dict[str, RouteStanding]
    stuck: dict[str, str] = {}
    rolled_back: tuple[str, ...] = ()
    """Routes that are rolled back here, which ``standings`` doesn't show yet."""

    @property
    def plan(self) -> Plan:
        return msgspec.convert(self.document, Plan)


class LocalRollback(msgspec.Struct, frozen=True, kw_only=True):
    """A rollback that is in force here. ``change`` is the route's when it was decided."""

    rollback_id: UUID
    route: str
    change: int
    by: str
    why: str
    at_us: int
    is_forced: bool = False
    numbers: dict[str, Any] = {}


@dataclass(frozen=True, slots=True)
class ControlFolder:
    """The folder of one data plane; made if it is missing."""

    path: Path

    def prepare(self) -> None:
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
        (self.path / _ROLLBACKS).mkdir(mode=0o700, exist_ok=True)

    def remember(self, remembered: Remembered) -> None:
        _write(self.path / _STATE, msgspec.json.encode(remembered))

    def recall(self) -> Remembered | None:
        """What was remembered; None if nothing was, or it can't be read any more."""
        try:
            return msgspec.json.decode((self.path / _STATE).read_bytes(), type=Remembered)
        except (FileNotFoundError, msgspec.DecodeError):
            return None

    def touch(self) -> None:
        """What is remembered is what the database says by now."""
        with suppress(FileNotFoundError):
            os.utime(self.path / _STATE)

    def known_at(self) -> datetime | None:
        """When the database last said what is remembered, in real time."""
        try:
            return datetime.fromtimestamp((self.path / _STATE).stat().st_mtime, UTC)
        except FileNotFoundError:
            return None

    def order(self, rollback: LocalRollback) -> None:
        """Keep a rollback in force until the database has it."""
        self.prepare()
        name = f"{rollback.rollback_id}.json"
        _write(self.path / _ROLLBACKS / name, msgspec.json.encode(rollback))

    def settle(self, rollback: LocalRollback) -> None:
        """The database has it."""
        (self.path / _ROLLBACKS / f"{rollback.rollback_id}.json").unlink(missing_ok=True)

    def orders(self) -> list[LocalRollback]:
        """The rollbacks in force, the oldest first."""
        found: list[LocalRollback] = []
        try:
            paths = sorted((self.path / _ROLLBACKS).iterdir())
        except FileNotFoundError:
            return []
        for path in paths:
            if path.suffix != ".json":
                continue
            try:
                found.append(msgspec.json.decode(path.read_bytes(), type=LocalRollback))
            except (FileNotFoundError, msgspec.DecodeError):
                continue  # settled meanwhile, or not one of ours
        return found

    @contextmanager
    def leading(self) -> Generator[bool]:
        """Whether this process is the one that tells the data plane, while the block lasts."""
        self.prepare()
        descriptor = os.open(self.path / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(descriptor)


def spec_with(
    plan: Plan,
    standings: Mapping[str, RouteStanding],
    rollbacks: Mapping[str, LocalRollback],
) -> GatewaySpec:
    """What the data plane is told: where the routes stand, but for those that are rolled back here."""
    return spec_of(
        plan,
        {
            name: back_here(standing) if name in rollbacks else standing.at
            for name, standing in standings.items()
        },
    )


def back_here(standing: RouteStanding) -> Position:
    """Where a rollback leads that the database doesn't know of yet: no weight, writes on legacy."""
    return Position(Phase.LEGACY if standing.phase == Phase.SHADOW else Phase.SHADOW)


def _write(path: Path, content: bytes) -> None:
    """The whole file or nothing of it."""
    new = path.with_name(f"{path.name}.{os.getpid()}.new")
    with new.open("wb") as file:
        os.fchmod(file.fileno(), 0o600)
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
