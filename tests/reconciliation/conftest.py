"""A shop that pays through the sandbox, and reconciles."""

from dataclasses import dataclass
from uuid import UUID

import pytest

from banyan import payments, reconciliation
from banyan.operations import Case, list_cases
from banyan.payments import Sandbox
from banyan.payments.jobs import jobs as payments_jobs
from banyan.payments.providers import Providers
from banyan.reconciliation import Line, StoredLine
from banyan.reconciliation.jobs import jobs, schedule
from banyan.runtime import BatchJob, Database, Worker
from tests.payments.conftest import Shop, failed

HEADER = "line,type,date,currency,gross,fee,net,key,reference,payment,batch,description"


@dataclass
class Books(Shop):
    """A shop with its reconciliation."""

    def __post_init__(self) -> None:
        handlers = [
            *payments_jobs(self.database, self.providers),
            *jobs(self.providers),
        ]
        for handler in handlers:
            if isinstance(handler, BatchJob):
                for event_type in handler.subscribes:
                    self.database.subscribe(event_type, handler.kind)
        self.worker = Worker(self.database, handlers, failed)

    async def schedule(self) -> None:
        async with self.begin() as tx:
            await schedule(tx)

    async def reconcile(self) -> reconciliation.Run:
        async with self.begin() as tx:
            return await reconciliation.run(tx)

    async def report(self, *rows: str) -> reconciliation.Import:
        content = "\n".join([HEADER, *rows]).encode()
        async with self.begin() as tx:
            return await reconciliation.import_report(tx, "sandbox", "banyan", content, by="ann")

    async def statement(self, content: bytes) -> reconciliation.Import:
        async with self.begin() as tx:
            return await reconciliation.import_statements(tx, content, by="ann")

    async def bank_says(
        self, amount: str, text: str, *, number: int = 1, opening: str = "0,00",
        closing: str | None = None,
    ) -> None:  # fmt: skip
        """One MT940 statement with one credit."""
        await self.statement(
            f":20:S{number}\n:25:BR001\n:28C:{number}\n:60F:C180302BRL{opening}\n"
            f":61:1803020302C{amount}NTRFNONREF\n:86:{text}\n"
            f":62F:C180302BRL{closing or amount}\n".encode()
        )

    async def lines(self, **only: str) -> list[StoredLine]:
        async with self.begin() as tx:
            page = await reconciliation.list_lines(tx, limit=1000)
        return [
            line
            for line in page.data
            if all(str(getattr(line, name)) == value for name, value in only.items())
        ]

    async def cases(self, *, is_open: bool = True) -> list[Case]:
        async with self.begin() as tx:
            page = await list_cases(tx, is_open=is_open, queue="reconciliation", limit=100)
        return page.data

    async def matches(self) -> list[reconciliation.Match]:
        async with self.begin() as tx:
            return (await reconciliation.list_matches(tx, limit=100)).data

    async def breaks(self) -> list[str]:
        async with self.begin() as tx:
            return sorted(
                one.kind for one in (await reconciliation.list_breaks(tx, limit=100)).data
            )

    async def at_provider(self) -> int:
        async with self.begin() as tx:
            [one] = await payments.summary(tx)
        return one.at_provider.minor


def capture_row(line: Line, gross: str, fee: str, net: str, name: str = "r1") -> str:
    return f"{name},capture,2018-03-01,BRL,{gross},{fee},{net},{line.key},,{line.group},,"


@pytest.fixture
async def books(database: Database, sandbox: UUID) -> Books:
    return Books(database, sandbox, Providers({"sandbox": Sandbox(database)}))
