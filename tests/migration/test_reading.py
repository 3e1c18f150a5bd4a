"""Plans as files: what they are read to, and every fault that is found in one."""

from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from banyan import migration
from banyan.migration import ReadPlan, read_plan, spec_of
from tests.migration.plans import PLAN, plan_text, route

TODAY = date(2026, 11, 25)


def sentences(read: ReadPlan) -> list[str]:
    return [f"{fault.path}: {fault.sentence}" for fault in read.faults]


def faults(**changes: Any) -> list[str]:
    return sentences(read_plan(plan_text(**changes), TODAY))


def test_a_sound_plan_is_read() -> None:
    read = read_plan(plan_text(), TODAY)
    assert read.faults == ()
    assert read.plan is not None
    assert [each.name for each in read.plan.routes] == ["catalogue", "rest"]


def test_every_fault_is_told_at_once_in_the_order_of_the_file() -> None:
    source = """\
plan: Shop
legcy: http://127.0.0.1:8080/x
candidates: {}
teams:
  web: {email: nope}
routes:
  - name: a
    owner: 1
    criteria: {ramp: {steps: ["5"], time_min: 5}}
    fall_back: {after: 3}
"""
    found = read_plan(source).faults
    assert [(fault.line, fault.path) for fault in found] == [
        (1, ""),  # legacy is missing
        (1, "plan"),
        (2, "legcy"),
        (5, "teams.web.email"),
        (8, "routes[0].owner"),
        (9, "routes[0].criteria.ramp.steps[0]"),
        (9, "routes[0].criteria.ramp.time_min"),
        (10, "routes[0].fall_back.after"),
    ]
    assert found[2].sentence == "There is no 'legcy' here. Did you mean legacy?"


def test_keys_are_words_whatever_yaml_1_1_thinks_of_them() -> None:
    """``on`` is a key here, and ``no`` a text."""
    milestones = [{"name": "m", "on": "2026-12-24", "routes": ["rest"], "phase": "shadow"}]
    text = plan_text(title="X", milestones=milestones).replace("title: X", "title: no")
    read = read_plan(text.replace("'on':", "on:").replace("'2026-12-24'", "2026-12-24"), TODAY)
    assert read.plan is not None, sentences(read)
    assert read.plan.title == "no"
    assert read.plan.milestones[0].on == date(2026, 12, 24)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("", "The file is empty."),
        ("plan: [", "This isn't YAML"),
        ("- a\n- b\n", "A list stands where keys with values should be."),
        ("plan: !!python/object/apply:os.system [ls]\n", "missing"),
        ("plan: a\nplan: b\n", "plan is here a second time."),
        ("a: &x {<<: {b: 1}}\n", "Keys are plain words"),
        ("x: " + "[" * 500 + "]" * 500, "nested too deeply"),
    ],
)
def test_what_is_no_plan_at_all(source: str, said: str) -> None:
    assert said in " ".join(sentences(read_plan(source)))


def test_repeating_aliases_are_no_bomb() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "repeats itself too often" in " ".join(sentences(read_plan("\n".join(lines))))


@settings(max_examples=60, deadline=None)
@given(st.text(max_size=300))
def test_rubbish_never_breaks_the_reading(source: str) -> None:
    assert read_plan(source).plan is None


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from([*PLAN, "x", "steps", "path"]), inner, max_size=4)
        ),
        max_leaves=8,
    ),
    st.sampled_from(list(PLAN)),
)
def test_rubbish_in_one_place_is_a_fault_or_a_plan(value: Any, key: str) -> None:
    read = read_plan(yaml.safe_dump({**PLAN, key: value}), TODAY)
    assert (read.plan is None) == bool(read.faults)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"legacy": "http://127.0.0.1:8080"}, "legacy: This is where the gateway itself listens"),
        ({"legacy": "http://h:99999"}, "legacy: 'http://h:99999' isn't an address"),
        ({"legacy": "http://[::1"}, "legacy: 'http://[::1' isn't an address"),
        ({"legacy": "http://ana:secret@h:x"}, "legacy: An address has no user or password"),
        ({"criteria": {"ramp": {"steps": ["50%", "100.5%"]}}}, "'100.5%' should be a share"),
        ({"legacy": "http://localhost:8080"}, "legacy: This is where the gateway itself listens"),
        ({"candidates": {"candidate": "http://127.0.0.1:8001"}}, "legacy's own address"),
        ({"candidates": {"candidate": "http://h:99999"}}, "isn't an address such as"),
        (
            {"candidates": {"new": "http://h:1", "newer": "http://h:2"}},
            "Say which candidate catalogue is of; there are: new, newer.",
        ),
        ({"routes": [route(candidate="x")]}, "There is no candidate x; there are: candidate."),
        (
            {"gateway": {"listen": "[::1]:8001"}, "legacy": "http://localhost:8001"},
            "legacy: This is where the gateway itself listens",
        ),
        ({"gateway": {"listen": "::1:8080"}}, "such as 127.0.0.1:8080 or [::]:8080"),
        ({"gateway": {"listen": "127.0.0.1:0"}}, "There is no port 0."),
        ({"gateway": {"listen": "shop.example:80"}}, "'shop.example' isn't an IP address"),
        ({"routes": [route(path=None, regex="/a{1,2000}")]}, "RE2 repeats something 1000 times"),
        ({"routes": [route(path=None, regex="/(?>a|b)")]}, "Regular expressions are RE2's"),
        ({"routes": [route(owner="nobody")]}, "routes[0].owner: There is no team nobody"),
        ({"routes": [route(dependents=["x"])]}, "routes[0].dependents[0]: There is no team x"),
        ({"routes": [route(), route()]}, "There are 2 routes named catalogue."),
        ({"routes": [route(path=None)]}, "needs exactly one of path, prefix and regex"),
        ({"routes": [route(prefix="/p")]}, "it has path and prefix"),
        ({"routes": [route(path="/a b")]}, "A path has no spaces"),
        ({"routes": [route(path="/a?b=1")]}, "A path ends before `?`"),
        ({"routes": [route(path="/{a}/{a}")]}, "{a} is in the path twice"),
        ({"routes": [route(path="/{a:**}/b")]}, "so it stands at the end"),
        ({"routes": [route(path="/x{a}")]}, "should be one {name} between slashes"),
        ({"routes": [route(path=None, regex="/(a")]}, "This isn't a regular expression"),
        ({"routes": [route(path=None, regex="/(?=a)")]}, "no look-ahead"),
        ({"routes": [route(auto_advance_to="retired")]}, "A route never retires by itself"),
        ({"routes": [route(prefix="/", path=None, methods=None), route(name="b")]},
         "b never gets a request: catalogue stands before it"),
        ({"criteria": {"ramp": {"steps": ["5%", "3%"]}}}, "Steps rise: 3 % stands behind 5 %."),
        ({"criteria": {"ramp": {"steps": ["0%", "3%"]}}}, "A step of 0% sends nobody."),
        ({"criteria": {"canary": {"steps": ["5%"]}}}, "Only ramp has steps"),
        ({"criteria": {"ramp": {"data": ["x"]}}}, "There is no data set x under data"),
        ({"criteria": {"ramp": {"confidence": "10%"}}}, "lies between 50% and 99.99%"),
        ({"noise": [{"why": "some"}]}, "A noise rule needs a path, a pattern, or both."),
        ({"noise": [{"pattern": "(", "why": "some"}]}, "noise[0]: "),
        ({"noise": [{"path": "$.a", "why": "some", "routes": ["x"]}]}, "There is no route x."),
        ({"masking": [{"why": "some"}]}, "A mask needs a path, a field or a pattern."),
        ({"freezes": [{"start": "2026-12-24T00:00:00Z", "end": "2026-12-23T00:00:00Z",
                       "why": "xmas"}]}, "freezes[0].end: It ends before it starts."),
        ({"freezes": [{"start": "2026-12-24T00:00:00", "end": "2026-12-27T00:00:00Z",
                       "why": "xmas"}]}, "a time with its zone"),
        ({"milestones": [{"name": "m", "on": "2026-12-24", "routes": ["x"], "phase": "shadow"}]},
         "milestones[0].routes[0]: There is no route x."),
        ({"milestones": [{"name": "m", "on": "2026-11-26", "routes": ["rest"],
                          "phase": "candidate"}],
          "criteria": {"ramp": {"time_min": "2d"}}}, "rest needs 6 d"),
        ({"data": {"sets": 3}}, "data"),
        ({"data": {"source": {"url_env": "A"}, "target": {"url_env": "B"}, "sets": []}},
         "data.sets: Expected `array` of length >= 1."),
        ({"routes": [route(name=f"r{number}") for number in range(201)]},
         "routes: The list has 201; 200 are allowed."),
        ({"about": "x" * 20_001}, "about: The text has 20,001 characters; 20,000 are allowed."),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_told(changes: dict[str, Any], said: str) -> None:
    found = faults(**changes)
    assert any(said in each for each in found), found


def test_a_narrow_route_before_a_wide_one_is_fine() -> None:
    assert faults(routes=[route(path="/a"), route(name="b", path="/{x}")]) == []
    assert faults(routes=[route(methods=["GET"]), route(name="b", methods=None)]) == []


def test_the_schema_for_editors_is_the_one_in_docs(pytestconfig: pytest.Config) -> None:
    """Made by ``banyan migrate schema > docs/migration.schema.json``."""
    kept = (pytestconfig.rootpath / "docs" / "migration.schema.json").read_bytes()
    assert msgspec.json.decode(kept) == msgspec.json.decode(
        msgspec.json.encode(migration.plan_schema())
    )


def test_a_freeze_window_holds_from_its_start_to_before_its_end() -> None:
    read = read_plan(
        plan_text(
            freezes=[
                {"start": "2026-12-24T00:00:00+01:00", "end": "2026-12-27T00:00:00Z", "why": "xmas",
                 "routes": ["rest"]},
            ]
        )
    )  # fmt: skip
    assert read.plan is not None
    plan = read.plan

    def frozen(route: str, *at: int) -> bool:
        return migration.freeze_of(plan, route, datetime(2026, 12, *at, tzinfo=UTC)) is not None

    assert not frozen("rest", 23, 22)
    assert frozen("rest", 23, 23)
    assert not frozen("rest", 27)
    assert not frozen("catalogue", 25)


def test_a_route_is_of_the_only_candidate_whatever_its_name() -> None:
    plan = read_plan(plan_text(candidates={"new": "http://h:1"}), TODAY).plan
    assert plan is not None
    assert [plan.candidate_of(each) for each in plan.routes] == ["new", "new"]
    plan = read_plan(
        plan_text(candidates={"candidate": "http://h:1", "new": "http://h:2"}), TODAY
    ).plan
    assert plan is not None
    assert [plan.candidate_of(each) for each in plan.routes] == ["candidate", "candidate"]


@pytest.mark.parametrize("host", ["::1", "::", "127.0.0.1", "0.0.0.0"])
def test_the_gateway_listens_at_any_address_of_the_machine(host: str) -> None:
    shown = f"[{host}]" if ":" in host else host
    plan = read_plan(plan_text(gateway={"listen": f"{shown}:8080"}), TODAY).plan
    assert plan is not None
    assert spec_of(plan, {}).host == host
