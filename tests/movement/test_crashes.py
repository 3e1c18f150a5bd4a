"""Whatever dies, and whenever: in the end the target is what the source's rows come to."""

import asyncio
import os
import random
import signal
import subprocess
import sys
from contextlib import suppress
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from banyan import movement
from banyan.movement.errors import MoverReplaced, SideUnavailable
from banyan.movement.service import running
from banyan.movement.service.mover import Mover
from tests.movement.conftest import CUSTOMERS, PLAN, Move, Shop, alike, customers

_PROCESS = """
import asyncio, sys
from uuid import UUID
from banyan import movement
from banyan.runtime import Database

async def main(url, marketplace_id, plan_id):
    database = await Database.open(url, size=4)
    print("open", flush=True)
    await movement.run(database, url, UUID(marketplace_id), UUID(plan_id), asyncio.Event())

asyncio.run(main(*sys.argv[1:]))
"""


class Life:
    """Someone who uses a shop: inserts, updates, deletes, moves keys, and rolls back now and then."""

    def __init__(self, shop: Shop, dice: random.Random, highest: int) -> None:
        self.shop = shop
        self.dice = dice
        self.next_id = highest + 1

    def live(self) -> None:
        for _ in range(self.dice.randint(1, 4)):
            self._act()

    def _act(self) -> None:
        dice = self.dice
        some = dice.randint(1, self.next_id)
        text = f"v{dice.randint(0, 10**9)}"
        kind = dice.choice(["insert", "insert", "update", "update", "update", "delete", "move"])
        with self.shop.side.engine.connect() as connection:
            if kind == "insert":
                connection.exec_driver_sql(
                    f"insert into customers values ({self.next_id}, '{text}', 1.5, null)"
                )
                self.next_id += 1
            elif kind == "update":
                connection.exec_driver_sql(
                    f"update customers set email = '{text}' where id between {some} and {some + 2}"
                )
            elif kind == "delete":
                connection.exec_driver_sql(f"delete from customers where id = {some}")
            else:
                connection.exec_driver_sql(
                    f"update customers set id = {self.next_id} where id = {some}"
                )
                self.next_id += 1
            if dice.random() < 0.15:
                connection.rollback()
            else:
                connection.commit()


async def _interleave(move: Move, seed: int, steps: int) -> None:
    dice = random.Random(seed)
    customers(move.source, move.target, 25)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    life = Life(move.source, dice, 25)
    for _ in range(steps):
        if dice.random() < 0.6:
            await asyncio.to_thread(life.live)
        task = asyncio.create_task(mover.round())
        if dice.random() < 0.35:
            # Dies in the middle; what runs in a thread goes on behind the new mover's back.
            for _ in range(dice.randint(1, 12)):
                await asyncio.sleep(0.0005 * dice.randint(0, 4))
            task.cancel()
            with suppress(asyncio.CancelledError, SideUnavailable):
                await task
            dead, mover = mover, await move.mover()
            await dead.close()  # what its thread still holds stays open until it is done
        else:
            await task
    await move.settle(mover)
    assert alike(move.source, move.target)
    standing = await move.verify(mover)
    assert standing.is_verified, standing.sentence


@pytest.mark.parametrize("seed", [1])
async def test_any_interleaving_of_changes_and_deaths_ends_alike(move: Move, seed: int) -> None:
    await _interleave(move, seed, 25)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(10, 13))
async def test_many_interleavings_end_alike(move: Move, seed: int) -> None:
    await _interleave(move, seed, 40)


async def _both_ways(move: Move, seed: int, steps: int) -> None:
    """After the cutover the new side lives on, legacy is late now and then, and movers die."""
    dice = random.Random(seed)
    customers(move.source, move.target, 25)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    await move.turn()
    life = Life(move.target, dice, 5_000)
    for _ in range(steps):
        await asyncio.to_thread(life.live)
        if dice.random() < 0.1:
            move.source.run(f"update customers set note = 'late' where id = {dice.randint(1, 25)}")
        task = asyncio.create_task(mover.round())
        if dice.random() < 0.3:
            await asyncio.sleep(0.001 * dice.randint(0, 20))
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
            dead, mover = mover, await move.mover()
            await dead.close()
        else:
            await task
    await move.settle(mover)
    assert alike(move.source, move.target)


async def test_the_way_back_survives_deaths_too(move: Move) -> None:
    await _both_ways(move, 3, 20)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(30, 32))
async def test_the_way_back_survives_many_deaths(move: Move, seed: int) -> None:
    await _both_ways(move, seed, 40)


def _spawn(move: Move, database_url: str) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(
        [sys.executable, "-c", _PROCESS, database_url, str(move.marketplace_id), str(PLAN)],
        env={**os.environ}, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert process.stdout is not None
    assert process.stdout.readline() == b"open\n"
    return process


async def _killed(move: Move, database_url: str, kills: int, rows: int) -> None:
    dice = random.Random(7)
    customers(move.source, move.target, rows)
    await move.declare(CUSTOMERS | {"chunk": 5})
    life = Life(move.source, dice, rows)
    for _ in range(kills):
        process = _spawn(move, database_url)
        try:
            for _ in range(dice.randint(3, 12)):
                await asyncio.to_thread(life.live)
                await asyncio.sleep(dice.random() * 0.05)
        finally:
            process.send_signal(signal.SIGKILL)
            process.wait(10)
            assert process.stdout is not None
            process.stdout.close()
    mover = await move.mover()
    await move.settle(mover)
    assert alike(move.source, move.target)
    standing = await move.verify(mover)
    assert standing.is_verified, standing.sentence


@pytest.mark.slow
async def test_a_process_killed_again_and_again_loses_nothing(
    move: Move, database_url: str
) -> None:
    await _killed(move, database_url, kills=5, rows=100)


async def test_connections_that_break_are_made_again(move: Move, database_url: str) -> None:
    customers(move.source, move.target, 60)
    await move.declare(CUSTOMERS | {"chunk": 3})
    mover = await move.mover()
    stop = asyncio.Event()
    running = asyncio.create_task(mover.run(stop))
    life = Life(move.source, random.Random(5), 60)
    for _ in range(6):
        await asyncio.to_thread(life.live)
        _break(move.target.url)
        if move.source.side.dialect == "postgresql":
            _break(move.source.url)
        await asyncio.sleep(0.05)
    await _until_alike(move)
    stop.set()
    await running


def _break(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'banyan_mover' and datname = current_database()"
        )


async def _until_alike(move: Move) -> None:
    async with asyncio.timeout(60):
        while not await asyncio.to_thread(alike, move.source, move.target):  # noqa: ASYNC110 - another database's rows set no event of ours
            await asyncio.sleep(0.05)


async def test_one_process_carries_a_plan_and_the_next_takes_over(
    move: Move, database_url: str
) -> None:
    customers(move.source, move.target, 20)
    await move.declare(CUSTOMERS)
    arguments: tuple[Any, ...] = (move.database, database_url, move.marketplace_id, PLAN)
    first, second = asyncio.Event(), asyncio.Event()
    one = asyncio.create_task(movement.run(*arguments, first))
    await _until_alike(move)
    with pytest.raises(movement.MoverRuns):
        await movement.run(*arguments, asyncio.Event(), waits=False)
    two = asyncio.create_task(movement.run(*arguments, second))
    first.set()
    await one
    move.source.run("update customers set note = 'the second one' where id = 2")
    await _until_alike(move)
    second.set()
    await two


async def test_a_broken_lock_is_taken_anew_and_movers_go_on(
    move: Move, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "_LOOK_S", 0.05)
    customers(move.source, move.target, 20)
    await move.declare(CUSTOMERS)
    stop = asyncio.Event()
    one = asyncio.create_task(
        movement.run(move.database, database_url, move.marketplace_id, PLAN, stop)
    )
    for note in ("first", "second"):
        await _until_alike(move)
        epoch = await _epoch(move)
        _break(database_url)  # every connection that holds a lock
        move.source.run(f"update customers set note = '{note}' where id = 2")
        async with asyncio.timeout(30):
            while await _epoch(move) == epoch:  # noqa: ASYNC110 - a new mover, behind a new lock
                await asyncio.sleep(0.05)
        await _until_alike(move)
    assert not one.done()
    stop.set()
    await one


async def test_a_mover_that_dies_at_its_beginning_does_not_look_alive(
    move: Move, monkeypatch: pytest.MonkeyPatch
) -> None:
    customers(move.source, move.target, 2)
    await move.declare(CUSTOMERS)
    mover = await move.mover()
    await move.settle(mover)
    seen = (await _set(move)).seen_at
    move.clock.advance(timedelta(minutes=5))

    def broken(*_: object) -> None:
        raise RuntimeError("a fault of our own")

    monkeypatch.setattr(Mover, "_install", broken)
    stop = asyncio.Event()
    task = asyncio.create_task(
        running._carry(Mover(move.database, move.marketplace_id, mover._set_id), stop)
    )
    async with asyncio.timeout(30):
        while not (await _set(move)).failure:  # noqa: ASYNC110 - written by the mover
            await asyncio.sleep(0.01)
    stop.set()
    await task
    found = await _set(move)
    assert found.seen_at == seen
    assert "RuntimeError" in found.failure


async def _set(move: Move) -> movement.DataSet:
    async with move.database.transaction(move.marketplace_id) as tx:
        return await movement.get_set(tx, movement.set_id_of(PLAN, "customers"))


async def _epoch(move: Move) -> int:
    return (await _set(move)).epoch


async def test_a_mover_stops_when_its_set_is_gone(move: Move) -> None:
    customers(move.source, move.target, 2)
    await move.declare(CUSTOMERS)
    mover: Mover = await move.mover()
    async with move.database.transaction(move.marketplace_id) as tx:
        await movement.declare(tx, PLAN, "shop", None)
    with pytest.raises(MoverReplaced):
        await mover.run(asyncio.Event())
