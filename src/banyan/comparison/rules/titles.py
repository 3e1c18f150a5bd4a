"""A divergence in one line that people understand."""

from banyan.difference import Difference

_ARTICLES = {
    "number": "a number", "null": "null", "boolean": "a truth value", "list": "a list",
    "object": "an object", "empty": "an empty text", "numeral": "a text", "text": "a text",
    "words": "a text", "token": "a text", "url": "a text", "uuid": "a text", "date": "a text",
    "timestamp": "a text", "html": "a page", "json": "JSON", "not json": "not JSON", "xml": "XML",
    "bytes": "bytes",
}  # fmt: skip
_NO_ANSWER = "0"
"""The status of a side that gave none in time."""

_TITLE_LENGTH_MAX = 200


def title_of(difference: Difference) -> str:
    """Such as ``price is a text in the candidate, a number in legacy``."""
    text = _title(difference)
    return text if len(text) <= _TITLE_LENGTH_MAX else text[: _TITLE_LENGTH_MAX - 1] + "…"


def _of_status(one: Difference) -> str:
    if one.candidate == _NO_ANSWER:
        return f"No answer of the candidate, {one.legacy} of legacy"
    if one.legacy == _NO_ANSWER:
        return f"No answer of legacy, {one.candidate} of the candidate"
    return f"Status {one.candidate} in the candidate, {one.legacy} in legacy"


def _title(one: Difference) -> str:
    if one.pattern == "status":
        return _of_status(one)
    if one.pattern == "exception":
        if one.kind == "missing":
            return f"Legacy raises {one.legacy_shape}, the candidate doesn't"
        of_legacy = f", legacy {one.legacy_shape}" if one.kind == "changed" else ""
        return f"The candidate raises {one.candidate_shape or 'an exception'}{of_legacy}"
    if one.pattern == "deadline":
        return "The candidate takes longer than it may"
    if one.pattern.startswith("cookie:"):
        return _of_cookie(one)
    if one.pattern.startswith("header:"):
        return _of_presence(f"Header {one.pattern[7:]}", one)
    if one.pattern == "body":
        return _of_value("The body", one)
    if one.pattern == "line *":
        return _of_presence("A line of the text", one)
    return _of_value(name_of(one.pattern), one)


def name_of(pattern: str) -> str:
    """The end of a place, with as much before it as is needed to know it."""
    if not pattern.startswith("$"):
        attribute = pattern.partition(" @")[2]
        element = pattern.partition(" @")[0].rpartition(" > ")[2]
        element = f"<{element}>" if element.isalnum() else element
        return f"{attribute} of {element}" if attribute else element
    text = pattern.removeprefix("$").removeprefix(".")
    return text or "The answer"


def _of_cookie(one: Difference) -> str:
    name, _, attribute = one.pattern.removeprefix("cookie:").partition("@")
    if attribute == "value":
        return _of_presence(f"The value of cookie {name}", one)
    if attribute:
        return f"Cookie {name}: {attribute} is {one.candidate} in the candidate, {one.legacy} in legacy"
    if one.kind in ("missing", "extra"):
        act = one.candidate_shape if one.kind == "extra" else one.legacy_shape
        side = "the candidate" if one.kind == "extra" else "legacy"
        return f"Cookie {name} is {act or 'set'} only by {side}"
    return f"Cookie {name} is {one.candidate_shape} by the candidate, {one.legacy_shape} by legacy"


def _of_value(name: str, one: Difference) -> str:
    if one.kind == "type":
        ours, theirs = (_sort(shape) for shape in (one.legacy_shape, one.candidate_shape))
        return f"{name} is {theirs} in the candidate, {ours} in legacy"
    if one.kind == "format":
        return f"{name} is written as {one.candidate} in the candidate, {one.legacy} in legacy"
    if one.kind in ("missing", "extra") and one.detail:
        return f"{name.removesuffix('[*]')}: {one.detail}"
    return _of_presence(name, one)


def _of_presence(name: str, one: Difference) -> str:
    match one.kind:
        case "missing":
            return f"{name} is missing in the candidate"
        case "extra":
            return f"{name} is there only in the candidate"
        case "moved":
            return f"{name}: the order differs"
        case "emptied":
            side = "the candidate" if one.candidate in ("", '""') else "legacy"
            return f"{name} is empty in {side} only"
        case _:
            return f"{name} differs"


def _sort(shape: str) -> str:
    return _ARTICLES.get(shape, shape or "nothing")
