"""Operations that give a file: whole, or in pieces."""

from collections.abc import AsyncGenerator, AsyncIterator
from uuid import UUID

import httpx
import pytest

from banyan.runtime import Database
from banyan.runtime.http import Call, File, Operation, openapi
from tests.http_client import client_of
from tests.runtime.http.shop import ItemNotFound

CSV = "text/csv; charset=utf-8"


class Source:
    """Gives pieces; dies or refuses when told to."""

    def __init__(self) -> None:
        self.is_closed = False
        self.error_at: int | None = None
        self.error: Exception = RuntimeError("it dies")

    async def pieces(self) -> AsyncGenerator[bytes]:
        try:
            for number in range(3):
                if number == self.error_at:
                    raise self.error
                yield f"{number}\n".encode()
        finally:
            self.is_closed = True

    def operations(self) -> list[Operation]:
        async def whole(call: Call) -> File:
            return File("a.html", "text/html", b"<p>", is_shown=True)

        async def pieces(call: Call) -> File:
            return File("a.csv", CSV, self.pieces())

        return [
            Operation(
                id="getPage", method="GET", path="/v1/pages/page", summary="A page", scope=None,
                handler=whole, returns=File, media_types=("text/html",),
            ),
            Operation(
                id="getPieces", method="GET", path="/v1/pages/pieces", summary="Pieces", scope=None,
                handler=pieces, returns=File, media_types=(CSV,), transaction=False,
            ),
        ]  # fmt: skip


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
async def client(
    database: Database, sandbox: UUID, source: Source
) -> AsyncIterator[httpx.AsyncClient]:
    async with client_of(database, sandbox, source.operations()) as opened:
        yield opened


async def test_a_file_says_what_it_is(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/pages/page")
    assert (answer.content, answer.headers["content-type"]) == (b"<p>", "text/html")
    assert answer.headers["content-disposition"] == 'inline; filename="a.html"'
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")
    assert answer.headers["content-length"] == "3"


async def test_pieces_come_one_after_the_other(client: httpx.AsyncClient, source: Source) -> None:
    answer = await client.get("/v1/pages/pieces")
    assert answer.content == b"0\n1\n2\n"
    assert answer.headers["content-disposition"] == 'attachment; filename="a.csv"'
    assert "content-length" not in answer.headers
    assert source.is_closed


async def test_a_head_closes_what_it_does_not_read(
    client: httpx.AsyncClient, source: Source
) -> None:
    answer = await client.head("/v1/pages/pieces")
    assert (answer.status_code, answer.content, source.is_closed) == (200, b"", True)


async def test_what_is_refused_before_the_first_piece_is_a_problem(
    client: httpx.AsyncClient, source: Source
) -> None:
    source.error_at, source.error = 0, ItemNotFound("There is no such item.")
    answer = await client.get("/v1/pages/pieces")
    assert (answer.status_code, answer.json()["code"]) == (404, "item_not_found")


async def test_a_file_that_breaks_off_is_never_whole(
    client: httpx.AsyncClient, source: Source
) -> None:
    source.error_at = 2
    with pytest.raises(RuntimeError, match="it dies"):
        await client.get("/v1/pages/pieces")
    assert source.is_closed


def test_the_document_tells_which_files_there_are(source: Source) -> None:
    paths = openapi(source.operations())["paths"]
    content = paths["/v1/pages/pieces"]["get"]["responses"]["200"]["content"]
    assert content == {CSV: {"schema": {"type": "string"}}}
