"""Bank statements as camt.053 (ISO 20022), in any version.

Elements are found by their name whatever the namespace: the versions differ in what they add, not in
what is read here. Only booked entries count.
"""

from collections.abc import Iterator
from datetime import date
from typing import Protocol, cast
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from banyan.kernel import BanyanError, Fault, Money
from banyan.reconciliation.errors import MalformedReport
from banyan.reconciliation.model import LineType, ReadLine, ReadStatement, Statement

_FEES = frozenset({"CHRG", "FEES", "COMM"})
_NOT_PROVIDED = frozenset({"", "NOTPROVIDED", "NONREF"})
_OURS = ("att-", "att_")
_AMOUNTS = ("Amt", "AmtDtls/TxAmt/Amt")
TEXT_MAX = 500


class _Element(Protocol):
    """What is used of an XML element."""

    tag: str
    text: str | None
    attrib: dict[str, str]

    def __iter__(self) -> "Iterator[_Element]": ...


def read_camt053(content: bytes) -> list[ReadStatement]:
    """The statements of a file; ``MalformedReport`` names the element that is wrong."""
    try:
        root = cast(_Element, fromstring(content, forbid_dtd=True))
    except ParseError as error:
        line, column = error.position
        raise _malformed(f"line {line}, column {column}", "this is not well-formed XML") from None
    except (DefusedXmlException, ValueError, LookupError):
        raise _malformed("the document", "it has a DTD, entities or a strange encoding") from None
    body = _child(root, "BkToCstmrStmt")
    if body is None:
        raise _malformed(_name(root), "it has no BkToCstmrStmt; is this a camt.053?")
    found = [
        _statement(stmt, f"Stmt[{place}]")
        for place, stmt in enumerate(_children(body, "Stmt"), start=1)
    ]
    if not found:
        raise _malformed("BkToCstmrStmt", "it has no Stmt")
    return found


def _statement(stmt: _Element, place: str) -> ReadStatement:
    account = _text(stmt, "Acct/Id/IBAN") or _text(stmt, "Acct/Id/Othr/Id")
    if not account:
        raise _malformed(f"{place}/Acct/Id", "it names no account")
    reference = _needed(stmt, "Id", place)
    balances = {
        _text(bal, "Tp/CdOrPrtry/Cd"): _amount(bal, f"{place}/Bal")
        for bal in _children(stmt, "Bal")
    }
    opening = balances.get("OPBD") or balances.get("PRCD")
    closing = balances.get("CLBD")
    if opening is None or closing is None:
        raise _malformed(f"{place}/Bal", "there is no opening (OPBD) or closing (CLBD) balance")
    lines = [
        line
        for number, entry in enumerate(_children(stmt, "Ntry"), start=1)
        for line in _entry(entry, f"{place}/Ntry[{number}]", f"{account}/{reference}/{number}")
    ]
    dates = [day for bal in _children(stmt, "Bal") if (day := _day(bal, "Dt", f"{place}/Bal"))]
    dates = dates or [line.on for line in lines]
    if not dates:
        raise _malformed(f"{place}/Bal/Dt", "no balance has a date")
    sequence = _text(stmt, "ElctrncSeqNb") or _text(stmt, "LglSeqNb")
    return ReadStatement(
        Statement(
            account=account,
            reference=reference,
            sequence=int(sequence) if sequence.isdigit() and len(sequence) < 10 else None,
            currency=closing.currency.code,
            opening_minor=opening.minor,
            closing_minor=closing.minor,
            from_on=min(dates),
            until_on=max(dates),
        ),
        tuple(lines),
    )


def _entry(entry: _Element, place: str, name: str) -> Iterator[ReadLine]:
    status = _text(entry, "Sts/Cd") or _text(entry, "Sts")
    if status not in ("", "BOOK"):
        return
    amount = _amount(entry, place)
    on = _day(entry, "BookgDt", place) or _day(entry, "ValDt", place)
    if on is None:
        raise _malformed(f"{place}/BookgDt", "the entry has no date")
    details = [tx for dtls in _children(entry, "NtryDtls") for tx in _children(dtls, "TxDtls")]
    parts = _own_parts(details, amount, place)
    for number, (tx, part) in enumerate(zip(details, parts, strict=False), start=1):
        yield _line(entry, [tx], part, on, f"{place}/TxDtls[{number}]", f"{name}.{number}")
    if not parts:
        yield _line(entry, details, amount, on, place, name)


def _own_parts(details: list[_Element], amount: Money, place: str) -> list[Money]:
    """What each payment of ours is in one entry for all of a file; nothing if it is another entry.

    Banks book a file as one sum and tell its payments below. Only what names payments of ours is
    taken apart, and only if they add up to the entry.
    """
    names = [_text(tx, "Refs/EndToEndId").lower() for tx in details]
    if len(details) < 2 or not any(name.startswith(_OURS) for name in names):
        return []
    parts = list[Money]()
    for tx in details:
        given = next((it for path in _AMOUNTS for it in _find(tx, path)), None)
        if given is None:
            return []
        side = _text(tx, "CdtDbtInd") or ("DBIT" if amount.minor < 0 else "CRDT")
        money = _money(given, place)
        parts.append(-money if side == "DBIT" else money)
    are_same = {part.currency for part in parts} == {amount.currency}
    return parts if are_same and sum(part.minor for part in parts) == amount.minor else []


def _line(
    entry: _Element, details: list[_Element], amount: Money, on: date, place: str, name: str
) -> ReadLine:
    keys = [key for tx in details if (key := _text(tx, "Refs/EndToEndId")) not in _NOT_PROVIDED]
    words = [*_words(entry, details), *(keys if len(keys) > 1 else ())]
    asked = [_money(given, place) for tx in details for given in _find(tx, "AmtDtls/InstdAmt/Amt")]
    original = asked[0] if len(asked) == 1 and asked[0].currency != amount.currency else None
    sign = -1 if amount.minor < 0 else 1
    return ReadLine(
        place=place,
        name=name,
        type=_type(entry),
        on=on,
        currency=amount.currency.code,
        gross_minor=amount.minor,
        key=keys[0] if len(keys) == 1 else "",
        reference=_text(entry, "AcctSvcrRef"),
        text=" ".join(filter(None, words))[:TEXT_MAX],
        original_minor=sign * original.minor if original else None,
        original_currency=original.currency.code if original else None,
    )


def _words(entry: _Element, details: list[_Element]) -> Iterator[str]:
    for tx in details:
        for path in (
            "RtrInf/Rsn/Cd",
            "RmtInf/Ustrd",
            "RmtInf/Strd/CdtrRefInf/Ref",
            "RltdPties/Dbtr/Nm",
        ):
            yield from (_own_text(found) for found in _find(tx, path))
        yield from (_own_text(found) for found in _find(tx, "RltdPties/Dbtr/Pty/Nm"))
    yield _text(entry, "AddtlNtryInf")


def _type(entry: _Element) -> LineType:
    code = _text(entry, "BkTxCd/Domn/Fmly/SubFmlyCd")
    return "bank_fee" if code in _FEES else "settlement"


def _amount(holder: _Element, place: str) -> Money:
    """An amount with the sign that its credit or debit indicator gives it."""
    given = next(_find(holder, "Amt"), None)
    if given is None:
        raise _malformed(f"{place}/Amt", "there is no amount")
    amount = _money(given, place)
    match _text(holder, "CdtDbtInd"):
        case "CRDT":
            return amount
        case "DBIT":
            return -amount
        case _:
            raise _malformed(f"{place}/CdtDbtInd", "it is neither CRDT nor DBIT")


def _money(given: _Element, place: str) -> Money:
    try:
        return Money.parse(_own_text(given), given.attrib.get("Ccy", ""))
    except BanyanError as refusal:
        raise _malformed(f"{place}/Amt", refusal.detail.rstrip(".")) from None


def _day(holder: _Element, name: str, place: str) -> date | None:
    text = _text(holder, f"{name}/Dt") or _text(holder, f"{name}/DtTm")
    if not text:
        return None
    try:
        return date.fromisoformat(text[:10])
    except ValueError:
        raise _malformed(f"{place}/{name}", f"{text[:40]!r} is not a date") from None


def _needed(holder: _Element, name: str, place: str) -> str:
    text = _text(holder, name)
    if not text:
        raise _malformed(f"{place}/{name}", "it is missing")
    return text


def _text(holder: _Element, path: str) -> str:
    """The text of the first element on a path, or nothing."""
    return next((_own_text(found) for found in _find(holder, path)), "")


def _own_text(element: _Element) -> str:
    return (element.text or "").strip()


def _find(holder: _Element, path: str) -> Iterator[_Element]:
    name, _, rest = path.partition("/")
    for child in _children(holder, name):
        if rest:
            yield from _find(child, rest)
        else:
            yield child


def _child(holder: _Element, name: str) -> _Element | None:
    return next(iter(_children(holder, name)), None)


def _children(holder: _Element, name: str) -> list[_Element]:
    return [child for child in holder if _name(child) == name]


def _name(element: _Element) -> str:
    return element.tag.rpartition("}")[2]


def _malformed(place: str, what: str) -> MalformedReport:
    detail = f"At {place}: {what}. Nothing was imported."
    return MalformedReport(detail, faults=(Fault("malformed_report", detail),))
