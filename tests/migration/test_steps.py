"""Plans that are applied, and routes that move: each step once, in order, written down and told."""

import asyncio
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from banyan import migration, movement, operations
from banyan.kernel import BanyanError, FixedClock, SystemClock
from banyan.migration import PLAN, Change, Phase, StoredPlan
from banyan.migration.jobs import follow_cases
from banyan.migration.model.standing import ControllerBeat
from banyan.migration.store import findings
from banyan.runtime import Cause, Database, Job, Transaction, events_of
from tests.migration.plans import plan_text, route


async def apply(database: Database, live: UUID, text: str, **more: Any) -> migration.AppliedPlan:
    async with database.transaction(live) as tx:
        return await migration.apply_plan(tx, text, by="ana", why="Test", **more)


@pytest.fixture
async def stored(database: Database, live: UUID) -> StoredPlan:
    return (await apply(database, live, plan_text())).stored


async def advance(tx: Transaction, stored: StoredPlan, **more: Any) -> Change:
    return await migration.advance(
        tx, stored.plan_id, "catalogue", by="ana", why="Test", is_forced=True, **more
    )


async def bring_to(database: Database, stored: StoredPlan, phase: Phase) -> None:
    async with database.transaction(stored.marketplace_id) as tx:
        while (await advance(tx, stored)).to_phase != phase:
            pass


async def told(tx: Transaction, stored: StoredPlan) -> list[str]:
    return [event.type for event in await events_of(tx, PLAN.text(stored.plan_id))]


async def test_the_same_file_again_changes_nothing(database: Database, live: UUID) -> None:
    first = await apply(database, live, plan_text())
    again = await apply(database, live, plan_text())
    assert (first.is_new, again.is_new) == (True, False)
    assert again.stored == first.stored
    async with database.transaction(live) as tx:
        assert await told(tx, first.stored) == ["migration.plan_applied"]


async def test_a_new_version_is_kept_with_its_difference(
    database: Database, live: UUID, stored: StoredPlan
) -> None:
    text = plan_text(criteria={"ramp": {"steps": ["2%", "10%"]}})
    async with database.transaction(live) as tx:
        diff = await migration.compare_plan(tx, text)
    assert [(c.what, c.after) for c in diff.changes] == [("criteria.ramp.steps", "2%, 10%")]
    second = await apply(database, live, text)
    assert (second.stored.plan_id, second.stored.version) == (stored.plan_id, 2)
    async with database.transaction(live) as tx:
        versions = await migration.versions_of(tx, stored.plan_id)
    assert [(each.version, each.why) for each in versions] == [(2, "Test"), (1, "Test")]


async def test_two_who_apply_at_once_are_told_apart(database: Database, live: UUID) -> None:
    texts = [plan_text(title=f"Plan {number}") for number in range(4)]
    done = await asyncio.gather(
        *(apply(database, live, text, expected_version=0) for text in texts),
        return_exceptions=True,
    )
    assert sum(isinstance(each, migration.AppliedPlan) for each in done) == 1
    assert sum(isinstance(each, migration.PlanMoved) for each in done) == 3


async def test_a_file_with_faults_is_refused_with_all_of_them(
    database: Database, live: UUID
) -> None:
    with pytest.raises(migration.InvalidPlan) as refused:
        await apply(database, live, plan_text(routes=[route(owner="x", dependents=["y"])]))
    assert len(refused.value.faults) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"routes": [route(name="other")]}, "catalogue is in shadow and would vanish"),
        ({"routes": [route(path="/p/{id}")]}, ""),
    ],
)
async def test_a_route_in_shadow_stays_in_the_plan_and_may_change(
    database: Database, live: UUID, stored: StoredPlan, changes: dict[str, Any], said: str
) -> None:
    await bring_to(database, stored, Phase.SHADOW)
    if said:
        with pytest.raises(migration.PlanUnsafe, match=said):
            await apply(database, live, plan_text(**changes))
        return
    await apply(database, live, plan_text(**changes))
    async with database.transaction(live) as tx:
        [last, *_] = (await migration.history(tx, stored.plan_id, route="catalogue", limit=5)).data
        standing = (await migration.route_status_of(tx, stored.plan_id, "catalogue")).standing
    assert (last.kind, last.to_phase) == ("returned", Phase.SHADOW)
    assert standing.entered_change == standing.change


@pytest.mark.parametrize(
    "changes",
    [
        {"routes": [route(path="/p/{id}"), route(name="rest", path=None, prefix="/")]},
        {"routes": [route(methods=["GET", "HEAD"])]},
        {"candidates": {"candidate": "http://127.0.0.1:9999"}},
        {"candidates": {"candidate": "http://127.0.0.1:8002", "b": "http://127.0.0.1:9"},
         "routes": [route(candidate="b")]},
        {"routes": [route(name="rest", path=None, prefix="/")]},
    ],
)  # fmt: skip
async def test_what_customers_are_on_is_not_changed_under_them(
    database: Database, live: UUID, stored: StoredPlan, changes: dict[str, Any]
) -> None:
    await bring_to(database, stored, Phase.RAMP)
    text = plan_text(**changes)
    with pytest.raises(migration.PlanUnsafe):
        await apply(database, live, text)
    async with database.transaction(live) as tx:
        before = (await migration.status_of(tx, stored.plan_id)).routes[0].standing
    forced = await apply(database, live, text, is_forced=True)
    assert forced.is_new
    if "catalogue" in [each.name for each in forced.stored.plan.routes]:
        async with database.transaction(live) as tx:
            after = (await migration.route_status_of(tx, stored.plan_id, "catalogue")).standing
        assert after.at == before.at  # applying never moves a weight
        assert after.entered_change > before.entered_change


async def test_a_route_that_left_the_plan_begins_anew_when_it_comes_back(
    database: Database, live: UUID, stored: StoredPlan
) -> None:
    await apply(database, live, plan_text(routes=[route(name="rest", path=None, prefix="/")]))
    await apply(database, live, plan_text())
    async with database.transaction(live) as tx:
        page = await migration.history(tx, stored.plan_id, route="catalogue", limit=9)
    assert [change.kind for change in page.data] == ["started", "gone", "started"]


async def test_a_step_is_refused_to_whoever_has_not_seen_the_last_one(
    database: Database, stored: StoredPlan
) -> None:
    async with database.transaction(stored.marketplace_id) as tx:
        seen = await advance(tx, stored, expected_change=1)
        with pytest.raises(migration.RouteMoved):
            await advance(tx, stored, expected_change=1)
        await advance(tx, stored, expected_change=seen.change)


async def test_of_two_who_advance_at_once_one_moves_it(
    database: Database, stored: StoredPlan
) -> None:
    async def one() -> Change:
        async with database.transaction(stored.marketplace_id) as tx:
            return await advance(tx, stored, expected_change=1)

    done = await asyncio.gather(*(one() for _ in range(4)), return_exceptions=True)
    assert sum(isinstance(each, Change) for each in done) == 1
    assert sum(isinstance(each, migration.RouteMoved) for each in done) == 3


async def test_two_routes_may_move_at_once(database: Database, stored: StoredPlan) -> None:
    """Both tell of it under the same plan: their events are counted one after the other."""

    async def move(name: str) -> None:
        async with database.transaction(stored.marketplace_id) as tx:
            await migration.advance(tx, stored.plan_id, name, by="ana", why="Test", is_forced=True)
            await asyncio.sleep(0.05)  # the other one comes before this one is committed

    await asyncio.gather(move("catalogue"), move("rest"))
    async with database.transaction(stored.marketplace_id) as tx:
        assert await told(tx, stored) == [
            "migration.plan_applied",
            *2 * ["migration.route_advanced"],
        ]


async def test_a_rollback_wins_over_an_advance_at_the_same_time(
    database: Database, stored: StoredPlan
) -> None:
    await bring_to(database, stored, Phase.CANARY)

    async def forward() -> None:
        async with database.transaction(stored.marketplace_id) as tx:
            await migration.advance(
                tx, stored.plan_id, "catalogue", by="judge", why="Ready", is_judged=True
            )

    async def back() -> None:
        async with database.transaction(stored.marketplace_id) as tx:
            await migration.roll_back(tx, stored.plan_id, "catalogue", by="ana", why="Bad")

    await asyncio.gather(forward(), back(), forward(), return_exceptions=True)
    async with database.transaction(stored.marketplace_id) as tx:
        standing = (await migration.route_status_of(tx, stored.plan_id, "catalogue")).standing
    assert (standing.phase, standing.read_bp) == (Phase.SHADOW, 0)
    assert standing.held_why == "Rolled back: Bad"


async def test_a_rollback_opens_a_case_whose_resolution_releases_the_route(
    database: Database, stored: StoredPlan
) -> None:
    await bring_to(database, stored, Phase.CANARY)
    async with database.transaction(stored.marketplace_id) as tx:
        await migration.roll_back(tx, stored.plan_id, "catalogue", by="judge", why="Errors.")
        again = await migration.roll_back(
            tx, stored.plan_id, "catalogue", by="judge", why="Errors."
        )
        assert again is None
        [case] = await operations.cases_of(tx, f"{PLAN.text(stored.plan_id)}/catalogue")
        assert case.reason == "Errors."
        resolved = await operations.resolve_case(
            tx, case.case_id, "release", note="Mended.", actor="ana"
        )
        news = {"kind": case.kind, "subject": case.subject, "resolution": "release",
                "note": resolved.note, "by": "ana"}  # fmt: skip
        job = Job(tx.marketplace_id, 1, "migration.follow_cases", "k", {"payload": news}, tx.now, 1)
        await follow_cases(tx, [job])
        standing = (await migration.route_status_of(tx, stored.plan_id, "catalogue")).standing
        assert standing.held_why == ""
        assert standing.entered_change == standing.change
        assert (await told(tx, stored))[-2:] == [
            "migration.route_rolled_back",
            "migration.route_released",
        ]


async def test_releasing_by_hand_withdraws_the_case_and_begins_anew(
    database: Database, stored: StoredPlan, clock: FixedClock
) -> None:
    await bring_to(database, stored, Phase.CANARY)
    async with database.transaction(stored.marketplace_id) as tx:
        await migration.roll_back(tx, stored.plan_id, "catalogue", by="judge", why="Errors.")
    clock.advance(timedelta(hours=1))
    async with database.transaction(stored.marketplace_id) as tx:
        await migration.release(tx, stored.plan_id, "catalogue", by="ana", why="Mended.")
        [case] = await operations.cases_of(tx, f"{PLAN.text(stored.plan_id)}/catalogue")
        standing = (await migration.route_status_of(tx, stored.plan_id, "catalogue")).standing
    assert case.state == "withdrawn"
    assert (standing.entered_change, standing.entered_at) == (standing.change, clock.now())


async def beat(tx: Transaction, stored: StoredPlan, judged_at: datetime | None) -> None:
    """The control plane is there, and has judged its routes."""
    plane = {} if judged_at is None else {"judged_at": judged_at.isoformat()}
    now = SystemClock().now()
    await findings.save_beat(tx, ControllerBeat(stored.plan_id, "host/1", now, 1, plane, ""))


async def test_a_person_waits_for_the_judge_unless_forced(
    database: Database, stored: StoredPlan
) -> None:
    await bring_to(database, stored, Phase.SHADOW)
    where = stored.plan_id, "catalogue"
    async with database.transaction(stored.marketplace_id) as tx:
        with pytest.raises(migration.RouteNotReady, match="nobody has judged it"):
            await migration.advance(tx, *where, by="ana", why="Go")
        gates = [
            {"name": "errors", "state": "wait", "sentence": "Too few."},
            {"name": "approval", "state": "wait", "sentence": "A person has to say yes."},
        ]
        await beat(tx, stored, SystemClock().now())
        for since, said in ((1, "nobody has judged it"), (2, "Too few. Force it")):
            numbers = {"change": since, "gates": gates}
            await findings.save_verdict(
                tx, *where, verdict="hold", sentence="Waits.", numbers=numbers
            )
            with pytest.raises(migration.RouteNotReady, match=said):
                await migration.advance(tx, *where, by="ana", why="Go")
        gates[0]["state"] = "pass"
        await findings.save_verdict(
            tx, *where, verdict="hold", sentence="", numbers={"change": 2, "gates": gates}
        )
        for judged_at, said in (
            (SystemClock().now() - timedelta(minutes=2), "nobody has judged it since 20"),
            (None, "nobody has judged it; is"),
        ):
            await beat(tx, stored, judged_at)
            with pytest.raises(migration.RouteNotReady, match=said):
                await migration.advance(tx, *where, by="ana", why="Go")
        await beat(tx, stored, SystemClock().now())
        change = await migration.advance(tx, *where, by="ana", why="Go")
    assert change.to_phase == Phase.CANARY


async def test_who_is_called_judge_is_not_the_judge(database: Database, stored: StoredPlan) -> None:
    await bring_to(database, stored, Phase.SHADOW)
    where = stored.plan_id, "catalogue"
    person = Cause("person", "judge", "judge")
    async with database.transaction(stored.marketplace_id, person) as tx:
        with pytest.raises(migration.RouteNotReady, match="nobody has judged it"):
            await migration.advance(tx, *where, by="judge", why="Go")
        made = [
            await migration.advance(tx, *where, by="judge", why="Go", is_forced=True),
            await migration.hold(tx, *where, by=" Judge", why="Wait."),
        ]
    assert [each and each.by for each in made] == [
        "judge (not the judge)",
        " Judge (not the judge)",
    ]
    async with database.transaction(stored.marketplace_id, Cause("system", "gateway")) as tx:
        change = await migration.release(tx, *where, by="judge", why="Go on.")
    assert change is not None
    assert change.by == "judge"


async def test_nothing_advances_in_a_freeze_window_and_all_may_go_back(
    database: Database, live: UUID
) -> None:
    freeze = {"start": "2018-03-01T00:00:00Z", "end": "2018-03-02T00:00:00Z", "why": "Inventory."}
    stored = (await apply(database, live, plan_text(freezes=[freeze]))).stored
    where = stored.plan_id, "catalogue"
    async with database.transaction(live) as tx:
        with pytest.raises(migration.RouteNotReady, match="until 2018-03-02 00:00 UTC: Inventory"):
            await migration.advance(tx, *where, by="judge", why="Ready", is_judged=True)
        await advance(tx, stored)
        await migration.roll_back(tx, *where, by="ana", why="Bad")
        standing = (await migration.route_status_of(tx, *where)).standing
    assert standing.phase == Phase.LEGACY


async def test_writes_that_legacy_lacks_are_lost_only_by_force(
    database: Database, live: UUID
) -> None:
    data = {
        "source": {"url_env": "OLD"}, "target": {"url_env": "NEW"},
        "sets": [{"name": "orders", "source": {"table": "o", "key": ["id"]},
                  "target": {"table": "o", "key": ["id"]}, "columns": {"id": "id"}}],
    }  # fmt: skip
    text = plan_text(
        data=data, criteria={"ramp": {"data": ["orders"]}}, routes=[route(methods=None)]
    )
    stored = (await apply(database, live, text)).stored
    where = stored.plan_id, "catalogue"
    async with database.transaction(live) as tx:
        while (await migration.route_status_of(tx, *where)).standing.read_bp < 5_000:
            await advance(tx, stored)
        for phase in ("waiting", "backfilling"):
            await tx.execute("update movement.sets set phase = %(phase)s", phase=phase)
            with pytest.raises(migration.RouteNotReady, match="That can't be forced"):
                await advance(tx, stored)
        await tx.execute("update movement.sets set phase = 'following'")
        await advance(tx, stored)
        assert (await migration.route_status_of(tx, *where)).standing.writes_to == "candidate"
        with pytest.raises(migration.NoWayBack, match="was never heard of"):
            await migration.roll_back(tx, *where, by="ana", why="Bad")
        change = await migration.roll_back(tx, *where, by="ana", why="Bad", is_forced=True)
    assert change is not None
    assert (change.to_bp, change.writes_to) == (0, "legacy")


async def test_data_that_was_cut_over_is_not_changed_under_its_writes(
    database: Database, live: UUID
) -> None:
    def text(**changes: Any) -> str:
        one = {"name": "orders", "source": {"table": "o", "key": ["id"]},
               "target": {"table": "o", "key": ["id"]}, "columns": {"id": "id"}}  # fmt: skip
        return plan_text(
            data={
                "source": {"url_env": "OLD"},
                "target": {"url_env": "NEW"},
                "sets": [one | changes],
            }
        )

    stored = (await apply(database, live, text())).stored
    moved = text(target={"table": "other", "key": ["id"]})
    async with database.transaction(live) as tx:
        diff = await migration.compare_plan(tx, moved)
        assert [each.effect for each in diff.changes if each.what == "data set orders"] == [
            "Until all of its rows were compared it isn't verified."
        ]
        assert diff.refusals == ()
        await tx.execute("update movement.sets set phase = 'reversing', turned_at = now()")
    for changed in (moved, text(columns={"id": "id + 1"}), plan_text()):
        with pytest.raises(migration.PlanUnsafe, match="orders is cut over"):
            await apply(database, live, changed)
    await apply(database, live, text(chunk=5))
    await apply(database, live, moved, is_forced=True)
    async with database.transaction(live) as tx:
        standing = await movement.standing(tx, stored.plan_id, "orders")
    assert standing.phase == movement.SetPhase.REVERSING


async def test_legacy_stays_as_long_as_it_takes_writes(database: Database, live: UUID) -> None:
    stored = (await apply(database, live, plan_text(routes=[route(methods=None)]))).stored
    await bring_to(database, stored, Phase.CANDIDATE)
    async with database.transaction(live) as tx:
        with pytest.raises(migration.RouteNotReady, match="its writes still go to legacy"):
            await advance(tx, stored)


async def test_retired_is_the_end_unless_somebody_knows_that_legacy_runs(
    database: Database, stored: StoredPlan
) -> None:
    await bring_to(database, stored, Phase.RETIRED)
    where = stored.plan_id, "catalogue"
    async with database.transaction(stored.marketplace_id) as tx:
        with pytest.raises(migration.RouteNotReady, match="end of its way"):
            await advance(tx, stored)
        with pytest.raises(migration.NoWayBack):
            await migration.roll_back(tx, *where, by="ana", why="Bad")
        change = await migration.roll_back(tx, *where, by="ana", why="Bad", is_forced=True)
    assert change is not None
    assert change.to_phase == Phase.SHADOW


async def test_an_approval_is_for_one_phase(database: Database, stored: StoredPlan) -> None:
    where = stored.plan_id, "catalogue"
    async with database.transaction(stored.marketplace_id) as tx:
        with pytest.raises(migration.RouteNotReady, match="next phase of catalogue is shadow"):
            await migration.approve(tx, *where, by="ana", why="Yes", phase=Phase.CANARY)
        assert await migration.approve(tx, *where, by="ana", why="Yes") is not None
        assert await migration.approve(tx, *where, by="ana", why="Yes") is None
        await advance(tx, stored)
        standing = (await migration.route_status_of(tx, *where)).standing
    assert standing.approved_for == ""


COMMANDS = st.lists(
    st.sampled_from(["advance", "roll_back", "hold", "release", "approve"]), max_size=12
)


@settings(
    max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(commands=COMMANDS)
async def test_no_sequence_of_commands_moves_customers_without_a_recorded_change(
    database: Database, stored: StoredPlan, commands: list[str]
) -> None:
    acts = {"advance": migration.advance, "roll_back": migration.roll_back,
            "hold": migration.hold, "release": migration.release,
            "approve": migration.approve}  # fmt: skip
    where = stored.plan_id, "catalogue"
    async with database.transaction(stored.marketplace_id) as tx:
        for command in commands:
            before = (await migration.route_status_of(tx, *where)).standing
            forced = {"is_forced": True} if command == "advance" else {}
            try:
                await acts[command](tx, *where, by="ana", why="Test", **forced)
            except BanyanError:
                after = (await migration.route_status_of(tx, *where)).standing
                assert after == before
                continue
            after = (await migration.route_status_of(tx, *where)).standing
            if command in ("hold", "release", "approve"):
                assert after.at == before.at
            if command == "advance":
                assert after.read_bp >= before.read_bp
            if command == "roll_back":
                assert after.read_bp == 0
        history = (await migration.history(tx, *where[:1], route="catalogue", limit=1000)).data
    assert [change.change for change in history] == list(range(len(history), 0, -1))
    assert history[0].change == after.change if commands else True
    for later, earlier in pairwise(history):
        assert (later.from_phase, later.from_bp) == (earlier.to_phase, earlier.to_bp)
