"""Whether a bank account can exist, and how it is named."""

import re
from datetime import date

from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from banyan.kernel import Fault
from banyan.payments.errors import InvalidDestination
from banyan.payments.model import BankAccount, Destination

_PROVIDER_ACCOUNT = re.compile(r"acct_[A-Za-z0-9]{4,60}|BA[A-Z0-9]{4,40}")
"""Stripe's, and Adyen's balance accounts. A Bosnian IBAN is told apart by its holder."""
_CREDITOR_ID = re.compile(r"[A-Z]{2}[0-9]{2}[A-Za-z0-9]{3}[A-Za-z0-9+?/:().,']{1,28}")
_REFERENCE = re.compile(r"[A-Za-z0-9+?/:().,'\-]{1,35}")
"""What SEPA lets references consist of."""


def destination_of(
    text: str,
    *,
    holder: str | None = None,
    bic: str | None = None,
    mandate: str | None = None,
    mandate_signed_on: date | None = None,
) -> Destination:
    """A destination by its looks: an IBAN (with a ``holder``), ``acct_…``, ``BA…``, or else a token.

    ``InvalidDestination`` if the IBAN's length, check digits or bank code can't be, or the BIC.
    """
    is_account = holder is None and _PROVIDER_ACCOUNT.fullmatch(text) is not None
    if is_account or not _looks_like_iban(text):
        if holder is not None or bic is not None or mandate is not None:
            raise _invalid("/holder", "Only an IBAN has a holder, a BIC or a mandate.")
        return Destination(kind="provider_account" if is_account else "token", text=text)
    if not holder or not holder.strip():
        raise _invalid("/holder", "Say whose account it is: banks compare the name.")
    if (mandate is None) != (mandate_signed_on is None):
        raise _invalid("/mandate", "A mandate has a reference and the day it was signed on.")
    if mandate is not None and _REFERENCE.fullmatch(mandate) is None:
        raise _invalid(
            "/mandate", "A mandate's reference has up to 35 letters, digits and +?/:().,'-"
        )
    return Destination(
        kind="iban",
        text=checked_iban(text),
        holder=holder.strip(),
        bic=checked_bic(bic),
        mandate=mandate,
        mandate_signed_on=mandate_signed_on,
    )


def check_bank(bank: BankAccount) -> BankAccount:
    """The marketplace's own account, written as banks do; ``InvalidDestination``."""
    creditor_id = bank.creditor_id
    iban = checked_iban(bank.iban, "/bank/iban")
    bic = checked_bic(bank.bic, "/bank/bic") or _bic_of(iban)
    if creditor_id is not None and bic is None:
        raise _invalid("/bank/bic", "Debits need the BIC of the bank.")
    if creditor_id is not None and _CREDITOR_ID.fullmatch(creditor_id) is None:
        raise _invalid("/bank/creditor_id", "That is not a SEPA creditor identifier.")
    return BankAccount(
        holder=bank.holder.strip(),
        iban=iban,
        bic=bic,
        creditor_id=creditor_id,
    )


def checked_iban(text: str, pointer: str = "/destination") -> str:
    """Without blanks. What is wrong is told, the number is not repeated."""
    try:
        return IBAN(text, validate_bban=True).compact
    except SchwiftyException as error:
        raise _invalid(pointer, f"The IBAN can't be right: {_said(error)}.") from None


def checked_bic(text: str | None, pointer: str = "/bic") -> str | None:
    if text is None:
        return None
    try:
        return BIC(text).compact
    except SchwiftyException as error:
        raise _invalid(pointer, f"The BIC can't be right: {_said(error)}.") from None


def _bic_of(iban: str) -> str | None:
    """The BIC that belongs to the IBAN's bank code, where it is known."""
    bic = IBAN(iban).bic
    return None if bic is None else bic.compact


def _looks_like_iban(text: str) -> bool:
    return re.match(r"[A-Z]{2}[0-9]{2}[A-Z0-9 ]", text) is not None


def _said(error: SchwiftyException) -> str:
    """What kind of mistake it is, without the number that schwifty may quote."""
    words = re.sub(r"(?<!^)([A-Z])", r" \1", type(error).__name__)
    return words.lower()


def _invalid(pointer: str, detail: str) -> InvalidDestination:
    return InvalidDestination(detail, faults=(Fault("invalid_destination", detail, pointer),))
