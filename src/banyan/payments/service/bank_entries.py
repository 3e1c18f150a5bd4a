"""What the bank's statement shows of payouts and debits that left by file."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from banyan.kernel import Money
from banyan.payments.model import ATTEMPT, Attempt
from banyan.payments.service.bank_files import attempt_named, confirm_payout, return_payout
from banyan.payments.service.payouts import BANK
from banyan.runtime import Transaction


@dataclass(frozen=True, slots=True)
class BankEntry:
    """How an entry compares with the payouts or debits that it names.

    ``agrees``: it is what they came to, and is booked now or was before; ``amount_differs`` from
    ``expected``; ``contradicts`` what became of one of them, as ``detail`` says.
    """

    verdict: Literal["agrees", "amount_differs", "contradicts"]
    expected: Money
    detail: str = ""


async def take_bank_entry(
    tx: Transaction,
    end_to_end_ids: Sequence[str],
    amount: Money,
    *,
    reference: str,
    code: str,
    note: str,
) -> BankEntry | None:
    """Take in what a statement shows of payouts or debits of ours; None if one of them is not ours.

    ``amount`` is positive if it came to us. The sum of them all, gone the way that they were sent,
    has been paid; gone the other way, it has come back, for the reason ``code`` if the bank gives
    one. Again changes nothing.
    """
    found = [await attempt_named(tx, end_to_end_id) for end_to_end_id in end_to_end_ids]
    attempts = [one for one in found if one is not None and one.provider == BANK]
    if not attempts or len(attempts) < len(found):
        return None
    if len({attempt.currency for attempt in attempts}) > 1:
        return None
    expected = sum((_sent(one) for one in attempts), Money.zero(attempts[0].currency))
    is_back = amount == -expected
    if amount != expected and not is_back:
        return BankEntry("amount_differs", expected)
    for attempt in attempts:
        if attempt.state == "intended":
            detail = f"{ATTEMPT.text(attempt.attempt_id)} was not sent"
            return BankEntry("contradicts", expected, detail)
        if attempt.outcome == "declined":
            detail = f"{ATTEMPT.text(attempt.attempt_id)} was rejected before: {attempt.code}"
            return BankEntry("contradicts", expected, detail)
    for attempt in attempts:
        name = ATTEMPT.text(attempt.attempt_id)
        # what comes back has left before, whichever of the two the bank tells first
        await confirm_payout(tx, name, attempt.amount, reference=reference, note=note)
        if is_back:
            await return_payout(tx, name, code=code, detail="", note=note)
    return BankEntry("agrees", expected)


def _sent(attempt: Attempt) -> Money:
    """What it does to our account at the bank."""
    return attempt.amount if attempt.operation == "debit" else -attempt.amount
