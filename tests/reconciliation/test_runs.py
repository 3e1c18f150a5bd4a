"""Runs against a real ledger: what matches is booked once, undone exactly, and breaks are cases."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import pytest

from banyan import fx, ledger, operations, payments, reconciliation
from banyan.kernel import Money
from banyan.payments import Sandbox
from banyan.payments.providers import DisputeReport, Providers
from banyan.payments.service import disputes
from banyan.reconciliation import (
    LineNotOpen,
    LinesDontMatch,
    MatchNotActive,
    StatementDiffers,
    Tolerance,
    ToleranceRule,
)
from banyan.runtime import Database
from tests.payments.test_failover import connect, prefer
from tests.reconciliation.conftest import Books, capture_row

SETTLED = "s1,settlement,2018-03-02,BRL,-50.00,0.00,-50.00,,SET-20180301-x,,SET-20180301-x,"


async def _captured(books: Books) -> reconciliation.StoredLine:
    """The line of our books about one payment of 100.00 BRL, of which the provider keeps 3.20."""
    await books.pay()
    await books.later(hours=1)
    await books.reconcile()
    [line] = await books.lines(side="books")
    return line


async def test_our_books_become_lines_once(books: Books) -> None:
    line = await _captured(books)
    assert (line.type, line.gross_minor, line.fee_minor) == ("capture", 10_000, 320)
    await books.later(hours=3)
    assert (await books.reconcile()).collected == 0


async def test_the_entries_explain_what_the_provider_holds(books: Books) -> None:
    """Every kind of operation: their sum is the balance of the ledger's account."""
    refunded = await books.pay(order="ord_1")
    await books.refund(refunded, 2_500)
    await books.pay("tok_dispute_lost", order="ord_2")
    await books.pay("tok_dispute_won", order="ord_3")
    paid = await books.pay(order="ord_4")
    await books.release(paid)
    abroad = await books.pay("tok_settled_in_usd_dispute_lost", order="ord_5")
    await books.refund(abroad, 2_500)
    await books.refund(await books.pay("tok_refund_returned", order="ord_6"), 1_500)
    await books.run()
    async with books.begin() as tx:
        await payments.run_payouts(tx)
    await books.later(days=16)
    await books.later(hours=1)
    await books.reconcile()
    lines = await books.lines(side="books")
    assert {line.type for line in lines} >= {
        "capture",
        "refund",
        "refund_return",
        "chargeback",
        "dispute_fee",
        "payout",
    }
    booked = Counter[str]()
    for line in lines:
        booked[line.currency] += line.net_minor
    async with books.begin() as tx:
        held = {it.currency: it.at_provider.minor for it in await payments.summary(tx)}
    assert held == {currency: booked[currency] for currency in held}
    assert {*booked} == {"BRL", "USD"}
    await books.check()


async def test_report_and_statement_settle_to_the_bank(books: Books) -> None:
    line = await _captured(books)
    await books.report(capture_row(line, "100.00", "3.20", "96.80"), SETTLED)
    await books.bank_says("50,00", "SANDBOX SET-20180301-x")
    await books.run()
    assert {line.state for line in await books.lines()} == {"matched"}
    assert await books.balance("platform:bank") == -5_000, "an asset is debited"
    assert await books.at_provider() == 9_680 - 5_000
    assert await books.breaks() == []
    await books.check()


async def test_running_again_books_nothing_more(books: Books) -> None:
    line = await _captured(books)
    await books.report(capture_row(line, "100.00", "3.20", "96.80"), SETTLED)
    await books.bank_says("50,00", "SANDBOX SET-20180301-x")
    await books.run()
    again = await books.reconcile()
    assert (again.matched, again.opened, again.closed) == (0, 0, 0)
    assert await books.balance("platform:bank") == -5_000


async def test_undoing_reverses_and_it_stays_apart_until_matched_by_hand(books: Books) -> None:
    line = await _captured(books)
    await books.report(capture_row(line, "100.00", "3.20", "96.80"), SETTLED)
    await books.bank_says("50,00", "SANDBOX SET-20180301-x")
    await books.run()
    [match] = [one for one in await books.matches() if one.comparison == "settlements"]
    for _ in range(2):
        async with books.begin() as tx:
            undone = await reconciliation.undo_match(tx, match.match_id, reason="No.", by="ann")
    assert (undone.undone_by, undone.undone_reason) == ("ann", "No.")
    with pytest.raises(MatchNotActive):
        async with books.begin() as tx:
            await reconciliation.undo_match(tx, match.match_id, reason="Other.", by="bob")
    assert await books.balance("platform:bank") == 0
    await books.check()
    await books.run()
    assert await books.balance("platform:bank") == 0, "no run makes it again"
    cases = await books.cases()
    assert {"ann: No." in case.reason for case in cases} == {True}

    lines = [line.line_id for line in await books.lines(state="open")]
    async with books.begin() as tx:
        await reconciliation.match_by_hand(tx, lines, note="It was right.", by="ann")
    await books.run()
    assert await books.balance("platform:bank") == -5_000
    assert await books.cases() == []
    await books.check()


async def test_a_tolerated_difference_is_booked(books: Books) -> None:
    async with books.begin() as tx:
        await reconciliation.set_tolerance(
            tx, ToleranceRule(comparison="settlements", tolerance=Tolerance(amount_minor=25))
        )
    line = await _captured(books)
    await books.report(capture_row(line, "100.00", "3.20", "96.80"), SETTLED)
    await books.bank_says("49,90", "SANDBOX SET-20180301-x")
    await books.run()
    assert await books.balance("platform:bank") == -4_990
    assert await books.balance("platform:reconciliation_differences") == -10
    assert await books.at_provider() == 9_680 - 5_000
    await books.check()


async def test_what_the_provider_keeps_in_another_currency(books: Books) -> None:
    line = await _captured(books)
    async with books.begin() as tx:
        header = "line,type,date,currency,gross,fee,net,key,original_amount,original_currency,batch"
        row = f"r1,capture,2018-03-01,EUR,25.00,0.80,24.20,{line.key},100.00,BRL,"
        await reconciliation.import_report(
            tx, "sandbox", "banyan", f"{header}\n{row}".encode(), by="ann"
        )
    await books.run()
    [match] = await books.matches()
    assert match.rule == "converted"
    async with books.begin() as tx:
        balances = await ledger.balances(tx, ["provider:sandbox:receivable", "fx:position"])
        assert (await fx.positions(tx)).is_balanced
    posted = {(one.path, one.currency): one.posted.minor for one in balances}
    assert posted == {
        ("provider:sandbox:receivable", "BRL"): 0,
        ("provider:sandbox:receivable", "EUR"): -2_420,
        ("fx:position", "BRL"): -9_680,
        ("fx:position", "EUR"): 2_420,
    }
    await books.check()
    async with books.begin() as tx:
        await reconciliation.undo_match(tx, match.match_id, reason="No.", by="ann")
    assert await books.at_provider() == 9_680
    await books.check()


async def test_what_cannot_be_booked_is_a_break_and_holds_nothing_up(books: Books) -> None:
    line = await _captured(books)
    async with books.begin() as tx:
        tolerance = Tolerance(fee_minor=5_000)
        await reconciliation.set_tolerance(
            tx, ToleranceRule(comparison="operations", tolerance=tolerance)
        )
        header = "line,type,date,currency,gross,fee,net,key,original_amount,original_currency,batch"
        row = f"r1,capture,2018-03-01,EUR,25.00,25.00,0.00,{line.key},100.00,BRL,"
        await reconciliation.import_report(
            tx, "sandbox", "banyan", f"{header}\n{row}".encode(), by="ann"
        )
    await books.report(SETTLED)
    await books.bank_says("50,00", "SANDBOX SET-20180301-x")
    await books.run()
    assert await books.breaks() == ["currency_differs"]
    [case] = await books.cases()
    assert "can't be booked: 96.80 BRL for 0.00 EUR is not a trade" in case.reason
    assert [match.rule for match in await books.matches()] == ["reference"]
    assert await books.balance("platform:bank") == -5_000
    await books.reconcile()
    assert [one.case_id for one in await books.cases()] == [case.case_id]
    await books.check()


async def test_lines_of_a_provider_that_nobody_knows_hold_nothing_up(books: Books) -> None:
    await books.report(SETTLED)
    async with books.begin() as tx:  # it was taken in before names were looked at
        await tx.execute("update reconciliation.lines set source = 'my shop'")
    await books.bank_says("50,00", "SANDBOX SET-20180301-x")
    await books.run()
    assert await books.breaks() == ["amount_differs"]
    assert await books.balance("platform:bank") == 0
    lines = [one.line_id for one in await books.lines()]
    async with books.begin() as tx:
        with pytest.raises(LinesDontMatch, match="connected under the name 'my shop'"):
            await reconciliation.match_by_hand(tx, lines, note="It is.", by="ann")


@pytest.mark.parametrize("fee", ["0.00", "15.00"])
@pytest.mark.parametrize("ends", ["won", "lost"])
async def test_a_chargeback_that_is_told_when_it_opens_waits(
    books: Books, fee: str, ends: str
) -> None:
    line = await _captured(books)
    told = DisputeReport(
        "dp_1", line.group, Money.parse("100.00", "BRL"), Money.parse(fee, "BRL"), "open", "No.",
        reason_code="13.1",
    )  # fmt: skip
    async with books.begin() as tx:
        await disputes.apply_report(tx, told)
    taken, taken_back = "-100.00", "r3,chargeback_reversal,2018-03-20,BRL,100.00,0.00,100.00"
    net = f"-{100 + int(float(fee))}.00"
    await books.report(
        capture_row(line, "100.00", "3.20", "96.80"),
        f"r2,chargeback,2018-03-02,BRL,{taken},{fee},{net},,dp_1,{line.group},,",
        "r9,chargeback,2018-03-02,BRL,-1.00,0.00,-1.00,,dp_9,,,",
    )
    await books.run()
    assert await books.breaks() == ["unknown_reference"], "only of dp_9, which nobody knows"
    await books.later(days=10)
    await books.reconcile()
    assert await books.breaks() == ["unknown_reference"]
    async with books.begin() as tx:
        await disputes.apply_report(tx, replace(told, state=ends))
    await books.later(days=1)
    await books.reconcile()
    if ends == "won":
        await books.report(f"{taken_back},,dp_1,{line.group},,")
        await books.run()
    await books.later(days=10)
    await books.reconcile()
    assert await books.breaks() == ["unknown_reference"]
    assert [one.reference for one in await books.lines(state="open")] == ["dp_9"]
    await books.check()


async def test_a_break_is_a_case_and_closes_when_the_missing_side_arrives(books: Books) -> None:
    line = await _captured(books)
    await books.later(days=5)
    await books.reconcile()
    [case] = await books.cases()
    assert (case.kind, case.at_risk) == (
        "reconciliation.missing_at_provider", Money.of(9_680, "BRL"),
    )  # fmt: skip
    assert case.resolutions == ["link_by_hand", "ask_provider", "wait"], "too much to give up"
    assert case.evidence["line"]["key"] == line.key
    await books.report(capture_row(line, "100.00", "3.20", "96.80"))
    await books.run()
    assert (await books.cases(), await books.breaks()) == ([], [])
    [withdrawn] = await books.cases(is_open=False)
    assert withdrawn.state == "withdrawn"


async def test_a_small_break_can_be_given_up(books: Books) -> None:
    line = await _captured(books)
    await books.report(capture_row(line, "100.00", "3.70", "96.30"))
    await books.run()
    [case] = await books.cases()
    assert (case.kind, case.at_risk) == ("reconciliation.fee_differs", Money.of(50, "BRL"))
    async with books.begin() as tx:
        await operations.resolve_case(tx, case.case_id, "write_off", note="Tiny.", actor="ann")
    await books.run()
    [match] = await books.matches()
    assert (match.rule, match.made_by, match.reason) == ("written_off", "ann", "Tiny.")
    assert await books.balance("platform:reconciliation_differences") == -50
    assert await books.at_provider() == 9_630, "what the report says"
    assert await books.breaks() == []
    await books.check()


async def test_a_line_of_one_side_can_be_given_up(books: Books) -> None:
    await _captured(books)
    await books.report("f1,fee,2018-02-01,BRL,-2.00,0.00,-2.00,,,,,Monthly")
    await books.run()
    [case] = await books.cases()
    assert case.kind == "reconciliation.missing_in_books"
    async with books.begin() as tx:
        await operations.resolve_case(tx, case.case_id, "write_off", note="", actor="ann")
    await books.run()
    assert await books.at_provider() == 9_680 - 200
    await books.check()


async def test_a_charge_of_the_bank_can_be_given_up(books: Books) -> None:
    await _captured(books)
    await books.statement(
        b":20:S1\n:25:BR001\n:28C:1\n:60F:C180201BRL10,00\n:61:1802010201D1,50NCHGNONREF\n"
        b":62F:C180201BRL8,50\n"
    )
    await books.run()
    [case] = await books.cases()
    async with books.begin() as tx:
        await operations.resolve_case(tx, case.case_id, "write_off", note="", actor="ann")
    await books.run()
    assert await books.balance("platform:bank") == 150
    assert await books.balance("platform:reconciliation_differences") == -150
    await books.check()


async def test_waiting_asks_again_later(books: Books) -> None:
    await _captured(books)
    await books.later(days=5)
    await books.reconcile()
    [case] = await books.cases()
    async with books.begin() as tx:
        await operations.resolve_case(tx, case.case_id, "wait", note="", actor="ann")
    await books.run()
    await books.reconcile()
    assert (await books.cases(), await books.breaks()) == ([], ["missing_at_provider"])
    await books.later(days=5)
    await books.reconcile()
    [again] = await books.cases()
    assert again.case_id != case.case_id
    await books.later(days=1)
    await books.reconcile()
    assert [one.case_id for one in await books.cases()] == [again.case_id]
    async with books.begin() as tx:
        await operations.resolve_case(tx, again.case_id, "wait", note="", actor="ann")
    await books.run()
    await books.reconcile()
    assert await books.cases() == []
    await books.later(days=5)
    await books.reconcile()
    assert len(await books.cases()) == 1


async def test_waiting_for_a_batch_that_is_wrong_asks_again_later(books: Books) -> None:
    line = await _captured(books)
    row = capture_row(line, "100.00", "3.20", "96.80").removesuffix(",,")
    await books.report(f"{row},SET-20180301-x,", SETTLED)
    await books.bank_says("50,00", "SANDBOX SET-20180301-x")
    await books.run()
    assert {one.state for one in await books.lines()} == {"matched"}
    [case] = await books.cases()
    async with books.begin() as tx:
        await operations.resolve_case(tx, case.case_id, "wait", note="", actor="ann")
    await books.run()
    await books.reconcile()
    assert (await books.cases(), await books.breaks()) == ([], ["amount_differs"])
    await books.later(days=6)
    await books.reconcile()
    [again] = await books.cases()
    assert again.case_id != case.case_id


async def test_files_come_in_once_and_lines_once(books: Books) -> None:
    line = await _captured(books)
    row = capture_row(line, "100.00", "3.20", "96.80")
    first = await books.report(row)
    assert await books.report(row) == first
    second = await books.report(row, capture_row(line, "100.00", "3.20", "96.80", "r2"))
    assert (second.lines, second.repeated) == (2, 1)
    await books.run()
    assert await books.breaks() == ["duplicate"]


async def test_nothing_of_a_malformed_file_is_imported(books: Books) -> None:
    with pytest.raises(reconciliation.MalformedReport):
        await books.report(
            "a,capture,2018-03-01,BRL,1,0,1,,,,,", "b,gift,2018-03-01,BRL,1,0,1,,,,,"
        )
    assert await books.lines() == []


async def test_statements_follow_one_another(books: Books) -> None:
    await books.bank_says("10,00", "A")
    await books.bank_says("25,00", "C", number=3, opening="20,00", closing="45,00")
    await books.reconcile()
    gap = [case for case in await books.cases() if case.kind.endswith("statement_gap")]
    assert [case.at_risk for case in gap] == [Money.of(1_000, "BRL")]
    with pytest.raises(StatementDiffers):
        await books.bank_says("11,00", "A")
    async with books.begin() as tx:
        statements = (await reconciliation.list_statements(tx, limit=5)).data
    assert {one.sequence: one.gap_minor for one in statements} == {1: 0, 3: 1_000}


async def test_matching_by_hand_is_bounded(books: Books) -> None:
    line = await _captured(books)
    await books.report(capture_row(line, "80.00", "3.20", "76.80"))
    await books.run()
    ids = [one.line_id for one in await books.lines()]
    with pytest.raises(LinesDontMatch, match=r"20\.00 BRL apart"):
        async with books.begin() as tx:
            await reconciliation.match_by_hand(tx, ids, note="It is.", by="ann")
    with pytest.raises(LinesDontMatch, match="two sides"):
        async with books.begin() as tx:
            await reconciliation.match_by_hand(tx, ids[:1], note="It is.", by="ann")
    async with books.begin() as tx:
        await reconciliation.set_tolerance(
            tx,
            ToleranceRule(comparison="operations", tolerance=Tolerance(write_off_minor=2_000)),
        )
        await reconciliation.match_by_hand(tx, ids, note="It is.", by="ann")
    with pytest.raises(LineNotOpen):
        async with books.begin() as tx:
            await reconciliation.match_by_hand(tx, ids, note="It is.", by="ann")
    await books.check()


async def test_the_sandbox_reports_settles_and_everything_matches(books: Books) -> None:
    """Every night, by itself: books, report and bank agree to the cent."""
    await books.schedule()
    for number, token in enumerate(
        ["tok_visa", "tok_dispute_lost", "tok_visa", "tok_dispute_won", "tok_timeout"]
    ):
        payment_id = await books.pay(token, order=f"ord_{number}")
        await books.release(payment_id)
        await books.later(days=1)
    await books.refund(payment_id, 1_000)
    for number, token in enumerate(["tok_visa", "tok_push_paid", "tok_push_paid_late"]):
        await books.create(token, order=f"ord_at_once_{number}", method="pix")
    slip = await books.create(order="ord_slip", method="boleto")
    await books.run()
    returned = await books.refund(slip)
    async with books.begin() as tx:
        await payments.send_refund_again(tx, returned, destination="bank_returned")
    await books.refund(await books.pay("tok_refund_returned", order="ord_back"), 1_000)
    for _ in range(22):
        await books.later(days=1)
    assert [case.reason for case in await books.cases()] == []
    lines = await books.lines()
    young = (await books.later(hours=1)).date() - timedelta(days=2)
    assert [line for line in lines if line.state == "open" and line.on < young] == []
    assert {line.side for line in lines} == {"books", "provider", "bank"}
    assert {line.type for line in lines} >= {"refund_return", "payout_return"}
    assert await books.balance("platform:bank") < 0
    await books.check()


async def test_what_is_settled_in_another_currency_matches_in_that_one(books: Books) -> None:
    """The books expect what the provider settles, and the entries explain what it holds."""
    await books.schedule()
    payment_id = await books.pay("tok_settled_in_eur")
    await books.refund(payment_id, 2_500)
    await books.run()
    await books.pay("tok_settled_in_usd_dispute_lost", order="ord_2")
    for _ in range(20):
        await books.later(days=1)
    assert [case.reason for case in await books.cases()] == []
    lines = [it for it in await books.lines(currency="EUR") if it.type in ("capture", "refund")]
    expected = {("capture", 1_584 - 76), ("refund", -404)}
    for side in ("books", "provider"):
        assert {(it.type, it.net_minor) for it in lines if it.side == side} == expected
    assert {it.state for it in lines} == {"matched"}
    await books.check()


async def test_a_provider_in_trouble_holds_up_no_other(database: Database, sandbox: UUID) -> None:
    class Troubled(Sandbox):
        async def settlement_report(self, marketplace_id: UUID, on: date) -> bytes | None:
            raise ConnectionError("no report today")

    named = {"sandbox": Sandbox(database), "other": Troubled(database, "other")}
    books = Books(database, sandbox, Providers(named))
    await connect(books, "other")
    for name in ("other", "sandbox"):
        await prefer(books, name)
        await books.pay(order=f"ord_{name}")
    await books.schedule()
    await books.later(days=2)
    matched = [line for line in await books.lines(side="provider") if line.state == "matched"]
    assert {line.source for line in matched} == {"sandbox"}
    async with books.begin() as tx:
        waiting = await tx.rows("select key from runtime.jobs where kind = 'reconciliation.fetch'")
    assert any(key.endswith("/other") for (key,) in waiting), "it is asked again later"
