"""Documents that other contexts have written as whole pages: statements, invoices, evidence.

They bring their style along, in one element, and some are frozen to the letter. So the policy of such
an answer names the hash of just that style and allows nothing else: no script, nothing fetched.
"""

import base64
import hashlib
import re

from starlette.responses import HTMLResponse, Response

from banyan.console.security import PAGE_HEADERS

_STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)


def document(html: str) -> Response:
    """A document as it is, shown by the browser under a policy of its own."""
    headers = {**PAGE_HEADERS, "Content-Security-Policy": _policy(html)}
    return HTMLResponse(html, headers=headers)


def download(name: str, media_type: str, content: str) -> Response:
    """A file for the disk; ``name`` is made of ids and dates of ours."""
    disposition = f'attachment; filename="{name}"'
    headers = {**PAGE_HEADERS, "Content-Disposition": disposition}
    return Response(content, media_type=media_type, headers=headers)


def _policy(html: str) -> str:
    hashes = " ".join(f"'sha256-{_hash(style)}'" for style in _STYLE.findall(html)) or "'none'"
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src {hashes}",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _hash(style: str) -> str:
    return base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
