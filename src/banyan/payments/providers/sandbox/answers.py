"""What the sandbox answers, given what was asked of it before: decisions without input or output."""

from datetime import datetime, timedelta

import msgspec

from banyan.kernel import Money
from banyan.payments.model import METHODS, FaultKind
from banyan.payments.providers import (
    Answer,
    AwaitingPayment,
    Declined,
    Instruction,
    Pending,
    RequiresAction,
    Succeeded,
    Unavailable,
)
from banyan.payments.providers.sandbox.settling import fee_of
from banyan.payments.providers.sandbox.store import Stored
from banyan.payments.providers.sandbox.tokens import BANK_TOKENS, PUSH_TTL, TOKENS, Token

_ACTION_TTL = timedelta(hours=1)


def decide(
    provider: str,
    now: datetime,
    instruction: Instruction,
    token: Token,
    before: list[Stored],
    fault: FaultKind | None,
) -> Answer:
    """What becomes of an operation, given what was done for the payment before."""
    done = {
        stored.operation
        for stored in before
        if stored.answer["outcome"] == "succeeded" and stored.known_at <= now
    }
    match instruction.operation:
        case "authorize":
            return _authorization(provider, now, instruction, token, fault)
        case "authenticate" if token.fails_authentication or "void" in done:
            return Declined("authentication_failed", False, "The buyer wasn't authenticated.")
        case "authenticate":
            return succeeded(instruction, instruction.reference, is_authenticated=True)
        case "capture" if token.fails_capture:
            return Declined("capture_failed", True, "The issuer withdrew the authorization.")
        case "capture" if "void" in done or "capture" in done:
            return Declined("not_capturable", True, "It was captured or voided before.")
        case "void" if "capture" in done:
            return Declined("already_captured", True, "It was captured before.")
        case "refund" if token.fails_refund == "hard":
            return Declined("card_closed", True, "The card was closed.")
        case "refund" if token.fails_refund == "always" or (
            token.fails_refund == "once" and _is_first_refund(before)
        ):
            return Declined("refund_failed", False, "The bank could not be reached.")
        case "refund" if _taken(now, before) < instruction.amount.minor:
            return Declined("more_than_captured", True, "More than was captured.")
        case _:
            return succeeded(instruction, instruction.reference or instruction.payment)


def _authorization(
    provider: str, now: datetime, instruction: Instruction, token: Token, fault: FaultKind | None
) -> Answer:
    if fault == "decline":
        return Declined("issuer_unavailable", False, "The issuer could not be reached.")
    if token.failover_code is not None and provider == "sandbox":
        return Declined(token.failover_code, False, token.about)
    if token.is_push:
        return AwaitingPayment(instruction.key, _how_to_pay(instruction), now + PUSH_TTL)
    if token.decline is not None:
        return Declined(token.decline, token.is_hard, token.about)
    is_challenged = instruction.authentication == "challenge" and _is_card(instruction)
    if token.requires_action or is_challenged:
        url = f"https://sandbox.invalid/3ds/{instruction.payment}"
        return RequiresAction(instruction.key, url, now + _ACTION_TTL)
    return succeeded(instruction, instruction.key)


def content_of(instruction: Instruction) -> tuple[str, int, str]:
    return (
        instruction.operation,
        instruction.amount.minor,
        instruction.amount.currency.code,
    )


def token_name(instruction: Instruction, before: list[Stored]) -> str:
    """What the payment was authorized with decides how it goes on."""
    if before:
        return before[0].token
    assert instruction.method is not None, "an authorization has a method"
    return instruction.method.token


def succeeded(
    instruction: Instruction, reference: str, *, is_authenticated: bool = False
) -> Succeeded:
    """Methods that are no cards are taken at once."""
    amount = instruction.amount
    is_authorized = instruction.operation in ("authorize", "authenticate")
    is_captured = is_authorized and _is_taken_at_once(instruction)
    return Succeeded(
        reference=reference,
        amount_minor=amount.minor,
        currency=amount.currency.code,
        fee_minor=fee_of(amount) if instruction.operation == "capture" or is_captured else 0,
        is_captured=is_captured,
        liability="issuer" if is_authenticated and _is_card(instruction) else None,
    )


def _is_card(instruction: Instruction) -> bool:
    return instruction.method is not None and METHODS[instruction.method.type].family == "card"


def _is_taken_at_once(instruction: Instruction) -> bool:
    return instruction.method is not None and METHODS[instruction.method.type].is_captured_at_once


def _how_to_pay(instruction: Instruction) -> dict[str, str]:
    """What a buyer would be shown; nobody can pay by it."""
    return {"kind": "code", "code": f"SANDBOX-{instruction.key[-10:].upper()}"}


def not_done(fault: FaultKind) -> Unavailable:
    """A scheduled outage turns calls away; a scheduled timeout lets them hang."""
    if fault == "timeout":
        raise TimeoutError("the sandbox doesn't answer, as scheduled")
    return Unavailable("The sandbox is down, as scheduled.")


def paid(stored: Stored) -> dict[str, object]:
    """The answer once the buyer has paid what was awaited."""
    fee = fee_of(Money.of(stored.amount_minor, stored.currency))
    return msgspec.to_builtins(
        Succeeded(stored.key, stored.amount_minor, stored.currency, fee, is_captured=True)
    )


def _taken(now: datetime, before: list[Stored]) -> int:
    """Captured less refunded, in minor units."""
    signs = {"capture": 1, "refund": -1, "payout": -1}
    return sum(
        signs.get(stored.operation, 0) * stored.amount_minor
        for stored in before
        if stored.answer["outcome"] == "succeeded" and stored.known_at <= now
    )


def _is_first_refund(before: list[Stored]) -> bool:
    return all(one.operation != "refund" for one in before)


def as_of(now: datetime, stored: Stored) -> Answer:
    """What the sandbox says about an operation at an instant."""
    if stored.hidden_until is not None and now < stored.hidden_until:
        raise TimeoutError("the sandbox doesn't answer")
    if now < stored.known_at:
        return Pending("The sandbox will tell by webhook.")
    token = TOKENS.get(stored.token)
    if token is not None and token.is_push and stored.operation == "authorize":
        return _awaited(now, stored, token)
    bank = BANK_TOKENS.get(stored.token)
    if bank and bank.returned_after and now >= stored.created_at + bank.returned_after:
        return Declined("returned", True, f"The bank returned the {stored.operation}.")
    after = token and token.refund_returned_after
    if stored.operation == "refund" and after and now >= stored.created_at + after:
        return Declined("returned", True, "The buyer's bank sent the refund back.")
    return msgspec.convert(stored.answer, Answer)


def _awaited(now: datetime, stored: Stored, token: Token) -> Answer:
    """What has become of a payment that the buyer was told how to make."""
    if stored.answer["outcome"] == "declined":
        return msgspec.convert(stored.answer, Declined)
    if token.paid_after is not None and now >= stored.created_at + token.paid_after:
        return msgspec.convert(paid(stored), Succeeded)
    if now >= stored.created_at + PUSH_TTL:
        return Declined("expired", True, "The buyer has not paid in time.")
    return msgspec.convert(stored.answer, Answer)
