"""The legacy shop's connections: as many as there are threads, and no more."""

import threading
from pathlib import Path

from examples.legacy_shop.database import Database
from examples.legacy_shop.seed import OLIST, seed


def test_a_connection_ends_with_its_thread(tmp_path: Path) -> None:
    file = tmp_path / "shop.db"
    seed(file, OLIST)
    database = Database(file)
    for _ in range(20):
        thread = threading.Thread(target=database.one, args=("select 1 as one",))
        thread.start()
        thread.join()
        del thread
    assert database.connections <= 1
    database.one("select 1 as one")
    database.close_all()
    assert database.connections == 0
