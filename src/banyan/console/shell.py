"""What stands around every page: navigation, marketplaces, the person, the live stream."""

from collections.abc import Mapping

from banyan.console.look import Tone
from banyan.console.model import PERMISSIONS, Permission
from banyan.console.security import csrf_token
from banyan.console.views.frame import Crumb, Frame, MarketLink, NavGroup, NavLink, Person, Toast
from banyan.console.visit import Shown, Visit, position_text, theme_of
from banyan.operations import CaseCounts, case_counts
from banyan.runtime import MARKETPLACE, Marketplace, StreamPosition, stream_end

_SAID = {
    "assigned": "Assigned to you.",
    "resolved": "Decided. The order goes on.",
    "cancelled": "The order is being cancelled.",
    "refunded": "The refund is on its way.",
    "advanced": "Decided. The data plane follows within a second.",
    "rolled-back": "Rolled back. The data plane follows within a second.",
    "held": "It stays where it is until it is released.",
    "released": "It goes on; what is gathered about it begins anew.",
    "approved": "Approved. The step follows once all else holds.",
    "ticked": "Kept.",
    "decided": "Decided.",
    "sent-again": "It is tried once more.",
    "link-revoked": "Nobody reads by it any more.",
    "link-made": "The link is made.",
}


async def frame_of(visit: Visit, shown: Shown, markets: Mapping[str, Marketplace]) -> Frame:
    """The shell of a page: who looks at which marketplace, and where else they can go."""
    cases = await case_counts(visit.tx)
    user = visit.session.user
    here = visit.tx.marketplace
    said = _SAID.get(visit.query.get("done", ""))
    permissions = frozenset(permission.value for permission in PERMISSIONS[user.role])
    return Frame(
        title=shown.title,
        area=shown.area,
        base=visit.base,
        marketplace=here.name,
        marketplace_id=MARKETPLACE.text(here.marketplace_id),
        currency=here.currency,
        country=here.country,
        livemode=here.livemode,
        now=visit.tx.now,
        person=Person(user.email, user.role, permissions),
        csrf=csrf_token(visit.session.token),
        theme=theme_of(visit.request),
        nav=_navigation(visit, cases),
        markets=tuple(
            MarketLink(market.name, market.livemode, f"/console/{slug}", market == here)
            for slug, market in markets.items()
        ),
        crumbs=shown.crumbs or (Crumb(shown.title),),
        live_href=_live_href(visit, shown, await stream_end(visit.tx)),
        search=shown.search,
        toast=Toast(said, Tone.GO) if said else None,
        has_chart=shown.has_chart,
        back=visit.again(),
        api_url=visit.console.settings.url,
    )


def _live_href(visit: Visit, shown: Shown, at: StreamPosition) -> str:
    if shown.live_subjects == ():
        return ""
    return visit.href(
        "live",
        since=position_text(at),
        subjects=",".join(shown.live_subjects or ()),
        every=str(shown.live_every_s or ""),
    )


def _navigation(visit: Visit, cases: CaseCounts) -> tuple[NavGroup, ...]:
    def link(area: str, label: str, key: str = "") -> NavLink:
        return NavLink(area, label, visit.href(area), key)

    waiting = NavLink("cases", "Cases", visit.href("cases"), "c", cases.open, cases.overdue > 0)
    watch = [link("events", "Events", "e"), NavLink("health", "Health", "/console/health")]
    if visit.may(Permission.READ_AUDIT):
        watch.append(NavLink("audit", "Audit", "/console/audit"))
    return (
        NavGroup("", (NavLink("home", "Overview", visit.base, "h"),)),
        NavGroup("Run", (link("orders", "Orders", "o"), waiting, link("sellers", "Sellers", "s"))),
        NavGroup(
            "Money",
            (
                link("payments", "Payments", "p"),
                link("payouts", "Payouts"),
                link("disputes", "Disputes"),
                link("invoices", "Invoices"),
                link("reconciliation", "Reconciliation"),
                link("ledger", "Ledger", "l"),
            ),
        ),
        NavGroup("Change", (link("migration", "Migration", "m"),)),
        NavGroup("Watch", tuple(watch)),
    )
