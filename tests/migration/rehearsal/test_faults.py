"""The proxy fails in each way, and passes through when it is sound."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from banyan.migration import RehearsalFault as Fault
from banyan.migration.rehearsal.faults import FaultProxy, wrong
from tests.migration.rehearsal.shop import Shop


@pytest.fixture
async def shop() -> AsyncIterator[Shop]:
    async with Shop("candidate") as shop:
        yield shop


@pytest.fixture
async def proxy(shop: Shop) -> AsyncIterator[FaultProxy]:
    async with FaultProxy(shop.url, delay_s=0.2) as proxy:
        yield proxy


@pytest.fixture
async def client(proxy: FaultProxy) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=proxy.url, timeout=300) as client:
        yield client


async def test_a_sound_one_passes_all_through(
    proxy: FaultProxy, client: httpx.AsyncClient, shop: Shop
) -> None:
    for _ in range(3):
        answer = await client.get("/stock/7", headers={"cookie": "shop_session=1"})
        assert (answer.status_code, answer.json()["id"]) == (200, "7")
        assert answer.headers["content-type"] == "application/json"
    assert (await client.head("/product/1")).status_code == 200
    assert shop.requests == 4
    assert proxy.fault == Fault.NONE


async def test_errors_resets_and_crashes(proxy: FaultProxy, client: httpx.AsyncClient) -> None:
    await proxy.inject(Fault.ERROR_500)
    assert (await client.get("/")).status_code == 500
    await proxy.inject(Fault.RESET)
    with pytest.raises(httpx.TransportError):
        await client.get("/")
    await proxy.inject(Fault.CRASH)
    with pytest.raises(httpx.ConnectError):
        await client.get("/")
    await proxy.inject(Fault.NONE)
    assert (await client.get("/")).status_code == 200


async def test_a_hanging_one_answers_nothing_until_it_is_mended(
    proxy: FaultProxy, client: httpx.AsyncClient
) -> None:
    await proxy.inject(Fault.HANG)
    waiting = asyncio.create_task(client.get("/"))
    done, _ = await asyncio.wait({waiting}, timeout=0.3)
    assert not done
    await proxy.inject(Fault.NONE)
    with pytest.raises(httpx.TransportError):
        await waiting


async def test_a_slow_one_answers_late(proxy: FaultProxy, client: httpx.AsyncClient) -> None:
    await proxy.inject(Fault.SLOW)
    waiting = asyncio.create_task(client.get("/"))
    done, _ = await asyncio.wait({waiting}, timeout=0.1)
    assert not done
    assert (await waiting).status_code == 200
    await proxy.inject(Fault.SLOW_DATABASE)
    assert [(await client.get("/")).status_code for _ in range(3)] == [200] * 3


async def test_a_truncated_body_is_half_of_it(proxy: FaultProxy, client: httpx.AsyncClient) -> None:
    await proxy.inject(Fault.TRUNCATED)
    received, length = b"", 0
    with pytest.raises(httpx.RemoteProtocolError):
        async with client.stream("GET", "/product/1") as response:
            length = int(response.headers["content-length"])
            async for part in response.aiter_bytes():
                received += part
    assert 0 < len(received) < length


async def test_wrong_answers_look_right(proxy: FaultProxy, client: httpx.AsyncClient) -> None:
    sound = await client.get("/stock/1")
    await proxy.inject(Fault.WRONG_BODY)
    other = await client.get("/stock/1")
    assert other.status_code == 200
    assert other.json().keys() == sound.json().keys()
    assert other.json() != sound.json()
    assert "rehearsed fault" in (await client.get("/product/1")).text


async def test_wrong_cookies_are_deletions_of_what_the_customer_carries(
    proxy: FaultProxy, client: httpx.AsyncClient
) -> None:
    await proxy.inject(Fault.WRONG_COOKIE)
    headers = {"cookie": "basket=3; banyan_device=abc; shop_session=1"}
    told = (await client.get("/stock/1", headers=headers)).headers.get_list("set-cookie")
    assert [each.partition("=")[0] for each in told] == ["basket", "shop_session"]
    assert all("Max-Age=0" in each for each in told)


def test_any_body_is_made_wrong() -> None:
    for kind, body in ((b"text/plain", b""), (b"application/json", b"{}"), (b"image/png", b"\x89")):
        headers, changed = wrong([(b"Content-Type", kind), (b"ETag", b"x")], body)
        assert changed != body
        assert [name for name, _ in headers] == [b"Content-Type"]
