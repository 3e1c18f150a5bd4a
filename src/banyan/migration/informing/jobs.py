"""The jobs that keep teams informed: tell of events, deliver, look at dates, sum up weeks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, cast

from banyan.kernel import Clock, SystemClock
from banyan.migration.informing.model import NOTICE, Channel, Outcome
from banyan.migration.informing.providers.addresses import Network, networks
from banyan.migration.informing.providers.mail import MailServer, mail_server, send
from banyan.migration.informing.providers.webhooks import post
from banyan.migration.informing.rules.signing import signed_headers
from banyan.migration.informing.service.delivering import (
    CASE_KIND,
    Letter,
    Post,
    conclude,
    prepare,
)
from banyan.migration.informing.service.notices import (
    DELIVER_JOB,
    restart,
    send_what_waits_for_a_server,
)
from banyan.migration.informing.service.reading import snapshot_of
from banyan.migration.informing.service.telling import (
    is_over,
    tell_of_event,
    tell_of_late_milestones,
    tell_of_week,
)
from banyan.migration.informing.store.notices import select_deliveries
from banyan.migration.model.standing import PLAN, StoredPlan
from banyan.migration.store.plans import find_plan_by_id
from banyan.runtime import (
    Answered,
    BatchJob,
    Job,
    JobDraft,
    JobHandler,
    OutsideJob,
    Settings,
    Transaction,
    Vault,
)

TOLD = frozenset(
    {
        "migration.plan_applied",
        "migration.rehearsed",
        "migration.route_advanced",
        "migration.route_announced",
        "migration.route_approved",
        "migration.route_held",
        "migration.route_released",
        "migration.route_rolled_back",
    }
)
"""What teams are told of."""

DAY_JOB = "migration.day"
WEEK_JOB = "migration.week"
_LEASE_S = 40
"""Longer than a mail or a webhook may take."""
_MORNING = time(6, tzinfo=UTC)
_MONDAY = time(7, tzinfo=UTC)


def jobs(settings: Settings, *, clock: Clock | None = None) -> list[JobHandler]:
    """The handlers. ``clock`` is the world's time, which webhooks are stamped with; the
    marketplace's own may stand elsewhere. ``InvalidSetting``."""
    outside = _Outside(
        Vault(settings),
        mail_server(settings.smtp_url),
        settings.mail_from,
        networks(settings.private_networks),
        clock or SystemClock(),
    )
    return [
        BatchJob("migration.tell", _tell, batch_max=50, subscribes=TOLD),
        OutsideJob(DELIVER_JOB, outside.begin, outside.deliver, outside.end, lease_s=_LEASE_S),
        BatchJob(DAY_JOB, outside.look_at_dates, batch_max=5),
        BatchJob(WEEK_JOB, _sum_up, batch_max=5),
        BatchJob(
            "migration.on_notice_case", _follow_cases, subscribes=frozenset({"case.resolved"})
        ),
    ]


async def _tell(tx: Transaction, jobs: Sequence[Job]) -> None:
    for job in jobs:
        event, subject = str(job.payload["type"]), str(job.payload["subject"])
        payload = cast("dict[str, Any]", job.payload["payload"])
        await tell_of_event(tx, event, subject, cast("int", job.payload["sequence"]), payload)
        if event == "migration.plan_applied":
            await _schedule(tx, subject)


async def _schedule(tx: Transaction, plan: str) -> None:
    """Look at the plan's dates every morning, and sum up its weeks on Mondays, from now on."""
    await tx.enqueue_all([_day_of(plan, tx.now), _week_of(plan, tx.now)])


def _day_of(plan: str, now: datetime) -> JobDraft:
    due_at = datetime.combine(now.date() + timedelta(days=1), _MORNING)
    return JobDraft(DAY_JOB, f"{plan}/{due_at.date().isoformat()}", {"plan": plan}, due_at)


def _week_of(plan: str, now: datetime) -> JobDraft:
    monday = now.date() + timedelta(days=7 - now.weekday())
    due_at = datetime.combine(monday, _MONDAY)
    return JobDraft(WEEK_JOB, f"{plan}/{monday.isoformat()}", {"plan": plan}, due_at)


async def _plan_of(tx: Transaction, job: Job) -> StoredPlan | None:
    return await find_plan_by_id(tx, PLAN.parse(str(job.payload["plan"])))


async def _sum_up(tx: Transaction, jobs: Sequence[Job]) -> None:
    for job in jobs:
        version = await _plan_of(tx, job)
        if version is None:
            continue
        await tell_of_week(tx, version)
        if not is_over(await snapshot_of(tx, version)):
            await tx.enqueue(_week_of(PLAN.text(version.plan_id), tx.now))


@dataclass(frozen=True, slots=True, repr=False)
class _Outside:
    vault: Vault
    server: MailServer | None
    mail_from: str
    inside: tuple[Network, ...]
    clock: Clock

    async def begin(self, tx: Transaction, jobs: Sequence[Job]) -> list[Letter | Post | None]:
        return [await prepare(tx, self.vault, self.mail_from, *_delivery_of(job)) for job in jobs]

    async def deliver(self, question: Letter | Post) -> Outcome:
        if isinstance(question, Letter):
            return await send(self.server, question.message)
        timestamp = int(self.clock.now().timestamp())
        headers = signed_headers(question.message_id, timestamp, question.body, question.secrets)
        return await post(question.url, question.body, headers, self.inside)

    async def end(
        self, tx: Transaction, answered: Sequence[Answered[Letter | Post, Outcome]]
    ) -> None:
        for one in answered:
            await conclude(tx, *_delivery_of(one.job), one.answer)

    async def look_at_dates(self, tx: Transaction, jobs: Sequence[Job]) -> None:
        for job in jobs:
            version = await _plan_of(tx, job)
            if version is None:
                continue
            await tell_of_late_milestones(tx, version)
            if self.server is not None:
                await send_what_waits_for_a_server(tx, version.plan_id)
            if not is_over(await snapshot_of(tx, version)):
                await tx.enqueue(_day_of(PLAN.text(version.plan_id), tx.now))


def _delivery_of(job: Job) -> tuple[Any, Channel]:
    return NOTICE.parse(str(job.payload["notice"])), cast("Channel", job.payload["channel"])


async def _follow_cases(tx: Transaction, jobs: Sequence[Job]) -> None:
    """Send again where a person said so."""
    for job in jobs:
        news = cast("dict[str, Any]", job.payload["payload"])
        if news.get("kind") == CASE_KIND and news.get("resolution") == "send_again":
            await restart(tx, await select_deliveries(tx, [NOTICE.parse(str(news["subject"]))]))
