"""JSON is compared by its structure, and a difference says where and what."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banyan.difference import Difference, IgnoreRule, compare, comparing
from tests.difference.answers import json_


def differ(left: Any, right: Any, **how: Any) -> list[tuple[str, str]]:
    """(path, kind) of each difference; texts are JSON as written, all else is dumped."""
    texts = [part if isinstance(part, str) else json.dumps(part) for part in (left, right)]
    found = compare(json_(texts[0]), json_(texts[1]), how=comparing(**how)).differences
    return [(one.path, one.kind) for one in found]


@pytest.mark.parametrize(
    ("left", "right", "found"),
    [
        ('{"a": 1, "b": 2}', '{"b":2,"a":1}', []),
        ('{"a": 1}', '{"a": 1.0}', [("$.a", "format")]),
        ('{"a": 100}', '{"a": 1e2}', [("$.a", "format")]),
        ('{"a": 1}', '{"a": "1"}', [("$.a", "type")]),
        ('{"a": null}', "{}", [("$.a", "missing")]),
        ('{"a": null}', '{"a": false}', [("$.a", "type")]),
        ('{"a": true}', '{"a": false}', [("$.a", "changed")]),
        ('{"a": ""}', '{"a": "x"}', [("$.a", "emptied")]),
        ('{"a": {"b": [1, {"c": 2}]}}', '{"a": {"b": [1, {"c": 3}]}}', [("$.a.b[1].c", "changed")]),
        ("[1, 2, 3]", "[1, 9, 2, 3]", [("$[1]", "extra")]),
        ("[1, 2, 3]", "[2, 3]", [("$[0]", "missing")]),
        ("[1, 2, 3]", "[3, 1, 2]", [("$[2]", "moved")]),
        ("[[1, 2], [3]]", "[[1, 2], [4]]", [("$[1][0]", "changed")]),
        (
            '{"odd name": 1, "a.b": 2}',
            "{}",
            [("$['odd name']", "missing"), ("$['a.b']", "missing")],
        ),
        ('{"a": 1, "a": 2}', '{"a": 1}', [("$['a (again, 2)']", "missing")]),
        ("[NaN]", "[NaN]", []),
        ("[NaN]", "[1]", [("$[0]", "changed")]),
        (f"[{'9' * 9000}]", f"[{'9' * 8999}8]", [("$[0]", "changed")]),
        ("[1e999999999]", "[1e999999998]", [("$[0]", "changed")]),
        ('"\\ud800"', '"\\ud801"', [("$", "changed")]),
        ("{", "{", []),
        ("{", "[", [("line 1", "changed")]),
        ("{}", "{", [("body", "type")]),
        ("null", "{", [("body", "type")]),
    ],
)
def test_what_differs(left: str, right: str, found: list[tuple[str, str]]) -> None:
    assert differ(left, right) == found


def test_an_object_that_is_put_in_moves_no_other() -> None:
    three = [{"id": n, "name": f"N{n}", "price": n * 10} for n in (1, 2, 3)]
    changed = [{"id": 9, "name": "N9", "price": 5}, *three[:2], three[2] | {"price": 31}]
    assert differ(three, changed) == [("$[0]", "extra"), ("$[2].price", "changed")]


def test_objects_are_told_apart_by_what_names_them() -> None:
    left = [{"sku": "a", "n": 1}, {"sku": "b", "n": 1}]
    right = [{"sku": "b", "n": 2}, {"sku": "c", "n": 1}]
    assert differ(left, right) == [("$[0]", "missing"), ("$[1].n", "changed"), ("$[1]", "extra")]


def test_long_lists_are_paired_by_what_names_their_elements() -> None:
    left = [{"id": n, "v": n} for n in range(2000)]
    right = [{"id": 9999, "v": 0}, *({"id": n, "v": n + (n == 7)} for n in range(1, 2000))]
    assert sorted(differ(left, right)) == [
        ("$[0]", "extra"),
        ("$[0]", "missing"),
        ("$[7].v", "changed"),
    ]


def test_numbers_may_be_a_little_apart() -> None:
    assert differ([19.99, 0], [19.990000001, 0], numbers=1e-6) == []
    assert differ([19.99], [19.98], numbers=1e-6) == [("$[0]", "changed")]
    assert differ([-100], [-101], numbers=0.01) == []
    assert differ([0], [1e-9], numbers=0.01) == [("$[0]", "changed")]


def test_the_order_of_a_list_may_mean_nothing() -> None:
    assert differ({"tags": [1, 2, 3]}, {"tags": [3, 1, 2]}, unordered=["$.tags"]) == []
    assert differ({"tags": [1, 2]}, {"tags": [2, 3, 1]}, unordered=["$.tags"]) == [
        ("$.tags[1]", "extra")
    ]
    left, right = {"a": [{"tags": [1, 2]}]}, {"a": [{"tags": [2, 1]}]}
    assert differ(left, right, unordered=["$.a[*].tags"]) == []
    assert [kind for _, kind in differ(left, right, unordered=["$.a"])] == ["moved"]


@pytest.mark.parametrize(
    "path", ["$.items[*].at", "$..at", "$.*[0].at", "$['items'][*][\"at\"]", "$.items"]
)
def test_what_a_rule_names_is_left_out(path: str) -> None:
    left = {"items": [{"at": 1, "id": 1}], "n": 1}
    right = {"items": [{"at": 2, "id": 1}], "n": 2}
    assert differ(left, right, ignore=[IgnoreRule(path=path)]) == [("$.n", "changed")]


def test_a_pattern_limits_a_path() -> None:
    rule = IgnoreRule(path="$.at", pattern=r"^\d{4}-\d\d-\d\d$")
    assert differ({"at": "2020-01-01"}, {"at": "2020-01-02"}, ignore=[rule]) == []
    assert differ({"at": "2020-01-01"}, {"at": "soon"}, ignore=[rule]) == [("$.at", "changed")]


def test_a_pattern_alone_is_taken_out_of_every_text() -> None:
    rule = IgnoreRule(pattern=r"req-[0-9a-f]{8}")
    left, right = {"m": "failed (req-0123abcd)"}, {"m": "failed (req-99999999)"}
    assert differ(left, right, ignore=[rule]) == []
    assert differ(left, {"m": "worked (req-99999999)"}, ignore=[rule]) == [("$.m", "changed")]


def test_indexes_and_ids_vary_in_a_pattern() -> None:
    left = '{"a": [{"b": 1}], "by_id": {"1234": {"x": 1}}}'
    right = '{"a": [{"b": 2}], "by_id": {"1234": {"x": 2}}}'
    found = compare(json_(left), json_(right)).differences
    assert [one.pattern for one in found] == ["$.a[*].b", "$.by_id.*.x"]


def test_of_cut_bodies_only_what_both_have_is_compared() -> None:
    whole = json.dumps({"items": [{"id": n, "price": n} for n in range(100)]})
    longer = json.dumps({"items": [{"id": n, "price": n} for n in range(200)]})
    assert compare(json_(whole[:900], is_cut=True), json_(longer[:950], is_cut=True)).is_same
    wrong = longer.replace('"price": 3}', '"price": 4}')
    found = compare(json_(whole[:900], is_cut=True), json_(wrong[:950], is_cut=True))
    assert [(d.path, d.kind) for d in found.differences] == [("$.items[3].price", "changed")]
    assert not found.is_whole


def test_a_long_list_of_differences_ends() -> None:
    left = {f"k{n}": n for n in range(1000)}
    right = {f"k{n}": n + 1 for n in range(1000)}
    found = compare(json_(json.dumps(left)), json_(json.dumps(right)))
    assert len(found.differences) == 200
    assert not found.is_whole


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda parts: st.lists(parts, max_size=5) | st.dictionaries(st.text(max_size=4), parts, max_size=4),
    max_leaves=20,
)  # fmt: skip
UNHURRIED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
MIRRORED = {"missing": "extra", "extra": "missing"}


@given(VALUES)
@UNHURRIED
def test_a_value_does_not_differ_from_itself(value: Any) -> None:
    text = json.dumps(value)
    assert compare(json_(text), json_(json.dumps(value, indent=3))).is_same


@given(VALUES, VALUES)
@UNHURRIED
def test_sides_may_be_swapped(left: Any, right: Any) -> None:
    one, two = json_(json.dumps(left)), json_(json.dumps(right))
    there, back = compare(one, two).differences, compare(two, one).differences

    def seen(found: tuple[Difference, ...], *, is_mirrored: bool) -> list[tuple[Any, ...]]:
        return sorted(
            (MIRRORED.get(d.kind, d.kind), d.candidate, d.legacy)
            if is_mirrored
            else (d.kind, d.legacy, d.candidate)
            for d in found
        )  # fmt: skip

    assert str(seen(there, is_mirrored=False)) == str(seen(back, is_mirrored=True))
