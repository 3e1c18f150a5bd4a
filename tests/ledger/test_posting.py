"""The promises of posting, one by one."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import psycopg
import pytest

from banyan import ledger
from banyan.kernel import MINOR_MAX, Money
from banyan.ledger import Account, Kind, Leg, Outcome, PendingRef, Reason, Rejection, Transfer
from banyan.ledger.jobs import jobs
from banyan.runtime import Database, Job, Transaction, Worker, advance_clock
from tests.conftest import START
from tests.ledger.accounts import BANK, COMMISSION, HELD, SELLER, brl, hold, move, resolve

POSTED, ALREADY_POSTED = Outcome.POSTED, Outcome.ALREADY_POSTED


async def posted_on(tx: Transaction, account: Account) -> int:
    (balance,) = await ledger.balances(tx, [account.path])
    return balance.posted.minor


async def never(tx: Transaction, job: Job) -> None:
    raise AssertionError(f"{job.kind} failed")


async def post_one(tx: Transaction, transfer: Transfer) -> Outcome | Rejection:
    (outcome,) = await ledger.post(tx, [transfer])
    return outcome


async def test_legs_are_posted_together_or_not_at_all(database: Database, sandbox: UUID) -> None:
    capture = Leg(BANK, SELLER, brl(1000), "capture")
    too_much = Leg(SELLER, COMMISSION, brl(1001), "commission")
    async with database.transaction(sandbox) as tx:
        refused = Transfer(uuid4(), (capture, too_much), subject="ord_1")
        assert await post_one(tx, refused) == Rejection(Reason.LIMIT_EXCEEDED)
        assert await posted_on(tx, SELLER) == 0
        fair = Leg(SELLER, COMMISSION, brl(100), "commission")
        assert await post_one(tx, replace(refused, legs=(capture, fair))) is POSTED
        assert await posted_on(tx, SELLER) == 900


async def test_a_batch_is_decided_in_its_order(database: Database, sandbox: UUID) -> None:
    """The second is refused for want of cover, which the third brings for the fourth."""
    early, late = move(SELLER, BANK, 10), move(SELLER, BANK, 10)
    batch = [move(BANK, SELLER, 5), early, move(BANK, SELLER, 5), late]
    async with database.transaction(sandbox) as tx:
        outcomes = await ledger.post(tx, batch)
        assert outcomes == [POSTED, Rejection(Reason.LIMIT_EXCEEDED), POSTED, POSTED]
        assert await posted_on(tx, SELLER) == 0


async def test_a_retry_changes_nothing(database: Database, sandbox: UUID) -> None:
    first = move(BANK, SELLER, 100)
    for expected in (POSTED, ALREADY_POSTED, ALREADY_POSTED):
        async with database.transaction(sandbox) as tx:
            assert await post_one(tx, first) is expected
            assert await posted_on(tx, SELLER) == 100


async def test_an_id_stands_for_one_content(database: Database, sandbox: UUID) -> None:
    first = move(BANK, SELLER, 100)
    (leg,) = first.legs
    changed = [
        replace(first, subject="ord_2"),
        replace(first, description="other"),
        replace(first, metadata={"a": "b"}),
        replace(first, may_break_limits=True),
        replace(first, effective_at=START - timedelta(days=1)),
        replace(first, legs=(replace(leg, amount=brl(101)),)),
        replace(first, legs=(replace(leg, code="other"),)),
        replace(first, legs=(replace(leg, credit=HELD),)),
        replace(first, legs=(replace(leg, kind=Kind.PENDING),)),
        replace(first, legs=(leg, leg)),
    ]
    id_reused = Rejection(Reason.ID_REUSED)
    async with database.transaction(sandbox) as tx:
        assert await ledger.post(tx, [first, changed[0]]) == [POSTED, id_reused]
        for other in changed:
            assert await post_one(tx, other) == id_reused


async def test_a_rejected_transfer_may_be_sent_again(database: Database, sandbox: UUID) -> None:
    payout = move(SELLER, BANK, 100)
    async with database.transaction(sandbox) as tx:
        outcomes = await ledger.post(tx, [payout, move(BANK, SELLER, 100), payout, payout])
        assert outcomes == [Rejection(Reason.LIMIT_EXCEEDED), POSTED, POSTED, ALREADY_POSTED]


async def test_what_is_held_can_not_be_spent(database: Database, sandbox: UUID) -> None:
    payout = hold(SELLER, BANK, 80)
    async with database.transaction(sandbox) as tx:
        await ledger.post(tx, [move(BANK, SELLER, 100), payout])
        (balance,) = await ledger.balances(tx, [SELLER.path])
        assert (balance.posted, balance.pending_out, balance.available) == (
            brl(100),
            brl(80),
            brl(20),
        )
        assert await post_one(tx, move(SELLER, BANK, 21)) == Rejection(Reason.LIMIT_EXCEEDED)
        outcomes = await ledger.post(
            tx, [resolve(payout, Kind.POST, 30), resolve(payout, Kind.VOID)]
        )
        assert outcomes == [POSTED, Rejection(Reason.PENDING_RESOLVED)]
        (balance,) = await ledger.balances(tx, [SELLER.path])
        assert balance.available == balance.posted == brl(70)


async def test_a_chargeback_may_break_a_floor(database: Database, sandbox: UUID) -> None:
    chargeback = replace(move(SELLER, BANK, 50), may_break_limits=True)
    async with database.transaction(sandbox) as tx:
        assert await post_one(tx, chargeback) is POSTED
        assert await post_one(tx, move(SELLER, BANK, 1)) == Rejection(Reason.LIMIT_EXCEEDED)
        assert await post_one(tx, move(BANK, SELLER, 10)) is POSTED
        assert await posted_on(tx, SELLER) == -40
        assert (await ledger.verify(tx)).is_sound


async def test_a_balance_stays_within_what_money_can_say(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        outcomes = await ledger.post(tx, [move(BANK, HELD, MINOR_MAX), move(BANK, HELD, 1)])
        assert outcomes == [POSTED, Rejection(Reason.LIMIT_EXCEEDED)]


async def test_currencies_do_not_mix(database: Database, sandbox: UUID) -> None:
    dollars = Account("platform:bank", "USD")
    async with database.transaction(sandbox) as tx:
        mixed = move(BANK, dollars, 100)
        assert await post_one(tx, mixed) == Rejection(Reason.CURRENCY_MISMATCH)
        position = (Account("fx:position", "BRL"), Account("fx:position", "USD"))
        exchange = Transfer(
            uuid4(),
            (
                Leg(BANK, position[0], brl(500), "fx"),
                Leg(position[1], dollars, Money.of(100, "USD"), "fx"),
            ),
            subject="",
        )
        assert await post_one(tx, exchange) is POSTED
        assert all(trial.is_balanced for trial in await ledger.trial_balance(tx))


async def test_a_timer_expires_what_was_held(database: Database, sandbox: UUID) -> None:
    held = hold(BANK, HELD, 80)
    leg = replace(held.legs[0], expires_at=START + timedelta(days=7))
    held = replace(held, legs=(leg, replace(leg, expires_at=None)))
    async with database.transaction(sandbox) as tx:
        assert await post_one(tx, held) is POSTED
        assert await ledger.expire_due(tx) == 0
        await advance_clock(tx, START + timedelta(days=8))
    assert await Worker(database, jobs(), on_failed=never).run_due() == 1
    async with database.transaction(sandbox) as tx:
        (balance,) = await ledger.balances(tx, [HELD.path])
        assert balance.pending_in == brl(80)
        late = resolve(held, Kind.POST, 80)
        assert await post_one(tx, late) == Rejection(Reason.PENDING_RESOLVED)


async def test_a_closed_period_stays_closed(database: Database, sandbox: UUID) -> None:
    month_end = START - timedelta(days=1)
    backdated = replace(move(BANK, HELD, 10), effective_at=month_end)
    async with database.transaction(sandbox) as tx:
        assert await post_one(tx, backdated) is POSTED
        await ledger.close_period(tx, month_end)
        late = replace(backdated, id=uuid4())
        assert await post_one(tx, late) == Rejection(Reason.PERIOD_CLOSED)
        assert await post_one(tx, backdated) is ALREADY_POSTED
        assert await post_one(tx, replace(late, effective_at=None)) is POSTED
        for instant in (month_end, month_end - timedelta(days=1), tx.now):
            with pytest.raises(ledger.PeriodNotClosable):
                await ledger.close_period(tx, instant)
        assert (await ledger.verify(tx)).is_sound


async def test_terms_of_an_account_do_not_change(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        state = await ledger.open_account(tx, SELLER)
        assert await ledger.open_account(tx, SELLER) == state
        with pytest.raises(ledger.AccountDiffers):
            await ledger.open_account(tx, replace(SELLER, floor=-100))
        no_floor = move(replace(SELLER, floor=None), BANK, 1)
        assert await post_one(tx, no_floor) == Rejection(Reason.LIMIT_EXCEEDED)


async def test_a_closed_account_takes_nothing(database: Database, sandbox: UUID) -> None:
    async with database.transaction(sandbox) as tx:
        state = await ledger.open_account(tx, SELLER)
        account_id = ledger.account_uuid(sandbox, state.account_id)
        await ledger.post(tx, [move(BANK, SELLER, 1)])
        with pytest.raises(ledger.AccountInUse):
            await ledger.close_account(tx, account_id)
        await ledger.post(tx, [move(SELLER, BANK, 1)])
        assert (await ledger.close_account(tx, account_id)).is_closed
        assert await post_one(tx, move(BANK, SELLER, 1)) == Rejection(Reason.ACCOUNT_CLOSED)


async def test_a_reversal_mirrors(database: Database, sandbox: UUID) -> None:
    legs = (
        Leg(BANK, SELLER, brl(100), "capture"),
        Leg(SELLER, COMMISSION, brl(10), "commission"),
        Leg(SELLER, BANK, brl(50), "payout", Kind.PENDING),
    )
    sale = Transfer(uuid4(), legs, subject="ord_9")
    async with database.transaction(sandbox) as tx:
        await ledger.post_or_refuse(tx, [sale])
        back = await ledger.reverse(tx, sale.id, uuid4())
        assert await posted_on(tx, SELLER) == await posted_on(tx, COMMISSION) == 0
        (balance,) = await ledger.balances(tx, [SELLER.path])
        assert balance.pending_out == brl(0)
        assert [each.id for each in await ledger.transfers_of(tx, "ord_9")] == [sale.id, back.id]
        assert (await ledger.verify(tx)).is_sound
        with pytest.raises(ledger.TransferRejected):
            await ledger.reverse(tx, sale.id, uuid4())


async def test_a_refusal_names_the_reason(database: Database, sandbox: UUID) -> None:
    with pytest.raises(ledger.TransferRejected) as refusal:
        async with database.transaction(sandbox) as tx:
            await ledger.post_or_refuse(tx, [move(BANK, SELLER, 1), move(SELLER, BANK, 2)])
    assert refusal.value.faults[0].code == "limit_exceeded"
    async with database.transaction(sandbox) as tx:
        assert await ledger.accounts_at(tx, [BANK.path]) == []


async def test_another_marketplace_is_out_of_reach(
    database: Database, sandbox: UUID, live: UUID
) -> None:
    """Its balances, its ids, its holds; and no call may name another one than its transaction."""
    held = hold(BANK, HELD, 5)
    async with database.transaction(live) as tx:
        await ledger.post(tx, [move(BANK, SELLER, 100), held])
        (state,) = await ledger.accounts_at(tx, [SELLER.path])
    async with database.transaction(sandbox) as tx:
        assert await ledger.accounts_at(tx, [SELLER.path]) == []
        assert await ledger.transfers_of(tx, "ord_1") == []
        assert await post_one(tx, move(SELLER, BANK, 1)) == Rejection(Reason.LIMIT_EXCEEDED)
        posting = resolve(held, Kind.POST, 5)
        assert await post_one(tx, posting) == Rejection(Reason.PENDING_NOT_FOUND)
        assert await post_one(tx, held) is POSTED, "an id is the marketplace's own"
        with pytest.raises(ledger.AccountNotFound):
            await ledger.get_account(tx, ledger.account_uuid(live, state.account_id))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await tx.execute(
                """
                select ledger.post(%(other)s, now(), '{a,b}', '{BRL,BRL}', '{credit,credit}', '{null,null}',
                  '{null,null}', array[%(id)s::uuid], '{x}', '{f}', null, null, null, '{1}', '{0}',
                  '{posted}', '{1}', '{2}', '{1}', '{x}', null, null, null)
                """,
                other=live,
                id=uuid4(),
            )


async def test_pending_refs_need_not_wait_for_another_call(
    database: Database, sandbox: UUID
) -> None:
    held = hold(BANK, HELD, 80)
    missing = resolve(hold(BANK, HELD, 80), Kind.VOID)
    wrong_leg = replace(
        missing, legs=(replace(missing.legs[0], pending=PendingRef(held.id, 3)),)
    )  # fmt: skip
    async with database.transaction(sandbox) as tx:
        outcomes = await ledger.post(
            tx, [held, resolve(held, Kind.POST, 80), missing, wrong_leg]
        )  # fmt: skip
        not_found = Rejection(Reason.PENDING_NOT_FOUND)
        assert outcomes == [POSTED, POSTED, not_found, not_found]
