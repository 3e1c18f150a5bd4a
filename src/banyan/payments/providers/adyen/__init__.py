"""Adyen: payments by Checkout, sellers as balance accounts (Adyen for Platforms)."""

from banyan.payments.providers.adyen.provider import Adyen

__all__ = ["Adyen"]
