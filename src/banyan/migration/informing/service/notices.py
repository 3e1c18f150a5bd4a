"""Notices: written for each team, and handed to the jobs that deliver them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from banyan.kernel import Page, id_of_cursor, new_id, page_of
from banyan.migration.informing.errors import NoticeNotFound
from banyan.migration.informing.model import (
    NOTICE,
    Attempt,
    Channel,
    Delivery,
    Notice,
    NoticeDraft,
)
from banyan.migration.informing.rules.retries import may_send_again
from banyan.migration.informing.store import notices as store
from banyan.migration.model.plan import Plan
from banyan.migration.model.standing import PLAN, StoredPlan
from banyan.migration.service.reading import find_plan
from banyan.migration.store.plans import record_events
from banyan.runtime import Event, JobDraft, Transaction

DELIVER_JOB = "migration.deliver_notice"
_STILL_OF_USE = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class NoticeTold:
    """A notice, how it stands with each channel, and each try."""

    notice: Notice
    deliveries: tuple[Delivery, ...]
    attempts: tuple[Attempt, ...]


async def write_notices(
    tx: Transaction, version: StoredPlan, source: str, drafts: Sequence[tuple[str, NoticeDraft]]
) -> int:
    """Tell teams of something, each once: ``source`` names it for good. How many were told."""
    plan = version.plan
    notices = [_notice(tx, version, source, team, draft) for team, draft in drafts]
    if not notices:
        return 0
    written = {*await store.insert_notices(tx, notices)}
    new = [notice for notice in notices if notice.notice_id in written]
    ways = [(one.notice_id, *way) for one in new for way in _ways(plan, one.team)]
    if ways:
        await store.insert_deliveries(tx, ways)
    await tx.enqueue_all(_deliver(notice_id, channel, 1) for notice_id, channel, _ in ways)
    await record_events(
        tx,
        version.plan_id,
        *[
            Event(
                "migration.notice_written",
                PLAN.text(version.plan_id),
                {
                    "notice": NOTICE.text(one.notice_id),
                    "team": one.team,
                    "kind": one.kind,
                    "route": one.route,
                    "title": one.title,
                },
            )
            for one in new
        ],
    )
    return len(new)


async def send_again(tx: Transaction, plan: str, notice_id: UUID) -> NoticeTold:
    """Try once more by every channel that has not delivered it. ``NoticeNotFound``."""
    version = await find_plan(tx, plan)
    notice = await store.find_notice(tx, notice_id)
    if notice is None or notice.plan_id != version.plan_id:
        raise NoticeNotFound(f"There is no notice {NOTICE.text(notice_id)} of {plan}.")
    await restart(tx, await store.select_deliveries(tx, [notice_id]))
    return (await _told(tx, [notice]))[0]


async def send_what_waits_for_a_server(tx: Transaction, plan_id: UUID) -> None:
    """Mails of the last days that found no mail server, for when there is one now."""
    await restart(tx, await store.select_not_sent(tx, plan_id, tx.now - _STILL_OF_USE))


async def restart(tx: Transaction, deliveries: Iterable[Delivery]) -> None:
    """Try those once more that are not delivered and no longer tried."""
    for found in deliveries:
        one = await store.find_delivery(tx, found.notice_id, found.channel)
        if one is None or not may_send_again(one, tx.now):
            continue
        await store.update_delivery(tx, _waiting(one, tx))
        job = _deliver(one.notice_id, one.channel, one.attempts + 1)
        await tx.cancel_job(job.kind, job.key)  # one that failed would stand in its way
        await tx.enqueue(job)


async def list_notices(
    tx: Transaction,
    plan: str,
    *,
    team: str | None = None,
    route: str | None = None,
    limit: int,
    cursor: str | None = None,
) -> Page[NoticeTold]:
    """What teams were told, the newest first. ``PlanNotFound``."""
    version = await find_plan(tx, plan)
    rows = await store.select_notices(
        tx,
        version.plan_id,
        team=team,
        route=route,
        before=id_of_cursor(cursor),
        limit=limit + 1,
    )
    page = page_of(rows, limit, lambda notice: (notice.notice_id,))
    return Page(await _told(tx, page.data), page.next_cursor)


async def _told(tx: Transaction, notices: Sequence[Notice]) -> list[NoticeTold]:
    ids = [notice.notice_id for notice in notices]
    deliveries = await store.select_deliveries(tx, ids)
    attempts = await store.select_attempts(tx, ids)
    return [
        NoticeTold(
            notice,
            tuple(one for one in deliveries if one.notice_id == notice.notice_id),
            tuple(one for one in attempts if one.notice_id == notice.notice_id),
        )
        for notice in notices
    ]


def _notice(
    tx: Transaction, version: StoredPlan, source: str, team: str, draft: NoticeDraft
) -> Notice:
    return Notice(
        marketplace_id=tx.marketplace_id,
        notice_id=new_id(tx.now),
        plan_id=version.plan_id,
        team=team,
        source=source,
        kind=draft.kind,
        route=draft.route,
        title=draft.title,
        lines=list(draft.lines),
        facts=dict(draft.facts),
        written_at=tx.now,
    )


def _ways(plan: Plan, team: str) -> list[tuple[Channel, str]]:
    found = plan.teams.get(team)
    ways: list[tuple[Channel, str]] = []
    if found and found.email:
        ways.append(("email", found.email))
    if found and found.webhook:
        ways.append(("webhook", found.webhook))
    return ways


def _waiting(one: Delivery, tx: Transaction) -> Delivery:
    return Delivery(
        marketplace_id=one.marketplace_id,
        notice_id=one.notice_id,
        channel=one.channel,
        address=one.address,
        state="waiting",
        attempts=one.attempts,
        why="",
        due_at=tx.now,
        delivered_at=None,
    )


def _deliver(notice_id: UUID, channel: Channel, attempt: int) -> JobDraft:
    name = NOTICE.text(notice_id)
    payload = {"notice": name, "channel": channel}
    return JobDraft(DELIVER_JOB, f"{name}/{channel}/{attempt}", payload)
