"""Payments measured: routing on a bad day, payments end to end over HTTP, and chaos.

    python benchmarks/payments.py routing [--payments 40000] [--seed 1]
    python benchmarks/payments.py journey [--orders 1500] [--connections 32] [--rounds 3]
    python benchmarks/payments.py chaos [--runs 2000]

``routing`` plays one day of payments over three providers, one of which is down for hours and
another of which declines more than usual, through the product's own rules, beside a single provider,
taking turns, and the cheapest. Everything is simulated, seeded, and needs no database.

``journey`` starts PostgreSQL (fsync on), one API process and one worker, places orders over HTTP and
waits until each is authorized, captured and split in the ledger; then again at half the rate found, for
the time that one takes. The peer books the same legs by hand, without HTTP, events, keys or tenants.

``chaos`` kills the process at random awaits while the providers fail, and counts what is lost.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import psycopg

from banyan.kernel import Money, new_id
from banyan.payments.model import Connection, Method, ProviderHealth, RouteStats, RoutingPolicy
from banyan.payments.rules.health import circuit_of, observed
from banyan.payments.rules.routing import (
    STATS_HALF_LIFE,
    Knowledge,
    Wanted,
    can_be_tried_elsewhere,
    choose_route,
)

# ---- routing: a day with an outage

DAY = datetime(2026, 3, 2, tzinfo=UTC)
SEGMENTS = (("BR", "BRL"), ("DE", "EUR"), ("US", "USD"))
PROVIDERS = {
    # by name: fee in hundredths of a percent, fixed fee, approval by country
    "alpha": (260, 25, {"BR": 0.78, "DE": 0.93, "US": 0.91}),
    "beta": (290, 30, {"BR": 0.90, "DE": 0.89, "US": 0.92}),
    "gamma": (210, 20, {"BR": 0.83, "DE": 0.84, "US": 0.86}),
}
HARD = 0.35
"""Of the declines, those that no provider can turn."""

OUTAGE = (timedelta(hours=10), timedelta(hours=13))
WEAK = (timedelta(hours=15), timedelta(hours=20))


@dataclass(slots=True)
class Day:
    """What became of the payments of a day under one way of choosing."""

    payments: int = 0
    approved: int = 0
    attempts: int = 0
    cost_minor: int = 0
    approved_minor: int = 0
    by_provider: Counter[str] = field(default_factory=Counter[str])

    def line(self, name: str, base: "Day") -> str:
        rate, base_rate = self.approved / self.payments, base.approved / base.payments
        cost = 10_000 * self.cost_minor / max(1, self.approved_minor)
        return (
            f"{name:<22} {rate:>7.2%} {100 * (rate - base_rate):>+7.2f} {cost:>9.1f}"
            f" {self.attempts / self.payments:>9.2f}   {dict(sorted(self.by_provider.items()))}"
        )


class World:
    """Three providers and their issuers; the same payment meets the same luck under every policy."""

    def __init__(self, seed: int) -> None:
        self.seed = seed

    def answer(self, number: int, provider: str, country: str, at: timedelta) -> str:
        """approved, hard, soft or unavailable."""
        if provider == "beta" and OUTAGE[0] <= at < OUTAGE[1]:
            return "unavailable"
        luck = random.Random(f"{self.seed}/{number}/{provider}").random()
        approval = PROVIDERS[provider][2][country]
        if provider == "alpha" and WEAK[0] <= at < WEAK[1]:
            approval -= 0.25
        if luck < approval:
            return "approved"
        is_hard = random.Random(f"{self.seed}/{number}/card").random() < HARD
        return "hard" if is_hard else "soft"


Choose = Callable[[int, Wanted, datetime, list[str]], str | None]
Learn = Callable[[Wanted, datetime, str, str], None]


def play(world: World, count: int, choose: Choose, learn: Learn) -> Day:
    """One day: each payment is asked for until it is approved, hopeless, or nobody is left."""
    day = Day()
    dice = random.Random(world.seed)
    for number in range(count):
        at = timedelta(days=number / count)
        country, currency = dice.choice(SEGMENTS)
        amount = Money.of(int(dice.lognormvariate(8.6, 0.8)) + 100, currency)
        wanted = Wanted(amount, Method("card", "tok"), country)
        day.payments += 1
        tried: list[str] = []
        while (provider := choose(number, wanted, DAY + at, tried)) is not None:
            tried.append(provider)
            outcome = world.answer(number, provider, country, at)
            learn(wanted, DAY + at, provider, outcome)
            day.attempts += 1
            if outcome == "approved":
                fee_bp, fixed, _ = PROVIDERS[provider]
                day.approved += 1
                day.cost_minor += amount.portion(fee_bp).minor + fixed
                day.approved_minor += amount.minor
                day.by_provider[provider] += 1
            if outcome in ("approved", "hard"):
                break
    return day


class Ours:
    """The product's rules with what they have learned, kept in memory."""

    def __init__(self) -> None:
        connections = [
            Connection(
                marketplace_id=UUID(int=1), name=name, kind="sandbox", is_enabled=True,
                method_types=None, currencies=None, countries=None,
                fee_bp=fee_bp, fee_fixed_minor=fixed,
            )
            for name, (fee_bp, fixed, _) in PROVIDERS.items()
        ]  # fmt: skip
        self.known = Knowledge(DAY, RoutingPolicy(), connections)
        self.stats: dict[tuple[str, str], RouteStats] = {}
        self.health: dict[str, ProviderHealth] = {}

    def choose(self, number: int, wanted: Wanted, now: datetime, tried: list[str]) -> str | None:
        known = replace(self.known, now=now, stats=self.stats, health=self.health)
        attempt = UUID(int=number * 8 + len(tried) + 1)
        route = choose_route(wanted, known, attempt, tried)
        if route is None:
            return None
        health = self.health.get(route.provider)
        if health is not None and circuit_of(health, now) == "probing":
            self.health[route.provider] = replace(health, probed_at=now)
        return route.provider

    def learn(self, wanted: Wanted, now: datetime, provider: str, outcome: str) -> None:
        failed = outcome == "unavailable"
        self.health[provider] = observed(
            self.health.get(provider), provider, answered=not failed, failed=failed, now=now
        )
        if outcome not in ("approved", "soft"):
            return
        for segment in wanted.segments:
            seen = self.stats.get((provider, segment))
            weight = 1.0 if seen is None else 0.5 ** ((now - seen.counted_at) / STATS_HALF_LIFE)
            approved, declined = (seen.approved, seen.declined) if seen else (0.0, 0.0)
            self.stats[provider, segment] = RouteStats(
                provider,
                segment,
                approved * weight + (outcome == "approved"),
                declined * weight + (outcome == "soft"),
                now,
            )


def routing(arguments: argparse.Namespace) -> None:
    assert can_be_tried_elsewhere("do_not_honor", is_hard=False)
    world = World(arguments.seed)

    def nothing(*_: object) -> None:
        """Policies without a memory."""

    def single(name: str) -> Choose:
        return lambda _n, _w, _a, tried: None if tried else name

    def turns(number: int, _w: Wanted, _a: datetime, tried: list[str]) -> str | None:
        return None if tried else list(PROVIDERS)[number % 3]

    def cheapest(_n: int, _w: Wanted, _a: datetime, tried: list[str]) -> str | None:
        by_fee = sorted(PROVIDERS, key=lambda name: PROVIDERS[name][0])
        return next((name for name in by_fee if name not in tried), None)

    ours = Ours()
    days = {
        "single provider (beta)": play(world, arguments.payments, single("beta"), nothing),
        "single provider (alpha)": play(world, arguments.payments, single("alpha"), nothing),
        "taking turns": play(world, arguments.payments, turns, nothing),
        "cheapest, then next": play(world, arguments.payments, cheapest, nothing),
        "banyan": play(world, arguments.payments, ours.choose, ours.learn),
    }
    base = days["single provider (beta)"]
    print(
        f"{arguments.payments:,} payments; beta is down {OUTAGE[0]}-{OUTAGE[1]}, alpha weak later"
    )
    print(
        f"{'policy':<22} {'approved':>8} {'points':>7} {'cost bp':>9} {'attempts':>9}   by provider"
    )
    for name, day in days.items():
        print(day.line(name, base))


# ---- chaos


async def _chaos(runs: int) -> None:
    from banyan import ledger
    from banyan.kernel import FixedClock
    from banyan.runtime import Database, apply_schema, create_marketplace, local
    from tests.simulation.chaos import Chaos

    with tempfile.TemporaryDirectory() as folder:
        server = local.start(Path(folder), durable=False)
        try:
            apply_schema(server.url)
            database = await Database.open(server.url, size=6, clock=FixedClock(DAY))
            started_s = time.monotonic()
            total = Counter[str]()
            for first in range(0, runs, 250):  # a marketplace each, so that looks stay quick
                market = await create_marketplace(
                    database, name=f"Chaos {first}", livemode=False, currency="BRL", country="BR",
                    now=DAY, clock_at=DAY,
                )  # fmt: skip
                chaos = Chaos(database, market.marketplace_id)
                await chaos.prepare()
                for seed in range(first, min(runs, first + 250)):
                    await chaos.run(seed)
                await chaos.check()
                async with database.transaction(market.marketplace_id) as tx:
                    report = await ledger.verify(tx)
                assert report.is_sound, report.findings
                total.update(
                    runs=chaos.runs, deaths=chaos.deaths, faults=chaos.faults,
                    captured=chaos.captured, entries=report.legs,
                )  # fmt: skip
                print(f"  {total['runs']:,} runs, {total['deaths']:,} deaths …", flush=True)
            await database.close()
        finally:
            server.stop()
    print(
        f"{total['runs']:,} payments, {total['deaths']:,} deaths of the process, "
        f"{total['faults']:,} faults of providers, {total['captured']:,} captured once, "
        f"{total['entries']:,} ledger legs verified, money lost or doubled: 0 "
        f"({time.monotonic() - started_s:.0f} s)"
    )


def chaos(arguments: argparse.Namespace) -> None:
    logging.disable(logging.CRITICAL)  # every death leaves its connections behind
    asyncio.run(_chaos(arguments.runs))


# ---- journey: over HTTP to the ledger


@contextlib.contextmanager
def _marketplace() -> Iterator[tuple[str, str, str]]:
    """PostgreSQL, one API process and one worker; the API's address, a key, and the database."""
    from banyan import app
    from banyan.developers import create_key
    from banyan.kernel import SystemClock
    from banyan.runtime import Database, apply_schema, create_marketplace, local

    async def key_of(url: str) -> str:
        database = await Database.open(url, size=2)
        market = await create_marketplace(
            database, name="Benchmark", livemode=False, currency="EUR", country="DE",
            now=SystemClock().now(),
        )  # fmt: skip
        async with database.transaction(market.marketplace_id) as tx:
            _, key = await create_key(tx, name="benchmark", scopes=["*"], known_scopes=app.scopes())
        await database.close()
        return key

    with tempfile.TemporaryDirectory() as folder:
        server = local.start(Path(folder), durable=True)
        processes: list[subprocess.Popen[bytes]] = []
        try:
            apply_schema(server.url)
            key = asyncio.run(key_of(server.url))
            port = _free_port()
            environment = {
                **os.environ,
                "BANYAN_DATABASE_URL": server.url,
                "BANYAN_STATE_FOLDER": folder,
                "BANYAN_PORT": str(port),
                "BANYAN_LOG_LEVEL": "error",
            }
            processes += [
                subprocess.Popen([sys.executable, "-m", "banyan", command], env=environment)
                for command in ("serve", "work")
            ]
            _until_up(port)
            yield f"http://127.0.0.1:{port}", key, server.url
        finally:
            for process in processes:
                process.terminate()
                process.wait()
            server.stop()


def _free_port() -> int:
    import socket

    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def _until_up(port: int) -> None:
    import socket

    for _ in range(400):
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.05)
    sys.exit("The server did not come up.")


async def _let_one_buyer_order(url: str, key: str, buyer: str) -> None:
    """One buyer places all orders: not what fraud is to be asked about here."""
    import httpx

    async with httpx.AsyncClient(base_url=url, headers={"Authorization": f"Bearer {key}"}) as http:
        answer = await http.post(
            "/v1/fraud/list_entries",
            json={"list": "allow", "kind": "buyer", "value": buyer, "reason": "Benchmark."},
        )
        assert answer.status_code == 201, answer.text


async def _place(url: str, key: str, count: int, connections: int, per_s: float | None) -> None:
    """Place orders, as fast as ``connections`` can or evenly at a rate."""
    import httpx

    from benchmarks.api import _prepare

    body = await _prepare(url, key)
    await _let_one_buyer_order(url, key, str(body["buyer"]))
    run = os.urandom(6).hex()
    limits = httpx.Limits(max_connections=connections)
    headers = {"Authorization": f"Bearer {key}"}
    gate = asyncio.Semaphore(connections)
    async with httpx.AsyncClient(base_url=url, headers=headers, limits=limits, timeout=60) as http:

        async def one(number: int) -> None:
            async with gate:
                answer = await http.post(
                    "/v1/orders", json=body, headers={"Idempotency-Key": f"{run}-{number}"}
                )
            assert answer.status_code == 201, answer.text

        tasks: list[asyncio.Task[None]] = []
        for number in range(count):
            tasks.append(asyncio.create_task(one(number)))
            if per_s is not None:
                await asyncio.sleep(1 / per_s)
        await asyncio.gather(*tasks)


_TIMES = """
    select
      extract(epoch from c.recorded_at)::float8,
      extract(epoch from c.recorded_at - p.recorded_at)::float8
    from runtime.events p
    join runtime.events c on c.marketplace_id = p.marketplace_id
      and c.type = 'payment.captured' and c.payload ->> 'order' = p.subject
    where p.type = 'order.placed' and p.position > %s
"""


def _round(url: str, key: str, database: str, count: int, connections: int, per_s: float | None):
    """Orders placed and captured: per second from first to last, and how long each took."""
    with psycopg.connect(database, autocommit=True) as connection:
        before = connection.execute(
            "select coalesce(max(position), 0) from runtime.events"
        ).fetchone()
        assert before is not None
        started_s = time.time()
        asyncio.run(_place(url, key, count, connections, per_s))
        rows: list[tuple[float, float]] = []
        while len(rows) < count:
            time.sleep(0.2)
            rows = connection.execute(_TIMES, before).fetchall()
        waits = sorted(wait for _, wait in rows)
        took_s = max(at for at, _ in rows) - started_s
    return count / took_s, waits


def journey(arguments: argparse.Namespace) -> None:
    with _marketplace() as (url, key, database):
        _round(url, key, database, 100, arguments.connections, None)
        full, plain = list[float](), list[float]()
        for _ in range(arguments.rounds):
            rate, _ = _round(url, key, database, arguments.orders, arguments.connections, None)
            full.append(rate)
            plain.append(_by_hand(database, arguments.orders))
        rate = statistics.median(full)
        count = max(100, arguments.orders // 2)
        _, waits = _round(url, key, database, count, arguments.connections, rate / 2)
    peer = statistics.median(plain)
    p50, p99 = (waits[int(len(waits) * q)] * 1e3 for q in (0.5, 0.99))
    print(
        f"{rate:.0f} payments/s over HTTP, placed to captured and split "
        f"({arguments.connections} connections, one API process, one worker)"
    )
    print(f"at half of that, from placed to captured: p50 {p50:.0f} ms, p99 {p99:.0f} ms")
    print(f"by hand, one caller, no HTTP, no orders: {peer:.0f}/s, ratio {rate / peer:.2f}")


def _by_hand(url: str, count: int) -> float:
    """The same books written by hand: intent, hold, capture with five legs; three transactions each."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            """
            create schema if not exists plain;
            create table if not exists plain.payments (id uuid primary key, state text not null);
            create table if not exists plain.accounts (id int primary key, balance bigint not null);
            create table if not exists plain.legs (
              payment uuid not null, leg int not null, debit int not null, credit int not null,
              amount bigint not null, primary key (payment, leg));
            insert into plain.accounts select n, 0 from generate_series(1, 7) n on conflict do nothing;
            """
        )
        started_s = time.monotonic()
        for _ in range(count):
            one = new_id()
            connection.execute("insert into plain.payments values (%s, 'intended')", [one])
            with connection.transaction():
                connection.execute("update plain.payments set state = 'held' where id = %s", [one])
                connection.execute("insert into plain.legs values (%s, 0, 1, 2, 2498)", [one])
            with connection.transaction():
                connection.execute("update plain.payments set state = 'taken' where id = %s", [one])
                connection.execute(
                    "insert into plain.legs values (%(p)s, 1, 1, 2, 2498), (%(p)s, 2, 2, 3, 2498), "
                    "(%(p)s, 3, 3, 4, 240), (%(p)s, 4, 3, 5, 46), (%(p)s, 5, 6, 1, 102)",
                    {"p": one},
                )
                connection.execute(
                    "update plain.accounts set balance = balance + 1 where id between 1 and 6"
                )
        return count / (time.monotonic() - started_s)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["routing", "journey", "chaos"])
    parser.add_argument("--payments", type=int, default=40_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--runs", type=int, default=2_000)
    parser.add_argument("--orders", type=int, default=1_500)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    {"routing": routing, "journey": journey, "chaos": chaos}[arguments.what](arguments)


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    main()
