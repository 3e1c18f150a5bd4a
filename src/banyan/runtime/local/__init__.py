"""What runs on one machine: the embedded PostgreSQL and the processes of `banyan up`.

::

    with locked(state / "banyan.lock"):
        check_port(host, port)
        async with Supervisor(state / "log", say=print) as supervisor:
            server = await supervisor.start_postgres(state / "postgres")
            await supervisor.start(Child("api", [...], ready=answers))
            await supervisor.wait()
"""

from banyan.runtime.local.errors import StartError
from banyan.runtime.local.lock import locked
from banyan.runtime.local.port import check_port
from banyan.runtime.local.postgres import LocalServer, find_server, start
from banyan.runtime.local.supervisor import Child, Supervisor

__all__ = [
    "Child",
    "LocalServer",
    "StartError",
    "Supervisor",
    "check_port",
    "find_server",
    "locked",
    "start",
]
