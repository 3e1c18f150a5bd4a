"""Regular expressions that others write: refused where they could take for ever.

Python's engine tries every way to match, so that ``(a+)+b`` on forty letters doesn't end. What is
accepted here can be matched in a time that grows with the square of the text's length at most, and
is only asked of texts up to ``WINDOW``: no repeat within a repeat, no alternatives within a repeat,
and no two open repeats where one might take what the other wants.
"""

import re
from collections.abc import Callable
from re import _constants as codes  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]
from re import _parser as parser  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType]
from typing import Any

from banyan.difference.errors import InvalidRule

LENGTH_MAX = 500
WINDOW = 4_000
"""Characters of a text that a pattern is asked of; beyond, nothing matches."""

_OPTIONAL_MAX = 8
_BRANCHES_MAX = 4
_OTHERS = 256
"""Stands for every character beyond Latin-1."""

_REPEATS: frozenset[Any] = frozenset(
    {codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT}  # pyright: ignore[reportUnknownMemberType]
)
_REFUSED: dict[Any, str] = {
    codes.GROUPREF: "a reference to a group",  # pyright: ignore[reportUnknownMemberType]
    codes.GROUPREF_EXISTS: "a condition on a group",  # pyright: ignore[reportUnknownMemberType]
    codes.ASSERT: "a look-around",  # pyright: ignore[reportUnknownMemberType]
    codes.ASSERT_NOT: "a look-around",  # pyright: ignore[reportUnknownMemberType]
}


def safe_pattern(text: str) -> re.Pattern[str]:
    """Compiled; ``InvalidRule`` if it is malformed, too long or could take too long."""
    if not text or len(text) > LENGTH_MAX:
        raise InvalidRule(f"A pattern has 1 to {LENGTH_MAX} characters.")
    try:
        tree: Any = parser.parse(text)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        compiled = re.compile(text)
    except (re.error, RecursionError, OverflowError, ValueError) as error:
        raise InvalidRule(f"The pattern {_short(text)} can't be read: {error}.") from None
    if compiled.match(""):
        raise InvalidRule(f"The pattern {_short(text)} matches nothing at all, and so everything.")
    fault = _fault(tree, is_repeated=False) or _too_open(tree)
    if fault:
        raise InvalidRule(f"The pattern {_short(text)} could take for ever: {fault}.")
    return compiled


def _fault(tree: Any, *, is_repeated: bool) -> str:
    """The first thing in it that has no bound in time; "" if there is none."""
    for code, argument in tree:
        if code in _REFUSED:
            return f"leave out {_REFUSED[code]}"
        if code in _REPEATS:
            low, high, body = argument
            if is_repeated and low != high:
                return "a repeat within a repeat; write the inner one without"
            fault = _fault(body, is_repeated=is_repeated or int(high) > 1)
        elif code is codes.BRANCH:  # pyright: ignore[reportUnknownMemberType]
            if is_repeated:
                return "alternatives within a repeat; repeat a set such as [ab] instead"
            fault = next(
                filter(None, (_fault(part, is_repeated=False) for part in argument[1])), ""
            )
        else:
            fault = next(
                filter(None, (_fault(part, is_repeated=is_repeated) for part in _parts(argument))),
                "",
            )
        if fault:
            return fault
    return ""


def _too_open(tree: Any) -> str:
    flat = list(_flat(tree))
    is_open = [
        place
        for place, (code, argument) in enumerate(flat)
        if code in _REPEATS and int(argument[1]) > int(argument[0]) and int(argument[1]) > 1
    ]
    ambiguous = [place for place in is_open if place < len(flat) - 1 and not _stops(flat, place)]
    if len(ambiguous) > 1 or (ambiguous and len(is_open) > 2):
        return "several open repeats; let what follows each be something that it can't match itself"
    optional = sum(
        1
        for code, argument in flat
        if code in _REPEATS and (argument[0], int(argument[1])) == (0, 1)
    )
    branches = sum(1 for code, _ in flat if code is codes.BRANCH)  # pyright: ignore[reportUnknownMemberType]
    if optional > _OPTIONAL_MAX or branches > _BRANCHES_MAX:
        return f"more than {_OPTIONAL_MAX} optional parts or {_BRANCHES_MAX} alternatives"
    return ""


def _flat(tree: Any) -> Any:
    """The items in a row, groups and optional parts opened."""
    for code, argument in tree:
        if code is codes.SUBPATTERN:  # pyright: ignore[reportUnknownMemberType]
            yield from _flat(argument[-1])
        elif code in _REPEATS and int(argument[1]) == 1:
            yield code, argument
            yield from _flat(argument[2])
        elif code is codes.BRANCH:  # pyright: ignore[reportUnknownMemberType]
            yield code, argument
            for part in argument[1]:
                yield from _flat(part)
        else:
            yield code, argument


def _stops(flat: list[Any], place: int) -> bool:
    """Whether what follows a repeat is something that the repeat can't take."""
    body = flat[place][1][2]
    own = _characters(body[0]) if len(body) == 1 else None
    code, argument = flat[place + 1]
    following = (
        _characters(argument[2][0])
        if code in _REPEATS and int(argument[0]) > 0 and len(argument[2]) == 1
        else _characters((code, argument))
    )
    return own is not None and following is not None and own.isdisjoint(following)


def _characters(item: Any) -> frozenset[int] | None:
    """What one item of a pattern may match, of Latin-1 and others; None if it isn't one character."""
    code, argument = item
    everything = frozenset(range(_OTHERS + 1))
    if code is codes.LITERAL:  # pyright: ignore[reportUnknownMemberType]
        return _either_case(argument)
    if code is codes.NOT_LITERAL:  # pyright: ignore[reportUnknownMemberType]
        return everything - {argument}
    if code is codes.ANY:  # pyright: ignore[reportUnknownMemberType]
        return everything
    if code is not codes.IN:  # pyright: ignore[reportUnknownMemberType]
        return None
    found: set[int] = set()
    for part in argument:
        found |= _of_set(part)
    is_negated = any(kind is codes.NEGATE for kind, _ in argument)  # pyright: ignore[reportUnknownMemberType]
    return everything - found if is_negated else frozenset(found)


def _of_set(part: Any) -> frozenset[int]:
    """What one part of a set such as ``[a-z_]`` stands for."""
    kind, what = part
    if kind is codes.LITERAL:  # pyright: ignore[reportUnknownMemberType]
        return _either_case(what)
    if kind is codes.RANGE:  # pyright: ignore[reportUnknownMemberType]
        points = range(what[0], min(what[1], _OTHERS) + 1)
        return frozenset(other for point in points for other in _either_case(point))
    return frozenset() if kind is codes.NEGATE else _category(str(what))  # pyright: ignore[reportUnknownMemberType]


def _category(name: str) -> frozenset[int]:
    tests: dict[str, Callable[[str], bool]] = {
        "CATEGORY_DIGIT": str.isdigit,
        "CATEGORY_SPACE": str.isspace,
        "CATEGORY_WORD": lambda letter: letter.isalnum() or letter == "_",
    }
    test = tests.get(name.replace("_NOT_", "_").replace("UNI_", ""))
    if test is None:
        return frozenset(range(_OTHERS + 1))
    is_not = "_NOT_" in name
    found = {point for point in range(_OTHERS) if test(chr(point)) != is_not}
    return frozenset(found | {_OTHERS})


def _either_case(point: int) -> frozenset[int]:
    if point >= _OTHERS:
        return frozenset({_OTHERS})
    letter = chr(point)
    return frozenset(
        min(ord(other), _OTHERS) for other in (letter, letter.lower(), letter.upper()[:1] or letter)
    )


def _parts(argument: Any) -> list[Any]:
    """The patterns within an argument of an item."""
    if isinstance(argument, parser.SubPattern):  # pyright: ignore[reportUnknownMemberType]
        return [argument]
    if isinstance(argument, tuple | list):
        return [part for one in argument for part in _parts(one)]  # pyright: ignore[reportUnknownVariableType]
    return []


def _short(text: str) -> str:
    return repr(text if len(text) <= 60 else text[:57] + "…")
