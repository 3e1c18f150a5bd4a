"""What a payment provider may answer, and what it may report.

Only ``Succeeded``, ``Declined`` and ``Unavailable`` end a call: the operation was done, will never be
done under this key, or was certainly not begun. ``RequiresAction`` and ``AwaitingPayment`` hand over
to the buyer. ``Unknown`` never means "it did not happen"; neither does ``Absent``, because a call
may still be on its way.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from banyan.kernel import Money
from banyan.payments.model import DisputeStage, DisputeState, Liability

__all__ = [
    "Absent",
    "Answer",
    "AwaitingPayment",
    "Declined",
    "Definite",
    "DisputeReport",
    "Found",
    "Pending",
    "RequiresAction",
    "Settled",
    "Succeeded",
    "Unavailable",
    "Unknown",
    "Webhook",
]


class Settled(Struct, frozen=True):
    """What the provider settles for an amount that it took (or gave back) in another currency.

    ``fee_minor`` is its fee in the currency that is settled, which is not taken off ``amount_minor``.
    None: the fee is the answer's, in the buyer's currency, and what is settled is for the rest.
    """

    amount_minor: int
    currency: str
    fee_minor: int | None = None


class Succeeded(Struct, frozen=True, tag="succeeded", tag_field="outcome"):
    """Done. ``fee_minor`` is what the provider takes for it, in the same currency (see ``Settled``).

    ``is_captured``: the answer to an authorization that has taken the money at once, as most methods
    that are not cards do. ``liability``: who bears a fraud chargeback. ``settled``: set where the
    provider settles in another currency.
    """

    reference: str
    amount_minor: int
    currency: str
    fee_minor: int = 0
    is_captured: bool = False
    liability: Liability | None = None
    settled: Settled | None = None


class Declined(Struct, frozen=True, tag="declined", tag_field="outcome"):
    """Not done, and never will be under this key. A hard decline is final for the method too."""

    code: str
    is_hard: bool
    detail: str


class Unavailable(Struct, frozen=True, tag="unavailable", tag_field="outcome"):
    """This call was certainly not begun: the provider could not be reached, or turned it away.

    The same key may be sent again later. Another provider may be asked, unless an earlier call with
    the key may have been done.
    """

    detail: str


class RequiresAction(Struct, frozen=True, tag="requires_action", tag_field="outcome"):
    """The buyer must authenticate or confirm at ``url`` before ``expires_at``."""

    reference: str
    url: str
    expires_at: datetime


class AwaitingPayment(Struct, frozen=True, tag="awaiting_payment", tag_field="outcome"):
    """The buyer has been told how to pay and has until ``expires_at``; a webhook will tell.

    ``instructions`` are for the buyer: a code to scan, a number to pay at a counter, an account to
    transfer to.
    """

    reference: str
    instructions: dict[str, str]
    expires_at: datetime


class Pending(Struct, frozen=True, tag="pending", tag_field="outcome"):
    """The provider has it, doesn't know the outcome yet, and will tell by webhook."""

    detail: str
    reference: str = ""


class Unknown(Struct, frozen=True, tag="unknown", tag_field="outcome"):
    """No usable answer: it may have happened or not."""

    detail: str


class Absent(Struct, frozen=True, tag="absent", tag_field="outcome"):
    """The look-up found nothing under this key, so far."""


Definite = Succeeded | Declined | Unavailable | RequiresAction | AwaitingPayment
Answer = Definite | Pending | Unknown
Found = Answer | Absent


@dataclass(frozen=True, slots=True)
class Webhook:
    """A hint that something changed: an operation (by its key) or a dispute (by its reference).

    One about neither is kept like the others, and leads to nothing.
    """

    marketplace_id: UUID
    webhook_id: str
    key: str | None = None
    dispute: str | None = None


@dataclass(frozen=True, slots=True)
class DisputeReport:
    """A dispute as the provider sees it now. ``payment`` is our name of the payment.

    ``stage`` is how far it has gone, ``respond_by`` until when evidence can be handed in. ``fee`` is
    what has been taken for it so far, in all its stages. ``reason_code`` is the network's or the
    provider's; ``rules.category_of`` knows what it means. An inquiry that was closed is ``won``.
    ``settled`` is what ``amount`` is in the currency that the provider settles, if that is another.
    """

    reference: str
    payment: str
    amount: Money
    fee: Money
    state: DisputeState
    reason: str
    stage: DisputeStage = "chargeback"
    reason_code: str = "other"
    respond_by: datetime | None = None
    settled: Money | None = None
