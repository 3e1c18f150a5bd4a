"""Rules in the database: made, superseded, ended, and never two for the same sales."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from banyan import commission, parties
from banyan.commission import (
    Basket,
    CommissionRuleNotFound,
    Defaults,
    InvalidRule,
    Line,
    Rate,
    RuleClash,
    RuleDraft,
    RuleEnded,
    Scope,
    TierNotFound,
)
from banyan.kernel import Money, new_id
from banyan.parties import SellerDraft, SellerNotFound
from banyan.runtime import Database, Transaction, advance_clock


@pytest.fixture
async def tx(database: Database, sandbox: UUID) -> AsyncIterator[Transaction]:
    async with database.transaction(sandbox) as transaction:
        yield transaction


def _draft(rate_bp: int = 1_200, **fields: Any) -> RuleDraft:
    plain: dict[str, Any] = {"kind": "commission", "label": "Electronics", "scope": Scope()}
    return RuleDraft(**{**plain, "rate": Rate(rate_bp=rate_bp), **fields})


async def _later(tx: Transaction, **by: float) -> None:
    tx.now = await advance_clock(tx, tx.now + timedelta(**by))


async def _events(tx: Transaction) -> list[str]:
    return [row[0] for row in await tx.rows("select type from runtime.events order by position")]


async def test_a_superseded_rule_stays_as_it_was(tx: Transaction) -> None:
    begin = tx.now
    old = await commission.create_rule(tx, _draft())
    await _later(tx, days=30)
    new = await commission.supersede_rule(tx, old.rule_id, _draft(1_000))
    known = await commission.get_rule(tx, old.rule_id)
    assert (known.rate_bp, known.valid_from, known.valid_until) == (1_200, begin, tx.now)
    assert (new.supersedes, new.valid_from, new.valid_until) == (old.rule_id, tx.now, None)
    at_begin = await commission.list_rules(tx, at=begin)
    assert [rule.rule_id for rule in at_begin.data] == [old.rule_id]
    assert await _events(tx) == [
        "commission_rule.created",
        "commission_rule.ended",
        "commission_rule.superseded",
    ]


async def test_what_was_placed_before_pays_by_the_rule_of_then(tx: Transaction) -> None:
    seller = await parties.create_seller(tx, SellerDraft(name="A", country="BR", currency="BRL"))
    placed = tx.now
    old = await commission.create_rule(tx, _draft(1_000))
    await _later(tx, days=1)
    await commission.supersede_rule(tx, old.rule_id, _draft(2_000))
    lines = (Line(seller.seller_id, Money.of(10_000, "BRL")),)
    before, after = await commission.price_baskets(
        tx,
        [Basket(currency="BRL", lines=lines, shipping={}, at=at) for at in (placed, tx.now)],
        Defaults(1_200),
    )
    assert before.shares[0].commission.minor == 1_000
    assert after.shares[0].commission.minor == 2_000


async def test_a_clash_names_the_other_rule(tx: Transaction) -> None:
    old = await commission.create_rule(tx, _draft())
    with pytest.raises(RuleClash, match=commission.RULE.text(old.rule_id)):
        await commission.create_rule(tx, _draft(1_000))
    later = tx.now + timedelta(days=1)
    await commission.end_rule(tx, old.rule_id, later, "Over.")
    await commission.create_rule(tx, _draft(1_000, valid_from=later))


async def test_a_rule_is_superseded_once(tx: Transaction) -> None:
    old = await commission.create_rule(tx, _draft())
    later = tx.now + timedelta(days=1)
    await commission.supersede_rule(tx, old.rule_id, _draft(900, valid_from=later))
    with pytest.raises(RuleEnded):
        await commission.supersede_rule(tx, old.rule_id, _draft(800))


async def test_a_rule_that_has_not_begun_never_holds_once_superseded(tx: Transaction) -> None:
    later = tx.now + timedelta(days=10)
    future = await commission.create_rule(tx, _draft(valid_from=later))
    new = await commission.supersede_rule(tx, future.rule_id, _draft(900))
    held = [
        {rule.rule_id for rule in (await commission.list_rules(tx, at=at)).data}
        for at in (tx.now, later, later + timedelta(days=9))
    ]
    assert held == [{new.rule_id}] * 3


async def test_an_ended_rule_is_over(tx: Transaction) -> None:
    old = await commission.create_rule(tx, _draft())
    await _later(tx, days=1)
    await commission.end_rule(tx, old.rule_id, None, "Over.")
    assert (await commission.list_rules(tx, at=tx.now)).data == []
    with pytest.raises(RuleEnded):
        await commission.end_rule(tx, old.rule_id, None, "Over.")
    with pytest.raises(RuleEnded):
        await commission.supersede_rule(tx, old.rule_id, _draft())
    assert (await _events(tx))[-1] == "commission_rule.ended"


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"valid_from": timedelta(seconds=-1)}, "/valid_from"),
        ({"valid_until": timedelta(0)}, "/valid_until"),
        ({"scope": Scope(new_id(), "gold")}, "/tier"),
        ({"rate": Rate(rate_bp=1, minimum_minor=1)}, "/currency"),
        (
            {
                "rate": Rate(rate_bp=1, minimum_minor=2, maximum_minor=1),
                "scope": Scope(currency="BRL"),
            },
            "/maximum",
        ),
        ({"kind": "service_fee", "scope": Scope(category="books")}, "/kind"),
        ({"priority": 1}, "/kind"),
        ({"effect": "reduction"}, "/kind"),
        ({"kind": "promotion", "stacks": True}, "/stacks"),
        (
            {
                "kind": "promotion",
                "effect": "reduction",
                "rate": Rate(rate_bp=1, fixed_minor=1),
                "scope": Scope(currency="BRL"),
            },
            "/effect",
        ),
    ],
)
async def test_a_rule_that_makes_no_sense_is_refused(
    tx: Transaction, fields: dict[str, Any], pointer: str
) -> None:
    given = {
        name: tx.now + value if isinstance(value, timedelta) else value
        for name, value in fields.items()
    }
    with pytest.raises(InvalidRule) as refused:
        await commission.create_rule(tx, _draft(**given))
    assert [fault.pointer for fault in refused.value.faults] == [pointer]


async def test_a_rule_is_for_somebody_who_is_there(tx: Transaction) -> None:
    with pytest.raises(SellerNotFound):
        await commission.create_rule(tx, _draft(scope=Scope(new_id())))
    with pytest.raises(TierNotFound):
        await commission.create_rule(tx, _draft(scope=Scope(tier="gold")))
    with pytest.raises(CommissionRuleNotFound):
        await commission.get_rule(tx, new_id())


async def test_two_at_once_do_not_both_make_the_rule(database: Database, sandbox: UUID) -> None:
    async def make() -> str:
        try:
            async with database.transaction(sandbox) as tx:
                await commission.create_rule(tx, _draft())
        except RuleClash:
            return "clash"
        return "made"

    assert sorted(await asyncio.gather(*(make() for _ in range(4)))) == ["clash"] * 3 + ["made"]


async def test_rules_of_another_marketplace_do_not_count(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    for marketplace_id in (sandbox, live):
        async with database.transaction(marketplace_id) as tx:
            await commission.create_rule(tx, _draft())
            assert len((await commission.list_rules(tx)).data) == 1
