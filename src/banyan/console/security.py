"""Headers of every page, and the proof that a form came from one of ours.

The policy allows no inline script and no inline style. The chart library would write a style
element; it leaves that to our sheet (see ``static/chart.css``).
"""

import hashlib
import hmac
from collections.abc import Mapping
from types import MappingProxyType

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'self'",
        "img-src 'self' data:",
        "object-src 'none'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
    )
)

PAGE_HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Content-Security-Policy": CONTENT_SECURITY_POLICY,
        "Cache-Control": "no-store",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
    }
)


def digest(token: str) -> bytes:
    """What the database keeps of a token: it can be recognised but not used."""
    return hashlib.sha256(token.encode()).digest()


def csrf_token(session_token: str) -> str:
    """The token of the forms of one session; it tells nothing about the session's own."""
    return hmac.new(session_token.encode(), b"banyan console form", hashlib.sha256).hexdigest()


def is_csrf_token(given: str, session_token: str) -> bool:
    return hmac.compare_digest(given.encode(), csrf_token(session_token).encode())
