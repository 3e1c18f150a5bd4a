"""The rails as a provider: it takes on payouts and debits, and can be asked nothing."""

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from banyan.payments.errors import WebhookRefused
from banyan.payments.providers.answers import (
    Answer,
    Declined,
    DisputeReport,
    Found,
    Pending,
    Webhook,
)
from banyan.payments.providers.provider import Instruction, Traits

_WAITS = Pending("It leaves with the file of its batch; the bank's statement will tell.")


class BankRails:
    """A ``Provider`` for what is sent to a bank in files. It takes no money from buyers."""

    name = "bank"
    traits = Traits()

    async def authorize(self, instruction: Instruction) -> Answer:
        return _not_done(instruction)

    async def authenticate(self, instruction: Instruction) -> Answer:
        return _not_done(instruction)

    async def capture(self, instruction: Instruction) -> Answer:
        return _not_done(instruction)

    async def void(self, instruction: Instruction) -> Answer:
        return _not_done(instruction)

    async def refund(self, instruction: Instruction) -> Answer:
        return _not_done(instruction)

    async def payout(self, instruction: Instruction) -> Answer:  # noqa: ARG002 - it is in the file
        return _WAITS

    async def debit(self, instruction: Instruction) -> Answer:  # noqa: ARG002 - it is in the file
        return _WAITS

    async def contest(self, instruction: Instruction) -> Answer:
        return _not_done(instruction)

    async def accept(self, instruction: Instruction) -> Answer:
        return _not_done(instruction)

    async def find(self, instruction: Instruction) -> Found:  # noqa: ARG002 - nobody can be asked
        return _WAITS

    async def find_dispute(
        self,
        marketplace_id: UUID,  # noqa: ARG002 - banks have none
        reference: str,  # noqa: ARG002
    ) -> DisputeReport | None:
        return None

    async def settlement_report(
        self,
        marketplace_id: UUID,  # noqa: ARG002 - the bank's statement tells
        on: date,  # noqa: ARG002
    ) -> bytes | None:
        return None

    async def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Webhook:  # noqa: ARG002
        raise WebhookRefused("Banks send no webhooks.")


def _not_done(instruction: Instruction) -> Answer:
    return Declined("not_supported", True, f"A bank file can't {instruction.operation}.")
