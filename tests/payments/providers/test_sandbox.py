"""The sandbox keeps to what every provider must."""

from uuid import UUID

import pytest

from banyan.kernel import new_id
from banyan.payments import Method, Sandbox
from banyan.runtime import Database
from tests.payments.providers.conformance import Conformance, Subject


class TestSandbox(Conformance):
    @pytest.fixture
    def subject(self, database: Database, sandbox: UUID) -> Subject:
        provider = Sandbox(database)

        async def signed(key: str) -> tuple[dict[str, str], bytes]:
            return await provider.signed_webhook(sandbox, {"id": f"whk_{new_id().hex}", "key": key})

        return Subject(
            provider=provider,
            marketplace_id=sandbox,
            good=Method("card", "tok_visa"),
            declines={"tok_declined_insufficient_funds": False, "tok_declined_stolen_card": True},
            action="tok_requires_3ds",
            destination="bank_ok",
            bad_destination="bank_account_closed",
            signed=signed,
            secrets=("webhook_secret",),
            lost=Method("card", "tok_timeout"),
        )
