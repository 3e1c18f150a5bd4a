"""Refusals of the ledger. What may well happen to a transfer is a ``Rejection``, a value."""

from banyan.kernel import Conflict, InvalidRequest, NotFound, Unprocessable


class AccountNotFound(NotFound):
    """No account of this marketplace has this id, or this path and currency."""

    code = "account_not_found"
    title = "No such account"


class AccountDiffers(Conflict):
    """The account is open already, with another normal side, floor or ceiling."""

    code = "account_differs"
    title = "The account is open with other terms"


class TermsReserved(Unprocessable):
    """The marketplace itself opens accounts under this path: leave the terms to it."""

    code = "terms_reserved"
    title = "The account has terms of its own"


class AccountInUse(Conflict):
    """Bring the account to zero and resolve its pending transfers before closing it."""

    code = "account_in_use"
    title = "The account is not empty"


class TransferNotFound(NotFound):
    """No transfer of this marketplace has this id."""

    code = "transfer_not_found"
    title = "No such transfer"


class InvalidTransfer(InvalidRequest):
    """Send an `id` or an `Idempotency-Key`, so that a retry can't move the money twice."""

    code = "invalid_transfer"
    title = "Invalid transfer"


class TransferRejected(Unprocessable):
    """The ledger's rules reject the transfer; nothing was posted. The fault's code is the reason."""

    code = "transfer_rejected"
    title = "The transfer was rejected"


class NotReversible(Conflict):
    """Only posted and pending legs can be reversed."""

    code = "not_reversible"
    title = "Nothing to reverse"


class PeriodNotClosable(Conflict):
    """A period is closed once, up to an instant that has passed."""

    code = "period_not_closable"
    title = "The period can't be closed"


class InvalidMonth(InvalidRequest):
    """Name a month by its year and number, such as `2018-03`."""

    code = "invalid_month"
    title = "Not a month"


class PeriodNotFound(NotFound):
    """No period of this marketplace was closed so; the list of periods names those that were."""

    code = "period_not_found"
    title = "No such closed period"


class InvalidRange(InvalidRequest):
    """A statement begins before it ends, and ends by now."""

    code = "invalid_range"
    title = "Not a range of time"


class ArchiveRefused(Conflict):
    """Only a closed and sealed period is archived, and an archive is never written over."""

    code = "archive_refused"
    title = "The period can't be archived"


class InvalidSeal(InvalidRequest):
    """Give the file that `banyan ledger seal` wrote for this marketplace."""

    code = "invalid_seal"
    title = "Not a seal of this marketplace"
