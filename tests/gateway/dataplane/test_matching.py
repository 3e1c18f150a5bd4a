"""Envoy takes the paths that we say a route takes."""

from dataclasses import replace

from banyan.gateway import PathMatch, route_of
from tests.gateway.dataplane.rig import Rig, body_of, get

MATCHES = [
    PathMatch("exact", "/exact/a.b"),
    PathMatch("prefix", "/segments"),
    PathMatch("prefix", "/below/"),
    PathMatch("template", "/t/{id}"),
    PathMatch("template", "/t/{id}/x-{name}.json"),
    PathMatch("template", "/rest/{id}/{rest:**}"),
    PathMatch("regex", "/(de|en)/[0-9]+"),
]
PATHS = [
    "/", "/exact/a.b", "/exact/a.b?c=d", "/exact/a.b/", "/exact/axb", "/segments", "/segments/", "/segmentss",
    "/segments?x", "/segments/a/b", "/below", "/below/", "/below/a", "/t/", "/t/1", "/t/1/", "/t/a%2Fb", "/t/a/b",
    "/t/1/x-y.json", "/t/1/x-.json", "/t/1/x-y.jsonx", "/rest/1", "/rest/1/", "/rest/1/a/b?c", "/rest//a",
    "/de/1", "/de/1?x", "/en/12/", "/fr/1", "//de/1", "/de/../de/1", "/T/1",
]  # fmt: skip


async def test_a_route_takes_in_envoy_what_it_takes_in_our_words(rig: Rig) -> None:
    routes = tuple(
        replace(rig.route, name=f"r{number}", match=match, read_bp=10_000)
        for number, match in enumerate(MATCHES)
    )
    spec = replace(rig.spec, routes=routes)
    await rig.plane.apply(spec)
    for path in PATHS:
        takes = b"legacy" if route_of(spec, "GET", path) is None else b"candidate"
        assert body_of(await get(rig.port, path)) == takes, path


async def test_methods_and_order_decide(rig: Rig) -> None:
    first = replace(rig.route, name="first", methods=("GET", "POST"), writes_to="candidate")
    second = replace(rig.route, name="second", read_bp=10_000, writes_to="candidate")
    await rig.plane.apply(replace(rig.spec, routes=(first, second)))
    for method, side in (("GET", b"legacy"), ("POST", b"candidate"), ("PUT", b"candidate")):
        assert body_of(await get(rig.port, "/r/1", method=method)) == side
    assert body_of(await get(rig.port, "/r/1", method="OPTIONS")) == b"candidate"
