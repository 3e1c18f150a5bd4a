"""Counts as people say them."""


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun, and a verb where it needs one.

    >>> plural(1, "row"), plural(1_200, "row")
    ('1 row', '1,200 rows')
    >>> plural(1, "row differs", "rows differ")
    '1 row differs'
    """
    return f"1 {one}" if count == 1 else f"{count:,} {many or one + 's'}"
