"""Small servers on the loopback interface, inside the test's own loop; and processes that listen."""

import asyncio
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import uvicorn


@asynccontextmanager
async def serving(app: Any) -> AsyncIterator[str]:
    """The address of an ASGI application."""
    config = uvicorn.Config(
        app, host="127.0.0.1", port=0, log_config=None, access_log=False, lifespan="off"
    )
    server = uvicorn.Server(config)
    config.load()
    server.lifespan = config.lifespan_class(config)
    await server.startup()
    task = asyncio.create_task(server.main_loop())
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = server.force_exit = True
        await task
        await server.shutdown()


@contextmanager
def process(
    command: Sequence[str | Path], port: int, environment: Mapping[str, str], log: Path
) -> Iterator[str]:
    """The address of a program that listens on ``port``; it ends with the test session."""
    with log.open("wb") as file:
        running = subprocess.Popen(
            [str(part) for part in command], env=dict(environment), stdout=file, stderr=file
        )
        try:
            _wait(running, port, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            running.terminate()
            running.wait(10)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return listening.getsockname()[1]


def _wait(running: "subprocess.Popen[bytes]", port: int, log: Path) -> None:
    for _ in range(600):
        if running.poll() is not None:
            break
        with socket.socket() as trying:
            if trying.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise RuntimeError(f"{sys.executable}: it does not listen: {log.read_text()[-500:]}")
