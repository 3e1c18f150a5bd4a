"""Sample records for the pages of a migration."""

import math
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

from markupsafe import Markup

from banyan.console.look import Pill, Tone
from banyan.console.views.frame import Choice, Crumb, Fact, Frame, Pages
from banyan.console.views.home import Tile
from banyan.console.views.migration import (
    BoardColumn,
    BoardView,
    BoxLine,
    ChangeRow,
    DataFindingLine,
    DataLine,
    DataSetView,
    DataView,
    DecisionLine,
    DifferenceLine,
    DivergenceLine,
    DivergencesView,
    DivergenceView,
    DocumentView,
    ExampleView,
    FreezeLine,
    GateLine,
    LatencyMinute,
    LinkLine,
    MilestoneLine,
    NoticeLine,
    NoticesView,
    PlanHead,
    PlanLine,
    PlansView,
    RampStep,
    RehearsalCell,
    RehearsalLine,
    RehearsalRow,
    RehearsalsView,
    RehearsalView,
    RouteCard,
    RouteView,
    SideLine,
    StepButton,
    WayLine,
)
from banyan.migration.informing import document
from tests.console.samples import BASE, NOW, SamplePage, frame

AT = f"{BASE}/migration/shop"


def shell(title: str, *, chart: bool = False) -> Frame:
    made = frame(title, "migration", Crumb("Migration", f"{BASE}/migration"), Crumb(title))
    return replace(made, has_chart=chart)


def head(page: str) -> PlanHead:
    pages = (
        ("", "Board", None),
        ("divergences", "Divergences", 4),
        ("data", "Data", None),
        ("rehearsals", "Rehearsals", None),
        ("notices", "Who was told", None),
        ("report", "Before and after", None),
    )
    return PlanHead(
        name="shop",
        title="Shop of the future",
        version=7,
        tabs=tuple(
            Choice(key, label, f"{AT}/{key}".rstrip("/"), key == page, count)
            for key, label, count in pages
        ),
        control=Pill("Control plane runs", Tone.GO),
        control_note="version 7 is in effect",
    )


def card(name: str, title: str, percent: str, verdict: Pill, sentence: str) -> RouteCard:
    return RouteCard(name, title, f"{AT}/routes/{name}", percent, verdict, sentence, "Web shop", "")


WAITS = Pill("Waits", Tone.WAIT)
COLUMNS = (
    BoardColumn("Legacy", "Nothing has begun", (card("search", "Search", "0", Pill("Waits"), "Waits. It has to stand for 1 h: 12 min left."),)),
    BoardColumn("Shadow", "Copies are compared", (card("account", "Account pages", "0", Pill("On hold", Tone.WAIT), "Rolled back: 41 of 388 failed, legacy 1 of 7,012."), card("basket", "Basket", "0", WAITS, "Waits. 1,204 of the 2,000 comparisons that are asked for."))),
    BoardColumn("Canary", "A first share", (card("product", "Product pages", "1", Pill("Ready", Tone.GO), "Ready for 5 % of customers. Errors: 0.11 % at the candidate, 0.12 % at legacy."),)),
    BoardColumn("Ramp", "More and more", (card("category", "Category pages", "25", Pill("Back", Tone.LOST), "Back to legacy. 12 of 300 attempts failed at the candidate, 1 of 900 at legacy."),)),
    BoardColumn("Candidate", "Legacy stands by", (replace(card("home", "Home page", "100", WAITS, "A person decides when legacy may go."), writes="writes at the candidate"),)),
    BoardColumn("Retired", "Legacy is gone", ()),
)  # fmt: skip
CHANGES = tuple(
    ChangeRow(
        key=f"product/{9 - nth}",
        at=NOW - timedelta(minutes=14 + 47 * nth),
        route="Product pages",
        route_href=f"{AT}/routes/product",
        what=("shadow to canary, 1 %", "canary to shadow", "held", "legacy to shadow")[nth % 4],
        kind=(Pill("Advanced", Tone.GO), Pill("Rolled back", Tone.LOST), Pill("Held", Tone.WAIT), Pill("Advanced", Tone.GO))[nth % 4],
        by=("judge", "judge", "ana@example.com", "judge")[nth % 4],
        why=("Ready for 1 % of customers. Errors: 0.11 % at the candidate, 0.12 % at legacy.", "41 of 388 attempts failed at the candidate, 1 of 7,012 at legacy (e-value 31,204).", "We wait for the new index.", "It was asked for.")[nth % 4],
        effect=("after 0.4 s", "after 0.2 s", "at once", "not confirmed yet")[nth % 4],
    )
    for nth in range(5)
)  # fmt: skip
BOARD = BoardView(
    head=head(""),
    sentence="6 routes: 1 in candidate, 2 with a share of the customers, 1 on hold. Customers noticed nothing: none of 1,204,300 requests failed that would not have failed before.",
    columns=COLUMNS,
    milestones=(
        MilestoneLine("Product pages moved", date(2018, 3, 20), Pill("On time", Tone.INFO), "One route not yet in candidate; 6 days left.", "Before the spring sale"),
        MilestoneLine("Half of the shop", date(2018, 3, 12), Pill("Late", Tone.LOST), "basket, search not yet in candidate; 2 days late.", ""),
        MilestoneLine("Home page", date(2018, 3, 1), Pill("Reached", Tone.GO), "Reached.", ""),
    ),
    freezes=(FreezeLine(NOW, NOW + timedelta(days=3), "Spring sale", False),),
    changes=CHANGES,
)  # fmt: skip

_RUNBOOK = """# Before the canary
- [ ] Tell **customer support** what may look different
- [ ] Look at the [error board](https://example.com/errors)
- [ ] Ask search to keep the old index for a day

Then watch `5xx` for ten minutes.
"""


def _document(name: str, title: str, text: str) -> DocumentView:
    made = document("runbook", text)
    return DocumentView(
        name=name,
        title=title,
        href=f"{AT}/routes/product/documents/{name}",
        parts=tuple(Markup(part) for part in made.parts),
        boxes=tuple(
            BoxLine(item.number, item.text, item.number == 0, "ana@example.com", NOW)
            for item in made.items
        ),
        done=min(1, len(made.items)),
    )


DIVERGENCES = (
    DivergenceLine("dvg_1", f"{AT}/divergences/dvg_1", "price differs: 19.99 and 19.989999", "product", "$.items[*].price", Pill("Open", Tone.WAIT), "", 412, NOW - timedelta(days=2), NOW),
    DivergenceLine("dvg_2", f"{AT}/divergences/dvg_2", "status 404 at legacy, 410 at the candidate", "product", "status", Pill("Accepted", Tone.GO), "Web shop", 18, NOW - timedelta(days=2), NOW),
)  # fmt: skip
GATES = (
    GateLine("reports", Pill("Passes", Tone.GO), "Reports are whole and recent.", ()),
    GateLine("errors", Pill("Passes", Tone.GO), "0.11 % of 8,204 attempts failed at the candidate, 0.12 % of 31,077 at legacy; .5 % more would be too much.", (Fact("e value", "0.04"), Fact("bound", "0.5 %"))),
    GateLine("latency", Pill("Passes", Tone.GO), "Median 41 ms against 63 ms, p99 210 ms against 480 ms.", (Fact("p50 candidate", "41 ms"), Fact("p50 legacy", "63 ms"))),
    GateLine("divergence", Pill("Waits", Tone.WAIT), "412 of 9,120 compared answers differ beyond noise (4.5 %); 1 % may.", ()),
    GateLine("approval", Pill("Passes", Tone.GO), "Nobody has to approve this step.", ()),
)  # fmt: skip


def _minutes() -> tuple[LatencyMinute, ...]:
    first = datetime(2018, 3, 14, 19, 0, tzinfo=UTC)
    made: list[LatencyMinute] = []
    for nth in range(129):
        at = first + timedelta(minutes=nth)
        wave = 1 + 0.12 * math.sin(nth / 7) + 0.05 * math.sin(nth * 1.7)
        values = (63 * wave, 41 * wave, 480 * wave, 210 * wave)
        shown = tuple(f"{value:.1f}" if nth > 20 or place % 2 == 0 else "" for place, value in enumerate(values))  # fmt: skip
        made.append(LatencyMinute(at, f"{at:%Y-%m-%dT%H:%M:%SZ}", shown))
    return tuple(reversed(made))


ROUTE = RouteView(
    head=head(""),
    name="product",
    title="Product pages",
    matches="GET, HEAD /products/{id} · owner Web shop · dependent Search, Payments",
    phase=Pill("Canary", Tone.INFO),
    percent="1",
    verdict=Pill("Waits", Tone.WAIT),
    sentence="Waits. 412 of 9,120 compared answers differ beyond noise (4.5 %); 1 % may.",
    held_why="",
    change=9,
    steps=(
        RampStep("Legacy", "", "done"),
        RampStep("Shadow", "", "done"),
        RampStep("Canary", "1 %", "now"),
        RampStep("Ramp", "5 %", "todo"),
        RampStep("Ramp", "25 %", "todo"),
        RampStep("Ramp", "50 %", "todo"),
        RampStep("Candidate", "100 %", "todo"),
        RampStep("Retired", "", "todo"),
    ),
    advance=StepButton("Advance to ramp, 5 %", f"{AT}/routes/product/advance", "5 % of customers will be served by the candidate. The judge still waits: see its sentence.", is_forced=True),
    approve=StepButton("Approve phase ramp", f"{AT}/routes/product/approve", "The step follows once all else holds."),
    hold=StepButton("Hold", f"{AT}/routes/product/hold", "Nothing advances until somebody releases it."),
    release=None,
    roll_back=StepButton("Roll back", f"{AT}/routes/product/rollback", "All customers of this route go to legacy within a second, and it is held until a person releases it."),
    tiles=(
        Tile("Requests, last hour", "8,204", note="of its customers"),
        Tile("Failed", "0", note="none", tone=Tone.GO),
        Tile("Fell back to legacy", "3", note="answered by legacy instead"),
        Tile("Median", "41 ms", note="legacy 63 ms", tone=Tone.GO),
        Tile("p99", "210 ms", note="legacy 480 ms", tone=Tone.GO),
    ),
    gates=GATES,
    judged_at=NOW - timedelta(seconds=1),
    sides=(
        SideLine("Customers", 8_204, 0, "0 %", "42 ms", "96 ms", "230 ms"),
        SideLine("Legacy", 31_077, 37, "0.12 %", "63 ms", "190 ms", "480 ms"),
        SideLine("Candidate", 8_204, 9, "0.11 %", "41 ms", "92 ms", "210 ms"),
    ),
    minutes=_minutes(),
    series=("Legacy p50", "Candidate p50", "Legacy p99", "Candidate p99"),
    divergences=DIVERGENCES,
    divergences_href=f"{AT}/divergences?route=product",
    changes=CHANGES,
    documents=(
        _document("runbook", "Runbook", _RUNBOOK),
        _document("rollback", "Rolling back", ""),
    ),
    facts=(Fact("Owner", "Web shop"), Fact("Dependent", "Search, Payments"), Fact("Candidate", "http://10.0.0.7:8080"), Fact("Falls back after", "1 s"), Fact("Writes", "legacy until the data is verified")),
    criteria=(Fact("Attempts", "2,000"), Fact("Comparisons", "1,000"), Fact("Time", "30 min"), Fact("Errors above legacy's", "0.5 %"), Fact("Answers that differ", "1 %")),
)  # fmt: skip

DIVERGENCE = DivergenceView(
    head=head("divergences"),
    line=DIVERGENCES[0],
    sentence="Seen in 412 of 9,120 compared requests, and never between two answers of legacy: beyond noise (e-value 8,300).",
    decide_href=f"{AT}/divergences/dvg_1/decide",
    choices=(Choice("fix", "Will be mended"), Choice("explain", "Explained"), Choice("accept", "Accept it")),
    owners=(Choice("", "nobody"), Choice("web", "Web shop"), Choice("search", "Search")),
    facts=(Fact("Requests", "412"), Fact("First seen", "12 Mar 2018, 09:11"), Fact("Last seen", "14 Mar 2018, 21:09")),
    examples=(
        ExampleView(1, "GET /products/1201?currency=BRL", "req_1", NOW, "200 in 63 ms", "200 in 41 ms", (DifferenceLine("$.items[0].price", "number differs", "19.99", "19.989999999"), DifferenceLine("header:cache-control", "missing", "max-age=60", "")), "curl -i 'http://127.0.0.1:8080/products/1201?currency=BRL'"),
    ),
    decisions=(DecisionLine(NOW, "reopen", "ana@example.com", "", "It is back since version 12."),),
)  # fmt: skip

DATA = DataLine("dset_1", f"{AT}/data/dset_1", "customers", Pill("Following", Tone.INFO), Pill("Verified", Tone.GO), "Every row compared without a difference 4 min ago; 2 changes behind.", "100", "1,204,300 rows", "2 changes, 0.3 s", 0, 0, 0, NOW - timedelta(minutes=4))  # fmt: skip
FILLING = DataLine("dset_2", f"{AT}/data/dset_2", "orders", Pill("Backfilling", Tone.INFO), Pill("Not verified", Tone.WAIT), "Being filled; not compared yet.", "41", "2,100,000 of 5,122,000 rows, 18 min left", "", 3, 1, 2, None)  # fmt: skip
FINDINGS = (
    DataFindingLine("4711", Pill("Differs", Tone.WAIT), "total, updated_at", "total: 9f3a… / 17bc…", 1, NOW),
    DataFindingLine("4712", Pill("Stuck", Tone.LOST), "email", "value too long for type character varying(60)", 12, NOW),
)  # fmt: skip
REHEARSAL = RehearsalLine("mre_1", f"{AT}/rehearsals/mre_1", Pill("Passed", Tone.GO), "50 of 50 trials: customers saw nothing, and every way back worked.", "ana@example.com", NOW)  # fmt: skip
NOTICES = NoticesView(
    head=head("notices"),
    sentence="What the teams of the plan were told, by which way, and whether it arrived.",
    teams=(Choice("", "All teams", "", True), Choice("web", "Web shop")),
    notices=(
        NoticeLine("mno_1", f"{AT}/notices/mno_1/again", "Product pages is now in canary (1 %)", "Search", ("1 % of customers are served by the new platform, the others by the old one.", "Why: it looks good. By judge."), (WayLine("Webhook", "https://search.example.com/hooks", Pill("Delivered", Tone.GO), "after 1 try"),), NOW, False),
        NoticeLine("mno_2", f"{AT}/notices/mno_2/again", "Product pages is now in canary (1 %)", "Web shop", ("…",), (WayLine("E-mail", "web@example.com", Pill("Not sent", Tone.WAIT), "not sent: no mail server is set (BANYAN_SMTP_URL)"),), NOW, True),
    ),
    pages=Pages(),
    links=(
        LinkLine("msl_1", "Everybody in the company", "", Pill("In use", Tone.GO), "ana@example.com", NOW, f"{AT}/links/msl_1/revoke"),
        LinkLine("msl_2", "Search", "Search", Pill("Revoked"), "ana@example.com", NOW, ""),
    ),
    link_href=f"{AT}/links",
    link_teams=(Choice("", "The whole plan"), Choice("web", "Web shop")),
    new_url="",
)  # fmt: skip

MIGRATION_PAGES = (
    SamplePage(f"{BASE}/migration", "migration/plans.html", shell("Migration"), PlansView((PlanLine("shop", "Shop of the future", AT, 7, 6, Pill("Under way", Tone.INFO), "1 in candidate, 2 with a share of the customers, 1 on hold.", NOW),))),
    SamplePage("/console/empty-plans", "migration/plans.html", shell("Migration"), PlansView(())),
    SamplePage(AT, "migration/board.html", shell("Shop of the future"), BOARD),
    SamplePage("/console/empty-board", "migration/board.html", shell("Shop"), replace(BOARD, milestones=(), freezes=(), changes=())),
    SamplePage(f"{AT}/routes/product", "migration/route.html", shell("Product pages", chart=True), ROUTE),
    SamplePage("/console/held-route", "migration/route.html", shell("Account pages"), replace(ROUTE, held_why="Rolled back", verdict=Pill("On hold", Tone.WAIT), sentence="Rolled back: 41 of 388 attempts failed at the candidate.", advance=None, approve=None, hold=None, roll_back=None, release=StepButton("Release", f"{AT}/routes/account/release", "What is gathered about it begins anew."), tiles=(), gates=(), sides=(), minutes=(), divergences=(), changes=(), criteria=(), judged_at=None)),
    SamplePage(f"{AT}/divergences", "migration/divergences.html", shell("Divergences"), DivergencesView(head("divergences"), "1 wants a decision.", (Choice("", "Any state"),), (Choice("", "Any route"),), DIVERGENCES, Pages(), False)),
    SamplePage("/console/empty-divergences", "migration/divergences.html", shell("Divergences"), DivergencesView(head("divergences"), "Nothing wants a decision.", (), (), (), Pages(), False)),
    SamplePage(f"{AT}/divergences/dvg_1", "migration/divergence.html", shell("Divergence"), DIVERGENCE),
    SamplePage("/console/new-divergence", "migration/divergence.html", shell("Divergence"), replace(DIVERGENCE, examples=(), decisions=())),
    SamplePage(f"{AT}/data", "migration/data.html", shell("Data"), DataView(head("data"), "1 of 2 sets may be relied on.", (DATA, FILLING))),
    SamplePage("/console/empty-data", "migration/data.html", shell("Data"), DataView(head("data"), "", ())),
    SamplePage(f"{AT}/data/dset_2", "migration/data_set.html", shell("orders"), DataSetView(head("data"), FILLING, (Fact("Source", "legacy.orders"), Fact("Target", "shop.orders")), FINDINGS, Pages())),
    SamplePage("/console/clean-set", "migration/data_set.html", shell("customers"), DataSetView(head("data"), DATA, (), (), Pages())),
    SamplePage(f"{AT}/rehearsals", "migration/rehearsals.html", shell("Rehearsals"), RehearsalsView(head("rehearsals"), (REHEARSAL,))),
    SamplePage("/console/empty-rehearsals", "migration/rehearsals.html", shell("Rehearsals"), RehearsalsView(head("rehearsals"), ())),
    SamplePage(f"{AT}/rehearsals/mre_1", "migration/rehearsal.html", shell("Rehearsal"), RehearsalView(head("rehearsals"), REHEARSAL, ("shadow", "canary", "ramp", "candidate"), tuple(RehearsalRow(fault, (RehearsalCell(Pill("Nothing", Tone.GO), "back in 0.3 s"), RehearsalCell(Pill("Nothing", Tone.GO), "back in 0.4 s"), None, RehearsalCell(Pill("3 failed", Tone.LOST), "of 4,100"))) for fault in ("error_500", "hang", "slow", "reset", "wrong_body")), (Fact("Requests", "41,200"), Fact("Plan", "shop, version 7")), Pill("Signature holds", Tone.GO), "ed25519 9f3a…")),
    SamplePage("/console/empty-rehearsal", "migration/rehearsal.html", shell("Rehearsal"), RehearsalView(head("rehearsals"), REHEARSAL, (), (), (), Pill("Not signed", Tone.WAIT), "")),
    SamplePage(f"{AT}/notices", "migration/notices.html", shell("Who was told"), NOTICES),
    SamplePage("/console/new-link", "migration/notices.html", shell("Who was told"), replace(NOTICES, new_url="https://shop.example/status/msl_01h455vb4pex5vsknk084sn02q-abcdefgh", notices=(), links=())),
)  # fmt: skip
