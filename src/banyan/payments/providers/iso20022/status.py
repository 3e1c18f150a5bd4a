"""What a bank answers to a file: the customer payment status report (pain.002)."""

from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

STATUS_BYTES_MAX = 5_000_000

_FINAL: dict[str, Literal["settled", "rejected"]] = {
    "ACSC": "settled",
    "ACCC": "settled",
    "RJCT": "rejected",
    "CANC": "rejected",
}
"""Codes that settle it. The others say how far it has come."""


class UnreadableStatus(ValueError):
    """Not a status report."""


@dataclass(frozen=True, slots=True)
class Status:
    """What became of one payment, or (``is_file``) of all of a file that it says no more of.

    ``reference`` is the payment's end-to-end id, or the message id of the file. ``code`` is the bank's
    reason, such as AC04 (account closed).
    """

    reference: str
    outcome: Literal["settled", "rejected"]
    code: str
    detail: str
    is_file: bool = False


def read_status(content: bytes) -> list[Status]:
    """The payments that are settled or rejected, then files that are rejected whole.

    What is under way is left out. ``UnreadableStatus``.
    """
    if len(content) > STATUS_BYTES_MAX:
        raise UnreadableStatus(f"A report has at most {STATUS_BYTES_MAX} bytes.")
    try:
        root = fromstring(content.decode())
    except (ParseError, DefusedXmlException, UnicodeDecodeError) as error:
        raise UnreadableStatus("That is not XML that can be read.") from error
    if "pain.002" not in root.tag:
        raise UnreadableStatus("That is not a pain.002.")
    payments = [
        status
        for part in root.iter()
        if _name(part) == "TxInfAndSts" and (status := _status(part)) is not None
    ]
    return payments + _files(root)


def _files(root: Element) -> list[Status]:
    """The rejection of a file, or of its only group of payments, whose id we derive from the file's."""
    parts = [
        (part, "OrgnlMsgId" if _name(part) == "OrgnlGrpInfAndSts" else "OrgnlPmtInfId", code)
        for part in root.iter()
        if _name(part) in ("OrgnlGrpInfAndSts", "OrgnlPmtInfAndSts")
        and (code := _own_text(part, "GrpSts") or _own_text(part, "PmtInfSts"))
    ]
    return [
        Status(
            _own_text(part, name),
            "rejected",
            _reason(part, "Cd").lower(),
            _reason(part, "AddtlInf"),
            is_file=True,
        )
        for part, name, code in parts
        if _FINAL.get(code) == "rejected" and _own_text(part, name)
    ]


def _own_text(part: Element, name: str) -> str:
    """The text of a child, not of what the payments below say."""
    return next(((one.text or "").strip() for one in part if _name(one) == name), "")


def _reason(part: Element, name: str) -> str:
    why = next((one for one in part if _name(one) == "StsRsnInf"), None)
    return "" if why is None else _text(why, name)


def _status(part: Element) -> Status | None:
    reference, code = _text(part, "OrgnlEndToEndId"), _text(part, "TxSts")
    if not reference or code not in _FINAL:
        return None
    return Status(reference, _FINAL[code], _text(part, "Cd").lower(), _text(part, "AddtlInf"))


def _text(part: Element, name: str) -> str:
    found = next((one for one in part.iter() if _name(one) == name), None)
    return (found.text or "").strip() if found is not None else ""


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]
