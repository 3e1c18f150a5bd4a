"""Banyan as the shop sees it: sellers, offers, buyers and orders of one marketplace, over HTTP."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx

Json = dict[str, Any]

_PAGE = 100
_AT_ONCE = 8
_PREFIX = "loja-"
_PAUSES_S = (0.05, 0.2, 0.8, 2.0)
_PASSING = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Offer:
    """What a seller asks for a product, in centavos."""

    sku: str
    price_minor: int
    seller: str


class OrderRefused(Exception):
    """The marketplace did not take an order; what it said."""


class Marketplace:
    """A client of the API, with a key of the marketplace that the shop sells in."""

    def __init__(
        self, url: str, key: str, transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        self._http = httpx.AsyncClient(
            base_url=url,
            headers={"authorization": f"Bearer {key}"},
            timeout=30,
            transport=transport,
        )
        self._gate = asyncio.Semaphore(_AT_ONCE)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def offers(self) -> dict[str, Offer]:
        """The active offer of each product, by SKU."""
        sellers = {row["id"]: row["name"] async for row in self._pages("/v1/sellers")}
        return {
            row["product"]: Offer(row["product"], row["price"]["amount"], sellers[row["seller"]])
            async for row in self._pages("/v1/offers?status=active")
        }

    async def load(self, products: Iterable[Mapping[str, Any]]) -> None:
        """Make sellers and offers of the shop's products; those that are there stay as they are.

        A product has ``sku``, ``price`` (a float, as legacy keeps it), ``category``, and of its
        seller ``seller_code``, ``seller`` (the name) and ``state``.
        """
        products = list(products)
        offered = {row["external_id"] async for row in self._pages("/v1/offers")}
        ids = {row["external_id"]: row["id"] async for row in self._pages("/v1/sellers")}
        missing = [row for row in products if _PREFIX + row["sku"] not in offered]
        new = {row["seller_code"]: row for row in missing if row["seller_code"] not in ids}
        made = await asyncio.gather(*(self._make_seller(row) for row in new.values()))
        ids |= dict(zip(new, made, strict=True))
        await asyncio.gather(*(self._make_offer(row, ids[row["seller_code"]]) for row in missing))

    async def order(
        self, *, customer: int, state: str, cart: str, lines: Mapping[str, int], instalments: int
    ) -> str:
        """Place an order for a cart, once, whatever is repeated; the order's id."""
        buyer = await self._post(
            "/v1/buyers",
            {"external_id": f"{_PREFIX}{customer}", "country": "BR", "region": state},
            f"{_PREFIX}buyer-{customer}",
        )
        order = await self._post(
            "/v1/orders",
            {
                "buyer": buyer["id"],
                "lines": [{"product": sku, "quantity": n} for sku, n in lines.items()],
                "shipping": {"amount": 0, "currency": "BRL"},
                "ship_to": {"country": "BR", "region": state},
                "payment_method": {
                    "type": "card", "token": "tok_visa", "installments": instalments,
                },
                "external_id": f"{_PREFIX}{cart}",
            },
            f"{_PREFIX}order-{cart}",
        )  # fmt: skip
        return order["id"]

    async def _make_seller(self, row: Mapping[str, Any]) -> str:
        made = await self._post(
            "/v1/sellers",
            {
                "name": row["seller"], "country": "BR", "region": row["state"], "currency": "BRL",
                "external_id": row["seller_code"],
            },
            f"{_PREFIX}seller-{row['seller_code']}",
        )  # fmt: skip
        return made["id"]

    async def _make_offer(self, row: Mapping[str, Any], seller: str) -> None:
        await self._post(
            "/v1/offers",
            {
                "seller": seller, "product": row["sku"], "category": row["category"],
                "price": {"amount": round(row["price"] * 100), "currency": "BRL"},
                "lead_time_days": 7, "external_id": _PREFIX + row["sku"],
            },
            f"{_PREFIX}offer-{row['sku']}",
        )  # fmt: skip

    async def _post(self, path: str, body: Json, key: str) -> Json:
        async with self._gate:
            answer = await self._patiently(path, body, key)
        if not answer.is_success:
            raise OrderRefused(
                f"POST {path} was answered {answer.status_code}: {answer.text[:300]}"
            )
        return answer.json()

    async def _patiently(self, path: str, body: Json, key: str) -> httpx.Response:
        """The key makes it harmless to ask again, after a lost connection or a restart too."""
        for pause_s in _PAUSES_S:
            try:
                answer = await self._http.post(path, json=body, headers={"idempotency-key": key})
            except httpx.TransportError:
                await asyncio.sleep(pause_s)
                continue
            if answer.status_code not in _PASSING:
                return answer
            await asyncio.sleep(pause_s)
        return await self._http.post(path, json=body, headers={"idempotency-key": key})

    async def _pages(self, path: str) -> AsyncIterator[Json]:
        first = f"{path}{'&' if '?' in path else '?'}limit={_PAGE}"
        following: str | None = first
        while following:
            answer = await self._http.get(following)
            answer.raise_for_status()
            page = answer.json()
            for row in page["data"]:
                yield row
            following = f"{first}&cursor={page['next_cursor']}" if page.get("has_more") else None
