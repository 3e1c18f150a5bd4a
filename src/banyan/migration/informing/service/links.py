"""Links to status pages: made, shown once, revoked.

A token is the link's id and 160 random bits, ``msl_…-…``: the id finds the row, the rest is compared
with its digest in constant time.
"""

import hashlib
import hmac
from uuid import UUID

from banyan.kernel import InvalidId, new_id, new_secret
from banyan.migration.informing.errors import LinkNotFound
from banyan.migration.informing.model import LINK, StatusLink
from banyan.migration.informing.service.reading import check_team
from banyan.migration.informing.store import links as store
from banyan.migration.model.standing import PLAN
from banyan.migration.service.reading import find_plan
from banyan.migration.store.plans import record_events
from banyan.runtime import Database, Event, Json, Transaction

_TITLE_MAX = 120


async def create_link(
    tx: Transaction, plan: str, *, team: str = "", title: str = "", by: str
) -> tuple[StatusLink, str]:
    """A new link and its token, which is shown this once. ``PlanNotFound``, ``TeamNotFound``."""
    version = await find_plan(tx, plan)
    check_team(version.plan, team)
    secret = new_secret()
    link = StatusLink(
        marketplace_id=tx.marketplace_id,
        link_id=new_id(tx.now),
        plan_id=version.plan_id,
        team=team,
        title=(title.strip() or team or plan)[:_TITLE_MAX],
        hash=_digest(secret),
        created_by=by,
        created_at=tx.now,
        revoked_by="",
        revoked_at=None,
    )
    await store.insert_link(tx, link)
    news = _news(link, by)
    await record_events(
        tx, link.plan_id, Event("migration.link_created", PLAN.text(link.plan_id), news)
    )
    return link, f"{LINK.text(link.link_id)}-{secret}"


async def revoke_link(tx: Transaction, plan: str, link_id: UUID, *, by: str) -> StatusLink:
    """Nobody reads by it any more; repeating it changes nothing. ``LinkNotFound``."""
    version = await find_plan(tx, plan)
    revoked = await store.update_revoked(tx, version.plan_id, link_id, by)
    if revoked is not None:
        news = _news(revoked, by)
        await record_events(
            tx, revoked.plan_id, Event("migration.link_revoked", PLAN.text(revoked.plan_id), news)
        )
        return revoked
    found = await store.find_link(tx, version.plan_id, link_id)
    if found is None:
        raise LinkNotFound(f"There is no link {LINK.text(link_id)}.")
    return found


async def list_links(tx: Transaction, plan: str) -> list[StatusLink]:
    """Every link of a plan, the newest first, revoked ones too."""
    return await store.select_links(tx, (await find_plan(tx, plan)).plan_id)


async def open_link(database: Database, token: str) -> StatusLink:
    """What a token opens; ``LinkNotFound`` for one that is revoked, mistyped or rubbish."""
    name, _, secret = token.partition("-")
    try:
        link_id = LINK.parse(name)
    except InvalidId:
        raise _no_page() from None
    async with database.across_marketplaces() as queries:
        link = await store.find_valid_link(queries, link_id)
    if link is None or not hmac.compare_digest(link.hash, _digest(secret)):
        raise _no_page()
    return link


def _no_page() -> LinkNotFound:
    return LinkNotFound("This link leads nowhere: it was mistyped, or it was revoked.")


def _digest(secret: str) -> bytes:
    """It holds 160 random bits, so that a plain hash can't be guessed back."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).digest()


def _news(link: StatusLink, by: str) -> dict[str, Json]:
    return {"link": LINK.text(link.link_id), "team": link.team, "title": link.title, "by": by}
