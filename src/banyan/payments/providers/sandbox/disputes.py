"""How disputes go in the sandbox: where one stands is a function of what is stored and the time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from banyan.kernel import Money
from banyan.payments.model import DisputeStage, DisputeState
from banyan.payments.providers import DisputeReport
from banyan.payments.providers.sandbox import store
from banyan.payments.providers.sandbox.settling import settled_back
from banyan.payments.providers.sandbox.store import Stored, StoredAnswer, StoredDispute
from banyan.payments.providers.sandbox.tokens import (
    DISPUTE_CLOSES_AFTER,
    DISPUTE_OPENS_AFTER,
    TOKENS,
    DisputePath,
)
from banyan.runtime import Transaction

__all__ = [
    "FEE_MINOR",
    "Standing",
    "changes_at",
    "plan",
    "report",
    "settles_in",
    "stand",
    "standing",
]

_OF = "dispute_"
"""Before the key of the capture, it names the dispute."""

FEE_MINOR = 1_500
"""For each stage in which money is taken."""

_TO_ANSWER = timedelta(days=3)
"""The bank decides so long after the last day for an answer."""

ESCALATES_AFTER = timedelta(days=5)
PRE_ARBITRATION_AFTER = timedelta(days=5)
PRE_ARBITRATION_TAKES = timedelta(days=10)

_REASONS: dict[str, tuple[str, str]] = {
    "fraud": ("10.4", "The buyer says that somebody else paid with the card."),
    "return": ("MD06", "The buyer had the debit returned."),
}
_REASON_OTHERWISE = ("13.1", "The buyer says that the goods did not arrive.")


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a dispute stands. ``since`` is when this stage began; earlier refunds are not disputed."""

    stage: DisputeStage
    state: DisputeState
    since: datetime
    respond_by: datetime | None
    fee_minor: int

    def waits_at(self, now: datetime) -> bool:
        """Whether an answer is still taken."""
        return self.state == "open" and (self.respond_by is None or now <= self.respond_by)


async def plan(tx: Transaction, capture: Stored, path: DisputePath) -> StoredDispute:
    """Note the dispute that a captured payment will have."""
    dispute = StoredDispute(
        marketplace_id=capture.marketplace_id,
        reference=f"{_OF}{capture.key}",
        payment=capture.payment,
        captured_minor=capture.amount_minor,
        currency=capture.currency,
        opens_at=tx.now + DISPUTE_OPENS_AFTER,
        closes_at=tx.now + DISPUTE_CLOSES_AFTER,
        result="won" if path == "won" else "lost",
        path="plain" if path in ("won", "lost") else path,
    )
    await store.insert_dispute(tx, dispute)
    return dispute


async def stand(tx: Transaction, reference: str) -> Standing | None:
    """Where a dispute stands now; None if there is none (yet)."""
    dispute = await store.find_dispute(tx, reference)
    if dispute is None or tx.now < dispute.opens_at:
        return None
    until = tx.now + timedelta.resolution
    if dispute.path == "inquiry_escalates":
        until = min(until, dispute.opens_at + ESCALATES_AFTER)
    refunded = await store.refunded_before(tx, dispute.payment, until)
    answers = await store.answers_to(tx, reference)
    is_refunded = refunded >= dispute.captured_minor
    return standing(dispute, answers, tx.now, is_refunded=is_refunded)


async def report(tx: Transaction, reference: str) -> DisputeReport | None:
    """The dispute as it stands; None if nothing was left to be disputed."""
    dispute = await store.find_dispute(tx, reference)
    now = await stand(tx, reference)
    if dispute is None or now is None:
        return None
    refunded = await store.refunded_before(tx, dispute.payment, now.since)
    if refunded >= dispute.captured_minor:
        return None
    amount = Money.of(dispute.captured_minor - refunded, dispute.currency)
    code, reason = _REASONS.get(dispute.path, _REASON_OTHERWISE)
    return DisputeReport(
        reference=reference,
        payment=dispute.payment,
        amount=amount,
        fee=Money.of(now.fee_minor, dispute.currency),
        state=now.state,
        reason=reason,
        stage=now.stage,
        reason_code=code,
        respond_by=now.respond_by,
        settled=settled_back(amount, await settles_in(tx, dispute)),
    )


async def settles_in(tx: Transaction, dispute: StoredDispute) -> str | None:
    """In which other currency the disputed payment is settled."""
    capture = await store.find_operation(tx, dispute.reference.removeprefix(_OF))
    token = None if capture is None else TOKENS.get(capture.token)
    return None if token is None else token.settles_in


def changes_at(dispute: StoredDispute) -> list[datetime]:
    """When the sandbox tells of the dispute, whatever is answered."""
    opens, closes = dispute.opens_at, dispute.closes_at
    match dispute.path:
        case "return":
            return [opens]
        case "inquiry_escalates":
            return [opens, opens + ESCALATES_AFTER, closes]
        case "pre_arbitration":
            again = closes + PRE_ARBITRATION_AFTER
            return [opens, closes, again, again + PRE_ARBITRATION_TAKES]
        case _:
            return [opens, closes]


def standing(
    dispute: StoredDispute, answers: Sequence[StoredAnswer], now: datetime, *, is_refunded: bool
) -> Standing:
    """Where the dispute stands at ``now``, at or after it has been opened.

    ``is_refunded``: the buyer has been given back all that the bank asks about.
    """
    opens, closes = dispute.opens_at, dispute.closes_at
    match dispute.path:
        case "return":
            return Standing("return", "lost", opens, None, FEE_MINOR)
        case "inquiry_closes":
            return _inquiry(answers, now, opens, closes, is_refunded=is_refunded)
        case "inquiry_escalates" if is_refunded or now < opens + ESCALATES_AFTER:
            until = opens + ESCALATES_AFTER
            return _inquiry(answers, now, opens, until, is_refunded=is_refunded)
        case "inquiry_escalates":
            return _contested(answers, now, opens + ESCALATES_AFTER, closes)
        case "pre_arbitration" if now >= closes + PRE_ARBITRATION_AFTER:
            again = closes + PRE_ARBITRATION_AFTER
            return _contested(answers, now, again, again + PRE_ARBITRATION_TAKES, "pre_arbitration")
        case "pre_arbitration":
            return _contested(answers, now, opens, closes, result="won")
        case "needs_delivery":
            return _contested(answers, now, opens, closes, needs="delivered_at")
        case "fraud":
            return _contested(answers, now, opens, closes, needs="authentication")
        case _:
            return _contested(answers, now, opens, closes, result=dispute.result)


def _inquiry(
    answers: Sequence[StoredAnswer],
    now: datetime,
    opens: datetime,
    until: datetime,
    *,
    is_refunded: bool,
) -> Standing:
    answered = any(answer.kind == "contest" for answer in answers)
    is_over = is_refunded or now >= until
    state: DisputeState = "won" if is_over else "under_review" if answered else "open"
    return Standing("inquiry", state, opens, until, 0)


def _contested(
    answers: Sequence[StoredAnswer],
    now: datetime,
    since: datetime,
    closes: datetime,
    stage: Literal["chargeback", "pre_arbitration"] = "chargeback",
    *,
    needs: str = "",
    result: Literal["won", "lost"] | None = None,
) -> Standing:
    """A stage that is won by a good answer, unless the ``result`` is given."""
    own = [answer for answer in answers if since <= answer.answered_at <= now]
    fee_minor = FEE_MINOR * (2 if stage == "pre_arbitration" else 1)
    respond_by = closes - _TO_ANSWER

    def stands(state: DisputeState) -> Standing:
        return Standing(stage, state, since, respond_by, fee_minor)

    if any(answer.kind == "accept" for answer in own):
        return stands("lost")
    contests = [answer for answer in own if answer.kind == "contest"]
    if now < closes:
        return stands("under_review" if contests else "open")
    if result is not None:
        return stands(result)
    is_good = any(not needs or needs in answer.proves for answer in contests)
    return stands("won" if is_good else "lost")
