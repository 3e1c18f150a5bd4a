"""How an order is judged: limits, counts and lists, without input or output."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from uuid import UUID

from banyan.fraud.errors import InvalidLimits
from banyan.fraud.model import (
    FraudDecision,
    FraudRequest,
    Limits,
    ListEntry,
    ListKind,
    Outcome,
    PastOrder,
    Settings,
    Signal,
)
from banyan.kernel import Fault
from banyan.parties import BUYER

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)

REVIEW_BP = 8_000
CHALLENGE_BP = 5_000
ALLOW_BP_MAX = 4_900

_SEVERITY: tuple[Outcome, ...] = ("allow", "challenge", "review", "deny")
_VERBS = {
    "allow": "Allowed",
    "challenge": "Challenged",
    "review": "To be reviewed",
    "deny": "Denied",
}


class History:
    """Orders that were assessed before, found by buyer and by payment method."""

    def __init__(self, past: Iterable[PastOrder] = ()) -> None:
        self._by_buyer: dict[UUID, list[PastOrder]] = defaultdict(list)
        self._by_payment: dict[str, list[PastOrder]] = defaultdict(list)
        for order in past:
            self.add(order)

    def add(self, order: PastOrder) -> None:
        self._by_buyer[order.buyer_id].append(order)
        if order.payment_fingerprint:
            self._by_payment[order.payment_fingerprint].append(order)

    def of_buyer(self, request: FraudRequest) -> list[PastOrder]:
        """Other orders of the buyer."""
        orders = self._by_buyer.get(request.buyer.buyer_id, ())
        return [order for order in orders if order.subject_id != request.subject_id]

    def of_payment(self, request: FraudRequest) -> list[PastOrder]:
        """Other orders with the payment method."""
        orders = self._by_payment.get(request.fingerprint, ())
        return [order for order in orders if order.subject_id != request.subject_id]


def decide(
    request: FraudRequest,
    settings: Settings,
    entries: Iterable[ListEntry],
    history: History,
) -> FraudDecision:
    """What to do with an order.

    The deny list comes first, then the allow list, then limits and counts. ``entries`` are those in
    force that name the buyer, the payment method or the country.
    """
    listed = [_list_signal(entry) for entry in entries]
    measured = [
        _amount_signal(request, settings, is_first=not history.of_buyer(request)),
        *_count_signals(request, settings, history),
    ]
    denials = [signal for signal in listed if signal.outcome == "deny"]
    allowances = [signal for signal in listed if signal.outcome == "allow"]
    decisive = denials or allowances or measured
    outcomes: list[Outcome] = [signal.outcome for signal in decisive]
    outcome = max(outcomes, key=_SEVERITY.index)
    asking = [signal.detail for signal in decisive if signal.outcome == outcome]
    if outcome == "allow" and not allowances:
        asking = [f"{request.amount} and the number of recent orders are within the limits"]
    return FraudDecision(
        subject_id=request.subject_id,
        outcome=outcome,
        score_bp=max(signal.score_bp for signal in decisive),
        reason=f"{_VERBS[outcome]}: {'; '.join(asking)}.",
        signals=(*listed, *measured),
    )


def listed_as(request: FraudRequest) -> dict[ListKind, str]:
    """What lists may know an order by."""
    names: dict[ListKind, str] = {
        "buyer": BUYER.text(request.buyer.buyer_id),
        "country": request.ship_to_country,
    }
    if request.fingerprint:
        names["payment"] = request.fingerprint
    return names


def check_limits(limits: Sequence[Limits]) -> None:
    """``InvalidLimits`` if they name a currency twice, mix currencies or are the wrong way round."""
    seen: set[str] = set()
    for index, pair in enumerate(limits):
        code = pair.review.currency.code
        problem = None
        if pair.first_challenge.currency.code != code:
            problem = "Both amounts are in one currency."
        elif code in seen:
            problem = f"{code} has limits already."
        elif pair.review < pair.first_challenge:
            problem = f"{pair.first_challenge} for a challenge is above {pair.review} for review."
        if problem:
            raise InvalidLimits(
                problem, faults=(Fault("invalid_limits", problem, f"/limits/{index}"),)
            )
        seen.add(code)


def _list_signal(entry: ListEntry) -> Signal:
    noun = {"buyer": "the buyer", "payment": "the payment method", "country": entry.value}[
        entry.kind
    ]
    detail = f"{noun} is on the {entry.list} list ({entry.reason.rstrip('.')})"
    score_bp = 10_000 if entry.list == "deny" else 0
    return Signal(f"{entry.kind}_on_{entry.list}_list", entry.value, detail, entry.list, score_bp)


def _amount_signal(request: FraudRequest, settings: Settings, *, is_first: bool) -> Signal:
    amount = request.amount
    limits = settings.limits.get(amount.currency.code)
    if limits is None:
        detail = f"no limits are set for {amount.currency}"
        return Signal("amount_without_limit", amount.minor, detail, "challenge", CHALLENGE_BP)
    score_bp = min(10_000, REVIEW_BP * amount.minor // limits.review.minor)
    if limits.review < amount:
        detail = f"{amount} is over the limit of {limits.review}"
        return Signal("amount", amount.minor, detail, "review", score_bp)
    if is_first and limits.first_challenge < amount:
        detail = f"{amount} is over {limits.first_challenge}, the limit for a buyer's first order"
        score_bp = max(CHALLENGE_BP, score_bp)
        return Signal("first_order_amount", amount.minor, detail, "challenge", score_bp)
    detail = f"{amount} is within the limits"
    return Signal("amount", amount.minor, detail, "allow", min(ALLOW_BP_MAX, score_bp))


def _count_signals(request: FraudRequest, settings: Settings, history: History) -> Iterator[Signal]:
    own = history.of_buyer(request)
    yield _count_signal(
        "buyer_orders_1h",
        _count(request, own, HOUR),
        settings.buyer_orders_1h_max,
        "the buyer's orders within an hour",
    )
    yield _count_signal(
        "buyer_orders_24h",
        _count(request, own, DAY),
        settings.buyer_orders_24h_max,
        "the buyer's orders within 24 hours",
    )
    if request.fingerprint:
        yield _count_signal(
            "payment_orders_24h",
            _count(request, history.of_payment(request), DAY),
            settings.payment_orders_24h_max,
            "orders with this payment method within 24 hours",
        )


def _count_signal(name: str, count: int, count_max: int, what: str) -> Signal:
    if count > count_max:
        detail = f"{what} are {count}, more than {count_max}"
        return Signal(name, count, detail, "review", REVIEW_BP)
    score_bp = min(ALLOW_BP_MAX, CHALLENGE_BP * count // count_max)
    return Signal(name, count, f"{what}: {count}", "allow", score_bp)


def _count(request: FraudRequest, others: Iterable[PastOrder], window: timedelta) -> int:
    """The orders placed within ``window`` up to this one, which counts too."""
    since = request.placed_at - window
    recent = {order.subject_id for order in others if since < order.placed_at <= request.placed_at}
    return len(recent) + 1
