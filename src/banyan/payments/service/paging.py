"""Where a page of a list starts."""

from uuid import UUID

from banyan.kernel import decode_cursor


def after(cursor: str | None) -> UUID | None:
    """The id of the last row of the page before; None for the first page."""
    if cursor is None:
        return None
    [key] = decode_cursor(cursor, (UUID,))
    assert isinstance(key, UUID), "as decoded"
    return key
