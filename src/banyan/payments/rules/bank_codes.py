"""What a bank's reason says (ISO 20022's external status and return reason codes)."""

_ABOUT_THE_CREDITOR = frozenset(
    {
        "ac01", "ac03", "ac04", "ac06", "ac07", "ac08", "ac09", "ac11", "ac12", "ac14", "ac15",
        "ag01", "be01", "be04", "be06", "be11", "be14", "be17", "be20", "be22", "cnor", "md07",
        "rc01", "rc02", "rc04", "rc07", "rc08", "rc10", "rr03",
    }
)  # fmt: skip
"""The account, its holder or its bank. The others of AC, BE and RC are about the debtor: us."""

_UNSAID = frozenset({"", "returned", "ms02", "ms03"})


def is_about_creditor(code: str, *, came_back: bool) -> bool:
    """Whether a payout would fail again for as long as the seller's account stays as it is.

    What had been carried out and ``came_back`` without a reason was sent back by the seller's bank;
    a rejection without one may be about us.
    """
    return code in _ABOUT_THE_CREDITOR or (came_back and code in _UNSAID)
