"""Stripe, through its own SDK: separate charges and transfers of Connect.

The platform charges, holds and refunds; sellers get transfers into their connected accounts
(``acct_…``), whose payouts to banks are Stripe's business.

An operation is found again by our key in the metadata. Lists by reference, and by ``transfer_group``,
show what was made at once; a payment that has no charge yet is only found by searching, which Stripe
lets lag behind by a minute, and longer on bad days. That is why finding nothing proves nothing for a
day, as long as Stripe remembers keys.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Literal
from uuid import UUID

import stripe
from stripe import StripeClient

from banyan.kernel import InvalidId
from banyan.payments.errors import WebhookRefused
from banyan.payments.model import ATTEMPT, Capability
from banyan.payments.providers.answers import (
    Absent,
    Answer,
    Declined,
    DisputeReport,
    Found,
    Unknown,
    Webhook,
)
from banyan.payments.providers.declines import declined
from banyan.payments.providers.exponents import STRIPE_UNITS
from banyan.payments.providers.kinds import StripeSecrets, StripeSettings
from banyan.payments.providers.provider import Instruction, Traits, with_payment
from banyan.payments.providers.stripe import reading, report, requests, shapes
from banyan.payments.providers.stripe.failures import answer_to
from banyan.payments.providers.stripe.listing import PAGE, each, first, is_of
from banyan.payments.providers.stripe.shapes import EXPAND, KEY
from banyan.payments.providers.stripe.transport import Transport

SIGNATURE_HEADER = "stripe-signature"
logging.getLogger("stripe").setLevel(logging.WARNING)  # it would write down what it posts


_ENTRIES_MAX = 1_000_000

Now = Callable[[], Awaitable[datetime]]
"""The marketplace's time."""


class Stripe:
    """A ``Connected`` provider."""

    def __init__(
        self,
        marketplace_id: UUID,
        name: str,
        settings: StripeSettings,
        secrets: StripeSecrets,
        *,
        now: Now,
        url: str = "",
        back_url: str = "",
        looks_up_by: Literal["search", "list"] = "search",
        keeps_keys: bool = True,
    ) -> None:
        """``url``: a simulator's. ``back_url``: where we take buyers back. ``looks_up_by`` "list": walk the newest payments, for simulators
        that can't search. ``keeps_keys``: False for one that ignores idempotency keys."""
        self.name = name
        self.traits = (
            Traits(key_ttl=timedelta(hours=24), absence_after=timedelta(hours=24))
            if keeps_keys
            else Traits(key_ttl=timedelta(0), absence_after=timedelta(seconds=5))
        )
        self._marketplace_id = marketplace_id
        self._settings = settings
        self._back_url = back_url
        self._webhook_secret = secrets.webhook_secret
        self._now = now
        self._looks_up_by = looks_up_by
        self._http = Transport()
        self._api = StripeClient(
            secrets.api_key,
            base_addresses={"api": url} if url else None,
            http_client=self._http,
            max_network_retries=0,
        ).v1

    def __repr__(self) -> str:
        return f"Stripe({self.name!r})"

    async def close(self) -> None:
        await self._http.close_async()

    async def authorize(self, instruction: Instruction) -> Answer:
        units = STRIPE_UNITS.of(instruction.amount)
        if units is None:
            return declined("amount_not_accepted", str(instruction.amount))
        back = with_payment(self._back_url or self._settings.return_url, instruction.payment)
        parameters = requests.authorization(instruction, units, back)
        try:
            made = await self._api.payment_intents.create_async(
                parameters,  # pyright: ignore[reportArgumentType] - checked by Stripe
                {"idempotency_key": instruction.key},
            )
        except stripe.StripeError as error:
            return answer_to(error)
        return await self._authorization(shapes.intent_of(made))

    async def authenticate(self, instruction: Instruction) -> Answer:
        """Confirm where Stripe waits for that; mostly the buyer's return has done it."""
        intent = await self._intent(instruction.reference)
        if intent.status == "requires_confirmation":
            return await self._call(
                instruction,
                lambda: self._api.payment_intents.confirm_async(
                    intent.id, {"expand": EXPAND}, {"idempotency_key": instruction.key}
                ),
                lambda made: self._authorization(shapes.intent_of(made)),
            )
        return await self._authorization(intent)

    async def capture(self, instruction: Instruction) -> Answer:
        units = STRIPE_UNITS.of(instruction.amount)
        if units is None:
            return declined("amount_not_accepted", str(instruction.amount))
        return await self._call(
            instruction,
            lambda: self._api.payment_intents.capture_async(
                instruction.reference,
                {"amount_to_capture": units, "expand": EXPAND},
                {"idempotency_key": instruction.key},
            ),
            lambda made: _at_once(reading.capture(shapes.intent_of(made))),
        )

    async def void(self, instruction: Instruction) -> Answer:
        return await self._call(
            instruction,
            lambda: self._api.payment_intents.cancel_async(
                instruction.reference, None, {"idempotency_key": instruction.key}
            ),
            lambda made: _at_once(reading.void(shapes.intent_of(made))),
        )

    async def refund(self, instruction: Instruction) -> Answer:
        units = STRIPE_UNITS.of(instruction.amount)
        if units is None:
            return declined("amount_not_accepted", str(instruction.amount))
        return await self._call(
            instruction,
            lambda: self._api.refunds.create_async(
                {
                    "payment_intent": instruction.reference,
                    "amount": units,
                    "metadata": requests.metadata(instruction),
                    "expand": ["balance_transaction"],
                },
                {"idempotency_key": instruction.key},
            ),
            lambda made: _at_once(reading.refund(shapes.refund_of(made))),
        )

    async def payout(self, instruction: Instruction) -> Answer:
        """A transfer from the platform's balance to the seller's connected account."""
        units = STRIPE_UNITS.of(instruction.amount)
        if units is None:
            return declined("amount_not_accepted", str(instruction.amount))
        return await self._call(
            instruction,
            lambda: self._api.transfers.create_async(
                {
                    "amount": units,
                    "currency": instruction.amount.currency.code.lower(),
                    "destination": instruction.destination,
                    "transfer_group": instruction.key,
                    "metadata": requests.metadata(instruction),
                },
                {"idempotency_key": instruction.key},
            ),
            lambda made: _at_once(reading.payout(shapes.transfer_of(made))),
        )

    async def debit(self, instruction: Instruction) -> Answer:
        """An account debit: the connected account pays the platform. Stripe offers it where the
        platform answers for negative balances, and declines it elsewhere."""
        units = STRIPE_UNITS.of(instruction.amount)
        if units is None:
            return declined("amount_not_accepted", str(instruction.amount))
        return await self._call(
            instruction,
            lambda: self._api.charges.create_async(
                {
                    "amount": units,
                    "currency": instruction.amount.currency.code.lower(),
                    "source": instruction.destination,
                    "transfer_group": instruction.key,
                    "metadata": requests.metadata(instruction),
                },
                {"idempotency_key": instruction.key},
            ),
            lambda made: _at_once(reading.debit(shapes.charge_of(made))),
        )

    async def contest(self, instruction: Instruction) -> Answer:
        parameters = requests.contest(instruction)
        return await self._call(
            instruction,
            lambda: self._api.disputes.update_async(
                instruction.reference,
                parameters,  # pyright: ignore[reportArgumentType] - checked by Stripe
                {"idempotency_key": instruction.key},
            ),
            lambda made: _at_once(reading.contest(shapes.dispute_of(made))),
        )

    async def accept(self, instruction: Instruction) -> Answer:
        return await self._call(
            instruction,
            lambda: self._api.disputes.close_async(
                instruction.reference, None, {"idempotency_key": instruction.key}
            ),
            lambda made: _at_once(reading.accept(shapes.dispute_of(made))),
        )

    async def find(self, instruction: Instruction) -> Found:
        match instruction.operation:
            case "authorize" | "late":
                intent = await self._find_intent(instruction)
                return Absent() if intent is None else await self._authorization(intent)
            case "authenticate":
                return await self._authorization(await self._intent(instruction.reference))
            case "capture":
                return reading.capture(await self._intent(instruction.reference))
            case "void":
                return reading.void(await self._intent(instruction.reference))
            case "refund" | "give_back":
                listed = self._api.refunds.list_async(
                    {
                        "payment_intent": instruction.reference,
                        "limit": PAGE,
                        "expand": ["data.balance_transaction"],
                    }
                )
                found = await first(listed, lambda one: is_of(one, instruction.key))
                return Absent() if found is None else reading.refund(shapes.refund_of(found))
            case "payout" | "return":
                listed = self._api.transfers.list_async(
                    {"transfer_group": instruction.key, "limit": PAGE}
                )
                found = await first(listed, lambda one: is_of(one, instruction.key))
                return Absent() if found is None else reading.payout(shapes.transfer_of(found))
            case "debit":
                listed = self._api.charges.list_async(
                    {"transfer_group": instruction.key, "limit": PAGE}
                )
                found = await first(listed, lambda one: is_of(one, instruction.key))
                return Absent() if found is None else reading.debit(shapes.charge_of(found))
            case "contest":
                return reading.contest(await self._dispute(instruction.reference))
            case "accept":
                return reading.accept(await self._dispute(instruction.reference))

    async def find_dispute(self, marketplace_id: UUID, reference: str) -> DisputeReport | None:
        assert marketplace_id == self._marketplace_id, "a connection belongs to one marketplace"
        try:
            return reading.dispute_report(await self._dispute(reference))
        except stripe.InvalidRequestError as error:
            if error.http_status == 404:
                return None
            raise

    async def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Webhook:
        """Events that are about no operation of ours are kept, and lead to nothing."""
        if not self._webhook_secret:
            raise WebhookRefused("No signing secret of Stripe's webhooks is known here.")
        try:
            event = stripe.Webhook.construct_event(
                body, headers.get(SIGNATURE_HEADER), self._webhook_secret
            ).to_dict()
            changed: dict[str, Any] = event["data"]["object"]
            event_id, kind = str(event["id"]), str(changed["object"])
        except (stripe.SignatureVerificationError, ValueError, KeyError, TypeError, AttributeError):
            raise WebhookRefused("This is no webhook that Stripe has signed for us.") from None
        if kind == "dispute":
            return Webhook(self._marketplace_id, event_id, dispute=str(changed["id"]))
        return Webhook(self._marketplace_id, event_id, key=_key_of(changed))

    async def settlement_report(self, marketplace_id: UUID, on: date) -> bytes | None:
        """What was in the payouts that reach our bank on this day; None without one."""
        assert marketplace_id == self._marketplace_id, "a connection belongs to one marketplace"
        day = report.day_of(on)
        listed = self._api.payouts.list_async({"arrival_date": day, "limit": PAGE})
        payouts = [shapes.payout_of(one) async for one in each(listed)]
        settled = [payout for payout in payouts if payout.status in ("paid", "in_transit")]
        if not settled:
            return None
        return report.write([(payout, await self._entries(payout.id)) for payout in settled])

    async def take_back(self, payment: str, query: Mapping[str, str]) -> str:  # noqa: ARG002
        """Stripe knows what the buyer has done; nothing has to be brought."""
        return with_payment(self._settings.return_url, payment)

    async def check(self) -> list[Capability]:
        api = self._api
        tried: list[tuple[str, Callable[[], Awaitable[object]]]] = [
            ("balance", api.balance.retrieve_async),
            ("payments", lambda: api.payment_intents.list_async({"limit": 1})),
            ("refunds", lambda: api.refunds.list_async({"limit": 1})),
            ("payouts", lambda: api.transfers.list_async({"limit": 1})),
            ("disputes", lambda: api.disputes.list_async({"limit": 1})),
        ]
        checks = [await _tried(name, call) for name, call in tried]
        has_secret = bool(self._webhook_secret)
        detail = "The signing secret is known." if has_secret else "No signing secret is set."
        return [*checks, Capability("webhooks", has_secret, detail)]

    async def _call(
        self,
        instruction: Instruction,
        call: Callable[[], Awaitable[object]],
        read: Callable[[object], Awaitable[Found]],
    ) -> Answer:
        """Do it. A refusal may only mean that it was done before, under a key that Stripe has
        forgotten: then what was found counts."""
        try:
            answer = await read(await call())
        except stripe.StripeError as error:
            answer = answer_to(error)
            if isinstance(error, stripe.InvalidRequestError):
                found = await self.find(instruction)
                return answer if isinstance(found, Absent) else found
        if isinstance(answer, Absent):
            return Unknown("Stripe took the call, and nothing has come of it so far.")
        return answer

    async def _authorization(self, intent: shapes.Intent) -> Answer:
        needs_time = intent.status == "requires_action"
        now = await self._now() if needs_time else _LONG_AGO
        found = reading.authorization(intent, now)
        if isinstance(found, Absent):
            return Unknown("Stripe has the payment, and has not tried it yet.")
        return found

    async def _intent(self, reference: str) -> shapes.Intent:
        return shapes.intent_of(
            await self._api.payment_intents.retrieve_async(reference, {"expand": EXPAND})
        )

    async def _dispute(self, reference: str) -> shapes.Dispute:
        return shapes.dispute_of(
            await self._api.disputes.retrieve_async(reference, {"expand": ["payment_intent"]})
        )

    async def _entries(self, payout: str) -> list[object]:
        """What a payout is made of."""
        listed = self._api.balance_transactions.list_async(
            {"payout": payout, "limit": PAGE, "expand": ["data.source"]}
        )
        return [entry async for entry in each(listed, most=_ENTRIES_MAX)]

    async def _find_intent(self, instruction: Instruction) -> shapes.Intent | None:
        """By reference if that is the one; else by our key."""
        if instruction.reference.startswith("pi_"):
            intent = await self._intent(instruction.reference)
            if intent.metadata.get(KEY) == instruction.key:
                return intent
        if self._looks_up_by == "list":
            intents = self._api.payment_intents.list_async({"limit": PAGE})
            found = await first(intents, lambda one: is_of(one, instruction.key))
        else:
            charges = self._api.charges.list_async(
                {"transfer_group": requests.group(instruction), "limit": PAGE}
            )
            charge = await first(charges, lambda one: is_of(one, instruction.key))
            if charge is not None:
                return await self._intent(shapes.charge_of(charge).payment_intent or "")
            query = f"metadata['{KEY}']:'{instruction.key}'"
            matches = self._api.payment_intents.search_async({"query": query})
            found = await first(matches, lambda one: is_of(one, instruction.key))
        return None if found is None else await self._intent(shapes.intent_of(found).id)


_LONG_AGO = datetime.fromisoformat("1970-01-01T00:00:00+00:00")


async def _at_once(found: Found) -> Found:
    return found


def _key_of(changed: Mapping[str, Any]) -> str | None:
    """Our key in an object's metadata, if it is one."""
    metadata: Mapping[str, str] = changed.get("metadata") or {}
    key = str(metadata.get(KEY))
    try:
        ATTEMPT.parse(key)
    except InvalidId:
        return None
    return key


async def _tried(name: str, call: Callable[[], Awaitable[object]]) -> Capability:
    try:
        await call()
    except stripe.StripeError as error:
        answer = answer_to(error)
        said = answer.code if isinstance(answer, Declined) else answer.detail
        return Capability(name, False, f"Stripe refuses: {said}")
    return Capability(name, True, "Stripe answers.")
