"""Who is sent where, for how long, and whose cookies they keep."""

import asyncio
import hashlib
from collections.abc import Iterable
from pathlib import Path

from banyan.gateway import Cookies, Identity
from tests.gateway.dataplane.rig import Rig, body_of, get, headers_of, ok, running, say

CUSTOMERS = [hashlib.sha256(str(number).encode()).hexdigest()[:15] for number in range(300)]


async def sides(port: int, lines: Iterable[str]) -> list[bytes]:
    """Who answers each of these customers, asked over one connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    found: list[bytes] = []
    try:
        for line in lines:
            writer.write(f"GET /r/1 HTTP/1.1\r\nHost: a\r\n{line}\r\n\r\n".encode())
            head = await reader.readuntil(b"\r\n\r\n")
            length = next(
                part for part in head.split(b"\r\n") if part.startswith(b"Content-Length")
            )
            found.append(await reader.readexactly(int(length.split()[1])))
    finally:
        writer.close()
        await writer.wait_closed()
    return found


def device(customers: Iterable[str]) -> list[str]:
    return [f"Cookie: theme=dark; banyan_device={customer}" for customer in customers]


async def test_a_ramp_moves_customers_one_way_and_keeps_them(rig: Rig) -> None:
    there: set[int] = set()
    for weight in (0, 100, 2_500, 5_000, 10_000):
        await rig.change(read_bp=weight)
        first, again = [await sides(rig.port, device(CUSTOMERS)) for _ in range(2)]
        assert first == again
        now = {number for number, side in enumerate(first) if side == b"candidate"}
        assert there <= now
        assert abs(len(now) / len(CUSTOMERS) - weight / 10_000) < 0.09
        there = now
    assert len(there) == len(CUSTOMERS)


async def test_a_rollback_takes_back_those_who_came_last(rig: Rig) -> None:
    await rig.change(read_bp=2_000)
    few = await sides(rig.port, device(CUSTOMERS))
    await rig.change(read_bp=6_000)
    await rig.change(read_bp=2_000)
    assert await sides(rig.port, device(CUSTOMERS)) == few
    await rig.change(read_bp=0)
    assert set(await sides(rig.port, device(CUSTOMERS))) == {b"legacy"}


async def test_a_new_customer_is_named_once_and_stays_where_the_first_answer_came_from(
    rig: Rig,
) -> None:
    await rig.change(read_bp=5_000)
    seen: set[bytes] = set()
    for _ in range(12):
        first = await get(rig.port, "/r/1")
        (cookie,) = headers_of(first, "set-cookie")
        assert cookie.endswith("; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax")
        pair = cookie.split(";", maxsplit=1)[0]
        second = await get(rig.port, "/r/2", f"Cookie: {pair}; sessionid=after-login")
        assert headers_of(second, "set-cookie") == []
        assert body_of(first) == body_of(second)
        seen.add(body_of(first))
    assert seen == {b"legacy", b"candidate"}
    asked = rig.legacy.asked + rig.candidate.asked
    assert {one.get("cookie") for one in asked} == {None, "sessionid=after-login"}


async def test_over_tls_the_name_is_kept_wherever_the_shop_is_shown(rig: Rig) -> None:
    (cookie,) = headers_of(await get(rig.port, "/r/1", "X-Forwarded-Proto: https"), "set-cookie")
    assert cookie.endswith("; HttpOnly; Secure; SameSite=None")


MAY_NAME = [
    ("/r/page", "Content-Type: text/html", True),
    ("/r/data", "Content-Type: application/json", True),
    ("/r/page", "Cache-Control: public", False),
    ("/r/page", "Cache-Control: s-maxage=60", False),
    ("/r/data", "Cache-Control: max-age=60", False),
    ("/r/data", "Cache-Control: private, max-age=60", True),
    ("/r/data", "Cache-Control: max-age=0", True),
    ("/other", "Content-Type: text/html; charset=utf-8", True),
    ("/other", "Content-Type: text/css", False),
]


async def test_what_caches_share_names_nobody(rig: Rig) -> None:
    for path, said, is_named in MAY_NAME:
        rig.legacy.answer = ok(b"x", said.encode())
        told = await get(rig.port, path)
        assert bool(headers_of(told, "set-cookie")) is is_named, said


async def test_a_write_names_nobody(rig: Rig) -> None:
    """A customer who comes back from a bank brings no cookie, and has one."""
    assert headers_of(await get(rig.port, "/r/1", method="POST", body=b"x"), "set-cookie") == []


async def test_who_has_just_written_at_legacy_is_answered_by_it(tmp_path: Path) -> None:
    """The candidate's data may not have the basket yet that legacy was told of."""
    changes = {"read_bp": 10_000, "legacy_after_write": True}
    async with running(tmp_path / "gateway", **changes) as rig:
        name = f"banyan_device={CUSTOMERS[0]}"
        assert body_of(await get(rig.port, "/r/1", f"Cookie: {name}")) == b"candidate"
        for path in ("/r/1", "/other"):
            told = await get(rig.port, path, f"Cookie: {name}", method="POST", body=b"x")
            (cookie,) = headers_of(told, "set-cookie")
            assert cookie == "banyan_device_wrote=1; Path=/; Max-Age=10; HttpOnly; SameSite=Lax"
        both = f"Cookie: a=1; banyan_device_wrote=1; {name}; b=2"
        for method in ("GET", "HEAD"):
            await get(rig.port, "/r/1", both, method=method)
            assert rig.legacy.asked[-1].line.startswith(method.encode())
            assert rig.legacy.asked[-1].get("cookie") == "a=1; b=2"
        assert body_of(await get(rig.port, "/r/1", f"Cookie: {name}")) == b"candidate"
        await rig.change(is_remembered=False)  # a path to which browsers report
        told = await get(rig.port, "/r/1", f"Cookie: {name}", method="POST", body=b"x")
        assert headers_of(told, "set-cookie") == []
        told = await get(rig.port, "/other", f"Cookie: {name}", method="POST", body=b"x")
        assert headers_of(told, "set-cookie") != []
        await rig.change(is_remembered=True)
        # At a cutover too, until the customer's next write, which the candidate takes.
        await rig.change(writes_to="candidate")
        assert body_of(await get(rig.port, "/r/1", both)) == b"legacy"
        told = await get(rig.port, "/r/1", both, method="POST", body=b"x")
        assert body_of(told) == b"candidate"
        assert headers_of(told, "set-cookie") == ["banyan_device_wrote=; Path=/; Max-Age=0"]
        told = await get(rig.port, "/r/1", f"Cookie: {name}", method="POST", body=b"x")
        assert headers_of(told, "set-cookie") == []
        await rig.change(legacy_after_write=False)
        assert body_of(await get(rig.port, "/r/1", both)) == b"candidate"


async def test_a_trusted_proxy_may_say_who_asks(tmp_path: Path) -> None:
    identity = Identity(cookie="who", header="X-Customer")
    async with running(tmp_path / "gateway", identity=identity, read_bp=5_000) as rig:
        names = [f"X-Customer: person-{number}@example.com" for number in range(100)]
        first = await sides(rig.port, names)
        assert await sides(rig.port, names) == first
        assert 25 < first.count(b"candidate") < 75
        told = await get(rig.port, "/r/1", names[0])
        (cookie,) = headers_of(told, "set-cookie")
        assert cookie.startswith("who=")
        assert "person" not in cookie
        pairs = [
            headers_of(await get(rig.port, "/r/1", name), "set-cookie")[0].split(";")[0]
            for name in names[:20]
        ]
        # Logged out, and so without the proxy's word, everyone stays where they were.
        assert await sides(rig.port, [f"Cookie: {pair}" for pair in pairs]) == first[:20]
        # And the device goes before the login.
        both = [f"Cookie: {pair}\r\nX-Customer: somebody-else" for pair in pairs]
        assert await sides(rig.port, both) == first[:20]
        assert rig.legacy.asked[0].get("x-customer") is not None


SENT_AND_LEFT = [
    ("banyan_device=abc", None),
    ("a=1; banyan_device=abc", "a=1"),
    ("banyan_device=abc; a=1", "a=1"),
    ("a=1;banyan_device=abc;b=2", "a=1;b=2"),
    ("a=1; banyan_device=abc; b=2;", "a=1; b=2;"),
    ("xbanyan_device=1; a=1", "xbanyan_device=1; a=1"),
    ('q="banyan_device=1"; a', 'q="banyan_device=1"; a'),
    ("banyan_device=a; banyan_device=b; c=1", "banyan_device=b; c=1"),
    ("banyan_device=", None),
    ("banyan_device", "banyan_device"),
]


async def test_our_cookie_goes_no_further(rig: Rig) -> None:
    for sent, left in SENT_AND_LEFT:
        await get(rig.port, "/r/1", f"Cookie: {sent}")
        assert rig.legacy.asked[-1].get("cookie") == left, sent


COOKIES = Cookies(legacy=("sessionid", "oscar_*"), candidate=("cart", "shared"))


async def test_a_side_sets_and_deletes_only_its_own_cookies(tmp_path: Path) -> None:
    said = [
        b"Set-Cookie: oscar_open_basket=; Max-Age=0; Path=/",
        b"Set-Cookie: sessionid=1; HttpOnly",
        b"Set-Cookie: cart=2",
        b"Set-Cookie: consent=3",
        b"set-cookie:  shared =4",
    ]
    async with running(tmp_path / "gateway", cookies=COOKIES) as rig:
        rig.legacy.answer = rig.candidate.answer = ok(b"x", *said)
        header = f"Cookie: banyan_device={CUSTOMERS[0]}"

        async def names() -> list[str]:
            told = await get(rig.port, "/r/1", header)
            return [cookie.partition("=")[0].strip() for cookie in headers_of(told, "set-cookie")]

        await rig.change(read_bp=0)
        assert await names() == ["oscar_open_basket", "sessionid", "consent"]
        await rig.change(read_bp=10_000)
        assert await names() == ["cart", "consent", "shared"]
        # Of legacy in the candidate's place, legacy's.
        rig.candidate.answer = ok(b"", status=b"500 No")
        assert await names() == ["oscar_open_basket", "sessionid", "consent"]
        writes = await get(rig.port, "/r/1", method="POST", body=b"x")
        assert len(headers_of(writes, "set-cookie")) == 3


async def test_cookies_of_a_customer_reach_both_sides(tmp_path: Path) -> None:
    async with running(tmp_path / "gateway", cookies=COOKIES) as rig:
        sent = f"sessionid=1; cart=2; banyan_device={CUSTOMERS[0]}"
        for weight in (0, 10_000):
            await rig.change(read_bp=weight)
            await get(rig.port, "/r/1", f"Cookie: {sent}")
        assert rig.legacy.asked[0].get("cookie") == "sessionid=1; cart=2"
        assert rig.candidate.asked[0].get("cookie") == "sessionid=1; cart=2"


async def test_rubbish_in_our_cookie_is_somebody_too(rig: Rig) -> None:
    """Whatever a customer makes of it: they stay on one side, and the gateway stands."""
    await rig.change(read_bp=5_000)
    for value in ("", "x" * 4_000, "%00%ff", "\xff\xfe", "'\"<>", "0123456789ABCDEF"):
        raw = f"GET /r/1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\nCookie: banyan_device={value}\r\n\r\n"
        told = {body_of(await say(rig.port, raw.encode("latin-1"))) for _ in range(4)}
        assert told <= {b"legacy", b"candidate"}
        assert len(told) == 1 or not value
