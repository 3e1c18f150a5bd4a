"""Which evidence a dispute needs, what there is of it, and how it reads: pure decisions.

What decides a dispute follows the networks' published reason codes: for fraud who paid, for goods
that did not arrive the carrier's word, for refunds that they were given.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape

from banyan.payments.model import (
    Appraisal,
    Dispute,
    DisputeCategory,
    EvidenceKind,
    Payment,
    Purchase,
    Refund,
)

_NEEDED: dict[DisputeCategory, tuple[tuple[EvidenceKind, ...], tuple[EvidenceKind, ...]]] = {
    "fraud": (
        ("authentication",),
        ("earlier_purchases", "delivered_at", "shipping_tracking_number"),
    ),
    "not_received": (
        ("delivered_at", "shipping_tracking_number", "shipping_carrier"),
        ("shipped_at", "communication"),
    ),
    "not_as_described": (
        ("product_description", "communication"),
        ("refund_policy", "delivered_at"),
    ),
    "duplicate": (("product_description", "statement"), ("communication",)),
    "credit_not_processed": (("refunds_given",), ("refund_policy", "communication")),
    "cancelled": (
        ("refund_policy", "delivered_at"),
        ("communication", "shipping_tracking_number"),
    ),
    "processing_error": (("order_total", "statement"), ("product_description",)),
    "debit_returned": ((), ()),
    "other": (("delivered_at", "shipping_tracking_number"), ("communication", "statement")),
}
"""By category: what decides it, and what helps."""


def appraise(category: DisputeCategory, evidence: Mapping[EvidenceKind, str]) -> Appraisal:
    """How strong ``evidence`` is: strong with all that decides, fair with some, weak with none."""
    decisive, helpful = _NEEDED[category]
    missing = _absent((*decisive, *helpful), evidence)
    lacking = _absent(decisive, evidence)
    about = category.replace("_", " ")
    if decisive and not lacking:
        return Appraisal(
            "strong", missing, f"All that decides {about} is there: {_list(decisive)}."
        )
    if len(missing) < len(decisive) + len(helpful):
        return Appraisal("fair", missing, f"For {about} it lacks {_list(lacking)}.")
    what = _list(lacking) or "it can't be contested"
    return Appraisal("weak", missing, f"Nothing of what decides {about} is there: {what}.")


def _absent(
    wanted: tuple[EvidenceKind, ...], evidence: Mapping[EvidenceKind, str]
) -> tuple[EvidenceKind, ...]:
    return tuple(kind for kind in wanted if not evidence.get(kind))


def gather(
    payment: Payment,
    purchase: Purchase | None,
    refunds: Sequence[Refund],
    *,
    is_authenticated: bool,
    extra: Mapping[EvidenceKind, str],
) -> dict[EvidenceKind, str]:
    """Every piece of evidence that there is. ``extra`` is what people add; theirs goes first."""
    found: dict[EvidenceKind, str] = {"order_total": str(payment.amount)}
    if purchase is not None:
        found.update(_of_purchase(purchase))
    given = [refund for refund in refunds if refund.state == "succeeded"]
    if given:
        found["refunds_given"] = "; ".join(
            f"{refund.amount} on {_day(refund.finished_at)}: {refund.reason}" for refund in given
        )
    if is_authenticated:
        found["authentication"] = (
            "The buyer was authenticated by 3-D Secure; the issuer is liable for fraud."
        )
    found.update({kind: text for kind, text in extra.items() if text.strip()})
    return found


def _of_purchase(purchase: Purchase) -> dict[EvidenceKind, str]:
    pieces: dict[EvidenceKind, str | None] = {
        "product_description": "; ".join(
            f"{one.quantity} x {one.what} from {one.seller}, {one.amount}"
            for one in purchase.bought
        ),
        "buyer_country": f"{purchase.country} {purchase.region}".strip(),
        "shipping_carrier": purchase.carrier,
        "shipping_tracking_number": purchase.tracking,
        "shipped_at": purchase.shipped_at and purchase.shipped_at.isoformat(),
        "delivered_at": purchase.delivered_at and purchase.delivered_at.isoformat(),
        "timeline": "\n".join(
            f"{moment.at.isoformat()} {moment.what}: {moment.reason}"
            for moment in purchase.timeline
        ),
        "communication": purchase.communication,
        "earlier_purchases": None
        if not purchase.earlier_purchases
        else f"The buyer received {purchase.earlier_purchases} earlier orders, disputing none.",
    }
    found: dict[EvidenceKind, str] = {kind: text for kind, text in pieces.items() if text}
    return found


def page(
    dispute: Dispute,
    name: str,
    evidence: Mapping[EvidenceKind, str],
    appraisal: Appraisal,
    at: datetime,
) -> str:
    """The same for people, as one HTML page that needs nothing else. ``name`` is the dispute's id."""
    rows = "\n".join(
        f"<tr><th scope=row>{escape(_words(kind))}</th><td>{_lines(text)}</td></tr>"
        for kind, text in evidence.items()
    )
    missing = escape(_list(appraisal.missing)) or "nothing"
    return f"""<!doctype html>
<html lang=en><meta charset=utf-8><title>Evidence on {escape(name)}</title>
<style>body{{font:15px/1.5 sans-serif;max-width:46em;margin:2em auto;padding:0 1em}}
table{{border-collapse:collapse}}th,td{{text-align:left;vertical-align:top;padding:.3em .8em .3em 0}}
</style>
<h1>Evidence on {escape(name)}</h1>
<p>{escape(dispute.subject)} · {escape(str(dispute.amount))} · {escape(_words(dispute.stage))}
for {escape(_words(dispute.category))} ({escape(dispute.reason_code)}) ·
{escape(at.isoformat())}</p>
<p>{escape(dispute.reason)}</p>
<table>
{rows}
</table>
<p>The case is {appraisal.strength}. {escape(appraisal.reason)} Missing: {missing}.</p>
</html>
"""


def _lines(text: str) -> str:
    return "<br>".join(escape(line) for line in text.splitlines())


def _list(kinds: Sequence[str]) -> str:
    return ", ".join(_words(kind) for kind in kinds)


def _words(kind: str) -> str:
    return kind.replace("_", " ")


def _day(at: datetime | None) -> str:
    return "" if at is None else at.date().isoformat()
