"""What a spec is made into, and which part of it a change touches."""

from dataclasses import replace
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from banyan.gateway import (
    ConfigurationRefused,
    Cookies,
    FallBack,
    GatewaySpec,
    PathMatch,
    Places,
    RouteSpec,
    Shadow,
    Upstream,
    render,
    route_of,
)
from banyan.gateway.rules import KINDS, shape_of

PLACES = Places(
    xds="/g/xds",
    admin="unix:/g/admin.sock",
    reports="unix:/g/reports.sock",
    capture="unix:/g/capture.sock",
    shadow="unix:/g/shadow.sock",
)
ROUTE = RouteSpec(
    name="items",
    match=PathMatch("prefix", "/items/"),
    candidate="new",
    shadow=Shadow(sample_bp=500),
)
SPEC = GatewaySpec(
    name="shop",
    host="127.0.0.1",
    port=8080,
    legacy=Upstream("legacy", "legacy.example", 443, is_tls=True),
    candidates=(Upstream("new", "10.0.0.1", 80),),
    routes=(ROUTE,),
)


def changed(**changes: Any) -> set[str]:
    """The kinds of resources that these changes of the route touch."""
    other = replace(SPEC, routes=(replace(ROUTE, **changes),))
    before, after = render(SPEC, PLACES), render(other, PLACES)
    assert before.bootstrap == after.bootstrap
    return {kind for kind in KINDS if before.resources[kind] != after.resources[kind]}


@given(st.integers(0, 10_000), st.integers(1, 10_000))
def test_weights_and_samples_touch_only_the_routes_and_no_shape(weight: int, sample: int) -> None:
    assert changed(read_bp=weight, shadow=Shadow(sample_bp=sample)) <= {"edge"}
    other = replace(ROUTE, read_bp=weight, shadow=Shadow(sample_bp=sample))
    after = render(replace(SPEC, routes=(other,)), PLACES)
    before = render(SPEC, PLACES)
    for kind in KINDS:
        assert shape_of(before.resources[kind]) == shape_of(after.resources[kind])


def test_no_change_of_a_route_drains_a_listener() -> None:
    assert changed(writes_to="candidate") == {"edge"}
    assert changed(is_retired=True) == {"edge", "shadow", "clusters"}
    assert changed(fall_back=FallBack(after_ms=5)) == {"edge"}
    assert changed(fall_back=FallBack(buffer_bytes_max=5)) == {"clusters"}
    assert changed(name="other") == {"edge", "shadow", "clusters"}
    assert changed(match=PathMatch("exact", "/")) == {"edge"}


def test_no_change_of_an_address_drains_a_listener() -> None:
    moved = replace(SPEC.legacy, host="10.0.0.7", port=81, is_tls=False)
    new = replace(SPEC.candidates[0], port=81)
    before = render(SPEC, PLACES)
    after = render(replace(SPEC, legacy=moved, candidates=(new,)), PLACES)
    assert before.bootstrap == after.bootstrap
    touched = {kind for kind in KINDS if before.resources[kind] != after.resources[kind]}
    assert touched == {"clusters", "edge"}


def test_it_is_plain_data_and_the_same_every_time() -> None:
    first, second = (msgspec.json.encode(render(SPEC, PLACES).resources) for _ in range(2))
    assert first == second
    whole = render(SPEC, PLACES).whole()
    assert b"path_config_source" not in msgspec.json.encode(whole)


def test_names_from_a_plan_are_never_code() -> None:
    cookies = Cookies(legacy=('x"] = true} os.exit() --', "q\\", "ü*"))
    made = msgspec.json.encode(render(replace(SPEC, cookies=cookies), PLACES).resources)
    assert b"os.exit()" not in made


@pytest.mark.parametrize(
    ("match", "takes", "leaves"),
    [
        (PathMatch("exact", "/a.b"), ["/a.b", "/a.b?c"], ["/a.b/", "/axb", "/"]),
        (
            PathMatch("prefix", "/cart"),
            ["/cart", "/cart/", "/cart/1?x", "/cart?x"],
            ["/carton", "/Cart"],
        ),
        (PathMatch("prefix", "/cart/"), ["/cart/", "/cart/1"], ["/cart", "/carton"]),
        (PathMatch("prefix", "/"), ["/", "/a", "/a/b?c"], []),
        (
            PathMatch("template", "/p/{id}"),
            ["/p/1", "/p/a%2Fb?x"],
            ["/p/", "/p/1/", "/p/1/2", "/p"],
        ),
        (PathMatch("template", "/p/{id}.json"), ["/p/1.json"], ["/p/1.xml", "/p/1xjson"]),
        (PathMatch("template", "/p/{id}/{rest:**}"), ["/p/1/", "/p/1/2/3"], ["/p/1", "/p//2"]),
        (PathMatch("regex", "/(de|en)/.*"), ["/de/", "/en/a/b?c"], ["/fr/", "/x/de/"]),
    ],
)
def test_which_paths_a_route_takes(match: PathMatch, takes: list[str], leaves: list[str]) -> None:
    spec = replace(SPEC, routes=(replace(ROUTE, match=match, methods=("GET",)),))
    for path in takes:
        assert route_of(spec, "GET", path) is spec.routes[0], path
        assert route_of(spec, "POST", path) is None
    for path in leaves:
        assert route_of(spec, "GET", path) is None, path


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"candidate": "else"}, "names the candidate 'else', which is not among"),
        ({"candidate": None, "read_bp": 1}, "needs a candidate"),
        ({"read_bp": 10_001}, "not between 0 and 10000"),
    ],
)
def test_what_makes_no_sense_is_refused(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigurationRefused, match=words):
        render(replace(SPEC, routes=(replace(ROUTE, **changes),)), PLACES)


def test_two_routes_of_one_name_are_refused() -> None:
    with pytest.raises(ConfigurationRefused, match="Two routes are called 'items'"):
        render(replace(SPEC, routes=(ROUTE, ROUTE)), PLACES)


def test_all_sides_have_a_host_of_their_own_or_none() -> None:
    own = replace(SPEC.candidates[0], host_header="new.example")
    with pytest.raises(ConfigurationRefused, match="say what 'legacy' is asked for"):
        render(replace(SPEC, candidates=(own,)), PLACES)
    legacy = replace(SPEC.legacy, host_header="www.example")
    render(replace(SPEC, candidates=(own,), legacy=legacy), PLACES)
