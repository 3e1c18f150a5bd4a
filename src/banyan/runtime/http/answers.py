"""An answer, and how it is put on the wire."""

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


async def send_answer(send: Send, answer: Answer, more: Headers, *, head_only: bool) -> None:
    """Sends ``answer`` with ``more`` headers; a HEAD gets the headers and their lengths alone."""
    headers = [*more, *answer.headers]
    if answer.status != 204:
        headers.append((b"content-type", answer.media_type))
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": b"" if head_only else answer.body})
