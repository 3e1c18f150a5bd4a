"""Adyen's reasons for refusing, in our words (docs.adyen.com/development-resources/refusal-reasons)."""

from collections.abc import Mapping

from banyan.payments.providers.answers import Declined
from banyan.payments.providers.declines import declined

CODES: Mapping[str, str] = {
    "2": "do_not_honor",
    "3": "do_not_honor",
    "4": "acquirer_error",
    "5": "restricted_card",
    "6": "expired_card",
    "7": "amount_not_accepted",
    "8": "invalid_account",
    "9": "issuer_unavailable",
    "10": "card_not_supported",
    "11": "authentication_failed",
    "12": "insufficient_funds",
    "14": "fraud_suspected",
    "15": "cancelled",
    "16": "cancelled",
    "17": "incorrect_details",
    "18": "restricted_card",
    "19": "incorrect_details",
    "20": "blocked",
    "21": "processing_error",
    "22": "blocked",
    "23": "not_permitted",
    "24": "incorrect_details",
    "25": "restricted_card",
    "26": "revoked",
    "27": "generic_decline",
    "28": "limit_exceeded",
    "29": "limit_exceeded",
    "31": "fraud_suspected",
    "32": "incorrect_details",
    "33": "authentication_required",
    "34": "invalid_account",
    "35": "invalid_account",
    "36": "authentication_required",
    "37": "authentication_required",
    "38": "authentication_required",
    "39": "authentication_failed",
    "40": "generic_decline",
    "41": "authentication_required",
    "42": "authentication_failed",
    "43": "authentication_required",
    "44": "generic_decline",
    "45": "generic_decline",
    "46": "do_not_retry",
}
"""By ``refusalReasonCode``."""

TRANSFER_REASONS: Mapping[str, str] = {
    "amountLimitExceeded": "limit_exceeded",
    "approved": "generic_decline",
    "balanceAccountTemporarilyBlockedByTransactionRule": "blocked",
    "counterpartyAccountBlocked": "account_closed",
    "counterpartyAccountClosed": "account_closed",
    "counterpartyAccountNotFound": "invalid_account",
    "counterpartyAddressRequired": "invalid_request",
    "counterpartyBankTimedOut": "issuer_unavailable",
    "counterpartyBankUnavailable": "issuer_unavailable",
    "declinedByTransactionRule": "blocked",
    "error": "processing_error",
    "notEnoughBalance": "balance_insufficient",
    "refusedByCounterpartyBank": "refund_failed",
    "routeNotFound": "invalid_account",
    "unknown": "generic_decline",
}
"""By ``reason`` of a transfer."""


def refused(code: str | None, reason: str) -> Declined:
    return declined(CODES.get(code or "", "generic_decline"), reason or code or "")


def transfer_refused(reason: str) -> Declined:
    return declined(TRANSFER_REASONS.get(reason, "generic_decline"), reason)
