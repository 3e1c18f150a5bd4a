"""Reports and statements: what is read, and what is refused, with its place."""

from datetime import date
from pathlib import Path

import pytest

from banyan.payments.providers.stripe.report import COLUMNS
from banyan.reconciliation import MalformedReport, UnknownFormat, read_report, read_statements
from banyan.reconciliation.formats import SHAPES, find_format

HEADER = "line,type,date,currency,gross,fee,net,key,reference,payment,batch,description"


def _own(*rows: str) -> bytes:
    return "\n".join([HEADER, *rows]).encode()


def test_our_own_shape() -> None:
    [capture, settlement] = read_report(
        "banyan",
        _own(
            "l1,capture,2018-03-01,BRL,100.00,3.20,96.80,att_1,psp_1,pay_1,b1,",
            "l2,settlement,2018-03-02,BRL,-96.80,0.00,-96.80,,wire_1,,b1,Paid",
        ),
    )
    assert (capture.gross_minor, capture.fee_minor, capture.key) == (10_000, 320, "att_1")
    assert (capture.on, capture.group, capture.batch) == (date(2018, 3, 1), "pay_1", "b1")
    assert settlement.gross_minor == 9_680, "what leaves the balance comes to the bank"


def test_currencies_have_their_own_decimals() -> None:
    [yen, dinar] = read_report(
        "banyan",
        _own(
            "l1,capture,2018-03-01,JPY,1999,30,1969,,,,,",
            "l2,capture,2018-03-01,KWD,1.999,0,1.999,,,,,",
        ),
    )
    assert (yen.gross_minor, dinar.gross_minor) == (1_999, 1_999)


@pytest.mark.parametrize(
    ("row", "what"),
    [
        ("l1,gift,2018-03-01,BRL,1.00,0,1.00,,,,,", "Line 2: 'gift' in 'type'"),
        ("l1,capture,yesterday,BRL,1.00,0,1.00,,,,,", "Line 2: Invalid isoformat"),
        ("l1,capture,2018-03-01,BRL,1.001,0,1.001,,,,,", "more than the 2 decimals"),
        ("l1,capture,2018-03-01,BRL,1.00,0.10,1.00,,,,,", "gross less fee is not net"),
        ("l1,capture,2018-03-01,ZZZ,1.00,0,1.00,,,,,", "'ZZZ' is not a currency"),
        ("l1,capture,2018-03-01,BRL,1.00,0,1.00", "fewer fields than the header"),
        (",capture,2018-03-01,BRL,1.00,0,1.00,,,,,", "'line' is empty"),
        (f"l1,capture,2018-03-01,BRL,1.00,0,1.00,,,,,{'x' * 501}", "longer than 500"),
    ],
)
def test_a_wrong_row_is_named(row: str, what: str) -> None:
    with pytest.raises(MalformedReport, match=what.replace("(", r"\(")) as refused:
        read_report("banyan", _own(row))
    assert refused.value.faults


def test_files_that_are_something_else() -> None:
    with pytest.raises(MalformedReport, match="no column 'type'"):
        read_report("banyan", b"a,b\n1,2\n")
    with pytest.raises(MalformedReport, match="not UTF-8"):
        read_report("banyan", b"\xff\xfe")
    with pytest.raises(UnknownFormat):
        read_report("camt.053", b"")


def test_stripe_rows_name_their_payout_and_a_settlement_follows() -> None:
    content = (
        b"automatic_payout_id,automatic_payout_effective_at,balance_transaction_id,created,"
        b"reporting_category,gross,fee,net,currency,description,source_id,payment_intent_id,"
        b"customer_facing_amount,customer_facing_currency\n"
        b"po_1,2018-03-05,txn_1,2018-03-01 10:00:00,charge,91.74,3.00,88.74,eur,Order,ch_1,pi_1,"
        b"100.00,usd\n"
        b"po_1,2018-03-05,txn_2,2018-03-02 10:00:00,refund,-10.00,0.00,-10.00,eur,,re_1,pi_1,,\n"
    )
    charge, refund, settlement = read_report("stripe", content)
    assert (charge.type, charge.gross_minor, charge.reference) == ("capture", 9_174, "ch_1")
    assert (charge.original_minor, charge.original_currency) == (10_000, "USD")
    assert (refund.type, refund.group) == ("refund", "pi_1")
    assert (settlement.type, settlement.gross_minor, settlement.on) == (
        "settlement", 7_874, date(2018, 3, 5),
    )  # fmt: skip


ADYEN = (
    "Company Account,Merchant Account,Psp Reference,Merchant Reference,Payment Method,Creation Date,"
    "TimeZone,Type,Modification Reference,Gross Currency,Gross Debit (GC),Gross Credit (GC),"
    "Exchange Rate,Net Currency,Net Debit (NC),Net Credit (NC),Commission (NC),Markup (NC),"
    "Scheme Fees (NC),Interchange (NC),Payment Method Variant,Modification Merchant Reference,"
    "Batch Number\n"
)


def test_adyen_rows_have_debits_and_credits() -> None:
    content = (
        ADYEN
        + "C,M,psp1,pay_1,visa,2018-03-01 11:26:49,CET,Settled,mod1,GBP,,5.00,1,GBP,,4.88,,0.04,0.01,"
        "0.07,visa,,4\n"
        "C,M,psp2,pay_2,visa,2018-03-02 11:26:49,CET,Refunded,mod2,GBP,2.00,,1,GBP,2.00,,,,,,visa,,4\n"
        "C,M,,,,2018-03-03 01:00:00,CET,MerchantPayout,TX1XT batch 4,,,,,GBP,2.88,,,,,,,,4\n"
    ).encode()
    settled, refunded, paid = read_report("adyen", content)
    assert (settled.gross_minor, settled.fee_minor, settled.reference) == (500, 12, "mod1")
    assert (refunded.gross_minor, refunded.type) == (-200, "refund")
    assert (paid.gross_minor, paid.type, paid.batch) == (288, "settlement", "4")


def test_equal_adyen_rows_are_two_lines_and_the_same_file_names_them_alike() -> None:
    row = "C,M,psp1,pay_1,visa,2018-03-01,CET,Settled,mod1,GBP,,5.00,1,GBP,,4.88,,,,,visa,,4\n"
    first = [line.name for line in read_report("adyen", (ADYEN + row + row).encode())]
    assert len(set(first)) == 2
    assert first == [line.name for line in read_report("adyen", (ADYEN + row + row).encode())]


CAMT = """<?xml version="1.0"?>
<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt><Stmt>
<Id>S-7</Id><ElctrncSeqNb>7</ElctrncSeqNb><Acct><Id><IBAN>DE89370400440532013000</IBAN></Id></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">100.00</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2018-03-01</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{closing}</Amt>
<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>2018-03-02</Dt></Dt></Bal>
<Ntry><Amt Ccy="EUR">50.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>
<BookgDt><Dt>2018-03-02</Dt></BookgDt><AcctSvcrRef>bank-1</AcctSvcrRef><NtryDtls><TxDtls>
<Refs><EndToEndId>SET-1</EndToEndId></Refs><RmtInf><Ustrd>ACME PAYMENTS</Ustrd></RmtInf>
</TxDtls></NtryDtls></Ntry>
<Ntry><Amt Ccy="EUR">1.50</Amt><CdtDbtInd>DBIT</CdtDbtInd><Sts>BOOK</Sts>
<BookgDt><DtTm>2018-03-02T10:00:00Z</DtTm></BookgDt>
<BkTxCd><Domn><Cd>ACMT</Cd><Fmly><Cd>MDOP</Cd><SubFmlyCd>CHRG</SubFmlyCd></Fmly></Domn></BkTxCd></Ntry>
<Ntry><Amt Ccy="EUR">9.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>PDNG</Cd></Sts>
<BookgDt><Dt>2018-03-02</Dt></BookgDt></Ntry>
</Stmt></BkToCstmrStmt></Document>"""


def test_camt053() -> None:
    [read] = read_statements(CAMT.format(closing="148.50").encode())
    assert (read.statement.account, read.statement.sequence) == ("DE89370400440532013000", 7)
    assert (read.statement.opening_minor, read.statement.closing_minor) == (10_000, 14_850)
    [credit, fee] = read.lines
    assert (credit.gross_minor, credit.key, credit.reference) == (5_000, "SET-1", "bank-1")
    assert credit.text == "ACME PAYMENTS"
    assert (fee.gross_minor, fee.type, fee.on) == (-150, "bank_fee", date(2018, 3, 2))


def test_a_statement_must_add_up() -> None:
    with pytest.raises(MalformedReport, match=r"1\.50 EUR are missing"):
        read_statements(CAMT.format(closing="150.00").encode())


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("</Stmt>", "", "line 17, column"),
        ('<Amt Ccy="EUR">50.00', '<Amt Ccy="EUR">fifty', r"Stmt\[1\]/Ntry\[1\]/Amt: 'fifty'"),
        ("<CdtDbtInd>DBIT", "<CdtDbtInd>OUT", r"Ntry\[2\]/CdtDbtInd"),
        ("<Cd>OPBD</Cd>", "<Cd>XPCD</Cd>", "no opening"),
        ("BkToCstmrStmt", "BkToCstmrDbtCdtNtfctn", "is this a camt.053"),
        ("<IBAN>DE89370400440532013000</IBAN>", "", "names no account"),
        ('<?xml version="1.0"?>', '<!DOCTYPE x [<!ENTITY a "b">]>', "DTD"),
    ],
)
def test_a_wrong_camt053_names_the_element(old: str, new: str, what: str) -> None:
    with pytest.raises(MalformedReport, match=what):
        read_statements(CAMT.format(closing="148.50").replace(old, new).encode())


MT940 = """:20:STMT1
:25:DE89370400440532013000
:28C:00012/001
:60F:C180301EUR1000,00
:61:1803020302C500,00NTRF{reference}//BANKREF123
supplementary
:86:166?00SEPA CREDIT?20SVWZ+Settlement batch?21 77?32SANDBOX PSP
:61:180303D10,00NCHGNONREF
:62F:C180303EUR1490,00
-
"""


@pytest.mark.parametrize("reference", ["SET-2018-03-01", "sandbox-20180301-EUR-1234567890"])
def test_mt940_keeps_the_customer_reference(reference: str) -> None:
    """The package drops it when ``:86:`` is structured, and cuts it at 16 characters."""
    [read] = read_statements(MT940.format(reference=reference).encode())
    [credit, fee] = read.lines
    assert (credit.key, credit.reference) == (reference, "BANKREF123")
    assert (credit.gross_minor, credit.on) == (50_000, date(2018, 3, 2))
    assert "Settlement batch" in credit.text
    assert (fee.gross_minor, fee.type, fee.key) == (-1_000, "bank_fee", "")
    assert (read.statement.opening_minor, read.statement.closing_minor) == (100_000, 149_000)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("C500,00NTRF", "X500,00NTRF", "line 5: this is not a field"),
        (":62F:C180303EUR1490,00", "", "no closing balance"),
        (":20:STMT1", "", "no statement"),
        ("1490,00", "1491,00", r"1\.00 EUR are missing"),
    ],
)
def test_a_wrong_mt940_names_the_line(old: str, new: str, what: str) -> None:
    with pytest.raises(MalformedReport, match=what):
        read_statements(MT940.format(reference="R").replace(old, new).encode())


def test_a_body_that_names_a_file_is_not_that_file(tmp_path: Path) -> None:
    """The package reads files by their name; what comes from outside is never one."""
    file = tmp_path / "statement.sta"
    file.write_text(MT940.format(reference="R"))
    with pytest.raises(MalformedReport, match="no statement"):
        read_statements(str(file).encode())


def test_a_format_is_known_by_its_columns() -> None:
    assert find_format(HEADER.encode()) == "banyan"
    assert find_format(ADYEN.encode()) == "adyen"
    assert find_format(",".join(COLUMNS).encode() + b"\n") == "stripe"
    with pytest.raises(UnknownFormat):
        find_format(b"a,b\n")


def test_our_keys_are_read_where_our_stripe_provider_puts_them() -> None:
    assert set(SHAPES["stripe"].key) <= set(COLUMNS)
