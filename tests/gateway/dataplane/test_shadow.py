"""Requests that are asked of the other side too, where no customer sees or waits for it."""

import asyncio
from pathlib import Path

from banyan.gateway import Shadow
from tests.gateway.dataplane.rig import Asked, Rig, body_of, get, running, status_of, until

ALL = Shadow(sample_bp=10_000)


async def asked(rig: Rig, legacy: int, candidate: int) -> None:
    async def have_come() -> bool:
        return (len(rig.legacy.asked), len(rig.candidate.asked)) == (legacy, candidate)

    await until(have_come)


async def test_both_sides_are_asked_the_same_once_more(tmp_path: Path) -> None:
    async with running(tmp_path / "gateway", shadow=ALL) as rig:
        headers = (
            "Cookie: a=1; banyan_device=0123456789abcde",
            "X-Forwarded-For: 192.0.2.9",
            "X-Odd: 1",
        )
        assert body_of(await get(rig.port, "/r//a?b=%2f", *headers)) == b"legacy"
        await asked(rig, legacy=2, candidate=1)
        first = rig.legacy.asked[0]
        for mirrored in (*rig.legacy.asked[1:], *rig.candidate.asked):
            assert mirrored.line == first.line
            lower = {(name.lower(), value) for name, value in mirrored.headers}
            assert lower == {(name.lower(), value) for name, value in first.headers}
        await rig.change(read_bp=10_000)
        assert body_of(await get(rig.port, "/r/1", *headers)) == b"candidate"
        await asked(rig, legacy=3, candidate=3)


async def test_only_a_sample_is_mirrored(tmp_path: Path) -> None:
    async with running(tmp_path / "gateway", shadow=Shadow(sample_bp=3_000)) as rig:
        for number in range(200):
            await get(rig.port, f"/r/{number}")

        async def some_have_come() -> bool:
            return len(rig.candidate.asked) > 25

        await until(some_have_come)
        assert len(rig.candidate.asked) < 100
        await get(rig.port, "/elsewhere")
        assert rig.candidate.of("/elsewhere") == []


async def test_writes_are_mirrored_only_where_the_plan_says_so(tmp_path: Path) -> None:
    async with running(tmp_path / "gateway", shadow=ALL) as rig:
        await get(rig.port, "/r/never", method="POST", body=b"x")
        await rig.change(shadow=Shadow(sample_bp=10_000, writes="safe"))
        await get(rig.port, "/r/safe", method="POST", body=b"one")
        await asked(rig, legacy=2, candidate=1)
        header = ("x-dry-run", "100%")
        await rig.change(shadow=Shadow(sample_bp=10_000, writes="dry_run", dry_run_header=header))
        await get(rig.port, "/r/dry", method="PUT", body=b"two")
        await asked(rig, legacy=3, candidate=2)
        await get(rig.port, "/r/read")
        await asked(rig, legacy=5, candidate=3)
        assert [one.body for one in rig.candidate.asked] == [b"one", b"two", b""]
        assert [one.get("x-dry-run") for one in rig.candidate.asked] == [None, "100%", None]
        assert {one.get("x-dry-run") for one in rig.legacy.asked} == {None}
        # Writes that the candidate takes are nobody else's.
        await rig.change(writes_to="candidate")
        await get(rig.port, "/r/taken", method="POST", body=b"three")
        await asked(rig, legacy=5, candidate=4)


async def test_a_shadow_that_hangs_or_fails_is_nobodys_trouble(tmp_path: Path) -> None:
    async with running(tmp_path / "gateway", shadow=ALL) as rig:
        release = asyncio.Event()

        async def hangs(_: Asked, writer: asyncio.StreamWriter) -> None:
            await release.wait()
            writer.transport.abort()

        rig.candidate.answer = hangs
        told = await asyncio.gather(*(get(rig.port, f"/r/{number}") for number in range(300)))
        assert {status_of(one) for one in told} == {200}
        assert {body_of(one) for one in told} == {b"legacy"}
        assert len(rig.candidate.asked) <= 64  # at a time; the rest was dropped, not queued
        await get(rig.port, "/r/late")

        async def legacy_has_its_copy() -> bool:
            return len(rig.legacy.of("/r/late")) == 2

        await until(legacy_has_its_copy)
        release.set()
