"""What goes out ends in time, whatever the other side does."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from email.message import EmailMessage
from ipaddress import ip_network

from banyan.migration.informing.providers.mail import MailServer, send
from banyan.migration.informing.providers.webhooks import post

WITHIN_S = 0.3


@asynccontextmanager
async def trickling(first: bytes, then: bytes) -> AsyncGenerator[tuple[int, asyncio.Event]]:
    """A port where an answer begins and never comes to its end; the event: the line was cut."""
    is_cut = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def trickle() -> None:
            writer.write(first)
            while True:
                writer.write(then)
                await asyncio.sleep(0.02)

        trickles = asyncio.create_task(trickle())
        with suppress(ConnectionError):
            while await reader.read(1_000):
                pass
        is_cut.set()
        trickles.cancel()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1], is_cut


async def test_a_webhook_whose_answer_trickles_is_an_outcome() -> None:
    async with trickling(b"HTTP/1.1 200 X\r\n", b"X-A: b\r\n") as (port, is_cut):
        inside = [ip_network("127.0.0.0/8")]
        outcome = await post(f"http://127.0.0.1:{port}/", b"{}", {}, inside, within_s=WITHIN_S)
        async with asyncio.timeout(20):
            await is_cut.wait()
    assert (outcome.is_delivered, outcome.answer) == (False, "no whole answer within 0.3 s")


async def test_a_mail_server_whose_answers_trickle_is_an_outcome_and_cut_off() -> None:
    message = EmailMessage()
    message["To"] = message["From"] = "a@example.com"
    async with trickling(b"220 hello\r\n", b"250-and\r\n") as (port, is_cut):
        server = MailServer("127.0.0.1", port, is_tls=False)
        outcome = await send(server, message, within_s=WITHIN_S)
        async with asyncio.timeout(20):
            await is_cut.wait()
    assert (outcome.is_delivered, outcome.answer) == (
        False, "the mail server took too long to answer",
    )  # fmt: skip
