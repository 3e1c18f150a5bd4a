"""Payouts and debits by bank file: written once, booked against our account, whatever comes back."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import pytest

from banyan import operations, payments
from banyan.kernel import Currency, Money, new_id
from banyan.payments import (
    BankFileNotFound,
    Method,
    PaymentDraft,
    PayoutNotCancellable,
    Share,
    UnreadableReport,
    price_splits,
)
from banyan.payments.jobs import jobs
from banyan.payments.model import (
    ATTEMPT,
    BATCH,
    BankAccount,
    BankFile,
    Destination,
    Payout,
    PayoutBatch,
)
from banyan.payments.providers import Declined, Instruction, Pending
from banyan.payments.providers.iso20022 import (
    BankRails,
    Entry,
    FileOrder,
    attempt_of,
    end_to_end_id,
    message_id,
    read_status,
    write,
)
from banyan.payments.rules import is_about_creditor
from banyan.payments.service import bank_files, debts, hand_overs, payout_settings, payouts
from banyan.runtime import MARKETPLACE, BatchJob, JobDraft, Worker
from tests.payments.conftest import SELLERS, Shop

BANK = BankAccount(
    holder="Feira & Söhne",
    iban="DE89370400440532013000",
    bic="COBADEFFXXX",
    creditor_id="DE98ZZZ09999999999",
)
ANA = Destination(
    kind="iban",
    text="FR1420041010050500013M02606",
    holder="Ana Conceição",
    mandate="M-1",
    mandate_signed_on=date(2018, 1, 5),
)


@pytest.fixture(autouse=True)
async def _with_bank(shop: Shop) -> None:
    await use_bank(shop)


async def use_bank(shop: Shop) -> None:
    """Give the marketplace a bank account, and two sellers an IBAN each."""
    async with shop.begin() as tx:
        settings = await payout_settings.get_payout_settings(tx)
        await payout_settings.update_payout_settings(tx, replace(settings, bank=BANK))
        for seller_id in SELLERS[:2]:
            await payments.set_payout_account(tx, seller_id, ANA)


async def _pay(shop: Shop, amounts: Sequence[int] = (10_000, 5_000)) -> list[Payout]:
    """What the next run pays out."""
    await shop.release(await shop.pay(amounts=amounts))
    await shop.later(days=1)
    async with shop.begin() as tx:
        return (await payments.list_payouts(tx, state="pending")).data


async def _batch(shop: Shop) -> PayoutBatch:
    async with shop.begin() as tx:
        [batch] = (await payouts.list_batches(tx)).data
    return batch


async def _file(shop: Shop) -> tuple[PayoutBatch, BankFile]:
    batch = await _batch(shop)
    async with shop.begin() as tx:
        return batch, await bank_files.get_file(tx, batch.batch_id)


def _texts(content: bytes, name: str) -> list[str]:
    return [e.text or "" for e in ET.fromstring(content).iter() if e.tag.endswith(f"}}{name}")]


async def _reference(shop: Shop, payout: Payout) -> str:
    async with shop.begin() as tx:
        rows = await tx.rows(
            "select attempt_id from payments.attempts where subject_id = %(subject)s",
            subject=payout.payout_id,
        )
    return end_to_end_id(rows[0][0])


async def _confirm(shop: Shop, payout: Payout, minor: int | None = None) -> bool:
    amount = Money.of(payout.amount_minor if minor is None else minor, payout.currency)
    reference = await _reference(shop, payout)
    async with shop.begin() as tx:
        news = await payments.confirm_payout(
            tx, reference, amount, reference="NTRF-1", note="Seen on the statement."
        )
    await shop.run()
    return news


async def _return(shop: Shop, payout: Payout) -> bool:
    reference = await _reference(shop, payout)
    async with shop.begin() as tx:
        news = await payments.return_payout(
            tx, reference, code="ac04", detail="Closed.", note="Seen on the statement."
        )
    await shop.run()
    return news


async def test_a_run_writes_one_file_that_says_every_payout(shop: Shop) -> None:
    made = await _pay(shop)
    batch, file = await _file(shop)
    assert (batch.state, batch.rail, batch.count, batch.total_minor) == (
        "closed",
        "bank",
        2,
        13_110,
    )
    assert _texts(file.content, "CtrlSum") == ["131.10", "131.10"]
    assert sorted(_texts(file.content, "InstdAmt")) == ["43.70", "87.40"]
    assert _texts(file.content, "Nm") == [
        "Feira   Sohne", "Feira   Sohne", "Ana Conceicao", "Ana Conceicao",
    ]  # fmt: skip
    references = {await _reference(shop, payout) for payout in made}
    assert {*_texts(file.content, "EndToEndId")} == references
    assert _texts(file.content, "MsgId") == [file.message_id]
    assert await shop.charges() == {"authorize": 1, "capture": 1}
    await shop.later(days=30)
    assert (await _file(shop))[1] == file
    assert [payout.state for payout in await _all(shop)] == ["pending", "pending"]
    await shop.check()


async def _all(shop: Shop) -> list[Payout]:
    async with shop.begin() as tx:
        return (await payments.list_payouts(tx)).data


async def test_what_the_statement_shows_is_paid_once_from_our_account(shop: Shop) -> None:
    payout = (await _pay(shop, [10_000]))[0]
    assert not await _confirm(shop, payout, 8_739)
    assert [await _confirm(shop, payout), await _confirm(shop, payout)] == [True, False]
    assert [payout.state for payout in await _all(shop)] == ["paid"]
    assert await shop.balance("platform:bank") == 8_740
    assert await shop.balance("provider:sandbox:receivable") == -(10_000 - 320)
    async with shop.begin() as tx:
        [line] = await payments.summary(tx)
    assert (line.paid_out.minor, line.at_provider.minor) == (8_740, 9_680)
    await shop.check()


async def test_what_comes_back_is_the_sellers_again_once(shop: Shop) -> None:
    payout = (await _pay(shop, [10_000]))[0]
    await _confirm(shop, payout)
    assert [await _return(shop, payout), await _return(shop, payout)] == [True, False]
    assert [payout.state for payout in await _all(shop)] == ["returned"]
    assert await shop.balance("platform:bank") == 0
    assert await shop.seller("available") == 8_740
    async with shop.begin() as tx:
        [account] = await payments.payout_accounts_of(tx, SELLERS[0])
    assert account.blocked_reason is not None
    assert "2606" not in account.blocked_reason
    await shop.check()
    async with shop.begin() as tx:
        await payments.set_payout_account(tx, SELLERS[0], ANA)
    await shop.later(days=1)
    assert [payout.state for payout in await _all(shop)] == ["pending", "returned"]


async def test_what_is_rejected_has_failed(shop: Shop) -> None:
    first, second = await _pay(shop)
    report = f"""<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"><CstmrPmtStsRpt>
      <OrgnlPmtInfAndSts>
        <TxInfAndSts><OrgnlEndToEndId>{await _reference(shop, first)}</OrgnlEndToEndId>
          <TxSts>RJCT</TxSts><StsRsnInf><Rsn><Cd>AC04</Cd></Rsn></StsRsnInf></TxInfAndSts>
        <TxInfAndSts><OrgnlEndToEndId>{await _reference(shop, second)}</OrgnlEndToEndId>
          <TxSts>ACSC</TxSts></TxInfAndSts>
        <TxInfAndSts><OrgnlEndToEndId>not ours</OrgnlEndToEndId><TxSts>RJCT</TxSts></TxInfAndSts>
        <TxInfAndSts><OrgnlEndToEndId>x</OrgnlEndToEndId><TxSts>ACSP</TxSts></TxInfAndSts>
      </OrgnlPmtInfAndSts></CstmrPmtStsRpt></Document>"""
    for news in (2, 0):
        async with shop.begin() as tx:
            assert await payments.take_status(tx, report.encode()) == news
        await shop.run()
    by_id = {payout.payout_id: payout for payout in await _all(shop)}
    rejected = by_id[first.payout_id]
    assert (rejected.state, rejected.failure_code) == ("failed", "ac04")
    assert by_id[second.payout_id].state == "paid"
    await shop.check()


async def test_a_rejection_for_our_own_reasons_blocks_no_account_and_is_one_case(
    shop: Shop,
) -> None:
    made = await _pay(shop)
    report = _status_report({await _reference(shop, it): "AM04" for it in made})
    async with shop.begin() as tx:
        assert await payments.take_status(tx, report) == 2
    await shop.run()
    assert {payout.state for payout in await _all(shop)} == {"failed"}
    async with shop.begin() as tx:
        for seller_id in SELLERS[:2]:
            [account] = await payments.payout_accounts_of(tx, seller_id)
            assert account.blocked_reason is None
        [case] = (await operations.list_cases(tx, limit=10)).data
    assert (case.queue, case.kind, case.evidence["code"]) == ("payments", "bank.rejected", "am04")
    await shop.later(days=1)
    assert sorted(payout.state for payout in await _all(shop)) == ["failed"] * 2 + ["pending"] * 2
    await shop.check()


@pytest.mark.parametrize(
    ("code", "came_back", "expected"),
    [
        ("ac04", False, True),
        ("rc01", False, True),
        ("md07", False, True),
        ("am04", False, False),
        ("ac02", False, False),
        ("be05", False, False),
        ("", False, False),
        ("", True, True),
        ("ms03", True, True),
        ("am05", True, False),
    ],
)
def test_whose_fault_it_is(code: str, came_back: bool, expected: bool) -> None:
    assert is_about_creditor(code, came_back=came_back) is expected


def _status_report(codes: Mapping[str, str]) -> bytes:
    parts = "".join(
        f"<TxInfAndSts><OrgnlEndToEndId>{name}</OrgnlEndToEndId><TxSts>RJCT</TxSts>"
        f"<StsRsnInf><Rsn><Cd>{code}</Cd></Rsn></StsRsnInf></TxInfAndSts>"
        for name, code in codes.items()
    )
    return (
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:pain.002.001.10">{parts}</Document>'
    ).encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<a/>",
        b"\xff",
        b'<!DOCTYPE a [<!ENTITY b "c">]><Document xmlns="pain.002">&b;</Document>',
    ],
)
async def test_what_is_no_status_report_is_refused(shop: Shop, content: bytes) -> None:
    async with shop.begin() as tx:
        with pytest.raises(UnreadableReport):
            await payments.take_status(tx, content)


async def test_nothing_can_be_cancelled_once_the_file_is_ordered(shop: Shop) -> None:
    await shop.release(await shop.pay(amounts=(10_000, 5_000)))
    async with shop.begin() as tx:
        first, second = await payments.run_payouts(tx)
        await payments.cancel_payout(tx, first.payout_id, "Changed my mind.")
    batch = await _batch(shop)
    async with shop.begin() as tx:
        order = await bank_files.order_file(tx, batch.batch_id)
    assert order is not None
    assert [entry.amount.minor for entry in order.entries] == [second.amount_minor]
    async with shop.begin() as tx:
        with pytest.raises(PayoutNotCancellable):
            await payments.cancel_payout(tx, second.payout_id, "Too late.")
    await shop.run()
    assert (await _file(shop))[0].count == 1
    await shop.check()


async def test_a_file_is_handed_over_by_a_person_once(shop: Shop) -> None:
    await _pay(shop)
    batch = await _batch(shop)
    for by in ("ann", "bob"):
        async with shop.begin() as tx:
            file = await bank_files.hand_over(tx, batch.batch_id, by)
    assert file.handed_over_by == "ann"
    assert (await _batch(shop)).state == "handed_over"
    async with shop.begin() as tx:
        with pytest.raises(BankFileNotFound):
            await bank_files.hand_over(tx, new_id(), "ann")


async def test_a_folder_gets_each_file_whole(shop: Shop, tmp_path: Path) -> None:
    handlers = jobs(shop.database, shop.providers, outbox=tmp_path)
    shop.worker = Worker(shop.database, handlers, shop.worker.on_failed)
    await _pay(shop)
    batch, file = await _file(shop)
    assert _left_in(tmp_path) == [(file.name, file.content)]
    assert (batch.state, file.handed_over_by) == ("handed_over", "the outbox folder")


@pytest.mark.parametrize(("resolution", "files"), [("bank_has_it", 0), ("leave_again", 1)])
async def test_a_file_that_may_have_been_taken_is_not_left_twice(
    shop: Shop, tmp_path: Path, resolution: str, files: int
) -> None:
    await _pay(shop)
    batch = await _batch(shop)
    async with shop.begin() as tx:
        assert await hand_overs.begin_drop(tx, batch.batch_id) is not None  # and then: kill -9
        await tx.enqueue(JobDraft("payout.hand_over", BATCH.text(batch.batch_id)))
    _leave_files_in(shop, tmp_path)
    await shop.run()
    assert _left_in(tmp_path) == []
    assert (await _batch(shop)).state == "closed"
    async with shop.begin() as tx:
        [case] = (await operations.list_cases(tx, limit=10)).data
        assert case.kind == "bank.hand_over"
        await operations.resolve_case(tx, case.case_id, resolution, note="Asked.", actor="ann")
    await shop.run()
    assert len(_left_in(tmp_path)) == files
    assert (await _batch(shop)).state == "handed_over"


@pytest.mark.parametrize("is_whole", [True, False])
async def test_a_file_that_lies_there_is_noted_and_a_part_is_written_again(
    shop: Shop, tmp_path: Path, is_whole: bool
) -> None:
    await _pay(shop)
    batch, file = await _file(shop)
    folder = tmp_path / MARKETPLACE.text(shop.marketplace)
    folder.mkdir()
    left = folder / (file.name if is_whole else f".{file.name}.part")
    left.write_bytes(file.content if is_whole else file.content[:9])
    async with shop.begin() as tx:
        await hand_overs.begin_drop(tx, batch.batch_id)
        await tx.enqueue(JobDraft("payout.hand_over", BATCH.text(batch.batch_id)))
    _leave_files_in(shop, tmp_path)
    await shop.run()
    assert _left_in(tmp_path) == [(file.name, file.content)]
    assert (await _batch(shop)).state == "handed_over"
    assert await _cases(shop) == []


def _leave_files_in(shop: Shop, folder: Path) -> None:
    handlers = jobs(shop.database, shop.providers, outbox=folder)
    for handler in handlers:
        if handler.kind == "payout.on_case" and isinstance(handler, BatchJob):
            for event_type in handler.subscribes:
                shop.database.subscribe(event_type, handler.kind)
    shop.worker = Worker(shop.database, handlers, shop.worker.on_failed)


def _left_in(folder: Path) -> list[tuple[str, bytes]]:
    return [(path.name, path.read_bytes()) for path in folder.rglob("*") if path.is_file()]


async def _owe_by_bank(shop: Shop, currency: str) -> None:
    """A seller was paid out by file, and the buyer got the money back after that."""
    payment_id = new_id()
    amount = Money.of(10_000, currency)
    async with shop.begin() as tx:
        terms = (await payments.get_settings(tx)).terms
        splits = price_splits([Share(SELLERS[0], amount, Money.zero(currency))], terms)
        draft = PaymentDraft(
            payment_id, "ord_1", new_id(), amount, Method("card", "tok_visa"), splits
        )
        await payments.create_payments(tx, [draft])
    await shop.run()
    await shop.capture(payment_id)
    await shop.release(payment_id)
    await shop.later(days=1)
    await _confirm(shop, (await _all(shop))[0])
    async with shop.begin() as tx:
        await payments.refund(tx, payment_id, None, new_id(), "Damaged.", "ann")
    async with shop.begin() as tx:
        await debts.settle(tx, SELLERS[:1])
    await shop.later(days=15)
    await shop.later(days=1)


async def test_a_debt_is_debited_by_file(shop: Shop) -> None:
    await _owe_by_bank(shop, "EUR")
    async with shop.begin() as tx:
        [debit] = (await debts.list_debits(tx)).data
        assert debit.batch_id is not None
        file = await bank_files.get_file(tx, debit.batch_id)
    assert (debit.state, debit.amount_minor, debit.rail) == ("requested", 8_740, "bank")
    assert _texts(file.content, "InstdAmt") == ["87.40"]
    assert _texts(file.content, "MndtId") == ["M-1"]
    [reference] = _texts(file.content, "EndToEndId")
    async with shop.begin() as tx:
        amount = Money.of(8_740, "EUR")
        assert await payments.confirm_payout(tx, reference, amount, reference="x", note="Seen.")
    await shop.run()
    assert await shop.seller("available") == 0
    assert await shop.balance("platform:bank") == 0
    async with shop.begin() as tx:
        assert await payments.return_payout(tx, reference, code="md06", detail="", note="Seen.")
    await shop.run()
    assert await shop.seller("available") == -8_740
    await shop.check()


async def test_a_debt_in_another_currency_is_a_case(shop: Shop) -> None:
    await _owe_by_bank(shop, "BRL")
    async with shop.begin() as tx:
        assert (await debts.list_debits(tx)).data == []
        [case] = (await operations.list_cases(tx, limit=10)).data
    assert case.kind == "seller.debt"


def _order(**changes: object) -> FileOrder:
    entry = Entry(
        reference="att-1",
        text="pot-1",
        holder="Ana",
        iban=ANA.text,
        bic=None,
        amount=Money.of(1, "EUR"),
    )
    order = FileOrder(
        kind="payout",
        message_id="pob-1",
        bank=BANK,
        entries=(entry,),
        execute_on=date(2026, 4, 1),
        at=datetime(2026, 3, 31, tzinfo=UTC),
    )
    return replace(order, **changes)  # type: ignore[arg-type]


def test_the_same_order_gives_the_same_file() -> None:
    assert write(_order()) == write(_order())


def test_amounts_of_other_decimals_are_never_written() -> None:
    entry = replace(_order().entries[0], amount=Money.of(1_000, "KWD"))
    assert Currency.of("KWD").exponent == 3
    with pytest.raises(AssertionError):
        write(_order(entries=(entry,)))


def test_our_reference_fits_and_is_found_again() -> None:
    attempt_id = new_id()
    reference = end_to_end_id(attempt_id)
    assert len(reference) <= 35
    assert "_" not in reference
    assert attempt_of(f" {reference.upper()} ") == attempt_id
    assert attempt_of("NOTPROVIDED") is None


def _file_report(inside: str) -> bytes:
    space = "urn:iso:std:iso:20022:tech:xsd:pain.002.001.10"
    return (
        f'<Document xmlns="{space}"><CstmrPmtStsRpt>{inside}</CstmrPmtStsRpt></Document>'.encode()
    )


_WHY = "<StsRsnInf><Rsn><Cd>FF01</Cd></Rsn><AddtlInf>Format.</AddtlInf></StsRsnInf>"


@pytest.mark.parametrize(
    "inside",
    [
        "<OrgnlGrpInfAndSts><OrgnlMsgId>{id}</OrgnlMsgId><GrpSts>RJCT</GrpSts>{why}"
        "</OrgnlGrpInfAndSts>",
        "<OrgnlPmtInfAndSts><OrgnlPmtInfId>{id}-1</OrgnlPmtInfId><PmtInfSts>RJCT</PmtInfSts>{why}"
        "</OrgnlPmtInfAndSts>",
    ],
)
async def test_a_file_that_is_rejected_whole_fails_what_has_no_answer(
    shop: Shop, inside: str
) -> None:
    first, _ = await _pay(shop)
    await _confirm(shop, first)
    _, file = await _file(shop)
    report = _file_report(inside.format(id=file.message_id, why=_WHY))
    for news in (1, 0):
        async with shop.begin() as tx:
            assert await payments.take_status(tx, report) == news
        await shop.run()
    assert sorted((it.state, it.failure_code) for it in await _all(shop)) == [
        ("failed", "ff01"),
        ("paid", None),
    ]
    async with shop.begin() as tx:
        [case] = (await operations.list_cases(tx, limit=10)).data
        [account] = await payments.payout_accounts_of(tx, SELLERS[1])
    assert (case.kind, account.blocked_reason) == ("bank.rejected", None)
    assert "Format." in case.reason
    await shop.check()


def test_files_that_are_partly_carried_out_or_are_not_named_are_left() -> None:
    for inside in (
        "<OrgnlGrpInfAndSts><OrgnlMsgId>pob-1</OrgnlMsgId><GrpSts>PART</GrpSts></OrgnlGrpInfAndSts>",
        "<OrgnlGrpInfAndSts><GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts>",
    ):
        assert read_status(_file_report(inside)) == []


async def test_another_ones_file_is_nobodys(shop: Shop) -> None:
    inside = (
        "<OrgnlGrpInfAndSts><OrgnlMsgId>{id}</OrgnlMsgId><GrpSts>RJCT</GrpSts></OrgnlGrpInfAndSts>"
    )
    for name in ("not ours", message_id(new_id())):
        async with shop.begin() as tx:
            assert await payments.take_status(tx, _file_report(inside.format(id=name))) == 0


async def test_what_the_bank_never_confirms_is_a_case_until_it_does(shop: Shop) -> None:
    made = await _pay(shop)
    batch = await _batch(shop)
    async with shop.begin() as tx:
        await bank_files.hand_over(tx, batch.batch_id, "ann")
    await shop.later(days=4)
    assert await _cases(shop) == []
    await shop.later(days=6)
    assert await _cases(shop) == ["bank.unconfirmed"]
    await _confirm(shop, made[0])
    assert await _cases(shop) == ["bank.unconfirmed"]
    await _confirm(shop, made[1])
    assert await _cases(shop) == []


async def _cases(shop: Shop) -> list[str]:
    async with shop.begin() as tx:
        return [case.kind for case in (await operations.list_cases(tx, limit=10)).data]


async def test_the_rails_take_no_payments() -> None:
    instruction = Instruction(
        marketplace_id=UUID(int=1),
        key=ATTEMPT.text(new_id()),
        operation="payout",
        payment="",
        amount=Money.of(1, "EUR"),
    )
    rails = BankRails()
    assert isinstance(await rails.payout(instruction), Pending)
    assert isinstance(await rails.authorize(instruction), Declined)
