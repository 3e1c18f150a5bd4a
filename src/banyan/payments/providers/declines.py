"""Why providers decline, in our words.

A hard decline is final for the method: trying again, here or elsewhere, is of no use and may be
fined by the card schemes. After a soft one the buyer, or another provider, may try again.
"""

from collections.abc import Mapping

from banyan.payments.providers.answers import Declined

__all__ = ["REASONS", "declined"]

REASONS: Mapping[str, tuple[bool, str]] = {
    "account_closed": (True, "The account or card was closed."),
    "acquirer_error": (False, "The provider's own connection to the issuer failed."),
    "already_captured": (True, "It was captured before."),
    "amount_not_accepted": (False, "The provider does not take this amount."),
    "authentication_failed": (False, "The buyer was not authenticated."),
    "authentication_required": (False, "The issuer wants the buyer to be authenticated."),
    "authorization_expired": (True, "The authorization has expired."),
    "balance_insufficient": (False, "There is not enough money in our balance at the provider."),
    "blocked": (True, "It was blocked by a rule against fraud."),
    "cancelled": (False, "The payment was cancelled."),
    "capture_failed": (True, "The issuer withdrew the authorization."),
    "card_not_supported": (True, "The card does not support this kind of payment."),
    "currency_not_supported": (False, "The card or account does not take this currency."),
    "dispute_closed": (True, "The dispute is closed."),
    "do_not_honor": (False, "The issuer declined without a reason."),
    "do_not_retry": (True, "The issuer asks not to try again."),
    "duplicate": (False, "The issuer has seen the same payment a moment ago."),
    "expired": (True, "The buyer has not paid in time."),
    "expired_card": (True, "The card has expired."),
    "fraud_suspected": (True, "The issuer suspects fraud."),
    "generic_decline": (False, "The issuer declined without a reason."),
    "incorrect_details": (False, "Security code, address or PIN is wrong."),
    "insufficient_funds": (False, "There is not enough money in the account."),
    "invalid_account": (True, "There is no such card or account."),
    "invalid_request": (False, "The provider did not accept the request."),
    "issuer_unavailable": (False, "The issuer could not be reached."),
    "limit_exceeded": (False, "A limit of the card or account is exceeded."),
    "lost_card": (True, "The card was reported lost."),
    "more_than_captured": (True, "More than was captured."),
    "not_capturable": (True, "It can't be captured any more."),
    "not_permitted": (False, "The issuer does not permit this payment."),
    "pickup_card": (True, "The issuer wants the card to be kept."),
    "processing_error": (False, "Something went wrong while it was processed."),
    "refund_failed": (True, "The refund could not be given to the card or account."),
    "restricted_card": (True, "The card can't be used for this."),
    "returned": (True, "The bank has returned it."),
    "revoked": (True, "The buyer has revoked the mandate or the authorization."),
    "stolen_card": (True, "The card was reported stolen."),
    "try_again_later": (False, "The issuer asks to try again later."),
}  # fmt: skip


def declined(code: str, said: str = "") -> Declined:
    """A decline by one of our codes; ``said`` is the provider's own word for it."""
    is_hard, sentence = REASONS[code]
    return Declined(code, is_hard, f"{sentence} ({said[:80]})" if said else sentence)
