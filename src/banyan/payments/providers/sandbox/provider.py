"""The sandbox provider at work.

Everything that happens later (a webhook, a dispute, a returned payout) is a function of what it has
stored and the marketplace's time; a ``sandbox.webhook`` job only tells of it when the time has come.
"""

import hashlib
import hmac
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from uuid import UUID

import msgspec

from banyan.kernel import BanyanError, Money, new_token
from banyan.payments.errors import WebhookRefused
from banyan.payments.model import ATTEMPT
from banyan.payments.providers import (
    Absent,
    Answer,
    Declined,
    DisputeReport,
    Found,
    Instruction,
    Pending,
    RequiresAction,
    Succeeded,
    Traits,
    Webhook,
)
from banyan.payments.providers.sandbox import store
from banyan.payments.providers.sandbox.store import Stored, StoredDispute
from banyan.payments.providers.sandbox.tokens import (
    BANK_TOKENS,
    DISPUTE_CLOSES_AFTER,
    DISPUTE_OPENS_AFTER,
    TOKENS,
    Token,
)
from banyan.runtime import MARKETPLACE, Cause, Database, JobDraft, Transaction

SIGNATURE_HEADER = "sandbox-signature"
FEE_BP = 290
FEE_FIXED_MINOR = 30
DISPUTE_FEE_MINOR = 1_500
_ACTION_TTL = timedelta(hours=1)
_CAUSE = Cause("provider", "sandbox", "Sandbox")


class _Body(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A webhook as it travels."""

    id: str
    account: str
    key: str = ""
    dispute: str = ""


class Sandbox:
    """A ``Provider``. ``database`` is its own way in: no transaction is shared with its callers."""

    name = "sandbox"
    traits = Traits()

    def __init__(self, database: Database) -> None:
        self._database = database

    async def authorize(self, instruction: Instruction) -> Answer:
        return await self._do(instruction)

    async def authenticate(self, instruction: Instruction) -> Answer:
        return await self._do(instruction)

    async def capture(self, instruction: Instruction) -> Answer:
        return await self._do(instruction)

    async def void(self, instruction: Instruction) -> Answer:
        return await self._do(instruction)

    async def refund(self, instruction: Instruction) -> Answer:
        return await self._do(instruction)

    async def payout(self, instruction: Instruction) -> Answer:
        bank = BANK_TOKENS[instruction.destination]
        async with self._transaction(instruction.marketplace_id) as tx:
            stored = await store.find_operation(tx, instruction.key)
            if stored is None:
                answer = (
                    Declined(bank.decline, True, "The bank refused the payout.")
                    if bank.decline
                    else _succeeded(instruction, instruction.key)
                )
                stored = _stored(tx, instruction, instruction.destination, answer)
                await store.insert_operation(tx, stored)
                if bank.returned_after:
                    await _tell(tx, f"{stored.key}/returned", bank.returned_after, key=stored.key)
            lost = bank.times_out and await store.note_timeout(tx, stored.key)
            now = tx.now
        if lost:
            raise TimeoutError("the sandbox made the payout and didn't answer")
        return _as_of(now, stored)

    async def find(self, instruction: Instruction) -> Found:
        async with self._transaction(instruction.marketplace_id) as tx:
            stored = await store.find_operation(tx, instruction.key)
            return Absent() if stored is None else _as_of(tx.now, stored)

    async def find_dispute(self, marketplace_id: UUID, reference: str) -> DisputeReport | None:
        async with self._transaction(marketplace_id) as tx:
            dispute = await store.find_dispute(tx, reference)
            if dispute is None or tx.now < dispute.opens_at:
                return None
            refunded = await store.refunded_before(tx, dispute.payment, dispute.opens_at)
            if refunded >= dispute.captured_minor:
                return None
            return DisputeReport(
                reference=reference,
                payment=dispute.payment,
                amount=Money.of(dispute.captured_minor - refunded, dispute.currency),
                fee=Money.of(DISPUTE_FEE_MINOR, dispute.currency),
                state="open" if tx.now < dispute.closes_at else dispute.result,
                reason="The buyer says that the goods did not arrive.",
            )

    async def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Webhook:
        try:
            parsed = msgspec.json.decode(body, type=_Body)
            marketplace_id = MARKETPLACE.parse(parsed.account)
            if parsed.key:
                ATTEMPT.parse(parsed.key)
            async with self._transaction(marketplace_id) as tx:
                secret = await store.find_secret(tx)
        except (msgspec.DecodeError, UnicodeDecodeError, BanyanError) as error:
            raise WebhookRefused("This is not a webhook of the sandbox.") from error
        given = headers.get(SIGNATURE_HEADER, "")
        if secret is None or not hmac.compare_digest(given.encode(), _sign(secret, body)):
            raise WebhookRefused("The signature doesn't match the body.")
        return Webhook(marketplace_id, parsed.id, parsed.key or None, parsed.dispute or None)

    async def signed_webhook(
        self, marketplace_id: UUID, payload: Mapping[str, object]
    ) -> tuple[dict[str, str], bytes]:
        """The headers and the body of a webhook that says ``payload`` (of a job of ours)."""
        async with self._transaction(marketplace_id) as tx:
            secret = await store.webhook_secret(tx, new_token())
        hint = {"account": MARKETPLACE.text(marketplace_id), **payload}
        body = msgspec.json.encode(msgspec.convert(hint, _Body))
        return {SIGNATURE_HEADER: _sign(secret, body).decode()}, body

    def _transaction(self, marketplace_id: UUID) -> AbstractAsyncContextManager[Transaction]:
        """Not durable by itself: our record of an answer, which comes later, is, and takes it along."""
        return self._database.transaction(marketplace_id, _CAUSE, is_durable=False)

    async def _do(self, instruction: Instruction) -> Answer:
        """Do the operation of this key once; the same answer each time after that."""
        async with self._transaction(instruction.marketplace_id) as tx:
            await store.lock_payment(tx, instruction.payment)
            before = await store.operations_of(tx, instruction.payment)
            name = _token_name(instruction, before)
            token = TOKENS[name]
            loses_calls = instruction.operation == "authorize" and token.times_out is not None
            lost = loses_calls and await store.note_timeout(tx, instruction.key)
            stored = next((one for one in before if one.key == instruction.key), None)
            if stored is None and not (lost and token.times_out == "not_made"):
                answer = _decide(tx.now, instruction, token, before)
                stored = _stored(tx, instruction, name, answer, token)
                await store.insert_operation(tx, stored)
                await _plan(tx, stored, token)
            now = tx.now
        if lost or stored is None:
            raise TimeoutError("the sandbox didn't answer")
        if (stored.operation, stored.amount_minor, stored.currency) != _content(instruction):
            raise ValueError("the key was used for another operation")
        return _as_of(now, stored)


def _content(instruction: Instruction) -> tuple[str, int, str]:
    return (
        instruction.operation,
        instruction.amount.minor,
        instruction.amount.currency.code,
    )


def _token_name(instruction: Instruction, before: list[Stored]) -> str:
    """What the payment was authorized with decides how it goes on."""
    if before:
        return before[0].token
    assert instruction.method is not None, "an authorization has a method"
    return instruction.method.token


def _decide(now: datetime, instruction: Instruction, token: Token, before: list[Stored]) -> Answer:
    """What becomes of an operation, given what was done for the payment before."""
    done = {stored.operation for stored in before if stored.answer["outcome"] == "succeeded"}
    match instruction.operation:
        case "authorize":
            return _authorization(now, instruction, token)
        case "authenticate" if token.fails_authentication or "void" in done:
            return Declined("authentication_failed", False, "The buyer wasn't authenticated.")
        case "capture" if token.fails_capture:
            return Declined("capture_failed", True, "The issuer withdrew the authorization.")
        case "capture" if "void" in done or "capture" in done:
            return Declined("not_capturable", True, "It was captured or voided before.")
        case "void" if "capture" in done:
            return Declined("already_captured", True, "It was captured before.")
        case "refund" if token.fails_refund:
            return Declined("refund_failed", True, "The card was closed.")
        case "refund" if _taken(before) < instruction.amount.minor:
            return Declined("more_than_captured", True, "More than was captured.")
        case _:
            return _succeeded(instruction, instruction.reference or instruction.payment)


def _authorization(now: datetime, instruction: Instruction, token: Token) -> Answer:
    if token.decline is not None:
        return Declined(token.decline, token.is_hard, token.about)
    if token.requires_action:
        url = f"https://sandbox.invalid/3ds/{instruction.payment}"
        return RequiresAction(instruction.key, url, now + _ACTION_TTL)
    return _succeeded(instruction, instruction.key)


def _succeeded(instruction: Instruction, reference: str) -> Succeeded:
    amount = instruction.amount
    fee = amount.portion(FEE_BP).minor + FEE_FIXED_MINOR
    return Succeeded(
        reference=reference,
        amount_minor=amount.minor,
        currency=amount.currency.code,
        fee_minor=fee if instruction.operation == "capture" else 0,
    )


def _taken(before: list[Stored]) -> int:
    """Captured less refunded, in minor units."""
    signs = {"capture": 1, "refund": -1}
    return sum(
        signs.get(stored.operation, 0) * stored.amount_minor
        for stored in before
        if stored.answer["outcome"] == "succeeded"
    )


def _stored(
    tx: Transaction, instruction: Instruction, name: str, answer: Answer, token: Token | None = None
) -> Stored:
    known_after = hidden_for = timedelta(0)
    if token is not None and instruction.operation == "authorize":
        known_after, hidden_for = token.known_after, token.hidden_for
    return Stored(
        marketplace_id=tx.marketplace_id,
        key=instruction.key,
        operation=instruction.operation,
        reference=instruction.reference,
        payment=instruction.payment,
        amount_minor=instruction.amount.minor,
        currency=instruction.amount.currency.code,
        token=name,
        answer=msgspec.to_builtins(answer),
        known_at=tx.now + known_after,
        hidden_until=tx.now + hidden_for if hidden_for else None,
        created_at=tx.now,
    )


def _as_of(now: datetime, stored: Stored) -> Answer:
    """What the sandbox says about an operation at an instant."""
    if stored.hidden_until is not None and now < stored.hidden_until:
        raise TimeoutError("the sandbox doesn't answer")
    if now < stored.known_at:
        return Pending("The sandbox will tell by webhook.")
    bank = BANK_TOKENS.get(stored.token)
    if bank and bank.returned_after and now >= stored.created_at + bank.returned_after:
        return Declined("returned", True, "The bank returned the payout.")
    return msgspec.convert(stored.answer, Answer)


async def _plan(tx: Transaction, stored: Stored, token: Token) -> None:
    """Enqueue what the sandbox will tell later about an operation that it has just done."""
    if stored.operation == "authorize" and token.known_after:
        await _tell(tx, stored.key, token.known_after, key=stored.key)
    if stored.operation == "authorize" and token.is_told_twice:
        await _tell(tx, stored.key, timedelta(0), key=stored.key, copies=2)
    if stored.operation == "capture" and token.dispute and stored.answer["outcome"] == "succeeded":
        dispute = StoredDispute(
            marketplace_id=stored.marketplace_id,
            reference=f"dispute_{stored.key}",
            payment=stored.payment,
            captured_minor=stored.amount_minor,
            currency=stored.currency,
            opens_at=tx.now + DISPUTE_OPENS_AFTER,
            closes_at=tx.now + DISPUTE_CLOSES_AFTER,
            result=token.dispute,
        )
        await store.insert_dispute(tx, dispute)
        for what, after in (("opened", DISPUTE_OPENS_AFTER), ("closed", DISPUTE_CLOSES_AFTER)):
            await _tell(tx, f"{stored.key}/{what}", after, dispute=dispute.reference)


async def _tell(
    tx: Transaction,
    webhook_id: str,
    after: timedelta,
    *,
    key: str = "",
    dispute: str = "",
    copies: int = 1,
) -> None:
    await tx.enqueue_all(
        JobDraft(
            "sandbox.webhook",
            f"{webhook_id}#{copy}",
            {"id": f"whk_{webhook_id}", "key": key, "dispute": dispute},
            due_at=tx.now + after,
        )
        for copy in range(copies)
    )


def _sign(secret: str, body: bytes) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()
