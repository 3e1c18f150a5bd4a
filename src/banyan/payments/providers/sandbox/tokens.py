"""The magic tokens: what the sandbox does with each. docs/payments.md shows them to users."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from banyan.kernel import Fault
from banyan.payments.errors import UnknownToken

DisputePath = Literal[
    "won",
    "lost",
    "inquiry_closes",
    "inquiry_escalates",
    "needs_delivery",
    "pre_arbitration",
    "fraud",
    "return",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A card of the sandbox. Without anything set, everything succeeds."""

    about: str
    decline: str | None = None
    is_hard: bool = False
    requires_action: bool = False
    fails_authentication: bool = False
    times_out: Literal["made", "not_made"] | None = None
    known_after: timedelta = timedelta(0)
    """Until then the outcome is pending; a webhook tells."""
    hidden_for: timedelta = timedelta(0)
    """Until then neither the call nor a look-up is answered."""
    is_told_twice: bool = False
    fails_capture: bool = False
    fails_refund: Literal["once", "always", "hard"] | None = None
    refund_returned_after: timedelta | None = None
    dispute: DisputePath | None = None
    paid_after: timedelta | None = None
    """The buyer is told how to pay, and pays so long after; later than PUSH_TTL is too late."""
    is_never_paid: bool = False
    """The buyer is told how to pay, and doesn't."""
    settles_in: str | None = None
    """The sandbox settles it in this currency, at a rate of its own (see ``settling``)."""
    failover_code: str | None = None
    """Declined with this code by ``sandbox``, and approved by every other sandbox."""

    @property
    def is_push(self) -> bool:
        return self.paid_after is not None or self.is_never_paid

    @property
    def is_late(self) -> bool:
        """The buyer pays when it has expired, or even was cancelled: a transfer can't be stopped."""
        return self.paid_after is not None and self.paid_after > PUSH_TTL


@dataclass(frozen=True, slots=True, kw_only=True)
class BankToken:
    """A bank account of the sandbox. Without anything set, payouts arrive."""

    about: str
    decline: str | None = None
    refuses_debit: str | None = None
    returned_after: timedelta | None = None
    times_out: bool = False


PUSH_TTL = timedelta(days=3)
"""How long a buyer who was told how to pay has for it."""

DISPUTE_OPENS_AFTER = timedelta(days=5)
DISPUTE_CLOSES_AFTER = timedelta(days=15)

TOKENS = {
    "tok_visa": Token(about="Succeeds."),
    "tok_mastercard": Token(about="Succeeds."),
    "tok_boleto": Token(about="Succeeds."),
    "tok_voucher": Token(about="Succeeds."),
    "tok_declined_insufficient_funds": Token(
        about="Declined, soft: the buyer may try again later.", decline="insufficient_funds"
    ),
    "tok_declined_stolen_card": Token(
        about="Declined, hard: never try this card again.", decline="stolen_card", is_hard=True
    ),
    "tok_requires_3ds": Token(
        about="Asks for 3-D Secure; succeeds once the authentication is completed.",
        requires_action=True,
    ),
    "tok_requires_3ds_fails": Token(
        about="Asks for 3-D Secure; the authentication fails.",
        requires_action=True,
        fails_authentication=True,
    ),
    "tok_timeout": Token(
        about="The call times out though the authorization was made; the look-up finds it.",
        times_out="made",
    ),
    "tok_timeout_not_made": Token(
        about="The call times out and nothing was made; the same key is sent again and succeeds.",
        times_out="not_made",
    ),
    "tok_unknown_for_a_day": Token(
        about="Neither calls nor look-ups are answered for a day; then it turns out authorized.",
        hidden_for=timedelta(days=1),
    ),
    "tok_late_webhook": Token(
        about="Pending for an hour; then a webhook tells that it succeeded.",
        known_after=timedelta(hours=1),
    ),
    "tok_duplicate_webhook": Token(
        about="Succeeds, and the same webhook is delivered twice.", is_told_twice=True
    ),
    "tok_redirect": Token(
        about="The buyer confirms elsewhere (iDEAL, PayPal …); succeeds once that is completed.",
        requires_action=True,
    ),
    "tok_push_paid": Token(
        about="The buyer is told how to pay (boleto, Pix, transfer …) and pays an hour later.",
        paid_after=timedelta(hours=1),
    ),
    "tok_push_never_paid": Token(
        about="The buyer is told how to pay and never does; it expires after 3 days.",
        is_never_paid=True,
    ),
    "tok_push_paid_late": Token(
        about="The buyer pays 5 days later, when it has expired: the money goes back.",
        paid_after=timedelta(days=5),
    ),
    "tok_debit": Token(
        about="A direct debit: processing for 3 days, then it succeeds.",
        known_after=timedelta(days=3),
    ),
    "tok_debit_fails": Token(
        about="A direct debit: processing for 3 days, then the account has no money.",
        known_after=timedelta(days=3),
        decline="insufficient_funds",
    ),
    "tok_declined_elsewhere_approved": Token(
        about="Declined, soft, by `sandbox`; any other sandbox approves.",
        failover_code="do_not_honor",
    ),
    "tok_settled_in_eur": Token(
        about="Captured; settled in euros, at the sandbox's rate.", settles_in="EUR"
    ),
    "tok_settled_in_usd": Token(
        about="Captured; settled in US dollars, at the sandbox's rate.", settles_in="USD"
    ),
    "tok_settled_in_jpy": Token(
        about="Captured; settled in yen, at the sandbox's rate.", settles_in="JPY"
    ),
    "tok_settled_in_usd_dispute_lost": Token(
        about="As the one in US dollars; disputed 5 days later; lost 15 days after the capture.",
        settles_in="USD",
        dispute="lost",
    ),
    "tok_capture_fails": Token(about="Authorized; the capture fails.", fails_capture=True),
    "tok_refund_fails": Token(
        about="Captured; refunds fail, soft: they may be tried again.", fails_refund="always"
    ),
    "tok_refund_fails_once": Token(
        about="Captured; the first refund fails, the next ones succeed.", fails_refund="once"
    ),
    "tok_refund_card_closed": Token(
        about="Captured; refunds fail, hard: the card was closed; the buyer has to name an account.",
        fails_refund="hard",
    ),
    "tok_refund_returned": Token(
        about="Captured; refunds succeed, and the buyer's bank sends them back 2 days later.",
        refund_returned_after=timedelta(days=2),
    ),
    "tok_dispute_won": Token(
        about="Captured; disputed 5 days later; won 15 days after the capture.", dispute="won"
    ),
    "tok_dispute_lost": Token(
        about="Captured; disputed 5 days later; lost 15 days after the capture.", dispute="lost"
    ),
    "tok_dispute_needs_delivery": Token(
        about="Captured; disputed 5 days later; won 15 days after the capture if the evidence tells "
        "when it was delivered, else lost.",
        dispute="needs_delivery",
    ),
    "tok_dispute_fraud": Token(
        about="Captured; disputed for fraud 5 days later; won 15 days after the capture if the "
        "evidence tells of an authentication, else lost.",
        dispute="fraud",
    ),
    "tok_dispute_inquiry_closed": Token(
        about="Captured; the bank asks 5 days later, and is content 15 days after the capture.",
        dispute="inquiry_closes",
    ),
    "tok_dispute_inquiry_escalates": Token(
        about="Captured; the bank asks 5 days later; unless refunded it takes the money another "
        "5 days later; won 15 days after the capture if that is contested, else lost.",
        dispute="inquiry_escalates",
    ),
    "tok_dispute_pre_arbitration": Token(
        about="Captured; disputed 5 days later; won 15 days after the capture; the bank comes again "
        "5 days later; won another 10 days later if that is contested, else lost.",
        dispute="pre_arbitration",
    ),
    "tok_debit_returned": Token(
        about="Captured; the bank returns the debit 5 days later, which can't be contested.",
        dispute="return",
    ),
}

BANK_TOKENS = {
    "bank_ok": BankToken(about="Arrives. What a seller of a sandbox starts with."),
    "bank_account_closed": BankToken(
        about="The payout fails; the money is available again.",
        decline="account_closed",
        refuses_debit="account_closed",
    ),
    "bank_returned": BankToken(
        about="Paid; the bank returns it 2 days later.", returned_after=timedelta(days=2)
    ),
    "bank_timeout": BankToken(
        about="The call times out though the payout was made; the look-up finds it.",
        times_out=True,
    ),
    "bank_debit_refused": BankToken(
        about="Payouts arrive; what the seller owes can't be debited.",
        refuses_debit="insufficient_funds",
    ),
}


def check_token(token: str) -> None:
    """``UnknownToken`` unless the sandbox has this card."""
    if token not in TOKENS:
        raise _unknown(token, "tok_visa", "/method/token")


def check_bank_token(token: str) -> None:
    """``UnknownToken`` unless the sandbox has this bank account."""
    if token not in BANK_TOKENS:
        raise _unknown(token, "bank_ok", "/destination")


def _unknown(token: str, example: str, pointer: str) -> UnknownToken:
    detail = (
        f"The sandbox has no token {token[:40]!r}. Use {example}, or another one of "
        "docs/payments.md, section Magic tokens."
    )
    return UnknownToken(detail, faults=(Fault("unknown_token", detail, pointer),))
