"""One dispute: what happens next, where the money is, who bears it, what was answered."""

from collections.abc import Sequence
from uuid import UUID

from starlette.responses import Response

from banyan.console.cases import case_card
from banyan.console.documents import document
from banyan.console.errors import PageNotFound
from banyan.console.links import subject_href
from banyan.console.look import Pill, Tone, money, state_pill, words
from banyan.console.story import timeline
from banyan.console.views.disputes import AnswerLine, DisputeView, MoveLine
from banyan.console.views.frame import Crumb, Fact
from banyan.console.visit import Shown, Visit
from banyan.kernel import Money
from banyan.operations import Case, cases_of
from banyan.payments import (
    ANSWER,
    DISPUTE,
    PAYMENT,
    Dispute,
    DisputeAnswer,
    DisputeMove,
    answers_of,
    get_dispute,
    moves_of,
)
from banyan.runtime import events_of

_MOVES: dict[str, tuple[str, str]] = {
    "hold": ("Held", "kept apart until the bank has decided"),
    "give_back": ("Given back", "to whom it was held from"),
    "lose": ("Lost", "the buyer's bank keeps it"),
    "regain": ("Regained", "held again, the bank changed its mind"),
    "fee": ("Provider's fee", "for handling the dispute"),
}
_BEARERS = {"issuer": "Buyer's bank", "platform": "Marketplace", "seller": "Seller"}
_STRENGTHS = {
    "strong": Pill("Strong evidence", Tone.GO),
    "fair": Pill("Fair evidence", Tone.WAIT),
    "weak": Pill("Weak evidence", Tone.LOST),
}
_STAGES = {
    "inquiry": "The bank only asks; it has taken no money yet.",
    "chargeback": "The bank has taken the money back for now.",
    "pre_arbitration": "The bank was not convinced and asks a second time.",
    "arbitration": "The card network decides, and its word is final.",
    "return": "A direct debit came back; that can't be contested.",
}


async def show_dispute(visit: Visit) -> Shown:
    dispute = await get_dispute(visit.tx, DISPUTE.parse(visit.path("dispute_id")))
    text = DISPUTE.text(dispute.dispute_id)
    moves = await moves_of(visit.tx, dispute.dispute_id)
    answers = await answers_of(visit.tx, dispute.dispute_id)
    case = _open_case(await cases_of(visit.tx, dispute.subject), text)
    view = DisputeView(
        now=visit.tx.now,
        dispute_id=text,
        amount=dispute.amount,
        state=state_pill(dispute.state),
        stage=words(dispute.stage),
        about=words(dispute.category).lower(),
        order=dispute.subject,
        order_href=subject_href(visit.base, dispute.subject),
        opened_at=dispute.opened_at,
        sentence=_next(dispute, has_case=case is not None),
        decision=_decision(dispute),
        respond_by=dispute.respond_by if dispute.is_answerable else None,
        case=case_card(visit, case) if case else None,
        bearer=_BEARERS[dispute.bearer],
        bearer_reason=dispute.bearer_reason,
        quote=dispute.reason,
        sums=tuple(_sums(dispute)),
        moves=tuple(_move(move, dispute.currency) for move in moves),
        ledger_href=visit.href("ledger/transfers", subject=dispute.subject),
        answers=tuple(_answer(visit, text, answer) for answer in answers),
        facts=tuple(_facts(visit, dispute)),
        timeline=timeline(await events_of(visit.tx, text), visit.base),
    )
    crumbs = (Crumb("Disputes", visit.href("disputes")), Crumb(text))
    live = (text, dispute.subject)
    return Shown(
        "disputes/dispute.html", f"Dispute {text}", "disputes", view, crumbs, live_subjects=live
    )


async def show_evidence(visit: Visit) -> Response:
    """The page that the bank was sent, as it was sent."""
    dispute_id = DISPUTE.parse(visit.path("dispute_id"))
    answer_id = ANSWER.parse(visit.path("answer_id"))
    return document(await _page_of(visit, dispute_id, answer_id))


async def _page_of(visit: Visit, dispute_id: UUID, answer_id: UUID) -> str:
    for answer in await answers_of(visit.tx, dispute_id):
        if answer.answer_id == answer_id and answer.page:
            return answer.page
    raise PageNotFound(f"Dispute {DISPUTE.text(dispute_id)} has no such page of evidence.")


def _open_case(cases: Sequence[Case], dispute: str) -> Case | None:
    """The question that waits for a person, if one does."""
    asked = [case for case in cases if case.is_open and case.evidence.get("dispute") == dispute]
    return asked[0] if asked else None


def _next(dispute: Dispute, *, has_case: bool) -> str:
    """What the page answers first: what are we waiting for?"""
    amount = money(dispute.amount)
    if dispute.state == "won":
        return f"It is over: {amount} stays with us."
    if dispute.state == "lost":
        return f"It is over: {money(dispute.held)} is lost. {_STAGES[dispute.stage]}"
    if dispute.state == "under_review":
        return "We have answered; the bank decides now, and there is nothing to do until it has."
    if dispute.decision is not None:
        return "The answer is decided and on its way to the bank."
    if has_case:
        return f"A person has to choose what the bank is told. {_STAGES[dispute.stage]}"
    return f"The bank waits for our answer. {_STAGES[dispute.stage]}"


def _decision(dispute: Dispute) -> str:
    if dispute.decision is None:
        return ""
    why = f": {dispute.decision_reason}" if dispute.decision_reason else "."
    return f"{dispute.decided_by or 'The rule'} decided to {dispute.decision}{why}"


def _sums(dispute: Dispute) -> list[Fact]:
    own_risk = dispute.amount - dispute.held
    sums = [Fact("Disputed", money(dispute.amount))]
    if dispute.booked != "free":
        label = "Held of it" if dispute.booked == "held" else "Lost of it"
        sums.append(Fact(label, money(dispute.held)))
        if own_risk.minor:
            sums.append(Fact("Beyond what was left of the payment", money(own_risk)))
    sums.append(Fact("Provider's fee", money(dispute.fee)))
    return sums


def _move(move: DisputeMove, currency: str) -> MoveLine:
    what, note = _MOVES[move.what]
    if move.amount_minor < 0:
        what, note = f"{what}, given back", "the provider returns it"
    return MoveLine(what, note, Money.of(abs(move.amount_minor), currency), move.made_at)


def _answer(visit: Visit, dispute: str, answer: DisputeAnswer) -> AnswerLine:
    asked = visit.href(f"disputes/{dispute}/evidence/{ANSWER.text(answer.answer_id)}")
    verb = "Contested" if answer.kind == "contest" else "Accepted"
    return AnswerLine(
        title=f"{verb}, {words(answer.stage).lower()}",
        state=state_pill(answer.state),
        strength=_STRENGTHS[answer.strength] if answer.strength else None,
        by=answer.made_by,
        at=answer.created_at,
        page_href=asked if answer.page else "",
        evidence=tuple(Fact(words(kind), text) for kind, text in answer.evidence.items()),
        missing=", ".join(words(kind).lower() for kind in answer.missing),
    )


def _facts(visit: Visit, dispute: Dispute) -> list[Fact]:
    payment = PAYMENT.text(dispute.payment_id)
    facts = [
        Fact("Payment", payment, visit.href(f"payments/{payment}")),
        Fact("Order", dispute.subject, subject_href(visit.base, dispute.subject)),
        Fact("Provider", dispute.provider),
        Fact("Provider's reference", dispute.provider_reference),
        Fact("Category", words(dispute.category)),
        Fact("Reason code", dispute.reason_code),
    ]
    if dispute.strength:
        facts.append(Fact("Evidence", words(dispute.strength)))
    if dispute.closed_at:
        facts.append(Fact("Closed", f"{dispute.closed_at:%d %b %Y, %H:%M}"))
    return facts
