"""What payments refuse."""

from banyan.kernel import Conflict, NotAuthenticated, NotFound, Unprocessable


class PaymentNotFound(NotFound):
    """Check the id. Payments of another marketplace, or of the other mode, are not seen."""

    code = "payment_not_found"
    title = "No such payment"


class RefundNotFound(NotFound):
    """Check the id. Refunds of another marketplace, or of the other mode, are not seen."""

    code = "refund_not_found"
    title = "No such refund"


class DisputeNotFound(NotFound):
    """Check the id. Disputes of another marketplace, or of the other mode, are not seen."""

    code = "dispute_not_found"
    title = "No such dispute"


class PayoutNotFound(NotFound):
    """Check the id. Payouts of another marketplace, or of the other mode, are not seen."""

    code = "payout_not_found"
    title = "No such payout"


class InvalidPayment(Unprocessable):
    """The shares must be positive, in one currency, and add up to the amount of the payment."""

    code = "invalid_payment"
    title = "The payment doesn't add up"


class UnknownToken(Unprocessable):
    """Use a token of the payment provider; those of the sandbox are listed in docs/payments.md."""

    code = "unknown_token"
    title = "No such token"


class MethodNotUsable(Unprocessable):
    """Choose a method of the buyer's country and currency; GET /v1/payment_methods lists them."""

    code = "method_not_usable"
    title = "The method can't be used here"


class InvalidFault(Unprocessable):
    """Faults are scheduled in a sandbox, from an instant until a later one."""

    code = "invalid_fault"
    title = "No fault can be scheduled so"


class FaultNotFound(NotFound):
    """Check the id. A fault that was cancelled is gone."""

    code = "fault_not_found"
    title = "No such fault"


class ProviderMissing(Unprocessable):
    """A live marketplace needs a payment provider. The sandbox provider takes no real money."""

    code = "provider_missing"
    title = "No payment provider"


class PaymentIdReused(Conflict):
    """The id belongs to a payment with other content. A new payment needs a new id."""

    code = "payment_id_reused"
    title = "Payment id reused"


class PaymentNotReady(Conflict):
    """The payment is not in a state that allows this; the answer names its state."""

    code = "payment_not_ready"
    title = "Not in the present state"


class RefundTooLarge(Unprocessable):
    """Refund at most what is left: what was captured, less refunds and disputes."""

    code = "refund_too_large"
    title = "More than is left"


class RefundIdReused(Conflict):
    """The id belongs to a refund with other content. A new refund needs a new id."""

    code = "refund_id_reused"
    title = "Refund id reused"


class WebhookRefused(NotAuthenticated):
    """The signature doesn't match the body, or the body is not a webhook of this provider."""

    code = "webhook_refused"
    title = "Webhook refused"


class ProviderNotFound(NotFound):
    """No such provider is connected. The path names it: /v1/providers/sandbox/webhooks."""

    code = "provider_not_found"
    title = "No such provider"


class ConnectionNotFound(NotFound):
    """Check the name; `listPaymentProviders` shows what is connected."""

    code = "connection_not_found"
    title = "No such connection"


class ConnectionNameTaken(Conflict):
    """Something is connected under this name already. Change it, or choose another name."""

    code = "connection_name_taken"
    title = "Name taken"


class InvalidConnection(Unprocessable):
    """The settings or secrets don't fit the kind of provider; each fault names one."""

    code = "invalid_connection"
    title = "Can't be connected like this"


class WrongMode(Unprocessable):
    """Live marketplaces take live keys, sandboxes test keys: money is never mixed with play."""

    code = "wrong_mode"
    title = "Live and test don't mix"


class InvalidSchedule(Unprocessable):
    """A weekly schedule names a weekday, a monthly one a day of the month, the others neither."""

    code = "invalid_schedule"
    title = "Not a schedule"


class InvalidTerms(Unprocessable):
    """A reserve needs a rate and a number of days; named tiers bring their own."""

    code = "invalid_terms"
    title = "Not terms of a seller"


class InvalidDestination(Unprocessable):
    """An IBAN must be complete, with its holder; the answer says what is wrong with it."""

    code = "invalid_destination"
    title = "Not an account that can be paid to"


class BankMissing(Unprocessable):
    """Set the marketplace's own bank account in the payout settings first."""

    code = "bank_missing"
    title = "No bank account"


class PayoutNotCancellable(Conflict):
    """A payout can be cancelled until it is sent, or until its bank file is written."""

    code = "payout_not_cancellable"
    title = "Too late to cancel"


class PayoutBatchNotFound(NotFound):
    """Check the id. Batches of another marketplace, or of the other mode, are not seen."""

    code = "payout_batch_not_found"
    title = "No such batch"


class BankFileNotFound(NotFound):
    """Only a batch that goes through a bank has a file, some moments after its run."""

    code = "bank_file_not_found"
    title = "No bank file"


class InvalidPeriod(Unprocessable):
    """A period begins before it ends, and lasts at most 366 days."""

    code = "invalid_period"
    title = "Not a period"


class UnreadableReport(Unprocessable):
    """Send the bank's status report (pain.002) as it came."""

    code = "unreadable_report"
    title = "Not a status report"


class DisputeNotAnswerable(Conflict):
    """The bank waits for no answer, or another one was given; the detail says how it stands."""

    code = "dispute_not_answerable"
    title = "No answer is due"


class RefundNotReady(Conflict):
    """The refund is not in a state that allows this; the answer names its state."""

    code = "refund_not_ready"
    title = "Not in the present state"


class RefundItemsInvalid(Unprocessable):
    """Name sellers of the payment, each once, and amounts that add up to the refund."""

    code = "refund_items_invalid"
    title = "The items don't fit the payment"
