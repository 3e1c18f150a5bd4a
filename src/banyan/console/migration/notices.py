"""Who was told what, and who reads the status pages."""

from banyan.console.look import Pill, Tone
from banyan.console.migration.shared import (
    crumbs,
    head_of,
    plan_href,
    plan_of,
    plan_subject,
    title_of_team,
)
from banyan.console.views.frame import Choice, Crumb, Pages
from banyan.console.views.migration import LinkLine, NoticeLine, NoticesView, WayLine
from banyan.console.visit import Done, Shown, Visit
from banyan.kernel import LIMIT_DEFAULT, BanyanError, plural
from banyan.migration import Plan, StoredPlan
from banyan.migration.informing import (
    LINK,
    NOTICE,
    Delivery,
    NoticeTold,
    StatusLink,
    create_link,
    list_links,
    list_notices,
    may_send_again,
    open_link,
    revoke_link,
    send_again,
)

_STATES = {
    "waiting": Pill("On its way", Tone.INFO),
    "delivered": Pill("Delivered", Tone.GO),
    "not_sent": Pill("Not sent", Tone.WAIT),
    "undelivered": Pill("Not delivered", Tone.LOST),
}
_CHANNELS = {"email": "E-mail", "webhook": "Webhook"}


async def show_notices(visit: Visit) -> Shown:
    stored = await plan_of(visit)
    plan = stored.plan
    team = next((one for one in plan.teams if one == visit.query.get("team")), None)
    cursor = visit.query.get("cursor")
    page = await list_notices(visit.tx, stored.name, team=team, limit=LIMIT_DEFAULT, cursor=cursor)
    links = await list_links(visit.tx, stored.name)
    teams = tuple(
        Choice(one, title_of_team(plan, one), is_chosen=one == team) for one in plan.teams
    )
    view = NoticesView(
        head=await head_of(visit, stored, "notices"),
        sentence="What the teams of the plan were told, by which way, and whether it arrived.",
        teams=(Choice("", "All teams", is_chosen=team is None), *teams),
        notices=tuple(_notice(visit, plan, one) for one in page.data),
        pages=Pages(
            first_href=visit.again(cursor=None) if cursor else "",
            next_href=visit.again(cursor=page.next_cursor) if page.next_cursor else "",
        ),
        links=tuple(_link(visit, plan, one) for one in links),
        link_href=plan_href(visit, plan.plan, "links"),
        link_teams=(
            Choice("", "The whole plan"),
            *(Choice(one, f"What concerns {title_of_team(plan, one)}") for one in plan.teams),
        ),
        new_url=await _new_url(visit, stored),
    )
    return Shown(
        "migration/notices.html",
        "Who was told",
        "migration",
        view,
        crumbs(visit, plan, Crumb("Who was told")),
        live_subjects=(plan_subject(stored),),
    )


async def make_link(visit: Visit) -> Done:
    stored = await plan_of(visit)
    link, token = await create_link(
        visit.tx,
        stored.name,
        team=visit.form.get("team", ""),
        title=visit.form.get("title", ""),
        by=visit.session.user.email,
    )
    await visit.audit("migration.link", LINK.text(link.link_id), link.title)
    return Done(plan_href(visit, stored.name, "notices"), "link-made", once=token)


async def revoke(visit: Visit) -> Done:
    stored = await plan_of(visit)
    link_id = LINK.parse(visit.path("link_id"))
    link = await revoke_link(visit.tx, stored.name, link_id, by=visit.session.user.email)
    await visit.audit("migration.revoke_link", LINK.text(link_id), link.title)
    return Done(plan_href(visit, stored.name, "notices"), "link-revoked")


async def send_notice_again(visit: Visit) -> Done:
    stored = await plan_of(visit)
    notice_id = NOTICE.parse(visit.path("notice_id"))
    told = await send_again(visit.tx, stored.name, notice_id)
    await visit.audit("migration.send_again", NOTICE.text(notice_id), told.notice.title)
    return Done(plan_href(visit, stored.name, "notices"), "sent-again")


async def _new_url(visit: Visit, stored: StoredPlan) -> str:
    """Of the link that was just made: only a token of this plan is shown back."""
    token = visit.once[:100]
    if not token:
        return ""
    try:
        link = await open_link(visit.console.database, token)
    except BanyanError:
        return ""
    is_ours = link.plan_id == stored.plan_id
    return f"{visit.console.settings.url}/status/{token}" if is_ours else ""


def _notice(visit: Visit, plan: Plan, told: NoticeTold) -> NoticeLine:
    text = NOTICE.text(told.notice.notice_id)
    return NoticeLine(
        notice_id=text,
        again_href=plan_href(visit, plan.plan, "notices", text, "again"),
        title=told.notice.title,
        team=title_of_team(plan, told.notice.team),
        lines=told.notice.lines,
        ways=tuple(
            WayLine(_CHANNELS[one.channel], one.address, _STATES[one.state], _note(one))
            for one in told.deliveries
        ),
        at=told.notice.written_at,
        can_send_again=any(may_send_again(one, visit.tx.now) for one in told.deliveries),
    )


def _note(one: Delivery) -> str:
    tries = plural(one.attempts, "try", "tries")
    if one.state == "delivered":
        return f"after {tries}"
    if one.state == "waiting" and one.due_at and one.attempts:
        return f"after {tries} again at {one.due_at:%H:%M:%S}: {one.why}"
    return one.why.removeprefix("not sent: ")


def _link(visit: Visit, plan: Plan, one: StatusLink) -> LinkLine:
    text = LINK.text(one.link_id)
    is_used = one.revoked_at is None
    return LinkLine(
        link_id=text,
        title=one.title,
        team=title_of_team(plan, one.team) if one.team else "",
        state=Pill("In use", Tone.GO) if is_used else Pill("Revoked"),
        by=one.created_by,
        at=one.created_at,
        revoke_href=plan_href(visit, plan.plan, "links", text, "revoke") if is_used else "",
    )
