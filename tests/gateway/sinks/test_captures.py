"""A customer's request and its shadows are put together, within bounds."""

import asyncio
import gzip
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.comparison import Answer
from banyan.gateway.model import Arm, Exchange, Role
from banyan.gateway.sinks import Pairs, Sinks
from banyan.gateway.sinks.encodings import NotDecodable, decode
from banyan.gateway.sinks.pairing import WAIT_US, Captured
from tests.gateway.sinks.rig import WAIT_S, Rig, Side, answer, until, well


@pytest.fixture
async def sinks(rig: Rig) -> AsyncIterator[Sinks]:
    async with await Sinks.open(rig.reports, rig.capture) as sinks:
        yield sinks


async def exchanges(sinks: Sinks, count: int) -> list[Exchange]:
    taken: list[Exchange] = []
    async with asyncio.timeout(WAIT_S):
        while len(taken) < count:
            taken += sinks.take_exchanges(count)
            await asyncio.sleep(0.02)
    return taken


async def test_every_request_is_paired_with_both_shadows(rig: Rig, sinks: Sinks) -> None:
    async with httpx.AsyncClient(base_url=rig.url, timeout=WAIT_S) as client:
        for number in range(60):
            response = await client.get(
                f"/s/{number}?q=ü", headers={"cookie": f"banyan_device=c{number}"}
            )
            assert response.status_code == 200
    taken = await exchanges(sinks, 60)
    assert {one.path for one in taken} == {f"/s/{number}?q=%C3%BC" for number in range(60)}
    assert len({one.request_id for one in taken}) == 60
    assert {one.primary_arm for one in taken} == {"legacy", "candidate"}
    for one in taken:
        assert one.legacy
        assert one.candidate
        assert (one.route, one.method) == ("shown", "GET")
        assert (one.legacy.body, one.candidate.body) == (b"legacy", b"candidate")
        assert one.primary.body.decode() == one.primary_arm
        assert (one.primary.status, one.primary.header("content-length")) == (
            200, str(len(one.primary.body)),
        )  # fmt: skip
        assert not [name for name, _ in one.headers if name.startswith("x-banyan-")]
        assert not [name for name, _ in one.primary.headers if name.startswith("x-banyan-")]
    assert sinks.capture_counts()["paired"] == 60
    assert sinks.pairs.size_bytes == 0


async def test_a_shadow_that_breaks_off_has_no_status(rig: Rig, sinks: Sinks, legacy: Side) -> None:
    legacy.respond = well
    rig.kill()
    await rig.start(weight_bp=0)
    async with httpx.AsyncClient(base_url=rig.url, timeout=WAIT_S) as client:
        for path in ("/s/cut", "/s/reset", "/s/500"):
            assert (await client.get(path)).status_code == 200
    taken = await exchanges(sinks, 3)
    assert {one.path: one.candidate and one.candidate.status for one in taken} == {
        "/s/cut": 0, "/s/reset": 0, "/s/500": 500,
    }  # fmt: skip
    assert {one.legacy and one.legacy.status for one in taken} == {200}


async def test_bodies_are_decoded_and_cut(rig: Rig, sinks: Sinks, legacy: Side) -> None:
    plain = b"a line of text\n" * 100_000

    async def zipped(path: str, headers: dict[str, str], writer: asyncio.StreamWriter) -> None:
        del path, headers
        await answer(writer, gzip.compress(plain), content_encoding="gzip")

    legacy.respond = zipped
    rig.kill()
    await rig.start(weight_bp=0)
    async with httpx.AsyncClient(base_url=rig.url, timeout=WAIT_S) as client:
        assert (await client.get("/s/a")).content == plain
    (taken,) = await exchanges(sinks, 1)
    assert taken.primary.body == plain[:700_000]
    assert taken.primary.is_cut
    assert taken.legacy
    assert taken.legacy.body == taken.primary.body
    assert taken.candidate
    assert not taken.candidate.is_cut


async def test_a_customer_who_leaves_gives_no_exchange(
    rig: Rig, sinks: Sinks, legacy: Side, candidate: Side
) -> None:
    async with httpx.AsyncClient(base_url=rig.url, timeout=WAIT_S) as client:
        asking = asyncio.create_task(client.get("/s/hang"))
        await until(lambda: len(legacy.asked) + len(candidate.asked) >= 3)
        asking.cancel()
        await asyncio.wait({asking})
    await until(lambda: sinks.capture_counts()["incomplete"] > 0)
    legacy.let_go.set()
    candidate.let_go.set()
    assert sinks.take_exchanges(10) == []


async def test_excess_is_let_go_and_counted_while_customers_are_served(
    rig: Rig,
) -> None:
    pairs = Pairs(bytes_max=5_000, ready_max=3)
    async with await Sinks.open(rig.reports, rig.capture, pairs=pairs) as sinks:
        async with httpx.AsyncClient(base_url=rig.url, timeout=WAIT_S) as client:
            for number in range(30):
                assert (await client.get(f"/s/{number}")).status_code == 200
        await until(lambda: pairs.counts.captured >= 90)
        pairs.sweep(2**62)
        counts = sinks.capture_counts()
        assert counts["paired"] == len(sinks.take_exchanges(100)) <= 3
        assert counts["excess"] > 0
        assert pairs.size_bytes == pairs.pending == 0


async def test_writes_are_captured_with_the_candidate_alone(rig: Rig, sinks: Sinks) -> None:
    rig.kill()
    await rig.start()
    async with httpx.AsyncClient(base_url=rig.url, timeout=WAIT_S) as client:
        await client.post("/s/a", content=b"x=1")
    (taken,) = await exchanges(sinks, 1)
    assert (taken.method, taken.primary_arm, taken.legacy) == ("POST", "legacy", None)
    assert taken.candidate
    assert taken.candidate.body == b"candidate"


def part(
    role: Role, *, request_id: str = "1", method: str = "GET", arm: Arm = "legacy",
    body: bytes = b"12345", at_us: int = 0,
) -> Captured:  # fmt: skip
    return Captured(
        request_id=request_id, role=role, route="shown", method=method, path="/s", headers=(),
        arm=arm, answer=Answer(200, (), body), captured_at_us=at_us,
    )  # fmt: skip


@given(st.permutations(["primary", "legacy", "candidate"]))
def test_parts_pair_in_any_order(roles: list[Role]) -> None:
    pairs = Pairs()
    for role in roles:
        pairs.add(part(role))
        pairs.add(part(role))
    (exchange,) = pairs.take(10)
    assert exchange.legacy
    assert exchange.candidate
    # One part came again after the exchange was whole: it waits for nobody, and goes.
    assert (pairs.counts.paired, pairs.counts.repeated, pairs.pending) == (1, 2, 1)
    pairs.sweep(WAIT_US)
    assert (pairs.counts.unpaired, pairs.size_bytes) == (1, 0)


def test_a_baseline_that_never_comes_is_waited_for_but_not_needed() -> None:
    pairs = Pairs()
    pairs.add(part("primary"))
    pairs.add(part("candidate", body=b"7"))
    pairs.sweep(WAIT_US - 1)
    assert pairs.take(1) == []
    pairs.sweep(WAIT_US)
    (exchange,) = pairs.take(1)
    assert exchange.legacy is None
    assert pairs.size_bytes == 0


def test_what_waits_when_the_clock_is_set_back_keeps_nobody_waiting() -> None:
    pairs = Pairs()
    for request_id, at_us in (("1", 1_000 * WAIT_US), ("2", 0)):
        pairs.add(part("primary", request_id=request_id, at_us=at_us))
        pairs.add(part("candidate", request_id=request_id, at_us=at_us))
    pairs.sweep(WAIT_US)
    assert [exchange.request_id for exchange in pairs.take(2)] == ["1", "2"]


def test_the_other_side_is_needed() -> None:
    pairs = Pairs()
    pairs.add(part("primary", arm="candidate"))
    pairs.add(part("candidate"))
    pairs.sweep(WAIT_US)
    assert pairs.take(1) == []
    assert (pairs.counts.unpaired, pairs.size_bytes) == (1, 0)


def test_a_write_is_mirrored_to_the_candidate_alone() -> None:
    pairs = Pairs()
    pairs.add(part("candidate", method="POST"))
    pairs.add(part("primary", method="POST"))
    assert len(pairs.take(1)) == 1


def test_what_waits_is_bounded() -> None:
    pairs = Pairs(pending_max=2, bytes_max=18)
    for number in range(5):
        pairs.add(part("primary", request_id=str(number)))
    assert (pairs.pending, pairs.counts.excess, pairs.size_bytes) == (2, 3, 14)
    pairs.add(part("candidate", request_id="0"))
    assert (pairs.counts.excess, pairs.size_bytes) == (4, 14)


def test_headers_and_paths_take_memory_too() -> None:
    pairs = Pairs()
    long = (("cookie", "c" * 1_000),)
    for role in ("primary", "legacy", "candidate"):
        pairs.add(replace(part(role), headers=long, answer=Answer(200, long, b"12345")))
    assert pairs.size_bytes == 4 * 1_006 + 3 * 5 + len("/s")  # shadows' own headers are let go
    pairs.take(1)
    assert pairs.size_bytes == 0


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "", "identity", "GZIP, gzip"])
def test_encodings_are_undone(encoding: str) -> None:
    plain = b"0123456789" * 1_000
    body = {
        "gzip": gzip.compress(plain), "x-gzip": gzip.compress(plain),
        "deflate": zlib.compress(plain), "GZIP, gzip": gzip.compress(gzip.compress(plain)),
    }.get(encoding, plain)  # fmt: skip
    assert decode(body, encoding, bytes_max=1_000_000, is_cut=False) == (plain, False)
    if encoding not in {"", "identity", "GZIP, gzip"}:
        assert decode(body, encoding, bytes_max=5_000, is_cut=False) == (plain[:5_000], True)
        found, is_cut = decode(body[:-9], encoding, bytes_max=1_000_000, is_cut=True)
        assert plain.startswith(found)
        assert is_cut


def test_a_bare_deflate_stream_is_read() -> None:
    squeezer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    body = squeezer.compress(b"plain") + squeezer.flush()
    assert decode(body, "deflate", bytes_max=100, is_cut=False) == (b"plain", False)


@given(st.binary(min_size=1, max_size=200), st.sampled_from(["gzip", "deflate", "br", "zstd", "x"]))
def test_rubbish_is_refused_or_read_but_never_breaks(body: bytes, encoding: str) -> None:
    try:
        plain, _ = decode(body, encoding, bytes_max=50, is_cut=False)
    except NotDecodable:
        return
    assert len(plain) <= 50
