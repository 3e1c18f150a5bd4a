"""What sort of value something is, so that values that are new every time can be told alike."""

import re

from banyan.difference.rules.jsons import Number

_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "timestamp",
        re.compile(
            r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)? ?(Z|UTC|[+-]\d\d:?\d\d)?"
            r"|(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]{0,6}, .{8,30}"
        ),
    ),
    ("date", re.compile(r"\d{4}-\d\d-\d\d|\d{1,2}[./]\d{1,2}[./]\d{2,4}")),
    ("numeral", re.compile(r"[+-]?\d{1,30}([.,]\d{1,30})?")),
    ("uuid", re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")),
    ("url", re.compile(r"(https?:)?//[^\s]{1,2000}|/[^\s]{0,2000}")),
    (
        "token",
        re.compile(r"(?=[^\s]{0,400}\d)(?=[^\s]{0,400}[A-Za-z])[A-Za-z0-9_\-+/=.:|]{16,400}"),
    ),
)


def shape_of(value: object) -> str:
    """``null``, ``boolean``, ``number``, ``list``, ``object``, ``empty``; of texts also ``timestamp``,
    ``date``, ``numeral`` (a number as text), ``uuid``, ``url``, ``token``, ``words`` and ``text``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, Number):
        return "number"
    if isinstance(value, list):
        return "list"
    if not isinstance(value, str):
        return "object"
    if value == "":
        return "empty"
    if len(value) <= 400:
        for name, shape in _SHAPES:
            if shape.fullmatch(value):
                return name
    return "words" if " " in value else "text"
