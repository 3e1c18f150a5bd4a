"""Disputes: the buyer's bank asks for money back, takes it, and may give it back again.

``reports`` brings a dispute to where the provider says that it stands, ``books`` moves the money,
``polling`` asks about it daily, ``answers`` decides what we say and hands in the evidence, ``reading``
shows all of it.
"""

from banyan.payments.service.disputes.answers import (
    PurchaseOf,
    answer_dispute,
    answer_resolved,
    decide_overdue,
    nothing_bought,
    review,
    send_answer,
)
from banyan.payments.service.disputes.books import rebook
from banyan.payments.service.disputes.polling import poll_again
from banyan.payments.service.disputes.reading import (
    answers_of,
    get_dispute,
    get_dispute_settings,
    list_disputes,
    moves_of,
    update_dispute_settings,
)
from banyan.payments.service.disputes.reports import apply_report, revision_of

__all__ = [
    "PurchaseOf",
    "answer_dispute",
    "answer_resolved",
    "answers_of",
    "apply_report",
    "decide_overdue",
    "get_dispute",
    "get_dispute_settings",
    "list_disputes",
    "moves_of",
    "nothing_bought",
    "poll_again",
    "rebook",
    "review",
    "revision_of",
    "send_answer",
    "update_dispute_settings",
]
