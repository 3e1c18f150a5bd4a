"""Sample records for every page: what the preview shows and the template tests render."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from banyan.console.look import Pill, Tone, state_pill
from banyan.console.model import Permission
from banyan.console.views.cases import CaseCard, CaseLine, CasesView, CaseView, Resolution
from banyan.console.views.disputes import AnswerLine, DisputeView, MoveLine
from banyan.console.views.events import (
    EventLine,
    EventsView,
    EventView,
    Meta,
    TimelineDay,
    TimelineItem,
)
from banyan.console.views.frame import (
    Choice,
    Crumb,
    Fact,
    Frame,
    MarketLink,
    NavGroup,
    NavLink,
    Pages,
    Person,
    Toast,
)
from banyan.console.views.health import AuditLine, AuditView, HealthView, QueueLine
from banyan.console.views.home import DayFigures, HealthLine, HomeView, Tile
from banyan.console.views.invoices import (
    BilledLine,
    CoverageLine,
    InvoiceLine,
    InvoicesView,
    InvoiceView,
)
from banyan.console.views.ledger import (
    AccountLine,
    AccountView,
    EntryLine,
    LedgerView,
    LegLine,
    PeriodLine,
    PeriodsView,
    PeriodView,
    Proof,
    SealLine,
    StatementView,
    TransferView,
    TrialLine,
    TrialTotal,
)
from banyan.console.views.money import MoneyLine, MoneyListView, PaymentView
from banyan.console.views.orders import (
    AttemptLine,
    Movement,
    OrderAction,
    OrderFilter,
    OrderItem,
    OrderLine,
    OrdersView,
    OrderView,
    Statement,
    Step,
    StepState,
)
from banyan.console.views.payouts import (
    BatchesView,
    BatchLine,
    BatchView,
    DatedLine,
    FundsCard,
    PayoutView,
)
from banyan.console.views.reconciliation import (
    BreakLine,
    ImportLine,
    LineRow,
    LinesView,
    ReconciliationView,
    StandingLine,
)
from banyan.console.views.reliability import (
    ApprovalLine,
    ProviderLine,
    QuestionLine,
    ReliabilityView,
    TransitLine,
)
from banyan.console.views.sellers import (
    Balance,
    OfferLine,
    SellerLine,
    SellersView,
    SellerView,
)
from banyan.kernel import Money

BASE = "/console/olist-sandbox"
NOW = datetime(2018, 3, 14, 21, 9, 42, tzinfo=UTC)
ORDER = "ord_01c8jk4t0v9c2m6r7x3a5b8d1e"
CASE = "cas_01c8jk5m1w0d3n7s8y4b6c9e2f"
SELLER = "sel_01bzh2f3g4h5j6k7m8n9p0q1r2"
PAYMENT = "pay_01c8jk4v2x1e4p8t9z5c7d0f3g"
TRANSFER = "trf_01c8jk4w3y2f5q9v0a6d8e1g4h"


@dataclass(frozen=True)
class SamplePage:
    """A page of the preview: its address, template and records."""

    path: str
    template: str
    frame: Frame
    view: object


def brl(text: str) -> Money:
    return Money.parse(text, "BRL")


def frame(title: str, area: str, *crumbs: Crumb, is_live: bool = False) -> Frame:
    links = (
        NavLink("orders", "Orders", f"{BASE}/orders", "o"),
        NavLink("cases", "Cases", f"{BASE}/cases", "c", 7, is_late=True),
        NavLink("payments", "Payments", f"{BASE}/payments", "p"),
        NavLink("payouts", "Payouts", f"{BASE}/payouts"),
        NavLink("disputes", "Disputes", f"{BASE}/disputes"),
        NavLink("reconciliation", "Reconciliation", f"{BASE}/reconciliation"),
        NavLink("ledger", "Ledger", f"{BASE}/ledger", "l"),
        NavLink("sellers", "Sellers", f"{BASE}/sellers", "s"),
    )
    watch = (
        NavLink("events", "Events", f"{BASE}/events", "e"),
        NavLink("health", "Health", "/console/health"),
        NavLink("audit", "Audit", "/console/audit"),
    )
    return Frame(
        title=title,
        area=area,
        base=BASE,
        marketplace="Olist" if is_live else "Olist sandbox",
        marketplace_id="mkt_01c8jk4w3y2f5q9v0a6d8e1g4h",
        currency="BRL",
        country="BR",
        livemode=is_live,
        now=NOW,
        person=Person("ana@example.com", "operator", frozenset(Permission)),
        csrf="0" * 64,
        theme="auto",
        nav=(
            NavGroup("", (NavLink("home", "Overview", BASE, "h"),)),
            NavGroup("Run", links),
            NavGroup("Watch", watch),
        ),
        markets=(
            MarketLink("Olist", True, "/console/olist", is_live),
            MarketLink("Olist sandbox", False, BASE, not is_live),
        ),
        crumbs=crumbs or (Crumb(title),),
        has_chart=area == "home",
    )


PRODUCTS = (
    "Bed linen, queen",
    "Office chair",
    "Perfume 100 ml",
    "Wall clock",
    "Phone case",
    "Toy train",
)
SELLERS = ("Móveis Aurora", "Casa do Sono", "Perfumaria Lírio", "Relojoaria Central")
STATES = (
    "in_review",
    "settled",
    "shipped",
    "declined",
    "confirmed",
    "delivered",
    "refunded",
    "placed",
)


def order_line(nth: int) -> OrderLine:
    return OrderLine(
        order_id=f"ord_01c8jk4t0v9c2m6r7x3a5b8d{nth:02}",
        href=f"{BASE}/orders/{ORDER}",
        external_id=f"e481f51cbdc54678b7cc49136f2d{nth:04}" if nth % 3 else "",
        state=state_pill(STATES[nth % len(STATES)]),
        total=brl(f"{189 + nth * 37 % 900}.90"),
        what=PRODUCTS[nth % len(PRODUCTS)] + (" and 2 more" if nth % 4 == 3 else ""),
        seller=SELLERS[nth % len(SELLERS)],
        seller_href=f"{BASE}/sellers/{SELLER}",
        buyer="Joana P.",
        region=("Recife, PE", "São Paulo, SP", "Curitiba, PR")[nth % 3],
        placed_at=NOW - timedelta(minutes=3 + 11 * nth),
    )


def case_line(nth: int) -> CaseLine:
    titles = (
        "Unusual card for this account",
        "Outcome unknown after a timeout",
        "No seller for this order",
    )
    return CaseLine(
        case_id=f"cas_{nth}",
        href=f"{BASE}/cases/{CASE}",
        title=titles[nth % 3],
        queue=("Payments risk", "Payments", "Matching")[nth % 3],
        state=state_pill("open"),
        subject=ORDER,
        subject_href=f"{BASE}/orders/{ORDER}",
        at_risk=brl(f"{189 - nth * 20}.90"),
        due_at=NOW + timedelta(minutes=-4 + nth * 13),
        is_overdue=nth == 0,
        owner="" if nth % 2 else "ana@example.com",
        opened_at=NOW - timedelta(minutes=40),
    )


CARD = CaseCard(
    line=case_line(1),
    reason="Third card in 20 minutes on this device; the amount is 4.1 times the buyer's mean; the card's country differs from the delivery's. Score 0.71, review from 0.60.",
    evidence=(
        Fact("Score", "0.71"),
        Fact("Cards on this device, 20 min", "3"),
        Fact("Amount ÷ buyer's mean", "4.1"),
        Fact("Card country", "AR"),
        Fact("Rules", "fraud-limits v1"),
    ),
    resolutions=(
        Resolution("challenge", "Ask for 3-D Secure"),
        Resolution("approve", "Approve"),
        Resolution("decline", "Decline and release"),
    ),
    assign_href=f"{BASE}/cases/{CASE}/assign",
    resolve_href=f"{BASE}/cases/{CASE}/resolve",
    is_mine=False,
)


def item(seconds: int, title: str, tone: Tone, reason: str = "", *meta: str) -> TimelineItem:
    at = datetime(2018, 3, 14, 21, 6, 11, tzinfo=UTC) + timedelta(seconds=seconds)
    return TimelineItem(at, title, tone, reason, tuple(Meta(text) for text in meta))


TIMELINE = (
    TimelineDay(
        date(2018, 3, 14),
        (
            item(0, "Order placed", Tone.IDLE, "", "API", "key olist replay", "request req_01c8jk4s"),
            item(0, "Matched to Móveis Aurora", Tone.GO, "Best of 23 offers: R$6.10 dearer than the cheapest, 3.4 days faster, quality 92 % against 81 %.", "weighted score v1", "14 ms"),
            item(0, "Compliance allowed it", Tone.GO, "No restricted goods; the seller is active and in the same country.", "country-and-status v1", "3 ms"),
            item(1, "Fraud asks for review", Tone.WAIT, "Cards per device in 20 min: 3; amount ÷ mean: 4.1; country mismatch.", "limits-and-lists v1", "score 0.71", "0.2 ms"),
            item(1, "Case opened in Payments risk", Tone.WAIT, "", "due 21:21"),
        ),
    ),
)  # fmt: skip

STATEMENT = Statement(
    currency="BRL",
    movements=(
        Movement(
            "Buyer pays",
            brl("189.90"),
            "card •• 4242, captured",
            f"{BASE}/ledger/transfers/{TRANSFER}",
        ),
        Movement("Commission", brl("-22.79"), "12 %"),
        Movement("Tax on commission", brl("-3.19"), "BR"),
        Movement("Provider fee", brl("-4.37"), "sandbox"),
        Movement("Seller receives", brl("159.55"), "held until delivery", is_total=True),
    ),
    href=f"{BASE}/ledger?subject={ORDER}",
)

ATTEMPTS = (
    AttemptLine(
        "Authorize", "sandbox", state_pill("unknown"), "no answer within 5 s; asked again", NOW
    ),
    AttemptLine("Authorize", "sandbox", state_pill("succeeded"), "approval 8K2J1", NOW),
)

ORDER_VIEW = OrderView(
    now=NOW,
    order_id=ORDER,
    external_id="e481f51cbdc54678b7cc49136f2d6af7",
    total=brl("189.90"),
    currency="BRL",
    state=state_pill("in_review"),
    summary="1 item from Móveis Aurora, São Paulo to Recife",
    placed_at=NOW,
    promised_on=date(2018, 3, 28),
    steps=(
        Step("Placed", StepState.DONE, "21:06:11"),
        Step("Matched", StepState.DONE, "14 ms"),
        Step("Checked", StepState.NOW, "in review, due in 11 min"),
        Step("Authorized", StepState.TODO, ""),
        Step("Confirmed", StepState.TODO, ""),
        Step("Shipped", StepState.TODO, "by 18 Mar"),
        Step("Delivered", StepState.TODO, "by 28 Mar"),
        Step("Settled", StepState.TODO, ""),
    ),
    actions=(
        OrderAction("Refund", f"{BASE}/orders/{ORDER}/refund", "Money goes back to the buyer, the seller's share is taken back.", "Refund", amount="189.90"),
        OrderAction("Cancel", f"{BASE}/orders/{ORDER}/cancel", "The hold is released and the reserved unit goes back on sale.", "Cancel the order", is_danger=True),
    ),
    case=CARD,
    timeline=TIMELINE,
    timeline_href=f"{BASE}/orders/{ORDER}/events.json",
    items=(OrderItem("Office chair", "Móveis Aurora", f"{BASE}/sellers/{SELLER}", 1, brl("189.90")),),
    statement=STATEMENT,
    buyer=(Fact("Name", "Joana P."), Fact("Orders", "4"), Fact("Spent", "R$745.20"), Fact("Refunds", "0")),
    buyer_href=f"{BASE}/orders?q=Joana",
    attempts=ATTEMPTS,
    payment_href=f"{BASE}/payments/{PAYMENT}",
)  # fmt: skip

SETTLED_VIEW = replace(
    ORDER_VIEW,
    state=state_pill("settled"),
    case=None,
    steps=tuple(replace(step, state=StepState.DONE, note="14 Mar") for step in ORDER_VIEW.steps),
)

DAYS = tuple(
    DayFigures(
        date(2018, 1, 1) + timedelta(days=nth),
        30 + (nth * 7919 % 23) + nth // 3,
        brl(str(4200 + nth * 7919 % 2900 + nth * 40)),
        f"{BASE}/orders",
    )
    for nth in range(73)
)
HEALTH = (
    HealthLine("Orders moving", Pill("Well", Tone.GO), "oldest due work 0.4 s"),
    HealthLine("Failed jobs", Pill("2 failed", Tone.WAIT), "after the last try; each has a case"),
    HealthLine("Ledger", Pill("Balanced", Tone.GO), "18,204 entries add up to zero"),
)
HOME_VIEW = HomeView(
    now=NOW,
    tiles=(
        Tile("Orders today", "64", f"{BASE}/orders", "58 on the day before", Tone.GO),
        Tile("Placed today", "R$9,120.40", f"{BASE}/orders", "captured R$7,803.10"),
        Tile(
            "Owed to sellers",
            "R$48,377.16",
            f"{BASE}/ledger?prefix=seller",
            "R$31,020.00 still held",
        ),
        Tile("Commission, all time", "R$22,016.03", f"{BASE}/ledger?prefix=platform"),
        Tile(
            "Human touches per 1,000", "12.4", f"{BASE}/cases?show=resolved", "31 in 2,500 orders"
        ),
    ),
    currency="BRL",
    days=DAYS,
    needs=tuple(case_line(nth) for nth in range(4)),
    needs_total=7,
    health=HEALTH,
    latest=tuple(order_line(nth) for nth in range(8)),
)

ORDERS_VIEW = OrdersView(
    filter=OrderFilter(),
    states=(Choice("", "Any state"), *(Choice(state, state_pill(state).label) for state in STATES)),
    orders=tuple(order_line(nth) for nth in range(20)),
    pages=Pages(next_href=f"{BASE}/orders?cursor=x", note="20 of 1,284"),
)

CASES_VIEW = CasesView(
    now=NOW,
    tabs=(
        Choice("open", "Open", f"{BASE}/cases", True, 7),
        Choice("mine", "Mine", f"{BASE}/cases?show=mine", count=2),
        Choice("resolved", "Resolved", f"{BASE}/cases?show=resolved"),
    ),
    queues=(Choice("", "Every queue"), Choice("risk", "Payments risk")),
    cases=tuple(case_line(nth) for nth in range(7)),
    pages=Pages(),
    is_filtered=False,
)

SELLER_LINE = SellerLine(
    SELLER,
    f"{BASE}/sellers/{SELLER}",
    "Móveis Aurora",
    state_pill("active"),
    "São Paulo, BR",
    92,
    NOW,
)


def money_line(nth: int) -> MoneyLine:
    state = ("captured", "authorized", "declined", "unknown", "refunded")[nth % 5]
    return MoneyLine(
        PAYMENT,
        f"{BASE}/payments/{PAYMENT}",
        state_pill(state),
        brl(f"{89 + nth}.90"),
        ORDER,
        f"{BASE}/orders/{ORDER}",
        "card, sandbox",
        NOW,
    )


SELLER_VIEW = SellerView(
    line=SELLER_LINE,
    facts=(Fact("Country", "BR"), Fact("Currency", "BRL"), Fact("Quality", "92 %")),
    balances=(
        Balance("Pending", brl("1159.55"), "until delivery", f"{BASE}/ledger"),
        Balance("Available", brl("402.10"), "goes out with the next payout", f"{BASE}/ledger"),
        Balance("Reserve", brl("0"), "kept against refunds", f"{BASE}/ledger"),
    ),
    funds=(
        FundsCard(
            "BRL",
            False,
            "R$402.10 is available and goes out on 16 Mar 2018.",
            (),
            (
                Fact("Schedule", "Every Friday, 2 days after the sale is settled"),
                Fact("On its way to the bank", "R$1,204.00"),
            ),
            (
                DatedLine(date(2018, 3, 20), "delayed by the seller's terms", brl("80.00")),
                DatedLine(date(2018, 6, 1), "freed from the reserve", brl("41.20")),
            ),
            "#",
            date(2018, 3, 1),
            date(2018, 3, 15),
        ),
        FundsCard(
            "EUR",
            True,
            "Nothing is paid out for now:",
            ("There is no account to pay to.",),
            (Fact("Schedule", "By hand"), Fact("Owes us", "€12.00 since 01 Mar 2018, waiting")),
            (),
            "#",
            date(2018, 3, 1),
            date(2018, 3, 15),
        ),
    ),
    offers=tuple(
        OfferLine(
            f"off_{nth}",
            PRODUCTS[nth],
            brl(f"{99 + nth * 17}.00"),
            f"{nth + 2} days",
            "12",
            state_pill("active"),
        )
        for nth in range(5)
    ),
    orders=tuple(order_line(nth) for nth in range(6)),
    orders_href=f"{BASE}/orders?seller={SELLER}",
    payouts=(replace(money_line(0), state=state_pill("paid")),),
)

PAYMENTS_VIEW = MoneyListView(
    title="Payments",
    about="One for each order; the money that buyers authorize and we capture.",
    tabs=(Choice("", "All", "#", True), Choice("captured", "Captured", "#")),
    subject_label="Order",
    note_label="Method",
    at_label="Created",
    lines=tuple(money_line(nth) for nth in range(12)),
    pages=Pages(note="12 of 12"),
    empty_title="No payments yet",
    empty_text="The first order makes the first payment.",
)

PAYMENT_VIEW = PaymentView(
    payment_id=PAYMENT,
    amount=brl("189.90"),
    state=state_pill("captured"),
    order=ORDER,
    order_href=f"{BASE}/orders/{ORDER}",
    created_at=NOW,
    facts=(Fact("Payment", PAYMENT), Fact("Method", "card"), Fact("Provider", "sandbox")),
    attempts=ATTEMPTS,
    refunds=(money_line(4),),
    disputes=(
        replace(
            money_line(0), state=state_pill("open"), note="Chargeback. The goods never arrived."
        ),
    ),
    statement=STATEMENT,
    timeline=TIMELINE,
)

TRIAL = TrialTotal(
    currency="BRL",
    debits=brl("398120.44"),
    credits=brl("398120.44"),
    is_balanced=True,
    lines=tuple(
        TrialLine(label, f"{BASE}/ledger?prefix={label}", 3, brl(debited), brl(credited))
        for label, debited, credited in (
            ("buyer", "0", "101000.22"),
            ("platform", "1204.10", "187537.74"),
            ("provider", "398120.44", "0"),
            ("seller", "0", "108378.38"),
        )
    ),
)
LEDGER_VIEW = LedgerView(
    prefix="",
    prefixes=("seller", "platform"),
    totals=(TRIAL,),
    proof=Proof(True, 812, 6_120, 18_204, "0.4 s", ()),
    proof_href=f"{BASE}/ledger?proof=yes",
    accounts=tuple(
        AccountLine(
            path, f"{BASE}/ledger/accounts/{path}", "BRL", brl("31020.00"), brl("0"), "credit"
        )
        for path in (
            "buyer:funds_held",
            "platform:commission",
            "provider:sandbox:receivable",
            f"seller:{SELLER}:available",
            f"seller:{SELLER}:pending",
        )
    ),
    pages=Pages(note="5 accounts"),
    read_at=NOW,
)
ACCOUNT_VIEW = AccountView(
    path=f"seller:{SELLER}:pending",
    currency="BRL",
    balance=brl("1159.55"),
    facts=(Fact("Normal side", "credit"), Fact("Floor", "0.00"), Fact("Entries", "31")),
    statement_href="#",
    entries=tuple(
        EntryLine(NOW, "seller_share", TRANSFER, f"{BASE}/ledger/transfers/{TRANSFER}", ORDER, f"{BASE}/orders/{ORDER}", "buyer:funds_held", "#", brl("159.55"), brl(f"{1159 - nth * 100}.55"))
        for nth in range(6)
    ),
    pages=Pages(),
)  # fmt: skip
TRANSFER_VIEW = TransferView(
    transfer_id=TRANSFER,
    description="Capture",
    subject=ORDER,
    subject_href=f"{BASE}/orders/{ORDER}",
    effective_at=NOW,
    recorded_at=NOW,
    legs=(
        LegLine(0, "post", "capture", "provider:sandbox:receivable", "#", "buyer:funds_held", "#", brl("189.90")),
        LegLine(1, "posted", "commission", "buyer:funds_held", "#", "platform:commission", "#", brl("22.79")),
        LegLine(2, "posted", "seller_share", "buyer:funds_held", "#", f"seller:{SELLER}:pending", "#", brl("159.55")),
    ),
    metadata=(Fact("payment", PAYMENT),),
)  # fmt: skip

EVENT_LINE = EventLine(
    18_204,
    "order.matched",
    "Order matched",
    Tone.GO,
    "Best of 23 offers: 3.4 days faster than the cheapest.",
    ORDER,
    f"{BASE}/orders/{ORDER}",
    f"{BASE}/events/18204",
    "job order.match",
    NOW,
)
EVENTS_VIEW = EventsView(
    types=(Choice("", "Any type"), Choice("order.matched", "order.matched")),
    subject="",
    events=tuple(replace(EVENT_LINE, position=18_204 - nth) for nth in range(12)),
    pages=Pages(next_href="#"),
    is_filtered=False,
)
EVENT_VIEW = EventView(
    EVENT_LINE, 2, NOW, '{\n  "offer_id": "off_01",\n  "candidates": 23\n}', "job order.match"
)
HEALTH_VIEW = HealthView(
    is_well=True,
    sentence="Orders are moving; the oldest due work has waited 0.4 s.",
    lines=HEALTH,
    queues=(QueueLine("order.match", 12, 0, 0, ""), QueueLine("payment.authorize", 3, 0, 2, "the provider did not answer")),
    read_at=NOW,
)  # fmt: skip
AUDIT_VIEW = AuditView(
    (
        AuditLine(
            NOW,
            "ana@example.com",
            "case.resolve",
            CASE,
            f"{BASE}/cases/{CASE}",
            "approve: known customer",
        ),
    )
)
RELIABILITY_VIEW = ReliabilityView(
    is_well=False,
    sentence="Not answering, and spared new payments: adyen.",
    periods=(Choice("1", "1 day", "#"), Choice("30", "30 days", "#", is_chosen=True)),
    providers=(
        ProviderLine("adyen", Pill("Spared", Tone.LOST), 812, 78.4, "96 could not be asked"),
        ProviderLine("stripe", Pill("Answers", Tone.GO), 1_657, 93.1, ""),
    ),
    approvals=(
        ApprovalLine("adyen", "Card", 812, 561, 155, 96, 0, 78.4, "0.9 s", "4.1 s"),
        ApprovalLine("stripe", "Card", 1_204, 1_118, 83, 0, 3, 93.1, "0.7 s", "2.2 s"),
        ApprovalLine("stripe", "Boleto", 453, 398, 21, 0, 34, 95.0, "1.2 d", "2.9 d"),
    ),
    questions=(QuestionLine("adyen", "Authorize", 4, brl("812.40"), NOW),),
    transit=(
        TransitLine("Waiting for buyers", "#", brl("9120.00"), 34, brl("120"), brl("4000"), brl("5000"), None),
        TransitLine("On its way to sellers", "#", brl("48220.10"), 210, None, brl("48220.10"), None, None),
    ),
)  # fmt: skip

DISPUTE = "dsp_01c8jk4w3y2f5q9v0a6d8e1g4h"
DISPUTE_VIEW = DisputeView(
    now=NOW,
    dispute_id=DISPUTE,
    amount=brl("189.90"),
    state=state_pill("open"),
    stage="Chargeback",
    about="not received",
    order=ORDER,
    order_href=f"{BASE}/orders/{ORDER}",
    opened_at=NOW - timedelta(days=3),
    sentence="A person has to choose what the bank is told. The bank has taken the money back for now.",
    decision="",
    respond_by=NOW + timedelta(days=6),
    case=CARD,
    bearer="Seller",
    bearer_reason="By the marketplace's terms the seller bears disputes for not received.",
    quote="The buyer says the goods never arrived.",
    sums=(Fact("Disputed", "R$189.90"), Fact("Held of it", "R$189.90"), Fact("Provider's fee", "R$15.00")),
    moves=(
        MoveLine("Held", "kept apart until the bank has decided", brl("189.90"), NOW),
        MoveLine("Provider's fee", "for handling the dispute", brl("15.00"), NOW),
    ),
    ledger_href=f"{BASE}/ledger/transfers?subject={ORDER}",
    answers=(
        AnswerLine("Contested, inquiry", state_pill("submitted"), Pill("Fair evidence", Tone.WAIT), "ana@example.com", NOW, "#", (Fact("Shipping carrier", "Correios"), Fact("Timeline", "2018-03-01 placed\n2018-03-02 shipped")), "delivered at, communication"),
        AnswerLine("Accepted, chargeback", state_pill("refused"), None, "rule", NOW, "", (), ""),
    ),
    facts=(Fact("Payment", PAYMENT, "#"), Fact("Reason code", "13.1")),
    timeline=TIMELINE,
)  # fmt: skip

RECONCILIATION_VIEW = ReconciliationView(
    state=Pill("Look here", Tone.WAIT),
    sentence="2 differences that nothing explains, R$264.90 at risk.",
    standings=(
        StandingLine("Our books", "stripe", "BRL", 18_204, "#", 34, "#", brl("9120.00"), (Fact("up to 3 days", "30"), Fact("older", "4")), 1, brl("189.90")),
        StandingLine("Provider", "stripe", "BRL", 18_204, "#", 1, "#", brl("75.00"), (Fact("up to 3 days", "1"),), 1, brl("75.00")),
        StandingLine("Bank", "BR1500000000000010932840814P2", "BRL", 61, "#", 0, "#", brl("0"), (), 0, brl("0")),
    ),
    breaks=(
        BreakLine("brk_1", "Missing at provider", f"{BASE}/cases/{CASE}", "Our books have a capture of R$189.90 on 2018-03-01 that the report does not have.", brl("189.90"), "4 days", "stripe", "Capture att_01c8jk4w3y2f5q9v0a6d8e1g4h, R$185.53", ""),
        BreakLine("brk_2", "Missing in books", "", "The report has a capture of R$77.00 that nobody here knows.", brl("75.00"), "11 h", "stripe", "", "Capture ch_3MmlLrLkdIwHu7ix0snN0B15, R$75.00"),
    ),
    pages=Pages(next_href="#"),
    imports=(
        ImportLine("Settlement report", "stripe, stripe", 1_204, 0, "nightly", NOW),
        ImportLine("Bank statement", "camt.053", 61, 12, "ana@example.com", NOW),
    ),
)  # fmt: skip
LINES_VIEW = LinesView(
    title="Provider: stripe",
    tabs=(Choice("", "All", "#", True), Choice("open", "Open", "#")),
    lines=tuple(
        LineRow(f"rln_{nth}", "Capture", "Provider", "stripe", "att_01c8jk4w3y2f5q9v0a6d8e1g4h", PAYMENT, "#", Pill("Matched", Tone.GO), brl(f"{80 + nth}.10"), date(2018, 3, 14))
        for nth in range(6)
    ),
    pages=Pages(),
)  # fmt: skip

PAYOUT = "pot_01c8jk4w3y2f5q9v0a6d8e1g4h"
PAYOUT_VIEW = PayoutView(
    payout_id=PAYOUT,
    amount=brl("402.10"),
    state=state_pill("pending"),
    seller="Móveis Aurora",
    seller_href=f"{BASE}/sellers/{SELLER}",
    created_at=NOW,
    sentence="It goes to BR••••14P2 by a file for our bank, and is paid once the bank says so.",
    sums=(
        Movement("Had before", brl("0")),
        Movement("Sale", brl("489.90")),
        Movement("Commission", brl("-58.79")),
        Movement("Tax", brl("-8.23")),
        Movement("Payout", brl("-402.10")),
        Movement("Left after", brl("20.78"), is_total=True),
    ),
    currency="BRL",
    since=NOW - timedelta(days=7),
    statement_href="#",
    attempts=ATTEMPTS[:1],
    facts=(Fact("To", "BR••••14P2"), Fact("Batch", "pob_01c8jk4w3y2f5q9v0a6d8e1g4h", "#"), Fact("Exchanged from", "€80.00"), Fact("Rate", "5.02625 BRL for 1 EUR")),
    ledger_href="#",
    timeline=TIMELINE,
)  # fmt: skip
BATCH_LINE = BatchLine(
    "pob_01c8jk4w3y2f5q9v0a6d8e1g4h",
    f"{BASE}/payouts/batches/pob",
    "Payouts",
    "Bank file",
    state_pill("closed"),
    "waits to be handed over",
    210,
    brl("48220.10"),
    NOW,
)
BATCH_VIEW = BatchView(
    BATCH_LINE,
    "BANYAN-01C8JK.xml waits for somebody to give it to the bank.",
    (Fact("Run", "2018-03-14T06:00:00+00:00"), Fact("File", "BANYAN-01C8JK.xml"), Fact("Format", "pain.001.001.09")),
    tuple(replace(money_line(nth), subject="Móveis Aurora", note="BR••••14P2") for nth in range(5)),
    Pages(next_href="#"),
)  # fmt: skip

INVOICE = "inv_01c8jk4w3y2f5q9v0a6d8e1g4h"
INVOICE_LINE = InvoiceLine(
    "BR-2018-000042",
    f"{BASE}/invoices/{INVOICE}",
    Pill("Invoice", Tone.GO),
    "Móveis Aurora",
    f"{BASE}/sellers/{SELLER}",
    date(2018, 2, 1),
    date(2018, 2, 28),
    brl("1204.10"),
    brl("60.21"),
    brl("1264.31"),
    NOW,
)
INVOICES_VIEW = InvoicesView(
    tabs=(Choice("", "All", "#", True), Choice("credit_note", "Credit notes", "#")),
    invoices=tuple(
        replace(
            INVOICE_LINE,
            number=f"BR-2018-{42 - nth:06}",
            kind=Pill("Credit note", Tone.INFO) if nth == 1 else INVOICE_LINE.kind,
        )
        for nth in range(5)
    ),
    pages=Pages(next_href="#"),
    coverage=(
        CoverageLine(
            "BRL", True, (Fact("Invoiced", "R$8,204.10"), Fact("The ledger holds", "R$8,204.10"))
        ),
        CoverageLine("EUR", False, (Fact("Invoiced", "€10.00"),)),
    ),
    proof_href="#",
    is_filtered=False,
)
INVOICE_VIEW = InvoiceView(
    invoice_id=INVOICE,
    line=INVOICE_LINE,
    missing="tax number",
    facts=(Fact("Number", "BR-2018-000042"), Fact("Gross", "R$1,264.31")),
    document_href="#",
    csv_href="#",
    lines=tuple(BilledLine("Commission", "#", ORDER, "#", "BR-ISS 5 %", brl("22.79"), brl("1.14"), NOW) for _ in range(6)),
    pages=Pages(next_href="#"),
    credit_notes=(replace(INVOICE_LINE, number="BR-2018-C00003"),),
)  # fmt: skip

PERIOD_LINE = PeriodLine(
    "February 2018", f"{BASE}/ledger/periods/2018-02", Pill("Closed", Tone.GO), NOW, NOW, "3", None
)
PERIODS_VIEW = PeriodsView(
    periods=(
        PERIOD_LINE,
        replace(
            PERIOD_LINE,
            label="January 2018",
            state=Pill("Archived", Tone.GO),
            archived_at=NOW,
            open_holds="",
        ),
        replace(
            PERIOD_LINE,
            label="Until 17 Dec 2017",
            href="",
            state=Pill("Closed, balance follows", Tone.WAIT),
        ),
    ),
    pages=Pages(next_href="#"),
    seal=Pill("All sealed", Tone.GO),
    sentence="Everything recorded so far is sealed, last 4 min ago.",
    head="9f215cf04c5486422605d13261cb87401f4e7763b6296af81e98efbc0130da53",
    seals=tuple(
        SealLine(61 - nth, 10_000, f"{nth}f215cf04c5486422605d13261cb8740", NOW) for nth in range(4)
    ),
)
ACCOUNT_STATEMENT = StatementView(
    path=f"seller:{SELLER}:pending",
    currency="BRL",
    action="#",
    since=date(2018, 3, 1),
    until=date(2018, 3, 15),
    time="effective",
    times=(Choice("effective", "When it counts", "#", True), Choice("recorded", "When it was recorded", "#")),
    opening=brl("202.35"),
    moved=brl("957.20"),
    closing=brl("1159.55"),
    entries=ACCOUNT_VIEW.entries,
    pages=Pages(),
)  # fmt: skip


@dataclass(frozen=True)
class SignInView:
    csrf: str = "0"
    next: str = ""
    email: str = ""
    link_token: str = ""
    fault: str = ""


PAGES = (
    SamplePage(BASE, "home/home.html", frame("Overview", "home"), HOME_VIEW),
    SamplePage(f"{BASE}/orders", "orders/list.html", frame("Orders", "orders"), ORDERS_VIEW),
    SamplePage(f"{BASE}/orders/{ORDER}", "orders/order.html", frame(f"Order {ORDER[:12]}", "orders", Crumb("Orders", f"{BASE}/orders"), Crumb(ORDER)), ORDER_VIEW),
    SamplePage(f"{BASE}/orders/settled", "orders/order.html", frame("Order", "orders"), SETTLED_VIEW),
    SamplePage(f"{BASE}/cases", "cases/list.html", frame("Cases", "cases"), CASES_VIEW),
    SamplePage(f"{BASE}/cases/{CASE}", "cases/case.html", replace(frame("Case", "cases"), toast=Toast("Assigned to you.")), CaseView(NOW, CARD, TIMELINE)),
    SamplePage(f"{BASE}/sellers", "sellers/list.html", frame("Sellers", "sellers"), SellersView("", (Choice("", "Any state"),), (SELLER_LINE,) * 8, Pages(), False)),
    SamplePage(f"{BASE}/sellers/{SELLER}", "sellers/seller.html", frame("Móveis Aurora", "sellers"), SELLER_VIEW),
    SamplePage(f"{BASE}/payments", "payments/list.html", frame("Payments", "payments"), PAYMENTS_VIEW),
    SamplePage(f"{BASE}/payments/{PAYMENT}", "payments/payment.html", frame("Payment", "payments"), PAYMENT_VIEW),
    SamplePage(f"{BASE}/payments/status", "payments/status.html", frame("Payments status", "payments", Crumb("Payments", f"{BASE}/payments"), Crumb("Status")), RELIABILITY_VIEW),
    SamplePage("/console/empty-status", "payments/status.html", frame("Payments status", "payments"), replace(RELIABILITY_VIEW, approvals=(), transit=())),
    SamplePage(f"{BASE}/disputes/{DISPUTE}", "disputes/dispute.html", frame("Dispute", "disputes", Crumb("Disputes", f"{BASE}/disputes"), Crumb(DISPUTE)), DISPUTE_VIEW),
    SamplePage("/console/quiet-dispute", "disputes/dispute.html", frame("Dispute", "disputes"), replace(DISPUTE_VIEW, state=state_pill("won"), respond_by=None, case=None, moves=(), answers=(), timeline=(), decision="The rule decided to contest: the evidence is strong.")),
    SamplePage(f"{BASE}/payouts/batches", "payouts/batches.html", frame("Batches", "payouts"), BatchesView((BATCH_LINE, replace(BATCH_LINE, what="Debits of sellers", way="stripe", file="", state=state_pill("open"), count=0, total=brl("0"))), Pages())),
    SamplePage("/console/empty-batches", "payouts/batches.html", frame("Batches", "payouts"), BatchesView((), Pages())),
    SamplePage(f"{BASE}/payouts/batches/pob", "payouts/batch.html", frame("Batch", "payouts"), BATCH_VIEW),
    SamplePage(f"{BASE}/payouts/{PAYOUT}", "payouts/payout.html", frame("Payout", "payouts"), PAYOUT_VIEW),
    SamplePage("/console/new-payout", "payouts/payout.html", frame("Payout", "payouts"), replace(PAYOUT_VIEW, attempts=(), timeline=())),
    SamplePage(f"{BASE}/invoices", "invoices/list.html", frame("Invoices", "invoices"), INVOICES_VIEW),
    SamplePage("/console/empty-invoices", "invoices/list.html", frame("Invoices", "invoices"), replace(INVOICES_VIEW, invoices=(), coverage=())),
    SamplePage(f"{BASE}/invoices/{INVOICE}", "invoices/invoice.html", frame("Invoice", "invoices", Crumb("Invoices", f"{BASE}/invoices"), Crumb("BR-2018-000042")), INVOICE_VIEW),
    SamplePage(f"{BASE}/ledger/periods", "ledger/periods.html", frame("Months", "ledger"), PERIODS_VIEW),
    SamplePage("/console/empty-periods", "ledger/periods.html", frame("Months", "ledger"), replace(PERIODS_VIEW, periods=(), head="", seals=(), pages=Pages())),
    SamplePage(f"{BASE}/ledger/periods/2018-02", "ledger/period.html", frame("Month 2018-02", "ledger"), PeriodView(PERIOD_LINE, (TRIAL,))),
    SamplePage("/console/empty-period", "ledger/period.html", frame("Month", "ledger"), PeriodView(PERIOD_LINE, ())),
    SamplePage(f"{BASE}/ledger/accounts/a/statement", "ledger/statement.html", frame("Statement", "ledger"), ACCOUNT_STATEMENT),
    SamplePage("/console/empty-statement", "ledger/statement.html", frame("Statement", "ledger"), replace(ACCOUNT_STATEMENT, entries=())),
    SamplePage(f"{BASE}/reconciliation", "reconciliation/overview.html", frame("Reconciliation", "reconciliation"), RECONCILIATION_VIEW),
    SamplePage(f"{BASE}/reconciliation/lines", "reconciliation/lines.html", frame("Lines", "reconciliation"), LINES_VIEW),
    SamplePage("/console/empty-reconciliation", "reconciliation/overview.html", frame("Reconciliation", "reconciliation"), replace(RECONCILIATION_VIEW, standings=(), breaks=(), imports=())),
    SamplePage("/console/quiet-reconciliation", "reconciliation/overview.html", frame("Reconciliation", "reconciliation"), replace(RECONCILIATION_VIEW, breaks=(), imports=())),
    SamplePage(f"{BASE}/ledger", "ledger/ledger.html", frame("Ledger", "ledger"), LEDGER_VIEW),
    SamplePage(f"{BASE}/ledger/accounts/a", "ledger/account.html", frame("Account", "ledger"), ACCOUNT_VIEW),
    SamplePage(f"{BASE}/ledger/transfers/{TRANSFER}", "ledger/transfer.html", frame("Transfer", "ledger"), TRANSFER_VIEW),
    SamplePage(f"{BASE}/events", "events/list.html", frame("Events", "events"), EVENTS_VIEW),
    SamplePage(f"{BASE}/events/18204", "events/event.html", frame("Event", "events"), EVENT_VIEW),
    SamplePage("/console/health", "health/health.html", frame("Health", "health"), HEALTH_VIEW),
    SamplePage("/console/audit", "health/audit.html", frame("Audit", "audit", is_live=True), AUDIT_VIEW),
    SamplePage("/console/empty", "home/home.html", frame("Overview", "home"), replace(HOME_VIEW, days=(), needs=(), needs_total=0, latest=())),
    SamplePage("/console/empty-orders", "orders/list.html", frame("Orders", "orders"), replace(ORDERS_VIEW, orders=(), pages=Pages())),
    SamplePage("/console/empty-cases", "cases/list.html", frame("Cases", "cases"), replace(CASES_VIEW, cases=())),
    SamplePage("/console/empty-ledger", "ledger/ledger.html", frame("Ledger", "ledger"), replace(LEDGER_VIEW, totals=(), accounts=(), proof=None)),
)  # fmt: skip
