"""Status pages: what outsiders see, by which links, and in which other forms."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.kernel import FixedClock
from banyan.migration import advance, announce, informing, roll_back
from banyan.migration.informing import LinkNotFound, StatusPage, TeamNotFound
from banyan.runtime import Database
from tests.migration.informing.samples import Entry, applied, entries_of


async def _page(database: Database, marketplace_id: UUID, team: str = "") -> StatusPage:
    async with database.transaction(marketplace_id) as tx:
        return await informing.read_status(tx, "shop", team)


async def _link(database: Database, marketplace_id: UUID, team: str = "") -> tuple[UUID, str]:
    async with database.transaction(marketplace_id) as tx:
        link, token = await informing.create_link(tx, "shop", team=team, by="ana")
    return link.link_id, token


async def _advance(database: Database, live: UUID, plan_id: UUID, times: int) -> None:
    for _ in range(times):
        async with database.transaction(live) as tx:
            await advance(tx, plan_id, "product", by="ana", why="on", is_forced=True)


async def test_a_token_opens_its_page_and_nothing_is_kept_of_it(
    database: Database, live: UUID
) -> None:
    await applied(database, live)
    link_id, token = await _link(database, live, "search")
    opened = await informing.open_link(database, token)
    assert (opened.link_id, opened.team, opened.marketplace_id) == (link_id, "search", live)
    assert token.partition("-")[2].encode() not in opened.hash


async def test_a_revoked_token_opens_nothing(database: Database, live: UUID) -> None:
    await applied(database, live)
    link_id, token = await _link(database, live)
    for _ in range(2):
        async with database.transaction(live) as tx:
            revoked = await informing.revoke_link(tx, "shop", link_id, by="ana")
    assert revoked.revoked_by == "ana"
    with pytest.raises(LinkNotFound):
        await informing.open_link(database, token)


async def test_rubbish_opens_nothing(database: Database, live: UUID) -> None:
    await applied(database, live)
    _, token = await _link(database, live)
    _, other = await _link(database, live)
    name, _, secret = token.partition("-")
    rubbish = [
        "", "-", name, f"{name}-", f"{name}-{secret[:-1]}", f"{name}-{secret}x",
        f"{name}-{other.partition('-')[2]}", f"{name.upper()}-{secret}", "msl_\0-\0", "\ud800",
        f"{name}-\ud800", "x" * 10_000,
    ]  # fmt: skip
    for one in rubbish:
        with pytest.raises(LinkNotFound):
            await informing.open_link(database, one)


async def test_a_link_is_for_a_team_of_the_plan(database: Database, live: UUID) -> None:
    await applied(database, live)
    with pytest.raises(TeamNotFound, match="pay, search, web"):
        await _link(database, live, "nobody")


async def test_a_team_sees_what_it_owns_or_depends_on(database: Database, live: UUID) -> None:
    await applied(database, live)
    assert [route.name for route in (await _page(database, live)).routes] == [
        "product", "checkout",
    ]  # fmt: skip
    page = await _page(database, live, "search")
    assert [route.name for route in page.routes] == ["product"]
    assert [one.name for one in page.milestones] == ["Products <moved>", "All"]
    assert {line.route for line in page.changes} == {"product"}
    assert page.team_title == "Search & find"


async def test_the_page_says_who_serves_whom_and_what_comes(
    database: Database, live: UUID, clock: FixedClock
) -> None:
    plan_id = await applied(database, live)
    await _advance(database, live, plan_id, 1)
    route = (await _page(database, live)).routes[0]
    assert "answers copies of their requests" in route.sentence
    assert route.next.sentence == "1 % of customers will be served by the new platform."
    # A day in shadow and an hour's notice end within the freeze, which ends on the 5th.
    assert route.next.earliest_at == datetime(2018, 3, 5, tzinfo=UTC)
    await _advance(database, live, plan_id, 1)
    route = (await _page(database, live)).routes[0]
    assert route.share_bp == 100
    assert route.sentence.startswith("1 % of customers are served by the new platform")
    assert route.next.earliest_at == clock.now() + timedelta(hours=1)


async def test_milestones_turn_late_and_done(
    database: Database, live: UUID, clock: FixedClock
) -> None:
    plan_id = await applied(database, live)

    async def standing() -> str:
        return (await _page(database, live)).milestones[0].standing

    assert await standing() == "on_time"
    clock.advance(timedelta(days=18))
    assert await standing() == "at_risk"
    clock.advance(timedelta(days=2))
    assert await standing() == "late"
    await _advance(database, live, plan_id, 7)
    assert await standing() == "done"


@pytest.mark.parametrize(
    ("served", "legacy", "noticed"),
    [
        ((1_204, 0), (0, 0), "Customers noticed nothing: none of 1,204 requests failed."),
        ((1_000, 2), (1_000, 2), "nothing new: 2 of 1,000 requests failed, no more"),
        ((1_000, 9), (1_000, 2), "Customers noticed: 9 of 1,000 requests failed."),
        (None, None, "What customers noticed was not measured."),
    ],
)
async def test_an_incident_says_what_customers_noticed(
    database: Database,
    live: UUID,
    clock: FixedClock,
    served: tuple[int, int] | None,
    legacy: tuple[int, int] | None,
    noticed: str,
) -> None:
    plan_id = await applied(database, live)
    await _advance(database, live, plan_id, 2)
    clock.advance(timedelta(minutes=5))
    for side, counts in (("served", served), ("legacy", legacy)):
        if counts is not None:
            await _minute(database, live, plan_id, side, *counts)
    async with database.transaction(live) as tx:
        await roll_back(tx, plan_id, "product", by="judge", why="secret reason")
    page = await _page(database, live)
    [incident] = page.incidents
    assert incident.sentence == "Product pages went back from canary to shadow."
    assert noticed in incident.noticed
    assert page.routes[0].is_held
    assert "secret reason" not in repr(page), "reasons stay inside"
    assert "judge" not in repr(page), "so do people"
    assert "127.0.0.1" not in repr(page), "and addresses"


async def _minute(
    database: Database, live: UUID, plan_id: UUID, side: str, requests: int, errors: int
) -> None:
    async with database.transaction(live) as tx:
        await tx.execute(
            """
            insert into migration.minutes
              (marketplace_id, plan_id, route, side, phase, minute, requests, errors, buckets)
            values
              (%(marketplace_id)s, %(plan_id)s, 'product', %(side)s, 'canary',
               date_trunc('minute', %(now)s::timestamptz), %(requests)s, %(errors)s, '{}')
            """,
            plan_id=plan_id,
            side=side,
            now=tx.now,
            requests=requests,
            errors=errors,
        )


async def _calendar(database: Database, live: UUID, plan_id: UUID, team: str = "") -> list[Entry]:
    async with database.transaction(live) as tx:
        snapshot = await informing.snapshot_of_plan(tx, plan_id)
    return entries_of(informing.calendar(snapshot, team))


async def test_the_calendar_has_what_is_dated(database: Database, live: UUID) -> None:
    plan_id = await applied(database, live)
    await _advance(database, live, plan_id, 1)
    async with database.transaction(live) as tx:
        await announce(tx, plan_id, "product", by="judge", expected_change=2)
    found = {entry.summary: entry for entry in await _calendar(database, live, plan_id)}
    milestone = found["Products <moved> (on time)"]
    assert (milestone.start, milestone.end) == (date(2018, 3, 20), date(2018, 3, 21))
    assert found["Freeze: Sale & stocktaking"].start == datetime(2018, 3, 2, tzinfo=UTC)
    announced = found["Product pages: next step at the earliest"]
    assert announced.start == datetime(2018, 3, 5, tzinfo=UTC)
    assert found["Product pages is in phase shadow"].start == datetime(2018, 3, 1, 12, tzinfo=UTC)
    assert {entry.summary for entry in await _calendar(database, live, plan_id, "pay")} == {
        "All (on time)", "Freeze: Sale & stocktaking", "Checkout is part of the migration",
    }  # fmt: skip


async def test_an_entry_keeps_its_uid(database: Database, live: UUID, clock: FixedClock) -> None:
    plan_id = await applied(database, live)
    before = {entry.uid for entry in await _calendar(database, live, plan_id)}
    clock.advance(timedelta(days=40))  # a milestone is late by now, so its summary is another
    await _advance(database, live, plan_id, 1)
    after = [entry.uid for entry in await _calendar(database, live, plan_id)]
    assert before < {*after}
    assert len(after) == len({*after})


async def test_the_feed_can_be_read(database: Database, live: UUID) -> None:
    plan_id = await applied(database, live)
    await _advance(database, live, plan_id, 1)
    async with database.transaction(live) as tx:
        snapshot = await informing.snapshot_of_plan(tx, plan_id)
    text = informing.atom(snapshot, "web", "https://b.example/status/x")
    root = ET.fromstring(text)
    atom = "{http://www.w3.org/2005/Atom}"
    titles = [one.findtext(f"{atom}title") for one in root.findall(f"{atom}entry")]
    assert titles == ["Product pages is in phase shadow", "Product pages is part of the migration"]
    assert root.findtext(f"{atom}title") == "Shop <of the future>: Web"
    ids = [one.findtext(f"{atom}id") for one in root.findall(f"{atom}entry")]
    assert len({*ids}) == 2


@given(st.text(max_size=400))
def test_any_runbook_becomes_harmless_html(text: str) -> None:
    shown = informing.document("runbook", text)
    html = "".join(shown.parts)
    assert len(shown.parts) == len(shown.items) + 1
    assert "<script" not in html.lower()
    assert "<img" not in html.lower()


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))", "![x](https://t.example/x.png)",
        "[x](data:text/html,<script>)", "<a href='javascript:1'>x</a>", "[x](vbscript:x)",
        "[x]( JaVaScRiPt:alert(1))", "- [ ] <b onclick=x>y</b>",
    ],
)  # fmt: skip
def test_what_could_do_harm_is_text(text: str) -> None:
    html = "".join(informing.document("runbook", text).parts)
    assert "<img" not in html
    assert 'href="javascript' not in html.lower()
    assert 'href="data' not in html
    assert 'href="vbscript' not in html
    assert "<b onclick" not in html
