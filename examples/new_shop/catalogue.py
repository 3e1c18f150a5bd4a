"""The catalogue in memory: texts of the shop, prices and sellers of the marketplace."""

import re
from collections.abc import Callable
from typing import Any

from examples.new_shop.marketplace import Offer
from examples.new_shop.shared import Content, Row

FOUND_MAX = 200


class Catalogue:
    """What is on sale: the products that the marketplace has an offer for, in the shop's order."""

    def __init__(self, content: Content, offers: dict[str, Offer]) -> None:
        self.categories = content.categories
        self.rows = [
            {**row, "price": offer.price_minor / 100, "seller": offer.seller}
            for row in content.products.values()
            if (offer := offers.get(row["sku"])) is not None
        ]
        self._by_sku = {row["sku"]: row for row in self.rows}
        self._titles = {row["slug"]: row["title"] for row in content.categories}

    def find(self, sku: str) -> Row | None:
        return self._by_sku.get(sku)

    def title(self, slug: str) -> str | None:
        return self._titles.get(slug)

    def of_category(self, slug: str) -> list[Row]:
        return [row for row in self.rows if row["category"] == slug]

    def search(self, words: str) -> list[Row]:
        """As SQLite's LIKE finds, with its wild cards, which customers have come to use."""
        matches = _like(words)
        found = (row for row in self.rows if matches(row["name"]) or matches(row["description"]))
        return [row for row, _ in zip(found, range(FOUND_MAX), strict=False)]


def with_stars(rows: list[Row], stars: dict[int, float]) -> list[Row]:
    return [{**row, "stars": stars.get(row["id"])} for row in rows]


def _like(words: str) -> Callable[[str], Any]:
    wild = {"%": ".*", "_": "."}
    pattern = "".join(wild.get(letter) or re.escape(letter) for letter in words)
    return re.compile(pattern, re.IGNORECASE | re.ASCII | re.DOTALL).search
