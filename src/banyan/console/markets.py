"""Marketplaces as they stand in addresses: ``/console/olist-sandbox/orders``.

A page's address names its marketplace, so that a link opens the same page for everybody and two
tabs never act on each other's marketplace.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence, Set
from uuid import UUID

from banyan.runtime import MARKETPLACE, Marketplace

AREAS = frozenset(
    (
        "orders",
        "search",
        "cases",
        "sellers",
        "payments",
        "payouts",
        "disputes",
        "reconciliation",
        "invoices",
        "ledger",
        "migration",
        "events",
    )
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


def likeliest_first(
    marketplaces: Mapping[str, Marketplace], in_use: Set[UUID]
) -> dict[str, Marketplace]:
    """In the order in which people want them; an address without one leads to the first.

    One where something happens comes before one where nothing ever has, a live one before a
    sandbox, the older before the newer.
    """

    def rank(slug: str) -> tuple[bool, bool]:
        marketplace = marketplaces[slug]
        return marketplace.marketplace_id not in in_use, not marketplace.livemode

    return {slug: marketplaces[slug] for slug in sorted(marketplaces, key=rank)}


def _slug(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:40]
