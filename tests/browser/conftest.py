"""A real browser on the console's pages, from sample records: no database is needed."""

import shutil
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import uvicorn

from tests.console.preview import preview_app

pytestmark = pytest.mark.slow
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def preview_url() -> Iterator[str]:
    """The preview, served on a free port of this machine."""
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    server = uvicorn.Server(uvicorn.Config(preview_app(), log_level="warning", lifespan="off"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join()
    listener.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    """A headless Chromium; skipped with the reason where there is none.

    Not for the session: playwright keeps an event loop running in this thread, and as long as it
    does, no test with a loop of its own can end.
    """
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="the package playwright is not installed"
    )
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip(f"no browser is installed (looked for {', '.join(NAMES)})")
    with TemporaryDirectory() as folder, playwright.sync_playwright() as driver:
        context = driver.chromium.launch(
            executable_path=found, args=ARGUMENTS, downloads_path=Path(folder)
        )
        yield context
        context.close()


NAMES = ("chromium", "chromium-browser", "google-chrome")
