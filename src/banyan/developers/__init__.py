"""Developers: the keys that programs call the API with, and what the API says about itself."""

from banyan.developers.errors import InvalidKeyName, InvalidScope, KeyNotFound
from banyan.developers.model import KEY, ApiKey
from banyan.developers.service import (
    Authenticate,
    authenticator,
    create_key,
    list_keys,
    revoke_key,
)

__all__ = [
    "KEY",
    "ApiKey",
    "Authenticate",
    "InvalidKeyName",
    "InvalidScope",
    "KeyNotFound",
    "authenticator",
    "create_key",
    "list_keys",
    "revoke_key",
]
