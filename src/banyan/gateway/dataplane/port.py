"""Whether the gateway's address is free, asked before Envoy is started.

Envoy's own answer would come late, and where another program shares ports, not at all.
"""

import errno
import socket

from banyan.gateway.errors import GatewayUnusable


def check_port(host: str, port: int) -> None:
    """Raise ``GatewayUnusable`` unless a server could listen there now."""
    if not 0 < port < 65536:
        raise GatewayUnusable(f"There is no port {port}: let the gateway listen on 1 to 65535.")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen()
        except (OSError, UnicodeError) as error:
            raise GatewayUnusable(_sentence(host, port, error)) from None


def _sentence(host: str, port: int, error: OSError | UnicodeError) -> str:
    number = error.errno if isinstance(error, OSError) else None
    if number == errno.EADDRINUSE:
        return (
            f"The gateway can't listen on {host}:{port}: another program does. End that one, or give the "
            f"gateway another address (`gateway: listen:` in the plan)."
        )
    if number == errno.EACCES:
        return (
            f"This user may not open port {port}: give the gateway one above 1023 (`gateway: listen:` "
            f"in the plan), or let the user open low ports."
        )
    why = (error.strerror if isinstance(error, OSError) else None) or str(error)
    return f"The gateway can't listen on {host}:{port}: {why}."
