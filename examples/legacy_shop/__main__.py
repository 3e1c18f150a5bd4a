"""Runs the shop: ``python -m examples.legacy_shop --port 8081 --database shop.db``."""

import argparse
import signal
import sys
import threading
from pathlib import Path

from examples.legacy_shop.application import LegacyShop
from examples.legacy_shop.database import Database
from examples.legacy_shop.seed import OLIST, seed
from examples.legacy_shop.server import Server


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.legacy_shop")
    parser.add_argument("--port", type=int, default=8081)
    parser.add_argument("--database", type=Path, default=Path("legacy_shop.db"))
    parser.add_argument(
        "--query-delay-ms",
        type=float,
        default=0.0,
        help="waited before each query, as on a network",
    )
    given = parser.parse_args()
    if not given.database.exists():
        seed(given.database, OLIST)
    shop = LegacyShop(Database(given.database, given.query_delay_ms / 1000))
    server = Server(("127.0.0.1", given.port), shop)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: threading.Thread(target=server.shutdown).start())
    sys.stdout.write(f"Loja Boa: http://127.0.0.1:{server.server_address[1]}\n")
    sys.stdout.flush()
    server.serve_forever(poll_interval=0.1)
    server.server_close()


if __name__ == "__main__":
    main()
