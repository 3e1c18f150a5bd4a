"""What each kind of provider must be told to be connected.

Settings may be shown; secrets are sealed as soon as they come in and shown by their last letters.
Addresses are no setting: a marketplace can't make us call whatever it likes.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta, Struct

from banyan.payments.model import ProviderKind

__all__ = [
    "KINDS",
    "AdyenSecrets",
    "AdyenSettings",
    "Kind",
    "SandboxSettings",
    "Secrets",
    "StripeSecrets",
    "StripeSettings",
]

ReturnUrl = Annotated[str, Meta(pattern=r"^(https?://[^\s]+)?$", max_length=500)]


class Secrets(Struct, frozen=True, forbid_unknown_fields=True):
    """Secrets of a provider; they are not shown, not even to ourselves."""

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(self.__struct_fields__)})"


class SandboxSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """The sandbox needs to be told nothing."""


class StripeSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``return_url``: where buyers come back to from 3-D Secure, unless the payment says so."""

    return_url: ReturnUrl = ""


class StripeSecrets(Secrets, frozen=True, forbid_unknown_fields=True):
    """A secret or restricted key, and the signing secret of the webhook endpoint."""

    api_key: Annotated[str, Meta(pattern="^(sk|rk)_(test|live)_[A-Za-z0-9]{4,250}$")]
    webhook_secret: Annotated[str, Meta(pattern="^(whsec_[A-Za-z0-9+/=]{4,250})?$")] = ""


class AdyenSettings(Struct, frozen=True, forbid_unknown_fields=True):
    """``live_prefix`` begins the addresses of a live account. ``balance_account`` is the platform's
    own, which sellers are paid from."""

    merchant_account: Annotated[str, Meta(pattern="^[A-Za-z0-9_-]{1,80}$")]
    live_prefix: Annotated[str, Meta(pattern="^([A-Za-z0-9]{4,40}-[A-Za-z0-9]{2,60})?$")] = ""
    balance_account: Annotated[str, Meta(pattern="^(BA[A-Z0-9]{4,40})?$")] = ""
    return_url: ReturnUrl = ""


class AdyenSecrets(Secrets, frozen=True, forbid_unknown_fields=True):
    """API keys, HMAC keys of the webhooks (of payments, and of the balance platform), and the login
    that may fetch reports."""

    api_key: Annotated[str, Meta(min_length=8, max_length=500)]
    hmac_key: Annotated[str, Meta(pattern="^([0-9A-Fa-f]{64})?$")] = ""
    transfers_api_key: Annotated[str, Meta(max_length=500)] = ""
    transfers_hmac_key: Annotated[str, Meta(pattern="^([0-9A-Fa-f]{64})?$")] = ""
    report_user: Annotated[str, Meta(max_length=200)] = ""
    report_password: Annotated[str, Meta(max_length=200)] = ""


@dataclass(frozen=True, slots=True)
class Kind:
    """The shapes that the settings and secrets of a kind must have."""

    settings: type[Struct]
    secrets: type[Secrets]

    @property
    def secret_names(self) -> tuple[str, ...]:
        return self.secrets.__struct_fields__


KINDS: Mapping[ProviderKind, Kind] = {
    "sandbox": Kind(SandboxSettings, Secrets),
    "stripe": Kind(StripeSettings, StripeSecrets),
    "adyen": Kind(AdyenSettings, AdyenSecrets),
}
