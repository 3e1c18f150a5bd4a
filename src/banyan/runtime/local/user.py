"""Who the embedded PostgreSQL runs as.

An ordinary user's server runs as that user. PostgreSQL refuses to run as root, so root's server
gets a numeric user that nobody else on the machine has; no account is made. That user can't pass
parent folders of mode 700 (root's home), and their permissions are not ours to change: where one
stands in the way the server keeps the one capability that reads past them.
"""

import os
import pwd
import stat
import sys
from dataclasses import dataclass
from pathlib import Path

from banyan.runtime.local.errors import RootNotPossible

LAUNCH = Path(__file__).with_name("launch.py")

CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2

_PRIVATE_UIDS = range(54321, 54421)

_ELSE = "Run as an ordinary user, or set BANYAN_DATABASE_URL to a PostgreSQL of your own."


@dataclass(frozen=True, slots=True)
class ServerUser:
    """A user to run PostgreSQL as, with the Linux capability it needs to reach its files."""

    uid: int
    capability: int = -1

    def command(self, *program: str) -> list[str]:
        """The command line that runs ``program`` as this user."""
        if self.uid == os.geteuid():
            return list(program)
        launch = [sys.executable, "-I", "-S", str(LAUNCH)]
        return [*launch, "as-user", str(self.uid), str(self.capability), *program]

    def own(self, folder: Path) -> None:
        """Hand ``folder`` and all in it to this user; links are not followed."""
        if self.uid == os.geteuid():
            return
        for path in [folder, *folder.rglob("*")]:
            os.chown(path, self.uid, self.uid, follow_symlinks=False)


def server_user(folder: Path, binaries: Path) -> ServerUser:
    """The user for a server in ``folder``: its data's owner, this user, or root's private one."""
    if os.geteuid() != 0:
        return ServerUser(os.geteuid())
    data = folder / "data"
    owner = data.stat().st_uid if data.exists() else 0
    uid = owner or _unused_uid()
    reachable = _reachable(folder.parent, uid) and _reachable(binaries / "postgres", uid)
    return ServerUser(uid, -1 if reachable else _reading_capability())


def initdb_user() -> ServerUser:
    """The user for ``initdb``, which asks for one with a name: root lends it ``nobody``."""
    if os.geteuid() != 0:
        return ServerUser(os.geteuid())
    try:
        return ServerUser(pwd.getpwnam("nobody").pw_uid, _reading_capability())
    except KeyError:
        raise RootNotPossible(
            f"PostgreSQL does not run as root, and there is no user `nobody` to lend it. {_ELSE}"
        ) from None


def _unused_uid() -> int:
    taken = {entry.pw_uid for entry in pwd.getpwall()}
    return next(uid for uid in _PRIVATE_UIDS if uid not in taken)


def _reachable(path: Path, uid: int) -> bool:
    """Whether a user without privileges can come to ``path``."""
    for place in [path, *path.parents]:
        status = place.stat()
        needed = stat.S_IXUSR if status.st_uid == uid else stat.S_IXOTH
        if not status.st_mode & needed:
            return False
    return True


def _reading_capability() -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("CapPrm:"):
            held = int(line.split()[1], 16)
            for capability in (CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
                if held >> capability & 1:
                    return capability
    raise RootNotPossible(
        f"PostgreSQL does not run as root, and this root may not read past other users' "
        f"permissions. {_ELSE}"
    )
