"""An answer, and how it is put on the wire."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field

from msgspec.json import Encoder
from starlette.types import Send

Headers = list[tuple[bytes, bytes]]

JSON = b"application/json"
PROBLEM_JSON = b"application/problem+json"
CSV = b"text/csv; charset=utf-8"

encode = Encoder().encode


@dataclass(slots=True)
class Answer:
    """What goes back to the client. ``media_type`` says nothing when there is no body."""

    status: int
    body: bytes = b""
    media_type: bytes = JSON
    headers: Headers = field(default_factory=Headers)
    chunks: AsyncGenerator[bytes] | None = None
    """The body in pieces, for one that is too large for the memory."""


async def send_answer(send: Send, answer: Answer, more: Headers, *, head_only: bool) -> None:
    """Sends ``answer`` with ``more`` headers; a HEAD gets the headers and their lengths alone."""
    headers = [*more, *answer.headers]
    if answer.status != 204:
        headers.append((b"content-type", answer.media_type))
    if answer.chunks is not None:
        await _send_chunks(send, answer, headers, head_only=head_only)
        return
    if answer.status != 204:
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head_only else answer.body})


async def _send_chunks(send: Send, answer: Answer, headers: Headers, *, head_only: bool) -> None:
    """Piece by piece. If one can't be had, the connection ends early, and the client knows it."""
    assert answer.chunks is not None
    async with aclosing(answer.chunks) as chunks:
        await send({"type": "http.response.start", "status": answer.status, "headers": headers})
        async for chunk in chunks:
            if head_only:
                break
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
    await send({"type": "http.response.body", "body": b""})
