"""What only a real socket shows: early refusals, connections kept, clients that go away."""

import json
import socket

from tests.runtime.http import shop

HEAD = "POST /v1/items HTTP/1.1\r\nHost: shop\r\nAuthorization: Bearer all\r\n"
GOOD = json.dumps(shop.EXAMPLE)


def connect(address: str) -> socket.socket:
    host, port = address.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def read_status(connection: socket.socket) -> int:
    """The status of the next answer, whose body is read too."""
    with connection.makefile("rb") as lines:
        status = int(lines.readline().split()[1])
        length = 0
        while (line := lines.readline()) != b"\r\n":
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        lines.read(length)
        return status


def test_a_large_body_is_refused_before_it_is_sent(served: str) -> None:
    with connect(served) as connection:
        head = f"{HEAD}Content-Type: application/json\r\nContent-Length: 5000000\r\n\r\n"
        connection.sendall(head.encode())
        assert read_status(connection) == 413


def test_a_body_in_pieces_is_put_together(served: str) -> None:
    with connect(served) as connection:
        chunked = f"{HEAD}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(chunked.encode())
        for piece in (GOOD[:7], GOOD[7:]):
            connection.sendall(f"{len(piece):x}\r\n{piece}\r\n".encode())
        connection.sendall(b"0\r\n\r\n")
        assert read_status(connection) == 201


def test_a_connection_serves_many_and_outlives_a_refusal(served: str) -> None:
    request = f"{HEAD}Content-Type: application/json\r\nContent-Length: "
    with connect(served) as connection:
        for body, status in ((GOOD, 201), ("{", 400), (GOOD, 201)):
            connection.sendall(f"{request}{len(body)}\r\n\r\n{body}".encode())
            assert read_status(connection) == status


def test_a_client_that_goes_away_leaves_nothing_behind(served: str) -> None:
    with connect(served) as connection:
        half = f"{HEAD}Content-Type: application/json\r\nContent-Length: 500\r\n\r\n" + "{"
        connection.sendall(half.encode())
    with connect(served) as connection:
        length = f"Content-Type: application/json\r\nContent-Length: {len(GOOD)}\r\n\r\n"
        connection.sendall(f"{HEAD}{length}{GOOD}".encode())
        assert read_status(connection) == 201
