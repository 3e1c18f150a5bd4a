"""Whether a provider may be connected, and what is shown of it."""

from collections.abc import Mapping

from banyan.payments.errors import WrongMode
from banyan.payments.model import ProviderKind

HINT_LETTERS = 4
_HINT_FROM = 12
"""A shorter secret is not worth guessing at: nothing of it is shown."""


def check_mode(kind: ProviderKind, secrets: Mapping[str, str], *, livemode: bool) -> None:
    """``WrongMode`` if real money could get into a sandbox, or play into a live marketplace."""
    key = secrets.get("api_key", "")
    if livemode and kind == "sandbox":
        raise WrongMode("A live marketplace can't connect a sandbox: it takes no real money.")
    if kind == "stripe" and livemode and "_test_" in key[:8]:
        raise WrongMode("This is a test key of Stripe; a live marketplace needs a live one.")
    if kind == "stripe" and not livemode and "_live_" in key[:8]:
        raise WrongMode("This is a live key of Stripe; a sandbox takes test keys only.")


def hints_of(secrets: Mapping[str, str]) -> dict[str, str]:
    """What is shown of secrets: the last letters of those that are long enough."""
    return {
        name: f"…{secret[-HINT_LETTERS:]}" if len(secret) >= _HINT_FROM else "…"
        for name, secret in secrets.items()
        if secret
    }
