"""Runs the shop: ``python -m examples.new_shop --port 8082 --shared shop.db --own new_shop.db``.

``BANYAN_URL`` and ``BANYAN_API_KEY`` name the marketplace that it sells in; a first start makes its
sellers and offers there.
"""

import argparse
import asyncio
import os
from pathlib import Path

import uvicorn

from examples.new_shop.application import NewShop, application
from examples.new_shop.marketplace import Marketplace
from examples.new_shop.photos import Photos
from examples.new_shop.shared import Shared


async def load_offers(path: Path, url: str, key: str) -> None:
    shared = Shared(path)
    try:
        async with Marketplace(url, key) as marketplace:
            await marketplace.load(shared.content().products.values())
    finally:
        shared.close()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m examples.new_shop")
    parser.add_argument("--port", type=int, default=8082)
    parser.add_argument(
        "--shared", type=Path, default=Path("legacy_shop.db"), help="legacy's database"
    )
    parser.add_argument(
        "--own", type=Path, default=Path("new_shop.db"), help="its own database, made if need be"
    )
    given = parser.parse_args()
    url = os.environ.get("BANYAN_URL", "http://127.0.0.1:8000").rstrip("/")
    key = os.environ["BANYAN_API_KEY"]
    asyncio.run(load_offers(given.shared, url, key))
    shop = NewShop(Shared(given.shared), Photos(given.own), Marketplace(url, key))
    uvicorn.run(
        application(shop), host="127.0.0.1", port=given.port, log_level="warning",
        server_header=False, timeout_graceful_shutdown=2,
    )  # fmt: skip


if __name__ == "__main__":
    main()
