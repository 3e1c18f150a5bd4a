"""What a payment provider is asked."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Protocol, runtime_checkable
from uuid import UUID

from banyan.kernel import Money
from banyan.payments.model import Authentication, Capability, Method, Operation
from banyan.payments.providers.answers import Answer, DisputeReport, Found, Webhook

__all__ = ["Connected", "Instruction", "Provider", "Returning", "Traits", "with_payment"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One operation to be done once.

    ``key`` was made before the first call: the provider does the operation of one key once, and finds
    it by that key. ``reference`` is the provider's name of the authorization that is captured, voided
    or refunded, or of the dispute that is contested. ``method``, ``country`` (the buyer's),
    ``authentication`` and ``return_url`` are given to authorize, ``destination`` to pay out and to
    debit, ``evidence`` to contest.
    """

    marketplace_id: UUID
    key: str
    operation: Operation
    payment: str
    amount: Money
    subject: str = ""
    reference: str = ""
    method: Method | None = None
    country: str = ""
    authentication: Authentication = "auto"
    return_url: str = ""
    destination: str = field(default="", repr=False)
    evidence: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """What can be relied on.

    ``key_ttl``: how long after the first call the same key may be sent again and is done once (None:
    forever; zero: the provider ignores keys, so a call is never repeated before its absence is
    certain). ``absence_after``: how long after the last call a look-up that finds nothing proves that
    nothing was done (None: never).
    """

    key_ttl: timedelta | None = None
    absence_after: timedelta | None = None


class Provider(Protocol):
    """A payment provider. Any exception of a call counts as ``Unknown``."""

    @property
    def name(self) -> str: ...

    @property
    def traits(self) -> Traits: ...

    async def authorize(self, instruction: Instruction) -> Answer: ...

    async def authenticate(self, instruction: Instruction) -> Answer:
        """Go on with an authorization after the buyer has authenticated."""
        ...

    async def capture(self, instruction: Instruction) -> Answer: ...

    async def void(self, instruction: Instruction) -> Answer: ...

    async def refund(self, instruction: Instruction) -> Answer: ...

    async def payout(self, instruction: Instruction) -> Answer:
        """Pay a seller."""
        ...

    async def debit(self, instruction: Instruction) -> Answer:
        """Take what a seller owes from the seller's bank account."""
        ...

    async def contest(self, instruction: Instruction) -> Answer:
        """Hand in ``evidence`` in the dispute ``reference``; its keys are ``model.EvidenceKind``."""
        ...

    async def accept(self, instruction: Instruction) -> Answer:
        """Let the dispute ``reference`` be lost."""
        ...

    async def find(self, instruction: Instruction) -> Found:
        """What became of the operation with this key."""
        ...

    async def find_dispute(self, marketplace_id: UUID, reference: str) -> DisputeReport | None:
        """The dispute as it stands; None if there is none of this reference (yet)."""
        ...

    async def settlement_report(self, marketplace_id: UUID, on: date) -> bytes | None:
        """What was done on the balance on a day, in our own shape or the provider's, as CSV.

        docs/reconciliation.md has the shapes that are read.

        None where the provider gives no reports, or not (yet) for that day.
        """
        ...

    async def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Webhook:
        """The webhook, once its signature is verified; ``WebhookRefused``."""
        ...


class Connected(Provider, Protocol):
    """A provider that a marketplace has connected."""

    async def check(self) -> list[Capability]:
        """Try what can be tried without changing anything."""
        ...

    async def close(self) -> None:
        """Let go of its connections."""
        ...


@runtime_checkable
class Returning(Protocol):
    """A provider that sends buyers away to authenticate, and back to us."""

    async def take_back(self, payment: str, query: Mapping[str, str]) -> str:
        """Keep what the buyer has brought back; the page to send the buyer on to, or nothing.

        What was brought is not trusted: the provider is asked what it is worth.
        """
        ...


def with_payment(url: str, payment: str) -> str:
    """The same address, which tells the payment."""
    if not url:
        return ""
    return f"{url}{'&' if '?' in url else '?'}payment={payment}"
