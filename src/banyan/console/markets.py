"""Marketplaces as they stand in addresses: ``/console/olist-sandbox/orders``.

A page's address names its marketplace, so that a link opens the same page for everybody and two
tabs never act on each other's marketplace.
"""

import re
import unicodedata
from collections.abc import Sequence

from banyan.runtime import MARKETPLACE, Marketplace

AREAS = frozenset(
    ("orders", "search", "cases", "sellers", "payments", "payouts", "disputes", "ledger", "events")
)
"""The areas of a marketplace, as they stand in addresses."""

RESERVED = AREAS | {"audit", "health", "sign-in", "sign-out", "static", "theme"}


def by_slug(marketplaces: Sequence[Marketplace]) -> dict[str, Marketplace]:
    """Each marketplace under a readable name; the later one of two equal names gets its id's end."""
    named: dict[str, Marketplace] = {}
    for marketplace in marketplaces:
        slug = _slug(marketplace.name)
        if not slug or slug in RESERVED or slug in named:
            ending = MARKETPLACE.text(marketplace.marketplace_id)[-6:]
            slug = f"{slug}-{ending}".strip("-")
        named[slug] = marketplace
    return named


def first_slug(marketplaces: dict[str, Marketplace]) -> str | None:
    """Where a person lands: the marketplace that was made first, a live one before a sandbox."""
    return min(marketplaces, key=lambda slug: not marketplaces[slug].livemode, default=None)


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40]
