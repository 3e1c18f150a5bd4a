"""What every provider must keep to, so that the service above can rely on it.

A provider is put to the test by a class of its own::

    class TestMine(Conformance):
        @pytest.fixture
        async def subject(self) -> AsyncIterator[Subject]:
            async with my_simulator() as simulator:
                yield Subject(provider=Mine(...), ...)

Exceptions count as ``Unknown``, as they do for the service.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from uuid import UUID

import pytest

from banyan.kernel import Money, new_id
from banyan.payments import ATTEMPT, PAYMENT, Method, WebhookRefused
from banyan.payments.model import Operation
from banyan.payments.providers import (
    Absent,
    Answer,
    Declined,
    Found,
    Instruction,
    Pending,
    Provider,
    RequiresAction,
    Succeeded,
    Unavailable,
    Unknown,
)
from banyan.payments.providers.declines import REASONS


async def _nothing() -> None:
    """For providers that tell at once."""


@dataclass(kw_only=True)
class Subject:
    """A provider, and how to make it do what a test needs.

    ``declines``: a token, and whether the decline is hard. ``lose_answer`` makes it that the next
    operation is done and its answer lost; it may need a token of its own. ``settle`` brings what the
    provider tells later. ``signed`` is a webhook about a key, as it would come in. ``unreachable``:
    the same provider where nobody listens; None if it is not on a network.
    """

    provider: Provider
    marketplace_id: UUID
    good: Method
    declines: Mapping[str, bool]
    action: str | None
    destination: str
    bad_destination: str
    signed: Callable[[str], Awaitable[tuple[dict[str, str], bytes]]]
    secrets: tuple[str, ...]
    currencies: tuple[str, ...] = ("EUR", "JPY")
    lose_answer: Callable[[], None] = lambda: None
    lost: Method | None = None
    settle: Callable[[], Awaitable[None]] = _nothing
    unreachable: Provider | None = None
    keys: list[str] = field(default_factory=list)

    def instruction(
        self, operation: Operation, amount: Money, *, payment: str = "", **more: object
    ) -> Instruction:
        key = ATTEMPT.text(new_id())
        self.keys.append(key)
        return Instruction(
            marketplace_id=self.marketplace_id,
            key=key,
            operation=operation,
            payment=payment or PAYMENT.text(new_id()),
            subject=f"ord_{key}",
            amount=amount,
            return_url="https://shop.example/back",
            **more,  # type: ignore[arg-type]
        )

    async def do(self, instruction: Instruction) -> Answer:
        """The answer of one call."""
        call = getattr(self.provider, instruction.operation)
        try:
            return await call(instruction)
        except Exception as error:
            return Unknown(repr(error))

    async def find(self, instruction: Instruction) -> Found:
        try:
            return await self.provider.find(instruction)
        except Exception as error:
            return Unknown(repr(error))

    async def done(self, instruction: Instruction) -> Found:
        """What becomes of it, once the provider has told."""
        answer = await self.do(instruction)
        if isinstance(answer, Pending | Unknown):
            await self.settle()
            answer = await self.find(instruction)
        return answer

    async def authorized(self, amount: Money, method: Method | None = None) -> Instruction:
        """An authorization that was given; its ``reference`` is the provider's."""
        asked = self.instruction("authorize", amount, method=method or self.good)
        answer = await self.done(asked)
        assert isinstance(answer, Succeeded), answer
        await self.settle()
        return replace(asked, reference=answer.reference)

    def follow_up(
        self, authorized: Instruction, operation: Operation, amount: Money | None = None
    ) -> Instruction:
        return self.instruction(
            operation,
            amount or authorized.amount,
            payment=authorized.payment,
            reference=authorized.reference,
        )

    async def captured(self, amount: Money) -> Instruction:
        authorized = await self.authorized(amount)
        answer = await self.done(self.follow_up(authorized, "capture"))
        assert isinstance(answer, Succeeded), answer
        return authorized

    @property
    def amount(self) -> Money:
        return Money.of(12_300, self.currencies[0])


def _is(answer: object, amount: Money) -> bool:
    return isinstance(answer, Succeeded) and (answer.amount_minor, answer.currency) == (
        amount.minor,
        amount.currency.code,
    )


class Conformance:
    """The tests. ``subject`` is a fixture of the class that is put to them."""

    async def test_money_is_reserved_then_taken(self, subject: Subject) -> None:
        for code in subject.currencies:
            amount = Money.of(12_300, code)
            authorized = await subject.authorized(amount)
            assert _is(await subject.find(authorized), amount)
            capture = subject.follow_up(authorized, "capture")
            assert isinstance(await subject.find(capture), Absent), "it was not captured yet"
            answer = await subject.done(capture)
            assert _is(answer, amount), answer
            assert _is(await subject.find(capture), amount)

    async def test_what_is_voided_is_not_taken(self, subject: Subject) -> None:
        authorized = await subject.authorized(subject.amount)
        void = subject.follow_up(authorized, "void")
        assert isinstance(await subject.find(void), Absent)
        assert isinstance(await subject.done(void), Succeeded)
        assert isinstance(await subject.find(void), Succeeded)
        capture = await subject.done(subject.follow_up(authorized, "capture"))
        assert isinstance(capture, Declined), capture

    async def test_what_is_taken_is_not_voided(self, subject: Subject) -> None:
        captured = await subject.captured(subject.amount)
        void = await subject.done(subject.follow_up(captured, "void"))
        assert isinstance(void, Declined), void

    async def test_refunds_in_parts_are_told_apart(self, subject: Subject) -> None:
        captured = await subject.captured(subject.amount)
        parts = [
            subject.follow_up(captured, "refund", Money.of(minor, subject.currencies[0]))
            for minor in (2_300, 10_000)
        ]
        assert isinstance(await subject.find(parts[0]), Absent)
        for part in parts:
            answer = await subject.done(part)
            assert _is(answer, part.amount), answer
        for part in parts:
            assert _is(await subject.find(part), part.amount)

    async def test_a_seller_is_paid_once(self, subject: Subject) -> None:
        payout = subject.instruction("payout", subject.amount, destination=subject.destination)
        assert isinstance(await subject.find(payout), Absent)
        answer = await subject.done(payout)
        assert _is(answer, subject.amount), answer
        if subject.provider.traits.key_ttl != timedelta(0):
            again = await subject.done(payout)
            assert again == answer, "the same key is the same payout"
        assert await subject.find(payout) == answer

    async def test_a_payout_to_nowhere_is_declined(self, subject: Subject) -> None:
        payout = subject.instruction("payout", subject.amount, destination=subject.bad_destination)
        answer = await subject.done(payout)
        assert isinstance(answer, Declined), answer

    async def test_a_key_is_done_once(self, subject: Subject) -> None:
        authorized = await subject.authorized(subject.amount)
        if subject.provider.traits.key_ttl == timedelta(0):
            pytest.skip("its traits say that it ignores keys: such a call is never repeated")
        again = await subject.done(replace(authorized, reference=""))
        assert isinstance(again, Succeeded)
        assert again.reference == authorized.reference
        refunded = await subject.captured(subject.amount)
        refund = subject.follow_up(refunded, "refund", Money.of(300, subject.currencies[0]))
        first, second = await subject.done(refund), await subject.done(refund)
        assert _is(first, refund.amount)
        assert first == second
        rest = subject.follow_up(refunded, "refund", Money.of(12_000, subject.currencies[0]))
        assert _is(await subject.done(rest), rest.amount), "the first was refunded once"

    async def test_a_key_with_other_content_does_nothing_more(self, subject: Subject) -> None:
        authorized = await subject.authorized(subject.amount)
        if subject.provider.traits.key_ttl == timedelta(0):
            pytest.skip("its traits say that it ignores keys: such a call is never repeated")
        other = replace(authorized, amount=Money.of(99_900, subject.currencies[0]), reference="")
        answer = await subject.do(other)
        assert not _is(answer, other.amount), "it was refused, or is still the first"
        assert not isinstance(answer, Declined | Unavailable), "what it did first stands"
        assert _is(await subject.find(replace(authorized, reference="")), subject.amount)

    async def test_what_was_done_is_found_when_the_answer_is_lost(self, subject: Subject) -> None:
        authorize = subject.instruction(
            "authorize", subject.amount, method=subject.lost or subject.good
        )
        subject.lose_answer()
        assert isinstance(await subject.do(authorize), Unknown | Pending)
        await subject.settle()
        found = await subject.find(authorize)
        assert _is(found, subject.amount), found

    async def test_a_lost_refund_is_found_too(self, subject: Subject) -> None:
        if subject.lost is not None:
            pytest.skip("its tokens lose authorizations only")
        captured = await subject.captured(subject.amount)
        refund = subject.follow_up(captured, "refund")
        subject.lose_answer()
        assert isinstance(await subject.do(refund), Unknown | Pending)
        await subject.settle()
        found = await subject.find(refund)
        assert _is(found, subject.amount), found

    async def test_nothing_is_found_under_a_key_of_nothing(self, subject: Subject) -> None:
        asked = subject.instruction("authorize", subject.amount, method=subject.good)
        assert isinstance(await subject.find(asked), Absent)

    async def test_declines_are_in_our_words(self, subject: Subject) -> None:
        for token, is_hard in subject.declines.items():
            asked = subject.instruction(
                "authorize", subject.amount, method=replace(subject.good, token=token)
            )
            answer = await subject.done(asked)
            assert isinstance(answer, Declined), (token, answer)
            assert answer.code in REASONS, answer
            assert (REASONS[answer.code][0], answer.is_hard) == (is_hard, is_hard), answer
            found = await subject.find(asked)
            assert isinstance(found, Declined | Absent), found

    async def test_a_buyer_is_sent_to_authenticate(self, subject: Subject) -> None:
        if subject.action is None:
            pytest.skip("it has no token for that")
        asked = subject.instruction(
            "authorize", subject.amount, method=replace(subject.good, token=subject.action)
        )
        answer = await subject.done(asked)
        assert isinstance(answer, RequiresAction), answer
        assert answer.reference

    async def test_webhooks_name_the_operation(self, subject: Subject) -> None:
        authorized = await subject.authorized(subject.amount)
        headers, body = await subject.signed(authorized.key)
        webhook = await subject.provider.parse_webhook(headers, body)
        assert (webhook.marketplace_id, webhook.key) == (subject.marketplace_id, authorized.key)
        again = await subject.provider.parse_webhook(headers, body)
        assert again.webhook_id == webhook.webhook_id, "by which a replay is recognized"

    async def test_forged_webhooks_are_refused(self, subject: Subject) -> None:
        authorized = await subject.authorized(subject.amount)
        headers, body = await subject.signed(authorized.key)
        other = ATTEMPT.text(new_id())
        forged = [
            (headers, body.replace(authorized.key.encode(), other.encode())),
            (headers, b""),
            (headers, b"{}"),
            (headers, b"\xff"),
            (headers, b"[1]"),
        ]
        if body.count(b"ignature") == 0:  # the signature is in the headers
            forged += [({}, body), (dict.fromkeys(headers, "x"), body)]
        for wrong_headers, wrong_body in forged:
            with pytest.raises(WebhookRefused):
                await subject.provider.parse_webhook(wrong_headers, wrong_body)

    async def test_secrets_are_shown_nowhere(
        self, subject: Subject, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        captured = await subject.captured(subject.amount)
        shown = [repr(subject.provider), str(vars(subject.provider).keys()), caplog.text]
        wrong = await subject.do(replace(captured, key=ATTEMPT.text(new_id()), operation="refund"))
        shown.append(repr(wrong))
        if subject.unreachable is not None:
            failed = await subject.unreachable.authorize(captured)
            shown += [repr(failed), repr(subject.unreachable)]
        for secret in subject.secrets:
            assert secret not in "\n".join(shown)

    async def test_who_can_not_be_reached_has_done_nothing(self, subject: Subject) -> None:
        if subject.unreachable is None:
            pytest.skip("it is in this process")
        asked = subject.instruction("authorize", subject.amount, method=subject.good)
        answer = await subject.unreachable.authorize(asked)
        assert isinstance(answer, Unavailable), answer
