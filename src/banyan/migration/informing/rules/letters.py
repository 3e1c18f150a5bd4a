"""A notice as a mail and as the body of a webhook: the same in every try."""

from datetime import UTC
from email.message import EmailMessage
from email.utils import format_datetime
from html import escape

import msgspec

from banyan.migration.informing.model import NOTICE, Notice

_HTML = """<!doctype html>
<html lang="en"><body style="font:16px/1.5 system-ui,sans-serif;color:#1c1b19;max-width:38rem">
<h1 style="font-size:1.2rem">{title}</h1>
{lines}
<p style="color:#6b6862;font-size:.85rem">{foot}</p>
</body></html>
"""


def mail(notice: Notice, plan_title: str, sender: str, address: str) -> EmailMessage:
    """Plain text and simple HTML; its Message-ID is that of the notice, so that a mail which comes
    twice is known to be one."""
    foot = f"Migration: {plan_title}. Your team owns this or depends on it."
    message = EmailMessage()
    message["From"] = sender
    message["To"] = "".join(address.split())  # a line break would begin another header
    message["Subject"] = " ".join(f"[{plan_title}] {notice.title}".split())
    message["Date"] = format_datetime(notice.written_at.astimezone(UTC))
    message["Message-ID"] = f"<{NOTICE.text(notice.notice_id)}@banyan>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content("\n\n".join([notice.title, *notice.lines, f"-- \n{foot}"]) + "\n")
    lines = "\n".join(f"<p>{escape(line)}</p>" for line in notice.lines)
    html = _HTML.format(title=escape(notice.title), lines=lines, foot=escape(foot))
    message.add_alternative(html, subtype="html")
    return message


def webhook_body(notice: Notice, plan: str) -> bytes:
    """JSON as Standard Webhooks has it: ``type``, ``timestamp``, ``data``."""
    return msgspec.json.encode(
        {
            "type": notice.kind,
            "timestamp": notice.written_at,
            "data": {
                "notice": NOTICE.text(notice.notice_id),
                "plan": plan,
                "team": notice.team,
                "route": notice.route or None,
                "title": notice.title,
                "text": "\n".join(notice.lines),
                "facts": notice.facts,
            },
        }
    )
