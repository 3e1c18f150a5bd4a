"""What a seller reads comes from the ledger, to the cent."""

import csv
import io
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan import parties, payments
from banyan.kernel import InvalidMoney, Money, new_id
from banyan.parties import SellerDraft
from banyan.payments import InvalidPeriod
from banyan.payments.model import SellerTerms, Statement, StatementBalance, StatementLine
from banyan.payments.rules.statement_pages import statement_page
from banyan.payments.rules.statements import kind_of, to_csv
from banyan.payments.service import payout_accounts, payout_settings, statements
from tests.conftest import START
from tests.payments.conftest import SELLERS, Shop


async def _statement(
    shop: Shop, from_at: datetime | None = None, until_at: datetime | None = None
) -> Statement:
    async with shop.begin() as tx:
        return await statements.statement(
            tx,
            SELLERS[0],
            "BRL",
            from_at or START - timedelta(days=1),
            until_at or tx.now + timedelta(days=1),
        )


async def _a_month(shop: Shop) -> None:
    """Sales, a refund, a dispute, a reserve, payouts: something of everything."""
    async with shop.begin() as tx:
        terms = SellerTerms(
            marketplace_id=tx.marketplace_id, seller_id=SELLERS[0], valid_from=tx.now,
            tier="custom", delay_days=0, reserve_bp=1_000, reserve_days=10, reason="New.",
            set_by="ann", created_at=tx.now,
        )  # fmt: skip
        await payout_settings.set_seller_terms(tx, terms)
    first = await shop.pay(amounts=(10_000, 3_000))
    await shop.release(first)
    await shop.later(days=1)
    disputed = await shop.pay("tok_dispute_lost", order="ord_2")
    await shop.release(disputed)
    await shop.later(days=1)
    await shop.refund(first, 2_600)
    await shop.run()
    await shop.later(days=6)
    await shop.pay(amounts=(50_000,), order="ord_3")
    await shop.later(days=20)


def _adds_up(statement: Statement) -> None:
    total = sum((line.amount for line in statement.lines), statement.opening.total)
    assert total == statement.closing.total
    moved = sum((line.moved for line in statement.lines), statement.opening.reserve)
    assert moved == statement.closing.reserve


async def test_a_statement_adds_up_for_any_period(shop: Shop) -> None:
    await _a_month(shop)
    whole = await _statement(shop)
    _adds_up(whole)
    assert whole.opening.total.minor == 0
    assert whole.closing.pending.minor == 43_700
    assert whole.total("sale").minor == 10_000 + 10_000 + 50_000
    assert whole.total("commission").minor == -8_400
    assert whole.total("tax").minor == -420
    assert whole.total("refund").minor == -1_748
    assert whole.total("dispute").minor == -8_740
    assert whole.total("payout").minor < 0
    assert whole.moved("reserve_kept").minor == 874 * 2
    assert whole.total("other").minor == 0
    before = whole.opening
    for day in range(-1, 30):
        at = START + timedelta(days=day)
        part = await _statement(shop, at, at + timedelta(days=1))
        _adds_up(part)
        assert part.opening == before
        before = part.closing
    await shop.check()


async def test_a_statement_tells_what_a_payout_is_made_of(shop: Shop) -> None:
    await shop.release(await shop.pay(order="ord_1"))
    await shop.later(days=1)
    await shop.later(hours=1)
    await shop.release(await shop.pay(amounts=(20_000,), order="ord_2"))
    await shop.later(days=1)
    async with shop.begin() as tx:
        second, first = (await payments.list_payouts(tx)).data
        made_of = [
            await statements.statement_of_payout(tx, payout.payout_id) for payout in (first, second)
        ]
    assert [statement.total("sale").minor for statement in made_of] == [10_000, 20_000]
    assert made_of[1].total("payout") == -second.amount
    for statement in made_of:
        _adds_up(statement)


async def test_where_is_my_money(shop: Shop) -> None:
    await _a_month(shop)
    async with shop.begin() as tx:
        await payout_settings.set_schedule(
            tx,
            SELLERS[0],
            payments.Schedule(cadence="weekly", weekday=5, delay_days=4, minimum_minor=1),
        )
    await shop.release(await shop.pay(order="ord_9"))
    async with shop.begin() as tx:
        await payout_accounts.hold(tx, SELLERS[0], "by_hand", "Fraud is looking.")
        [view] = await statements.seller_money(tx, SELLERS[0])
        today = tx.now.date()
    assert view.balance.pending.minor == 43_700
    assert view.balance.held.minor == 8_740 - 874
    assert {(one.kind, one.on - today, one.amount.minor) for one in view.dated} >= {
        ("held", timedelta(days=4), 7_866),
        ("reserve", timedelta(days=14), 874),
    }
    assert sum(one.amount.minor for one in view.dated if one.kind == "reserve") == (
        view.balance.reserve.minor
    )
    assert view.next_payout_on is not None
    assert view.next_payout_on.isoweekday() == 5
    assert view.held_reasons == ("Fraud is looking.",)


async def test_a_seller_without_money_has_an_empty_statement(shop: Shop) -> None:
    statement = await _statement(shop)
    assert (statement.lines, statement.closing.total.minor) == ((), 0)
    assert "Nothing moved" in statement_page(statement)
    async with shop.begin() as tx:
        assert await statements.seller_money(tx, SELLERS[0]) == []
        with pytest.raises(InvalidPeriod):
            await statements.statement(tx, SELLERS[0], "BRL", START, START)
        with pytest.raises(InvalidMoney):
            await statements.statement(tx, SELLERS[0], "???", START, START + timedelta(days=1))


async def test_a_page_escapes_what_comes_from_outside(shop: Shop) -> None:
    async with shop.begin() as tx:
        draft = SellerDraft(name="<script>alert(1)</script>", country="BR", currency="BRL")
        seller = await parties.create_seller(tx, draft)
        statement = await statements.statement(
            tx, seller.seller_id, "BRL", START, START + timedelta(days=1)
        )
    page = statement_page(statement)
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "size: A4" in page
    assert "http" not in page


async def test_a_page_and_a_sheet_say_the_same(shop: Shop) -> None:
    await _a_month(shop)
    statement = await _statement(shop)
    page = statement_page(statement)
    assert statement.closing.total.format() in page
    assert "Kept in reserve" in page
    rows = list(csv.DictReader(io.StringIO(to_csv(statement))))
    assert [rows[0]["kind"], rows[-1]["kind"]] == ["opening_balance", "closing_balance"]
    amounts = [Money.parse(row["amount"], "BRL") for row in rows[1:-1]]
    assert sum(amounts, statement.opening.total) == Money.parse(rows[-1]["balance"], "BRL")
    assert rows[-2]["balance"] == rows[-1]["balance"]


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\r\n\0"), max_size=20)


@given(st.lists(st.tuples(TEXTS, st.integers(-(10**9), 10**9)), max_size=6))
def test_a_sheet_keeps_every_text_and_runs_no_formula(parts: list[tuple[str, int]]) -> None:
    zero = Money.zero("EUR")
    balance = StatementBalance(pending=zero, available=zero, held=zero, reserve=zero)
    statement = Statement(
        seller_id=new_id(), seller_name="Ana", marketplace="Feira", currency="EUR",
        from_at=START, until_at=START + timedelta(days=1), time_zone="UTC", opening=balance,
        closing=balance,
        lines=tuple(
            StatementLine(at=START, kind="other", subject=text, amount=Money.of(minor, "EUR"), moved=zero)
            for text, minor in parts
        ),
    )  # fmt: skip
    rows = list(csv.reader(io.StringIO(to_csv(statement))))
    assert len(rows) == len(parts) + 3
    for row, (text, minor) in zip(rows[2:-1], parts, strict=True):
        assert row[2] in (text, f"'{text}")
        assert row[2][:1] not in ("=", "@", "\t")
        assert Money.parse(row[3], "EUR").minor == minor


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        ("split", "sale"),
        ("platform_discount", "voucher"),
        ("refund_discount_seller", "refund"),
        ("commission", "commission"),
        ("commission_tax", "tax"),
        ("refund_seller", "refund"),
        ("dispute_won_seller", "dispute"),
        ("payout", "payout"),
        ("payout_returned", "payout_returned"),
        ("debit_returned", "debit"),
        ("write_off", "write_off"),
        ("something_new", "other"),
    ],
)
def test_every_leg_means_something(code: str, kind: str) -> None:
    assert kind_of(code) == kind
