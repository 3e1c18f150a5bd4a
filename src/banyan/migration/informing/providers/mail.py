"""Mail by SMTP; the server is a setting: ``smtp://user:password@host:587`` or ``smtps://host``."""

import asyncio
import smtplib
import socket
import ssl
import time
from contextlib import suppress
from dataclasses import dataclass
from email.message import EmailMessage
from urllib.parse import unquote, urlsplit

from banyan.migration.informing.model import Outcome
from banyan.runtime import InvalidSetting

TIMEOUT_S = 10.0
"""For each command."""
WITHIN_S = 25.0
"""For all of them: less than the lease of the job, so that no other worker sends it meanwhile."""
NO_SERVER = "not sent: no mail server is set (BANYAN_SMTP_URL)"
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, repr=False)
class MailServer:
    host: str
    port: int
    is_tls: bool
    user: str = ""
    password: str = ""


def mail_server(url: str) -> MailServer | None:
    """The server that a setting names, None if none is set; ``InvalidSetting``."""
    if not url:
        return None
    parts = urlsplit(url)
    try:
        port = parts.port
    except ValueError:
        port = -1
    if parts.scheme not in ("smtp", "smtps") or not parts.hostname or port == -1:
        raise InvalidSetting("BANYAN_SMTP_URL must be smtp://host:port or smtps://host:port.")
    is_tls = parts.scheme == "smtps"
    return MailServer(
        parts.hostname,
        port or (465 if is_tls else 587),
        is_tls,
        unquote(parts.username or ""),
        unquote(parts.password or ""),
    )


class _Call:
    """A conversation with a server in a thread, which has no other way of being ended in time."""

    def __init__(self, server: MailServer, message: EmailMessage, within_s: float) -> None:
        self._server, self._message = server, message
        self._ends_at_s = time.monotonic() + within_s
        self._smtp: smtplib.SMTP | None = None

    def send(self) -> str:
        server, context = self._server, ssl.create_default_context()
        with (
            smtplib.SMTP_SSL(server.host, server.port, timeout=TIMEOUT_S, context=context)
            if server.is_tls
            else smtplib.SMTP(server.host, server.port, timeout=TIMEOUT_S)
        ) as smtp:
            self._smtp = smtp
            smtp.ehlo_or_helo_if_needed()
            is_private = (
                server.is_tls or server.host in _LOOPBACK
            )  # whose certificates nobody signs
            if not is_private and smtp.has_extn("starttls"):
                smtp.starttls(context=context)
                is_private = True
            if server.user:
                if not is_private:
                    raise smtplib.SMTPException("the server offers no TLS to send the password by")
                smtp.login(server.user, server.password)
            if time.monotonic() >= self._ends_at_s:  # it counts as not sent already
                raise TimeoutError
            smtp.send_message(self._message)
        return "accepted by the mail server"

    def end(self) -> None:
        """Cut the line, if there still is one: what waits for the server fails."""
        line = self._smtp.sock if self._smtp is not None else None
        if line is not None:
            with suppress(OSError):
                socket.socket.shutdown(line, socket.SHUT_RDWR)  # not TLS's, which first goes clear


async def send(
    server: MailServer | None, message: EmailMessage, *, within_s: float = WITHIN_S
) -> Outcome:
    """Hand a mail over to the server; whatever goes wrong is an outcome, never an exception."""
    if server is None:
        return Outcome(is_delivered=False, answer=NO_SERVER, is_set_up=False)
    started_s = time.monotonic()
    call = _Call(server, message, within_s)
    try:
        async with asyncio.timeout(within_s):
            answer, is_delivered = await asyncio.to_thread(call.send), True
    except TimeoutError:
        answer, is_delivered = "the mail server took too long to answer", False
    except (smtplib.SMTPException, OSError, ValueError) as error:
        answer, is_delivered = f"{type(error).__name__}: {error}"[:300], False
    finally:
        call.end()
    return Outcome(is_delivered, answer, round((time.monotonic() - started_s) * 1000))
