"""Whether the sides can be reached from this machine, for whoever starts a gateway."""

import asyncio
import socket
import ssl
from contextlib import suppress

from banyan.gateway.model import GatewaySpec, Upstream

_WITHIN_S = 5


async def unreached(spec: GatewaySpec, ca_file: str) -> list[str]:
    """A sentence for each side to which no connection can be made as Envoy makes it."""
    sides = (spec.legacy, *spec.candidates)
    told = await asyncio.gather(*(_why(side, ca_file) for side in sides))
    return [
        f"{side.name} can't be reached at {side.host}:{side.port}: {why}."
        for side, why in zip(sides, told, strict=True)
        if why
    ]


async def _why(side: Upstream, ca_file: str) -> str:
    try:
        async with asyncio.timeout(_WITHIN_S):
            _, writer = await asyncio.open_connection(
                side.host,
                side.port,
                ssl=_context(side, ca_file),
                server_hostname=(side.server_name or side.host) if side.is_tls else None,
            )
    except TimeoutError:
        return f"no answer within {_WITHIN_S} s"
    except ssl.SSLCertVerificationError as error:
        return f"its certificate isn't trusted ({error.verify_message.rstrip('.')})"
    except ssl.SSLError:
        return "it doesn't speak TLS"
    except socket.gaierror:
        return "nobody knows that name"
    except OSError as error:
        return (error.strerror or str(error)).partition(" (")[0].rstrip(".") or "no connection"
    writer.close()
    with suppress(OSError, ssl.SSLError):
        await writer.wait_closed()
    return ""


def _context(side: Upstream, ca_file: str) -> ssl.SSLContext | None:
    if not side.is_tls:
        return None
    context = ssl.create_default_context(cafile=side.ca_file or ca_file)
    if not side.is_verified:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
