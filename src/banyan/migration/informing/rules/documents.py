"""Runbooks: Markdown into safe HTML, with its task items as boxes that can be ticked.

HTML in the Markdown is shown as text, images are left out (they would tell another server who
reads), and links may only lead to http, https and mailto.
"""

import hashlib
from collections import Counter
from collections.abc import Sequence

from markdown_it import MarkdownIt
from markdown_it.token import Token

from banyan.migration.informing.model import Document, DocumentName, Item, Tick

_BOXES = ("[ ] ", "[x] ", "[X] ")
_MARK = "\ue000"
"""Stands where a box goes; of the private area, and taken out of what people write."""

_BELOW = 2
"""Levels by which headings stand below that of the card in which they are shown."""

_SCHEMES = ("http://", "https://", "mailto:", "#")


def document(name: DocumentName, text: str, ticks: Sequence[Tick] = ()) -> Document:
    """A runbook as pieces of HTML, and the boxes between them.

    A box is ticked if its text was, in whichever version of the plan; of boxes with the same text
    each is its own.
    """
    by_hash = {tick.text_hash: tick for tick in ticks}
    markdown = _markdown()
    tokens = markdown.parse(text.replace(_MARK, ""))
    items: list[Item] = []
    seen: Counter[str] = Counter()
    for place, token in enumerate(tokens):
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(6, int(token.tag[1]) + _BELOW)}"
        if token.type != "inline" or not _is_first_in_item(tokens, place):
            continue
        wording = _take_box(token)
        if wording is not None:
            digest = _digest(wording, seen[wording])
            seen[wording] += 1
            items.append(Item(len(items), wording, digest, by_hash.get(digest)))
    html = markdown.renderer.render(tokens, markdown.options, {})
    return Document(name, tuple(items), tuple(html.split(_MARK)))


def _markdown() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False})
    made.enable(["table", "strikethrough"]).disable("image")
    made.validateLink = _may_link
    return made


def _may_link(url: str) -> bool:
    return url.strip().lower().startswith(_SCHEMES)


def _is_first_in_item(tokens: Sequence[Token], place: int) -> bool:
    """Whether an inline token is the first text of an item of a list."""
    before = [token.type for token in tokens[max(0, place - 2) : place]]
    return before == ["list_item_open", "paragraph_open"]


def _take_box(token: Token) -> str | None:
    """Put the mark in place of ``[ ]``; the text behind it, or None if there is no box."""
    children = token.children or []
    first = children[0] if children else None
    if first is None or first.type != "text" or not first.content.startswith(_BOXES):
        return None
    first.content = _MARK + first.content[4:]
    return " ".join(token.content[4:].split())


def _digest(text: str, nth: int) -> bytes:
    return hashlib.sha256(f"{nth}\n{text}".encode()).digest()
