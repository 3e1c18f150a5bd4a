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
_TIMEOUT_S = 600
"""Reports come in pages, and there may be many."""
_HOUR = time(2, tzinfo=UTC)
_BY = "reconciliation"


def jobs(providers: Providers) -> list[JobHandler]:
    """The handlers; reports are fetched from ``providers``."""
    outside = _Outside(providers)
    return [
        OutsideJob(FETCH_JOB, _begin_fetches, outside.fetch, _end_fetches, timeout_s=_TIMEOUT_S),
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
    provider: str


@dataclass(frozen=True, slots=True)
class _Fetched:
    """What a provider told of a day; of the sandbox, the bank's statement too."""

    report: bytes | None = None
    statement: bytes | None = None


@dataclass(frozen=True, slots=True)
class _Outside:
    """What leaves the house."""

    providers: Providers

    async def fetch(self, question: _Question) -> _Fetched:
        try:
            provider = await self.providers.get(question.marketplace_id, question.provider)
        except ProviderNotFound:
            return _Fetched()  # it was used once, and is no longer connected
        report = await provider.settlement_report(question.marketplace_id, question.on)
        if not isinstance(provider, Sandbox):
            return _Fetched(report)
        statement = await provider.bank_statement(question.marketplace_id, question.on)
        return _Fetched(report, statement)


async def _begin_fetches(tx: Transaction, jobs: Sequence[Job]) -> Sequence[_Question | None]:
    """A day's job makes one for each provider, so that the trouble of one holds up no other."""
    questions: list[_Question | None] = []
    for job in jobs:
        day, _, provider = job.key.partition("/")
        on = date.fromisoformat(day)
        questions.append(_Question(tx.marketplace_id, on, provider) if provider else None)
        if not provider:
            names = await payments.used_providers(tx)
            await tx.enqueue_all(JobDraft(FETCH_JOB, f"{day}/{name}") for name in names)
            await tx.enqueue(_fetch_of(on + timedelta(days=1)))
    return questions


async def _end_fetches(tx: Transaction, answered: Sequence[Answered[_Question, _Fetched]]) -> None:
    for one in answered:
        report, statement = one.answer.report, one.answer.statement
        if report is not None:
            await import_report(tx, one.question.provider, find_format(report), report, by=_BY)
        if statement is not None:
            await import_statements(tx, statement, by=_BY)
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
