"""The names that lines call one another by.

A name is a reference that the other side may know: our key, the provider's reference, a batch. A
bank line has them anywhere in its text, in capitals, without hyphens, or cut off.
"""

import re
from bisect import bisect_left
from collections.abc import Sequence

from banyan.reconciliation.model import Line

SHORTEST = 12
"""Letters that a shortened name must have left, so that it still means something."""

_TOKEN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./\-]{5,}")
_OURS = re.compile(r"(att|pay|ref|dsp|pot)[0-7][0-9a-hjkmnp-tv-z]{25}")
_ATTEMPT = re.compile(r"att[0-7][0-9a-hjkmnp-tv-z]{25}")
_OPERATION = re.compile(r"(att|ref|dsp|pot)[0-7][0-9a-hjkmnp-tv-z]{25}")


def plain(name: str) -> str:
    """A name without what banks change: capitals, hyphens, blanks."""
    lower = name.lower().replace("_", "").replace("-", "")
    return lower.replace(".", "").replace("/", "").replace(" ", "")


def is_ours(name: str) -> bool:
    """Whether a plain name is a whole id of ours."""
    return _OURS.fullmatch(name) is not None


def is_operation(name: str) -> bool:
    """Whether a plain name is a whole id of one operation of ours, not of a payment with several."""
    return _OPERATION.fullmatch(name) is not None


def attempts_named(line: Line) -> list[str]:
    """The ids of attempts of ours that a line names, as we write them."""
    return [f"att_{name[3:]}" for name in names_of(line) if _ATTEMPT.fullmatch(name)]


def names_of(line: Line) -> list[str]:
    """What a line calls itself, plainly, the most exact first."""
    if line.comparison == "operations":
        return [plain(name) for name in (line.key, line.reference) if name]
    if line.side == "provider":
        return [plain(name) for name in dict.fromkeys((line.batch, line.reference)) if name]
    named = (line.key, line.reference, *_TOKEN.findall(line.text))
    return list(dict.fromkeys(plain(name) for name in named if name))


def spoken(line: Line, name: str) -> str:
    """A plain name as the line itself writes it."""
    written = (line.key, line.reference, line.batch, *_TOKEN.findall(line.text))
    return next((one for one in written if plain(one) == name), name)


class Prefixes:
    """Finds the lines whose name begins with a shortened one."""

    def __init__(self, lines: Sequence[Line]) -> None:
        named = [(name, place) for place, line in enumerate(lines) for name in names_of(line)]
        self._lines = lines
        self._named = sorted(named)

    def find(self, shortened: str) -> list[Line]:
        """The lines with a name that begins so; each once."""
        if len(shortened) < SHORTEST:
            return []
        places: dict[int, None] = {}
        at = bisect_left(self._named, (shortened, -1))
        while at < len(self._named) and self._named[at][0].startswith(shortened):
            places[self._named[at][1]] = None
            at += 1
        return [self._lines[place] for place in places]
