"""The folder of a data plane: what is in it, and how its files change.

::

    bootstrap.json            what Envoy starts with
    xds/                      what Envoy follows: clusters, edge, shadow, listeners (.json)
    sockets/                  admin, reports, capture, shadow (.sock); a link to a short private
                              folder where the path is too long for a socket
    keeper.lock, envoy.lock   held while these processes live
    envoy.log, keeper.log     what they said
"""

import hashlib
import os
import tempfile
from pathlib import Path

import msgspec

from banyan.gateway.errors import GatewayUnusable
from banyan.gateway.model import Places
from banyan.gateway.rules import Configuration, Json

SOCKET_PATH_BYTES_MAX = 107
_LONGEST = "sockets/reports.sock"
CA_FILES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/cert.pem",
    "/etc/ssl/ca-bundle.pem",
)


class Resources(msgspec.Struct, frozen=True):
    """One file that Envoy follows."""

    version_info: str
    resources: list[Json]


def make(folder: Path) -> None:
    """Make the folder, private to this user; raises ``GatewayUnusable`` if it can't be."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        (folder / "xds").mkdir(mode=0o700, exist_ok=True)
        _make_sockets(folder)
    except OSError as error:
        raise GatewayUnusable(
            f"The gateway's folder {folder} can't be used by this user (uid {os.geteuid()}): "
            f"{error.strerror}. Make it this user's, or choose another state folder."
        ) from None


def _make_sockets(folder: Path) -> None:
    sockets = folder / "sockets"
    if len(os.fsencode(folder / _LONGEST)) <= SOCKET_PATH_BYTES_MAX:
        sockets.mkdir(mode=0o700, exist_ok=True)
        return
    name = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    short = Path(tempfile.gettempdir()) / f"banyan-gateway-{os.geteuid()}-{name}"
    short.mkdir(mode=0o700, exist_ok=True)
    found = short.lstat()
    if not short.is_dir() or short.is_symlink() or found.st_uid != os.geteuid():
        raise PermissionError(1, "its sockets' folder in the temporary folder is another user's")
    short.chmod(0o700)
    if not sockets.is_symlink():
        sockets.symlink_to(short)
    elif sockets.readlink() != short:
        sockets.unlink()
        sockets.symlink_to(short)


def places_of(folder: Path) -> Places:
    """Where the parts of a data plane in this folder find one another; the folder is made."""
    folder = folder.absolute()
    make(folder)
    sockets = (folder / "sockets").resolve()
    found = next((name for name in CA_FILES if Path(name).exists()), CA_FILES[0])
    return Places(
        xds=str(folder / "xds"),
        admin=f"unix:{sockets / 'admin.sock'}",
        reports=f"unix:{sockets / 'reports.sock'}",
        capture=f"unix:{sockets / 'capture.sock'}",
        shadow=f"unix:{sockets / 'shadow.sock'}",
        ca_file=found,
    )


def document(resources: list[Json]) -> Resources:
    """A version follows from what it names: the same resources are the same version."""
    encoded = msgspec.json.encode(resources)
    return Resources(hashlib.sha256(encoded).hexdigest()[:16], resources)


def read(folder: Path, kind: str) -> Resources | None:
    try:
        return msgspec.json.decode((folder / "xds" / f"{kind}.json").read_bytes(), type=Resources)
    except (FileNotFoundError, msgspec.DecodeError):
        return None


def write(folder: Path, kind: str, resources: Resources) -> None:
    write_file(folder / "xds" / f"{kind}.json", msgspec.json.encode(resources))


def write_bootstrap(folder: Path, configuration: Configuration) -> bool:
    """Write it; whether it is another one than before."""
    path = folder / "bootstrap.json"
    new = msgspec.json.encode(configuration.bootstrap)
    if path.exists() and path.read_bytes() == new:
        return False
    write_file(path, new)
    return True


def write_file(path: Path, content: bytes) -> None:
    """Whole or not at all: readers see the old file or the new one."""
    new = path.with_name(f".{path.name}.new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
    new.replace(path)
