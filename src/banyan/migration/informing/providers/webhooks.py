"""Webhooks: one POST, no redirects, a bounded answer."""

import asyncio
import time
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

import httpx

from banyan.migration.informing.model import Outcome
from banyan.migration.informing.providers.addresses import AddressNotAllowed, Network, look_up

TIMEOUT_S = 10.0
"""For each read."""
WITHIN_S = 25.0
"""For all of it, however slowly an answer trickles in: less than the lease of the job."""
_ANSWER_BYTES_MAX = 2_000
GONE = "410"
"""How an answer begins with which a receiver says that it wants no more."""


async def post(
    url: str,
    body: bytes,
    headers: Mapping[str, str],
    inside: Sequence[Network],
    *,
    within_s: float = WITHIN_S,
) -> Outcome:
    """Send it and say what came back; whatever goes wrong is an outcome, never an exception."""
    started_s = time.monotonic()
    try:
        async with asyncio.timeout(within_s):
            answer, is_delivered = await _post(url, body, headers, inside)
    except TimeoutError:
        answer, is_delivered = f"no whole answer within {within_s:g} s", False
    except AddressNotAllowed as refusal:
        answer, is_delivered = str(refusal), False
    except (httpx.HTTPError, httpx.InvalidURL, ValueError) as error:
        answer, is_delivered = f"{type(error).__name__}: {error}"[:300], False
    return Outcome(is_delivered, answer, round((time.monotonic() - started_s) * 1000))


async def _post(
    url: str, body: bytes, headers: Mapping[str, str], inside: Sequence[Network]
) -> tuple[str, bool]:
    parts = urlsplit(url)
    host = parts.hostname or ""
    port = parts.port or (443 if parts.scheme == "https" else 80)
    if parts.username or parts.password or parts.scheme not in ("http", "https") or not host:
        raise AddressNotAllowed("A webhook's address is http(s)://host/path, without a password.")
    address = await look_up(host, port, inside)
    literal = f"[{address}]" if address.version == 6 else str(address)
    target = parts._replace(netloc=f"{literal}:{port}", fragment="").geturl()
    async with (
        httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False, follow_redirects=False) as client,
        client.stream(
            "POST",
            target,
            content=body,
            headers={
                **headers,
                "host": parts.netloc,
                "content-type": "application/json",
                "user-agent": "Banyan-Webhooks/1",
            },
            extensions={"sni_hostname": host} if parts.scheme == "https" else {},
        ) as answer,
    ):
        said = b""
        async for piece in answer.aiter_raw():
            said += piece
            if len(said) >= _ANSWER_BYTES_MAX:
                break
        text = said[:200].decode("utf-8", "replace").replace("\0", "")
        return f"{answer.status_code} {text}".strip()[:300], answer.is_success
