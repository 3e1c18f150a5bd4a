"""Asking a provider, or finding out what became of what was asked."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

from banyan.kernel import Currency, Money
from banyan.payments.model import Attempt
from banyan.payments.providers import (
    Absent,
    Answer,
    Found,
    Instruction,
    Provider,
    Succeeded,
    Traits,
    Unavailable,
    Unknown,
)
from banyan.payments.service.attempts.instructions import instructions_for
from banyan.payments.store import attempts as store
from banyan.runtime import Transaction

CALL_TIMEOUT_S = 5


Resend: TypeAlias = Callable[[UUID], Awaitable[None]]
"""Notes for good, before the call, that an attempt is about to be sent once more."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that is about to be made.

    ``first_age`` and ``last_age``: how long ago it was first and last sent; None if it never was.
    """

    attempt: Attempt
    instruction: Instruction
    first_age: timedelta | None
    last_age: timedelta | None


@dataclass(frozen=True, slots=True)
class Told:
    """What a provider answered, and how we got it."""

    answer: Answer
    note: str


async def begin(tx: Transaction, attempt_ids: Sequence[UUID]) -> list[Call | None]:
    """Note that calls are about to be made; None where the answer is known already."""
    found = await store.lock_attempts(tx, attempt_ids)
    open_ones = {a.attempt_id: a for a in found if a.state not in ("answered", "applied")}
    first = await store.mark_sent(tx, open_ones)  # from here on they can't be cancelled
    instructions = await instructions_for(tx, open_ones.values())
    sent_before = [attempt_id for attempt_id in open_ones if attempt_id not in first]
    ages = await store.find_ages(tx, sent_before) if sent_before else {}
    none = (None, None)
    return [
        Call(
            open_ones[attempt_id],
            instructions[attempt_id],
            *(none if attempt_id in first else ages.get(attempt_id, none)),
        )
        if attempt_id in open_ones
        else None
        for attempt_id in attempt_ids
    ]


async def ask(provider: Provider, call: Call, resend: Resend) -> Told:
    """Do the operation, or find out what became of it. At most three calls of CALL_TIMEOUT_S."""
    instruction = call.instruction
    if call.last_age is not None:
        found = await look_up(provider, instruction)
        if not isinstance(found, Absent):
            return Told(checked(found, instruction.amount), "Found by a look-up.")
        refusal = _why_not_again(provider.traits, call)
        if refusal is not None:
            return Told(refusal, "")
        await resend(call.attempt.attempt_id)
    answer = await _call(provider, instruction)
    if isinstance(answer, Unavailable) and call.last_age is not None:
        # This call was not begun; an earlier one may have been, and may still be on its way.
        answer = Unknown(f"{answer.detail} An earlier call may have been done.")
    if isinstance(answer, Unknown):
        seen = await look_up(provider, instruction)
        if not isinstance(seen, Absent | Unknown):
            note = f"{answer.detail} Found by a look-up."
            return Told(checked(seen, instruction.amount), note)
    return Told(checked(answer, instruction.amount), "")


def _why_not_again(traits: Traits, call: Call) -> Unavailable | Unknown | None:
    """What to answer in place of sending once more what was not found; None: send it."""
    assert call.first_age is not None, "it was sent before"
    assert call.last_age is not None, "it was sent before"
    is_certain = traits.absence_after is not None and call.last_age >= traits.absence_after
    if is_certain and call.attempt.operation == "authorize":
        return Unavailable("Long after the call the provider has nothing under its key.")
    if is_certain or traits.key_ttl is None or call.first_age < traits.key_ttl:
        return None
    return Unknown("Not found, and not sent again before it is certain that it was not done.")


def checked(answer: Answer, amount: Money) -> Answer:
    """The answer, unless it is about another amount: then the outcome is as good as unknown."""
    if not isinstance(answer, Succeeded):
        return answer
    settled = answer.settled
    if settled and (settled.amount_minor < 0 or settled.currency not in Currency.codes()):
        return Unknown(f"The provider settles {settled.amount_minor} {settled.currency[:3]}.")
    if (answer.amount_minor, answer.currency) == (amount.minor, amount.currency.code):
        return answer
    return Unknown(
        f"The provider answered for {answer.amount_minor} {answer.currency}, not for {amount}."
    )


async def look_up(provider: Provider, instruction: Instruction) -> Found:
    """What the provider knows of an operation; whatever goes wrong is ``Unknown``."""
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            return await provider.find(instruction)
    except Exception as error:  # whatever it is, we don't know the outcome
        return Unknown(f"The look-up failed: {error!r}."[:300])


async def note_sent_again(tx: Transaction, attempt_id: UUID) -> None:
    """Write down that an attempt is about to be sent once more."""
    await store.mark_sent_again(tx, attempt_id)


async def _call(provider: Provider, instruction: Instruction) -> Answer:
    calls = {
        "authorize": provider.authorize,
        "authenticate": provider.authenticate,
        "capture": provider.capture,
        "void": provider.void,
        "refund": provider.refund,
        "payout": provider.payout,
        "debit": provider.debit,
        "contest": provider.contest,
        "accept": provider.accept,
    }
    try:
        async with asyncio.timeout(CALL_TIMEOUT_S):
            return await calls[instruction.operation](instruction)
    except Exception as error:  # whatever it is, we don't know the outcome
        return Unknown(f"The call failed: {error!r}."[:300])
