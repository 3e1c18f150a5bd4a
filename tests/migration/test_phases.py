"""The way of a route, as laws."""

from datetime import UTC, date, datetime
from itertools import pairwise
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from banyan.kernel import SystemClock
from banyan.migration import Phase, Plan, Position, next_position, path_of, read_plan, spec_of
from banyan.migration.model.bounds import DEFAULT_BOUNDS
from banyan.migration.model.plan import RoutePlan
from banyan.migration.model.standing import RouteStanding
from banyan.migration.rules.criteria import bounds_of, is_candidate_asked
from banyan.migration.rules.phases import ORDER, milestones_of, position_back
from banyan.migration.rules.plans.diff import diff_of
from banyan.migration.rules.plans.overlap import may_share
from banyan.migration.rules.units import basis_points, in_words, milliseconds
from tests.migration.plans import PLAN, plan_text, route

few = settings(max_examples=40, deadline=None)
STEPS = st.lists(st.integers(1, 10_000), min_size=1, max_size=6, unique=True).map(sorted)
METHODS = st.sampled_from([None, ["GET"], ["POST"], ["GET", "POST"]])
DATA = st.sampled_from([None, []])


def made(**changes: object) -> Plan:
    read = read_plan(plan_text(**changes))
    assert read.plan is not None, read.faults
    return read.plan


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    ramp: dict[str, object] = {"steps": [f"{bp / 100:.2f}%" for bp in draw(STEPS)]}
    data = draw(DATA)
    if data is not None:
        ramp["data"] = data
    writes = draw(st.sampled_from(["legacy", "legacy_until_verified"]))
    routes = [route(methods=draw(METHODS), writes=writes)]
    return msgspec.convert({**PLAN, "routes": routes, "criteria": {"ramp": ramp}}, Plan)


@few
@given(plans())
def test_weight_and_phase_only_rise_along_the_way(plan: Plan) -> None:
    way = path_of(plan, plan.routes[0])
    assert way[0] == Position(Phase.LEGACY)
    assert way[-1].phase == Phase.RETIRED
    for one, other in pairwise(way):
        assert (ORDER[one.phase], one.read_bp) < (ORDER[other.phase], other.read_bp)
        assert one.read_bp <= other.read_bp


@few
@given(plans())
def test_every_step_leads_to_the_next_place_on_the_way(plan: Plan) -> None:
    way = path_of(plan, plan.routes[0])
    for one, other in zip(way, (*way[1:], None), strict=True):
        assert next_position(way, one) == other


@few
@given(plans(), plans(), st.data())
def test_another_plan_under_a_route_never_takes_weight_away(
    old: Plan, new: Plan, data: st.DataObject
) -> None:
    at = data.draw(st.sampled_from(path_of(old, old.routes[0])))
    ahead = next_position(path_of(new, new.routes[0]), at)
    assert ahead is None or ahead.read_bp >= at.read_bp


@few
@given(plans(), st.data())
def test_writes_move_with_the_phase_candidate_and_no_sooner(
    plan: Plan, data: st.DataObject
) -> None:
    at = data.draw(st.sampled_from(path_of(plan, plan.routes[0])))
    if ORDER[at.phase] < ORDER[Phase.CANDIDATE]:
        assert at.writes_to == "legacy"


def test_a_plan_that_names_no_data_keeps_writes_on_legacy() -> None:
    silent = made(routes=[route(methods=None)])
    said = made(routes=[route(methods=None)], criteria={"ramp": {"data": []}})
    assert path_of(silent, silent.routes[0])[-2].writes_to == "legacy"
    assert path_of(said, said.routes[0])[-2].writes_to == "candidate"


@few
@given(plans(), st.data())
def test_rolling_back_leads_out_of_customers_way(plan: Plan, data: st.DataObject) -> None:
    at = data.draw(st.sampled_from(path_of(plan, plan.routes[0])))
    back = position_back(at)
    if at.phase in (Phase.LEGACY, Phase.RETIRED):
        assert back is None
    else:
        assert back is not None
        assert (back.read_bp, back.writes_to) == (0, "legacy")
        assert ORDER[back.phase] < ORDER[at.phase]


@few
@given(plans(), st.data())
def test_the_gateway_is_told_just_the_weight_of_the_position(
    plan: Plan, data: st.DataObject
) -> None:
    at = data.draw(st.sampled_from(path_of(plan, plan.routes[0])))
    [told] = spec_of(plan, {"catalogue": at}).routes
    assert told.read_bp == at.read_bp
    assert told.writes_to == at.writes_to
    assert told.is_retired == (at.phase == Phase.RETIRED)
    assert (told.shadow.sample_bp > 0) == (at.phase not in (Phase.LEGACY, Phase.RETIRED))
    assert not (told.is_retired and told.fall_back)
    assert at.writes_to == "legacy" or told.shadow.writes == "never"


ORDERS: dict[str, Any] = {
    "source": {"url_env": "LEGACY_DATABASE_URL"},
    "target": {"url_env": "SHOP_DATABASE_URL"},
    "sets": [
        {
            "name": "orders",
            "source": {"table": "orders", "key": ["id"]},
            "target": {"table": "orders", "key": ["id"]},
            "columns": {"id": "id"},
        }
    ],
}


def test_writes_fall_back_only_where_both_sides_share_their_data() -> None:
    at = Position(Phase.CANDIDATE, read_bp=10_000, writes_to="candidate")
    for data, falls_back in (([], True), (["orders"], False)):
        plan = made(criteria={"ramp": {"data": data}}, data=ORDERS)
        told = spec_of(plan, {"catalogue": at}).routes[0]
        assert told.writes_fall_back == falls_back
        before = spec_of(plan, {"catalogue": Position(Phase.RAMP, read_bp=10_000)}).routes[0]
        assert not before.writes_fall_back


def test_who_wrote_is_answered_by_legacy_unless_both_sides_share_their_data() -> None:
    ramp = Position(Phase.RAMP, read_bp=10_000)
    cut = Position(Phase.CANDIDATE, read_bp=10_000, writes_to="candidate")
    for data, may_lag in (([], False), (["orders"], True), (None, True)):
        said = {} if data is None else {"criteria": {"ramp": {"data": data}}}
        plan = made(data=ORDERS, **said)
        for at, stays in ((Position(Phase.LEGACY), False), (ramp, may_lag), (cut, may_lag)):
            assert spec_of(plan, {"catalogue": at}).routes[0].legacy_after_write == stays
    assert not spec_of(made(), {"catalogue": ramp}).routes[0].legacy_after_write  # nothing moves
    beacon = made(data=ORDERS, routes=[route(legacy_after_write=False)])
    told = spec_of(beacon, {"catalogue": ramp}).routes[0]
    assert (told.legacy_after_write, told.is_remembered) == (False, False)


def test_changes_of_data_are_told_by_set() -> None:
    names = {"id": "id", "name": "name"}
    changed = {**ORDERS, "sets": [{**ORDERS["sets"][0], "columns": names}]}
    diff = diff_of(made(data=ORDERS), made(data=changed), {})
    assert [(each.what, each.before, each.after) for each in diff.changes] == [
        ("data.sets.orders.columns.name", "nothing", "name")
    ]
    added = [each.what for each in diff_of(made(), made(data=ORDERS), {}).changes]
    assert set(added) == {"data.source", "data.target", "data.sets.orders"}


REST = {"name": "rest", "prefix": "/", "owner": "web"}
NEW = {"name": "new", "path": "/product/new", "methods": ["GET"], "owner": "web"}


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (
            [route(), REST],
            [NEW, route(), REST],
            "catalogue is in ramp, 50 % of customers and would",
        ),
        ([NEW, route(), REST], [route(), REST], "takes other requests (new no longer before it)"),
        ([route(), REST], [route(), REST], ""),
        ([NEW, route(), REST], [NEW | {"path": "/x"}, route(), REST], "new no longer before it"),
        ([route(), REST], [NEW | {"path": "/cart"}, route(), REST], ""),
        ([route(), REST], [NEW | {"methods": ["POST"]}, route(), REST], ""),
        ([NEW, route(), REST], [NEW | {"name": "newer"}, route(), REST], ""),
    ],
)
def test_a_plan_puts_no_route_before_one_that_carries_customers(
    before: list[dict[str, Any]], after: list[dict[str, Any]], said: str
) -> None:
    old, new = made(routes=before), made(routes=after)
    standing = RouteStanding(
        uuid4(), "catalogue", Phase.RAMP, 5_000, "legacy", 0, 4, 4, SystemClock().now()
    )
    diff = diff_of(old, new, {"catalogue": standing})
    refused = [each.refusal for each in diff.changes if each.refusal]
    assert bool(refused) == bool(said)
    assert said in " ".join(refused)
    assert diff.renewed == (("catalogue",) if said else ())
    at_legacy = RouteStanding(
        uuid4(), "catalogue", Phase.SHADOW, 0, "legacy", 0, 4, 4, SystemClock().now()
    )
    assert not any(each.refusal for each in diff_of(old, new, {"catalogue": at_legacy}).changes)


PAIRS = [
    ({"path": "/a/{id}"}, {"path": "/a/b"}, True),
    ({"path": "/a/{id}"}, {"path": "/{x}/b"}, True),
    ({"path": "/a/{id}"}, {"path": "/b/{id}"}, False),
    ({"path": "/a/{id}"}, {"path": "/a/{id}/c"}, False),
    ({"path": "/a/{rest:**}"}, {"path": "/a/{id}/c"}, True),
    ({"prefix": "/a"}, {"path": "/a"}, True),
    ({"prefix": "/a"}, {"path": "/ab"}, False),
    ({"prefix": "/a"}, {"path": "/{x}/b"}, True),
    ({"prefix": "/a/b"}, {"prefix": "/a"}, True),
    ({"prefix": "/a"}, {"prefix": "/b"}, False),
    ({"regex": "/a/[0-9]+"}, {"path": "/a/7"}, True),
    ({"regex": "/a/[0-9]+"}, {"path": "/a/b"}, False),
    ({"regex": "/a/[0-9]+"}, {"prefix": "/b"}, False),
    ({"regex": "/(a|b)"}, {"prefix": "/b"}, True),
    ({"regex": "/ab?"}, {"path": "/a"}, True),
    ({"regex": "/ab?x"}, {"prefix": "/ax"}, True),
]


@pytest.mark.parametrize(("one", "other", "may"), PAIRS)
def test_which_routes_may_take_each_others_requests(
    one: dict[str, str], other: dict[str, str], *, may: bool
) -> None:
    first, second = (
        msgspec.convert({"name": name, "owner": "web", **said}, RoutePlan)
        for name, said in (("a", one), ("b", other))
    )
    assert may_share(first, second) == may
    assert may_share(second, first) == may


def test_a_route_without_a_position_is_on_legacy() -> None:
    assert [each.read_bp for each in spec_of(made(), {}).routes] == [0, 0]


def test_routes_overrule_the_plan_and_the_plan_the_defaults() -> None:
    plan = made(
        criteria={"canary": {"requests_min": 7, "time_min": "2m", "errors_increase_max": "0.1%"}},
        routes=[route(criteria={"canary": {"requests_min": 9, "latency_floor": "5ms"}})],
    )
    bounds = bounds_of(plan, plan.routes[0], Position(Phase.CANARY, read_bp=100))
    assert (bounds.requests_min, bounds.time_min_us) == (9, 120_000_000)
    assert (bounds.errors_increase_max, bounds.latency_floor_us) == (0.001, 5_000)
    assert bounds.divergence_max == DEFAULT_BOUNDS[Phase.CANARY].divergence_max


def test_a_person_is_asked_beyond_what_the_plan_lets_run_by_itself() -> None:
    plan = made(
        routes=[route(auto_advance_to="canary")], criteria={"candidate": {"approval": False}}
    )
    of = plan.routes[0]
    assert not bounds_of(plan, of, Position(Phase.SHADOW)).approval
    assert bounds_of(plan, of, Position(Phase.CANARY, read_bp=100)).approval
    assert not bounds_of(plan, of, Position(Phase.RAMP, 0, 500)).approval
    assert bounds_of(plan, of, Position(Phase.CANDIDATE, read_bp=10_000)).approval


def test_a_milestone_asks_for_a_rehearsal_before_its_phase() -> None:
    milestone = {"name": "m", "on": "2027-01-29", "routes": ["catalogue"], "rehearsed": True}
    plan = made(milestones=[milestone | {"phase": "candidate"}])
    way = path_of(plan, plan.routes[0])
    asking = [at for at in way if bounds_of(plan, plan.routes[0], at).rehearsed]
    assert asking == [way[way.index(Position(Phase.CANDIDATE, 0, 10_000)) - 1]]
    assert not any(bounds_of(plan, plan.routes[1], at).rehearsed for at in way)
    early = made(milestones=[milestone | {"phase": "canary"}])
    assert bounds_of(early, early.routes[0], Position(Phase.SHADOW)).rehearsed


def test_what_nothing_is_mirrored_of_is_not_asked_before_its_cutover() -> None:
    plan = made(
        routes=[route(methods=["POST"])], criteria={"ramp": {"data": []}}, shadow={"sample": "10%"}
    )
    of = plan.routes[0]
    asked = {at.phase: is_candidate_asked(plan, of, at) for at in path_of(plan, of)}
    assert [phase for phase, is_asked in asked.items() if is_asked] == [Phase.CANDIDATE]
    assert bounds_of(plan, of, Position(Phase.SHADOW)).compared_min == 0


def test_milestones_are_on_time_until_their_day_is_over() -> None:
    plan = made(
        milestones=[{"name": "m", "on": "2026-12-24", "routes": ["rest"], "phase": "shadow"}]
    )
    day = date(2026, 12, 24)
    assert milestones_of(plan, {}, day)[0].state == "on_time"
    late = milestones_of(plan, {}, date(2026, 12, 26))[0]
    assert (late.state, late.sentence) == ("late", "rest not yet in shadow; 2 days late.")


@given(st.integers(0, 10_000))
def test_shares_are_exact(bp: int) -> None:
    assert basis_points(f"{bp / 100:.2f}%") == bp


def test_durations() -> None:
    assert [milliseconds(each) for each in ("5ms", "2s", "3m", "4h", "1d")] == [
        5, 2_000, 180_000, 14_400_000, 86_400_000
    ]  # fmt: skip
    assert in_words(milliseconds("90m")) == "1 h 30 min"


def test_a_plan_survives_its_way_through_the_database() -> None:
    plan = made(
        freezes=[{"start": "2026-12-24T00:00:00Z", "end": "2026-12-27T00:00:00Z", "why": "xmas"}]
    )
    document = msgspec.json.decode(msgspec.json.encode(plan))
    again = msgspec.convert(document, Plan)
    assert again == plan
    assert again.freezes[0].start == datetime(2026, 12, 24, tzinfo=UTC)
