"""Both sides under load: what is asked, what is counted, and when it stops."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from banyan.migration.measuring import Load, measure
from banyan.migration.model.report import LoadRun, Measurement
from banyan.migration.rules.report import capacity_of
from tests.migration.report.minutes import BEGAN

SHORT = Load(seconds=0.15, rounds=2, clients=(1, 2, 4), warm_up=3, timeout_s=2)


class Side:
    """A server that answers everything with one status, and remembers what it was asked."""

    def __init__(self, status: int) -> None:
        self.status = status
        self.asked: Counter[str] = Counter()
        self.address = ""

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                self.asked[head.split(b" HTTP/")[0].decode()] += 1
                if self.status == 0:
                    break
                writer.write(b"HTTP/1.1 %d X\r\ncontent-length: 2\r\n\r\nok" % self.status)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionResetError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def serving(status: int) -> AsyncIterator[Side]:
    side = Side(status)
    server = await asyncio.start_server(side.answer, "127.0.0.1", 0)
    side.address = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    try:
        yield side
    finally:
        server.close()


async def measured(legacy: Side, candidate: Side, *, load: Load = SHORT) -> Measurement:
    return await measure(
        "product",
        ["/product/1", "/product/2"],
        legacy=legacy.address,
        candidate=candidate.address,
        load=load,
        at=BEGAN,
        by="ada",
    )


def asked_for(run: LoadRun) -> int:
    return sum(point.requests for point in run.points)


async def test_both_sides_are_asked_in_turns_for_the_named_paths_only() -> None:
    async with serving(200) as legacy, serving(200) as candidate:
        found = await measured(legacy, candidate)
    assert [run.side for run in found.runs] == ["legacy", "candidate", "candidate", "legacy"]
    for side, runs in ((legacy, found.runs[::3]), (candidate, found.runs[1:3])):
        assert set(side.asked) == {"GET /product/1", "GET /product/2"}
        assert sum(side.asked.values()) == sum(asked_for(run) for run in runs) + 2 * SHORT.warm_up
    assert [point.errors for run in found.runs for point in run.points] == [0] * sum(
        len(run.points) for run in found.runs
    )
    assert capacity_of(found) is not None


async def test_errors_are_counted_and_end_the_rise() -> None:
    async with serving(200) as legacy, serving(503) as candidate:
        found = await measured(legacy, candidate)
    failing = [run for run in found.runs if run.side == "candidate"]
    for run in failing:
        (point,) = run.points
        assert point.errors == point.requests > 0
    assert capacity_of(found) is None


async def test_a_side_that_hangs_up_is_one_that_fails() -> None:
    async with serving(200) as legacy, serving(0) as candidate:
        found = await measured(legacy, candidate)
    (point,) = found.runs[1].points
    assert point.errors == point.requests > 0
    assert point.per_second == 0
