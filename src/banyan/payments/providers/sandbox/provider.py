"""The sandbox provider at work.

Everything that happens later (a webhook, a dispute, a returned payout) is a function of what it has
stored and the marketplace's time; a ``sandbox.webhook`` job only tells of it when the time has come.
"""

import hashlib
import hmac
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import replace
from datetime import date, timedelta
from uuid import UUID

import msgspec

from banyan.kernel import BanyanError, new_token
from banyan.payments.errors import WebhookRefused
from banyan.payments.model import ATTEMPT, Capability, FaultKind
from banyan.payments.providers import (
    Absent,
    Answer,
    Declined,
    DisputeReport,
    Found,
    Instruction,
    Traits,
    Webhook,
)
from banyan.payments.providers.sandbox import disputes, report, store
from banyan.payments.providers.sandbox.answers import (
    as_of,
    content_of,
    decide,
    not_done,
    paid,
    succeeded,
    token_name,
)
from banyan.payments.providers.sandbox.settling import settled
from banyan.payments.providers.sandbox.store import Stored
from banyan.payments.providers.sandbox.tokens import (
    BANK_TOKENS,
    TOKENS,
    BankToken,
    Token,
)
from banyan.runtime import MARKETPLACE, Cause, Database, JobDraft, Transaction

SIGNATURE_HEADER = "sandbox-signature"
_ELSEWHERE = BankToken(
    about="An account at another provider.",
    decline="invalid_account",
    refuses_debit="invalid_account",
)
_CAUSE = Cause("provider", "sandbox", "Sandbox")


class _Body(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A webhook as it travels."""

    id: str
    account: str
    key: str = ""
    dispute: str = ""


class Sandbox:
    """A ``Provider``. ``database`` is its own way in: no transaction is shared with its callers."""

    traits = Traits()

    def __init__(self, database: Database, name: str = "sandbox") -> None:
        self._database = database
        self.name = name

    async def check(self) -> list[Capability]:
        return [Capability("sandbox", True, "It plays every outcome on request.")]

    async def close(self) -> None:
        """Nothing is kept open."""

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
        bank = BANK_TOKENS.get(instruction.destination, _ELSEWHERE)
        return await self._ask_bank(instruction, bank, bank.decline)

    async def debit(self, instruction: Instruction) -> Answer:
        bank = BANK_TOKENS.get(instruction.destination, _ELSEWHERE)
        return await self._ask_bank(instruction, bank, bank.refuses_debit)

    async def find(self, instruction: Instruction) -> Found:
        async with self._transaction(instruction.marketplace_id) as tx:
            if await self._fault(tx, instruction) in ("timeout", "outage"):
                raise TimeoutError("the sandbox doesn't answer, as scheduled")
            stored = await store.find_operation(tx, instruction.key)
            return Absent() if stored is None else as_of(tx.now, stored)

    async def contest(self, instruction: Instruction) -> Answer:
        return await self._answer(instruction)

    async def accept(self, instruction: Instruction) -> Answer:
        return await self._answer(instruction)

    async def _answer(self, instruction: Instruction) -> Answer:
        """Take an answer in a dispute that waits for one; the same outcome each time after that."""
        async with self._transaction(instruction.marketplace_id) as tx:
            await store.lock_payment(tx, instruction.payment)
            fault = await self._fault(tx, instruction)
            if fault in ("timeout", "outage"):
                return not_done(fault)
            stored = await store.find_operation(tx, instruction.key)
            if stored is None:
                now = await disputes.stand(tx, instruction.reference)
                in_time = now is not None and now.waits_at(tx.now)
                answer = (
                    succeeded(instruction, instruction.reference)
                    if in_time
                    else Declined("too_late", True, "The bank waits for no answer.")
                )
                stored = self._stored(tx, instruction, "", answer)
                await store.insert_operation(tx, stored)
                if in_time:
                    await store.insert_answer(tx, stored, sorted(instruction.evidence))
            now_at = tx.now
        if fault == "lost_answer":
            raise TimeoutError("the sandbox took the answer and didn't say so")
        return as_of(now_at, stored)

    async def find_dispute(self, marketplace_id: UUID, reference: str) -> DisputeReport | None:
        async with self._transaction(marketplace_id) as tx:
            return await disputes.report(tx, reference)

    async def settlement_report(self, marketplace_id: UUID, on: date) -> bytes | None:
        """In our own shape (docs/reconciliation.md), once the day is over."""
        async with self._transaction(marketplace_id) as tx:
            lines = await report.close_day(tx, self.name, on)
        return None if lines is None else report.in_csv(lines)

    async def bank_statement(self, marketplace_id: UUID, on: date) -> bytes | None:
        """What our bank, played by the sandbox, has received on a day: camt.053; None if nothing."""
        async with self._transaction(marketplace_id) as tx:
            received = await report.received_on(tx, self.name, on)
        return report.in_camt053(received, on) if received else None

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
        """The headers and the body of a webhook that says ``payload``."""
        async with self._transaction(marketplace_id) as tx:
            secret = await store.webhook_secret(tx, new_token())
        hint = {"account": MARKETPLACE.text(marketplace_id), **payload}
        body = msgspec.json.encode(msgspec.convert(hint, _Body))
        return {SIGNATURE_HEADER: _sign(secret, body).decode()}, body

    def _transaction(self, marketplace_id: UUID) -> AbstractAsyncContextManager[Transaction]:
        return self._database.transaction(marketplace_id, _CAUSE)

    async def _ask_bank(
        self, instruction: Instruction, bank: BankToken, decline: str | None
    ) -> Answer:
        """Move money to or from a seller's bank account once; the same answer each time after."""
        async with self._transaction(instruction.marketplace_id) as tx:
            fault = await self._fault(tx, instruction)
            if fault in ("timeout", "outage"):
                return not_done(fault)
            stored = await store.find_operation(tx, instruction.key)
            if stored is None:
                answer = (
                    Declined(decline, True, f"The bank refused the {instruction.operation}.")
                    if decline
                    else succeeded(instruction, instruction.key)
                )
                stored = self._stored(tx, instruction, instruction.destination, answer)
                await store.insert_operation(tx, stored)
                if bank.returned_after:
                    returned = f"{stored.key}/returned"
                    await _tell(tx, self.name, returned, bank.returned_after, key=stored.key)
            lost = bank.times_out and await store.note_timeout(tx, stored.key)
            now = tx.now
        if lost or fault == "lost_answer":
            raise TimeoutError(f"the sandbox made the {instruction.operation} and didn't answer")
        return as_of(now, stored)

    async def _do(self, instruction: Instruction) -> Answer:
        """Do the operation of this key once; the same answer each time after that."""
        async with self._transaction(instruction.marketplace_id) as tx:
            await store.lock_payment(tx, instruction.payment)
            fault = await self._fault(tx, instruction)
            if fault in ("timeout", "outage"):
                return not_done(fault)
            before = await store.operations_of(tx, self.name, instruction.payment)
            name = token_name(instruction, before)
            token = TOKENS[name]
            if token.is_push and instruction.operation == "authenticate":
                return as_of(tx.now, before[0])  # nothing to do but to wait for the buyer
            loses_calls = instruction.operation == "authorize" and token.times_out is not None
            lost = loses_calls and await store.note_timeout(tx, instruction.key)
            stored = next((one for one in before if one.key == instruction.key), None)
            if stored is None and not (lost and token.times_out == "not_made"):
                answer = decide(self.name, tx.now, instruction, token, before, fault)
                answer = settled(answer, instruction.operation, token.settles_in)
                stored = self._stored(tx, instruction, name, answer, token)
                await store.insert_operation(tx, stored)
                await self._plan(tx, stored, token)
                await self._take_at_once(tx, stored, token)
            now = tx.now
        if lost or stored is None or fault == "lost_answer":
            raise TimeoutError("the sandbox didn't answer")
        if (stored.operation, stored.amount_minor, stored.currency) != content_of(instruction):
            raise ValueError("the key was used for another operation")
        return as_of(now, stored)

    def _stored(
        self,
        tx: Transaction,
        instruction: Instruction,
        name: str,
        answer: Answer,
        token: Token | None = None,
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
            provider=self.name,
        )

    async def _take_at_once(self, tx: Transaction, stored: Stored, token: Token) -> None:
        """Book the capture of what is taken without being asked, now or when it will arrive."""
        if stored.operation == "void" and stored.answer["outcome"] == "succeeded":
            if token.is_push and not token.is_late:
                cancelled = Declined("cancelled", True, "It was cancelled before it arrived.")
                await store.cancel_awaited(tx, stored.payment, msgspec.to_builtins(cancelled))
            return
        is_due = stored.operation in ("authorize", "authenticate") and not token.is_never_paid
        taken = stored.answer if not token.is_push else paid(stored)
        if not is_due or not taken.get("is_captured"):
            return
        capture = replace(
            stored,
            key=f"{stored.key}/capture",
            operation="capture",
            reference=str(taken["reference"]),
            answer={**taken, "is_captured": False},
            known_at=stored.known_at + (token.paid_after or timedelta(0)),
        )
        await store.insert_operation(tx, capture)
        await self._plan(tx, capture, token)

    async def _fault(self, tx: Transaction, instruction: Instruction) -> FaultKind | None:
        """What goes wrong with this call by the schedule; alike for every call with its key."""
        for fault in await store.faults_at(tx, self.name):
            digest = hashlib.sha256(fault.fault_id.bytes + instruction.key.encode()).digest()
            is_hit = int.from_bytes(digest[:4]) * 10_000 < fault.share_bp << 32
            if is_hit and (fault.operations is None or instruction.operation in fault.operations):
                return fault.kind
        return None

    async def _plan(self, tx: Transaction, stored: Stored, token: Token) -> None:
        """Enqueue what the sandbox will tell later about an operation that it has just done."""
        if stored.operation == "authorize" and token.known_after:
            await _tell(tx, self.name, stored.key, token.known_after, key=stored.key)
        if stored.operation == "authorize" and token.paid_after:
            await _tell(tx, self.name, stored.key, token.paid_after, key=stored.key)
        if stored.operation == "authorize" and token.is_told_twice:
            await _tell(tx, self.name, stored.key, timedelta(0), key=stored.key, copies=2)
        if stored.answer["outcome"] != "succeeded":
            return
        if stored.operation == "capture" and token.dispute:
            dispute = await disputes.plan(tx, stored, token.dispute)
            for number, at in enumerate(disputes.changes_at(dispute)):
                about = f"{stored.key}/{number}"
                await _tell(tx, self.name, about, at - tx.now, dispute=dispute.reference)
        if stored.operation == "refund":
            await self._plan_of_refund(tx, stored, token)

    async def _plan_of_refund(self, tx: Transaction, stored: Stored, token: Token) -> None:
        """A refund may come back, and settles what a bank only asks about."""
        after = token.refund_returned_after
        if after:
            await _tell(tx, self.name, f"{stored.key}/returned", after, key=stored.key)
        for dispute in await store.disputes_of(tx, stored.payment):
            if dispute.opens_at <= tx.now:
                about = f"{stored.key}/{dispute.reference}"
                await _tell(tx, self.name, about, timedelta(0), dispute=dispute.reference)


async def _tell(
    tx: Transaction,
    sender: str,
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
            {"sender": sender, "id": f"whk_{webhook_id}", "key": key, "dispute": dispute},
            due_at=tx.now + after,
        )
        for copy in range(copies)
    )


def _sign(secret: str, body: bytes) -> bytes:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest().encode()
