"""One payout and what it is made up of, the batches that payouts leave in, statements."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from starlette.responses import Response

from banyan.console.documents import document, download
from banyan.console.look import day_of, money, state_pill, words
from banyan.console.money import attempt_lines, payout_line
from banyan.console.story import timeline
from banyan.console.views.frame import Crumb, Fact, Pages
from banyan.console.views.orders import Movement
from banyan.console.views.payouts import (
    BatchesView,
    BatchLine,
    BatchView,
    DatedLine,
    FundsCard,
    PayoutView,
)
from banyan.console.visit import Shown, Visit
from banyan.kernel import LIMIT_DEFAULT, Money
from banyan.parties import SELLER, Seller, find_seller, get_seller, sellers_by_id
from banyan.payments import (
    BATCH,
    PAYOUT,
    BankFile,
    BankFileNotFound,
    InvalidPeriod,
    Payout,
    PayoutBatch,
    Schedule,
    SellerDebt,
    SellerMoney,
    SellerStatement,
    attempts_of_payout,
    check_days,
    debts_of,
    get_bank_file,
    get_payout,
    get_payout_batch,
    get_payout_settings,
    list_payout_batches,
    list_payouts,
    payout_schedule_of,
    seller_money,
    seller_statement,
    start_of,
    statement_csv,
    statement_of_payout,
    statement_page,
)
from banyan.runtime import events_of

_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_HELD = {"held": "delayed by the seller's terms", "reserve": "freed from the reserve"}


async def show_payout(visit: Visit) -> Shown:
    payout = await get_payout(visit.tx, PAYOUT.parse(visit.path("payout_id")))
    text, seller_id = PAYOUT.text(payout.payout_id), SELLER.text(payout.seller_id)
    seller = await find_seller(visit.tx, payout.seller_id)
    made_of = await statement_of_payout(visit.tx, payout.payout_id)
    attempts = await attempts_of_payout(visit.tx, payout.payout_id)
    view = PayoutView(
        payout_id=text,
        amount=payout.amount,
        state=state_pill(payout.state),
        seller=seller.name if seller else seller_id,
        seller_href=visit.href(f"sellers/{seller_id}"),
        created_at=payout.created_at,
        sentence=_told(payout),
        sums=_sums(made_of),
        currency=made_of.currency,
        since=made_of.from_at,
        statement_href=visit.href(f"payouts/{text}/statement"),
        attempts=attempt_lines(attempts),
        facts=tuple(_facts(visit, payout)),
        ledger_href=visit.href("ledger/transfers", subject=text),
        timeline=timeline(await events_of(visit.tx, text), visit.base),
    )
    crumbs = (Crumb("Payouts", visit.href("payouts")), Crumb(text))
    return Shown(
        "payouts/payout.html", f"Payout {text}", "payouts", view, crumbs, live_subjects=(text,)
    )


async def show_payout_statement(visit: Visit) -> Response:
    """What a payout is made up of, as the seller reads it, for print."""
    payout_id = PAYOUT.parse(visit.path("payout_id"))
    return document(statement_page(await statement_of_payout(visit.tx, payout_id)))


async def show_seller_statement(visit: Visit) -> Response:
    """A seller's account between two days, for print or (``format=csv``) for a spreadsheet."""
    seller = await get_seller(visit.tx, SELLER.parse(visit.path("seller_id")))
    from_on, until_on = _day(visit, "from"), _day(visit, "until")
    check_days(from_on, until_on)
    settings = await get_payout_settings(visit.tx)
    made = await seller_statement(
        visit.tx,
        seller.seller_id,
        visit.query.get("currency") or seller.currency,
        start_of(from_on, settings),
        start_of(until_on, settings),
    )
    if visit.query.get("format") != "csv":
        return document(statement_page(made))
    name = f"statement-{from_on}-{until_on}-{made.currency}.csv"
    return download(name, "text/csv; charset=utf-8", statement_csv(made))


async def show_batches(visit: Visit) -> Shown:
    cursor = visit.query.get("cursor")
    page = await list_payout_batches(visit.tx, limit=LIMIT_DEFAULT, cursor=cursor)
    lines = [_batch_line(visit, batch, await _file(visit, batch)) for batch in page.data]
    view = BatchesView(tuple(lines), _pages(visit, page.next_cursor))
    crumbs = (Crumb("Payouts", visit.href("payouts")), Crumb("Batches"))
    return Shown("payouts/batches.html", "Batches", "payouts", view, crumbs)


async def show_batch(visit: Visit) -> Shown:
    batch = await get_payout_batch(visit.tx, BATCH.parse(visit.path("batch_id")))
    file = await _file(visit, batch)
    page = await list_payouts(
        visit.tx, batch_id=batch.batch_id, limit=LIMIT_DEFAULT, cursor=visit.query.get("cursor")
    )
    sellers = await sellers_by_id(visit.tx, [payout.seller_id for payout in page.data])
    line = _batch_line(visit, batch, file)
    view = BatchView(
        line=line,
        sentence=_batch_told(batch, file),
        facts=tuple(_batch_facts(batch, file)),
        payouts=tuple(payout_line(visit, payout, sellers) for payout in page.data),
        pages=_pages(visit, page.next_cursor),
    )
    crumbs = (
        Crumb("Payouts", visit.href("payouts")),
        Crumb("Batches", visit.href("payouts/batches")),
        Crumb(line.batch_id),
    )
    return Shown("payouts/batch.html", f"Batch {line.batch_id}", "payouts", view, crumbs)


async def funds_of(visit: Visit, seller: Seller) -> tuple[FundsCard, ...]:
    """Where a seller's money is: when the next is paid out, and what stands in the way."""
    schedule = await payout_schedule_of(visit.tx, seller.seller_id)
    settings = await get_payout_settings(visit.tx)
    debts = {debt.currency: debt for debt in await debts_of(visit.tx, seller.seller_id)}
    today = visit.tx.now.astimezone(ZoneInfo(settings.time_zone)).date()
    return tuple(
        _funds(visit, seller, one, schedule, debts.get(one.currency), today)
        for one in await seller_money(visit.tx, seller.seller_id)
    )


def _funds(
    visit: Visit,
    seller: Seller,
    one: SellerMoney,
    schedule: Schedule,
    debt: SellerDebt | None,
    today: date,
) -> FundsCard:
    facts = [Fact("Schedule", _schedule_told(schedule))]
    if schedule.minimum_minor:
        facts.append(
            Fact("Less than", money(Money.of(schedule.minimum_minor, one.currency)) + " waits")
        )
    if one.on_its_way.minor:
        facts.append(Fact("On its way to the bank", money(one.on_its_way)))
    if debt is not None:
        owed = Money.of(max(0, -one.balance.available.minor), one.currency)
        since = day_of(debt.opened_at)
        facts.append(Fact("Owes us", f"{money(owed)} since {since}, {words(debt.state).lower()}"))
    return FundsCard(
        currency=one.currency,
        is_held=bool(one.held_reasons),
        sentence=_funds_told(one),
        reasons=one.held_reasons,
        facts=tuple(facts),
        dated=tuple(DatedLine(it.on, _HELD[it.kind], it.amount) for it in one.dated),
        statement_href=visit.href(f"sellers/{SELLER.text(seller.seller_id)}/statement"),
        from_on=today.replace(day=1),
        until_on=today + timedelta(days=1),
    )


def _funds_told(one: SellerMoney) -> str:
    available = one.balance.available
    if available.minor < 0:
        return f"The seller owes {money(-available)}; later sales fill it by themselves."
    if one.held_reasons:
        return "Nothing is paid out for now:"
    if one.next_payout_on is None:
        return f"{money(available)} is available and paid out by hand."
    day = day_of(one.next_payout_on)
    if not available.minor:
        return f"Nothing is available now; the next day of payouts is {day}."
    return f"{money(available)} is available and goes out on {day}."


def _schedule_told(schedule: Schedule) -> str:
    match schedule.cadence:
        case "weekly":
            when = f"every {_DAYS[(schedule.weekday or 1) - 1]}"
        case "monthly":
            when = f"on day {schedule.month_day} of the month"
        case "manual":
            when = "by hand"
        case "daily":
            when = "every day"
    if not schedule.delay_days:
        return when.capitalize()
    days = "1 day" if schedule.delay_days == 1 else f"{schedule.delay_days} days"
    return f"{when.capitalize()}, {days} after the sale is settled"


def _told(payout: Payout) -> str:
    """What the page answers first: where is the money?"""
    where = payout.masked_destination
    why = words(payout.failure_code).lower() if payout.failure_code else "no reason was given"
    match payout.state:
        case "paid":
            return f"It has reached {where}."
        case "failed":
            return f"{where} did not take it ({why}). The money is available to the seller again."
        case "returned":
            return f"{where} sent it back ({why}). The money is available to the seller again."
        case "cancelled":
            return "It was cancelled before it left. The money is available to the seller again."
        case "pending" if payout.rail == "bank":
            return f"It goes to {where} by a file for our bank, and is paid once the bank says so."
        case "pending":
            return f"{payout.provider} has been asked to pay {where}; it has not confirmed yet."


def _sums(made_of: SellerStatement) -> tuple[Movement, ...]:
    zero = Money.zero(made_of.currency)
    totals: dict[str, Money] = {}
    for line in made_of.lines:
        totals[line.kind] = totals.get(line.kind, zero) + line.amount
    return (
        Movement("Had before", made_of.opening.total),
        *(Movement(words(kind), total) for kind, total in totals.items() if total.minor),
        Movement("Left after", made_of.closing.total, is_total=True),
    )


def _facts(visit: Visit, payout: Payout) -> list[Fact]:
    facts = [
        Fact("To", payout.masked_destination),
        Fact("Way", "Bank file" if payout.rail == "bank" else "Provider"),
        Fact("Provider", payout.provider),
    ]
    if payout.batch_id:
        batch = BATCH.text(payout.batch_id)
        facts.append(Fact("Batch", batch, visit.href(f"payouts/batches/{batch}")))
    if payout.source:
        facts.append(Fact("Exchanged from", money(payout.source)))
        facts.append(
            Fact("Rate", f"{payout.rate:f} {payout.currency} for 1 {payout.source_currency}")
        )
    if payout.finished_at:
        facts.append(Fact("Finished", f"{payout.finished_at:%d %b %Y, %H:%M}"))
    return facts


async def _file(visit: Visit, batch: PayoutBatch) -> BankFile | None:
    if batch.rail != "bank":
        return None
    try:
        return await get_bank_file(visit.tx, batch.batch_id)
    except BankFileNotFound:
        return None


def _batch_line(visit: Visit, batch: PayoutBatch, file: BankFile | None) -> BatchLine:
    text = BATCH.text(batch.batch_id)
    return BatchLine(
        batch_id=text,
        href=visit.href(f"payouts/batches/{text}"),
        what="Payouts" if batch.kind == "payout" else "Debits of sellers",
        way="Bank file" if batch.rail == "bank" else batch.provider,
        state=state_pill(batch.state),
        file=_file_told(batch, file),
        count=batch.count,
        total=batch.total,
        at=batch.created_at,
    )


def _file_told(batch: PayoutBatch, file: BankFile | None) -> str:
    if batch.rail != "bank":
        return ""
    if file is None:
        return "not written yet"
    return "handed over" if file.handed_over_at else "waits to be handed over"


def _batch_told(batch: PayoutBatch, file: BankFile | None) -> str:
    if batch.state == "open":
        return "It is still being filled; count and total stand when it is closed."
    if batch.rail != "bank":
        return f"{batch.provider} was asked for each of them on its own."
    if file is None:
        return "Its file for the bank is written by the next job."
    if file.handed_over_at is None:
        return f"{file.name} waits until somebody gives it to the bank and notes so by the API."
    return f"{file.name} was given to the bank by {file.handed_over_by}."


def _batch_facts(batch: PayoutBatch, file: BankFile | None) -> list[Fact]:
    facts = [Fact("Run", batch.run), Fact("Way", batch.rail.capitalize())]
    facts += [Fact("Provider", batch.provider), Fact("Count", f"{batch.count:,}")]
    if batch.closed_at:
        facts.append(Fact("Closed", f"{batch.closed_at:%d %b %Y, %H:%M}"))
    if file:
        facts += [Fact("File", file.name), Fact("Format", file.format)]
        facts.append(Fact("Written", f"{file.created_at:%d %b %Y, %H:%M}"))
    if file and file.handed_over_at:
        facts.append(Fact("Handed over", f"{file.handed_over_at:%d %b %Y, %H:%M}"))
    return facts


def _day(visit: Visit, name: str) -> date:
    try:
        return date.fromisoformat(visit.query.get(name, ""))
    except ValueError:
        raise InvalidPeriod("A statement needs two days, from and until, as 2018-03-01.") from None


def _pages(visit: Visit, next_cursor: str | None) -> Pages:
    return Pages(
        first_href=visit.again(cursor=None) if visit.query.get("cursor") else "",
        next_href=visit.again(cursor=next_cursor) if next_cursor else "",
    )
