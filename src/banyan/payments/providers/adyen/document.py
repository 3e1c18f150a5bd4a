"""Evidence as Adyen takes it: a reason for the defence, and PDF files for it.

Our evidence is text. It becomes a plain PDF (ISO 32000: one fixed-width font, no images), because
Adyen takes no text.
"""

import base64
import textwrap
from collections.abc import Mapping, Sequence

import msgspec
from msgspec import Struct

_COLUMNS, _LINES = 90, 60


class _Type(Struct, frozen=True, rename="camel"):
    defense_document_type_code: str
    requirement_level: str = "Optional"
    available: bool = False


class Reason(Struct, frozen=True, kw_only=True, rename="camel"):
    defense_reason_code: str
    satisfied: bool = False
    defense_document_types: list[_Type] = []

    @property
    def code(self) -> str:
        return self.defense_reason_code


class _Reasons(Struct, frozen=True, rename="camel"):
    defense_reasons: list[Reason] = []


class _Result(Struct, frozen=True, rename="camel"):
    success: bool
    error_message: str = ""


class Decided(Struct, frozen=True, rename="camel"):
    dispute_service_result: _Result


def best_reason(told: bytes) -> Reason | None:
    """The reason that asks for the fewest documents; one that needs none comes first."""
    reasons = msgspec.json.decode(told, type=_Reasons).defense_reasons
    return min(
        reasons, key=lambda reason: (not reason.satisfied, len(_needed(reason))), default=None
    )


def papers(reason: Reason, evidence: Mapping[str, str]) -> list[dict[str, str]]:
    """All of the evidence, as each kind of document that the reason needs."""
    if not evidence:
        return []
    lines = [
        line
        for name, text in evidence.items()
        for line in (f"{name.replace('_', ' ').upper()}", *_wrapped(text), "")
    ]
    content = base64.b64encode(pdf(lines)).decode()
    return [
        {
            "content": content,
            "contentType": "application/pdf",
            "defenseDocumentTypeCode": needed,
        }
        for needed in _needed(reason) or _any(reason)
    ]


def pdf(lines: Sequence[str]) -> bytes:
    """A PDF that shows these lines; what Latin-1 has no letter for is shown as a question mark."""
    pages = [lines[at : at + _LINES] for at in range(0, len(lines), _LINES)] or [[""]]
    kids = " ".join(f"{4 + 2 * at} 0 R" for at in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Courier /Encoding /WinAnsiEncoding >>",
    ]
    for at, page in enumerate(pages):
        objects.append(
            b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources "
            b"<< /Font << /F1 3 0 R >> >> /Contents %d 0 R >>" % (5 + 2 * at)
        )
        shown = b"".join(b"(%s) '\n" % _escaped(line) for line in page)
        stream = b"BT /F1 9 Tf 12 TL 50 800 Td\n" + shown + b"ET"
        objects.append(b"<< /Length %d >>\nstream\n%s\nendstream" % (len(stream), stream))
    return _file(objects)


def _file(objects: Sequence[bytes]) -> bytes:
    written, offsets = bytearray(b"%PDF-1.4\n"), list[int]()
    for number, one in enumerate(objects, 1):
        offsets.append(len(written))
        written += b"%d 0 obj\n%s\nendobj\n" % (number, one)
    table = len(written)
    written += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    written += b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    written += b"trailer\n<< /Size %d /Root 1 0 R >>\n" % (len(objects) + 1)
    return bytes(written + b"startxref\n%d\n%%%%EOF\n" % table)


def _escaped(line: str) -> bytes:
    text = line.encode("cp1252", "replace")
    return text.replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _wrapped(text: str) -> list[str]:
    return [part for line in text.splitlines() for part in textwrap.wrap(line, _COLUMNS) or [""]]


def _needed(reason: Reason) -> list[str]:
    return [
        one.defense_document_type_code
        for one in reason.defense_document_types
        if one.requirement_level != "Optional" and not one.available
    ]


def _any(reason: Reason) -> list[str]:
    return [one.defense_document_type_code for one in reason.defense_document_types[:1]]
