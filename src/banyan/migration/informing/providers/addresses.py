"""Where webhooks may go: not inside (SSRF).

The host's addresses are looked up once and the connection is made to one of those that were looked
at, so that a name can't lead elsewhere a moment later. All of them have to be allowed.
"""

import asyncio
import socket
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

from banyan.runtime import InvalidSetting

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_NAT64 = ip_network("64:ff9b::/96")


class AddressNotAllowed(Exception):
    """The host is inside, or can't be found; the message says which."""


def networks(text: str) -> tuple[Network, ...]:
    """The networks in the setting ``private_networks``; ``InvalidSetting``."""
    try:
        return tuple(ip_network(part.strip()) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise InvalidSetting(
            f"BANYAN_PRIVATE_NETWORKS must be networks such as 10.0.0.0/8, with commas: {error}."
        ) from None


def is_allowed(address: Address, inside: Sequence[Network]) -> bool:
    """Whether a webhook may be sent to an address: anywhere outside, and ``inside`` as set."""
    plain = _unwrapped(address)
    if any(plain in network for network in inside):
        return True
    return plain.is_global and not plain.is_multicast and not plain.is_reserved


async def look_up(host: str, port: int, inside: Sequence[Network]) -> Address:
    """An address of the host that may be connected to; ``AddressNotAllowed``."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, proto=socket.IPPROTO_TCP
        )
    except (OSError, UnicodeError):
        raise AddressNotAllowed(f"The host {host[:100]} can't be found.") from None
    addresses = [ip_address(str(entry[4][0]).partition("%")[0]) for entry in found]
    refused = next((one for one in addresses if not is_allowed(one, inside)), None)
    if refused is not None or not addresses:
        raise AddressNotAllowed(
            f"{host[:100]} is an address inside; BANYAN_PRIVATE_NETWORKS says which may be called."
        )
    return addresses[0]


def _unwrapped(address: Address) -> Address:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, IPv4Address):
        return address
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address.ipv4_mapped or address.sixtofour or address
