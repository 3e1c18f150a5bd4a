"""Runs localstripe as a process of its own, on the loopback interface and with nothing on disk.

By itself it binds every interface and keeps its state in a shared temporary file.
"""

import builtins
import os
import runpy
import socket
import sys


class _Loopback(socket.socket):
    def __init__(self, family: int = -1, *more: int, **named: object) -> None:
        super().__init__(socket.AF_INET if family == socket.AF_INET6 else family, *more, **named)

    def bind(self, address: tuple[str, int]) -> None:
        super().bind(("127.0.0.1", address[1]))


_open = builtins.open


def _open_elsewhere(file: object, *more: object, **named: object) -> object:
    is_state = str(file).endswith("localstripe.pickle")
    return _open(os.devnull if is_state else file, *more, **named)


socket.socket = _Loopback  # type: ignore[misc]
builtins.open = _open_elsewhere  # type: ignore[assignment]
sys.argv = ["localstripe", "--from-scratch", "--port", sys.argv[1]]
runpy.run_module("localstripe", run_name="__main__")
