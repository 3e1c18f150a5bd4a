"""Stripe's lists, page after page."""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from typing import Any

from banyan.payments.providers.stripe.shapes import KEY

PAGE = 100
_MOST = 1_000


async def each(listed: Awaitable[Any], most: int = _MOST) -> AsyncIterator[Any]:
    """The entries of a list, or of what a search has found; at most so many."""
    count = 0
    async for one in (await listed).auto_paging_iter():
        yield one
        count += 1
        if count >= most:
            return


async def first(listed: Awaitable[Any], is_it: Callable[[Any], bool]) -> Any | None:
    async for one in each(listed):
        if is_it(one):
            return one
    return None


def is_of(one: Any, key: str) -> bool:
    """Whether an object was made under this key of ours."""
    metadata: Mapping[str, str] = one.to_dict().get("metadata") or {}
    return metadata.get(KEY) == key
