"""Several providers: which one is asked, when the next one is, and when nobody is."""

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import pytest

from banyan import payments
from banyan.payments import ProviderMissing, RoutingPolicy, RoutingRule, Sandbox
from banyan.payments.model import FaultKind
from banyan.payments.providers import (
    Absent,
    Answer,
    Declined,
    Found,
    Instruction,
    Providers,
    Unavailable,
)
from banyan.payments.service import faults
from banyan.runtime import Database
from tests.payments.conftest import Shop


async def connect(shop: Shop, *names: str, fee_bp: int = 290) -> None:
    """Connect further sandboxes by name."""
    async with shop.begin() as tx:
        for name in names:
            await tx.execute(
                """
                insert into payments.connections
                  (marketplace_id, name, kind, fee_bp, created_at, updated_at)
                values (%(marketplace_id)s, %(name)s, 'sandbox', %(fee_bp)s, %(now)s, %(now)s)
                """,
                name=name,
                fee_bp=fee_bp,
                now=tx.now,
            )


async def prefer(shop: Shop, *names: str) -> None:
    async with shop.begin() as tx:
        rule = RoutingRule(providers=list(names), order="listed")
        await payments.set_policy(tx, RoutingPolicy(rules=[rule]))


async def fail(
    shop: Shop,
    kind: FaultKind,
    provider: str = "sandbox",
    hours: float = 1,
    operations: list[str] | None = None,
) -> None:
    async with shop.begin() as tx:
        await faults.schedule_fault(
            tx,
            provider=provider,
            kind=kind,
            starts_at=tx.now,
            ends_at=tx.now + timedelta(hours=hours),
            share_bp=10_000,
            operations=operations,
        )


async def calls(shop: Shop, payment_id: UUID) -> list[tuple[str, str, str | None]]:
    async with shop.begin() as tx:
        attempts = await payments.attempts_of(tx, payment_id)
    return [(one.operation, one.provider, one.outcome) for one in attempts]


@pytest.fixture
async def two(database: Database, sandbox: UUID) -> Shop:
    """A marketplace with ``sandbox`` first and ``other`` second."""
    named = {"sandbox": Sandbox(database), "other": Sandbox(database, "other")}
    shop = Shop(database, sandbox, Providers(named))
    await connect(shop, "other")
    await prefer(shop, "sandbox", "other")
    return shop


async def test_a_soft_decline_that_another_provider_may_turn_is_tried_there(two: Shop) -> None:
    payment_id = await two.pay("tok_declined_elsewhere_approved")
    payment = await two.payment(payment_id)
    assert (payment.state, payment.provider, payment.ordinal) == ("captured", "other", 2)
    assert await calls(two, payment_id) == [
        ("authorize", "sandbox", "declined"),
        ("authorize", "other", "succeeded"),
        ("capture", "other", "succeeded"),
    ]
    assert await two.events() == ["payment.rerouted", "payment.authorized", "payment.captured"]
    await two.check()


@pytest.mark.parametrize("token", ["tok_declined_stolen_card", "tok_declined_insufficient_funds"])
async def test_what_no_provider_can_turn_is_tried_once(two: Shop, token: str) -> None:
    payment_id = await two.create(token)
    await two.run()
    assert await two.state(payment_id) == "declined"
    assert await calls(two, payment_id) == [("authorize", "sandbox", "declined")]


async def test_a_provider_that_is_down_is_gone_around(two: Shop) -> None:
    await fail(two, "outage")
    payment_id = await two.pay()
    assert (await two.payment(payment_id)).provider == "other"
    assert (await calls(two, payment_id))[0] == ("authorize", "sandbox", "unavailable")
    await two.check()


@pytest.mark.parametrize("kind", ["timeout", "lost_answer"])
async def test_an_unknown_outcome_is_never_tried_elsewhere(two: Shop, kind: FaultKind) -> None:
    await fail(two, kind, hours=3, operations=["authorize"])
    payment_id = await two.create()
    await two.run()
    for _ in range(6):
        await two.later(minutes=20)
    providers = {provider for _, provider, _ in await calls(two, payment_id)}
    assert providers == {"sandbox"}
    await two.later(hours=6)
    await two.later(hours=6)
    assert await two.state(payment_id) == "authorized"
    assert await two.charges() == {"authorize": 1}
    await two.check()


async def test_the_only_provider_is_asked_again_when_it_is_back(shop: Shop) -> None:
    await fail(shop, "outage", hours=0.1)
    payment_id = await shop.create()
    await shop.run()
    assert await shop.state(payment_id) == "authorizing"
    for _ in range(8):
        await shop.later(minutes=3)
    assert await shop.state(payment_id) == "authorized"
    assert await shop.charges() == {"authorize": 1}


async def test_an_outage_that_lasts_ends_in_a_decline(shop: Shop) -> None:
    await fail(shop, "outage", hours=12)
    payment_id = await shop.create()
    for _ in range(12):
        await shop.later(minutes=15)
    payment = await shop.payment(payment_id)
    assert (payment.state, payment.decline_code) == ("declined", "provider_unavailable")
    assert await shop.charges() == {}


async def test_a_payment_given_up_while_its_provider_is_down_is_voided(shop: Shop) -> None:
    await fail(shop, "outage", hours=0.5)
    payment_id = await shop.create()
    async with shop.begin() as tx:
        await payments.void_payments(tx, [payment_id], "The buyer went away.")
    await shop.run()
    assert await shop.state(payment_id) == "voided"


async def test_calls_that_fail_open_the_circuit_and_an_answer_closes_it(two: Shop) -> None:
    await fail(two, "outage", hours=0.5)
    for _ in range(5):
        await two.create()
        await two.run()

    async def circuits() -> dict[str, bool]:
        async with two.begin() as tx:
            return {h.provider: h.opened_at is not None for h in await payments.provider_health(tx)}

    assert await circuits() == {"sandbox": True, "other": False}
    spared = await two.create()
    await two.run()
    assert await calls(two, spared) == [("authorize", "other", "succeeded")]
    await two.later(minutes=31)
    probe = await two.create()
    await two.run()
    assert await calls(two, probe) == [("authorize", "sandbox", "succeeded")]
    assert await circuits() == {"sandbox": False, "other": False}


async def test_captures_and_refunds_stay_where_the_money_is(two: Shop) -> None:
    payment_id = await two.create()
    await two.run()
    await prefer(two, "other", "sandbox")
    await two.capture(payment_id)
    await two.refund(payment_id, 1_000)
    await two.run()
    assert {provider for _, provider, _ in await calls(two, payment_id)} == {"sandbox"}
    assert await two.balance("provider:other:receivable") == 0
    await two.check()


async def test_nobody_takes_what_no_connection_takes(two: Shop) -> None:
    async with two.begin() as tx:
        await tx.execute(
            """
            insert into payments.connections
              (marketplace_id, name, kind, currencies, created_at, updated_at)
            values (%(marketplace_id)s, 'sandbox', 'sandbox', '{EUR}', %(now)s, %(now)s)
            """,
            now=tx.now,
        )
        await tx.execute(
            """
            update payments.connections set is_enabled = false
            where marketplace_id = %(marketplace_id)s and name = 'other'
            """
        )
    with pytest.raises(ProviderMissing):
        await two.create()


async def test_what_is_learned_moves_payments_to_who_approves_them(two: Shop) -> None:
    async with two.begin() as tx:
        await payments.set_policy(tx, RoutingPolicy(exploration_bp=500))
    await fail(two, "decline", "sandbox", hours=48, operations=["authorize"])

    async def providers(ids: Sequence[UUID]) -> list[str]:
        return [(await calls(two, payment_id))[0][1] for payment_id in ids]

    for _ in range(4):
        for _ in range(15):
            await two.create()
        await two.run()
    late = [await two.create() for _ in range(40)]
    await two.run()
    asked_first = await providers(late)
    assert asked_first.count("other") >= 25


async def test_a_call_turned_away_says_nothing_of_the_call_before_it(two: Shop) -> None:
    """Done but not answered, then turned away: the money may have been taken the first time."""

    class Doubtful(Sandbox):
        calls = 0

        async def authorize(self, instruction: Instruction) -> Answer:
            self.calls += 1
            if self.calls in (2, 3):
                return Unavailable("Turned away.")
            answer = await super().authorize(instruction)
            if self.calls == 1:
                raise TimeoutError("the answer was lost")
            return answer

        async def find(self, instruction: Instruction) -> Found:
            return Absent()

    two.providers = Providers(
        {"sandbox": Doubtful(two.database), "other": Sandbox(two.database, "other")}
    )
    two.__post_init__()
    payment_id = await two.create(method="pix")
    await two.run()
    for _ in range(4):
        await two.later(minutes=5)
    assert {provider for _, provider, _ in await calls(two, payment_id)} == {"sandbox"}
    assert await two.charges() == {"authorize": 1, "capture": 1}
    assert await two.state(payment_id) == "captured"


async def test_the_next_provider_gives_the_buyer_time_of_its_own(two: Shop) -> None:
    class Undecided(Sandbox):
        async def authenticate(self, instruction: Instruction) -> Answer:
            return Declined("do_not_honor", False, "Not here.")

    two.providers = Providers(
        {"sandbox": Undecided(two.database), "other": Sandbox(two.database, "other")}
    )
    two.__post_init__()
    payment_id = await two.create("tok_requires_3ds")
    await two.run()
    await two.later(minutes=50)
    async with two.begin() as tx:
        await payments.complete_authentication(tx, payment_id)
    await two.run()
    payment = await two.payment(payment_id)
    assert (payment.provider, payment.state) == ("other", "requires_action")
    await two.later(minutes=30)
    assert await two.state(payment_id) == "requires_action"
    await two.later(minutes=31)
    assert await two.state(payment_id) == "declined"
    await two.check()
