"""Authorized, voided, captured, released."""

from collections.abc import Sequence

from banyan.kernel import Money
from banyan.ledger import Kind, Leg, Transfer
from banyan.payments.model import Holdback, Payment, PaymentSplit
from banyan.payments.service.bookings.accounts import (
    commission,
    commission_tax,
    fees,
    funds_held,
    promotions,
    receivable,
    seller,
    service_fee_tax,
    service_fees,
    shipping,
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


def top_up(payment: Payment, splits: Sequence[PaymentSplit]) -> list[Transfer]:
    """The platform adds its part of vouchers to the sellers' parts; nothing if it has none."""
    currency = payment.currency
    legs = [
        Leg(
            promotions(currency),
            seller(split.seller_id, "pending", currency),
            Money.of(split.platform_discount_minor, currency),
            "platform_discount",
        )
        for split in splits
        if split.platform_discount_minor
    ]
    return [transfer_of(payment.payment_id, "top_up", payment.subject, legs)] if legs else []


def capture(payment: Payment, splits: Sequence[PaymentSplit]) -> Transfer:
    """The money is taken and shared out; the provider keeps its fee."""
    currency = payment.currency
    legs = resolved(authorization(payment), Kind.POST)
    for split in splits:
        pending = seller(split.seller_id, "pending", currency)
        tax = commission_tax(split.tax_jurisdiction, currency)
        sold = split.gross_minor - split.shipping_kept_minor
        legs += [
            Leg(funds_held(currency), pending, Money.of(sold, currency), "split"),
            Leg(
                pending,
                commission(currency),
                Money.of(split.commission_minor, currency),
                "commission",
            ),
            Leg(pending, tax, Money.of(split.tax_minor, currency), "commission_tax"),
        ]
    legs += _platforms_own(splits, currency)
    provider, fee = payment.provider, payment.fee
    in_its = fee.currency.code
    legs.append(Leg(fees(provider, in_its), receivable(provider, in_its), fee, "provider_fee"))
    return transfer_of(payment.payment_id, "capture", payment.subject, legs)


def _platforms_own(splits: Sequence[PaymentSplit], currency: str) -> list[Leg]:
    """What the buyer pays the platform: shipping that it runs, the service fee, the tax on that."""
    held = funds_held(currency)
    kept = sum(split.shipping_kept_minor for split in splits)
    fee = sum(split.service_fee_minor for split in splits)
    legs = [
        Leg(held, shipping(currency), Money.of(kept, currency), "shipping"),
        Leg(held, service_fees(currency), Money.of(fee, currency), "service_fee"),
    ]
    for jurisdiction in sorted({split.service_fee_jurisdiction for split in splits} - {""}):
        tax = sum(
            split.service_fee_tax_minor
            for split in splits
            if split.service_fee_jurisdiction == jurisdiction
        )
        account = service_fee_tax(jurisdiction, currency)
        legs.append(Leg(held, account, Money.of(tax, currency), "service_fee_tax"))
    return legs


def release(
    payment: Payment, splits: Sequence[PaymentSplit], holdbacks: Sequence[Holdback] = ()
) -> list[Transfer]:
    """What is left of the sellers' parts becomes available to them, less what is held back.

    Nothing is booked if all of it went back to the buyer.
    """
    legs = list[Leg]()
    for split in splits:
        pending = seller(split.seller_id, "pending", split.currency)
        rest = Money.of(split.left_minor.seller, split.currency)
        for holdback in holdbacks:
            if holdback.seller_id == split.seller_id:
                kept = Money.of(holdback.amount_minor, split.currency)
                target = seller(split.seller_id, holdback.kind, split.currency)
                legs.append(Leg(pending, target, kept, f"release_{holdback.kind}"))
                rest = rest - kept
        available = seller(split.seller_id, "available", split.currency)
        legs.append(Leg(pending, available, rest, "release"))
    legs = [leg for leg in legs if leg.amount.minor]
    return [transfer_of(payment.payment_id, "release", payment.subject, legs)] if legs else []
