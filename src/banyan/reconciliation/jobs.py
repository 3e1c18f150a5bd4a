"""The jobs of reconciliation: fetch reports once a day, run, and do what people decide of breaks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import cast
from uuid import UUID

from banyan import payments
from banyan.payments import ProviderNotFound, Providers, Sandbox
from banyan.reconciliation.formats import find_format
from banyan.reconciliation.service.breaks import follow_resolution
from banyan.reconciliation.service.imports import RUN_JOB, import_report, import_statements
from banyan.reconciliation.service.running import run
from banyan.runtime import (
    Answered,
    BatchJob,
    Job,
    JobDraft,
    JobHandler,
    Json,
    OutsideJob,
    Transaction,
)

FETCH_JOB = "reconciliation.fetch"
_HOUR = time(2, tzinfo=UTC)
_BY = "reconciliation"


def jobs(providers: Providers) -> list[JobHandler]:
    """The handlers; reports are fetched from ``providers``."""
    outside = _Outside(providers)
    return [
        OutsideJob(FETCH_JOB, _begin_fetches, outside.fetch, _end_fetches, lease_s=60),
        BatchJob(RUN_JOB, _run),
        BatchJob("reconciliation.on_case", _follow_cases, subscribes=frozenset({"case.resolved"})),
    ]


async def schedule(tx: Transaction) -> None:
    """See to it that reports are fetched and everything is reconciled, every night from now on."""
    await tx.enqueue(_fetch_of(tx.now.date()))


def _fetch_of(on: date) -> JobDraft:
    """The fetching of what happened on a day, early on the next one."""
    due_at = datetime.combine(on + timedelta(days=1), _HOUR)
    return JobDraft(FETCH_JOB, on.isoformat(), due_at=due_at)


@dataclass(frozen=True, slots=True)
class _Question:
    marketplace_id: UUID
    on: date
    providers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Fetched:
    reports: tuple[tuple[str, bytes], ...]
    statements: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class _Outside:
    """What leaves the house."""

    providers: Providers

    async def fetch(self, question: _Question) -> _Fetched:
        """Each provider's report of a day; of the sandbox, the bank's statement too."""
        reports: list[tuple[str, bytes]] = []
        statements: list[bytes] = []
        for name in question.providers:
            try:
                provider = await self.providers.get(question.marketplace_id, name)
            except ProviderNotFound:
                continue  # it was used once, and is no longer connected
            report = await provider.settlement_report(question.marketplace_id, question.on)
            if report is not None:
                reports.append((name, report))
            if isinstance(provider, Sandbox):
                statement = await provider.bank_statement(question.marketplace_id, question.on)
                statements += [] if statement is None else [statement]
        return _Fetched(tuple(reports), tuple(statements))


async def _begin_fetches(tx: Transaction, jobs: Sequence[Job]) -> Sequence[_Question | None]:
    names = tuple(await payments.used_providers(tx))
    return [_Question(tx.marketplace_id, date.fromisoformat(job.key), names) for job in jobs]


async def _end_fetches(tx: Transaction, answered: Sequence[Answered[_Question, _Fetched]]) -> None:
    for one in answered:
        for provider, report in one.answer.reports:
            await import_report(tx, provider, find_format(report), report, by=_BY)
        for statement in one.answer.statements:
            await import_statements(tx, statement, by=_BY)
        await tx.enqueue(_fetch_of(one.question.on + timedelta(days=1)))
    await tx.enqueue(JobDraft(RUN_JOB, "run"))


async def _run(tx: Transaction, jobs: Sequence[Job]) -> None:  # noqa: ARG001 - one does for all
    await run(tx)


async def _follow_cases(tx: Transaction, jobs: Sequence[Job]) -> None:
    for job in jobs:
        news = cast("dict[str, Json]", job.payload["payload"])
        await follow_resolution(
            tx,
            str(news["kind"]),
            str(news["subject"]),
            str(news.get("resolution")),
            str(news.get("note") or ""),
            str(news.get("by")),
        )
