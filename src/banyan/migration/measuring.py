"""A load measurement: how much each side takes, and how long it takes then.

Only on request, only with GET, only the paths that were named. Each of so many clients sends its next
request as the one before is answered, so that a side is never asked more than it answers; clients are
doubled until that brings nothing more. The sides take turns, because what else the machine does then
falls on both. This *is* load: not for a live platform in its busy hours.
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from math import ceil
from typing import Literal

import httpx

from banyan.migration.model.report import LoadPoint, LoadRun, Measurement

CLIENTS = (1, 2, 4, 8, 16, 32, 64)
GAIN_MIN = 1.05
ERRORS_MAX = 0.1
CLIENT_BUSY = 0.85
"""Of a processor's time: from there on the load is what its sender can give."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Load:
    """How a side is put under load: each point lasts ``seconds``, after ``warm_up`` requests.

    ``headers`` go along with each request (a login's cookie, for one).
    """

    seconds: float = 3.0
    rounds: int = 3
    clients: tuple[int, ...] = CLIENTS
    warm_up: int = 10
    timeout_s: float = 10.0
    headers: dict[str, str] = field(default_factory=dict[str, str])


async def measure(
    route: str,
    paths: Sequence[str],
    *,
    legacy: str,
    candidate: str,
    load: Load,
    at: datetime,
    by: str,
) -> Measurement:
    """Put both sides (base addresses) under rising load, in turns."""
    assert paths, "a measurement asks for something"
    sides: tuple[tuple[Literal["legacy", "candidate"], str], ...] = (
        ("legacy", legacy),
        ("candidate", candidate),
    )
    runs: list[LoadRun] = []
    for turn in range(load.rounds):
        for side, address in sides if turn % 2 == 0 else sides[::-1]:
            runs.append(await _run(side, address, paths, load))
    return Measurement(route=route, paths=tuple(paths), measured_at=at, by=by, runs=tuple(runs))


async def _run(
    side: Literal["legacy", "candidate"], address: str, paths: Sequence[str], load: Load
) -> LoadRun:
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=None)
    points: list[LoadPoint] = []
    is_client_bound = False
    async with httpx.AsyncClient(
        base_url=address,
        headers=load.headers,
        timeout=load.timeout_s,
        limits=limits,
        trust_env=False,
    ) as client:
        await _point(client, paths, 1, seconds=load.timeout_s, requests_max=load.warm_up)
        for clients in load.clients:
            busy_s, wall_s = time.process_time(), time.perf_counter()
            points.append(await _point(client, paths, clients, seconds=load.seconds))
            wall_s, busy_s = time.perf_counter() - wall_s, time.process_time() - busy_s
            is_client_bound = busy_s > CLIENT_BUSY * wall_s
            if is_client_bound or _is_enough(points):
                break
    return LoadRun(side=side, points=tuple(points), is_client_bound=is_client_bound)


def _is_enough(points: Sequence[LoadPoint]) -> bool:
    """Whether more clients would only wait longer, or get errors."""
    last = points[-1]
    if last.errors > ERRORS_MAX * last.requests:
        return True
    if len(points) < 3:
        return False
    most = max(point.per_second for point in points[:-2])
    return all(point.per_second < GAIN_MIN * most for point in points[-2:])


async def _point(
    client: httpx.AsyncClient,
    paths: Sequence[str],
    clients: int,
    *,
    seconds: float,
    requests_max: int | None = None,
) -> LoadPoint:
    """``clients`` at once for so long, or until so many requests."""
    times_us: list[int] = []
    failed = lost = 0
    numbers = count()
    began_s = time.perf_counter()

    async def ask() -> None:
        nonlocal failed, lost
        while time.perf_counter() - began_s < seconds:
            number = next(numbers)
            if requests_max is not None and number >= requests_max:
                return
            sent_s = time.perf_counter()
            try:
                answer = await client.get(paths[number % len(paths)])
            except httpx.HTTPError:
                lost += 1
                await asyncio.sleep(0.01)  # who refuses at once would be asked without end
                continue
            times_us.append(round(1e6 * (time.perf_counter() - sent_s)))
            failed += answer.status_code >= 500

    await asyncio.gather(*(ask() for _ in range(clients)))
    took_s = time.perf_counter() - began_s
    times_us.sort()
    return LoadPoint(
        concurrency=clients,
        requests=len(times_us) + lost,
        errors=failed + lost,
        per_second=len(times_us) / took_s,
        p50_us=_at(times_us, 0.5),
        p99_us=_at(times_us, 0.99),
    )


def _at(ordered: Sequence[int], part: float) -> int:
    return ordered[max(0, ceil(part * len(ordered)) - 1)] if ordered else 0
