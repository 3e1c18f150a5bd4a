"""A candidate that fails in every way, in front of customers who must not notice."""

import asyncio
from dataclasses import replace
from pathlib import Path

from banyan.gateway import PathMatch
from tests.gateway.dataplane.rig import (
    Answer,
    Asked,
    Rig,
    Side,
    body_of,
    get,
    headers_of,
    ok,
    running,
    say,
    status_of,
    until,
)


async def fails(asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(ok(b"broken", status=b"500 Internal Server Error"))


async def resets(asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.transport.abort()


async def hangs(asked: Asked, writer: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def cuts(asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nhalf")
    await writer.drain()
    writer.transport.abort()


async def babbles(asked: Asked, writer: asyncio.StreamWriter) -> None:
    writer.write(b"this is not HTTP\r\n\r\n")
    await writer.drain()
    writer.close()


FAULTS = {"500": fails, "reset": resets, "hang": hangs, "cut": cuts, "babble": babbles}


async def test_legacy_answers_in_place_of_a_candidate_that_fails(rig: Rig) -> None:
    for name, fault in FAULTS.items():
        await rig.change(name=name, read_bp=10_000)  # another route: it has no failures behind it
        rig.legacy.asked.clear()
        rig.candidate.asked.clear()
        rig.candidate.answer = fault
        for number in range(7):  # past the fifth failure the candidate is not asked any more
            told = await get(rig.port, f"/r/{number}")
            assert (status_of(told), body_of(told)) == (200, b"legacy"), name
        assert 0 < len(rig.candidate.asked) <= 7
        assert len(rig.legacy.asked) == 7


async def test_a_late_failure_beside_a_second_attempt_harms_nobody(rig: Rig) -> None:
    """It fails after legacy was asked as well, and before that has answered."""

    async def fails_late(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.6)  # the fall-back is at 0.3 s
        writer.write(ok(b"broken", status=b"500 Internal Server Error"))

    async def is_late(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(0.6)
        writer.write(ok(b"legacy"))

    await rig.change(read_bp=10_000)
    envoy = (await rig.plane.status()).pid
    rig.candidate.answer, rig.legacy.answer = fails_late, is_late
    for _ in range(3):
        assert body_of(await get(rig.port, "/r/")) == b"legacy"
    assert (await rig.plane.status()).pid == envoy


async def test_legacy_answers_while_the_candidate_is_down(rig: Rig) -> None:
    await rig.change(read_bp=10_000)
    await rig.candidate.__aexit__(None, None, None)
    for number in range(8):
        assert body_of(await get(rig.port, f"/r/{number}")) == b"legacy"
    assert len(rig.legacy.asked) == 8


async def test_a_failing_candidate_is_out_of_its_route_for_a_while(rig: Rig) -> None:
    await rig.change(read_bp=10_000)
    assert await rig.plane.ejected() == frozenset()
    rig.candidate.answer = fails
    for number in range(5):
        await get(rig.port, f"/r/{number}")

    async def is_out() -> bool:
        return await rig.plane.ejected() == {"r"}

    await until(is_out)
    asked = len(rig.candidate.asked)
    assert body_of(await get(rig.port, "/r/after")) == b"legacy"
    assert len(rig.candidate.asked) == asked


async def test_the_failures_of_both_are_told_as_legacys(rig: Rig) -> None:
    await rig.change(read_bp=10_000)
    rig.candidate.answer = fails
    rig.legacy.answer = ok(b"closed for today", status=b"503 Closed")
    told = await get(rig.port, "/r/1")
    assert (status_of(told), body_of(told)) == (503, b"closed for today")


async def test_legacys_failure_does_not_wait_for_a_candidate_that_hangs(rig: Rig) -> None:
    rig.candidate.answer = hangs
    rig.legacy.answer = ok(b"closed for today", status=b"503 Closed")
    for number in range(7):  # from the fifth on, legacy is asked alone
        await rig.change(name=f"r{number // 6}", read_bp=10_000)
        told = await get(rig.port, f"/r/{number}")
        assert (status_of(told), body_of(told)) == (503, b"closed for today")
        assert told.startswith(b"HTTP/1.1 503 Closed")
        assert headers_of(told, "x-banyan-first") == []
    assert len(rig.legacy.asked) == 7
    assert 0 < len(rig.candidate.asked) <= 7


async def test_a_slow_answer_of_legacys_is_waited_for(rig: Rig) -> None:
    """However short the wait for the candidate is."""
    turn = asyncio.Event()

    async def late(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await turn.wait()
        writer.write(ok(b"late"))

    rig.legacy.answer = late
    await rig.change(read_bp=0)
    waiting = asyncio.create_task(get(rig.port, "/r/1"))
    done, _ = await asyncio.wait([waiting], timeout=0.8)  # twice as long as `after_ms`
    assert not done
    turn.set()
    assert body_of(await waiting) == b"late"
    assert len(rig.legacy.asked) == 1


async def test_a_slow_candidate_may_still_win(rig: Rig) -> None:
    asked_legacy = asyncio.Event()

    async def late(asked: Asked, writer: asyncio.StreamWriter) -> None:
        await asked_legacy.wait()
        writer.write(ok(b"late candidate"))

    async def later(asked: Asked, writer: asyncio.StreamWriter) -> None:
        asked_legacy.set()
        await asyncio.Event().wait()

    rig.candidate.answer, rig.legacy.answer = late, later
    await rig.change(read_bp=10_000)
    assert body_of(await get(rig.port, "/r/1")) == b"late candidate"


async def test_head_falls_back_and_bodies_stay_whole(rig: Rig) -> None:
    await rig.change(read_bp=10_000)
    big = bytes(range(256)) * 4_000
    rig.candidate.answer = ok(big)
    assert body_of(await get(rig.port, "/r/big")) == big
    rig.candidate.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"
    assert status_of(await get(rig.port, "/r/head", method="HEAD")) == 200
    rig.candidate.answer = fails
    rig.legacy.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n"
    assert b"Content-Length: 7" in await get(rig.port, "/r/head", method="HEAD")


async def once(rig: Rig, fault: Answer) -> None:
    """A write meets this fault: the candidate has seen it once, and legacy never."""
    rig.candidate.answer = fault
    rig.candidate.asked.clear()
    asking = asyncio.create_task(get(rig.port, "/r/buy", method="POST", body=b"one"))
    if fault is hangs:
        await until(lambda: _is_asked(rig.candidate))
        await asyncio.wait([asking], timeout=0.8)  # twice as long as `after_ms`
        assert not asking.done()
        asking.cancel()
    else:
        assert body_of(await asking) != b"legacy"
    assert len(rig.candidate.asked) == 1
    assert rig.legacy.asked == []


async def _is_asked(side: Side) -> bool:
    return bool(side.asked)


async def test_a_write_is_never_sent_twice(rig: Rig) -> None:
    await rig.change(read_bp=10_000, writes_to="candidate")
    for fault in FAULTS.values():
        await once(rig, fault)


async def test_writes_go_to_their_side_whatever_the_weight(rig: Rig) -> None:
    await rig.change(read_bp=10_000, writes_to="legacy")
    assert body_of(await get(rig.port, "/r/buy", method="POST", body=b"one")) == b"legacy"
    await rig.change(read_bp=0, writes_to="candidate")
    assert body_of(await get(rig.port, "/r/buy", method="POST", body=b"one")) == b"candidate"
    assert body_of(await get(rig.port, "/r/see")) == b"legacy"


async def test_a_write_to_a_candidate_that_is_down_falls_back_only_where_the_plan_says_so(
    rig: Rig,
) -> None:
    await rig.change(read_bp=10_000, writes_to="candidate")
    await rig.candidate.__aexit__(None, None, None)
    assert status_of(await get(rig.port, "/r/buy", method="POST", body=b"one")) == 503
    assert rig.legacy.asked == []
    await rig.change(writes_fall_back=True)
    assert body_of(await get(rig.port, "/r/buy", method="POST", body=b"one")) == b"legacy"
    assert [asked.body for asked in rig.legacy.asked] == [b"one"]


async def test_a_write_that_reached_the_candidate_never_falls_back(rig: Rig) -> None:
    for name, fault in FAULTS.items():
        await rig.change(name=name, read_bp=10_000, writes_to="candidate", writes_fall_back=True)
        await once(rig, fault)


async def test_a_retired_route_asks_legacy_nothing(rig: Rig) -> None:
    await rig.change(read_bp=10_000, writes_to="candidate", is_retired=True)
    assert body_of(await get(rig.port, "/r/1")) == b"candidate"
    rig.candidate.answer = fails
    assert status_of(await get(rig.port, "/r/1")) == 500
    assert status_of(await get(rig.port, "/r/1", method="PUT", body=b"x")) == 500
    assert rig.legacy.asked == []
    assert body_of(await get(rig.port, "/elsewhere")) == b"legacy"


async def test_without_a_fall_back_a_customer_sees_the_candidates_failure(tmp_path: Path) -> None:
    async with running(tmp_path / "gateway", read_bp=10_000, fall_back=None) as rig:
        rig.candidate.answer = fails
        assert status_of(await get(rig.port, "/r/1")) == 500
        assert rig.legacy.asked == []


async def test_legacy_alone_is_never_asked_twice(rig: Rig) -> None:
    await rig.change(read_bp=0)
    rig.legacy.answer = fails
    assert status_of(await get(rig.port, "/r/1")) == 500
    rig.legacy.answer = resets
    assert status_of(await get(rig.port, "/r/2")) == 503
    assert len(rig.legacy.asked) == 2


async def test_one_routes_failures_leave_the_others_with_the_candidate(tmp_path: Path) -> None:
    async with running(tmp_path / "gateway", read_bp=10_000) as rig:
        other = replace(rig.route, name="other", match=PathMatch("prefix", "/other/"))
        rig.spec = replace(rig.spec, routes=(rig.route, other))
        await rig.plane.apply(rig.spec)

        async def some(asked: Asked, writer: asyncio.StreamWriter) -> None:
            bad = asked.path.startswith("/r/")
            writer.write(ok(b"candidate", status=b"500 No" if bad else b"200 OK"))

        rig.candidate.answer = some
        for number in range(8):
            assert body_of(await get(rig.port, f"/r/{number}")) == b"legacy"

        async def is_out() -> bool:
            return await rig.plane.ejected() == {"r"}

        await until(is_out)
        assert body_of(await get(rig.port, "/other/1")) == b"candidate"


async def test_a_connection_that_legacy_closes_is_not_used_again(rig: Rig) -> None:
    """Keep-alive of a second, as servers have it: no request is lost to a connection just closed."""
    for number in range(3):
        raw = f"GET /{number} HTTP/1.1\r\nHost: a\r\n\r\nGET /b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
        told = await say(rig.port, raw.encode())
        assert told.count(b"200 OK") == 2
        old = rig.legacy
        await old.__aexit__(None, None, None)
        rig.legacy = Side("legacy", port=old.port)
        await rig.legacy.__aenter__()
    await rig.legacy.__aexit__(None, None, None)
