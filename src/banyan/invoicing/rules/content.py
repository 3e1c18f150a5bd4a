"""The content of a document: everything that it says, as JSON that is always written alike.

The lines stay out of it; their list as CSV belongs to the document by its hash.
"""

import csv
import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Any

from banyan.invoicing.model import (
    BillingDraft,
    EntityDraft,
    Invoice,
    InvoiceKind,
    Language,
    LegalEntity,
    Line,
    TaxLine,
)
from banyan.invoicing.rules.periods import day_of
from banyan.invoicing.rules.wording import note_on, title_of, wording_of, words_in
from banyan.kernel import IdKind, Money
from banyan.ledger import TRANSFER
from banyan.payments import PAYMENT

_CSV_HEAD = (
    "line", "date", "order", "payment", "transfer", "what", "tax_jurisdiction", "tax_rate_percent",
    "net", "tax", "gross", "currency",
)  # fmt: skip
_PARTY = ("name", "address", "postal_code", "city", "country", "tax_id")


def content_of(
    invoice: Invoice,
    entity: LegalEntity,
    details: BillingDraft | None,
    lines: Sequence[Line],
    taxes: Sequence[TaxLine],
    referred: Invoice | None,
    seller: str,
) -> dict[str, Any]:
    """What the document says. ``seller`` is the seller's id, shown where the details are missing."""
    words = words_in(entity.language)
    zone = entity.time_zone
    list_style = ListStyle(invoice.kind, invoice.currency, entity.language, zone)
    listed = lines_csv(lines, list_style).encode()
    return {
        "title": title_of(words, invoice.kind),
        "kind": invoice.kind,
        "number": invoice.number,
        "issued_on": day_of(invoice.issued_at, zone).isoformat(),
        "period": {
            "from": invoice.starts_at.astimezone(UTC).isoformat(),
            "until": invoice.ends_at.astimezone(UTC).isoformat(),
            "time_zone": zone,
        },
        "refers_to": referred
        and {
            "number": referred.number,
            "issued_on": day_of(referred.issued_at, zone).isoformat(),
        },
        "language": entity.language,
        "issuer": _party(entity),
        "recipient": _party(details) | {"seller": seller},
        "currency": invoice.currency,
        "taxes": [
            {
                "jurisdiction": tax.jurisdiction,
                "rate_bp": tax.rate_bp,
                "net": tax.net.minor,
                "tax": tax.tax.minor,
                "gross": tax.gross.minor,
                "note": note_on(words, tax.jurisdiction, tax.rate_bp),
            }
            for tax in taxes
        ],
        "net": invoice.net_minor,
        "tax": invoice.tax_minor,
        "gross": invoice.gross.minor,
        "missing": list(invoice.missing),
        "lines": {"count": len(lines), "sha256": hashlib.sha256(listed).hexdigest()},
    }


def written(content: dict[str, Any]) -> str:
    """Sorted, without spaces: the same content is the same text, and has the same hash."""
    return json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


@dataclass(frozen=True, slots=True)
class ListStyle:
    """What the list of lines depends on besides them."""

    kind: InvoiceKind
    currency: str
    language: Language
    time_zone: str


def issued_list(content: str, lines: Sequence[Line]) -> str | None:
    """The list of lines that belongs to a document; None if these are not the lines it was of."""
    said: dict[str, Any] = json.loads(content)
    style = ListStyle(said["kind"], said["currency"], said["language"], said["period"]["time_zone"])
    listed = lines_csv(lines, style)
    is_same = hashlib.sha256(listed.encode()).hexdigest() == said["lines"]["sha256"]
    return listed if is_same else None


def lines_csv(lines: Sequence[Line], style: ListStyle) -> str:
    """The list of a document's lines as CSV (RFC 4180); amounts are decimal numbers."""
    words, currency = words_in(style.language), style.currency
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(_CSV_HEAD)
    for number, line in enumerate(lines, 1):
        what = wording_of(words, style.kind, line.code, line.net_minor + line.tax_minor)
        writer.writerow(
            (
                number,
                day_of(line.effective_at, style.time_zone).isoformat(),
                safe_cell(line.subject),
                _id(PAYMENT, line),
                TRANSFER.text(line.transfer_id),
                safe_cell(what),
                line.jurisdiction,
                f"{line.rate_bp / 100:g}",
                _decimal(line.net_minor, currency),
                _decimal(line.tax_minor, currency),
                _decimal(line.net_minor + line.tax_minor, currency),
                currency,
            )
        )
    return out.getvalue()


def safe_cell(text: str) -> str:
    """A text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


def _decimal(minor: int, currency: str) -> str:
    money = Money.of(minor, currency)
    return f"{money.decimal:.{money.currency.exponent}f}"


def _id(kind: IdKind, line: Line) -> str:
    return "" if line.payment_id is None else kind.text(line.payment_id)


def _party(party: EntityDraft | BillingDraft | None) -> dict[str, str]:
    known = {} if party is None else asdict(party)
    return {name: known.get(name, "") for name in _PARTY}
