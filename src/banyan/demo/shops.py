"""The two shops, their customers and the gateway, as processes of one machine."""

import asyncio
import re
import shutil
import socket
import sqlite3
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import httpx
import msgspec

from banyan.runtime.local import Child, StartError, Supervisor, check_port

EXAMPLES = Path("examples")
PLAN_FILE = EXAMPLES / "legacy_shop/migration.yaml"
GATEWAY_PORT, LEGACY_PORT, NEW_PORT = 8080, 8081, 8082
QUERY_DELAY_MS = 1.0
"""Between legacy and its database: what it is in one data centre."""
CUSTOMERS = 24
PAUSE_S = 0.2
CUSTOMERS_CHILD = "demo-customers"
GATEWAY_CHILD = "demo-gateway"

_PLAN_WRITTEN_ON = date(2026, 11, 25)
_DATE = re.compile(r"\b20\d\d-\d\d-\d\d(?!\d)")
_HOST = "127.0.0.1"
_PRODUCT = re.compile(r'href="(/p/[^"]+)"')
_MEASURED = {
    "home": ("/",),
    "categories": ("/c/telefonia", "/c/esporte_lazer"),
    "search": ("/search?q=model", "/search?q=classic"),
    "api": ("/api/products", "/api/products?page=2"),
}
_MEASURE_TURNS = 41
_MEASURE_TIMEOUT_S = 30.0


class Report(msgspec.Struct):
    """What the customers have seen so far, as ``examples/legacy_shop/customers.py`` writes it.

    ``ms`` has how long each request took, by what was asked for, in the order of time; ``photos`` the
    digest of the last photo that each customer was told the shop has.
    """

    requests: int = 0
    visits: int = 0
    orders: int = 0
    complaints: list[str] = []
    photos: dict[int, str] = {}
    ms: dict[str, list[float]] = {}


Photos = dict[int, tuple[int, str]]
"""Size and digest of each customer's photo."""


@dataclass(frozen=True, slots=True)
class Shops:
    """Where everything of the demo is."""

    folder: Path
    gateway_port: int
    legacy_port: int
    new_port: int

    @property
    def url(self) -> str:
        """The shop, as customers know it."""
        return f"http://{_HOST}:{self.gateway_port}"

    @property
    def database(self) -> Path:
        return self.folder / "shop.db"

    @property
    def own_database(self) -> Path:
        """The new shop's."""
        return self.folder / "new_shop.db"

    @property
    def report_file(self) -> Path:
        return self.folder / "customers.json"

    def plan(self, today: date) -> str:
        """The plan, with these ports, and its dates as far ahead as when it was written."""
        text = PLAN_FILE.read_text()
        for written, ours in (
            (GATEWAY_PORT, self.gateway_port),
            (LEGACY_PORT, self.legacy_port),
            (NEW_PORT, self.new_port),
        ):
            text = text.replace(f"{_HOST}:{written}", f"{_HOST}:{ours}")

        def moved(found: re.Match[str]) -> str:
            return str(date.fromisoformat(found[0]) + (today - _PLAN_WRITTEN_ON))

        return _DATE.sub(moved, text)

    def report(self) -> Report:
        try:
            return msgspec.json.decode(self.report_file.read_bytes(), type=Report)
        except FileNotFoundError:
            return Report()

    async def measure(self) -> dict[str, tuple[list[float], list[float]]]:
        """How long (ms) legacy and the new shop take, asked in turn, with nobody else there.

        By route: legacy's answers and the new shop's, the same requests.
        """
        sides = [f"http://{_HOST}:{port}" for port in (self.legacy_port, self.new_port)]
        measured: dict[str, tuple[list[float], list[float]]] = {}
        async with httpx.AsyncClient(timeout=_MEASURE_TIMEOUT_S) as client:
            page = (await client.get(f"{sides[0]}/")).text
            products = _PRODUCT.findall(page)[:3]
            for route, paths in {**_MEASURED, "products": products}.items():
                took: tuple[list[float], list[float]] = ([], [])
                for turn in range(_MEASURE_TURNS):
                    for path in paths:
                        for side, ms in zip(sides, took, strict=True):
                            started_s = time.perf_counter()
                            await client.get(f"{side}{path}")
                            if turn:  # the first one warms up
                                ms.append(1000 * (time.perf_counter() - started_s))
                measured[route] = took
        return measured

    def photos(self) -> tuple[Photos, Photos]:
        """Those in legacy's table, and those in the new shop's."""
        return (
            _photos(self.database, "select user_id, size, sha256 from photos"),
            _photos(self.own_database, "select customer_id, bytes, sha256 from photos"),
        )

    async def release(self, regressions: Sequence[str]) -> None:
        """Have the new shop run a release with these faults; without any, a good one."""
        async with httpx.AsyncClient(base_url=f"http://{_HOST}:{self.new_port}") as client:
            answer = await client.put("/_shop/regressions", json=list(regressions))
            answer.raise_for_status()


def _photos(database: Path, query: str) -> Photos:
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        return {customer: (size, digest) for customer, size, digest in connection.execute(query)}


def check_checkout() -> None:
    """Raise ``StartError`` where the examples are not."""
    for needed in (PLAN_FILE, EXAMPLES / "olist/orders.csv", EXAMPLES / "new_shop/__main__.py"):
        if not needed.is_file():
            raise StartError(
                f"{needed} is not here: the demo runs in a checkout of Banyan, in its first folder."
            )


def choose(folder: Path) -> Shops:
    """A clean folder, and the documented ports or, where one is taken, free ones."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    ports: list[int] = []
    for preferred in (GATEWAY_PORT, LEGACY_PORT, NEW_PORT):
        try:
            check_port(_HOST, preferred)
            ports.append(preferred)
        except StartError:
            ports.append(_free_port())
    return Shops(folder, *ports)


def _free_port() -> int:
    with socket.create_server((_HOST, 0)) as probe:
        return int(probe.getsockname()[1])


async def start_shops(supervisor: Supervisor, shops: Shops, api_url: str, api_key: str) -> None:
    """Fill legacy's database and start both shops; the new one makes its offers first."""
    python = sys.executable
    seeding = await asyncio.create_subprocess_exec(
        python, "-m", "examples.legacy_shop.seed", str(shops.database)
    )
    if await seeding.wait() != 0:
        raise StartError("The shop's database can't be made; the lines above say why.")
    await supervisor.start(
        _child(
            "demo-legacy",
            [python, "-m", "examples.legacy_shop", "--port", str(shops.legacy_port),
             "--database", str(shops.database), "--query-delay-ms", str(QUERY_DELAY_MS)],
            {},
            shops.legacy_port,
        )
    )  # fmt: skip
    await supervisor.start(
        _child(
            "demo-new-shop",
            [python, "-m", "examples.new_shop", "--port", str(shops.new_port),
             "--shared", str(shops.database), "--own", str(shops.own_database)],
            {"BANYAN_URL": api_url, "BANYAN_API_KEY": api_key},
            shops.new_port,
        )
    )  # fmt: skip


async def start_gateway(
    supervisor: Supervisor, shops: Shops, plan: str, marketplace: str, env: Mapping[str, str]
) -> None:
    argv = [sys.executable, "-m", "banyan", "gateway", "--plan", plan]
    argv += ["--marketplace", marketplace]
    await supervisor.start(_child(GATEWAY_CHILD, argv, env, shops.gateway_port))


async def start_mover(
    supervisor: Supervisor, shops: Shops, plan: str, marketplace: str, env: Mapping[str, str]
) -> None:
    """Carries the plan's table from one shop to the other, and back after its cutover."""
    argv = [sys.executable, "-m", "banyan", "migrate", "data", "run", "--plan", plan]
    argv += ["--marketplace", marketplace]
    sides = {
        "LOJA_DATABASE_URL": f"sqlite:///{shops.database}",
        "NEW_SHOP_DATABASE_URL": f"sqlite:///{shops.own_database}",
    }
    await supervisor.start(Child("demo-mover", argv, {**env, **sides}))


async def start_customers(supervisor: Supervisor, shops: Shops) -> None:
    argv = [
        sys.executable, "-m", "examples.legacy_shop.customers", shops.url,
        "--database", str(shops.database), "--report", str(shops.report_file),
        "--customers", str(CUSTOMERS), "--pause-s", str(PAUSE_S),
    ]  # fmt: skip
    await supervisor.start(Child(CUSTOMERS_CHILD, argv))


def _child(name: str, argv: Sequence[str], env: Mapping[str, str], port: int) -> Child:
    async def answers() -> bool:
        async with httpx.AsyncClient() as client:
            try:
                answer = await client.get(f"http://{_HOST}:{port}/health")
            except httpx.TransportError:
                return False
            return answer.is_success

    return Child(name, argv, env, ready=answers)
