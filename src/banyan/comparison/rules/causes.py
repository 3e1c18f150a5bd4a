"""The cause of a divergence: the one difference that best explains the others of a request."""

from collections.abc import Sequence
from dataclasses import dataclass

from banyan.difference import Difference, Kind

_PLACES = ("exception", "deadline", "status", "header:location", "body", "cookie:")
"""What a customer is hit by first: these differences bring others with them."""

_TOLD_APART = ("exception", "status", "body", "cookie:")
"""Places whose values say which cause it is."""

_KINDS: tuple[Kind, ...] = ("type", "emptied", "missing", "extra", "changed", "format", "moved")


@dataclass(frozen=True, slots=True)
class Cause:
    """What makes two requests cases of one divergence; shapes only where they tell causes apart."""

    pattern: str
    kind: Kind
    legacy_shape: str
    candidate_shape: str


def cause_of(difference: Difference) -> Cause:
    shapes = difference.legacy_shape, difference.candidate_shape
    if difference.kind == "emptied":
        shapes = tuple("empty" if shape == "empty" else "" for shape in shapes)
    elif difference.kind != "type" and not any(
        _is_at(difference.pattern, place) for place in _TOLD_APART
    ):
        shapes = ("", "")
    return Cause(difference.pattern, difference.kind, shapes[0], shapes[1])


def by_weight(differences: Sequence[Difference]) -> list[Difference]:
    """The likeliest cause first; equal ones always in the same order."""
    return sorted(differences, key=_weight)


def _weight(difference: Difference) -> tuple[int, int, int, str]:
    pattern = difference.pattern
    place = next((n for n, one in enumerate(_PLACES) if _is_at(pattern, one)), len(_PLACES))
    depth = pattern.count(".") + pattern.count("[") + 2 * pattern.count(" > ")
    return place, _KINDS.index(difference.kind), depth, pattern


def _is_at(pattern: str, place: str) -> bool:
    """Pages have elements called ``body``, too."""
    return pattern == place or (place.endswith(":") and pattern.startswith(place))
