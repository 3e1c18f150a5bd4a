"""Whose commission a movement on the ledger is.

A capture takes from each seller in a leg of its own, and the account on the other side says whose it
is. What goes back in a refund or dispute may be one leg for several sellers: payments knows how they
share it (``Taking``), and the leg is split alike. What was booked by hand names its seller, or nobody.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from uuid import UUID

from banyan.invoicing.model import Charge, ChargeKind
from banyan.kernel import InvalidId, Money
from banyan.ledger import AccountState, Move
from banyan.parties import SELLER
from banyan.payments import BOOKED_FOR, Taking

BILLED_PREFIXES = ("platform:commission", "tax:")
_COMMISSION = "platform:commission"


@dataclass(frozen=True, slots=True)
class _Share:
    """Whose part of a movement it is, and of which payment."""

    seller_id: UUID | None
    payment_id: UUID | None
    jurisdiction: str
    minor: int


def is_billed(path: str) -> bool:
    """Whether sellers are billed for what is booked on this account."""
    return path == _COMMISSION or (path.startswith("tax:") and path.endswith(":commission"))


def booked_for(move: Move) -> UUID | None:
    """The payment, or round of a refund or dispute, that it was booked for."""
    text = (move.metadata or {}).get(BOOKED_FOR)
    try:
        return None if text is None else UUID(text)
    except ValueError:
        return None


def whole_transfers(moves: Sequence[Move], limit: int) -> Sequence[Move]:
    """Without the last transfer where a page of ``limit`` may have cut it."""
    if len(moves) < limit:
        return moves
    last = moves[-1].transfer_id
    end = next(n for n in range(len(moves), 0, -1) if moves[n - 1].transfer_id != last)
    return moves[:end]


def charges_of(
    account: AccountState, moves: Sequence[Move], takings: Mapping[UUID, Sequence[Taking]]
) -> list[Charge]:
    """The charges in an account's movements; they come to the same sum."""
    kind: ChargeKind = "fee" if account.path == _COMMISSION else "tax"
    charges = list[Charge]()
    for _, together in groupby(moves, key=lambda move: (move.transfer_id, _seller_of(move))):
        legs = [*together]
        first, minor = legs[0], sum(leg.amount_minor for leg in legs)
        parent = booked_for(first)
        known = () if parent is None else takings.get(parent, ())
        shares = _shares(account, kind, minor, _seller_of(first), known)
        charges += [
            Charge(
                account_id=account.account_id,
                version=first.version,
                part=part,
                kind=kind,
                seller_id=share.seller_id,
                currency=account.currency,
                jurisdiction=share.jurisdiction,
                amount_minor=share.minor,
                code=first.code,
                transfer_id=first.transfer_id,
                subject=first.subject,
                payment_id=share.payment_id,
                effective_at=first.effective_at,
            )
            for part, share in enumerate(shares)
        ]
    return charges


def _shares(
    account: AccountState,
    kind: ChargeKind,
    minor: int,
    seller_id: UUID | None,
    takings: Sequence[Taking],
) -> list[_Share]:
    of_path = "" if kind == "fee" else account.path.split(":")[1]
    if seller_id is not None:
        own = next((taking for taking in takings if taking.seller_id == seller_id), None)
        if own is None:
            return [_Share(seller_id, None, of_path, minor)]
        return [_Share(seller_id, own.payment_id, of_path or own.tax_jurisdiction, minor)]
    concerned = [taking for taking in takings if of_path in ("", taking.tax_jurisdiction)]
    weights = [
        taking.commission_minor if kind == "fee" else taking.tax_minor for taking in concerned
    ]
    if not any(weights):
        return [_Share(None, None, of_path, minor)]
    amounts = Money.of(minor, account.currency).split(weights)
    return [
        _Share(taking.seller_id, taking.payment_id, taking.tax_jurisdiction, amount.minor)
        for taking, amount in zip(concerned, amounts, strict=True)
        if amount.minor
    ]


def _seller_of(move: Move) -> UUID | None:
    head, _, rest = move.other_path.partition(":")
    if head != "seller":
        return None
    try:
        return SELLER.parse(rest.partition(":")[0])
    except InvalidId:
        return None
