"""Experiments: control's callers notice nothing, whatever the candidate does."""

import asyncio
import gc
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

import pytest

from banyan.experiment import Experiment, Figures, IgnoreRule, Reporter
from banyan.experiment.runs import Run
from tests.experiment.conftest import divergences


class Refused(Exception):
    pass


def refuse() -> Any:
    raise Refused("not today")


async def _flushed(reporter: Reporter, compared: int) -> Figures:
    """Once so many runs are compared and sent."""
    await _until(lambda: reporter.figures.compared >= compared)
    assert await asyncio.to_thread(reporter.flush)
    return reporter.figures


async def _until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not is_so():  # noqa: ASYNC110  # another thread makes it so
            await asyncio.sleep(0.01)


async def test_what_differs_arrives_masked_and_what_is_equal_is_counted(
    api: tuple[str, str], reporter: Reporter
) -> None:
    experiment = Experiment("basket_total", reporter, ignore=["$.at"], version="v2")

    def control(n: int) -> Any:
        return {"total": n, "email": "ann@example.org", "at": n}

    def candidate(n: int) -> Any:
        return {"total": str(n) if n == 3 else n, "email": "bob@example.org" if n == 3 else
                "ann@example.org", "at": -n}  # fmt: skip

    total = experiment.beside(candidate, context=lambda n: {"n": str(n), "user": "ann@x.org"})(
        control
    )
    assert [(await asyncio.to_thread(total, n))["total"] for n in range(5)] == [0, 1, 2, 3, 4]
    figures = await _flushed(reporter, 5)
    assert (figures.compared, figures.different, figures.sent, figures.dropped) == (5, 1, 5, 0)
    [one] = await divergences(api)
    assert (one["route"], one["title"]) == (
        "basket_total",
        "total is a text in the candidate, a number in legacy",
    )
    assert one["also"] == ["changed $.email"]
    [example] = one["examples"]
    assert example["context"]["n"] == "3"
    assert "ann" not in str(one)
    assert "bob" not in str(one)


async def test_controls_exceptions_are_raised_and_the_candidates_reported(
    api: tuple[str, str], reporter: Reporter
) -> None:
    experiment = Experiment("refusing", reporter)
    assert experiment.run(lambda: 1, refuse) == 1
    with pytest.raises(Refused, match="not today"):
        experiment.run(refuse, lambda: 1)
    with pytest.raises(Refused):
        experiment.run(refuse, refuse)

    def exits() -> Any:
        sys.exit("the candidate exits")

    assert experiment.run(lambda: 2, exits) == 2
    figures = await _flushed(reporter, 4)
    assert (figures.compared, figures.different) == (4, 3)
    assert {one["title"] for one in await divergences(api)} == {
        "The candidate raises Refused",
        "Legacy raises Refused, the candidate doesn't",
        "The candidate raises SystemExit",
    }


async def test_a_hanging_candidate_delays_nobody_and_is_reported(
    api: tuple[str, str], reporter: Reporter
) -> None:
    end = threading.Event()
    experiment = Experiment("hanging", reporter, deadline_s=0.05, threads_max=2)
    for n in range(6):
        assert experiment.run(lambda n=n: n, end.wait) == n
    figures = await _flushed(reporter, 2)
    assert (figures.compared, figures.different, figures.skipped) == (2, 2, 4)
    end.set()
    [one] = await divergences(api)
    assert one["title"] == "The candidate takes longer than it may"


async def test_each_side_begins_about_as_often(alone: Reporter) -> None:
    first: Counter[str] = Counter()
    experiment = Experiment("order", alone, threads_max=1)
    for n in range(200):
        order: list[str] = []
        experiment.run(
            lambda order=order: order.append("control"),
            lambda order=order: order.append("candidate"),
        )
        await _until(lambda n=n: alone.figures.compared + alone.figures.skipped > n)
        first[order[0]] += 1
    assert min(first["control"], first["candidate"]) > 20


async def test_only_the_sample_asks_both_and_nothing_when_it_is_off(alone: Reporter) -> None:
    asked: Counter[str] = Counter()

    def candidate() -> int:
        asked["candidate"] += 1
        return 1

    is_on = True
    for experiment in (
        Experiment("never", alone, sample_bp=0),
        Experiment("off", alone, is_enabled=False, serve_candidate_bp=10_000),
        Experiment("asked", alone, is_enabled=lambda: not is_on, serve_candidate_bp=10_000),
    ):
        for n in range(50):
            assert experiment.run(lambda: 1, candidate, sticky=str(n)) == 1
    assert asked["candidate"] == 0
    some = Experiment("some", alone, sample_bp=5_000, threads_max=1_000)
    for _ in range(400):
        some.run(lambda: 1, candidate)
    figures = await _flushed(alone, asked["candidate"])
    assert 100 < figures.compared < 300


async def test_a_key_is_always_answered_by_the_same_side_and_more_as_it_ramps(
    alone: Reporter,
) -> None:
    experiment = Experiment("ramp", alone, sample_bp=0)

    def served(bp: int) -> set[int]:
        experiment.serve_candidate_bp = bp
        return {n for n in range(500) if experiment.serves_candidate(f"user {n}")}

    steps = [served(bp) for bp in (0, 100, 1_000, 5_000, 10_000)]
    assert (len(steps[0]), len(steps[-1])) == (0, 500)
    assert all(before <= after for before, after in pairwise(steps))
    assert 200 < len(served(5_000)) < 300
    assert served(5_000) == steps[3]
    assert not experiment.serves_candidate(None)
    assert experiment.run(lambda: "old", lambda: "new", sticky="user 1") == (
        "new" if 1 in steps[3] else "old"
    )


@pytest.mark.parametrize("sample_bp", [0, 10_000])
async def test_a_served_candidate_that_fails_is_replaced_by_control(
    api: tuple[str, str], reporter: Reporter, sample_bp: int
) -> None:
    experiment = Experiment(
        "served", reporter, sample_bp=sample_bp, serve_candidate_bp=10_000, deadline_s=0.2
    )
    end = threading.Event()
    assert experiment.run(lambda: "old", lambda: "new", sticky="a") == "new"
    assert experiment.run(lambda: "old", refuse, sticky="a") == "old"
    assert experiment.run(lambda: "old", end.wait, sticky="a") == "old"
    if sample_bp:
        assert experiment.run(refuse, lambda: "new", sticky="a") == "new"
    figures = await _flushed(reporter, 4 if sample_bp else 2)
    end.set()
    assert figures.different == (4 if sample_bp else 2)
    assert {"The candidate raises Refused", "The candidate takes longer than it may"} <= {
        one["title"] for one in await divergences(api)
    }


async def test_coroutines(api: tuple[str, str], reporter: Reporter) -> None:
    experiment = Experiment("coroutines", reporter, deadline_s=0.05, threads_max=100)
    begun = asyncio.Event()

    async def hang(n: int) -> int:
        begun.set()
        await asyncio.Event().wait()
        return n

    @experiment.beside(hang)
    async def control(n: int) -> int:
        await asyncio.sleep(0)
        return n

    assert asyncio.iscoroutinefunction(control)
    assert await control(1) == 1
    await begun.wait()

    async def fail() -> int:
        raise Refused("no")

    async def work() -> int:
        return 2

    assert await experiment.run_async(work, fail) == 2
    with pytest.raises(Refused):
        await experiment.run_async(fail, work)
    async with experiment.trial_async() as trial:
        trial.control(control, 5)
        trial.candidate(work)
    assert trial.result == 5
    experiment.serve_candidate_bp = 10_000
    assert await experiment.run_async(fail, work, sticky="a") == 2
    assert await experiment.run_async(work, fail, sticky="a") == 2
    figures = await _flushed(reporter, 6)
    assert figures.different >= 5
    assert "The candidate takes longer than it may" in {
        one["title"] for one in await divergences(api)
    }


async def test_a_cancelled_caller_is_cancelled(alone: Reporter) -> None:
    experiment = Experiment("cancelled", alone)

    async def long() -> None:
        await asyncio.Event().wait()

    async def short() -> None:
        return None

    for _ in range(10):
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(experiment.run_async(long, short), 0.02)
    await _until(lambda: not _runs())
    assert alone.figures == Figures()


async def test_who_is_ended_is_ended_whatever_the_candidate_says(alone: Reporter) -> None:
    experiment = Experiment("ended", alone, threads_max=1)

    def interrupted() -> str:
        raise KeyboardInterrupt

    for _ in range(10):
        with pytest.raises(KeyboardInterrupt):
            await asyncio.to_thread(experiment.run, interrupted, lambda: "new")
        await _until(lambda: not _runs())
    experiment.serve_candidate_bp = 10_000
    with pytest.raises(KeyboardInterrupt):
        experiment.run(interrupted, lambda: "new", sticky="a")
    await _until(lambda: not _runs())
    experiment.serve_candidate_bp = 0
    skipped = alone.figures.skipped
    assert experiment.run(lambda: 1, lambda: 1) == 1
    await _until(lambda: alone.figures.compared == 1)
    assert alone.figures.skipped == skipped


async def test_runs_whose_candidate_never_began_are_forgotten(alone: Reporter) -> None:
    end = threading.Event()
    experiment = Experiment("full", alone, deadline_s=0.05, threads_max=1)
    for n in range(50):
        assert experiment.run(lambda n=n: n, end.wait) == n
    assert alone.figures.skipped == 49
    await _until(lambda: _runs() <= 1)
    end.set()


def _runs() -> int:
    gc.collect()
    return sum(type(one) is Run for one in gc.get_objects())


async def test_a_trial_as_a_block(alone: Reporter) -> None:
    experiment = Experiment("block", alone)
    with experiment.trial(context={"page": "basket"}) as trial:
        trial.control(sum, [1, 2])
        trial.candidate(sum, (1, 2))
    assert trial.result == 3
    assert (await _flushed(alone, 1)).different == 0
    with pytest.raises(Refused), experiment.trial() as trial:
        trial.control(refuse)
        trial.candidate(sum, (1, 2))


async def test_values_are_compared_as_they_were_and_cleaned(alone: Reporter) -> None:
    @dataclass
    class Basket:
        lines: list[int]
        user: str

    go_on = threading.Event()

    def candidate() -> Basket:
        go_on.wait(5)
        return Basket([1, 2], "B")

    def clean(basket: Basket) -> list[int]:
        return basket.lines

    experiment = Experiment("cleaned", alone, deadline_s=10, clean=clean)
    value = experiment.run(lambda: Basket([1, 2], "A"), candidate)
    value.lines.append(3)  # what the caller does with it is not the candidate's fault
    go_on.set()
    assert (await _flushed(alone, 1)).different == 0

    broken = Experiment("broken", alone, clean=lambda basket: basket.nothing)
    assert broken.run(lambda: Basket([], ""), lambda: Basket([], "")) == Basket([], "")


async def test_rules_and_context_variables(alone: Reporter) -> None:
    variable: ContextVar[str] = ContextVar("variable")
    variable.set("seen")
    rules = [IgnoreRule(pattern=r"req-\d+")]
    experiment = Experiment("rules", alone, ignore=rules, numbers=0.01, unordered=["$.tags"])
    experiment.run(
        lambda: {"m": "req-1", "n": 100, "tags": [1, 2], "v": "seen"},
        lambda: {"m": "req-2", "n": 100.5, "tags": [2, 1], "v": variable.get()},
    )
    assert (await _flushed(alone, 1)).different == 0


async def test_a_banyan_that_is_away_hurts_nobody() -> None:
    reporter = Reporter("http://127.0.0.1:9", "bk_test_x", every_s=0.01, queue_max=5)
    experiment = Experiment("away", reporter, threads_max=100)
    for n in range(50):
        assert experiment.run(lambda n=n: n, lambda: 0) == n
    await _until(lambda: reporter.figures.dropped > 0)
    await asyncio.to_thread(reporter.close)
    assert reporter.figures.sent == 0


async def test_a_key_that_is_refused_is_not_tried_again(api: tuple[str, str]) -> None:
    reporter = Reporter(api[0], "bk_test_wrong", every_s=60)
    Experiment("refused", reporter).run(lambda: 1, lambda: 2)
    figures = await _flushed(reporter, 1)
    assert (figures.sent, figures.dropped) == (0, 1)
    await asyncio.to_thread(reporter.close)


def test_importing_it_loads_no_driver_and_no_framework() -> None:
    code = (
        "import sys, banyan.experiment\n"
        "heavy = {'psycopg', 'starlette', 'banyan.runtime', 'lxml', 'httpx'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_what_is_left_is_sent_when_the_process_ends_and_a_fork_has_its_own_thread() -> None:
    """A server that counts stands in: what matters is that the reports arrive."""
    code = """
import json, os, threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
seen = []
class Count(BaseHTTPRequestHandler):
    def do_POST(self):
        seen.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
        self.send_response(201); self.send_header("content-length", "2"); self.end_headers()
        self.wfile.write(b"{}")
    def log_message(self, *args): pass
server = ThreadingHTTPServer(("127.0.0.1", 0), Count)
threading.Thread(target=server.serve_forever, daemon=True).start()
from banyan.experiment import Experiment, Reporter
reporter = Reporter(f"http://127.0.0.1:{server.server_port}", "k", every_s=60)
experiment = Experiment("forked", reporter)
done = threading.Event()
def go():
    experiment.run(lambda: 1, lambda: 2)
    while not reporter.figures.compared: done.wait(0.01)
go()
child = os.fork()
if child == 0:
    assert reporter.figures.compared == 1
    experiment.run(lambda: 1, lambda: 2)
    while reporter.figures.compared != 1 or reporter.figures.sent: done.wait(0.01)
    reporter.close()
    os._exit(0 if reporter.figures.sent == 1 else 1)
assert os.waitpid(child, 0)[1] == 0
import atexit
atexit.register(lambda: None)
atexit._run_exitfuncs()
print(sum(len(one["observations"]) for one in seen))
"""
    ran = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", code],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout.strip()) == (0, "2"), ran.stderr


async def test_a_redirect_is_not_followed_with_the_key() -> None:
    asked: list[str] = []

    class Redirect(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self._answer()

        def do_GET(self) -> None:
            self._answer()

        def _answer(self) -> None:
            asked.append(f"{self.path} {self.headers['Authorization']}")
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.end_headers()

        def log_message(self, *_: object, **__: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Redirect) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        reporter = Reporter(f"http://127.0.0.1:{server.server_port}", "bk_test_x", every_s=60)
        Experiment("moved", reporter).run(lambda: 1, lambda: 2)
        figures = await _flushed(reporter, 1)
        await asyncio.to_thread(reporter.close)
        server.shutdown()
    assert (figures.sent, figures.dropped) == (0, 1)
    assert asked == ["/v1/divergence_reports Bearer bk_test_x"]
