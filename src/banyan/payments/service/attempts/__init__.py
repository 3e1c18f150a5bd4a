"""Calls of providers: the intent first, then the call, then what came of it.

The intent is committed with what made it necessary, before any call. A call that gives no definite
answer is never taken for a failure: it is looked up by our reference, sent again under the same key
if the provider doesn't have it and stands by its keys, and so on until there is a definite answer,
however long it takes. The answer is kept as the provider gave it; ``outcomes`` then applies it.
"""

from banyan.payments.service.attempts.answers import (
    attempts_of,
    attempts_of_payout,
    record,
    record_definite,
    record_return,
)
from banyan.payments.service.attempts.calls import (
    CALL_TIMEOUT_S,
    Call,
    Resend,
    Told,
    ask,
    begin,
    checked,
    look_up,
    note_sent_again,
)
from banyan.payments.service.attempts.instructions import instruction_of, instructions_for
from banyan.payments.service.attempts.intents import (
    JOB_OF,
    authentication_id,
    authorization_id,
    give_back_intent,
    intend,
    intent_for_answer,
    intent_for_debit,
    intent_for_payment,
    intent_for_payout,
    intent_for_refund,
    job_of,
    late_intent,
)

__all__ = [
    "CALL_TIMEOUT_S",
    "JOB_OF",
    "Call",
    "Resend",
    "Told",
    "ask",
    "attempts_of",
    "attempts_of_payout",
    "authentication_id",
    "authorization_id",
    "begin",
    "checked",
    "give_back_intent",
    "instruction_of",
    "instructions_for",
    "intend",
    "intent_for_answer",
    "intent_for_debit",
    "intent_for_payment",
    "intent_for_payout",
    "intent_for_refund",
    "job_of",
    "late_intent",
    "look_up",
    "note_sent_again",
    "record",
    "record_definite",
    "record_return",
]
