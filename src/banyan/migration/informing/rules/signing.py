"""Signatures of webhooks, as Standard Webhooks 1.0 has them (https://www.standardwebhooks.com)."""

import base64
import hashlib
import hmac
from collections.abc import Sequence

PREFIX = "whsec_"


def secret_text(secret: bytes) -> str:
    """As its owner gets it: ``whsec_`` and base64, which the libraries of the standard take."""
    return PREFIX + base64.b64encode(secret).decode()


def signed_headers(
    message_id: str, timestamp: int, body: bytes, secrets: Sequence[bytes]
) -> dict[str, str]:
    """Who checks accepts any one of the signatures; there are two while a secret is changed."""
    content = f"{message_id}.{timestamp}.".encode() + body
    signatures = (hmac.new(secret, content, hashlib.sha256).digest() for secret in secrets)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(
            f"v1,{base64.b64encode(signature).decode()}" for signature in signatures
        ),
    }
