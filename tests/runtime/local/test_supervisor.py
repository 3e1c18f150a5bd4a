"""The supervisor: restarts, gives up, ends in order, and leaves nothing behind."""

import asyncio
import os
import signal
import subprocess
import sys
import textwrap
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from banyan.runtime.local import Child, StartError, Supervisor, find_server, supervisor

IDLE = [sys.executable, "-u", "-c", "print('up'); import time; time.sleep(60)"]
TELLS_ITS_END = """
import signal, sys, time
def end(*_):
    open(sys.argv[1], "a").write(sys.argv[2] + "\\n")
    sys.exit(0)
signal.signal(signal.SIGTERM, end)
print("up", flush=True)
time.sleep(60)
"""


def is_up(log: Path) -> Callable[[], Awaitable[bool]]:
    """Ready once the child has said so."""

    def has_said_so() -> bool:
        return log.exists() and "up" in log.read_text()

    async def ready() -> bool:
        return has_said_so()

    return ready


async def until(is_so: Callable[[], bool]) -> None:
    async with asyncio.timeout(10):
        while not is_so():  # noqa: ASYNC110 - other processes set no event of ours
            await asyncio.sleep(0.01)


async def keep(child: Child, logs: Path) -> None:
    async with Supervisor(logs) as running:
        await running.start(child)
        await running.wait()


def is_alive(pid: int) -> bool:
    """Running, and not only waiting for somebody to ask for its exit code."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False


async def test_a_child_can_be_ended_before_the_others(tmp_path: Path) -> None:
    said: list[str] = []
    async with Supervisor(tmp_path, say=said.append) as running:
        await running.start(Child("api", IDLE, ready=is_up(tmp_path / "api.log")))
        await running.start(Child("guest", IDLE, ready=is_up(tmp_path / "guest.log")))
        api, guest = running.pid_of("api"), running.pid_of("guest")
        await running.end("guest")
        assert (is_alive(guest), is_alive(api)) == (False, True)
    assert not is_alive(api)
    assert said == []


async def test_a_guest_may_end_and_is_ended_first(tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    said: list[str] = []
    async with Supervisor(tmp_path, say=said.append) as running:
        argv = [sys.executable, "-u", "-c", TELLS_ITS_END, str(ends)]
        await running.start(Child("api", [*argv, "api"], ready=is_up(tmp_path / "api.log")))
        short = await running.invite([sys.executable, "-c", "raise SystemExit(3)"], {})
        assert await short.wait() == 3
        begun = tmp_path / "begun"
        told = TELLS_ITS_END.replace(
            'print("up", flush=True)', f"open({str(begun)!r}, 'w').close()"
        )
        guest = await running.invite([sys.executable, "-c", told, str(ends), "guest"], {})
        await until(begun.exists)
    assert guest.returncode == 0
    assert ends.read_text() == "guest\napi\n"
    assert said == []


async def test_a_killed_child_is_started_again(tmp_path: Path) -> None:
    said: list[str] = []
    async with Supervisor(tmp_path, say=said.append) as running:
        await running.start(Child("api", IDLE, ready=is_up(tmp_path / "api.log")))
        first = running.pid_of("api")
        os.kill(first, signal.SIGKILL)
        await until(lambda: running.pid_of("api") != first)
        second = running.pid_of("api")
        await until(lambda: (tmp_path / "api.log").read_text() == "up\nup\n")
    assert not is_alive(second)
    assert said == [f"api ended (SIGKILL); starting it again. Its log is {tmp_path / 'api.log'}."]


async def test_a_hopeless_child_ends_the_block(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(supervisor, "PAUSE_FIRST_S", 0.001)
    hopeless = Child("worker", [sys.executable, "-c", "raise SystemExit('no such table')"])
    with pytest.raises(StartError, match=r"worker died 5 times .*'no such table'"):
        await keep(hopeless, tmp_path)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_ends_the_children_last_first(tmp_path: Path, number: int) -> None:
    ends = tmp_path / "ends"
    async with Supervisor(tmp_path) as running:
        for name in ("worker", "api"):
            argv = [sys.executable, "-c", TELLS_ITS_END, str(ends), name]
            await running.start(Child(name, argv, ready=is_up(tmp_path / f"{name}.log")))
        os.kill(os.getpid(), number)
        await running.wait()
    assert ends.read_text() == "api\nworker\n"


async def test_a_second_signal_kills_a_child_that_will_not_end(tmp_path: Path) -> None:
    deaf = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
    async with Supervisor(tmp_path) as running:
        argv = [sys.executable, "-c", deaf]
        await running.start(Child("api", argv, ready=is_up(tmp_path / "api.log")))
        loop = asyncio.get_running_loop()
        os.kill(os.getpid(), signal.SIGINT)
        loop.call_later(0.1, os.kill, os.getpid(), signal.SIGINT)
        loop.call_later(2 * supervisor.AGAIN_S, os.kill, os.getpid(), signal.SIGINT)
        started = loop.time()
        await running.wait()
    assert loop.time() - started < 5


async def test_a_signal_that_comes_twice_at_once_is_one(tmp_path: Path) -> None:
    """As from `timeout`, which tells a process, and its group."""
    ends = tmp_path / "ends"
    slow = TELLS_ITS_END.replace("open(", "time.sleep(0.3); open(")
    async with Supervisor(tmp_path) as running:
        argv = [sys.executable, "-c", slow, str(ends), "api"]
        await running.start(Child("api", argv, ready=is_up(tmp_path / "api.log")))
        os.kill(os.getpid(), signal.SIGTERM)
        asyncio.get_running_loop().call_later(0.05, os.kill, os.getpid(), signal.SIGTERM)
        await running.wait()
    assert ends.read_text() == "api\n"


async def test_a_guest_is_told_again_and_what_comes_after_it_is_done(tmp_path: Path) -> None:
    ends = tmp_path / "ends"
    begun = tmp_path / "begun"
    # Ends at the second telling only, as a guest does that has children of its own to wait for.
    twice = f"""
import signal, sys, time
told = []
def end(*_):
    told.append(1)
    if len(told) == 2:
        open({str(ends)!r}, "a").write("guest\\n")
        sys.exit(0)
signal.signal(signal.SIGTERM, end)
open({str(begun)!r}, "w").close()
while True: time.sleep(60)
"""

    async def after() -> None:
        with ends.open("a") as file:
            file.write("after\n")

    async with Supervisor(tmp_path) as running:
        running.after_guests(after)
        await running.invite([sys.executable, "-c", twice], {})
        await until(begun.exists)
        os.kill(os.getpid(), signal.SIGTERM)
        again_s = 2 * supervisor.AGAIN_S
        asyncio.get_running_loop().call_later(again_s, os.kill, os.getpid(), signal.SIGTERM)
        await running.wait()
    assert ends.read_text() == "guest\nafter\n"


async def test_an_error_in_the_block_ends_the_children_and_is_told(tmp_path: Path) -> None:
    pids: list[int] = []

    async def fail() -> None:
        async with Supervisor(tmp_path) as running:
            await running.start(Child("api", IDLE))
            pids.append(running.pid_of("api"))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert not is_alive(pids[0])


def a_supervisor(folder: Path) -> tuple[subprocess.Popen[bytes], int]:
    """Another process that supervises PostgreSQL and one child, and the pid of that child."""
    program = textwrap.dedent("""
        import asyncio, sys
        from pathlib import Path
        from banyan.runtime.local import Child, Supervisor
        async def main(folder):
            async with Supervisor(folder) as running:
                await running.start_postgres(folder / "postgres")
                await running.start(Child("api", ["sleep", "60"]))
                print(running.pid_of("api"), flush=True)
                await running.wait()
        asyncio.run(main(Path(sys.argv[1])))
    """)
    process = subprocess.Popen([sys.executable, "-c", program, folder], stdout=subprocess.PIPE)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


async def test_a_child_dies_with_a_killed_supervisor_and_postgresql_does_not(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "postgres"
    process, child = await asyncio.to_thread(a_supervisor, tmp_path)
    with process:
        process.kill()
    await until(lambda: not is_alive(child))
    left = find_server(folder)
    assert left is not None
    async with Supervisor(tmp_path) as running:
        adopted = await running.start_postgres(folder)
        assert adopted.pid == left.pid
        os.kill(adopted.pid, signal.SIGKILL)
        await until(lambda: (again := find_server(folder)) is not None and again.pid != left.pid)
    assert find_server(folder) is None
