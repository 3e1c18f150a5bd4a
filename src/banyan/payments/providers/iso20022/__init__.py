"""Bank rails: payouts and debits that leave as ISO 20022 files, out of our own bank account.

``write`` makes the file of a batch, ``read_status`` reads what a bank answers to one. A bank is not
asked: its statement tells what became of a payout (``banyan.payments.confirm_payout``).
"""

from banyan.payments.providers.iso20022.files import Entry, FileOrder, write
from banyan.payments.providers.iso20022.provider import BankRails
from banyan.payments.providers.iso20022.references import (
    attempt_of,
    batch_of,
    end_to_end_id,
    message_id,
)
from banyan.payments.providers.iso20022.status import Status, UnreadableStatus, read_status

__all__ = [
    "BankRails",
    "Entry",
    "FileOrder",
    "Status",
    "UnreadableStatus",
    "attempt_of",
    "batch_of",
    "end_to_end_id",
    "message_id",
    "read_status",
    "write",
]
