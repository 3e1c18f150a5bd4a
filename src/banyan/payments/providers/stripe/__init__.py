"""Stripe: payments on the platform, sellers as connected accounts (Connect)."""

from banyan.payments.providers.stripe.failures import answer_to
from banyan.payments.providers.stripe.provider import SIGNATURE_HEADER, Stripe

__all__ = ["SIGNATURE_HEADER", "Stripe", "answer_to"]
