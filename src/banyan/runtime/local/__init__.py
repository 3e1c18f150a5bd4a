"""What runs on one machine: the embedded PostgreSQL and the processes of `banyan up`.

::

    with locked(state / "banyan.lock"):
        check_port(host, port)
        server = await asyncio.to_thread(start_postgres, state / "postgres")
        try:
            async with Supervisor(state / "log") as supervisor:
                await supervisor.start(Child("api", [...], ready=answers))
                await supervisor.wait()
        finally:
            server.stop()
"""

from banyan.runtime.local.errors import StartError
from banyan.runtime.local.lock import locked
from banyan.runtime.local.port import check_port
from banyan.runtime.local.postgres import LocalServer, find_server
from banyan.runtime.local.postgres import start as start_postgres
from banyan.runtime.local.supervisor import Child, Supervisor

__all__ = [
    "Child",
    "LocalServer",
    "StartError",
    "Supervisor",
    "check_port",
    "find_server",
    "locked",
    "start_postgres",
]
