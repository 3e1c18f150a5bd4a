"""The files: customer credit transfers (pain.001) and direct debits (pain.008), versions of 2019.

The same order gives the same bytes, whenever it is written.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal, Protocol, cast

import sepaxml
from sepaxml.validation import try_valid_xml  # pyright: ignore[reportUnknownVariableType] - it has no types
from text_unidecode import unidecode  # pyright: ignore[reportUnknownVariableType]

from banyan.kernel import Money
from banyan.payments.model import BankAccount

PAIN_001 = "pain.001.001.09"
PAIN_008 = "pain.008.001.08"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One payment to, or debit from, an account. ``reference`` comes back on the statement."""

    reference: str
    text: str
    holder: str = field(repr=False)
    iban: str = field(repr=False)
    bic: str | None
    amount: Money
    mandate: str | None = None
    mandate_signed_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FileOrder:
    """What a file is to say. All amounts are in one currency with two decimals."""

    kind: Literal["payout", "debit"]
    message_id: str
    bank: BankAccount
    entries: tuple[Entry, ...]
    execute_on: date
    at: datetime

    @property
    def format(self) -> str:
        return PAIN_001 if self.kind == "payout" else PAIN_008


class _Writer(Protocol):
    """What we use of sepaxml."""

    msg_id: str

    def add_payment(self, payment: Mapping[str, object]) -> None: ...

    def export(self, validate: bool) -> bytes: ...


def write(order: FileOrder) -> bytes:
    """The file, held against the schema of its format. Takes a while: not for the event loop."""
    assert order.entries, "a file says something"
    assert {entry.amount.currency.exponent for entry in order.entries} == {2}, "as sepaxml writes"
    writer = _writer(order)
    for entry in order.entries:
        writer.add_payment(_payment(order, entry))
    content = _stamped(writer.export(validate=False), writer.msg_id, order)
    try_valid_xml(content, order.format)
    return content


def _writer(order: FileOrder) -> _Writer:
    currency = order.entries[0].amount.currency.code
    config: dict[str, object] = {
        "name": _clean(order.bank.holder, 70),
        "IBAN": order.bank.iban,
        "batch": True,
        "currency": currency,
    }
    if order.bank.bic is not None:
        config["BIC"] = order.bank.bic
    if order.kind == "payout":
        config["domestic"] = currency != "EUR"
        return cast("_Writer", sepaxml.SepaTransfer(config, schema=PAIN_001))
    config["creditor_id"] = order.bank.creditor_id
    return cast("_Writer", sepaxml.SepaDD(config, schema=PAIN_008))


def _payment(order: FileOrder, entry: Entry) -> dict[str, object]:
    payment: dict[str, object] = {
        "name": _clean(entry.holder, 70) or "NOTPROVIDED",
        "IBAN": entry.iban,
        "amount": entry.amount.minor,
        "description": _clean(entry.text, 140),
        "endtoend_id": entry.reference,
    }
    if entry.bic is not None:
        payment["BIC"] = entry.bic
    if order.kind == "payout":
        return payment | {"execution_date": order.execute_on}
    return payment | {
        "type": "RCUR",
        "collection_date": order.execute_on,
        "mandate_id": entry.mandate,
        "mandate_date": entry.mandate_signed_on,
    }


def _stamped(content: bytes, random_id: str, order: FileOrder) -> bytes:
    """With our message id and time in place of random ones: the same file each time."""
    at = order.at.strftime("%Y-%m-%dT%H:%M:%S").encode()
    content = content.replace(random_id.encode(), order.message_id.encode(), 1)
    content = re.sub(rb"<CreDtTm>[^<]*<", b"<CreDtTm>" + at + b"<", content, count=1)
    group = order.message_id.encode() + b"-1"  # as references.batch_of reads it
    return re.sub(rb"<PmtInfId>[^<]*<", b"<PmtInfId>" + group + b"<", content)


def _clean(text: str, length: int) -> str:
    """In the characters that every bank takes."""
    return re.sub(r"[^A-Za-z0-9/?:().,'+ -]", " ", unidecode(text)).strip()[:length]
