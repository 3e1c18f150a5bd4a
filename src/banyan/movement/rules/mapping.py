"""From a row of one side to what the other side should hold, and how both are compared."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from banyan.movement.model import ColumnShape, CompareColumn, Key, Row, Scalar
from banyan.movement.rules.expressions import (
    CannotMap,
    Expression,
    Unlisted,
    compile_expression,
    compile_row,
)
from banyan.movement.rules.values import canonical, caster

_PLAIN = CompareColumn()
_FAULTS = (ValueError, TypeError, LookupError, ArithmeticError, AttributeError)
"""What an expression over someone's data can come to."""


@dataclass(frozen=True, slots=True)
class Zones:
    """In which zone the naive times of both sides are."""

    origin: str = "UTC"
    destination: str = "UTC"


class RowMap:
    """What one direction of a set does to rows.

    ``reads``: columns of the origin, in the order of the rows that it is given, the key first.
    ``writes``: columns of the destination, in the order of the rows that it makes.
    """

    def __init__(
        self,
        *,
        columns: Mapping[str, Scalar],
        lookups: Mapping[str, Mapping[str, Scalar]],
        origin: Mapping[str, ColumnShape],
        origin_key: Sequence[str],
        destination: Mapping[str, ColumnShape],
        key: Sequence[str],
        zones: Zones,
        compare: Mapping[str, CompareColumn],
        conditions: Sequence[tuple[str, bool]] = (),
    ) -> None:
        """``conditions``: expressions, and what each must come to for a row to count."""
        known = list(origin)
        needed: set[str] = set()
        for given in [*columns.values(), *(text for text, _ in conditions)]:
            needed |= compile_expression(given, known, lookups).reads
        self.reads = [*origin_key, *(n for n in known if n in needed and n not in origin_key)]
        self.writes = list(columns)
        self.key = list(key)
        self.origin_key_width = len(origin_key)
        self.shapes = [destination[name] for name in self.writes]
        self._expressions = [
            compile_expression(one, self.reads, lookups) for one in columns.values()
        ]
        self._casts = [caster(shape, zones.origin, zones.destination) for shape in self.shapes]
        self._rereads = [
            caster(shape, zones.destination, zones.destination) for shape in self.shapes
        ]
        self._whole = compile_row(self._expressions, lookups, self._casts)
        self._reread = compile_row(
            [compile_expression(name, self.writes, {}) for name in self.writes], {}, self._rereads
        )
        self._key_places = [self.writes.index(name) for name in key]
        self._key_in = compile_row([compile_expression(name, self.writes, {}) for name in key], {})
        self._conditions = [
            (compile_expression(text, self.reads, lookups), wanted) for text, wanted in conditions
        ]
        self._options = [compare.get(name, _PLAIN) for name in self.writes]
        self._compared = [place for place, one in enumerate(self._options) if not one.ignore]
        self._of_key = self._key_function(columns, lookups, origin_key)

    @property
    def is_keyed_alike(self) -> bool:
        """Whether the destination's key is the origin's, column by column."""
        plain = [self._expressions[place] for place in self._key_places]
        return len(plain) == self.origin_key_width and all(
            one.is_plain and one.text == self.reads[place] for place, one in enumerate(plain)
        )

    def counts(self, row: Row) -> bool:
        """Whether the destination should have this row; ``CannotMap`` if nobody can tell."""
        for expression, wanted in self._conditions:
            try:
                if bool(expression.of_row(row)) != wanted:
                    return False
            except _FAULTS as error:
                raise CannotMap(expression.text, _said(error, expression.text)) from None
        return True

    def row(self, row: Row) -> Row:
        """What the destination should hold; ``CannotMap`` names the column that fails."""
        try:
            return self._whole(row)
        except _FAULTS:
            self._blame(row)
            raise

    def key_at(self, mapped: Row) -> Key:
        """The destination's key of a mapped row."""
        return self._key_in(mapped)

    def key_of(self, origin_key: Key) -> Key:
        """The destination's key of a row that may be gone; ``CannotMap``."""
        try:
            return self._of_key(origin_key)
        except _FAULTS as error:
            raise CannotMap("key", _said(error, ", ".join(self.key))) from None

    def key_reread(self, key: Key) -> Key:
        """The destination's own key, as a notice has it, in the types of mapped ones."""
        made: list[Any] = []
        for place, value in zip(self._key_places, key, strict=True):
            try:
                made.append(self._rereads[place](value))
            except _FAULTS:
                made.append(value)
        return tuple(made)

    def reread(self, read: Row) -> Row:
        """A row as the destination gives it (``writes`` in order), in the types of mapped ones."""
        try:
            return self._reread(read)
        except _FAULTS:
            return self._reread_singly(read)

    def _reread_singly(self, read: Row) -> Row:
        made: list[Any] = []
        for cast, value in zip(self._rereads, read, strict=True):
            try:
                made.append(cast(value))
            except _FAULTS:
                made.append(value)  # what isn't of its column's type differs from all that is
        return tuple(made)

    def differing(self, expected: Row, found: Row) -> list[str]:
        """The columns in which two rows of the destination's shape differ."""
        if expected == found:
            return []
        return [
            self.writes[place]
            for place in self._compared
            if canonical(expected[place], self._options[place])
            != canonical(found[place], self._options[place])
        ]

    def _key_function(
        self,
        columns: Mapping[str, Scalar],
        lookups: Mapping[str, Mapping[str, Scalar]],
        origin_key: Sequence[str],
    ) -> Callable[[Key], Key]:
        expressions = [compile_expression(columns[name], origin_key, lookups) for name in self.key]
        casts = [self._casts[place] for place in self._key_places]
        return compile_row(expressions, lookups, casts)

    def _blame(self, row: Row) -> None:
        parts = zip(self.writes, self._expressions, self._casts, self.shapes, strict=True)
        for name, expression, cast, shape in parts:
            try:
                made = expression.of_row(row)
            except _FAULTS as error:
                raise CannotMap(name, _said(error, expression.text)) from None
            try:
                cast(made)
            except _FAULTS as error:
                said = _said(error, f"{expression.text} as {shape.declared}")
                raise CannotMap(name, said) from None


def _said(error: Exception, where: str) -> str:
    """What kind of thing went wrong in what: Python's own sentences quote the values of the row."""
    if isinstance(error, Unlisted):
        return str(error)
    return f"{type(error).__name__} in {where[:160]}"


def condition(text: str, shapes: Mapping[str, ColumnShape]) -> tuple[Expression, list[str]]:
    """An expression over a table's rows, and the columns to read for it."""
    reads = [n for n in shapes if n in compile_expression(text, list(shapes), {}).reads]
    return compile_expression(text, reads, {}), reads


def holds(expression: Expression, row: Row) -> bool:
    """Whether a condition is true of a row; of one that it can't be told of it isn't."""
    try:
        return bool(expression.of_row(row))
    except _FAULTS:
        return False
