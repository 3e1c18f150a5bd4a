"""Texts compared line by line, and anything else byte by byte."""

import hashlib

from banyan.difference.rules.aligning import aligned
from banyan.difference.rules.how import Comparing
from banyan.difference.rules.shapes import shape_of
from banyan.difference.rules.sheet import Sheet


def compare_texts(legacy: str, candidate: str, how: Comparing, sheet: Sheet) -> None:
    """Line ends and spaces before them mean nothing."""
    left, right = _lines(legacy, how), _lines(candidate, how)
    if left == right:
        return
    masker = sheet.masker
    pairs = aligned(left, right, [""] * len(left), [""] * len(right))
    for i, j in pairs:
        one = None if i is None else left[i]
        two = None if j is None else right[j]
        if one == two:
            continue
        if sheet.is_full:
            sheet.is_whole = False
            return
        line = (j if i is None else i) or 0
        shapes = ("" if one is None else shape_of(one), "" if two is None else shape_of(two))
        sheet.note(
            f"line {line + 1}",
            "missing" if two is None else "extra" if one is None else "changed",
            None if one is None else masker.text(one),
            None if two is None else masker.text(two),
            pattern="line *",
            shapes=shapes,
        )


def compare_bytes(legacy: bytes, candidate: bytes, sheet: Sheet) -> None:
    if legacy == candidate:
        return
    first = next(
        (n for n, (a, b) in enumerate(zip(legacy, candidate, strict=False)) if a != b),
        min(len(legacy), len(candidate)),
    )
    sheet.note(
        "body",
        "changed",
        _described(legacy, first),
        _described(candidate, first),
        shapes=("bytes", "bytes"),
    )


def _lines(text: str, how: Comparing) -> list[str]:
    lines = [line.rstrip() for line in how.scrub(text.replace("\r\n", "\n")).split("\n")]
    while lines and not lines[-1]:
        lines.pop()
    return lines


def _described(body: bytes, first: int) -> str:
    digest = hashlib.sha256(body).hexdigest()[:12]
    return f"{len(body):,} bytes, sha256 {digest}…, first difference at byte {first:,}"
