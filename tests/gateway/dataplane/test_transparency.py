"""The same bytes to legacy by itself and through the gateway: what each of the two sees of the other."""

import re
from collections.abc import Iterable

from tests.gateway.dataplane.rig import Asked, Rig, headers_of, say, status_of

DATE = b"Date: Mon, 01 Jan 2024 00:00:00 GMT\r\n"
CLOSE = b"Connection: close\r\n\r\n"


def request(line: str, *headers: str) -> bytes:
    return "\r\n".join([line, *headers, ""]).encode("latin-1") + CLOSE


REQUESTS = {
    "path of dots and slashes": request("GET /r//b/../c/./d/ HTTP/1.1", "Host: Shop.Example:80"),
    "percent signs": request("GET /r/%2e%2e/%2F%zz%/%E4?x=%00&y=%2f&z=%C3%A4 HTTP/1.1", "Host: a"),
    "empty query": request("GET /r/a? HTTP/1.1", "Host: a"),
    "question marks": request("GET /r/a?b=1?c&&=&;d HTTP/1.1", "Host: a"),
    "marks that belong encoded": request('GET /r/a"b<c>{d}|e\\f^`[g] HTTP/1.1', "Host: a"),
    "PROPFIND": request("PROPFIND /r/a HTTP/1.1", "Host: a", "Depth: 1", "Content-Length: 0"),
    "PURGE": request("PURGE /r/a HTTP/1.1", "Host: a", "Content-Length: 0"),
    "a method nobody knows": request("BREW /r/a HTTP/1.1", "Host: a", "Content-Length: 0"),
    "DELETE": request("DELETE /r/a HTTP/1.1", "Host: a"),
    "HEAD": request("HEAD /r/a HTTP/1.1", "Host: a"),
    "odd headers": request(
        "GET /r/a HTTP/1.1", "Host: a", "X_Under_Score: 1", "X-Dup: 1", "X-Dup: 2", "X-Empty: ",
        "x-weird.name: \xfc", "X-cAsE: A,b", "Authorization: Basic eDp5",
    ),
    "long header": request("GET /r/a HTTP/1.1", "Host: a", "X-Long: " + "x" * 200_000),
    "long address": request("GET /r/a?" + "x" * 200_000 + " HTTP/1.1", "Host: a"),
    "many headers": request("GET /r/a HTTP/1.1", "Host: a", *(f"X-H{i}: {i}" for i in range(500))),
    "cookies": request("GET /r/a HTTP/1.1", "Host: a", 'Cookie: a=1;b="2 3"; c=;;', "Cookie: d=4"),
    "conditions": request("GET /r/a HTTP/1.1", "Host: a", 'If-None-Match: W/"x"', "Range: bytes=1-"),
    "body": request("POST /r/a HTTP/1.1", "Host: a", "Content-Length: 3") + b"a\0c",
    "empty body": request("POST /r/a HTTP/1.1", "Host: a", "Content-Length: 0"),
    "body of a GET": request("GET /r/a HTTP/1.1", "Host: a", "Content-Length: 3") + b"abc",
    "chunks": request("PUT /r/a HTTP/1.1", "Host: a", "Transfer-Encoding: chunked")
    + b"3;ext=1\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
    "trailers": request("PUT /r/a HTTP/1.1", "Host: a", "Transfer-Encoding: chunked", "Trailer: x-t")
    + b"3\r\nabc\r\n0\r\nx-t: 1\r\n\r\n",
    "100-continue": request("POST /r/a HTTP/1.1", "Host: a", "Expect: 100-continue", "Content-Length: 3")
    + b"abc",
    "of other proxies": request(
        "GET /r/a HTTP/1.1", "Host: a", "X-Request-Id: mine", "X-Real-IP: 1.1.1.1", "Via: 1.1 cdn",
        "Forwarded: for=1", "X-Forwarded-Host: b", "X-Forwarded-Port: 1", "X-Forwarded-Proto: https",
        "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
    ),
}  # fmt: skip


def answer(status: str, *headers: str, body: bytes = b"ab") -> bytes:
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1").replace(b"\r\n", b"\r\n" + DATE, 1) + body


ANSWERS = {
    "reason": answer("200 Quite all right"),
    **{str(status): answer(f"{status} Odd") for status in (201, 299, 404, 418, 451, 499, 599, 600, 999)},
    "204": b"HTTP/1.1 204 No Content\r\n" + DATE + b"\r\n",
    "304": b"HTTP/1.1 304 Not Modified\r\n" + DATE + b'ETag: "x"\r\n\r\n',
    "304 with a length": b"HTTP/1.1 304 Not Modified\r\n" + DATE + b"Content-Length: 100\r\n\r\n",
    "empty": answer("200 OK", body=b""),
    "location": answer("302 Found", "Location: http://a:1/b//c?%2f#d", body=b""),
    "cookies": answer("200 OK", "Set-Cookie: a=1; Path=/; Expires=Mon, 01 Jan 2024 00:00:00 GMT", "X: 1",
        "Set-Cookie: b=2; HttpOnly", "Set-Cookie: c="),
    "odd headers": answer("200 OK", "VARY: a", "X_U: 1", "X-E: ", "X-L: \xfc", "Server: legacy/1",
        "x-pOwered-BY: PHP", "Link: <a>", "Link: <b>", "WWW-Authenticate: Basic", "Pragma: a",
        "WWW-Authenticate: Bearer", "ETag: W/\"1\"", "X-Request-Id: 1", "Content-Encoding: gzip"),
    "long header": answer("200 OK", "X-Long: " + "x" * 200_000),
    "many headers": answer("200 OK", *(f"X-H{number}: 1" for number in range(500))),
    "early hints": b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>\r\n\r\n" + answer("200 OK"),
    "with trailers": b"HTTP/1.1 200 OK\r\n" + DATE
    + b"Trailer: x-t\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-t: 1\r\n\r\n",
}  # fmt: skip


HOPS = {b"connection", b"x-forwarded-for"}


def seen(asked: Iterable[Asked]) -> list[object]:
    """What a side saw, but for what every proxy says: who asked it, and about the connection."""
    told: list[object] = []
    for one in asked:
        headers = [header for header in one.headers if header[0].lower() not in HOPS]
        if (b"X-Forwarded-Proto", b"http") in headers:
            headers.remove((b"X-Forwarded-Proto", b"http"))
        told.append((one.line, sorted(headers), one.body))
    return told


def got(answer: bytes) -> bytes:
    """What a customer got, but for what is said about the connection and the cookie of our own."""
    return re.sub(rb"(?i)(connection: close|set-cookie: banyan_device=[^\r]*)\r\n", b"", answer)


async def test_a_side_sees_what_the_customer_sent(rig: Rig) -> None:
    for weight in (0, 10_000):
        await sees_what_was_sent(rig, weight)


async def sees_what_was_sent(rig: Rig, weight: int) -> None:
    await rig.change(read_bp=weight, writes_to="candidate" if weight else "legacy")
    differences: dict[str, object] = {}
    for name, raw in REQUESTS.items():
        rig.legacy.asked.clear()
        rig.candidate.asked.clear()
        direct_answer = await say(rig.legacy.port, raw)
        direct = seen(rig.legacy.asked)
        rig.legacy.asked.clear()
        answered = await say(rig.port, raw)
        through = seen(rig.legacy.asked + rig.candidate.asked)
        if direct != through or len(direct) != 1:
            differences[name] = (direct, through, answered[:300])
        if direct_answer.startswith(b"HTTP/1.1 100") != answered.startswith(b"HTTP/1.1 100"):
            differences[f"{name}, answer"] = answered
    assert differences == {}


async def test_a_customer_gets_what_the_side_said(rig: Rig) -> None:
    for weight in (0, 10_000):
        for method in ("GET", "HEAD", "POST"):
            await gets_what_was_said(rig, weight, method)


async def gets_what_was_said(rig: Rig, weight: int, method: str) -> None:
    await rig.change(read_bp=weight, writes_to="candidate" if weight else "legacy")
    differences: dict[str, object] = {}
    for name, said in ANSWERS.items():
        if method == "HEAD":
            if name == "early hints":
                continue
            head, end, _ = said.partition(b"\r\n\r\n")
            said = head + end
        rig.legacy.answer = rig.candidate.answer = said
        raw = request(f"{method} /r/a HTTP/1.1", "Host: a")
        if method == "POST":
            raw = raw.replace(b"\r\nHost", b"\r\nContent-Length: 0\r\nHost", 1)
        direct, through = await say(rig.legacy.port, raw), await say(rig.port, raw)
        is_chunked = b"chunked" in direct
        same = sorted(got(direct).split(b"\r\n")) == sorted(got(through).split(b"\r\n"))
        if not (same if is_chunked else got(direct) == got(through)):
            differences[name] = (got(direct)[:600], got(through)[:600])
    assert differences == {}


async def test_http_1_0_is_served(rig: Rig) -> None:
    for raw in (b"GET /x HTTP/1.0\r\nHost: a\r\n\r\n", b"GET /x HTTP/1.0\r\n\r\n"):
        assert (await say(rig.port, raw)).endswith(b"\r\n\r\nlegacy")
    assert rig.legacy.asked[0].get("host") == "a"
    assert rig.legacy.asked[1].get("host") == f"127.0.0.1:{rig.legacy.port}"


async def test_an_offer_to_upgrade_that_is_not_meant_changes_nothing(rig: Rig) -> None:
    """As curl sends it, and Apache."""
    rig.legacy.answer = answer("200 OK", "Upgrade: h2,h2c", "Connection: Upgrade")
    raw = b"GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"
    told = await say(rig.port, raw + b"Connection: close, Upgrade, HTTP2-Settings\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 200 OK")
    assert told.endswith(b"ab")


async def test_what_the_gateway_itself_refuses(rig: Rig) -> None:
    refused = {
        request("GET /a HTTP/1.1"): 400,
        request("GET /\xe4 HTTP/1.1", "Host: a"): 400,
        request(
            "POST / HTTP/1.1", "Host: a", "Content-Length: 3", "Transfer-Encoding: chunked"
        ): 400,
        request("OPTIONS * HTTP/1.1", "Host: a"): 404,
        b"GET / HTTP/1.1\r\nHost: a\r\nUpgrade: spdy\r\nConnection: upgrade\r\n\r\n": 403,
        request("GET / HTTP/1.1", "Host: a", *(f"X-H{number}: 1" for number in range(1_100))): 431,
        request("GET / HTTP/1.1", "Host: a", "X-Long: " + "x" * 600_000): 431,
    }
    for raw, status in refused.items():
        assert status_of(await say(rig.port, raw)) == status, raw[:80]
    assert rig.legacy.asked == []


async def test_a_side_learns_who_asked_and_no_word_of_ours(rig: Rig) -> None:
    sent = [
        "X-Forwarded-For: 192.0.2.7", "X-Banyan-Customer: 0", "x-banyan-role: legacy", "x-banyan-id: 1",
        "X-Envoy-Retry-On: 5xx", "x-envoy-max-retries: 9", "X-Envoy-Upstream-Rq-Timeout-Ms: 1",
    ]  # fmt: skip
    await say(rig.port, request("GET /r/a HTTP/1.1", "Host: a", *sent))
    (asked,) = rig.legacy.asked
    names = {name.lower() for name, _ in asked.headers}
    assert names == {b"host", b"x-forwarded-for", b"x-forwarded-proto"}
    forwarded = (asked.get("x-forwarded-for") or "").split(",")
    assert forwarded[0] == "192.0.2.7"
    assert len(forwarded) == 2


async def test_a_customer_sees_no_word_of_ours(rig: Rig) -> None:
    told = await say(rig.port, request("GET /r/a HTTP/1.1", "Host: a"))
    assert not re.search(rb"(?i)envoy|x-banyan|server:", told)
    rig.legacy.answer = answer("200 OK", "x-banyan-side: candidate", "Server: legacy/1")
    told = await say(rig.port, request("GET /r/a HTTP/1.1", "Host: a"))
    assert headers_of(told, "x-banyan-side") == []
    assert headers_of(told, "server") == ["legacy/1"]
