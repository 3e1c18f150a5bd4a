"""The accounts that payments move money between."""

from uuid import UUID

from banyan.ledger import Account, Side
from banyan.parties import SELLER
from banyan.payments.model import Rail


def receivable(provider: str, currency: str) -> Account:
    """What the provider holds for us."""
    return Account(f"provider:{provider}:receivable", currency, normal=Side.DEBIT)


def fees(provider: str, currency: str) -> Account:
    return Account(f"provider:{provider}:fees", currency, normal=Side.DEBIT)


def seller(seller_id: UUID, part: str, currency: str) -> Account:
    """``part`` is pending (not settled yet), available, held (delayed) or reserve."""
    return Account(f"seller:{SELLER.text(seller_id)}:{part}", currency, floor=0)


def funds_held(currency: str) -> Account:
    return Account("buyer:funds_held", currency)


def commission(currency: str) -> Account:
    return Account("platform:commission", currency)


def commission_tax(jurisdiction: str, currency: str) -> Account:
    return Account(f"tax:{jurisdiction}:commission", currency)


def promotions(currency: str) -> Account:
    """What the platform adds to sales in place of the buyer: its part of vouchers."""
    return Account("platform:promotions", currency, normal=Side.DEBIT)


def service_fees(currency: str) -> Account:
    """What buyers pay the platform on top."""
    return Account("platform:service_fees", currency)


def service_fee_tax(jurisdiction: str, currency: str) -> Account:
    return Account(f"tax:{jurisdiction}:service_fee", currency)


def shipping(currency: str) -> Account:
    """What buyers pay for shipping that the platform runs."""
    return Account("platform:shipping", currency)


def in_transit(currency: str) -> Account:
    return Account("payouts:in_transit", currency)


def disputed(currency: str) -> Account:
    return Account("disputes:held", currency)


def write_offs(currency: str) -> Account:
    return Account("platform:write_offs", currency, normal=Side.DEBIT)


def bank(currency: str) -> Account:
    """What is on our own bank account."""
    return Account("platform:bank", currency, normal=Side.DEBIT)


def source(rail: Rail, provider: str, currency: str) -> Account:
    """What a payout leaves and a debit fills: our bank account, or what a provider holds for us."""
    return bank(currency) if rail == "bank" else receivable(provider, currency)


def dispute_fees(currency: str) -> Account:
    """What sellers pay back of the provider's fees for disputes."""
    return Account("platform:dispute_fees", currency)
