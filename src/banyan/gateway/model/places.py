"""Where a data plane keeps its files, and at which addresses its parts find one another."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Addresses are ``unix:/path`` or ``host:port``; none of them is for customers.

    ``xds`` is the folder that Envoy watches, by the path that Envoy sees. ``admin`` is Envoy's own
    page, ``reports`` the access-log service, ``capture`` the external processor, ``shadow`` Envoy's
    listener for mirrored requests. ``ca_file`` holds the certificates that a side reached over TLS
    is checked against unless it names its own.
    """

    xds: str
    admin: str
    reports: str
    capture: str
    shadow: str
    ca_file: str = "/etc/ssl/certs/ca-certificates.crt"
