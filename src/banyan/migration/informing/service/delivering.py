"""One try of a delivery: what is sent, and what follows from the outcome."""

from dataclasses import dataclass, replace
from datetime import timedelta
from email.message import EmailMessage
from uuid import UUID

from banyan.migration.informing.model import (
    NOTICE,
    Attempt,
    Channel,
    Delivery,
    Notice,
    Outcome,
)
from banyan.migration.informing.rules.letters import mail, webhook_body
from banyan.migration.informing.rules.retries import wait_after
from banyan.migration.informing.rules.saying import title_of_plan, title_of_team
from banyan.migration.informing.service.notices import DELIVER_JOB
from banyan.migration.informing.service.secrets import signing_secrets
from banyan.migration.informing.store import notices as store
from banyan.migration.model.plan import Plan
from banyan.migration.model.standing import PLAN
from banyan.migration.service.reading import get_plan
from banyan.migration.store.plans import record_events
from banyan.operations import CaseDraft, open_cases
from banyan.runtime import Event, JobDraft, Json, Transaction, Vault

CASE_KIND = "migration.notice_undelivered"
_CASE_WITHIN = timedelta(hours=24)
_GONE = "410"
_ANSWER_MAX = 500


@dataclass(frozen=True, slots=True, repr=False)
class Letter:
    """A mail to be sent."""

    message: EmailMessage


@dataclass(frozen=True, slots=True, repr=False)
class Post:
    """A webhook to be sent, signed when it goes out."""

    message_id: str
    url: str
    body: bytes
    secrets: tuple[bytes, ...]


async def prepare(
    tx: Transaction, vault: Vault, mail_from: str, notice_id: UUID, channel: Channel
) -> Letter | Post | None:
    """What to send, to the team's present address; None if nothing is to be sent any more."""
    delivery = await store.find_delivery(tx, notice_id, channel)
    notice = await store.find_notice(tx, notice_id)
    if delivery is None or notice is None or delivery.state != "waiting":
        return None
    version = await get_plan(tx, notice.plan_id)
    plan = version.plan
    address = _address(plan, notice.team, channel) or delivery.address
    if channel == "email":
        return Letter(mail(notice, title_of_plan(plan), mail_from, address))
    secrets = await signing_secrets(tx, vault, notice.plan_id, notice.team)
    body = webhook_body(notice, plan.plan)
    return Post(NOTICE.text(notice_id), address, body, secrets)


async def conclude(tx: Transaction, notice_id: UUID, channel: Channel, outcome: Outcome) -> None:
    """Keep the try; tell of the delivery, try again later, or give up and open a case."""
    delivery = await store.find_delivery(tx, notice_id, channel)
    notice = await store.find_notice(tx, notice_id)
    if delivery is None or notice is None or delivery.state != "waiting":
        return
    answer = outcome.answer.replace("\0", "")[:_ANSWER_MAX]
    if not outcome.is_set_up:
        await store.update_delivery(
            tx, replace(delivery, state="not_sent", why=answer, due_at=None)
        )
        return
    number = delivery.attempts + 1
    await store.insert_attempt(
        tx,
        Attempt(notice_id, channel, number, outcome.is_delivered, answer, outcome.took_ms, tx.now),
    )
    tried = replace(delivery, attempts=number, why=answer, due_at=None)
    if outcome.is_delivered:
        done = replace(tried, state="delivered", why="", delivered_at=tx.now)
        await store.update_delivery(tx, done)
        news = _news(notice, done)
        await record_events(
            tx, notice.plan_id, Event("migration.notice_delivered", PLAN.text(notice.plan_id), news)
        )
        return
    wait = None if answer.startswith(_GONE) else wait_after(number)
    if wait is None:
        await _give_up(tx, notice, replace(tried, state="undelivered"))
        return
    due_at = tx.now + wait
    await store.update_delivery(tx, replace(tried, due_at=due_at))
    name = NOTICE.text(notice_id)
    payload = {"notice": name, "channel": channel}
    await tx.enqueue(
        JobDraft(DELIVER_JOB, f"{name}/{channel}/{number + 1}", payload, due_at=due_at)
    )


async def _give_up(tx: Transaction, notice: Notice, delivery: Delivery) -> None:
    await store.update_delivery(tx, delivery)
    news = _news(notice, delivery) | {"why": delivery.why}
    await record_events(
        tx, notice.plan_id, Event("migration.notice_undelivered", PLAN.text(notice.plan_id), news)
    )
    version = await get_plan(tx, notice.plan_id)
    team = title_of_team(version.plan, notice.team)
    case = CaseDraft(
        key=f"{CASE_KIND}/{NOTICE.text(notice.notice_id)}/{delivery.channel}/{delivery.attempts}",
        queue="migration",
        kind=CASE_KIND,
        subject=NOTICE.text(notice.notice_id),
        title=f"{team} could not be told by {delivery.channel}: {notice.title}"[:200],
        reason=f"After {delivery.attempts} tries: {delivery.why}",
        due_at=tx.now + _CASE_WITHIN,
        resolutions=("send_again", "give_up"),
        evidence={"plan": version.name, "team": notice.team, "channel": delivery.channel},
    )
    await open_cases(tx, [case])


def _address(plan: Plan, team: str, channel: Channel) -> str | None:
    found = plan.teams.get(team)
    if found is None:
        return None
    return found.email if channel == "email" else found.webhook


def _news(notice: Notice, delivery: Delivery) -> dict[str, Json]:
    return {
        "notice": NOTICE.text(notice.notice_id),
        "team": notice.team,
        "channel": delivery.channel,
        "attempts": delivery.attempts,
        "title": notice.title,
    }
