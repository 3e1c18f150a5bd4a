"""Answers and how they differ: plain records."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

Side: TypeAlias = Literal["legacy", "candidate"]
BodyKind: TypeAlias = Literal["json", "html", "xml", "text", "bytes", "empty", "none"]

Kind: TypeAlias = Literal["changed", "type", "format", "emptied", "missing", "extra", "moved"]
"""``missing`` is not in the candidate's answer, ``extra`` only in it. ``type`` is another kind of
value (a text where a number was), ``format`` the same number written otherwise (1 and 1.0),
``emptied`` a text that is empty on one side only, ``moved`` the same elements in another order."""

VALUE_LENGTH_MAX = 300
DIFFERENCES_MAX = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What one side answered to one request: ``headers`` in order, names in lower case."""

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes
    is_cut: bool = False
    duration_us: int = 0

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key == name), None)

    def all(self, name: str) -> tuple[str, ...]:
        return tuple(value for key, value in self.headers if key == name)


@dataclass(frozen=True, slots=True)
class Asked:
    """The request that was answered; ``path`` with its query."""

    method: str
    path: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class IgnoreRule:
    """A difference that means nothing: at ``path``, of values that match ``pattern``, or both.

    ``path`` is ``$.items[*].updated_at``, a CSS selector, ``header:etag``, ``cookie:sid`` or
    ``status``. A ``pattern`` alone is taken out of every text before it is compared.
    """

    path: str | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class MaskingRule:
    """Personal data: at a place, in fields of a name (``*`` stands for anything), or by pattern."""

    path: str | None = None
    field: str | None = None
    pattern: str | None = None


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where two answers differ.

    ``path`` is the place, ``pattern`` the same with what varies from answer to answer as ``*``.
    Values are as shown: masked, and cut at ``VALUE_LENGTH_MAX``; None where that side has nothing.
    ``legacy_shape`` and ``candidate_shape`` say what sort of value it is (``number``, ``token``…).
    """

    path: str
    pattern: str
    kind: Kind
    legacy: str | None
    candidate: str | None
    legacy_shape: str = ""
    candidate_shape: str = ""
    detail: str = ""
    """What else there is to say, such as how many elements there are on each side."""

    @property
    def key(self) -> tuple[str, Kind]:
        """What is learned about: the same place and kind in other answers. Which of two answers has
        something that comes and goes is chance."""
        return self.pattern, "missing" if self.kind == "extra" else self.kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What differs between legacy and candidate, and what of it was noise at the same moment.

    ``noise`` differed between the sides, too, but in the same way between two answers of one side.
    ``baseline`` are the keys of all that differed between the two of one side; None where there was
    no second answer. ``is_unsteady``: one side gave two different statuses, so that nothing can be
    said. ``is_whole`` is false where there were more differences than are listed, or cut bodies.
    """

    differences: tuple[Difference, ...] = ()
    noise: tuple[Difference, ...] = ()
    baseline: frozenset[tuple[str, Kind]] | None = None
    is_unsteady: bool = False
    is_whole: bool = True
    body: BodyKind = "none"

    @property
    def is_same(self) -> bool:
        return not self.differences
