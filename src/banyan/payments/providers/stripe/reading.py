"""What Stripe's objects mean for us. Pure: an object in, an answer out."""

from datetime import UTC, datetime, timedelta
from typing import cast

from banyan.kernel import Money
from banyan.payments.model import DisputeStage, DisputeState, Liability
from banyan.payments.providers.answers import (
    Absent,
    AwaitingPayment,
    Declined,
    DisputeReport,
    Found,
    Pending,
    RequiresAction,
    Settled,
    Succeeded,
    Unknown,
)
from banyan.payments.providers.declines import declined
from banyan.payments.providers.exponents import STRIPE_UNITS
from banyan.payments.providers.stripe.codes import decline
from banyan.payments.providers.stripe.shapes import (
    PAYMENT,
    BalanceTransaction,
    Charge,
    Dispute,
    DisputedIntent,
    Intent,
    Refund,
    Transfer,
)

ACTION_TTL = timedelta(hours=1)
"""How long we wait for a buyer to authenticate; Stripe itself would wait longer."""

_INSTRUCTION_TTL = timedelta(days=3)
"""Where Stripe does not say until when its instructions are good."""


def authorization(intent: Intent, now: datetime) -> Found:
    """What became of an authorization. ``now`` is the marketplace's time."""
    match intent.status:
        case "succeeded" | "requires_capture":
            return _taken(intent, is_captured=intent.status == "succeeded")
        case "requires_action":
            return _next_action(intent, now)
        case "processing":
            return Pending("Stripe is waiting for the bank and will tell.", intent.id)
        case "requires_payment_method":
            error = intent.last_payment_error
            if error is None:
                return Absent()  # made, but never confirmed: there was no attempt yet
            return decline(error.decline_code, error.code, error.message)
        case "canceled":
            return declined("cancelled", intent.cancellation_reason or "")
        case "requires_confirmation":
            return Absent()
        case other:
            return Unknown(f"Stripe says {other[:40]!r}, which we don't know.")


def capture(intent: Intent) -> Found:
    match intent.status:
        case "succeeded":
            return _taken(intent, is_captured=True)
        case "requires_capture":
            return Absent()
        case "processing":
            return Pending("Stripe is capturing and will tell.", intent.id)
        case "canceled":
            return declined("authorization_expired", intent.cancellation_reason or "")
        case other:
            return declined("not_capturable", other)


def void(intent: Intent) -> Found:
    match intent.status:
        case "canceled":
            money = STRIPE_UNITS.money(intent.amount, intent.currency)
            return Succeeded(intent.id, money.minor, money.currency.code)
        case "succeeded":
            return declined("already_captured")
        case "processing":
            return Pending("Stripe is still at it.", intent.id)
        case _:
            return Absent()


def refund(found: Refund) -> Found:
    match found.status:
        case "succeeded":
            money = STRIPE_UNITS.money(found.amount, found.currency)
            settled = _settled(money, found.balance_transaction)
            return Succeeded(found.id, money.minor, money.currency.code, settled=settled)
        case "failed" | "canceled":
            return declined("refund_failed", found.failure_reason or found.status)
        case "requires_action":
            return Pending("The buyer must tell Stripe where the money is to go.", found.id)
        case _:
            return Pending("The refund is on its way to the bank.", found.id)


def payout(transfer: Transfer) -> Found:
    """A transfer is there or it isn't; one that was reversed whole has come back."""
    if transfer.reversed:
        return declined("returned")
    money = STRIPE_UNITS.money(transfer.amount, transfer.currency)
    return Succeeded(transfer.id, money.minor, money.currency.code)


def debit(charge: Charge) -> Found:
    match charge.status:
        case "succeeded":
            money = STRIPE_UNITS.money(charge.amount, charge.currency)
            return Succeeded(charge.id, money.minor, money.currency.code)
        case "failed":
            return decline(None, charge.failure_code, charge.failure_message or "")
        case _:
            return Pending("The debit is on its way.", charge.id)


def contest(dispute: Dispute) -> Found:
    """Evidence was handed in once Stripe counts a submission."""
    if dispute.evidence_details.submission_count == 0 and dispute.status in _OPEN:
        return Absent()
    if dispute.status == "lost" and dispute.evidence_details.submission_count == 0:
        return declined("dispute_closed", dispute.status)
    return _about(dispute)


def accept(dispute: Dispute) -> Found:
    if dispute.status in ("lost", "warning_closed"):
        return _about(dispute)
    return declined("dispute_closed", dispute.status) if dispute.status == "won" else Absent()


def dispute_report(dispute: Dispute) -> DisputeReport | None:
    """None where it is about no payment of ours."""
    intent = dispute.payment_intent
    payment = intent.metadata.get(PAYMENT, "") if isinstance(intent, DisputedIntent) else ""
    if not payment:
        return None
    due = dispute.evidence_details.due_by
    card = dispute.payment_method_details and dispute.payment_method_details.card
    amount = STRIPE_UNITS.money(dispute.amount, dispute.currency)
    taken = [_settled(amount, entry) for entry in dispute.balance_transactions[:1]]
    return DisputeReport(
        reference=dispute.id,
        payment=payment,
        amount=amount,
        fee=_dispute_fee(dispute, amount),
        state=_dispute_state(dispute),
        reason=_REASONS.get(dispute.reason, f"The buyer's bank says: {dispute.reason[:100]}."),
        stage=_stage(dispute),
        reason_code=(card and card.network_reason_code) or dispute.reason,
        respond_by=None if due is None else datetime.fromtimestamp(due, UTC),
        settled=next((Money.of(it.amount_minor, it.currency) for it in taken if it), None),
    )


_OPEN = ("needs_response", "warning_needs_response")

_REASONS = {
    "credit_not_processed": "The buyer says that a refund never came.",
    "duplicate": "The buyer says that it was charged twice.",
    "fraudulent": "The buyer says that it was not them who paid.",
    "general": "The buyer's bank gives no reason.",
    "product_not_received": "The buyer says that the goods did not arrive.",
    "product_unacceptable": "The buyer says that the goods are not as described.",
    "subscription_canceled": "The buyer says that the subscription was cancelled.",
    "unrecognized": "The buyer does not recognize the payment.",
}


def _dispute_state(dispute: Dispute) -> DisputeState:
    match dispute.status:
        case "won" | "warning_closed" | "prevented":
            return "won"
        case "lost":
            return "lost"
        case "under_review" | "warning_under_review":
            return "under_review"
        case _:
            return "open"


def _stage(dispute: Dispute) -> DisputeStage:
    card = dispute.payment_method_details and dispute.payment_method_details.card
    case_type = card.case_type if card else None
    if dispute.status.startswith("warning_") or case_type == "inquiry":
        return "inquiry"
    if dispute.reason in ("debit_not_authorized", "bank_cannot_process", "insufficient_funds"):
        return "return"  # of a direct debit: it can't be contested
    return "chargeback"


def _dispute_fee(dispute: Dispute, amount: Money) -> Money:
    """What Stripe takes for it, in the currency of the dispute."""
    fee = Money.zero(amount.currency.code)
    for entry in dispute.balance_transactions:
        fee += _in_currency_of(amount, entry)
    return fee


def _taken(intent: Intent, *, is_captured: bool) -> Succeeded:
    units = intent.amount
    if is_captured and intent.amount_received is not None:
        units = intent.amount_received
    money = STRIPE_UNITS.money(units, intent.currency)
    charge = intent.latest_charge if isinstance(intent.latest_charge, Charge) else None
    entry = charge.balance_transaction if charge else None
    booked = entry if isinstance(entry, BalanceTransaction) else None
    settled = _settled(money, booked)
    return Succeeded(
        reference=intent.id,
        amount_minor=money.minor,
        currency=money.currency.code,
        fee_minor=0 if booked is None or settled else _in_currency_of(money, booked).minor,
        is_captured=is_captured,
        liability=_liability(charge),
        settled=settled,
    )


def _liability(charge: Charge | None) -> Liability | None:
    details = charge and charge.payment_method_details
    card = details and details.card
    if not card:
        return None
    result = card.three_d_secure.result if card.three_d_secure else None
    return "issuer" if result in ("authenticated", "attempt_acknowledged") else "merchant"


def _settled(money: Money, booked: BalanceTransaction | str | None) -> Settled | None:
    """What Stripe has booked for an amount, and its fee, where that is in another currency."""
    if not isinstance(booked, BalanceTransaction):
        return None
    settled = STRIPE_UNITS.money(booked.amount, booked.currency)
    if settled.currency == money.currency:
        return None
    fee = STRIPE_UNITS.money(booked.fee, booked.currency)
    return Settled(abs(settled.minor), settled.currency.code, fee.minor)


def _in_currency_of(money: Money, booked: BalanceTransaction) -> Money:
    """The fee of a booking. Stripe takes it in the currency that it settles: then it is turned back
    at the rate of the booking itself, halves up; the settlement report has the exact one."""
    fee = STRIPE_UNITS.money(booked.fee, booked.currency)
    if fee.currency == money.currency:
        return fee
    whole = abs(STRIPE_UNITS.money(booked.amount, booked.currency).minor)
    if whole == 0:
        return Money.zero(money.currency.code)
    return Money.of((2 * fee.minor * money.minor + whole) // (2 * whole), money.currency.code)


def _about(dispute: Dispute) -> Succeeded:
    money = STRIPE_UNITS.money(dispute.amount, dispute.currency)
    return Succeeded(dispute.id, money.minor, money.currency.code)


def _next_action(intent: Intent, now: datetime) -> RequiresAction | AwaitingPayment | Declined:
    """What the buyer must do: go somewhere, or pay by instructions."""
    action = intent.next_action or {}
    kind = str(action.get("type", ""))
    details = action.get(kind)
    told = cast(dict[str, object], details) if isinstance(details, dict) else {}
    if kind == "redirect_to_url":
        return RequiresAction(intent.id, str(told.get("url", "")), now + ACTION_TTL)
    if kind == "use_stripe_sdk" or not told:
        url = str(told.get("stripe_js") or "")
        return RequiresAction(intent.id, url, now + ACTION_TTL)
    return AwaitingPayment(intent.id, _instructions(told), now + _time_left(intent, told))


def _instructions(told: dict[str, object]) -> dict[str, str]:
    """The texts and numbers among Stripe's details, nested ones with a dot."""
    flat: dict[str, str] = {}
    for name, value in told.items():
        if isinstance(value, dict):
            inner = _instructions(cast(dict[str, object], value))
            flat |= {f"{name}.{key}": text for key, text in inner.items()}
        elif isinstance(value, str | int) and not isinstance(value, bool):
            flat[name] = str(value)
    return flat


def _time_left(intent: Intent, told: dict[str, object]) -> timedelta:
    """As a span: the clock of a sandbox marketplace is not Stripe's."""
    expires = told.get("expires_at") or told.get("expires_after")
    if not isinstance(expires, int) or expires <= intent.created:
        return _INSTRUCTION_TTL
    return timedelta(seconds=expires - intent.created)
