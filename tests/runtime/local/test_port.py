import socket

import pytest

from banyan.runtime.local import StartError, check_port


def test_a_busy_port_names_the_way_out() -> None:
    with socket.create_server(("127.0.0.1", 0)) as busy:
        port = busy.getsockname()[1]
        with pytest.raises(StartError, match=rf"Port {port} is in use.*make up PORT=9000"):
            check_port("127.0.0.1", port)
    check_port("127.0.0.1", port)


def test_a_port_that_cannot_be_is_refused() -> None:
    with pytest.raises(StartError, match="no port 70000"):
        check_port("127.0.0.1", 70000)


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(StartError, match=r"can't listen on 192\.0\.2\.1:8000"):
        check_port("192.0.2.1", 8000)
