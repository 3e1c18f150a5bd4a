"""Payouts and debits by bank file on the bank's statement: confirmed, returned, once, and matched."""

from collections.abc import Sequence

import pytest

from banyan import payments, reconciliation
from banyan.payments import Payout
from banyan.payments.service import debts
from tests.conftest import client_for
from tests.payments.conftest import SELLERS
from tests.payments.test_bank_files import _owe_by_bank, _reference, use_bank
from tests.reconciliation.conftest import Books

BRL = "BRL"


@pytest.fixture(autouse=True)
async def _with_bank(books: Books) -> None:
    await use_bank(books)


async def _payouts(books: Books) -> list[Payout]:
    async with books.begin() as tx:
        return (await payments.list_payouts(tx)).data


async def _pay(books: Books, amounts: Sequence[int] = (10_000,)) -> list[Payout]:
    """What the next run pays out, by file."""
    await books.release(await books.pay(amounts=amounts))
    await books.later(days=1)
    return await _payouts(books)


Entry = tuple[int, str]


def entry(minor: int, *details: str, currency: str = BRL) -> Entry:
    side, amount = ("DBIT" if minor < 0 else "CRDT"), f"{abs(minor) / 100:.2f}"
    return minor, (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd><Sts>BOOK</Sts>'
        f"<BookgDt><Dt>2018-03-03</Dt></BookgDt><NtryDtls>{''.join(details)}</NtryDtls></Ntry>"
    )


def detail(name: str, minor: int | None = None, code: str = "", currency: str = BRL) -> str:
    amount = "" if minor is None else f'<Amt Ccy="{currency}">{abs(minor) / 100:.2f}</Amt>'
    reason = f"<RtrInf><Rsn><Cd>{code}</Cd></Rsn></RtrInf>" if code else ""
    return f"<TxDtls><Refs><EndToEndId>{name}</EndToEndId></Refs>{amount}{reason}</TxDtls>"


async def _statement(books: Books, number: int, *entries: Entry, currency: str = BRL) -> None:
    closing = sum(minor for minor, _ in entries)
    balance = "".join(
        f"<Bal><Tp><CdOrPrtry><Cd>{kind}</Cd></CdOrPrtry></Tp>"
        f'<Amt Ccy="{currency}">{abs(minor) / 100:.2f}</Amt>'
        f"<CdtDbtInd>{'DBIT' if minor < 0 else 'CRDT'}</CdtDbtInd>"
        f"<Dt><Dt>2018-03-03</Dt></Dt></Bal>"
        for kind, minor in (("OPBD", 0), ("CLBD", closing))
    )
    body = (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>'
        f"<Id>S{number}</Id><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>"
        f"{balance}{''.join(xml for _, xml in entries)}</Stmt></BkToCstmrStmt></Document>"
    )
    async with client_for(books.database, books.marketplace) as client:
        answer = await client.post(
            "/v1/reconciliation/statements",
            content=body.encode(),
            headers={"content-type": "application/xml"},
        )
        assert answer.status_code == 201, answer.text
    await books.run()


async def _status(books: Books, name: str, code: str) -> int:
    report = (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><TxInfAndSts>'
        f"<OrgnlEndToEndId>{name}</OrgnlEndToEndId><TxSts>{code}</TxSts></TxInfAndSts></Document>"
    )
    async with books.begin() as tx:
        news = await payments.take_status(tx, report.encode())
    await books.run()
    return news


async def _states(books: Books) -> list[str]:
    return [payout.state for payout in await _payouts(books)]


async def test_an_entry_pays_the_payout_that_it_names_once(books: Books) -> None:
    [payout] = await _pay(books)
    name = await _reference(books, payout)
    await _statement(books, 1, entry(-payout.amount_minor, detail(name)))
    assert await _states(books) == ["paid"]
    assert [line.state for line in await books.lines(side="bank")] == ["matched"]
    assert await books.breaks() == []
    before = await books.balance("platform:bank")
    assert await _status(books, name, "ACSC") == 0
    await books.reconcile()
    assert await books.balance("platform:bank") == before == 8_740
    await books.check()


async def test_what_a_status_report_settled_is_matched_and_not_paid_again(books: Books) -> None:
    [payout] = await _pay(books)
    name = await _reference(books, payout)
    assert await _status(books, name, "ACSC") == 1
    await _statement(books, 1, entry(-payout.amount_minor, detail(name.upper())))
    assert (await books.balance("platform:bank"), await books.breaks()) == (8_740, [])
    assert [line.state for line in await books.lines(side="bank")] == ["matched"]


async def test_what_comes_back_is_returned_once_whichever_the_bank_tells_first(
    books: Books,
) -> None:
    [payout] = await _pay(books)
    name = await _reference(books, payout)
    minor = payout.amount_minor
    await _statement(books, 1, entry(minor, detail(name, code="AC04")))
    assert await _states(books) == ["returned"]
    assert (await _payouts(books))[0].failure_code == "ac04"
    await _statement(books, 2, entry(-minor, detail(name)))
    assert await _states(books) == ["returned"]
    assert (await books.balance("platform:bank"), await books.breaks()) == (0, [])
    assert await _status(books, name, "RJCT") == 0
    assert await books.seller("available") == 8_740
    await books.check()


async def test_one_sum_for_the_whole_file_pays_each_of_it(books: Books) -> None:
    made = await _pay(books, (10_000, 5_000))
    details = [detail(await _reference(books, it), it.amount_minor) for it in made]
    await _statement(books, 1, entry(-sum(it.amount_minor for it in made), *details))
    assert await _states(books) == ["paid", "paid"]
    lines = await books.lines(side="bank")
    assert sorted(line.gross_minor for line in lines) == [-8_740, -4_370]
    assert {line.state for line in lines} == {"matched"}
    await books.check()


async def test_a_sum_without_its_parts_pays_what_it_names(books: Books) -> None:
    made = await _pay(books, (10_000, 5_000))
    details = [detail(await _reference(books, it)) for it in made]
    await _statement(books, 1, entry(-sum(it.amount_minor for it in made), *details))
    assert await _states(books) == ["paid", "paid"]
    assert await books.breaks() == []


async def test_what_does_not_agree_is_a_break_and_pays_nothing(books: Books) -> None:
    first, second = await _pay(books, (10_000, 5_000))
    await _status(books, await _reference(books, second), "RJCT")
    await _statement(
        books,
        1,
        entry(-first.amount_minor + 1, detail(await _reference(books, first))),
        entry(-second.amount_minor, detail(await _reference(books, second))),
    )
    assert sorted(await _states(books)) == ["failed", "pending"]
    assert await books.breaks() == ["amount_differs", "missing_in_books"]
    await books.check()


async def test_the_same_payment_twice_is_a_break(books: Books) -> None:
    [payout] = await _pay(books)
    one = entry(-payout.amount_minor, detail(await _reference(books, payout)))
    await _statement(books, 1, one)
    await _statement(books, 2, one)
    assert await books.breaks() == ["duplicate"]
    assert await books.balance("platform:bank") == 8_740


async def test_what_a_person_took_apart_stays_apart(books: Books) -> None:
    [payout] = await _pay(books)
    await _statement(books, 1, entry(-payout.amount_minor, detail(await _reference(books, payout))))
    [match] = await books.matches()
    async with books.begin() as tx:
        await reconciliation.undo_match(tx, match.match_id, reason="No.", by="ann")
    await books.run()
    assert await books.breaks() == ["amount_differs"]
    assert (await _states(books), await books.balance("platform:bank")) == (["paid"], 8_740)


async def test_debits_go_the_other_way(books: Books) -> None:
    await _owe_by_bank(books, "EUR")
    async with books.begin() as tx:
        [debit] = (await debts.list_debits(tx)).data
        rows = await tx.rows(
            "select attempt_id from payments.attempts where subject_id = %(id)s", id=debit.debit_id
        )
    name = payments.ATTEMPT.text(rows[0][0]).replace("_", "-")
    minor = debit.amount_minor
    taken = entry(minor, detail(name, currency="EUR"), currency="EUR")
    await _statement(books, 1, taken, currency="EUR")
    assert await books.seller("available") == 0
    back = entry(-minor, detail(name, code="MD06", currency="EUR"), currency="EUR")
    await _statement(books, 2, back, currency="EUR")
    async with books.begin() as tx:
        [debit] = (await debts.list_debits(tx, seller_id=SELLERS[0])).data
    assert (debit.state, debit.failure_code) == ("returned", "md06")
    assert await books.seller("available") == -minor
    assert {line.state for line in await books.lines(side="bank")} == {"matched"}
    await books.check()
