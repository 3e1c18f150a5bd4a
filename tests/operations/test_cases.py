from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from banyan import operations
from banyan.kernel import Money
from banyan.operations import CaseClosed, CaseDraft, CaseNotFound, ResolutionNotAllowed
from banyan.operations import jobs as operations_jobs
from banyan.runtime import BatchJob, Database, Job, JobDraft, Transaction, Worker
from banyan.runtime.jobs import ATTEMPTS_MAX


def _draft(tx: Transaction, key: str, *, days: int = 1) -> CaseDraft:
    return CaseDraft(
        key=key,
        queue="risk",
        kind="order.review",
        subject=f"ord_{key}",
        title="Unusual order",
        reason="Far above the buyer's mean.",
        due_at=tx.now + timedelta(days=days),
        resolutions=("approve", "decline"),
        at_risk=Money.of(18990, "BRL"),
    )


async def test_one_question_is_one_case(database: Database, sandbox: UUID) -> None:
    for expected in (1, 0):
        async with database.transaction(sandbox) as tx:
            assert len(await operations.open_cases(tx, [_draft(tx, "a")])) == expected
    async with database.transaction(sandbox) as tx:
        counts = await operations.case_counts(tx)
        events = await tx.rows("select type from runtime.events")
    assert counts.open == 1
    assert events == [("case.opened",)]


async def test_a_case_is_resolved_once(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        [case] = await operations.open_cases(tx, [_draft(tx, "a")])
    for _ in range(2):
        async with database.transaction(sandbox) as tx:
            done = await operations.resolve_case(
                tx, case.case_id, "approve", note="known", actor="ana"
            )
            assert (done.state, done.resolution, done.resolved_by) == ("resolved", "approve", "ana")
    async with database.transaction(sandbox) as tx:
        events = await tx.rows("select type from runtime.events order by position")
        with pytest.raises(CaseClosed):
            await operations.resolve_case(tx, case.case_id, "decline", note="", actor="ben")
        assert await operations.human_touches(tx) == 1
    assert events == [("case.opened",), ("case.resolved",)]


async def test_only_what_the_case_offers(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        [case] = await operations.open_cases(tx, [_draft(tx, "a")])
        with pytest.raises(ResolutionNotAllowed, match="approve, decline"):
            await operations.resolve_case(tx, case.case_id, "shred", note="", actor="ana")


async def test_open_cases_come_by_deadline_and_in_pages(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        await operations.open_cases(
            tx, [_draft(tx, key, days=d) for key, d in zip("abc", (3, 1, 2), strict=True)]
        )
        first = await operations.list_cases(tx, limit=2)
        second = await operations.list_cases(tx, limit=2, cursor=first.next_cursor)
    assert [case.key for case in first.data + second.data] == ["b", "c", "a"]
    assert second.next_cursor is None


async def test_withdrawn_cases_need_nobody(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        await operations.open_cases(tx, [_draft(tx, "a"), _draft(tx, "b")])
        await operations.withdraw_cases(tx, ["ord_a"])
        left = await operations.list_cases(tx, limit=10)
        closed = await operations.list_cases(tx, is_open=False, limit=10)
    assert [case.key for case in left.data] == ["b"]
    assert [(case.key, case.state) for case in closed.data] == [("a", "withdrawn")]


async def test_a_case_of_another_marketplace_is_not_there(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    async with database.transaction(sandbox) as tx:
        [case] = await operations.open_cases(tx, [_draft(tx, "a")])
    async with database.transaction(live) as tx:
        with pytest.raises(CaseNotFound):
            await operations.get_case(tx, case.case_id)


async def test_a_job_that_fails_again_after_it_was_run_again_is_a_new_question(
    database: Database, sandbox: UUID
) -> None:
    async def fail(tx: Transaction, jobs: Sequence[Job]) -> None:
        raise ValueError("no")

    async def fail_for_good() -> None:
        for _ in range(ATTEMPTS_MAX):
            await worker.run_due()
            async with database.transaction(sandbox) as tx:
                await tx.execute("update runtime.jobs set retry_at = now()")

    handlers = [BatchJob("greet", fail), *operations_jobs.jobs()]
    database.subscribe("case.resolved", "operations.on_case")
    worker = Worker(database, handlers, operations_jobs.open_case_for_failed_job)
    async with database.transaction(sandbox) as tx:
        await tx.enqueue(JobDraft("greet", "bad"))
    for times in (1, 2):
        await fail_for_good()
        async with database.transaction(sandbox) as tx:
            [case] = (await operations.list_cases(tx, limit=10)).data
            assert len(await operations.cases_of(tx, case.subject)) == times
            await operations.resolve_case(tx, case.case_id, "run_again", note="", actor="ana")
