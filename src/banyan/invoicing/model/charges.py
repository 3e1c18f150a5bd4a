"""What sellers owe the marketplace, movement by movement."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from banyan.kernel import Money

ChargeKind = Literal["fee", "tax"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge:
    """One seller's part of one movement on an account of commission, or of the tax on it.

    Above zero the seller owes it, below the marketplace gives it back. ``account_id``, ``version``
    and ``part`` are its key: they name the movement in the ledger. Nobody's (``seller_id`` None)
    can't be billed.
    """

    account_id: int
    version: int
    part: int
    kind: ChargeKind
    seller_id: UUID | None
    currency: str
    jurisdiction: str
    amount_minor: int
    code: str
    transfer_id: UUID
    subject: str
    payment_id: UUID | None
    effective_at: datetime

    @property
    def key(self) -> tuple[int, int, int]:
        return self.account_id, self.version, self.part


@dataclass(frozen=True, slots=True)
class Owing:
    """A seller who has charges in a currency that no document bills yet."""

    seller_id: UUID
    currency: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Coverage:
    """Where all commission and tax of a currency is: the parts come to what the ledger holds.

    ``invoiced`` less ``credited``, and ``open``: charges that wait for a document. Of those nobody
    can be billed for ``unattributed``. ``behind`` has not been taken over from the ledger yet.
    """

    currency: str
    invoiced: Money
    credited: Money
    open: Money
    unattributed: Money
    behind: Money
    ledger: Money

    @property
    def is_covered(self) -> bool:
        return self.invoiced - self.credited + self.open + self.behind == self.ledger
