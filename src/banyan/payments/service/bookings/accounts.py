"""The accounts that payments move money between."""

from uuid import UUID

from banyan.ledger import Account, Side
from banyan.parties import SELLER


def receivable(provider: str, currency: str) -> Account:
    """What the provider holds for us."""
    return Account(f"provider:{provider}:receivable", currency, normal=Side.DEBIT)


def fees(provider: str, currency: str) -> Account:
    return Account(f"provider:{provider}:fees", currency, normal=Side.DEBIT)


def seller(seller_id: UUID, part: str, currency: str) -> Account:
    """``part`` is pending, available or reserve."""
    return Account(f"seller:{SELLER.text(seller_id)}:{part}", currency, floor=0)


def funds_held(currency: str) -> Account:
    return Account("buyer:funds_held", currency)


def commission(currency: str) -> Account:
    return Account("platform:commission", currency)


def commission_tax(jurisdiction: str, currency: str) -> Account:
    return Account(f"tax:{jurisdiction}:commission", currency)


def in_transit(currency: str) -> Account:
    return Account("payouts:in_transit", currency)


def disputed(currency: str) -> Account:
    return Account("disputes:held", currency)


def write_offs(currency: str) -> Account:
    return Account("platform:write_offs", currency, normal=Side.DEBIT)
