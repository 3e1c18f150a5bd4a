"""Whether the address for HTTP is free, asked before anything is started."""

import errno
import socket

from banyan.runtime.local.errors import PortUnusable


def check_port(host: str, port: int) -> None:
    """Raise ``PortUnusable`` unless a server could listen on ``host:port`` now."""
    if not 0 < port < 65536:
        raise PortUnusable(f"There is no port {port}: choose one between 1 and 65535.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except OSError as error:
            raise PortUnusable(_sentence(host, port, error)) from None


def _sentence(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        other = 9000 if port != 9000 else 9001
        return (
            f"Port {port} is in use by another program: choose another with `make up PORT={other}`."
        )
    if error.errno == errno.EACCES:
        return (
            f"This user may not open port {port}: choose one above 1023 with `make up PORT=9000`."
        )
    return f"Banyan can't listen on {host}:{port}: {error.strerror or error}."
