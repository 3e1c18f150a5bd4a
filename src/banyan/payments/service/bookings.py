"""The money's way through the ledger: which transfer each step of payments makes.

Ids are derived from the payment, refund, dispute or payout and the step, so that a step that is done
twice is booked once. The buyer's order is the subject of all of them, but of payouts.

    authorize   receivable ⇢ funds held                                  pending
    capture     … posted; funds held → seller pending → commission, tax; fees ← receivable
    release     seller pending → seller available
    refund      seller, commission, tax ⇢ receivable                     pending until it succeeded
    dispute     seller, commission, tax → disputes held; fees ← receivable
                won: back · lost: disputes held → receivable
    payout      seller available ⇢ in transit                            pending; → receivable
"""

from collections.abc import Sequence
from uuid import UUID

from banyan.kernel import Money, derived_id
from banyan.ledger import Account, Kind, Leg, PendingRef, Side, Transfer
from banyan.parties import SELLER
from banyan.payments.model import PAYOUT, Dispute, Payment, PaymentSplit, Payout, Refund, Reversal


def receivable(provider: str, currency: str) -> Account:
    """What the provider holds for us."""
    return Account(f"provider:{provider}:receivable", currency, normal=Side.DEBIT)


def fees(provider: str, currency: str) -> Account:
    return Account(f"provider:{provider}:fees", currency, normal=Side.DEBIT)


def seller(seller_id: UUID, part: str, currency: str) -> Account:
    """``part`` is pending, available or reserve."""
    return Account(f"seller:{SELLER.text(seller_id)}:{part}", currency, floor=0)


def _held(currency: str) -> Account:
    return Account("buyer:funds_held", currency)


def _commission(currency: str) -> Account:
    return Account("platform:commission", currency)


def _tax(jurisdiction: str, currency: str) -> Account:
    return Account(f"tax:{jurisdiction}:commission", currency)


def _in_transit(currency: str) -> Account:
    return Account("payouts:in_transit", currency)


def _disputed(currency: str) -> Account:
    return Account("disputes:held", currency)


def _write_offs(currency: str) -> Account:
    return Account("platform:write_offs", currency, normal=Side.DEBIT)


def authorization(payment: Payment) -> Transfer:
    """What the buyer's bank has promised."""
    leg = Leg(
        receivable(payment.provider, payment.currency),
        _held(payment.currency),
        payment.amount,
        "authorize",
        kind=Kind.PENDING,
    )
    return _transfer(payment.payment_id, "authorize", payment.subject, [leg])


def void(payment: Payment) -> Transfer:
    """The promise is given back."""
    held = authorization(payment)
    return _transfer(payment.payment_id, "void", payment.subject, _resolved(held, Kind.VOID))


def capture(payment: Payment, splits: Sequence[PaymentSplit]) -> Transfer:
    """The money is taken and shared out; the provider keeps its fee."""
    currency = payment.currency
    legs = _resolved(authorization(payment), Kind.POST)
    for split in splits:
        pending = seller(split.seller_id, "pending", currency)
        tax = _tax(split.tax_jurisdiction, currency)
        legs += [
            Leg(_held(currency), pending, _money(split.gross_minor, currency), "split"),
            Leg(
                pending,
                _commission(currency),
                _money(split.commission_minor, currency),
                "commission",
            ),
            Leg(pending, tax, _money(split.tax_minor, currency), "commission_tax"),
        ]
    provider = payment.provider
    legs.append(
        Leg(fees(provider, currency), receivable(provider, currency), payment.fee, "provider_fee")
    )
    return _transfer(payment.payment_id, "capture", payment.subject, legs)


def release(payment: Payment, splits: Sequence[PaymentSplit]) -> list[Transfer]:
    """What is left of the sellers' parts becomes available to them; nothing if all went back."""
    legs = [
        Leg(
            seller(split.seller_id, "pending", split.currency),
            seller(split.seller_id, "available", split.currency),
            _money(split.left_minor[0], split.currency),
            "release",
        )
        for split in splits
        if split.left_minor[0]
    ]
    return [_transfer(payment.payment_id, "release", payment.subject, legs)] if legs else []


def refund_hold(refund: Refund, reversals: Sequence[Reversal]) -> Transfer:
    """What will go back to the buyer is held where it is, so that it can't be paid out meanwhile.

    A seller who has been paid already owes it: the available balance may go below zero, and later
    sales fill it up.
    """
    target = receivable(refund.provider, refund.currency)
    legs = [
        Leg(source, target, amount, f"refund_{part}", kind=Kind.PENDING)
        for source, amount, part in _parts(reversals)
    ]
    return _transfer(refund.refund_id, "hold", refund.subject, legs, may_break_limits=True)


def refund_done(refund: Refund, reversals: Sequence[Reversal]) -> Transfer:
    legs = _resolved(refund_hold(refund, reversals), Kind.POST)
    return _transfer(refund.refund_id, "post", refund.subject, legs)


def refund_failed(refund: Refund, reversals: Sequence[Reversal], *, is_released: bool) -> Transfer:
    """The held money goes back to where it was, and on to what is available if released since."""
    legs = _resolved(refund_hold(refund, reversals), Kind.VOID)
    for reversal in reversals:
        if is_released and not reversal.is_from_available:
            legs.append(
                Leg(
                    seller(reversal.seller_id, "pending", reversal.currency),
                    seller(reversal.seller_id, "available", reversal.currency),
                    _money(reversal.seller_minor, reversal.currency),
                    "release",
                )
            )
    return _transfer(refund.refund_id, "void", refund.subject, legs)


def dispute_opened(dispute: Dispute, reversals: Sequence[Reversal]) -> list[Transfer]:
    """The disputed money is held, also from a seller who has been paid; the fee is the platform's."""
    held = _disputed(dispute.currency)
    legs = [
        Leg(source, held, amount, f"dispute_{part}") for source, amount, part in _parts(reversals)
    ]
    legs.append(
        Leg(
            fees(dispute.provider, dispute.currency),
            receivable(dispute.provider, dispute.currency),
            dispute.fee,
            "dispute_fee",
        )
    )
    legs = [leg for leg in legs if leg.amount.minor]
    if not legs:
        return []
    return [_transfer(dispute.dispute_id, "open", dispute.subject, legs, may_break_limits=True)]


def dispute_won(
    dispute: Dispute, reversals: Sequence[Reversal], *, is_released: bool
) -> list[Transfer]:
    """The money goes back to where it came from; to what is available if released since."""
    held = _disputed(dispute.currency)
    legs = [
        Leg(held, source, amount, f"dispute_won_{part}")
        for source, amount, part in _parts(reversals, is_released=is_released)
    ]
    return [_transfer(dispute.dispute_id, "close", dispute.subject, legs)] if legs else []


def dispute_lost(dispute: Dispute) -> Transfer:
    """The money goes back to the buyer. What nobody's share covered is the platform's loss."""
    currency = dispute.currency
    target = receivable(dispute.provider, currency)
    uncovered = dispute.amount_minor - dispute.held_minor
    legs = [
        Leg(_disputed(currency), target, _money(dispute.held_minor, currency), "dispute_lost"),
        Leg(_write_offs(currency), target, _money(uncovered, currency), "write_off"),
    ]
    return _transfer(dispute.dispute_id, "close", dispute.subject, legs)


def payout_hold(payout: Payout) -> Transfer:
    """Money on its way to a seller; rejected if the seller has less."""
    leg = Leg(
        seller(payout.seller_id, "available", payout.currency),
        _in_transit(payout.currency),
        payout.amount,
        "payout",
        kind=Kind.PENDING,
    )
    return _transfer(payout.payout_id, "hold", PAYOUT.text(payout.payout_id), [leg])


def payout_paid(payout: Payout) -> Transfer:
    """It has arrived: the provider has paid it out of what it held for us."""
    legs = _resolved(payout_hold(payout), Kind.POST)
    target = receivable(payout.provider, payout.currency)
    legs.append(Leg(_in_transit(payout.currency), target, payout.amount, "payout_paid"))
    return _transfer(payout.payout_id, "paid", PAYOUT.text(payout.payout_id), legs)


def payout_failed(payout: Payout) -> Transfer:
    legs = _resolved(payout_hold(payout), Kind.VOID)
    return _transfer(payout.payout_id, "failed", PAYOUT.text(payout.payout_id), legs)


def payout_returned(payout: Payout) -> Transfer:
    """It came back: the provider holds it for us again, and the seller has it again."""
    transit = _in_transit(payout.currency)
    legs = [
        Leg(
            receivable(payout.provider, payout.currency), transit, payout.amount, "payout_returned"
        ),
        Leg(
            transit,
            seller(payout.seller_id, "available", payout.currency),
            payout.amount,
            "payout_returned",
        ),
    ]
    return _transfer(payout.payout_id, "returned", PAYOUT.text(payout.payout_id), legs)


def _parts(
    reversals: Sequence[Reversal], *, is_released: bool = False
) -> list[tuple[Account, Money, str]]:
    """The accounts that reversals take from, with how much and what it is."""
    parts = list[tuple[Account, Money, str]]()
    for reversal in reversals:
        currency = reversal.currency
        where = "available" if reversal.is_from_available or is_released else "pending"
        parts += [
            (
                seller(reversal.seller_id, where, currency),
                _money(reversal.seller_minor, currency),
                "seller",
            ),
            (_commission(currency), _money(reversal.commission_minor, currency), "commission"),
            (
                _tax(reversal.tax_jurisdiction, currency),
                _money(reversal.tax_minor, currency),
                "tax",
            ),
        ]
    return [part for part in parts if part[1].minor]


def _resolved(held: Transfer, kind: Kind) -> list[Leg]:
    """Legs that post what is held, or give it back (a void moves nothing: its amount is zero)."""
    return [
        Leg(
            leg.debit,
            leg.credit,
            leg.amount if kind == Kind.POST else Money.zero(leg.amount.currency.code),
            leg.code,
            kind=kind,
            pending=PendingRef(held.id, index),
        )
        for index, leg in enumerate(held.legs)
    ]


def _transfer(
    parent: UUID, step: str, subject: str, legs: Sequence[Leg], *, may_break_limits: bool = False
) -> Transfer:
    """Legs of nothing are left out."""
    moving = tuple(leg for leg in legs if leg.amount.minor or leg.kind == Kind.VOID)
    return Transfer(derived_id(parent, step), moving, subject, may_break_limits=may_break_limits)


def _money(minor: int, currency: str) -> Money:
    return Money.of(minor, currency)
