"""What a failed call means: certainly not done, declined, or not known."""

import httpx
import stripe

from banyan.payments.providers.answers import Declined, Unavailable, Unknown
from banyan.payments.providers.stripe.codes import decline, refusal

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)


def answer_to(error: stripe.StripeError) -> Declined | Unavailable | Unknown:
    """``Unavailable`` only if nothing can have been done: no connection came about, or Stripe
    turned the call away before it looked at it (429, 401, 403). A broken connection, a 5xx and a
    key that another call is using (409) leave it open. So does a key that was used for other content:
    what it did then is to be found out.
    """
    told = f"{type(error).__name__} {error.http_status or ''} {error.code or ''}".rstrip()
    match error:
        case stripe.CardError():
            reason = None if error.error is None else getattr(error.error, "decline_code", None)
            return decline(reason, error.code, told)
        case stripe.RateLimitError():
            return Unavailable("Stripe takes no more calls for the moment (429).")
        case stripe.AuthenticationError() | stripe.PermissionError():
            return Unavailable(f"Stripe does not accept our key ({error.http_status}).")
        case stripe.IdempotencyError():
            return Unknown("Stripe knows this key with other content.")
        case stripe.InvalidRequestError():
            return refusal(error.code, told)
        case stripe.APIConnectionError() if isinstance(error.__cause__, _NEVER_SENT):
            return Unavailable("Stripe could not be reached.")
        case _:
            return Unknown(f"Stripe gave no usable answer: {told}.")
