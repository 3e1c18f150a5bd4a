"""What a payment provider is asked, and what it may answer.

A provider is another company's machine: it may answer late, twice, or not at all. Its answers are
values. ``Unknown`` is one of them and never means "it did not happen"; neither does ``Absent``,
because a call may still be on its way. Only ``Succeeded`` and ``Declined`` end an operation.

Every instruction carries a ``key``, made before the first call: the provider does the operation of
one key once, and finds it by that key.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol
from uuid import UUID

from msgspec import Struct

from banyan.kernel import Money
from banyan.payments.model import Method, Operation

__all__ = [
    "Absent",
    "Answer",
    "Declined",
    "DisputeReport",
    "Found",
    "Instruction",
    "Pending",
    "Provider",
    "Providers",
    "RequiresAction",
    "Succeeded",
    "Unknown",
    "Webhook",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One operation to be done once.

    ``reference`` is the provider's name of the authorization that is captured, voided or refunded;
    ``method`` is given to authorize, ``destination`` to pay out.
    """

    marketplace_id: UUID
    key: str
    operation: Operation
    payment: str
    amount: Money
    reference: str = ""
    method: Method | None = None
    destination: str = ""


class Succeeded(Struct, frozen=True, tag="succeeded", tag_field="outcome"):
    """Done. ``fee_minor`` is what the provider takes for it, in the same currency."""

    reference: str
    amount_minor: int
    currency: str
    fee_minor: int = 0


class Declined(Struct, frozen=True, tag="declined", tag_field="outcome"):
    """Not done, and never will be under this key. A hard decline is final for the method too."""

    code: str
    is_hard: bool
    detail: str


class RequiresAction(Struct, frozen=True, tag="requires_action", tag_field="outcome"):
    """The buyer must authenticate at ``url`` before ``expires_at``."""

    reference: str
    url: str
    expires_at: datetime


class Pending(Struct, frozen=True, tag="pending", tag_field="outcome"):
    """The provider has it, doesn't know the outcome yet, and will tell by webhook."""

    detail: str


class Unknown(Struct, frozen=True, tag="unknown", tag_field="outcome"):
    """No usable answer: it may have happened or not."""

    detail: str


class Absent(Struct, frozen=True, tag="absent", tag_field="outcome"):
    """The look-up found nothing under this key, so far."""


Answer = Succeeded | Declined | RequiresAction | Pending | Unknown
Found = Answer | Absent


@dataclass(frozen=True, slots=True)
class Webhook:
    """A hint that something changed: an operation (by its key) or a dispute (by its reference)."""

    marketplace_id: UUID
    webhook_id: str
    key: str | None = None
    dispute: str | None = None


@dataclass(frozen=True, slots=True)
class DisputeReport:
    """A dispute as the provider sees it now. ``payment`` is our name of the payment."""

    reference: str
    payment: str
    amount: Money
    fee: Money
    state: Literal["open", "won", "lost"]
    reason: str


class Provider(Protocol):
    """A payment provider. Any exception of a call counts as ``Unknown``."""

    @property
    def name(self) -> str: ...

    async def authorize(self, instruction: Instruction) -> Answer: ...

    async def authenticate(self, instruction: Instruction) -> Answer:
        """Go on with an authorization after the buyer has authenticated."""
        ...

    async def capture(self, instruction: Instruction) -> Answer: ...

    async def void(self, instruction: Instruction) -> Answer: ...

    async def refund(self, instruction: Instruction) -> Answer: ...

    async def payout(self, instruction: Instruction) -> Answer: ...

    async def find(self, marketplace_id: UUID, key: str) -> Found:
        """What became of the operation with this key."""
        ...

    async def find_dispute(self, marketplace_id: UUID, reference: str) -> DisputeReport | None:
        """The dispute as it stands; None if there is none of this reference (yet)."""
        ...

    async def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Webhook:
        """The webhook, once its signature is verified; ``WebhookRefused``."""
        ...


Providers = Mapping[str, Provider]
"""The connected providers by name."""
