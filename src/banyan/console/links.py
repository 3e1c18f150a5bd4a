"""From an id to the page that shows it."""

from banyan.invoicing import INVOICE
from banyan.kernel import IdKind, InvalidId, Money
from banyan.migration import PLAN
from banyan.operations import CASE
from banyan.orders import ORDER
from banyan.parties import BUYER, SELLER
from banyan.payments import BATCH, DISPUTE, PAYMENT, PAYOUT

_PAGES: tuple[tuple[IdKind, str], ...] = (
    (ORDER, "orders/{}"),
    (CASE, "cases/{}"),
    (SELLER, "sellers/{}"),
    (PAYMENT, "payments/{}"),
    (DISPUTE, "disputes/{}"),
    (PAYOUT, "payouts/{}"),
    (INVOICE, "invoices/{}"),
    (BATCH, "payouts/batches/{}"),
    (BUYER, "orders?q={}"),
    (PLAN, "migration/{}"),
)


def subject_href(base: str, subject: str) -> str:
    """The page about ``subject``; empty if it is not an id that has one."""
    plan, is_route, route = subject.partition("/")
    if is_route and plan.startswith(f"{PLAN.prefix}_"):
        href = subject_href(base, plan)
        return f"{href}/routes/{route}" if href else ""
    for kind, path in _PAGES:
        if subject.startswith(f"{kind.prefix}_"):
            try:
                kind.parse(subject)
            except InvalidId:
                return ""
            return f"{base}/{path.format(subject)}"
    return ""


def money_in(value: object) -> Money | None:
    """``{"amount": 1999, "currency": "EUR"}``, as events carry money, or None."""
    match value:
        case {"amount": int(minor), "currency": str(currency)}:
            return Money.of(minor, currency)
        case _:
            return None
