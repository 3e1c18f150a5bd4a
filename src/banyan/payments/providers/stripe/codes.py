"""Stripe's words for what went wrong, in ours (docs.stripe.com/declines/codes, /error-codes)."""

from collections.abc import Mapping

from banyan.payments.providers.answers import Declined
from banyan.payments.providers.declines import declined

CODES: Mapping[str, str] = {
    "account_closed": "account_closed",
    "amount_too_large": "amount_not_accepted",
    "amount_too_small": "amount_not_accepted",
    "approve_with_id": "try_again_later",
    "authentication_not_handled": "authentication_required",
    "authentication_required": "authentication_required",
    "balance_insufficient": "balance_insufficient",
    "bank_account_closed": "account_closed",
    "call_issuer": "do_not_honor",
    "capture_charge_authorization_expired": "authorization_expired",
    "card_declined": "generic_decline",
    "card_not_supported": "card_not_supported",
    "card_velocity_exceeded": "limit_exceeded",
    "charge_already_captured": "already_captured",
    "charge_already_refunded": "more_than_captured",
    "charge_disputed": "not_permitted",
    "charge_exceeds_source_limit": "limit_exceeded",
    "charge_exceeds_transaction_limit": "limit_exceeded",
    "charge_expired_for_capture": "authorization_expired",
    "currency_not_supported": "currency_not_supported",
    "debit_not_authorized": "revoked",
    "do_not_honor": "do_not_honor",
    "do_not_try_again": "do_not_retry",
    "duplicate_transaction": "duplicate",
    "expired_card": "expired_card",
    "expired_or_canceled_card": "expired_card",
    "fraudulent": "fraud_suspected",
    "generic_decline": "generic_decline",
    "highest_risk_level": "blocked",
    "incorrect_address": "incorrect_details",
    "incorrect_cvc": "incorrect_details",
    "incorrect_number": "invalid_account",
    "incorrect_pin": "incorrect_details",
    "incorrect_zip": "incorrect_details",
    "insufficient_funds": "insufficient_funds",
    "invalid_account": "invalid_account",
    "invalid_amount": "amount_not_accepted",
    "invalid_charge_amount": "amount_not_accepted",
    "invalid_cvc": "incorrect_details",
    "invalid_expiry_month": "expired_card",
    "invalid_expiry_year": "expired_card",
    "invalid_number": "invalid_account",
    "invalid_pin": "incorrect_details",
    "issuer_not_available": "issuer_unavailable",
    "lost_card": "lost_card",
    "lost_or_stolen_card": "stolen_card",
    "merchant_blacklist": "blocked",
    "new_account_information_available": "invalid_account",
    "no_account": "invalid_account",
    "no_action_taken": "do_not_honor",
    "not_permitted": "not_permitted",
    "offline_pin_required": "authentication_required",
    "online_or_offline_pin_required": "authentication_required",
    "payment_intent_authentication_failure": "authentication_failed",
    "payment_intent_mandate_invalid": "revoked",
    "payment_intent_payment_attempt_expired": "expired",
    "payment_method_customer_decline": "cancelled",
    "payment_method_provider_decline": "generic_decline",
    "payment_method_provider_timeout": "issuer_unavailable",
    "pickup_card": "pickup_card",
    "pin_try_exceeded": "restricted_card",
    "processing_error": "processing_error",
    "reenter_transaction": "try_again_later",
    "refer_to_customer": "do_not_honor",
    "restricted_card": "restricted_card",
    "revocation_of_all_authorizations": "revoked",
    "revocation_of_authorization": "revoked",
    "rule": "blocked",
    "security_violation": "restricted_card",
    "service_not_allowed": "not_permitted",
    "stolen_card": "stolen_card",
    "stop_payment_order": "revoked",
    "testmode_decline": "not_permitted",
    "transaction_not_allowed": "not_permitted",
    "try_again_later": "try_again_later",
    "withdrawal_count_limit_exceeded": "limit_exceeded",
}
"""Decline codes of issuers, error codes of Stripe, and its reasons of failed refunds."""


def decline(decline_code: str | None, code: str | None, message: str = "") -> Declined:
    """The decline behind an error: the issuer's reason says more than Stripe's code."""
    for said in (decline_code, code):
        if said is not None and said in CODES:
            return declined(CODES[said], said)
    return declined("generic_decline", decline_code or code or message)


def refusal(code: str | None, message: str) -> Declined:
    """A request that Stripe did not accept: nothing was done, and nothing ever will be."""
    known = CODES.get(code or "")
    return declined(known or "invalid_request", code or message)
