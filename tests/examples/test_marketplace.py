"""The new shop's client: patient with what passes, and never twice."""

import httpx
import pytest

from examples.new_shop.marketplace import Marketplace, OrderRefused

ORDER = {"customer": 1, "state": "SP", "cart": "abc", "lines": {"x": 1}, "instalments": 1}


class Shaky(httpx.AsyncBaseTransport):
    """Fails as told, one after the other, then answers; keeps the keys it was asked with."""

    def __init__(self, *failures: Exception | int) -> None:
        self.failures = list(failures)
        self.keys: list[str] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.keys.append(request.headers["idempotency-key"])
        failure = self.failures.pop(0) if self.failures else 201
        if isinstance(failure, Exception):
            raise failure
        return httpx.Response(failure, json={"id": "made"})


async def test_what_passes_is_asked_again_with_the_same_key() -> None:
    transport = Shaky(httpx.ReadError("gone"), 201, 503, httpx.ConnectError("down"))
    async with Marketplace("http://banyan", "key", transport) as marketplace:
        assert await marketplace.order(**ORDER) == "made"
    assert transport.keys == [*2 * ["loja-buyer-1"], *3 * ["loja-order-abc"]]


async def test_a_refusal_is_not_asked_again() -> None:
    transport = Shaky(201, 422)
    async with Marketplace("http://banyan", "key", transport) as marketplace:
        with pytest.raises(OrderRefused, match="422"):
            await marketplace.order(**ORDER)
    assert len(transport.keys) == 2
