"""How fast the API answers over HTTP, from one process on one core.

    python benchmarks/api.py overhead      the registry beside bare Starlette, and FastAPI and
                                           Litestar where they are installed
    python benchmarks/api.py orders        orders through a running API (BANYAN_URL, BANYAN_API_KEY)

The load comes from a process of its own over keep-alive connections. Rounds alternate between the
servers and medians are shown; the processor time of a request is steadier than requests per second
where other work shares the machine.
"""

import argparse
import asyncio
import contextlib
import importlib.util
import json
import os
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import psutil

BODY = {
    "product": "shirt-blue-m",
    "quantity": 2,
    "buyer": "buy_01h455vb4pex5vsknk084sn02q",
    "country": "DE",
    "region": "DE-BE",
    "unit_price_max": {"amount": 1999, "currency": "EUR"},
    "shipping": {"amount": 499, "currency": "EUR"},
    "capture_method": "automatic",
    "description": "Two blue shirts, size M",
    "reference": "A-1234",
    "metadata": {"cart": "c_1", "channel": "web"},
    "gift": False,
}
"""Twelve fields, two of them nested."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one round gave."""

    requests_per_s: float
    cpu_us_per_request: float
    p50_ms: float
    p99_ms: float


class Connection(asyncio.Protocol):
    """One keep-alive connection that sends the next request when the answer is whole."""

    def __init__(self, next_request: Callable[[], bytes], expected: bytes) -> None:
        self._next_request = next_request
        self._expected = expected
        self._buffer = b""
        self.seconds: list[float] = []
        self.failures: list[bytes] = []

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found:
            return
        at = head.lower().index(b"content-length: ") + 16
        if len(body) < int(head[at:].partition(b"\r")[0]):
            return
        self.seconds.append(time.perf_counter() - self._sent_s)
        if head[9:12] != self._expected:
            self.failures.append(self._buffer)
        self._buffer = b""
        self._send()

    def _send(self) -> None:
        self._sent_s = time.perf_counter()
        self._transport.write(self._next_request())


async def load(
    url: str, next_request: Callable[[], bytes], expected: bytes, seconds: float, connections: int
) -> tuple[list[float], list[bytes]]:
    """Keep ``connections`` busy for ``seconds``; the latencies and the answers not expected."""
    parts = urlsplit(url)
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(
            lambda: Connection(next_request, expected), parts.hostname, parts.port
        )
        for _ in range(connections)
    ]
    await asyncio.sleep(seconds)
    for transport, _ in made:
        transport.abort()
    return (
        [taken for _, connection in made for taken in connection.seconds],
        [failure for _, connection in made for failure in connection.failures],
    )


def post(path: str, key: str, body: object, *more: str) -> bytes:
    """A whole POST request on the wire."""
    content = json.dumps(body).encode()
    lines = [
        f"POST {path} HTTP/1.1",
        "Host: benchmark",
        f"Authorization: Bearer {key}",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        *more,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + content


# ---- overhead: the same authenticated, validated POST, without a database


@contextlib.contextmanager
def serving(kind: str) -> Iterator[tuple[str, psutil.Process]]:
    """A server of this kind in a process of its own, on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, str(Path(__file__).with_name("api_servers.py")), kind, str(port)]
    with subprocess.Popen(command) as process:
        try:
            _wait_for(port, process)
            yield f"http://127.0.0.1:{port}", psutil.Process(process.pid)
        finally:
            process.terminate()


def _wait_for(port: int, process: "subprocess.Popen[bytes]") -> None:
    deadline_s = time.monotonic() + 20
    while time.monotonic() < deadline_s and process.poll() is None:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    sys.exit("The server did not come up.")


def measured(url: str, server: psutil.Process, seconds: float, connections: int) -> Load:
    """One round, with the load in this process."""
    request = post("/v1/orders", "sk_test_benchmark", BODY)
    before_s = sum(server.cpu_times()[:2])
    latencies, failures = asyncio.run(load(url, lambda: request, b"201", seconds, connections))
    cpu_s = sum(server.cpu_times()[:2]) - before_s
    if failures:
        sys.exit(f"The server refused: {failures[0].decode()}")
    return _summary(latencies, seconds, cpu_s)


def _summary(latencies: list[float], seconds: float, cpu_s: float) -> Load:
    latencies.sort()
    count = len(latencies)
    return Load(
        requests_per_s=count / seconds,
        cpu_us_per_request=cpu_s / count * 1e6,
        p50_ms=latencies[count // 2] * 1e3,
        p99_ms=latencies[int(count * 0.99)] * 1e3,
    )


def overhead(arguments: argparse.Namespace) -> None:
    kinds = ["registry", "starlette"]
    for peer in ("fastapi", "litestar"):
        if importlib.util.find_spec(peer):
            kinds.append(peer)
        else:
            print(f"{peer} is not installed here, so it is left out (pip install {peer}).")
    rounds: dict[str, list[Load]] = {kind: [] for kind in kinds}
    for _ in range(arguments.rounds):
        for kind in kinds:
            with serving(kind) as (url, server):
                measured(url, server, 0.5, arguments.connections)
                rounds[kind].append(measured(url, server, arguments.seconds, arguments.connections))
    base = _medians(rounds["registry"])
    print(
        f"{'server':<10} {'req/s':>8} {'CPU µs/req':>11} {'p50 ms':>7} {'p99 ms':>7}  registry is"
    )
    for kind in kinds:
        median = _medians(rounds[kind])
        ratio = median.cpu_us_per_request / base.cpu_us_per_request
        print(
            f"{kind:<10} {median.requests_per_s:>8.0f} {median.cpu_us_per_request:>11.1f}"
            f" {median.p50_ms:>7.2f} {median.p99_ms:>7.2f}  {ratio:.2f} x as fast"
        )


def _medians(rounds: list[Load]) -> Load:
    return Load(
        *(
            statistics.median(getattr(one, field) for one in rounds)
            for field in ("requests_per_s", "cpu_us_per_request", "p50_ms", "p99_ms")
        )
    )


# ---- orders: the whole way, against a running API


def orders(arguments: argparse.Namespace) -> None:
    """Sends orders for a product of its own making; each with an Idempotency-Key of its own."""
    key = arguments.key or sys.exit("Give --key or BANYAN_API_KEY: a sandbox key.")
    body = asyncio.run(_prepare(arguments.url, key))
    rounds: list[Load] = []
    for _ in range(arguments.rounds):
        numbers = iter(range(10**9))
        run = os.urandom(6).hex()

        def next_request(numbers: Iterator[int] = numbers, run: str = run) -> bytes:
            return post("/v1/orders", key, body, f"Idempotency-Key: {run}-{next(numbers)}")

        latencies, failures = asyncio.run(
            load(arguments.url, next_request, b"201", arguments.seconds, arguments.connections)
        )
        if failures:
            sys.exit(f"The API refused: {failures[0].decode()}")
        rounds.append(_summary(latencies, arguments.seconds, 0.0))
    median = _medians(rounds)
    print(f"{median.requests_per_s:.0f} orders/s, p50 {median.p50_ms:.1f} ms, ", end="")
    print(f"p99 {median.p99_ms:.1f} ms at {arguments.connections} connections")


async def _prepare(url: str, key: str) -> dict[str, object]:
    """A seller, a buyer and an offer; the body of an order for it."""
    import httpx

    product = f"benchmark-{os.urandom(4).hex()}"
    price = {"amount": 1999, "currency": "EUR"}
    place = {"country": "DE", "region": "DE-BE"}
    async with httpx.AsyncClient(
        base_url=url, headers={"Authorization": f"Bearer {key}"}
    ) as client:

        async def made(path: str, body: dict[str, object]) -> str:
            answer = await client.post(path, json=body)
            if answer.status_code != 201:
                sys.exit(f"{path} refused: {answer.text}")
            return answer.json()["id"]

        seller = await made("/v1/sellers", {"name": "Benchmark", "currency": "EUR", **place})
        buyer = await made("/v1/buyers", place)
        offer = {"seller": seller, "product": product, "price": price, "lead_time_days": 3}
        await made("/v1/offers", offer)
    return {
        "buyer": buyer,
        "lines": [{"product": product, "quantity": 1, "unit_price_max": price}],
        "shipping": {"amount": 499, "currency": "EUR"},
        "ship_to": place,
        "payment_method": {"type": "card", "token": "tok_visa"},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["overhead", "orders"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--url", default=os.environ.get("BANYAN_URL", "http://127.0.0.1:8000"))
    parser.add_argument("--key", default=os.environ.get("BANYAN_API_KEY"))
    arguments = parser.parse_args()
    {"overhead": overhead, "orders": orders}[arguments.what](arguments)


if __name__ == "__main__":
    main()
