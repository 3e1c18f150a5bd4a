"""The pages of a migration, on a plan that was applied and routes that were moved."""

import re
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from psycopg.types.json import Jsonb

from banyan.comparison import Answer, Asked, comparing, examine, record
from banyan.kernel import FixedClock
from banyan.migration import (
    PLAN,
    Cell,
    Evidence,
    RehearsalFault,
    advance,
    find_plan,
    informing,
    list_plans,
    record_rehearsal,
    roll_back,
    sign_evidence,
    status_of,
)
from banyan.migration.informing import list_links, read_document
from banyan.runtime import Database, Settings, Vault
from tests.conftest import START
from tests.console.browser import Browser
from tests.console.conftest import Console
from tests.migration.informing.samples import applied

AT = "/console/live/migration/shop"
ROUTE = f"{AT}/routes/product"


@pytest.fixture
async def plan_id(database: Database, live: UUID) -> UUID:
    return await applied(database, live)


async def _advance(database: Database, live: UUID, plan_id: UUID, times: int) -> None:
    for _ in range(times):
        async with database.transaction(live) as tx:
            await advance(tx, plan_id, "product", by="judge", why="It is well.", is_forced=True)


async def _phase(database: Database, live: UUID, plan_id: UUID) -> tuple[str, str]:
    async with database.transaction(live) as tx:
        [route] = [
            one for one in (await status_of(tx, plan_id)).routes if one.plan.name == "product"
        ]
    return route.standing.phase.value, route.standing.held_why


async def _judged(
    database: Database, live: UUID, plan_id: UUID, change: int, sentence: str
) -> None:
    gates = [
        {"name": "errors", "state": "pass", "sentence": "None of 40 failed.", "numbers": {"n": 40}},
        {"name": "time", "state": "wait", "sentence": "It has to stand longer.", "numbers": {}},
    ]
    async with database.transaction(live) as tx:
        await tx.execute(
            """
            insert into migration.verdicts
              (marketplace_id, plan_id, route, verdict, sentence, numbers, since, judged_at)
            values
              (%(marketplace_id)s, %(plan_id)s, 'product', 'hold', %(sentence)s, %(numbers)s,
               %(now)s, %(now)s)
            """,
            plan_id=plan_id,
            sentence=sentence,
            numbers=Jsonb({"change": change, "gates": gates}),
            now=tx.now,
        )


async def test_without_a_plan_the_page_says_how_to_begin(console: Console) -> None:
    browser = await console.enter("viewer")
    page = await browser.open("/console/live/migration")
    assert "No migration yet" in page
    assert "banyan migrate apply" in page


async def test_one_plan_leads_to_its_board(console: Console, plan_id: UUID) -> None:
    browser = await console.enter("viewer")
    page = await browser.open("/console/live/migration")
    assert browser.path == AT
    assert "Shop &lt;of the future&gt;" in page
    assert "0 of 2 routes at the candidate." in page
    assert "Products &lt;moved&gt;" in page
    assert "Sale &amp; stocktaking" in page
    assert "No control plane" in page
    by_id = await browser.open(f"/console/live/migration/{PLAN.text(plan_id)}")
    assert "Product pages" in by_id


async def test_a_card_stands_in_the_column_of_its_phase(
    console: Console, database: Database, live: UUID, plan_id: UUID
) -> None:
    await _advance(database, live, plan_id, 2)
    await _judged(database, live, plan_id, 3, "Waits. It has to <stand> longer.")
    browser = await console.enter("viewer")
    page = await browser.open(AT)
    columns = re.findall(r"<h3>(\w+)<span.*?(?=<h3>|</section>)", page, re.DOTALL)
    assert columns[:6] == ["Legacy", "Shadow", "Canary", "Ramp", "Candidate", "Retired"]
    canary = page.split("<h3>Canary")[1].split("<h3>Ramp")[0]
    assert "Product pages" in canary
    assert "It has to &lt;stand&gt; longer." in canary
    assert "Waits. " not in canary, "the pill says that"
    assert 'value="1"' in canary


async def test_a_route_shows_gates_figures_and_its_way(
    console: Console, database: Database, live: UUID, plan_id: UUID, clock: FixedClock
) -> None:
    await _advance(database, live, plan_id, 2)
    await _judged(database, live, plan_id, 3, "Waits.")
    async with database.transaction(live) as tx:
        for side, bucket in (("served", 300), ("legacy", 350), ("candidate", 300)):
            await tx.execute(
                """
                insert into migration.minutes
                  (marketplace_id, plan_id, route, side, phase, minute, requests, errors,
                   fall_backs, buckets)
                values
                  (%(marketplace_id)s, %(plan_id)s, 'product', %(side)s, 'canary', %(now)s, 40, 2,
                   1, %(buckets)s)
                """,
                plan_id=plan_id,
                side=side,
                buckets=Jsonb({str(bucket): 40}),
                now=tx.now,
            )
    clock.advance(timedelta(seconds=30))
    browser = await console.enter("viewer")
    page = await browser.open(ROUTE)
    assert 'aria-current="step"><b>Canary</b>' in page
    assert "None of 40 failed." in page
    assert "It has to stand longer." in page
    assert 'data-kind="lines"' in page
    assert "5 %" in page
    assert "1,000 or more" in page, "what holds where the plan says nothing"
    assert "shadow to canary, 1 %" in page


async def test_a_viewer_sees_and_may_not_act(
    console: Console, database: Database, live: UUID, plan_id: UUID
) -> None:
    await _advance(database, live, plan_id, 2)
    browser = await console.enter("viewer")
    page = await browser.open(ROUTE)
    assert "Roll back" not in page.split("<main")[1].split("What has happened")[0]
    assert (
        "<form"
        not in page.split('id="content"')[1]
        .split("</main>")[0]
        .replace('role="search"', "")
        .split("</form>", 1)[1]
    )
    csrf = re.search(r'name="csrf" value="(\w+)"', page)
    assert csrf is not None
    for what in ("advance", "rollback", "hold", "release", "approve"):
        await browser.post(f"{ROUTE}/{what}", {"csrf": csrf[1], "why": "I want to"})
        assert browser.status == 403
    assert (await _phase(database, live, plan_id))[0] == "canary"


@pytest.mark.parametrize("role", ["operator", "engineer"])
async def test_a_route_is_rolled_back_and_released(
    console: Console, database: Database, live: UUID, plan_id: UUID, role: str
) -> None:
    await _advance(database, live, plan_id, 3)
    browser = await console.enter(role)
    page = await browser.open(ROUTE)
    assert "Yes, roll back now" in page
    page = await browser.submit(f"{ROUTE}/rollback", {"why": "Prices <look> wrong"})
    assert "Rolled back. The data plane follows" in page
    assert "Rolled back: Prices &lt;look&gt; wrong" in page
    assert await _phase(database, live, plan_id) == ("shadow", "Rolled back: Prices <look> wrong")
    page = await browser.submit(f"{ROUTE}/release", {"why": "Mended"})
    assert await _phase(database, live, plan_id) == ("shadow", "")
    async with database.across_marketplaces() as queries:
        audit = await queries.rows("select action, subject, note from console.audit order by 1")
    assert ("migration.roll_back", "shop/product", "Prices <look> wrong") in audit
    assert ("migration.release", "shop/product", "Mended") in audit


async def test_a_step_needs_a_reason_and_the_route_as_it_was_seen(
    console: Console, database: Database, live: UUID, plan_id: UUID
) -> None:
    browser = await console.enter("operator")
    await browser.open(ROUTE)
    await browser.submit(f"{ROUTE}/advance", {"why": "  "})
    assert browser.status == 400
    await browser.open(ROUTE)
    await _advance(database, live, plan_id, 1)
    page = await browser.submit(f"{ROUTE}/advance", {"why": "Let us begin"})
    assert browser.status == 409
    assert "has moved since" in page
    assert (await _phase(database, live, plan_id))[0] == "shadow"


async def test_nobody_advances_past_the_judge_unless_they_say_so(
    console: Console, database: Database, live: UUID, plan_id: UUID
) -> None:
    await _advance(database, live, plan_id, 1)
    browser = await console.enter("operator")
    await browser.open(ROUTE)
    page = await browser.submit(f"{ROUTE}/advance", {"why": "Now"})
    assert "isn&#39;t ready" in page
    await browser.open(ROUTE)
    await browser.submit(f"{ROUTE}/advance", {"why": "Now", "force": "yes"})
    assert (await _phase(database, live, plan_id))[0] == "canary"


async def test_a_runbook_is_ticked(
    console: Console, database: Database, live: UUID, plan_id: UUID
) -> None:
    browser = await console.enter("engineer")
    page = await browser.open(ROUTE)
    assert "<script>alert" not in page
    assert "0 of 2 done" in page
    form = re.search(r'<form id="runbook-0".*?</form>', page, re.DOTALL)
    assert form is not None
    fields = dict(re.findall(r'name="(\w+)" value="([^"]*)"', form[0]))
    fields["text"] = "Tell **support** <script>alert(1)</script>"
    page = await browser.post(f"{ROUTE}/documents/runbook", fields)
    assert "1 of 2 done" in page
    assert "engineer@example.com" in page
    async with database.transaction(live) as tx:
        shown = await read_document(tx, "shop", "product", "runbook")
    assert [item.tick is not None for item in shown.items] == [True, False]
    await browser.post(f"{ROUTE}/documents/poem", fields)
    assert browser.status == 404


def _answer(price: str) -> Answer:
    headers = (("content-type", "application/json"),)
    return Answer(200, headers, f'{{"price": {price}}}'.encode())


async def _diverged(database: Database, live: UUID, plan_id: UUID) -> None:
    """Answers that differ in a price, which two of legacy's don't."""
    async with database.transaction(live) as tx:
        findings = [
            examine(
                "product",
                f"r{nth}",
                Asked("GET", f"/products/{nth}?q=a'b"),
                primary_arm="legacy",
                primary=_answer("1.5"),
                legacy=_answer("1.5"),
                candidate=_answer("2.5"),
                how=comparing(key=b"k" * 32),
                at=tx.now,
            )
            for nth in range(3)
        ]
        await record(tx, plan_id, [one for one in findings if one is not None])


async def test_a_divergence_is_shown_and_decided(
    console: Console, database: Database, live: UUID, plan_id: UUID
) -> None:
    await _diverged(database, live, plan_id)
    browser = await console.enter("operator")
    page = await browser.open(f"{AT}/divergences")
    assert "1 wants a decision." in page
    [href] = {*re.findall(rf'href="({AT}/divergences/dvg_\w+)"', page)}
    page = await browser.open(href)
    assert "1.5" in page
    assert "2.5" in page
    assert "curl -i" in page
    await browser.submit(f"{href}/decide", {"choice": "accept", "why": ""})
    assert browser.status == 400
    await browser.open(href)
    page = await browser.submit(
        f"{href}/decide", {"choice": "fix", "why": "A rounding <fault>", "owner": "web"}
    )
    assert "Being mended" in page
    assert "A rounding &lt;fault&gt;" in page
    assert "Nothing wants a decision." in await browser.open(f"{AT}/divergences?state=open")


async def test_a_divergence_belongs_to_its_plan(
    console: Console, database: Database, live: UUID, plan_id: UUID
) -> None:
    await _diverged(database, live, UUID(int=plan_id.int ^ 1))
    async with database.transaction(live) as tx:
        found = await tx.value("select divergence_id from comparison.divergences")
    from banyan.comparison import DIVERGENCE

    browser = await console.enter("viewer")
    await browser.open(f"{AT}/divergences/{DIVERGENCE.text(found)}")
    assert browser.status == 404


async def test_a_link_is_made_shown_once_and_revoked(
    console: Console, database: Database, live: UUID, plan_id: UUID
) -> None:
    browser = await console.enter("operator")
    await browser.open(f"{AT}/notices")
    page = await browser.submit(f"{AT}/links", {"title": "All <of us>", "team": "web"})
    found = re.search(r'<code class="url">http://\S+?(/status/msl_[\w-]+)</code>', page)
    assert found is not None
    assert "All &lt;of us&gt;" in page
    assert "msl_" not in browser.path, "addresses end up in logs and histories"
    outside = console.visit()
    assert "Product pages" in await outside.open(found[1])
    assert "/status/msl_" not in await browser.open(f"{AT}/notices")
    browser.client.cookies.set("banyan_once", "msl_rubbish", path="/console")
    assert "<code class" not in await browser.open(f"{AT}/notices")
    async with database.transaction(live) as tx:
        [link] = await list_links(tx, "shop")
    revoke = f"{AT}/links/{informing.LINK.text(link.link_id)}/revoke"
    await browser.open(f"{AT}/notices")
    assert "Nobody reads by it any more." in await browser.submit(revoke, {})
    await outside.open(found[1])
    assert outside.status == 404


@pytest.mark.parametrize("page", ["divergences", "data", "rehearsals", "notices"])
async def test_empty_pages_say_what_will_appear(console: Console, plan_id: UUID, page: str) -> None:
    browser = await console.enter("viewer")
    shown = await browser.open(f"{AT}/{page}")
    assert browser.status == 200
    said = {
        "divergences": "a sample of requests is answered by both sides",
        "rehearsals": "A rehearsal puts every fault into a staging copy",
        "data": "a plan declares sets of rows",
        "notices": "Nobody was told of anything yet",
    }
    assert said[page] in shown


def _evidence() -> Evidence:
    def cell(fault: RehearsalFault, *, errors: int) -> Cell:
        return Cell(
            fault=fault, phase="canary", route="product", requests=400, errors=errors,
            differences=0, slowest_ms=80, noticed_ms=40, rolled_back_ms=300, verdict="rollback",
            has_passed=not errors, sentence=f"{errors} of 400 <failed>.",
        )  # fmt: skip

    faults = (RehearsalFault.HANG, RehearsalFault.CRASH)
    return Evidence(
        rehearsal_id="01890a5d-ac96-774b-bcce-b302099a8057", plan="shop", plan_version=1,
        plan_sha256="0" * 64, changed=(), legacy="http://127.0.0.1:1", candidates={},
        customers=60, began_at=START.isoformat(), ended_at=START.isoformat(), by="ann",
        software="banyan 0", faults=faults, phases=("canary", "ramp"),
        cells=(cell(faults[0], errors=0), cell(faults[1], errors=3)), routes=(), has_passed=False,
    )  # fmt: skip


async def test_a_rehearsal_shows_what_customers_saw_and_whether_it_is_whole(
    console: Console, database: Database, live: UUID, plan_id: UUID, tmp_path: Path
) -> None:
    made = _evidence()
    vault = Vault(Settings(state_folder=tmp_path))
    async with database.transaction(live) as tx:
        signed = await sign_evidence(tx, vault, made)
        await record_rehearsal(tx, await find_plan(tx, "shop"), signed, by="ann")
    browser = await console.enter("viewer")
    page = await browser.open(f"{AT}/rehearsals")
    href = f"{AT}/rehearsals/{made.rehearsal_id}"
    assert f'href="{href}"' in page
    page = await browser.open(href)
    assert "Signature holds" in page
    assert "back in 0.3 s" in page
    assert "product: 3 of 400 &lt;failed&gt;." in page
    assert "not tried" in page
    async with database.transaction(live) as tx:
        await tx.execute(
            """
            update migration.rehearsals
            set evidence = replace(evidence, 'ann', 'ben')
            where marketplace_id = %(marketplace_id)s
            """
        )
    assert "Signature broken" in await browser.open(href)


async def test_the_report_is_a_page_of_its_own(console: Console, plan_id: UUID) -> None:
    browser = await console.enter("viewer")
    page = await browser.open(f"{AT}/report")
    assert browser.status == 200
    assert "Shop &lt;of the future&gt;" in page
    assert "<of the" not in page


async def test_what_is_not_there_is_not_found(console: Console, plan_id: UUID) -> None:
    browser = await console.enter("viewer")
    for path in (
        "/console/live/migration/other",
        f"{AT}/routes/other",
        f"{AT}/divergences/dvg_01h455vb4pex5vsknk084sn02q",
        f"{AT}/data/dset_01h455vb4pex5vsknk084sn02q",
        f"{AT}/rehearsals/01890a5d-ac96-774b-bcce-b302099a8057",
        f"{AT}/rehearsals/nonsense",
    ):
        await browser.open(path)
        assert browser.status == 404, path


async def test_a_plan_of_another_marketplace_is_not_found(console: Console, plan_id: UUID) -> None:
    browser = await console.enter("viewer")
    await browser.open("/console/sandbox/migration/shop")
    assert browser.status == 404


async def test_a_case_of_a_roll_back_leads_to_its_route(
    console: Console, database: Database, live: UUID, plan_id: UUID
) -> None:
    await _advance(database, live, plan_id, 3)
    async with database.transaction(live) as tx:
        await roll_back(tx, plan_id, "product", by="judge", why="3 of 40 failed")
        assert len(await list_plans(tx)) == 1
        assert (await find_plan(tx, "shop")).plan_id == plan_id
    browser: Browser = await console.enter("viewer")
    page = await browser.open("/console/live/cases")
    href = f"/console/live/migration/{PLAN.text(plan_id)}/routes/product"
    assert href in page
    assert "On hold" in await browser.open(href)
