"""Bodies: which kind they are, and each compared in its own way."""

import codecs
import re
from typing import TypeAlias

from banyan.difference.model import Answer, BodyKind
from banyan.difference.rules import jsons
from banyan.difference.rules.headers import media_type
from banyan.difference.rules.how import Comparing
from banyan.difference.rules.json_bodies import compare_json
from banyan.difference.rules.nodes import Node
from banyan.difference.rules.sheet import Sheet
from banyan.difference.rules.text_bodies import compare_bytes, compare_texts

_META = re.compile(rb"""<meta[^>]{0,200}?charset\s{0,9}=\s{0,9}["']?([\w-]{1,40})""", re.IGNORECASE)
_LONG_TAG = re.compile(r"<[A-Za-z][^<>]{8000,}")
_ATTRIBUTES_MAX = 2_000
_TEXTUAL = ("javascript", "ecmascript", "x-www-form-urlencoded", "css", "csv", "graphql", "yaml")
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


Read: TypeAlias = dict[str, Node | None]
"""Pages by their text, so that an answer that is compared twice is read once."""


def compare_bodies(
    legacy: Answer, candidate: Answer, how: Comparing, sheet: Sheet, pages: Read
) -> BodyKind:
    """Note the differences of two bodies; of cut ones only of what both have."""
    if how.body == "none":
        return "none"
    one, two = _both(legacy, candidate)
    is_cut = legacy.is_cut or candidate.is_cut
    kinds = kind_of(legacy, how), kind_of(candidate, how)
    if one == two:
        return kinds[0]
    if kinds[0] != kinds[1]:
        _note_kinds(kinds, sheet)
        return kinds[0]
    kind = kinds[0]
    left, right = (
        (text_of(one, legacy), text_of(two, candidate))
        if kind in ("json", "html", "xml", "text")
        else ("", "")
    )
    if kind == "json":
        _compare_json(left, right, how, sheet, is_cut=is_cut)
    elif kind in ("html", "xml"):
        if is_cut:
            left, right = left.rpartition("<")[0], right.rpartition("<")[0]
        _compare_pages(left, right, how, sheet, pages, is_xml=kind == "xml" and not is_cut)
    elif kind == "text":
        if is_cut:
            left, right = left.rpartition("\n")[0] or left, right.rpartition("\n")[0] or right
        compare_texts(left, right, how, sheet)
    else:
        compare_bytes(one, two, sheet)
    if is_cut:
        sheet.found = [d for d in sheet.found if d.kind not in ("missing", "extra")]
    return kind


def kind_of(answer: Answer, how: Comparing) -> BodyKind:
    """By the content type; where there is none, by the first characters."""
    if not answer.body:
        return "empty"
    if how.body != "auto":
        return how.body
    kind, _ = media_type(answer.header("content-type") or "")
    if kind.endswith(("/json", "+json")):
        return "json"
    if kind in ("text/html", "application/xhtml+xml"):
        return "html"
    if kind.endswith(("/xml", "+xml")):
        return "xml"
    if kind.startswith("text/") or kind.endswith(_TEXTUAL):
        return "text"
    return "bytes" if kind else _sniffed(answer.body)


def text_of(body: bytes, answer: Answer) -> str:
    """Decoded as it says it is; what can't be is shown as U+FFFD."""
    for mark, name in _MARKS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    _, parameters = media_type(answer.header("content-type") or "")
    name = dict(parameters).get("charset", "")
    if not name:
        meta = _META.search(body[:2048])
        name = meta[1].decode("ascii", "replace") if meta else ""
    try:
        if name:
            return body.decode(codecs.lookup(name).name, "replace")
        return body.decode()
    except (LookupError, ValueError, TypeError):
        return body.decode("cp1252", "replace") if not name else body.decode("utf-8", "replace")


def _both(legacy: Answer, candidate: Answer) -> tuple[bytes, bytes]:
    if not (legacy.is_cut or candidate.is_cut):
        return legacy.body, candidate.body
    length = min(len(answer.body) for answer in (legacy, candidate) if answer.is_cut)
    return legacy.body[:length], candidate.body[:length]


def _sniffed(body: bytes) -> BodyKind:
    start = body[:64].lstrip()
    if start.startswith((b"{", b"[")):
        return "json"
    if start.startswith(b"<"):
        return "xml" if start.startswith(b"<?xml") else "html"
    try:
        body[:4096].decode()
    except UnicodeDecodeError as error:
        return "text" if error.start > 4090 else "bytes"
    return "bytes" if b"\0" in body[:4096] else "text"


def _note_kinds(kinds: tuple[BodyKind, BodyKind], sheet: Sheet) -> None:
    if kinds[0] == "empty":
        sheet.note("body", "extra", None, kinds[1], shapes=("", kinds[1]))
    elif kinds[1] == "empty":
        sheet.note("body", "missing", kinds[0], None, shapes=(kinds[0], ""))
    else:
        sheet.note("body", "type", kinds[0], kinds[1], shapes=kinds)


def _compare_json(left: str, right: str, how: Comparing, sheet: Sheet, *, is_cut: bool) -> None:
    if is_cut:
        left, right = jsons.cut(left), jsons.cut(right)
    values = _parsed(left), _parsed(right)
    if values == (None, None):
        compare_texts(left, right, how, sheet)
    elif None in values:
        words = tuple("json" if value is not None else "not json" for value in values)
        sheet.note("body", "type", words[0], words[1], shapes=(words[0], words[1]))
    else:
        assert values[0] is not None, "both were read"
        assert values[1] is not None, "both were read"
        before = len(sheet.found)
        try:
            compare_json(values[0][0], values[1][0], how, sheet)
        except RecursionError:
            del sheet.found[before:]
            compare_texts(left, right, how, sheet)


def _is_crowded(text: str) -> bool:
    """Whether a tag has so many attributes that reading it would take for ever (libxml2 compares
    each with all before it)."""
    return any(len(tag[0].split()) > _ATTRIBUTES_MAX for tag in _LONG_TAG.finditer(text))


def _parsed(text: str) -> tuple[jsons.Json] | None:
    """In a tuple, for null is a value; None if it isn't JSON that can be walked."""
    try:
        return (jsons.read(text),)
    except (ValueError, RecursionError):
        return None


def _compare_pages(
    left: str, right: str, how: Comparing, sheet: Sheet, pages: Read, *, is_xml: bool
) -> None:
    # Only where pages are compared: an application that compares values has no need of lxml.
    from banyan.difference.rules.page_bodies import compare_pages, hide
    from banyan.difference.rules.pages import read_html, read_xml

    if _is_crowded(left) or _is_crowded(right):
        compare_texts(left, right, how, sheet)
        return
    read = read_xml if is_xml else read_html
    before = len(sheet.found)
    try:
        for text in (left, right):
            if text not in pages:
                pages[text] = page = read(text, how.scrub, how.home)
                if page is not None and how.hidden:
                    hide(page, how)
        one, two = pages[left], pages[right]
        if one is not None and two is not None:
            compare_pages(one, two, how, sheet)
            return
    except (ValueError, RecursionError):
        del sheet.found[before:]
    compare_texts(left, right, how, sheet)
