"""Decisions about disputes that need no database."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise, product
from typing import Any, get_args
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.payments import rules
from banyan.payments.model import (
    Booked,
    Dispute,
    DisputeCategory,
    DisputeSettings,
    DisputeStage,
    DisputeState,
    EvidenceKind,
    Strength,
)

NOW = datetime(2018, 3, 1, 12, tzinfo=UTC)
STAGES: tuple[DisputeStage, ...] = get_args(DisputeStage)
STATES: tuple[DisputeState, ...] = get_args(DisputeState)
BOOKED: tuple[Booked, ...] = get_args(Booked)


def dispute(**changes: Any) -> Dispute:
    facts: dict[str, Any] = {
        "marketplace_id": UUID(int=1), "dispute_id": UUID(int=2), "payment_id": UUID(int=3),
        "subject": "ord_1", "provider": "sandbox", "provider_reference": "d", "state": "open",
        "stage": "chargeback", "amount_minor": 10_000, "held_minor": 10_000, "fee_minor": 1_500,
        "recharged_minor": 0, "currency": "EUR", "reason": "Not there.", "reason_code": "13.1",
        "category": "not_received", "respond_by": NOW, "booked": "held", "round": 1, "moves": 1,
        "revision": 1, "challenge": 1, "bearer": "seller", "bearer_reason": "", "decision": None,
        "decided_by": None, "decision_reason": None, "strength": None, "opened_at": NOW,
        "closed_at": None,
    }  # fmt: skip
    return Dispute(**(facts | changes))


@pytest.mark.parametrize(
    ("code", "category"),
    [
        ("10.4", "fraud"), ("4837", "fraud"), ("fraudulent", "fraud"),
        ("13.1", "not_received"), ("4855", "not_received"), ("product_not_received", "not_received"),
        ("13.3", "not_as_described"), ("13.6", "credit_not_processed"), ("12.6.1", "duplicate"),
        ("11.3", "processing_error"), ("AC04", "debit_returned"), ("MD06", "debit_returned"),
        ("insufficient_funds", "debit_returned"), ("general", "other"), ("", "other"),
    ],
)  # fmt: skip
def test_reason_codes_of_every_network_are_understood(code: str, category: DisputeCategory) -> None:
    assert rules.category_of(code) == category


def test_a_question_takes_no_money_and_everything_else_does() -> None:
    for stage, state in product(STAGES, STATES):
        booked = rules.booked_as(stage, state)
        if state == "won":
            assert booked == "free"
        elif state == "lost":
            assert booked == "taken"
        else:
            assert booked == ("free" if stage == "inquiry" else "held")


@given(st.lists(st.tuples(st.sampled_from(BOOKED), st.booleans()), min_size=1, max_size=12))
def test_moves_always_lead_to_where_they_have_to(stops: list[tuple[Booked, bool]]) -> None:
    """And what has been lost is regained before it is given back."""
    may_follow = {"hold": "free", "lose": "held", "regain": "taken", "give_back": "held"}
    for (now, _), (then, is_changed) in pairwise([("free", False), *stops]):
        at: Booked = now
        for move in rules.way(now, then, is_changed=is_changed):
            assert may_follow[move] == at
            at = rules.AFTER[move]
        assert at == then


def test_a_change_is_held_anew() -> None:
    assert rules.way("taken", "taken", is_changed=True) == ("regain", "give_back", "hold", "lose")
    assert rules.way("held", "held", is_changed=False) == ()
    assert rules.way("free", "free", is_changed=True) == ()


def test_a_returned_debit_is_lost_and_evidence_keeps_a_dispute_under_review() -> None:
    told = rules.state_of("return", "open", is_contested=False, is_same_stage=True)
    assert told == "lost"
    told = rules.state_of("chargeback", "open", is_contested=True, is_same_stage=True)
    assert told == "under_review"
    told = rules.state_of("pre_arbitration", "open", is_contested=True, is_same_stage=False)
    assert told == "open"


@pytest.mark.parametrize(
    ("category", "liability", "bearer"),
    [
        ("fraud", "issuer", "issuer"), ("fraud", "merchant", "platform"), ("fraud", None, "platform"),
        ("not_received", "issuer", "seller"), ("other", None, "seller"),
    ],
)  # fmt: skip
def test_who_bears_it_is_decided_by_reason_and_authentication(
    category: DisputeCategory, liability: Any, bearer: str
) -> None:
    bearing = rules.decide_bearer(category, liability, DisputeSettings())
    assert bearing.bearer == bearer
    assert bearing.reason.endswith(".")


def test_terms_can_put_fraud_on_sellers_but_never_what_the_issuer_bears() -> None:
    settings = DisputeSettings(fraud_bearer="seller", other_bearer="platform")
    assert rules.decide_bearer("fraud", None, settings).bearer == "seller"
    assert rules.decide_bearer("fraud", "issuer", settings).bearer == "issuer"
    assert rules.decide_bearer("duplicate", None, settings).bearer == "platform"


@given(st.sampled_from(get_args(DisputeCategory)), st.sets(st.sampled_from(get_args(EvidenceKind))))
def test_more_evidence_is_never_weaker(category: DisputeCategory, kinds: set[EvidenceKind]) -> None:
    order = get_args(Strength)
    some = rules.appraise(category, dict.fromkeys(kinds, "x"))
    every = rules.appraise(category, dict.fromkeys(get_args(EvidenceKind), "x"))
    assert order.index(every.strength) >= order.index(some.strength)
    assert not set(some.missing) & kinds
    assert every.missing == ()
    assert every.strength == ("weak" if category == "debit_returned" else "strong")


def test_what_is_decided_at_once() -> None:
    settings = DisputeSettings(accept_below_minor=2_000)
    decide = rules.decide_at_once
    small = decide(dispute(amount_minor=2_000), "strong", settings, was_refused=False)
    assert small is not None
    assert small.decision == "accept"
    asked = decide(
        dispute(amount_minor=2_000, stage="inquiry"), "weak", settings, was_refused=False
    )
    assert asked is not None
    assert asked.decision == "refund"
    strong = decide(dispute(), "strong", settings, was_refused=False)
    assert strong is not None
    assert strong.decision == "contest"
    assert decide(dispute(), "fair", settings, was_refused=False) is None
    assert decide(dispute(), "strong", settings, was_refused=True) is None
    by_hand = DisputeSettings(contests_by_itself=False)
    assert decide(dispute(), "strong", by_hand, was_refused=False) is None


def test_the_deadline_is_decided_by_what_there_is_to_say() -> None:
    assert rules.decide_at_deadline(dispute(), "weak").decision == "accept"
    assert rules.decide_at_deadline(dispute(), "fair").decision == "contest"
    assert rules.decide_at_deadline(dispute(stage="inquiry"), "weak").decision == "contest"


@given(st.integers(-100, 2_000), st.integers(1, 240))
def test_people_are_asked_to_decide_before_the_bank_does(hours: int, before: int) -> None:
    respond_by = NOW + timedelta(hours=hours)
    due_at = rules.decide_by(respond_by, NOW, DisputeSettings(answer_hours_before=before))
    assert due_at >= NOW
    if hours > 0:
        assert due_at < respond_by
    if hours >= 2 * before:
        assert due_at == respond_by - timedelta(hours=before)
