"""The money of one order as a statement, added up from the legs in the ledger about it.

Two sums, each with its total: what the sellers receive of what the buyer pays, and what the
marketplace keeps. Only what is posted counts; what is held is said in a note.
"""

from collections.abc import Sequence

from banyan.console.views.orders import Movement
from banyan.kernel import Money
from banyan.payments import Movement as Leg

_MOVED = frozenset({"posted", "post"})
_FEES = ("provider_fee", "dispute_fee")


def held(legs: Sequence[Leg], currency: str) -> Money:
    """What the buyer's bank has promised and what has not been taken or given back yet."""
    zero = Money.zero(currency)
    authorizations = [leg for leg in legs if leg.code == "authorize"]
    is_resolved = any(leg.kind != "pending" for leg in authorizations)
    return zero if is_resolved else sum((leg.amount for leg in authorizations), zero)


def movements(every: Sequence[Leg], currency: str) -> tuple[Movement, ...]:
    """The lines of the statement; lines of nothing are left out."""
    zero = Money.zero(currency)
    legs = [leg for leg in every if leg.kind in _MOVED]
    if not any(leg.amount.minor for leg in legs):
        return ()
    paid = sum((leg.amount for leg in legs if leg.code == "authorize"), zero)
    back = -_into("provider:", legs, zero, but=("authorize", *_FEES))
    commission = _into("platform:commission", legs, zero)
    tax = _into("tax:", legs, zero, ending=":commission")
    added = -_into("platform:promotions", legs, zero)
    service = _into("platform:service_fees", legs, zero)
    service_tax = _into("tax:", legs, zero, ending=":service_fee")
    shipping = _into("platform:shipping", legs, zero)
    fees = _into("provider:", legs, zero, only=_FEES, ending=":fees")
    losses = _into("platform:write_offs", legs, zero)
    sellers = _into("seller:", legs, zero)
    disputed = _into("disputes:held", legs, zero)
    kept = commission + service + shipping - added + fees + losses
    lines = (
        Movement("Buyer paid", paid),
        Movement("Back to the buyer", back),
        Movement("Added by the marketplace (vouchers)", added),
        Movement("Service fee", -service),
        Movement("Tax on the service fee", -service_tax),
        Movement("Shipping run by the marketplace", -shipping),
        Movement("Commission", -commission),
        Movement("Tax on commission", -tax),
        Movement("Held by a dispute", -disputed),
        Movement("Covered by the marketplace", -losses),
        Movement("Sellers receive", sellers, is_total=True),
        Movement("Commission", commission),
        Movement("Service fee", service),
        Movement("Shipping", shipping),
        Movement("Vouchers", -added),
        Movement("Provider's fees", fees),
        Movement("Written off", losses),
        Movement("Marketplace keeps", kept, is_total=True),
    )
    return tuple(line for line in lines if line.amount.minor or line.is_total)


def _into(
    prefix: str,
    legs: Sequence[Leg],
    zero: Money,
    *,
    only: tuple[str, ...] | None = None,
    but: tuple[str, ...] = (),
    ending: str = "",
) -> Money:
    """What came into the accounts that begin so, less what went out of them."""
    total = zero
    for leg in legs:
        if leg.code in but or (only is not None and leg.code not in only):
            continue
        if leg.credit.startswith(prefix) and leg.credit.endswith(ending):
            total += leg.amount
        if leg.debit.startswith(prefix) and leg.debit.endswith(ending):
            total -= leg.amount
    return total
