"""The sandbox's settlement reports, and the bank statement that shows them paid.

A report is written when its day is over: what was done since the one before, each row once. The
sandbox pays a share of what was captured that day to our bank, and keeps the rest for the sellers'
payouts. The bank, which it plays as well, receives it on the day after.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from xml.sax.saxutils import escape

import msgspec

from banyan.kernel import Money
from banyan.payments.model import ProviderRate
from banyan.payments.providers import Settled
from banyan.payments.providers.sandbox import disputes, store
from banyan.payments.providers.sandbox.settling import fee_of, settled_back
from banyan.payments.providers.sandbox.store import ReportLine, Stored, StoredDispute
from banyan.payments.providers.sandbox.tokens import BANK_TOKENS, TOKENS
from banyan.runtime import MARKETPLACE, Transaction

COLUMNS = (
    "line", "type", "date", "currency", "gross", "fee", "net", "key", "reference", "payment", "batch",
    "description",
)  # fmt: skip
SETTLED_SHARE_BP = 800

_LATE = [
    *(
        name
        for name, token in TOKENS.items()
        if token.is_push or token.known_after or token.refund_returned_after
    ),
    *(name for name, bank in BANK_TOKENS.items() if bank.returned_after),
]
"""What may have an effect on the balance later than on the day it was asked."""


@dataclass(frozen=True, slots=True)
class Received:
    """What one of our bank accounts stood at, and what came in on a day."""

    account: str
    opening: Money
    lines: tuple[ReportLine, ...]


async def close_day(tx: Transaction, provider: str, on: date) -> list[ReportLine] | None:
    """The rows of a day's report, written down the first time; None while the day isn't over."""
    end = _start(on + timedelta(days=1))
    if tx.now < end:
        return None
    await store.lock_payment(tx, f"report of {provider}")
    last = await store.last_report(tx, provider)
    if last is None or last < on:
        since = _start(last) if last is not None else datetime(1970, 1, 1, tzinfo=UTC)
        lines = [line for line in await _happened(tx, provider, since, end) if line.at < end]
        await store.insert_report_lines(tx, provider, on, lines)
        written = await store.report_lines(tx, provider, on)
        await store.insert_report_lines(
            tx, provider, on, list(_settlements(provider, on, end, written))
        )
    return await store.report_lines(tx, provider, on)


def in_csv(lines: Sequence[ReportLine]) -> bytes:
    """A report in the shape that docs/reconciliation.md describes."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for line in lines:
        gross, fee = _money(line.gross_minor, line), _money(line.fee_minor, line)
        net = _money(line.gross_minor - line.fee_minor, line)
        writer.writerow(
            (line.line, line.type, line.at.date(), line.currency, gross, fee, net, line.key,
             line.reference, line.payment, line.batch, "")
        )  # fmt: skip
    return text.getvalue().encode()


async def received_on(tx: Transaction, provider: str, on: date) -> list[Received]:
    """What the bank has received on a day, an account for each currency."""
    if tx.now < _start(on + timedelta(days=1)):
        return []
    paid_on = on - timedelta(days=1)
    before = await store.settled_before(tx, provider, paid_on)
    lines = [
        line
        for line in await store.report_lines(tx, provider, paid_on)
        if line.type == "settlement"
    ]
    owner = MARKETPLACE.text(tx.marketplace_id)[-8:].upper()
    return [
        Received(
            f"SANDBOX{owner}{currency}",
            Money.of(before.get(currency, 0), currency),
            tuple(line for line in lines if line.currency == currency),
        )
        for currency in sorted({line.currency for line in lines})
    ]


def in_camt053(received: Sequence[Received], on: date) -> bytes:
    """Bank statements in camt.053.001.08."""
    statements = "".join(_statement(one, on) for one in received)
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>SANDBOX-{on:%Y%m%d}</MsgId><CreDtTm>{on}T23:59:59Z</CreDtTm></GrpHdr>"
        f"{statements}</BkToCstmrStmt></Document>\n"
    ).encode()


def _statement(one: Received, on: date) -> str:
    closing = one.opening + Money.of(
        -sum(line.gross_minor for line in one.lines), one.opening.currency.code
    )
    entries = "".join(_entry(line, on) for line in one.lines)
    return (
        f"<Stmt><Id>{one.account}-{on:%Y%m%d}</Id>"
        f"<Acct><Id><Othr><Id>{one.account}</Id></Othr></Id></Acct>"
        f"{_balance('OPBD', one.opening, on)}{_balance('CLBD', closing, on)}{entries}</Stmt>"
    )


def _balance(code: str, amount: Money, on: date) -> str:
    return (
        f"<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp>{_amount(amount)}"
        f"<Dt><Dt>{on}</Dt></Dt></Bal>"
    )


def _entry(line: ReportLine, on: date) -> str:
    paid = Money.of(-line.gross_minor, line.currency)
    return (
        f"<Ntry>{_amount(paid)}<Sts><Cd>BOOK</Cd></Sts><BookgDt><Dt>{on}</Dt></BookgDt>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{escape(line.batch)}</EndToEndId></Refs>"
        "<RmtInf><Ustrd>SANDBOX SETTLEMENT</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )


def _amount(amount: Money) -> str:
    side = "DBIT" if amount.minor < 0 else "CRDT"
    plain = str(-amount if amount.minor < 0 else amount).partition(" ")[0]
    return f'<Amt Ccy="{amount.currency.code}">{plain}</Amt><CdtDbtInd>{side}</CdtDbtInd>'


async def _happened(
    tx: Transaction, provider: str, since: datetime, end: datetime
) -> list[ReportLine]:
    """What was done on the balance until the end, from a little before the last report on."""
    lines: list[ReportLine] = []
    for stored in await store.operations_between(tx, provider, since, end, _LATE):
        lines += _of_operation(stored)
    if provider == "sandbox":
        reported = await store.reported_of_disputes(tx, provider)
        for dispute in await store.disputes_before(tx, end):
            lines += await _of_dispute(tx, dispute, end - timedelta.resolution, reported)
    return sorted(lines, key=lambda line: (line.at, line.line))


def _of_operation(stored: Stored) -> Iterator[ReportLine]:
    if stored.answer["outcome"] != "succeeded":
        return
    sign = -1 if stored.operation in ("refund", "payout") else 1
    match stored.operation:
        case "capture" | "refund" | "payout" | "debit":
            yield _line(stored, stored.operation, stored.known_at, sign * stored.amount_minor)
        case _:
            return
    after = _returned_after(stored)
    if after:
        back_at = stored.created_at + after
        yield _line(stored, f"{stored.operation}_return", back_at, -sign * stored.amount_minor)


def _returned_after(stored: Stored) -> timedelta | None:
    """When it comes back, if it does."""
    bank, token = BANK_TOKENS.get(stored.token), TOKENS.get(stored.token)
    if bank is not None:
        return bank.returned_after
    return token.refund_returned_after if token and stored.operation == "refund" else None


def _line(stored: Stored, kind: str, at: datetime, gross: int) -> ReportLine:
    currency = stored.currency
    settled = stored.answer.get("settled")
    if settled is not None and stored.operation in ("capture", "refund"):
        told = msgspec.convert(settled, Settled)
        gross = told.amount_minor if gross > 0 else -told.amount_minor
        currency = told.currency
    fee = fee_of(Money.of(gross, currency)) if kind == "capture" else 0
    return ReportLine(
        line=f"{kind}/{stored.key}",
        type=kind,
        at=at,
        currency=currency,
        gross_minor=gross,
        fee_minor=fee,
        key=stored.key.removesuffix(
            "/capture"
        ),  # what is taken at once has the key it was asked by
        reference=str(stored.answer.get("reference", "")),
        payment=stored.payment or "",
    )


async def _of_dispute(
    tx: Transaction, dispute: StoredDispute, at: datetime, reported: Mapping[tuple[str, str], int]
) -> list[ReportLine]:
    """What a dispute has taken by an instant, less what earlier reports have told of it."""
    until = at
    if dispute.path == "inquiry_escalates":
        until = min(until, dispute.opens_at + disputes.ESCALATES_AFTER)
    asked = await store.refunded_before(tx, dispute.payment, until)
    answers = await store.answers_to(tx, dispute.reference)
    is_refunded = asked >= dispute.captured_minor
    now = disputes.standing(dispute, answers, at, is_refunded=is_refunded)
    left = dispute.captured_minor - await store.refunded_before(tx, dispute.payment, now.since)
    if left <= 0:
        return []
    is_lost = now.state == "lost" and now.stage != "inquiry"
    told_fee = reported.get((dispute.reference, "dispute_fee"), 0)
    told_loss = reported.get((dispute.reference, "chargeback"), 0)
    told_loss += reported.get((dispute.reference, "chargeback_reversal"), 0)
    settled = settled_back(
        Money.of(left, dispute.currency), await disputes.settles_in(tx, dispute)
    ) or Money.of(left, dispute.currency)
    rate = ProviderRate(Money.of(left, dispute.currency), settled)
    fee = -rate.of(Money.of(now.fee_minor, dispute.currency)).minor - told_fee
    loss = (-settled.minor if is_lost else 0) - told_loss
    changed = [("dispute_fee", fee), ("chargeback" if loss < 0 else "chargeback_reversal", loss)]
    return [
        ReportLine(
            line=f"{kind}/{dispute.reference}/{at:%Y%m%d}",
            type=kind,
            at=at,
            currency=settled.currency.code,
            gross_minor=minor,
            reference=dispute.reference,
            payment=dispute.payment,
        )
        for kind, minor in changed
        if minor
    ]


def _settlements(
    provider: str, on: date, end: datetime, lines: Sequence[ReportLine]
) -> Iterator[ReportLine]:
    """What is paid to our bank of a day's captures, a batch for each currency."""
    taken = Counter[str]()
    for line in lines:
        if line.type == "capture":
            taken[line.currency] += line.gross_minor - line.fee_minor
    for currency, minor in sorted(taken.items()):
        paid = Money.of(minor, currency).portion(SETTLED_SHARE_BP).minor
        if paid > 0:
            batch = f"{provider}-{on:%Y%m%d}-{currency}"
            yield ReportLine(
                line=f"settlement/{batch}",
                type="settlement",
                at=end - timedelta(seconds=1),
                currency=currency,
                gross_minor=-paid,
                reference=batch,
                batch=batch,
            )


def _start(on: date) -> datetime:
    return datetime.combine(on, time(), tzinfo=UTC)


def _money(minor: int, line: ReportLine) -> str:
    return str(Money.of(minor, line.currency)).partition(" ")[0]
