"""Authorized, voided, captured, released."""

from collections.abc import Sequence

from banyan.kernel import Money
from banyan.ledger import Kind, Leg, Transfer
from banyan.payments.model import Payment, PaymentSplit
from banyan.payments.service.bookings.accounts import (
    commission,
    commission_tax,
    fees,
    funds_held,
    receivable,
    seller,
)
from banyan.payments.service.bookings.transfers import resolved, transfer_of


def authorization(payment: Payment) -> Transfer:
    """What the buyer's bank has promised."""
    leg = Leg(
        receivable(payment.provider, payment.currency),
        funds_held(payment.currency),
        payment.amount,
        "authorize",
        kind=Kind.PENDING,
    )
    return transfer_of(payment.payment_id, "authorize", payment.subject, [leg])


def void(payment: Payment) -> Transfer:
    """The promise is given back."""
    held = authorization(payment)
    return transfer_of(payment.payment_id, "void", payment.subject, resolved(held, Kind.VOID))


def capture(payment: Payment, splits: Sequence[PaymentSplit]) -> Transfer:
    """The money is taken and shared out; the provider keeps its fee."""
    currency = payment.currency
    legs = resolved(authorization(payment), Kind.POST)
    for split in splits:
        pending = seller(split.seller_id, "pending", currency)
        tax = commission_tax(split.tax_jurisdiction, currency)
        legs += [
            Leg(funds_held(currency), pending, Money.of(split.gross_minor, currency), "split"),
            Leg(
                pending,
                commission(currency),
                Money.of(split.commission_minor, currency),
                "commission",
            ),
            Leg(pending, tax, Money.of(split.tax_minor, currency), "commission_tax"),
        ]
    provider = payment.provider
    legs.append(
        Leg(fees(provider, currency), receivable(provider, currency), payment.fee, "provider_fee")
    )
    return transfer_of(payment.payment_id, "capture", payment.subject, legs)


def release(payment: Payment, splits: Sequence[PaymentSplit]) -> list[Transfer]:
    """What is left of the sellers' parts becomes available to them; nothing if all went back."""
    legs = [
        Leg(
            seller(split.seller_id, "pending", split.currency),
            seller(split.seller_id, "available", split.currency),
            Money.of(split.left_minor[0], split.currency),
            "release",
        )
        for split in splits
        if split.left_minor[0]
    ]
    return [transfer_of(payment.payment_id, "release", payment.subject, legs)] if legs else []
