"""What Adyen's answers and notices mean for us. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from msgspec import Struct, field

from banyan.kernel import Money
from banyan.payments.model import DisputeStage, Operation
from banyan.payments.providers.adyen.codes import refused, transfer_refused
from banyan.payments.providers.adyen.store import Notice
from banyan.payments.providers.adyen.webhooks import Amount, Transfer
from banyan.payments.providers.answers import (
    Absent,
    Answer,
    AwaitingPayment,
    DisputeReport,
    Found,
    Pending,
    RequiresAction,
    Succeeded,
    Unknown,
)
from banyan.payments.providers.declines import declined
from banyan.payments.providers.exponents import ADYEN_UNITS
from banyan.payments.providers.provider import Instruction

ACTION_TTL = timedelta(hours=1)
_INSTRUCTION_TTL = timedelta(days=3)


class Payment(Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer to /payments and /payments/details."""

    result_code: str
    psp_reference: str = ""
    merchant_reference: str = ""
    amount: Amount | None = None
    refusal_reason: str = ""
    refusal_reason_code: str | None = None
    action: dict[str, Any] | None = None
    additional_data: dict[str, str] = {}


class Modification(Struct, frozen=True, kw_only=True, rename="camel"):
    """The answer to captures, cancels and refunds: taken, no more."""

    psp_reference: str
    status: str


class _Link(Struct, frozen=True):
    href: str = ""


class TransferPage(Struct, frozen=True):
    """Transfers, and the address of the next page."""

    data: list[Transfer] = []
    links: dict[str, _Link] = field(default_factory=dict[str, _Link], name="_links")

    @property
    def next_cursor(self) -> str:
        """The cursor in the address of the next page."""
        href = self.links.get("next", _Link()).href
        return href.partition("cursor=")[2].partition("&")[0]


def authorization(
    payment: Payment, asked: Instruction, now: datetime, *, is_captured: bool
) -> Answer:
    """``now``: the marketplace's time. While the buyer is still to authenticate, Adyen may have no
    reference yet; then our key stands in for it."""
    match payment.result_code:
        case "Authorised":
            money = asked.amount
            if payment.amount is not None:
                money = ADYEN_UNITS.money(payment.amount.value, payment.amount.currency)
            shifted = payment.additional_data.get("liabilityShift") == "true"
            authenticated = payment.additional_data.get("threeDAuthenticated") == "true"
            return Succeeded(
                reference=payment.psp_reference,
                amount_minor=money.minor,
                currency=money.currency.code,
                is_captured=is_captured,
                liability="issuer" if shifted or authenticated else "merchant",
            )
        case "Refused":
            return refused(payment.refusal_reason_code, payment.refusal_reason)
        case "Error":
            return declined("processing_error", payment.refusal_reason)
        case "Cancelled":
            return declined("cancelled", payment.refusal_reason)
        case "RedirectShopper" | "ChallengeShopper" | "IdentifyShopper":
            url = str((payment.action or {}).get("url", ""))
            reference = payment.psp_reference or asked.key
            return RequiresAction(reference, url, now + ACTION_TTL)
        case "PresentToShopper":
            told = _texts(payment.action or {})
            reference = payment.psp_reference or asked.key
            return AwaitingPayment(reference, told, now + _INSTRUCTION_TTL)
        case "Pending" | "Received":
            return Pending("Adyen is waiting for the bank and will tell.", payment.psp_reference)
        case other:
            return Unknown(f"Adyen says {other[:40]!r}, which we don't know.")


def transfer(found: Transfer) -> Answer:
    money = ADYEN_UNITS.money(abs(found.amount.value), found.amount.currency)
    match found.status:
        case "booked" | "captured":
            return Succeeded(found.id, money.minor, money.currency.code)
        case "failed" | "refused" | "error" | "cancelled" | "rejected":
            return transfer_refused(found.reason)
        case "returned":
            return declined("returned", found.reason)
        case _:
            return Pending("Adyen has the transfer and will tell.", found.id)


def from_notices(operation: Operation, notices: Sequence[Notice]) -> Found:
    """What was told about an operation; the telling of a failure beats that of a success, because
    a capture or refund that had succeeded may still fail."""
    good, bad = _EVENTS.get(operation, (frozenset[str](), frozenset[str]()))
    if operation == "authorize" and any(n.event in good and n.is_success for n in notices):
        bad = frozenset[str]()  # paid after the offer had closed is paid all the same
    for notice in notices:
        if notice.event in bad or (notice.event in good and not notice.is_success):
            return _failed(operation, notice)
    for notice in notices:
        if notice.event in good and notice.amount_minor is not None:
            return Succeeded(
                reference=notice.reference,
                amount_minor=notice.amount_minor,
                currency=notice.currency or "",
            )
    return Absent()


def from_transfers(notices: Sequence[Notice]) -> Found:
    """The last state of a transfer that was told."""
    told = [notice for notice in notices if notice.event.startswith("transfer.")]
    if not told:
        return Absent()
    last = max(told, key=lambda notice: int(notice.details.get("sequence", "0")))
    units = ADYEN_UNITS.of(Money.of(last.amount_minor or 0, last.currency or ""))
    return transfer(
        Transfer(
            id=last.reference,
            status=last.event.removeprefix("transfer."),
            amount=Amount(last.currency or "", units or 0),
            reason=last.reason,
        )
    )


def dispute_report(notices: Sequence[Notice]) -> DisputeReport | None:
    """The dispute as the notices tell it, whatever order they came in."""
    told = sorted(
        (notice for notice in notices if notice.event in _DISPUTES),
        key=lambda notice: (notice.details.get("at", ""), _RANK[notice.event]),
    )
    if not told:
        return None
    last = told[-1]
    state, stage = _standing(told)
    due = next((n.details[_DUE] for n in reversed(told) if _DUE in n.details), None)
    code = next((n.details[_CODE] for n in reversed(told) if _CODE in n.details), "other")
    money = Money.of(last.amount_minor or 0, last.currency or "")
    return DisputeReport(
        reference=last.reference,
        payment=last.details.get("payment", ""),
        amount=money,
        fee=Money.zero(money.currency.code),  # it comes with the settlement report
        state=state,  # pyright: ignore[reportArgumentType] - one of the table
        reason=last.reason or "The buyer's bank gives no reason.",
        stage=stage,
        reason_code=code,
        respond_by=None if due is None else datetime.fromisoformat(due),
    )


def _standing(told: Sequence[Notice]) -> tuple[str, DisputeStage]:
    """The state and stage after all notices, in their order.

    Some say only what was done, and leave the dispute in the stage it was in. That the money was
    taken after documents were supplied (a defense by itself, say) doesn't ask for them again. A
    question that has expired has taken no money yet.
    """
    state: str = "open"
    stage: DisputeStage = "inquiry"
    for notice in told:
        was_defended = (state, stage) == ("under_review", "chargeback")
        state, named = _DISPUTES[notice.event]
        stage = named or stage
        if notice.event == "CHARGEBACK" and was_defended:
            state = "under_review"
    status = told[-1].details.get("disputeStatus")
    if status == "Won":
        return "won", stage
    if status in ("Lost", "Accepted", "Expired") and stage != "inquiry":
        return "lost", stage
    return state, stage


_DUE, _CODE = "defensePeriodEndsAt", "chargebackReasonCode"

_DISPUTES: Mapping[str, tuple[str, DisputeStage | None]] = {
    "REQUEST_FOR_INFORMATION": ("open", "inquiry"),
    "NOTIFICATION_OF_CHARGEBACK": ("open", "chargeback"),
    "CHARGEBACK": ("open", "chargeback"),
    "INFORMATION_SUPPLIED": ("under_review", None),
    "DISPUTE_DEFENSE_PERIOD_ENDED": ("lost", "chargeback"),
    "CHARGEBACK_REVERSED": ("won", "chargeback"),
    "ISSUER_RESPONSE_TIMEFRAME_EXPIRED": ("won", None),
    "PREARBITRATION_OPEN": ("open", "pre_arbitration"),
    "SECOND_CHARGEBACK": ("lost", "pre_arbitration"),
    "PREARBITRATION_WON": ("won", "pre_arbitration"),
    "PREARBITRATION_LOST": ("lost", "pre_arbitration"),
}
"""What a notice says, and in which stage; None: in the one that the dispute was in. Told at the same
time, they are read in this order: docs.adyen.com/risk-management/disputes-api/dispute-notifications."""
_RANK = {event: rank for rank, event in enumerate(_DISPUTES)}

_EVENTS: Mapping[Operation, tuple[frozenset[str], frozenset[str]]] = {
    "authorize": (frozenset({"AUTHORISATION"}), frozenset({"OFFER_CLOSED"})),
    "authenticate": (frozenset({"AUTHORISATION"}), frozenset({"OFFER_CLOSED"})),
    "capture": (frozenset({"CAPTURE"}), frozenset({"CAPTURE_FAILED"})),
    "void": (frozenset({"CANCELLATION"}), frozenset({"TECHNICAL_CANCEL"})),
    "refund": (frozenset({"REFUND"}), frozenset({"REFUND_FAILED", "REFUNDED_REVERSED"})),
}
"""The event that tells how an operation ended, and those that tell that it failed after all."""

_FAILED_AS: Mapping[Operation, str] = {
    "capture": "not_capturable",
    "void": "already_captured",
    "refund": "refund_failed",
}


def _failed(operation: Operation, notice: Notice) -> Found:
    code = _FAILED_AS.get(operation)
    if code is not None:
        return declined(code, notice.reason)
    if notice.event == "OFFER_CLOSED":
        return declined("expired", notice.reason)
    # An authorization's reason begins with its code, where Adyen is set to send it.
    number = notice.reason.split(":")[0].strip()
    return refused(number if number.isdigit() else _BY_REASON.get(notice.reason), notice.reason)


_BY_REASON = {
    "Refused": "2", "Expired Card": "6", "Invalid Card Number": "8", "Issuer Unavailable": "9",
    "3D Not Authenticated": "11", "Not enough balance": "12", "Cancelled": "15",
    "Shopper Cancelled": "16", "FRAUD": "20", "FRAUD-CANCELLED": "22", "CVC Declined": "24",
    "Restricted Card": "25", "Revocation Of Auth": "26", "Issuer Suspected Fraud": "31",
    "Authentication required": "38",
}  # fmt: skip


def _texts(told: Mapping[str, Any]) -> dict[str, str]:
    """The texts and numbers of an action, nested ones with a dot."""
    flat: dict[str, str] = {}
    for name, value in told.items():
        if isinstance(value, dict):
            inner = _texts(cast(Mapping[str, Any], value))
            flat |= {f"{name}.{key}": text for key, text in inner.items()}
        elif isinstance(value, str | int) and not isinstance(value, bool):
            flat[name] = str(value)
    return flat
