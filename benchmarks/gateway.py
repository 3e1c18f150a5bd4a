"""What the gateway adds to a request, beside plain Envoy and nginx, and how soon a change is in use.

    python benchmarks/gateway.py latency [--seconds 2] [--rounds 5] [--connections 32]
    python benchmarks/gateway.py effect [--changes 200]

`latency` puts each of them in front of the same origin (an nginx that answers 200 with 1 KB) and loads it with
wrk, over one connection for latency and over many for processor time. Rounds alternate between them and medians
are shown. The customers are many, half of whom are the candidate's; reports and captures are heard by a
process that counts them. `effect` changes the weight of a route under load, from the call until the first
answer from the other side.

Both need wrk, and `latency` nginx: `apt-get install --no-install-recommends wrk nginx-light`.
"""

import argparse
import asyncio
import contextlib
import json
import re
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import psutil

from banyan.gateway import (
    DataPlane,
    GatewaySpec,
    PathMatch,
    RouteSpec,
    Shadow,
    Sinks,
    Upstream,
    find_envoy,
)

BODY = "x" * 1024
CUSTOMERS = """
local number = 0
request = function()
  number = (number + 7919) % 100000
  wrk.headers["Cookie"] = string.format("banyan_device=%015x", number * 1000003)
  return wrk.format()
end
"""
_LATENCY = re.compile(r"(50|99)%\s+([\d.]+)(us|ms|s)")
_UNITS = {"us": 0.001, "ms": 1.0, "s": 1000.0}
TYPE = "type.googleapis.com/envoy.extensions.filters"


@dataclass(frozen=True, slots=True)
class Load:
    """What one round of wrk gave."""

    requests: int
    failed: int
    p50_ms: float
    p99_ms: float
    cpu_us: float


@dataclass(frozen=True, slots=True)
class Contender:
    name: str
    url: str
    pids: tuple[int, ...]


def need(*programs: str) -> None:
    missing = [program for program in programs if shutil.which(program) is None]
    if missing:
        sys.exit(
            f"{' and '.join(missing)} not found: apt-get install --no-install-recommends wrk nginx-light"
        )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


async def load(contender: Contender, script: Path, seconds: float, connections: int) -> Load:
    before = cpu_s(contender.pids)
    process = await asyncio.create_subprocess_exec(
        *("wrk", "-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--latency", "-s", str(script)),
        contender.url,
        stdout=subprocess.PIPE,
    )
    said = (await process.communicate())[0].decode()
    used = cpu_s(contender.pids) - before
    found = re.search(r"(\d+) requests in", said)
    assert found, said
    requests = int(found[1])
    failed = sum(int(n) for n in re.findall(r"Non-2xx or 3xx responses: (\d+)", said))
    at = {part: float(value) * _UNITS[unit] for part, value, unit in _LATENCY.findall(said)}
    return Load(requests, failed, at["50"], at["99"], used / max(requests, 1) * 1e6)


def cpu_s(pids: tuple[int, ...]) -> float:
    total = 0.0
    for pid in pids:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            times = process.cpu_times()
            total += times.user + times.system
    return total


@contextlib.contextmanager
def nginx(folder: Path, name: str, server: str) -> Iterator[tuple[int, int]]:
    """An nginx of one worker on a loopback port; its port and pid."""
    port = free_port()
    place = folder / name
    place.mkdir()
    config = place / "nginx.conf"
    config.write_text(f"""
        daemon off; master_process on; worker_processes 1; pid {place}/pid; error_log {place}/error.log;
        events {{ worker_connections 1024; }}
        http {{
            access_log off; keepalive_requests 1000000000; client_body_temp_path {place};
            proxy_temp_path {place}; fastcgi_temp_path {place}; uwsgi_temp_path {place}; scgi_temp_path {place};
            {server.replace("PORT", f"127.0.0.1:{port}")}
        }}
    """)
    process = subprocess.Popen(["nginx", "-e", f"{place}/error.log", "-p", place, "-c", config])
    try:
        wait_for(port)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait()


@contextlib.contextmanager
def plain_envoy(folder: Path, origin: int) -> Iterator[tuple[int, int]]:
    """Envoy with one listener, one route and one cluster."""
    port = free_port()
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    router = {
        "name": "router",
        "typed_config": {"@type": f"{TYPE}.http.router.v3.Router"},
    }
    manager = {
        "@type": f"{TYPE}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "plain",
        "http_filters": [router],
        "route_config": {
            "virtual_hosts": [
                {
                    "name": "all",
                    "domains": ["*"],
                    "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "origin"}}],
                }
            ]
        },
    }
    target = {"socket_address": {"address": "127.0.0.1", "port_value": origin}}
    cluster = {
        "name": "origin",
        "type": "STATIC",
        "load_assignment": {
            "cluster_name": "origin",
            "endpoints": [{"lb_endpoints": [{"endpoint": {"address": target}}]}],
        },
    }
    chain = {"filters": [{"name": "http", "typed_config": manager}]}
    listener = {"name": "plain", "address": address, "filter_chains": [chain]}
    config = folder / "plain.json"
    config.write_text(
        json.dumps({"static_resources": {"listeners": [listener], "clusters": [cluster]}})
    )
    process = subprocess.Popen(
        [
            find_envoy(),
            "-c",
            config,
            "--disable-hot-restart",
            "--concurrency",
            "1",
            "-l",
            "critical",
        ],
        stderr=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield port, process.pid
    finally:
        process.kill()
        process.wait()


def wait_for(port: int) -> None:
    for _ in range(500):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port)):
            return
        time.sleep(0.02)
    sys.exit(f"nothing listens on port {port}")


def gateway_spec(origin: int, candidate: int) -> GatewaySpec:
    """Half of the customers at the candidate, with all that a route of a plan has by default."""
    route = RouteSpec(
        name="items", match=PathMatch("prefix", "/items/"), candidate="new", read_bp=5_000
    )
    return GatewaySpec(
        name="benchmark",
        host="127.0.0.1",
        port=free_port(),
        legacy=Upstream("legacy", "127.0.0.1", origin),
        candidates=(Upstream("new", "127.0.0.1", candidate),),
        routes=(route,),
    )


@contextlib.asynccontextmanager
async def gateway(folder: Path, spec: GatewaySpec) -> AsyncIterator[DataPlane]:
    async with DataPlane(folder, concurrency=1, drain_s=0.1) as plane:
        sinks = await Sinks.open(plane.places.reports, plane.places.capture)
        await plane.start(spec)
        heard = asyncio.create_task(hear(sinks, plane))
        try:
            yield plane
        finally:
            heard.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await heard
            await plane.stop()
            await sinks.close()


async def hear(sinks: Sinks, plane: DataPlane) -> None:
    while True:
        await asyncio.sleep(0.5)
        sinks.take(await plane.written())
        sinks.take_exchanges(1_000)


async def latency(seconds: float, rounds: int, connections: int) -> None:
    need("wrk", "nginx")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="banyan-bench-")))
        script = folder / "customers.lua"
        script.write_text(CUSTOMERS)
        answers = f'server {{ listen PORT; location / {{ return 200 "{BODY}"; }} }}'
        origin, origin_pid = stack.enter_context(nginx(folder, "origin", answers))
        proxies = (
            f"upstream origin {{ server 127.0.0.1:{origin}; keepalive 64; }} server {{ listen PORT; "
            'location / { proxy_pass http://origin; proxy_http_version 1.1; proxy_set_header Connection ""; '
            "proxy_set_header Host $host; "
            "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for; } }"
        )
        proxy, proxy_pid = stack.enter_context(nginx(folder, "proxy", proxies))
        plain, plain_pid = stack.enter_context(plain_envoy(folder, origin))
        spec = gateway_spec(origin, origin)
        async with gateway(folder / "gateway", spec) as plane:
            pid = (await plane.status()).pid
            assert pid
            url = f"http://127.0.0.1:{spec.port}"
            contenders = [
                Contender("origin alone", f"http://127.0.0.1:{origin}/items/1", (origin_pid,)),
                Contender("nginx", f"http://127.0.0.1:{proxy}/items/1", (proxy_pid,)),
                Contender("plain Envoy", f"http://127.0.0.1:{plain}/items/1", (plain_pid,)),
                Contender("gateway, no route", f"{url}/1", (pid,)),
                Contender("gateway, a route", f"{url}/items/1", (pid,)),
                Contender("gateway, captured 1 %", f"{url}/items/1", (pid,)),
                Contender("gateway, captured 10 %", f"{url}/items/1", (pid,)),
            ]
            samples = {"gateway, captured 1 %": 100, "gateway, captured 10 %": 1_000}
            one: dict[str, list[Load]] = {contender.name: [] for contender in contenders}
            many: dict[str, list[Load]] = {contender.name: [] for contender in contenders}
            for number in range(rounds):
                for contender in contenders:
                    sample = samples.get(contender.name, 0)
                    route = replace(spec.routes[0], shadow=Shadow(sample_bp=sample))
                    await plane.apply(replace(spec, routes=(route,)))
                    one[contender.name].append(await load(contender, script, seconds, 1))
                    many[contender.name].append(await load(contender, script, seconds, connections))
                print(f"round {number + 1} of {rounds}", file=sys.stderr)
    print(f"\n{'':24}{'p50 ms':>9}{'p99 ms':>9}{'req/s':>10}{'CPU µs/req':>12}{'failed':>8}")
    for name, loads in many.items():
        single = one[name]
        print(
            f"{name:24}{median(part.p50_ms for part in single):9.3f}"
            f"{median(part.p99_ms for part in single):9.3f}"
            f"{median(part.requests / seconds for part in loads):10,.0f}"
            f"{median(part.cpu_us for part in loads):12.1f}"
            f"{sum(part.failed for part in single + loads):8}"
        )
    print(
        f"\np50 and p99 over one connection, the rest over {connections}; each proxy has one worker."
    )


def median(values: Iterator[float]) -> float:
    return statistics.median(values)


async def effect(changes: int) -> None:
    need("wrk")
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="banyan-bench-")))
        legacy, candidate = await answering(stack, b"legacy"), await answering(stack, b"candidate")
        spec = gateway_spec(legacy, candidate)
        script = folder / "customers.lua"
        script.write_text(CUSTOMERS)
        async with gateway(folder / "gateway", spec) as plane:
            pid = (await plane.status()).pid
            assert pid
            there = Contender("", f"http://127.0.0.1:{spec.port}/items/1", (pid,))
            loading = asyncio.create_task(load(there, script, 60, 16))
            reader, writer = await asyncio.open_connection("127.0.0.1", spec.port)
            took: list[float] = []
            confirmed: list[float] = []
            for number in range(changes):
                side, weight = (b"candidate", 10_000) if number % 2 == 0 else (b"legacy", 0)
                route = replace(spec.routes[0], read_bp=weight)
                began = time.perf_counter()
                applying = asyncio.create_task(plane.apply(replace(spec, routes=(route,))))
                while await ask(reader, writer) != side:  # noqa: ASYNC110 - asking is the measure
                    await asyncio.sleep(0)
                took.append((time.perf_counter() - began) * 1000)
                confirmed.append((await applying).took_ms)
            writer.close()
            loading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await loading
    for name, values in (
        ("first answer from the other side", took),
        ("confirmed by Envoy", confirmed),
    ):
        cuts = statistics.quantiles(values, n=100)
        print(
            f"{name:34} median {cuts[49]:6.1f} ms   p90 {cuts[89]:6.1f}   most {max(values):6.1f}"
        )


async def answering(stack: contextlib.ExitStack, name: bytes) -> int:
    """A server that answers with its name; its port."""

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(name), name))

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    stack.callback(server.close)
    return server.sockets[0].getsockname()[1]


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    writer.write(
        b"GET /items/1 HTTP/1.1\r\nHost: a\r\nCookie: banyan_device=0123456789abcde\r\n\r\n"
    )
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    assert length, head
    return await reader.readexactly(int(length[1]))


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    of_latency = commands.add_parser("latency")
    of_latency.add_argument("--seconds", type=float, default=2)
    of_latency.add_argument("--rounds", type=int, default=5)
    of_latency.add_argument("--connections", type=int, default=32)
    of_effect = commands.add_parser("effect")
    of_effect.add_argument("--changes", type=int, default=200)
    given = parser.parse_args()
    if given.command == "latency":
        asyncio.run(latency(given.seconds, given.rounds, given.connections))
    else:
        asyncio.run(effect(given.changes))


if __name__ == "__main__":
    main()
