"""Python values compared as JSON would show them."""

from typing import Any

from banyan.difference.model import Comparison
from banyan.difference.rules import jsons
from banyan.difference.rules.how import Comparing
from banyan.difference.rules.json_bodies import compare_json
from banyan.difference.rules.sheet import Sheet


def snapshot(value: Any) -> Any:
    """A value as it is now, whatever becomes of it; ``compare_values`` takes it in its place."""
    return jsons.of(value)


def compare_values(control: Any, candidate: Any, how: Comparing | None = None) -> Comparison:
    """What differs. Records are compared by their fields, anything unknown by its text.

    ``ValueError`` for what is nested too deeply.
    """
    how = how or Comparing()
    sheet = Sheet(how.masker)
    try:
        compare_json(jsons.of(control), jsons.of(candidate), how, sheet)
    except RecursionError:
        raise ValueError("The values are nested too deeply to be compared.") from None
    return Comparison(differences=tuple(sheet.found), is_whole=sheet.is_whole, body="json")
