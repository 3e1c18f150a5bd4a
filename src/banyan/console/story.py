"""Events as people read them: a title, a reason, and in small type what proves it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby, pairwise
from types import MappingProxyType

from banyan.console.links import money_in, subject_href
from banyan.console.look import Tone, money, took, words
from banyan.console.views.events import EventLine, Meta, TimelineDay, TimelineItem
from banyan.runtime import StoredEvent

_GO = frozenset(
    [
        "matched",
        "compliance_passed",
        "fraud_passed",
        "checked",
        "authorized",
        "captured",
        "confirmed",
        "shipped",
        "delivered",
        "settled",
        "paid",
        "won",
        "resolved",
        "succeeded",
        "released",
    ]
)
_WAIT = frozenset(
    [
        "opened",
        "held",
        "fraud_flagged",
        "unmatched",
        "requires_action",
        "awaiting_payment",
        "processing",
        "rerouted",
        "payment_rerouted",
        "authentication_required",
        "unknown",
        "payment_unknown",
        "disputed",
        "dispute_inquiry",
        "dispute_contested",
        "dispute_escalated",
        "refund_needs_destination",
        "refund_returned",
        "taken_elsewhere",
    ]
)
_LOST = frozenset(
    [
        "declined",
        "failed",
        "lost",
        "cancelled",
        "capture_failed",
        "void_failed",
        "refund_failed",
        "dispute_lost",
        "charged_back",
        "blocked",
        "authentication_expired",
        "expired",
    ]
)
_NOBODY: Mapping[str, str] = MappingProxyType({})
_TITLES = {
    "order.authentication_required": "Buyer has to confirm the payment",
    "order.awaiting_payment": "Buyer has been told how to pay",
    "order.checked": "Checks passed, payment begun",
    "order.compliance_passed": "Compliance passed",
    "order.confirmed": "Order confirmed, sellers may ship",
    "order.decided": "A person decided",
    "order.fraud_flagged": "Fraud check asks for a person",
    "order.fraud_passed": "Fraud check passed",
    "order.held": "Order held for review",
    "order.payment_unknown": "Provider owes an answer",
    "order.payment_rerouted": "Tried at another provider",
    "order.rematched": "Looking for another offer",
    "order.given_back": "Second provider gave the money back",
    "order.settled": "Order settled, sellers' share available",
    "payment.authorized": "Payment authorized, money held",
    "payment.awaiting_payment": "Buyer has been told how to pay",
    "payment.processing": "Direct debit on its way",
    "payment.released": "Sellers' share released",
    "payment.requires_action": "Buyer has to confirm the payment",
    "payment.rerouted": "Tried at another provider",
    "order.taken_elsewhere": "Second provider has the money as well",
    "order.void_failed": "Money is still reserved",
    "payment.given_back": "Second provider gave the money back",
    "payment.taken_elsewhere": "Second provider has the money as well",
    "payment.unknown": "Provider has not said whether it happened",
    "payment.voided": "Payment voided, hold released",
}


def tone_of(event_type: str) -> Tone:
    verb = event_type.rpartition(".")[2]
    for tone, verbs in ((Tone.GO, _GO), (Tone.WAIT, _WAIT), (Tone.LOST, _LOST)):
        if verb in verbs:
            return tone
    return Tone.IDLE


def title_of(event: StoredEvent, names: Mapping[str, str] = _NOBODY) -> str:
    """What happened in a few words; ``names`` are those of sellers by their ids."""
    match event.payload:
        case {"lines": [{"seller": str(seller)}, *_]} if event.type == "order.matched":
            return f"Matched to {names.get(seller, seller)}"
        case {"queue": str(queue)} if event.type == "case.opened":
            return f"Case opened in {words(queue)}"
        case {"resolution": str(resolution)} if event.type == "case.resolved":
            return f"Case resolved: {words(resolution).lower()}"
        case {"owner": str(owner)} if event.type == "case.assigned":
            return f"Case assigned to {owner}"
        case _:
            return _TITLES.get(event.type, words(event.type))


def reason_of(event: StoredEvent) -> str:
    """The sentence that explains the decision, if there is one."""
    for name in ("reason", "note", "detail"):
        text = event.payload.get(name)
        if isinstance(text, str) and text:
            return text
    return ""


def timeline(
    events: Sequence[StoredEvent], base: str, names: Mapping[str, str] = _NOBODY
) -> tuple[TimelineDay, ...]:
    """Events of one or several subjects in the order in which they happened, day by day.

    A reason that the line above has just given is not said again.
    """
    ordered = sorted(events, key=lambda event: (event.occurred_at, event.position))
    items = [_item(event, base, names) for event in ordered]
    told = [item.reason != before.reason for before, item in pairwise(items)]
    once = [
        item if is_new else replace(item, reason="")
        for item, is_new in zip(items, [True, *told], strict=False)
    ]
    return tuple(
        TimelineDay(day, tuple(of_day)) for day, of_day in groupby(once, key=lambda i: i.at.date())
    )


def sellers_in(events: Sequence[StoredEvent]) -> set[str]:
    """The ids of the sellers that orders were matched to."""
    found: set[str] = set()
    for event in events:
        match event.payload:
            case {"lines": [{"seller": str(seller)}, *_]}:
                found.add(seller)
            case _:
                pass
    return found


def event_line(event: StoredEvent, base: str) -> EventLine:
    return EventLine(
        position=event.position,
        type=event.type,
        title=words(event.type),
        tone=tone_of(event.type),
        reason=reason_of(event),
        subject=event.subject,
        subject_href=subject_href(base, event.subject),
        href=f"{base}/events/{event.position}",
        cause=cause_of(event),
        occurred_at=event.occurred_at,
    )


def cause_of(event: StoredEvent) -> str:
    """Who or what made it happen: ``ana@example.com``, ``API, key replay``, ``job order.match``."""
    name = event.cause.get("actor") or event.cause.get("id", "")
    match event.cause.get("kind"):
        case "person":
            return name
        case "request":
            return f"API, {name}"
        case "system":
            return ""
        case kind:
            return f"{kind} {name}"


def _item(event: StoredEvent, base: str, names: Mapping[str, str]) -> TimelineItem:
    return TimelineItem(
        at=event.occurred_at,
        title=title_of(event, names),
        tone=tone_of(event.type),
        reason=reason_of(event),
        meta=tuple(_meta(event, base)),
    )


def _meta(event: StoredEvent, base: str) -> list[Meta]:
    payload = event.payload
    found: list[Meta] = []
    amount = money_in(payload.get("amount"))
    if amount is not None:
        found.append(Meta(money(amount)))
    for name in ("version", "provider", "decline_code", "carrier"):
        text = payload.get(name)
        if isinstance(text, str) and text:
            found.append(Meta(words(text) if name == "decline_code" else text))
    score_bp = payload.get("score_bp")
    if isinstance(score_bp, int):
        found.append(Meta(f"score {score_bp / 10_000:.2f}"))
    took_ms = payload.get("took_ms")
    if isinstance(took_ms, int | float):
        found.append(Meta(_took(took_ms)))
    if cause_of(event):
        found.append(Meta(cause_of(event)))
    found.append(Meta("event", f"{base}/events/{event.position}"))
    return found


def _took(milliseconds: float) -> str:
    return (
        f"{milliseconds:.1f} ms"
        if milliseconds < 10
        else took(timedelta(milliseconds=milliseconds))
    )
