"""Every attempt and every answer is counted once, and a loss is seen."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Self

import httpx
import pytest

from banyan.gateway.model import Attempt, RouteCounts, Served
from banyan.gateway.sinks import Seen, Sinks
from tests.gateway.sinks.rig import WAIT_S, Rig, Side, until, well


class Heard:
    """Sinks that remember all they heard."""

    def __init__(self) -> None:
        self.attempts: list[Attempt] = []
        self.served: list[Served] = []
        self.seen: list[Seen] = []

    def __call__(self, attempts: Sequence[Attempt], served: Sequence[Served]) -> None:
        self.attempts += attempts
        self.served += served

    def total(self, route: str, count: Callable[[RouteCounts], int]) -> int:
        return sum(
            count(counts) for seen in self.seen for counts in seen.counts if counts.route == route
        )

    async def until(self, sinks: Sinks, rig: Rig, done: Callable[[Seen], bool]) -> Seen:
        """Take until something holds of what was taken last."""
        async with asyncio.timeout(WAIT_S):
            while True:
                self.seen.append(sinks.take(await rig.written()))
                if done(self.seen[-1]):
                    return self.seen[-1]
                await asyncio.sleep(0.05)


class Between:
    """Stands between Envoy and the sinks, and can swallow what passes."""

    def __init__(self, front: str, back: str) -> None:
        self._front, self._back = front.removeprefix("unix:"), back.removeprefix("unix:")
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.swallows = False
        self.swallowed = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_unix_server(self._connected, self._front)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        self.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        for writer in self._writers:
            writer.transport.abort()

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        back_reader, back_writer = await asyncio.open_unix_connection(self._back)
        self._writers |= {writer, back_writer}
        with suppress(ConnectionError):
            await asyncio.gather(
                self._pass(reader, back_writer, may_swallow=True),
                self._pass(back_reader, writer, may_swallow=False),
            )
        self._writers -= {writer, back_writer}

    async def _pass(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, may_swallow: bool
    ) -> None:
        while content := await reader.read(65_536):
            if may_swallow and self.swallows:
                self.swallowed += len(content)
            else:
                writer.write(content)
        writer.close()


@pytest.fixture
def heard() -> Heard:
    return Heard()


@pytest.fixture
async def sinks(rig: Rig, heard: Heard) -> AsyncIterator[Sinks]:
    async with await Sinks.open(rig.reports, rig.capture, listener=heard) as sinks:
        heard.seen.append(sinks.take(await rig.written()))
        yield sinks


async def ask(rig: Rig, *paths: str, customers: int = 1, method: str = "GET") -> Counter[int]:
    """The statuses of all paths, each asked by so many customers, eight at a time; 0: broken off."""
    statuses: Counter[int] = Counter()
    gate = asyncio.Semaphore(8)

    async def one(client: httpx.AsyncClient, path: str, customer: int) -> None:
        async with gate:
            headers = {"cookie": f"banyan_device=c{customer}"}
            try:
                response = await client.request(method, path, headers=headers)
            except httpx.RemoteProtocolError:
                statuses[0] += 1
            else:
                statuses[response.status_code] += 1

    async with httpx.AsyncClient(base_url=rig.url, timeout=WAIT_S) as client:
        await asyncio.gather(*(one(client, p, c) for p in paths for c in range(customers)))
    return statuses


def all_of(heard: Heard, served: int) -> Callable[[Seen], bool]:
    """Whether so many answers have been heard of, and all that Envoy has written."""
    return lambda seen: len(heard.served) >= served and not seen.standing.missing


async def test_every_attempt_and_answer_is_counted_once(
    rig: Rig, sinks: Sinks, heard: Heard, legacy: Side, candidate: Side
) -> None:
    statuses = await ask(rig, "/r/a", "/r/b", "/w/a", customers=150)
    await heard.until(sinks, rig, all_of(heard, 450))
    assert statuses == {200: 450}
    assert Counter(one.arm for one in heard.attempts) == {
        "legacy": len(legacy.asked), "candidate": len(candidate.asked),
    }  # fmt: skip
    assert len(heard.attempts) == 450
    assert {one.request_id for one in heard.attempts} == {one.request_id for one in heard.served}
    assert len(heard.served) == len({one.request_id for one in heard.served}) == 450
    assert 60 < heard.total("things", lambda c: c.candidate.attempts) < 240
    assert heard.total("things", lambda c: c.legacy.attempts + c.candidate.attempts) == 300
    assert heard.total("things", lambda c: sum(c.candidate.buckets.values())) == len(
        candidate.asked
    )
    assert heard.total("things", lambda c: c.served.attempts) == 300
    assert heard.total("words", lambda c: c.legacy.attempts) == 150
    assert heard.total("things", lambda c: c.fall_backs) == 0


async def test_customers_are_told_apart_and_keep_their_side(
    rig: Rig, sinks: Sinks, heard: Heard
) -> None:
    await ask(rig, "/r/a", "/r/b", "/r/c", customers=20)
    await heard.until(sinks, rig, all_of(heard, 60))
    sides = {(one.customer, one.assigned) for one in heard.served}
    assert sides == {(one.customer, one.arm) for one in heard.attempts}
    assert len({customer for customer, _ in sides}) == len(sides) == 20
    assert 0 not in {customer for customer, _ in sides}


@pytest.mark.parametrize("path", ["/r/500", "/r/reset", "/r/cut", "/r/hang"])
async def test_a_failure_of_the_candidate_is_seen_though_the_customer_never_saw_it(
    rig: Rig, sinks: Sinks, heard: Heard, legacy: Side, path: str
) -> None:
    legacy.respond = well
    statuses = await ask(rig, path, customers=20)
    await heard.until(sinks, rig, all_of(heard, 20))
    failed = [one for one in heard.attempts if one.arm == "candidate"]
    assert failed
    assert all(one.is_error for one in failed)
    assert heard.total("things", lambda c: c.candidate.errors) == len(failed)
    assert heard.total("things", lambda c: c.candidate.attempts) == len(failed)
    assert not heard.total("things", lambda c: sum(c.candidate.buckets.values()))
    assert not heard.total("things", lambda c: c.legacy.errors)
    assert statuses == {200: 20}
    fallen = [one for one in heard.served if one.assigned == "candidate"]
    assert {one.answered_by for one in fallen} == {"legacy"}
    # After some failures Envoy no longer asks the candidate: fewer attempts than fall-backs.
    assert heard.total("things", lambda c: c.fall_backs) == len(fallen) >= len(failed) >= 5
    assert heard.total("things", lambda c: c.served.errors) == 0


async def test_no_connection_is_a_failure_of_the_candidate(folder: Path, legacy: Side) -> None:
    async with Side("gone") as gone:
        pass
    heard = Heard()
    async with (
        Rig(folder, legacy, gone.port) as rig,
        await Sinks.open(rig.reports, rig.capture, listener=heard) as sinks,
    ):
        sinks.take(await rig.written())
        assert await ask(rig, "/r/a", customers=20) == {200: 20}
        await heard.until(sinks, rig, all_of(heard, 20))
    failed = [one for one in heard.attempts if one.arm == "candidate"]
    assert failed
    assert all(one.is_error and "UF" in one.flags for one in failed)
    assert heard.total("things", lambda c: c.fall_backs) >= len(failed) >= 5


async def test_no_side_is_told_who_asks(rig: Rig, sinks: Sinks, legacy: Side) -> None:
    assert await ask(rig, "/r/a", "/s/a", "/w/a", customers=10) == {200: 30}
    assert legacy.asked
    assert not [name for _, headers in legacy.asked for name in headers if "banyan" in name.lower()]


async def test_a_customer_who_leaves_says_nothing_of_the_side(
    rig: Rig, sinks: Sinks, heard: Heard, legacy: Side
) -> None:
    async with httpx.AsyncClient(base_url=rig.url, timeout=WAIT_S) as client:
        asking = asyncio.create_task(client.get("/w/hang"))
        await until(lambda: bool(legacy.asked))
        asking.cancel()
        await asyncio.wait({asking})
    await heard.until(sinks, rig, all_of(heard, 1))
    assert [one.is_censored for one in heard.attempts] == [True]
    assert [one.is_censored for one in heard.served] == [True]
    assert heard.total("words", lambda c: c.legacy.attempts + c.legacy.errors) == 0
    assert heard.total("words", lambda c: c.legacy.censored) == 1


async def test_a_side_that_says_nothing_until_the_timeout_has_failed(
    rig: Rig, sinks: Sinks, heard: Heard
) -> None:
    assert await ask(rig, "/t/hang", customers=3) == {504: 3}
    await heard.until(sinks, rig, all_of(heard, 3))
    assert [(one.is_error, one.is_censored) for one in heard.attempts] == [(True, False)] * 3
    assert heard.total("timed", lambda c: c.legacy.errors) == 3


async def test_a_customer_who_leaves_in_the_midst_of_sending_says_nothing_of_the_side(
    rig: Rig, sinks: Sinks, heard: Heard
) -> None:
    _, writer = await asyncio.open_connection("127.0.0.1", int(rig.url.rpartition(":")[2]))
    writer.write(b"POST /t/a HTTP/1.1\r\nhost: a\r\ncontent-length: 10\r\n\r\nhalf")
    await asyncio.sleep(0.5)  # longer than the route's timeout, which hasn't begun
    writer.close()
    await writer.wait_closed()
    await heard.until(sinks, rig, all_of(heard, 1))
    assert [one.is_censored for one in heard.attempts] == [True]


async def test_writes_are_counted_apart(rig: Rig, sinks: Sinks, heard: Heard) -> None:
    await ask(rig, "/r/a", customers=20, method="POST")
    await ask(rig, "/r/a", customers=20, method="PROPFIND")
    await heard.until(sinks, rig, all_of(heard, 40))
    writes = heard.total("things", lambda c: c.writes_legacy.attempts + c.writes_candidate.attempts)
    assert writes == 40
    assert heard.total("things", lambda c: c.legacy.attempts + c.candidate.attempts) == 0
    assert {one.method for one in heard.attempts} == {"POST", "OTHER"}


async def test_reports_are_whole_when_all_has_arrived(rig: Rig, sinks: Sinks, heard: Heard) -> None:
    await ask(rig, "/r/a", customers=50)
    seen = await heard.until(sinks, rig, lambda seen: seen.state.arrived == 100 and seen.is_whole)
    assert not any(one.standing.lost or one.standing.has_restarted for one in heard.seen)
    assert seen.state.written == 100
    assert seen.state.is_whole


async def test_a_lost_message_is_seen_and_what_follows_is_whole_again(
    folder: Path, legacy: Side, candidate: Side, heard: Heard
) -> None:
    async with (
        Rig(folder, legacy, candidate.port) as rig,
        await Sinks.open(f"unix:{folder}/behind.sock", rig.capture, listener=heard) as sinks,
        Between(rig.reports, sinks.reports) as between,
    ):
        sinks.take(await rig.written())
        await ask(rig, "/r/a", customers=10)
        await heard.until(sinks, rig, all_of(heard, 10))
        between.swallows = True
        assert await ask(rig, "/r/b", customers=40) == {200: 40}
        await heard.until(sinks, rig, lambda _: between.swallowed > 40 * 100)
        between.swallows = False
        between.cut()
        before = len(heard.served)
        # Newer entries than were lost arrive, and do not hide the loss.
        await ask(rig, "/r/c", customers=100)
        await heard.until(sinks, rig, lambda _: len(heard.served) > before + 40)
        seen = await heard.until(sinks, rig, lambda seen: seen.standing.lost > 0)
        assert not seen.is_whole
        assert all(counts.lost == seen.standing.lost for counts in seen.counts)
        seen = await heard.until(
            sinks, rig, lambda seen: seen.is_whole and not seen.standing.missing
        )
        assert seen.state.dropped == 2 * (150 - len(heard.served)) > 0


async def test_sinks_that_begin_late_have_a_gap_behind_them(rig: Rig, heard: Heard) -> None:
    await ask(rig, "/r/a", customers=10)
    async with await Sinks.open(rig.reports, rig.capture, listener=heard) as sinks:
        assert not sinks.take(await rig.written()).is_whole
        await ask(rig, "/r/a", customers=10)
        await heard.until(sinks, rig, lambda seen: seen.is_whole)


async def test_an_envoy_that_began_anew_leaves_a_gap(rig: Rig, sinks: Sinks, heard: Heard) -> None:
    await ask(rig, "/r/a", customers=10)
    await heard.until(sinks, rig, all_of(heard, 10))
    rig.kill()
    assert not sinks.take(None).standing.has_restarted
    await rig.start()
    seen = await heard.until(sinks, rig, lambda seen: seen.standing.has_restarted)
    assert not seen.is_whole
    await ask(rig, "/r/a", customers=10)
    await heard.until(sinks, rig, all_of(heard, 20))
    seen = await heard.until(sinks, rig, lambda seen: seen.is_whole)
    assert seen.state.written == seen.state.arrived == 20


async def test_a_sink_that_hangs_does_no_harm_to_customers(rig: Rig) -> None:
    """Nobody accepts on the sockets: the connection stands and nothing is read from it."""

    async def never(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        del reader
        await hanging.wait()
        writer.close()

    hanging = asyncio.Event()
    servers = [
        await asyncio.start_unix_server(never, path.removeprefix("unix:"))
        for path in (rig.reports, rig.capture)
    ]
    try:
        assert await ask(rig, "/r/a", "/s/a", customers=200) == {200: 400}
    finally:
        hanging.set()
        for server in servers:
            server.close()
