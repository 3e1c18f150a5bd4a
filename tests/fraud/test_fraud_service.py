from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from banyan import fraud, parties
from banyan.fraud import AlreadyListed, FraudRequest, Limits, ListEntryDraft, ListEntryNotFound
from banyan.kernel import InvalidId, Money
from banyan.parties import Buyer, BuyerDraft, InvalidCountry
from banyan.runtime import Cause, Database, Transaction

ANA = Cause("person", "usr_1", "ana@example.com")


def _request(
    tx: Transaction, buyer: Buyer, minor: int = 10_000, *, card: str = "", hours: float = 0
) -> FraudRequest:
    subject_id = uuid4()
    return FraudRequest(
        subject_id=subject_id,
        order=f"ord_{subject_id.hex[:10]}",
        buyer=buyer,
        amount=Money.of(minor, "BRL"),
        fingerprint=card,
        ship_to_country="BR",
        ship_to_region=None,
        placed_at=tx.now - timedelta(hours=hours),
    )


async def _buyer(tx: Transaction) -> Buyer:
    return await parties.create_buyer(tx, BuyerDraft(country="BR"))


async def test_orders_of_one_batch_count(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        buyer, other = await _buyer(tx), await _buyer(tx)
        requests = [_request(tx, who) for who in (buyer, buyer, other, buyer, buyer)]
        decisions = await fraud.assess(tx, requests)
        assert await fraud.assess(tx, []) == []
    assert [it.outcome for it in decisions] == ["allow"] * 4 + ["review"]
    assert [it.subject_id for it in decisions] == [it.subject_id for it in requests]


async def test_orders_of_earlier_batches_count_by_buyer_and_by_payment(
    database: Database, sandbox: UUID
) -> None:
    async with database.transaction(sandbox) as tx:
        buyer = await _buyer(tx)
        for _ in range(3):
            await fraud.assess(tx, [_request(tx, buyer)])
        for _ in range(6):
            await fraud.assess(tx, [_request(tx, await _buyer(tx), card="card-1", hours=2)])
    async with database.transaction(sandbox) as tx:
        [by_buyer, by_card, fresh] = await fraud.assess(
            tx,
            [
                _request(tx, buyer),
                _request(tx, await _buyer(tx), card="card-1"),
                _request(tx, await _buyer(tx), card="card-2"),
            ],
        )
    assert [it.outcome for it in (by_buyer, by_card, fresh)] == ["review", "review", "allow"]


async def test_only_the_first_order_of_a_buyer_is_challenged(
    database: Database, sandbox: UUID
) -> None:
    async with database.transaction(sandbox) as tx:
        buyer = await _buyer(tx)
        large = [_request(tx, buyer, 90_000, hours=hours) for hours in (48, 0)]
        decisions = await fraud.assess(tx, large)
    assert [it.outcome for it in decisions] == ["challenge", "allow"]


async def test_every_assessment_is_recorded(database: Database, sandbox: UUID, live: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        buyer = await _buyer(tx)
        requests = [_request(tx, buyer), _request(tx, buyer, 200_000, card="card-1")]
        decisions = await fraud.assess(tx, requests)
    async with database.transaction(sandbox) as tx:
        [recorded] = (await fraud.list_assessments(tx, order=requests[1].order)).data
        reviewed = (await fraud.list_assessments(tx, outcome="review")).data
        first = await fraud.list_assessments(tx, limit=1)
        rest = await fraud.list_assessments(tx, limit=1, cursor=first.next_cursor)
    assert reviewed == [recorded]
    assert (recorded.subject_id, recorded.amount) == (requests[1].subject_id, requests[1].amount)
    assert (recorded.outcome, recorded.reason) == ("review", decisions[1].reason)
    assert [signal["name"] for signal in recorded.signals] == [
        signal.name for signal in decisions[1].signals
    ]
    assert (len(first.data), len(rest.data), rest.has_more) == (1, 1, False)
    async with database.transaction(live) as tx:
        assert (await fraud.list_assessments(tx)).data == []


async def test_who_is_listed_is_denied_or_allowed_until_removed(
    database: Database, sandbox: UUID
) -> None:
    async with database.transaction(sandbox, ANA) as tx:
        buyer = await _buyer(tx)
        name = parties.BUYER.text(buyer.buyer_id)
        draft = ListEntryDraft(list="deny", kind="buyer", value=name, reason="Chargebacks.")
        entry = await fraud.add_list_entry(tx, draft)
        country = ListEntryDraft(list="allow", kind="country", value="BR", reason="Home.")
        await fraud.add_list_entry(tx, country)
        [denied, allowed] = await fraud.assess(
            tx, [_request(tx, buyer), _request(tx, await _buyer(tx), 10**6)]
        )
        for _ in range(2):
            removed = await fraud.remove_list_entry(tx, entry.entry_id, reason="A mistake.")
        [after] = await fraud.assess(tx, [_request(tx, buyer)])
        events = await tx.rows(
            "select type from runtime.events where subject = %(subject)s order by sequence",
            subject=fraud.LIST_ENTRY.text(entry.entry_id),
        )
        in_force = (await fraud.list_entries(tx)).data
        gone = (await fraud.list_entries(tx, kind="buyer", is_removed=True)).data
    assert (denied.outcome, allowed.outcome, after.outcome) == ("deny", "allow", "allow")
    assert (entry.added_by, removed.removed_by) == ("ana@example.com", "ana@example.com")
    assert events == [("list_entry.added",), ("list_entry.removed",)]
    assert [it.value for it in in_force] == ["BR"]
    assert gone == [removed]


async def test_what_cannot_be_listed(database: Database, sandbox: UUID) -> None:
    card = ListEntryDraft(list="deny", kind="payment", value="card-1", reason="?")
    async with database.transaction(sandbox) as tx:
        entry = await fraud.add_list_entry(tx, card)
        with pytest.raises(AlreadyListed) as refusal:
            await fraud.add_list_entry(
                tx, ListEntryDraft(list="allow", kind="payment", value="card-1", reason="?")
            )
        with pytest.raises(InvalidId):
            await fraud.add_list_entry(
                tx, ListEntryDraft(list="deny", kind="buyer", value="card-1", reason="?")
            )
        with pytest.raises(InvalidCountry):
            await fraud.add_list_entry(
                tx, ListEntryDraft(list="deny", kind="country", value="ZZ", reason="?")
            )
        with pytest.raises(ListEntryNotFound):
            await fraud.remove_list_entry(tx, UUID(int=7), reason="?")
    assert fraud.LIST_ENTRY.text(entry.entry_id) in refusal.value.detail


async def test_settings_are_replaced_as_a_whole(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    async with database.transaction(sandbox, ANA) as tx:
        assert (await fraud.get_settings(tx)).buyer_orders_1h_max == 3
        for _ in range(2):
            settings = await fraud.change_settings(
                tx,
                limits=[Limits(Money.of(500, "BRL"), Money.of(500, "BRL"))],
                buyer_orders_1h_max=1,
                buyer_orders_24h_max=1,
                payment_orders_24h_max=1,
            )
        assert await fraud.get_settings(tx) == settings
        [decision] = await fraud.assess(tx, [_request(tx, await _buyer(tx), 501)])
    assert (settings.updated_by, decision.outcome) == ("ana@example.com", "review")
    async with database.transaction(live) as tx:
        assert (await fraud.get_settings(tx)).updated_at is None
